"""Writes moments and spans of time as somebody at the desk reads them."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.clock import to_local
from domain.engagement.reply import locale_of
from domain.store.tables import Conversation
from prompts import desk


def span(length: timedelta, locale: str) -> str:
    """ "40 s", "12 min", "3 h 05 min", "2 j": two units at most, never negative."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return desk.say(locale, "units.seconds", n=seconds)
    minutes = seconds // 60
    if minutes < 60:
        return desk.say(locale, "units.minutes", n=minutes)
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return desk.say(locale, "units.minutes_hours", h=hours, m=f"{rest:02d}") if rest else desk.say(locale, "units.hours", n=hours)
    return desk.say(locale, "units.days", n=minutes // 1440)


def hour(moment: datetime) -> str:
    """On a Moroccan clock: "14:05"."""
    return to_local(moment).strftime("%H:%M")


def day(moment: datetime) -> str:
    return to_local(moment).strftime("%d/%m/%Y")


def locale_of_talk(talk: Conversation) -> str:
    """The language-script the person is written to in: of the last reply, else as known of them, else Darija in Latin letters."""
    for source in (talk, talk.client or talk.technician):
        if source is not None and source.language:
            return locale_of(source.language, source.script or "latn")
    return "ary-Latn"
