"""Turns facts (money, moments, services, places, people) into words of one locale; the words are prompts/names/<locale>.yaml."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from domain.catalog import skills
from domain.clock import to_local
from domain.engagement.reply import LOCALES, language_script_of
from domain.files import read_yaml
from domain.geo import display

FOLDER = Path(__file__).parent / "names"
LONG_MINUTES = 120  # from here on a duration is said in hours

#: An aware datetime, or a contract string on a Moroccan wall clock: "2026-11-24T10:00".
Moment = datetime | str


@cache
def names(locale: str) -> dict[str, Any]:
    """The words of one locale. Raises KeyError for a locale that has no file."""
    if locale not in LOCALES:
        raise KeyError(f"unknown locale {locale!r}; one of {', '.join(LOCALES)}")
    data: dict[str, Any] = read_yaml(FOLDER / f"{locale}.yaml")
    return data


def format_money(amount_mad: Decimal | float | int | str, locale: str) -> str:
    """320 -> "320 dh"; whole amounts without decimals, others with two. Digits are Western in every script, as on Moroccan bills."""
    return names(locale)["money"].format(amount=_number(amount_mad, locale))


def format_money_range(low_mad: Decimal | float | int | str, high_mad: Decimal | float | int | str, locale: str) -> str:
    """Two amounts as one range; equal ends read as one amount."""
    low, high = _number(low_mad, locale), _number(high_mad, locale)
    return format_money(low_mad, locale) if low == high else names(locale)["money_range"].format(low=low, high=high)


def format_time(moment: Moment, locale: str) -> str:
    """The hour on a Moroccan clock: "10:30", in French "10h30"."""
    local = local_moment(moment)
    return names(locale)["time" if local.minute else "time_whole"].format(h=local.hour, mm=f"{local.minute:02d}")


def format_day(day: Moment | date, locale: str, now: datetime, *, short: bool = False) -> str:
    """ "lyoum", "ghedda", "lbare7", else weekday and date: "nhar lkhmis 26/11". `now` is aware; `short` never says the month's name."""
    local = day if isinstance(day, date) and not isinstance(day, datetime) else local_moment(day).date()
    words, today = names(locale), to_local(now).date()
    near = {today: "today", today + timedelta(days=1): "tomorrow", today - timedelta(days=1): "yesterday"}.get(local)
    if near:
        return str(words[near])
    facts = {"weekday": words["weekdays"][local.weekday()], "d": local.day, "m": f"{local.month:02d}", "month": words["months"][local.month - 1]}
    return words["day_short" if short else "day"].format(**facts)


def format_when(moment: Moment, locale: str, now: datetime, *, short: bool = False) -> str:
    """Day and hour: "ghedda m3a 10:00". `short` is for an SMS that must fit one part."""
    day, time = format_day(moment, locale, now, short=short), format_time(moment, locale)
    return names(locale)["when_short" if short else "when"].format(day=day, time=time)


def format_window(start: Moment, end: Moment, locale: str) -> str:
    """ "bin 10:00 w 11:00"."""
    return names(locale)["window"].format(start=format_time(start, locale), end=format_time(end, locale))


def format_minutes(minutes: float, locale: str) -> str:
    """A duration in whole minutes, from two hours on in begun hours, with the plural Arabic wants from 3 to 10."""
    n, unit = round(minutes), "minutes"
    if n >= LONG_MINUTES:
        n, unit = math.ceil(n / 60), "hours"
        if n == 2:
            return str(names(locale)["hours_two"])
    return names(locale)[f"{unit}_few" if 3 <= n <= 10 else unit].format(n=n)


def format_km(km: float, locale: str) -> str:
    """ "2.1 km"; one decimal below 10."""
    number = f"{km:.1f}" if km < 10 else f"{km:.0f}"
    return names(locale)["distance"].format(km=number.replace(".", names(locale)["decimal"]))


def part_name(part: str, locale: str) -> str:
    """morning -> "f sbah"."""
    return str(names(locale)["parts"][part])


def service_name(service: str, locale: str) -> str:
    """The work: plumbing -> "plomberie". An unknown id comes back readable, never as an error."""
    entry = names(locale)["services"].get(service)
    return str(entry["work"]) if entry else service.replace("_", " ")


def trade_name(service: str, locale: str) -> str:
    """The person who does it: plumbing -> "plombier"."""
    entry = names(locale)["services"].get(service)
    return str(entry["person"]) if entry else service.replace("_", " ")


def skill_name(skill: str, locale: str) -> str:
    """The special work: plumbing.copper_pipe -> "tuyauterie en cuivre". An unknown id comes back readable, never as an error."""
    found = skills().get(skill)
    return found.names[locale] if found else skill.partition(".")[2].replace("_", " ")


def city_name(city: str, locale: str) -> str:
    """casablanca -> "Casa" in Darija, "الدار البيضاء" in Arabic."""
    return str(names(locale)["cities"].get(city) or _title(city.replace("_", " ")))


def district_name(district: str | None, locale: str, city: str | None = None) -> str:
    """The name in the locale's script where we know the district, else the words given, with capitals; "" for none.

    `city` says which of two districts of one name is meant.
    """
    return display(district, language_script_of(locale)[1], city) if district else ""


def place_name(city: str, district: str | None, locale: str) -> str:
    """ "Maarif, Casa"; the city alone when the district is unknown."""
    return joined((district_name(district, locale, city), city_name(city, locale)), locale)


def joined(parts: Iterable[str | None], locale: str) -> str:
    """The parts that are not empty, behind each other with the comma of the script."""
    return str(names(locale)["comma"]).join(part for part in parts if part)


def person_name(name: str | None, locale: str) -> str:
    """A stored first name as people write it: "ahmed" -> "Ahmed", "أحمد" in Arabic letters where the spelling is known."""
    if not name:
        return ""
    return str(names(locale)["people"].get(name.casefold()) or (_title(name) if name.islower() else name))


def local_moment(moment: Moment) -> datetime:
    """The moment on a Moroccan wall clock; a string is already local."""
    return datetime.fromisoformat(moment) if isinstance(moment, str) else to_local(moment)


def _number(amount: Decimal | float | int | str, locale: str) -> str:
    value = Decimal(str(amount)).quantize(Decimal("0.01"))
    text = str(int(value)) if value == value.to_integral_value() else str(value)
    return text.replace(".", names(locale)["decimal"])


def _title(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split())
