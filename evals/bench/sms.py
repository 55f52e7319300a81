"""`bricol bench sms`: what our words cost as SMS, rendered with the facts of a typical job, by flow and by language-script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.brain.flows.shared import MOST
from channels.base import Capabilities
from domain.engagement import sms
from domain.engagement.render import render
from domain.engagement.reply import LOCALES, Reply, language_script_of
from domain.engagement.tariff import MessageTariff, message_tariff
from domain.files import read_yaml
from prompts import replies, wording
from retrieval import documents

BUDGET = Path(__file__).with_name("sms_budget.yaml")
#: What stands on a page is no SMS.
NO_SMS = ("onetap.", "channel.page_", "channel.widget_", "channel.demo_")
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHANNEL = Capabilities(max_text=1530)


@dataclass(frozen=True)
class Measured:
    """One wording as it would leave: `parts` are what is billed, `budget` the most there may be."""

    key: str
    locale: str
    encoding: str
    units: int
    parts: int
    budget: int
    mad: float
    text: str

    @property
    def flow(self) -> str:
        """A flow is a file of prompts/replies."""
        return self.key.partition(".")[0]

    @property
    def kept(self) -> bool:
        return self.parts <= self.budget


def measure(prices: MessageTariff | None = None) -> list[Measured]:
    """Every reply that can go by SMS, in every language-script, in its longest wording."""
    prices = prices or message_tariff()
    return [_longest(key, locale, prices) for locale in LOCALES for key in sorted(replies.entries(locale)) if not key.startswith(NO_SMS)]


@cache
def facts(locale: str) -> dict[str, str]:
    """A typical job in words: a plumber of Maârif tomorrow at ten, for 300 dirhams."""
    tomorrow = MONDAY + timedelta(days=1)
    name, when = wording.person_name("Ahmed Bennani", locale), wording.format_when(tomorrow, locale, MONDAY)
    service, place = wording.service_name("plumbing", locale), wording.place_name("casablanca", "maarif", locale)
    price, other = wording.format_money(300, locale), wording.format_money(250, locale)
    known = {
        "technician": name, "previous": wording.person_name("Said", locale), "wished": wording.person_name("Hassan", locale),
        "client": wording.person_name("Salma", locale), "name": wording.person_name("Salma", locale), "phone": "0661000001",
        "agent": wording.person_name("Salma", locale), "skill": wording.skill_name("plumbing.copper_pipe", locale),
        "window": wording.format_window(tomorrow, tomorrow + timedelta(minutes=30), locale),
        "service": service, "trade": wording.trade_name("plumbing", locale), "place": place, "city": wording.city_name("casablanca", locale),
        "district": wording.district_name("maarif", locale, "casablanca"), "when": when, "new": when,
        "day": wording.format_day(tomorrow, locale, MONDAY), "hour": wording.format_time(tomorrow, locale),
        "minutes": wording.format_minutes(15, locale), "km": wording.format_km(1.6, locale), "month": "11/2026",
        "until": when, "price": price, "old_price": other, "likely": price, "amount": price, "credit": wording.format_money(50, locale),
        "fee": wording.format_money(50, locale), "refund": other,
        "gross": wording.format_money(4200, locale), "net": wording.format_money(3700, locale),
        "commission": wording.format_money(500, locale), "ref": "BR-3001", "code": "482913", "pct": "15", "jobs": "12", "done": "3", "next": "2",
        "link": "https://bricol.ma/t/2n9c-aQ8fKp2xZ0w", "address": "12 rue Abou Inane", "status": "confirmed", "stars": "4.9",
        "cities": f"{wording.city_name('casablanca', locale)}, {wording.city_name('rabat', locale)}", "encoding": "GSM-7", "parts": "1",
        "slots": ", ".join(wording.format_when(tomorrow + timedelta(hours=2 * n), locale, MONDAY, short=True) for n in range(3)),
    }  # fmt: skip
    return {**known, **_composed(locale, known)}


def _composed(locale: str, known: dict[str, str]) -> dict[str, str]:
    """Facts that are made of other replies, as the flows make them."""

    def say(key: str, **more: str) -> str:
        return replies.render(key, locale, **{**known, "text": "", "who": "", **more})

    comma = str(wording.names(locale)["comma"])
    soon = wording.format_when(MONDAY + timedelta(days=1), locale, MONDAY, short=True)
    told = [say("search.stars"), known["price"], say("search.free", when=soon), say("reasons.near")]
    names = [wording.person_name(name, locale) for name in ("Ahmed Bennani", "Kamal Mernissi", "Said Alaoui")]
    rows = [say("search.line", technician=name, facts=comma.join(told)) for name in names]
    jobs = "\n".join(say("track.line", status=say("track.status_confirmed")) for _ in range(2))
    return {
        "alternatives": known["slots"],
        "people": "\n".join(f"{n}. {row}" for n, row in enumerate(rows, 1)),
        "lines": jobs,
        "row": rows[0],
        "rating": " " + say("booking.who", facts=comma.join((say("booking.rating"), say("reasons.same_district")))),
        "facts": comma.join(told),
        "then": "",  # a list says one hour for all, or each one's own
        "uplift": "",  # what a price is made of is longer, and never said beside it
        "why": " " + say("price.made_of", lines=comma.join((say("price.line_visit"), say("price.line_harder_job")))),
        "held": say("booking.kept") + " ",
        "visits": "\n".join(say("technician_flow.visit", place=known["district"]) for _ in range(MOST)),
        "way": say("technician_flow.way_tight"),
        "reasons": say("price.line_visit"),
        "slower": " " + say("price.without_hurry"),
        "careful": say("booking.until_gas"),
        "status": say("track.status_confirmed"),
        "more": " ".join(say(f"technician_flow.{entry}", issue="", who=known["client"]) for entry in ("details_address", "details_client")),
        "still": " " + say("technician_flow.still_yours", refs=known["ref"]),
        "refs": known["ref"],
        "answer": " " + say("technician_flow.answer_offer"),
        "who": known["client"],
        "channel": say("reach.whatsapp"),
        "note": "3rd floor, door 5, ring twice",
        "issue": "",
        "reason": known["service"],
        "sorry": "",
        "words": known["service"],
        "text": _passage(locale),
    }


def _passage(locale: str) -> str:
    """The paragraph of middle length among the answers to general questions."""
    texts = sorted((section.text for section in documents.read() if section.locale == locale), key=len)
    return texts[len(texts) // 2]


def budget_of(key: str, encoding: str) -> int:
    """The most parts a reply may have, from sms_budget.yaml."""
    budgets = _budgets()
    return int(budgets["entries"].get(key, budgets["default"])[encoding])


@cache
def _budgets() -> Any:
    return read_yaml(BUDGET)


def _longest(key: str, locale: str, prices: MessageTariff) -> Measured:
    language, script = language_script_of(locale)
    known = facts(locale)
    texts = [_sent(Reply(text.format(**known), language, script, key=key)) for text in replies.entries(locale)[key]]
    text = max(texts, key=lambda t: (sms.segments(t).parts, sms.units(t)))
    encoding, parts = sms.segments(text)
    return Measured(key, locale, encoding, sms.units(text), parts, budget_of(key, encoding), round(prices.price("sms", "sms", parts), 4), text)


def _sent(reply: Reply) -> str:
    return render(reply, "sms", CHANNEL)[0].text


def table(found: list[Measured]) -> Iterator[tuple[str, str, int, float, int, float]]:
    """Per flow and language-script: (flow, locale, replies, mean parts, most parts, mean MAD)."""
    for flow in sorted({one.flow for one in found}):
        for locale in LOCALES:
            if here := [one for one in found if one.flow == flow and one.locale == locale]:
                yield flow, locale, len(here), mean(m.parts for m in here), max(m.parts for m in here), mean(m.mad for m in here)


def show(found: list[Measured], console: Console, json_file: Path | None) -> None:
    """The table for people, whatever is over its budget below it, and all of it as JSON."""
    shown = Table(title="SMS: mean parts of a reply (most), mean price in MAD by the tariff", title_justify="left")
    shown.add_column("flow")
    for locale in LOCALES:
        shown.add_column(locale, justify="right")
    rows = list(table(found))
    for flow in dict.fromkeys(row[0] for row in rows):
        cells = {row[1]: f"{row[3]:.1f} ({row[4]})  {row[5]:.2f}" for row in rows if row[0] == flow}
        shown.add_row(flow, *(cells.get(locale, "") for locale in LOCALES))
    console.print(shown)
    over = [one for one in found if not one.kept]
    for one in over:
        console.print(f"over: {one.key} {one.locale}: {one.parts} parts of {one.encoding}, may be {one.budget}", style="red", markup=False)
    if json_file:
        flows = [dict(zip(("flow", "locale", "replies", "mean_parts", "most_parts", "mean_mad"), row, strict=True)) for row in rows]
        told = {"sms_part_mad": message_tariff().sms_part, "flows": flows, "over": [o.key for o in over], "replies": [asdict(one) for one in found]}
        json_file.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
