"""Tells a case in a few sentences, in French or Arabic, each with the rows of the store it stands on; nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.desk.spans import span
from channels.desk.talk import Line, Talk
from prompts import desk, wording

APART, TOGETHER = "\u2068", "\u2069"  # FIRST STRONG ISOLATE and its end
CLAUSES = ("technician", "price")  # parts of a sentence, not facts: theirs stand apart already
UNSURE = 0.6  # below it the reader itself calls its reading doubtful
LATEST = 8  # messages that tell the mood
NOT_WISHES = ("greet", "thank", "goodbye", "affirm", "deny", "inform", "correct")
LIVE = ("offered", "confirmed", "en_route", "arrived", "disputed")


@dataclass(frozen=True)
class Sentence:
    """`sources`: names of rows, "escalation 4", "inbox 31"."""

    text: str
    sources: tuple[str, ...]


def summarise(talk: Talk, now: datetime, locale: str) -> list[Sentence]:
    """Danger first, then who, why, what was asked, the booking, what was done, the mood, the last words."""
    parts = [_danger(talk, locale), _who(talk, locale), *_why(talk, now, locale), _wants(talk, locale), _booking(talk, now, locale)]
    parts += [*_tools(talk, locale), *_refunds(talk, locale), _mood(talk, locale), _unsure(talk, locale), _last(talk, locale)]
    return [part for part in parts if part is not None]


def _say(locale: str, key: str, **params: object) -> str:
    """Facts stand apart in a sentence that reads the other way than they do."""
    if locale == "ar":
        params = {name: value if name in CLAUSES else f"{APART}{value}{TOGETHER}" for name, value in params.items()}
    return desk.say(locale, f"summary.{key}", **params)


def _danger(talk: Talk, locale: str) -> Sentence | None:
    if talk.case is None or talk.case.reason != "danger":
        return None
    return Sentence(
        _say(locale, "danger"), (f"escalation {talk.case.id}", *(line.source for line in talk.lines if (line.reading or {}).get("danger")))
    )


def _who(talk: Talk, locale: str) -> Sentence:
    speaks = {"language": desk.label(locale, "locales", talk.locale), "channel": desk.label(locale, "channels", talk.row.channel)}
    source = (f"conversation {talk.row.id}",)
    if talk.technician is not None:
        return Sentence(_say(locale, "who_technician", name=talk.technician.name, **speaks), (*source, f"technician {talk.technician.id}"))
    if talk.client is None or not talk.row.verified:
        return Sentence(_say(locale, "who_visitor", **speaks), source)
    name = talk.client.name or desk.say(locale, "card.client")
    done = desk.say(locale, "card.done", n=talk.bookings_done)
    return Sentence(_say(locale, "who", name=name, done=done, **speaks), (*source, f"client {talk.client.id}"))


def _why(talk: Talk, now: datetime, locale: str) -> list[Sentence]:
    case = talk.case
    if case is None:
        return []
    facts = {"reason": desk.label(locale, "reasons", case.reason), "priority": desk.label(locale, "priorities", case.priority)}
    found = [Sentence(_say(locale, "why", **facts, time=span(now - case.created_at, locale)), (f"escalation {case.id}",))]
    if case.note:
        found.append(Sentence(_say(locale, "note", note=" / ".join(case.note.split("\n"))[:300]), (f"escalation {case.id}",)))
    return found


def _wants(talk: Talk, locale: str) -> Sentence | None:
    """Wishes in the order they came up, each once."""
    wishes: dict[str, str] = {}
    for line in _read(talk):
        for intent in (line.reading or {}).get("intents", ()):
            if intent not in NOT_WISHES:
                wishes.setdefault(intent, line.source)
    if not wishes:
        return None
    joined = wording.joined((desk.label(locale, "intents", w) for w in wishes), locale)
    return Sentence(_say(locale, "wants", wants=joined), tuple(dict.fromkeys(wishes.values())))


def _booking(talk: Talk, now: datetime, locale: str) -> Sentence | None:
    """The case's own booking, else the one that lives."""
    wanted = talk.case.booking_id if talk.case else None
    found = next((b for b in talk.bookings if b.id == wanted), None) or next((b for b in talk.bookings[::-1] if b.status in LIVE), None)
    if found is None:
        return None
    price = found.final_mad or found.price_mad
    services = wording.names(locale)["services"]
    text = _say(
        locale,
        "booking",
        ref=found.ref,
        service=services.get(found.service, {}).get("work", found.service),
        when=wording.format_when(found.start_local, locale, now),
        status=desk.label(locale, "statuses", found.status),
        technician=_say(locale, "booking_technician", name=found.technician.name) if found.technician else "",
        price=_say(locale, "booking_price", amount=wording.format_money(price, locale)) if price is not None else "",
    )
    return Sentence(text, (f"booking {found.ref}",))


def _tools(talk: Talk, locale: str) -> list[Sentence]:
    """What was done for the person and what the rules refused; reading alone is not worth a line."""
    done: dict[str, str] = {}
    refused: dict[str, str] = {}
    for line in _read(talk):
        for call in line.calls:
            name = desk.label(locale, "tools", call.tool)
            if call.ok and not call.tool.startswith(("search_", "list_", "escalate")):
                done.setdefault(name, line.source)
            elif call.error:
                refused.setdefault(f"{name} ({call.error})", line.source)
    parts = (("tried", done), ("failed", refused))
    return [Sentence(_say(locale, key, tools=wording.joined(found, locale)), tuple(dict.fromkeys(found.values()))) for key, found in parts if found]


def _refunds(talk: Talk, locale: str) -> list[Sentence]:
    refs = {b.id: b.ref for b in talk.bookings}
    return [
        Sentence(
            _say(
                locale,
                "refund",
                amount=wording.format_money(r.amount_mad, locale),
                ref=refs.get(r.booking_id, r.booking.ref),
                status=desk.label(locale, "refund_statuses", r.status),
            ),
            (f"refund {r.id}",),
        )
        for r in talk.refunds[:3]
    ]


def _mood(talk: Talk, locale: str) -> Sentence | None:
    latest = _read(talk)[-LATEST:]
    upset = [line for line in latest if (line.reading or {}).get("sentiment") == "negative" or "abuse" in (line.reading or {}).get("intents", ())]
    return Sentence(_say(locale, "upset", n=len(upset), all=len(latest)), tuple(line.source for line in upset)) if upset else None


def _unsure(talk: Talk, locale: str) -> Sentence | None:
    doubtful = [line for line in _read(talk) if float((line.reading or {}).get("confidence", 1)) < UNSURE]
    return Sentence(_say(locale, "missed", n=len(doubtful)), tuple(line.source for line in doubtful)) if doubtful else None


def _last(talk: Talk, locale: str) -> Sentence | None:
    last = talk.last_words
    return Sentence(_say(locale, "last", text=last.text[:200]), (last.source,)) if last else None


def _read(talk: Talk) -> list[Line]:
    return [line for line in talk.lines if line.reading]
