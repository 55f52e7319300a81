"""What a flow sees: the state, the message, the facts; and helpers that word facts in the person's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.brain import answers
from bot.brain.act import Say
from bot.brain.hear import Heard
from bot.brain.state import Proposal, State, slot_payload
from domain.engagement.reply import Option
from domain.errors import DomainError
from domain.scheduling.when import When, resolve
from prompts import replies, wording

TITLE = 20  # characters of a button
DETAIL = 72  # characters of a list row's second line
FEW = 4  # words that praise an hour rather than a visit

#: What takes the yes out of a yes.
DOUBTS = frozenset({"cheaper", "other_technician", "later", "only_price", "gives_up"})
#: Asked one of these, more words than so behind a "no" tell something: "no, the door slammed shut and the key is inside".
OPEN, STORY = frozenset({"service", "place", "time"}), 5
#: Intents that a yes or a no at the beginning of a message outweighs.
SOFT = frozenset({"inform", "affirm", "deny", "thank", "greet", "goodbye", "correct", "book_service", "cancel"})


#: "Yes, refund me": a flow's own wish, said once more behind the yes to it.
SAME_WISH = {"refund": "request_refund", "reschedule": "reschedule", "delete_data": "delete_data"}


@dataclass
class Scene:
    """`state` moves on as tools answer; everything else stands still during a turn. `resuming`: the flow goes on after an interruption."""

    state: State
    heard: Heard
    facts: Mapping[str, Any]
    locale: str
    now: datetime  # local, aware
    changed: frozenset[str] = frozenset()
    resuming: bool = False
    flow: str = ""
    before: State = field(default_factory=State)  # the state before this message

    # --- what was said ---------------------------------------------------------------------------------------------

    @property
    def draft(self) -> Mapping[str, Any]:
        return self.state.draft

    @property
    def change(self) -> Mapping[str, Any]:
        return self.state.change

    @property
    def profile(self) -> Mapping[str, Any]:
        return self.facts.get("place") or {}

    def open(self, *kinds: str) -> Proposal | None:
        """The open proposal when it is of one of these kinds."""
        proposal = self.state.proposal
        return proposal if proposal is not None and proposal.kind in kinds else None

    @property
    def agrees(self) -> bool:
        """A yes that changes nothing. Only meaningful when this flow's question was the last thing said."""
        heard = self.heard
        if self.resuming or heard.no:
            return False
        if heard.yes or heard.payload == "yes":
            return True
        doubts = heard.wishes & DOUBTS - ({"gives_up"} if answers.then_agrees("gives_up", heard.text) else set())
        if heard.option is not None or self.changed or heard.leans is False or doubts:
            return False
        main = heard.intents[0]
        if main in ("affirm", "accept_job"):
            return True
        # "5 mzyana": the hour, not the stars
        praises = main == "rate" and "stars" not in heard.slots and len(heard.text.split()) <= FEW
        return heard.leans is True and (main in SOFT or praises or main == SAME_WISH.get(self.flow))

    @property
    def consents(self) -> bool:
        """A yes to what our last words proposed.

        After a list to choose from an "ah" chooses nothing, and a yes that doubts or asks is asked for again.
        """
        if self.before.awaiting not in ("confirm", None):
            return False
        plain = self.heard.yes or self.heard.payload == "yes"
        return self.agrees and (plain or (answers.agrees(self.heard.text) and not answers.hedged(self.heard.text)))

    @property
    def refuses(self) -> bool:
        heard = self.heard
        if self.resuming or heard.wishes & {"cheaper", "other_technician"}:
            return False
        if heard.no or heard.payload == "no" or heard.wishes & {"only_price", "later"}:
            return True
        if "as_it_was" in heard.wishes and self.flow in ("reschedule", "cancel") and heard.option is None and not self.changed - {"amount"}:
            return True
        if "gives_up" in heard.wishes and heard.option is None and not self.changed and not answers.then_agrees("gives_up", heard.text):
            return True
        if heard.option is not None or self.changed or heard.leans is True:
            return False
        if heard.leans is None and heard.slots and heard.slots.keys() <= {"city", "district"}:
            return False  # the town once more
        if heard.intents[0] == "correct":  # "no, not there, ..." wants something else, unless a yes or no was asked for
            return heard.leans is False and (self.before.awaiting == "confirm" or self.before.key == "notices.booking_expired")
        goes_on = self.before.awaiting in OPEN and heard.intents[0] == "inform" and len(heard.text.split()) > STORY
        return heard.intents[0] == "deny" or (heard.leans is False and heard.intents[0] in SOFT and not goes_on)

    @property
    def says_when(self) -> bool:
        """Whether this message itself speaks of a day or an hour, or leaves it to us."""
        return bool({"date", "time"} & set(self.heard.slots)) or "any" in self.heard.wishes

    def when(self, slots: Mapping[str, Any]) -> When:
        """The moment a draft means; nothing known where it cannot be read."""
        try:
            return resolve(slots.get("date"), slots.get("time"), self.now)
        except DomainError:
            return When()

    # --- wording ---------------------------------------------------------------------------------------------------

    def money(self, amount: Any) -> str:
        return wording.format_money(amount or 0, self.locale)

    def range(self, low: Any, high: Any, likely: Any = None) -> str:
        if low is None or high is None:
            return self.money(likely if likely is not None else low or high)
        return wording.format_money_range(low, high, self.locale)

    def minutes(self, count: Any) -> str:
        return wording.format_minutes(float(count), self.locale)

    def moment(self, start: str, *, short: bool = False) -> str:
        return wording.format_when(start, self.locale, self.now, short=short)

    def day(self, start: str) -> str:
        return wording.format_day(start, self.locale, self.now)

    def hour(self, start: str) -> str:
        return wording.format_time(start, self.locale)

    def window(self, span: Mapping[str, Any]) -> str:
        """From and to as people say it: "bin 10:10 w 10:40"."""
        return wording.format_window(span["from"], span["to"], self.locale)

    def service(self, service: str | None) -> str:
        return wording.service_name(service, self.locale) if service else ""

    def trade(self, service: str | None) -> str:
        return wording.trade_name(service, self.locale) if service else ""

    def skill(self, skill: str | None) -> str:
        return wording.skill_name(skill, self.locale) if skill else ""

    def person(self, name: str | None) -> str:
        return wording.person_name(name, self.locale) if name else self.text("common.a_technician")

    def place(self, city: str | None, district: str | None) -> str:
        return wording.place_name(city, district, self.locale) if city else (district or "")

    def text(self, key: str, **params: Any) -> str:
        return replies.render(key, self.locale, seed=str(self.state.turns), **params)

    def tail(self, key: str, **params: Any) -> str:
        """A part that follows other words in a sentence."""
        return f" {self.text(key, **params)}"

    def job(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The words of a `Job`: ref, service, trade, technician, when, place, price, status."""
        price = next((job[k] for k in ("final_mad", "price_mad") if job.get(k) is not None), None)
        return {
            "ref": str(job.get("ref") or ""),
            "service": self.service(job.get("service")),
            "technician": self.person(job.get("technician")),
            "when": self.moment(job["start"]) if job.get("start") else "",
            "hour": self.hour(job["start"]) if job.get("start") else "",
            "place": self.place(job.get("city"), job.get("district")),
            "price": self.money(price) if price is not None else "-",
            "status": self.text(f"track.status_{job.get('status')}") if job.get("status") in STATUSES else "",
        }

    # --- options ---------------------------------------------------------------------------------------------------

    def option(self, key: str, payload: str, **params: Any) -> Option:
        return Option(cut(self.text(f"common.{key}", **params), TITLE), payload)

    def yes_no(self) -> tuple[Option, ...]:
        return self.option("yes", "yes"), self.option("no", "no")

    def technicians(self, found: list[Mapping[str, Any]]) -> tuple[Option, ...]:
        return tuple(
            Option(
                cut(self.person(t.get("name")), TITLE),
                f"tech:{t.get('id')}|{t.get('name')}",
                cut(self.text("search.detail", stars=t.get("rating") or "-", price=self.money(t.get("price_mad")), km=self.km(t)), DETAIL),
            )
            for t in found
        )

    def km(self, technician: Mapping[str, Any]) -> str:
        km = technician.get("distance_km")
        if isinstance(km, int | float) and km >= 0.1:
            return wording.format_km(float(km), self.locale)
        return wording.district_name(technician.get("district"), self.locale)

    def slots(self, found: list[Mapping[str, Any]]) -> tuple[Option, ...]:
        return tuple(Option(self.slot_title(s["start"]), slot_payload(s), cut(self.person(s.get("technician")), DETAIL)) for s in found)

    def slot_title(self, start: str) -> str:
        full = self.moment(start)
        return full if len(full) <= TITLE else cut(self.moment(start, short=True), TITLE)

    def jobs(self, found: list[Mapping[str, Any]]) -> tuple[Option, ...]:
        options = []
        for job in found:
            words = self.job(job)
            options.append(
                Option(cut(words["ref"], TITLE), f"ref:{words['ref']}", cut(f"{words['service']}, {words['when']}, {words['technician']}", DETAIL))
            )
        return tuple(options)

    def say(self, key: str, *, awaiting: str | None = None, options: tuple[Option, ...] = (), over: bool = False, **params: Any) -> Say:
        extra = params.pop("extra", {})
        return Say(key, params, awaiting, options, self.flow, over, extra)


STATUSES = ("offered", "confirmed", "en_route", "arrived", "done", "closed", "expired", "cancelled", "disputed")


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def soon(now: datetime, minutes: int = 15) -> str:
    """The next quarter of an hour at least `minutes` away, as a local contract string."""
    later = now + timedelta(minutes=minutes)
    later += timedelta(minutes=-later.minute % 15)
    return later.strftime("%Y-%m-%dT%H:%M")
