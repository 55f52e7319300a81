"""Writes what leaves outside a turn: one outbox row per event, in the recipient's own conversation, language and script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.engagement import sms
from domain.engagement.reply import Awaiting, Option, Reply, language_script_of, locale_of
from domain.store.conversations import conversation_to
from domain.store.tables import Booking, Client, Conversation, Offer, OutboxRow, Technician
from prompts import replies, wording
from tools.context import Market


def to_client(
    session: Session,
    booking: Booking,
    entry: str,
    *,
    now: datetime,
    unique: str,
    awaiting: Awaiting | None = None,
    choices: Sequence[tuple[str, str]] = (),
    extra: Mapping[str, Any] | None = None,
    category: str = "notice",
    not_before: datetime | None = None,
    words: Mapping[str, Any] | None = None,
) -> OutboxRow | None:
    """Tells a booking's client. `choices`: (key of notices.yaml or ready title, payload). None: nobody to tell, or said already."""
    talk = conversation_of_client(session, booking, now)
    if talk is None:
        return None
    locale = locale_for(talk, booking.client)
    facts = {**facts_of(booking, locale, now), **{k: _say(v, locale, now) for k, v in (words or {}).items()}}
    text = replies.render(f"notices.{entry}", locale, seed=unique, **facts)
    options = tuple(Option(title=_title(title, locale), payload=payload) for title, payload in choices)
    # what the words were made of: a template of the provider is filled with the same
    params = {name: facts[name] for name in sorted(replies.needs(f"notices.{entry}", locale)) if name in facts}
    known = {"ref": booking.ref, "params": params, **(extra or {})}
    return _write(session, talk, locale, text, entry, unique, now, awaiting, options, known, category, not_before)


def to_technician(
    session: Session,
    technician: Technician,
    booking: Booking,
    entry: str,
    *,
    now: datetime,
    unique: str,
    words: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> OutboxRow | None:
    """Tells a technician by SMS about one of their jobs; the client's address and phone only when `words` carries them."""
    talk = conversation_to(session, technician, now)
    locale = locale_for(talk, technician)
    facts = {**facts_of(booking, locale, now, short=True), **{k: _say(v, locale, now, short=True) for k, v in (words or {}).items()}}
    text = sms.to_gsm7(replies.render(f"technician.{entry}", locale, seed=unique, **facts))
    return _write(session, talk, locale, text, entry, unique, now, None, (), {"ref": booking.ref, **(extra or {})}, "notice", None, file="technician")


def job_offer(session: Session, market: Market, offer: Offer, *, now: datetime) -> OutboxRow | None:
    """The offer SMS with its one-tap link: one part in Latin script and two in Arabic when the words allow, shorter words when not."""
    technician, booking = offer.technician, offer.booking
    talk = conversation_to(session, technician, now)
    locale = locale_for(talk, technician)
    facts = facts_of(booking, locale, now, short=True) | {
        "when": wording.format_when(offer.start, locale, now, short=True),
        "price": wording.format_money(offer.earning_mad or 0, locale),
        "link": market.links.one_tap(offer.id, "accept"),
    }
    entries = ("job_offer", "job_offer_short", "job_offer_shortest") if offer.earning_mad else ("job_offer_short", "job_offer_shortest")
    texts = [sms.to_gsm7(replies.render(f"technician.{entry}", locale, **facts)) for entry in entries]
    text = next((t for t in texts if fits(t)), texts[-1])
    options = tuple(Option(title=_title(k, locale, "technician"), payload=p) for k, p in (("yes", "1"), ("no", "2"), ("other_time", "3")))
    extra = {"ref": booking.ref, "offer_id": offer.id}
    return _write(session, talk, locale, text, "job_offer", f"offer:{offer.id}", now, "confirm", options, extra, "offer", None, file="technician")


def say(
    session: Session, talk: Conversation, locale: str, entry: str, *, now: datetime, unique: str, category: str = "notice", words: Mapping[str, Any]
) -> OutboxRow | None:
    """A notice that is not about a booking (a code)."""
    text = replies.render(f"notices.{entry}", locale, seed=unique, **{k: _say(v, locale, now) for k, v in words.items()})
    return _write(session, talk, locale, text, entry, unique, now, None, (), {}, category, None)


def conversation_of_client(session: Session, booking: Booking, now: datetime) -> Conversation | None:
    """Where the client asked to be written to, else where they last wrote: news of a job follows its client. None for an erased client."""
    client = booking.client
    return None if client is None or client.erased else conversation_to(session, client, now)


def locale_for(talk: Conversation, person: Client | Technician | None) -> str:
    """What the person was last answered in, else what is known of them, else Darija in Latin letters."""
    pinned = isinstance(person, Client) and person.language_pinned
    for source in (person, talk) if pinned else (talk, person):
        if source is not None and source.language:
            return locale_of(source.language, source.script or "latn")
    return "ary-Latn"


def facts_of(booking: Booking, locale: str, now: datetime, *, short: bool = False) -> dict[str, str]:
    """Everything a notice may say about a booking, in words. Neither address nor phone."""
    price = booking.final_mad if booking.final_mad is not None else booking.price_mad
    district = wording.district_name(booking.district, locale, booking.city)
    return {
        "ref": booking.ref,
        "service": wording.service_name(booking.service, locale),
        "technician": wording.person_name(booking.technician.name if booking.technician else None, locale),
        "when": wording.format_when(booking.start_local, locale, now, short=short),
        "place": wording.place_name(booking.city, booking.district, locale),
        "district": district or wording.city_name(booking.city, locale),
        "price": wording.format_money(price, locale) if price is not None else "",
    }


def fits(text: str) -> bool:
    """Whether an offer stays within one GSM-7 part, or two UCS-2 parts."""
    alphabet, parts = sms.segments(text)
    return parts <= (1 if alphabet == "GSM-7" else 2)


def _write(
    session: Session,
    talk: Conversation,
    locale: str,
    text: str,
    entry: str,
    unique: str,
    now: datetime,
    awaiting: Awaiting | None,
    options: tuple[Option, ...],
    extra: dict[str, Any],
    category: str,
    not_before: datetime | None,
    *,
    file: str = "notices",
) -> OutboxRow | None:
    if session.scalars(select(OutboxRow.id).where(OutboxRow.key == unique)).first() is not None:
        return None
    language, script = language_script_of(locale)
    text = re.sub(" {2,}", " ", text).strip()  # a fact may be unknown (a name)
    reply = Reply(text, language, script, awaiting, options, key=f"{file}.{entry}", extra=extra)
    row = OutboxRow(
        key=unique,
        conversation_id=talk.id,
        epoch=talk.owner_epoch,
        channel=talk.channel,
        to=talk.address,
        reply=reply.to_dict(),
        category=category,
        not_before=not_before,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _say(value: Any, locale: str, now: datetime, *, short: bool = False) -> str:
    """A fact as words of the recipient: functions of (locale) let the caller pass money, minutes and moments unworded."""
    return str(value(locale, now, short)) if callable(value) else str(value)


def _title(key: str, locale: str, file: str = "notices") -> str:
    return replies.render(f"{file}.{key}", locale) if f"{file}.{key}" in replies.entries(locale) else key
