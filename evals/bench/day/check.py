"""What must hold at the end of the day, read from the store and from what the providers took: each line that does not hold names its conversation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot.outbox import RANK
from channels.base import Status
from domain.clock import to_utc
from domain.store.tables import Booking, Conversation, Escalation, InboxRow, Offer, OutboxRow, Proposal, Turn
from evals.bench.day.lines import Web
from evals.bench.day.play import CLOSES, LEFT, Day

#: A row may go back into the queue from these, and only as another attempt: the provider had refused it, or took it back.
TRIED_AGAIN = ("sending", "sent")
LATE = timedelta(hours=1)  # after the hour of a visit whose technician said nothing


@dataclass(frozen=True)
class Broken:
    """One line that does not hold: which, in whose conversation, at which message, and what is there instead."""

    line: str
    conversation: str
    message: str
    why: str

    def __str__(self) -> str:
        return f"{self.line}: {self.conversation}, {self.message}: {self.why}"


@dataclass
class Verdict:
    """`silent`: messages that nobody answered, by the rule that makes silence right. `excused`: copies that documented limits allow."""

    broken: list[Broken] = field(default_factory=list)
    silent: Counter[str] = field(default_factory=Counter)
    excused: list[str] = field(default_factory=list)
    answered: int = 0


def judge(day: Day) -> Verdict:
    """Every line of the day, over the whole store."""
    found = Verdict()
    with day.house.db.reading() as session:
        talks = {talk.id: talk for talk in session.scalars(select(Conversation))}
        rows = list(session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
        names = _names(day, talks.values())
        found.broken += _taken_in_once(day, session, names)
        found.broken += _answered(session, names, rows, found)
        found.broken += _delivered_once(day, names, rows, found)
        found.broken += _forward_only(session, names)
        found.broken += _nothing_waits(day, session, names, rows, talks.values())
    return found


def _names(day: Day, talks: Iterable[Conversation]) -> dict[int, str]:
    """What each conversation is called in a report: whose it is, and its number in the store."""
    known = {(client.channel, day.address(client)): client.name for client in day.people}
    return {talk.id: f"{known.get((talk.channel, talk.address), talk.channel + ' ' + talk.role)} [{talk.id}]" for talk in talks}


def _taken_in_once(day: Day, session: Session, names: dict[int, str]) -> Iterator[Broken]:
    """Each message that was sent is in the inbox once, and nothing else is."""
    rows = {(row.channel, row.provider_id): row for row in session.scalars(select(InboxRow))}
    web = day.lines["web"]
    assert isinstance(web, Web)
    said = {(s.channel, f"{web.session(s.person)}:{s.provider_id}" if s.channel == "web" else s.provider_id): s for s in day.sent}
    for key in said.keys() - rows.keys():
        yield Broken("taken in", said[key].who, key[1], f"was accepted from its provider and is not in the inbox: {said[key].text[:60]!r}")
    for key in rows.keys() - said.keys():
        yield Broken("taken in", names[rows[key].conversation_id], key[1], "is in the inbox and nobody sent it")


def _answered(session: Session, names: dict[int, str], rows: list[OutboxRow], found: Verdict) -> Iterator[Broken]:
    """Each message belongs to one turn, and its turn's one reply left; where none did, a rule says why silence was right."""
    replies: dict[int, list[OutboxRow]] = defaultdict(list)
    for row in rows:
        if row.turn_id is not None:
            replies[row.turn_id].append(row)
    turns = {turn.id: turn for turn in session.scalars(select(Turn))}
    for message in session.scalars(select(InboxRow)):
        told = ("answered", names[message.conversation_id], message.provider_id)
        if message.turn_id is None:
            yield Broken(*told, "no turn has played it")
            continue
        turn, mine = turns[message.turn_id], replies[message.turn_id]
        if len(mine) > 1:
            yield Broken(*told, f"{len(mine)} replies to one turn: outbox {[row.id for row in mine]}")
        elif mine and mine[0].status in LEFT:
            found.answered += 1
        elif rule := _silence(turn, mine):
            found.silent[rule] += 1
        else:
            yield Broken(*told, f"its reply is {mine[0].status} ({mine[0].error})" if mine else f"turn {turn.id} ({turn.model}) said nothing")


def _silence(turn: Turn, replies: list[OutboxRow]) -> str:
    """Why nobody answered, where that is right: whoever has the conversation answers in it, and the bot does not speak over them."""
    if not replies and turn.model == "human":
        return "a person at the desk had the conversation"
    if replies and replies[0].status == "dropped" and replies[0].error == "a person took the conversation over":
        return "a person took the conversation over before the bot's draft left"
    return ""


def _delivered_once(day: Day, names: dict[int, str], rows: list[OutboxRow], found: Verdict) -> Iterator[Broken]:
    """What providers took and what the outbox says it sent are the same messages, one for one."""
    unknown = {row_id for death in day.deaths for row_id in death.unknown}
    for channel, line in day.lines.items():
        mine = [row for row in rows if row.channel == channel]
        by_id = {str(row.provider_id): row for row in mine}
        left = {str(row.provider_id) for row in mine if row.status in LEFT}
        if isinstance(line, Web):
            yield from _shown_once(line, names, mine)
            continue
        taken = Counter(one.provider_id for one in line.handed_over() if not one.failed)
        to = {one.provider_id: one.to for one in line.handed_over()}
        for provider_id in left - taken.keys():
            row = by_id[provider_id]
            yield Broken("delivered once", names[row.conversation_id], f"outbox {row.id}", f"is {row.status}, but {channel} never took it")
        for provider_id in taken.keys() - left:
            copies = [row for row in mine if row.to == to[provider_id] and row.id in unknown]
            if copies:  # Telegram cannot be asked whether a message left before a death: twice rather than never (docs/operations.md)
                found.excused.append(f"{names[copies[0].conversation_id]}, outbox {copies[0].id}: a worker died while {channel} had it")
                continue
            yield Broken("delivered once", f"{channel} to {to[provider_id]}", provider_id, "was taken by the provider and is no row of the outbox")
        for provider_id, times in Counter(str(row.provider_id) for row in mine if row.status in LEFT).items():
            if times > 1:
                yield Broken("delivered once", f"{channel} to {to.get(provider_id)}", provider_id, f"stands for {times} rows")


def _shown_once(line: Web, names: dict[int, str], rows: list[OutboxRow]) -> Iterator[Broken]:
    """A page shows each message of its session once, and all of them."""
    pages = {page.session: page for page in line.pages.values()}
    for row in rows:
        shown = Counter(pages[row.to].shows)[str(row.id)] if row.to in pages else 0
        if row.status in LEFT and shown != 1:
            yield Broken("delivered once", names[row.conversation_id], f"outbox {row.id}", f"is {row.status} and its page shows it {shown} times")


def _forward_only(session: Session, names: dict[int, str]) -> Iterator[Broken]:
    """Each change of a status goes forward, but for another attempt of a message that did not reach its person."""
    changes = session.execute(text("SELECT s.row_id, s.was, s.became, o.conversation_id FROM day_statuses s JOIN outbox o ON o.id = s.row_id")).all()
    for row_id, was, became, conversation_id in changes:
        again = became == "queued" and was in TRIED_AGAIN
        if not again and RANK[cast(Status, became)] <= RANK[cast(Status, was)]:
            yield Broken("forward only", names[conversation_id], f"outbox {row_id}", f"went from {was} to {became}")


def _nothing_waits(day: Day, session: Session, names: dict[int, str], rows: list[OutboxRow], talks: Iterable[Conversation]) -> Iterator[Broken]:
    """Nothing is left half done: no row on its way, no failure, no conversation with nobody in it, no question or visit that time has passed."""
    now = day.clock.now()
    for row in rows:
        later = row.status == "queued" and row.not_before is not None and row.not_before > now and row.category in ("reminder", "promo")
        if row.status in ("queued", "sending", "failed") and not later:
            why = f"is {row.status} after {row.attempts} attempts ({row.error})"
            yield Broken("nothing waits", names[row.conversation_id], f"outbox {row.id} ({row.category})", why)
    for talk in talks:
        if talk.owner != "bot":
            yield Broken("not stuck", names[talk.id], "", f"{talk.desk} has it and gave it back to nobody")
    for case in session.scalars(select(Escalation).where(Escalation.status == "assigned")):
        yield Broken("not stuck", names[case.conversation_id], f"escalation {case.id}", f"{case.assigned_to} had it and it is not closed")
    for offer in session.scalars(select(Offer).where(Offer.status == "open", Offer.deadline <= now)):
        yield Broken("not stuck", offer.booking.ref, f"offer {offer.id}", f"its deadline passed at {offer.deadline:%H:%M} UTC")
    for proposal in session.scalars(select(Proposal).where(Proposal.status == "open", Proposal.expires_at <= now)):
        yield Broken("not stuck", names[proposal.conversation_id], f"proposal {proposal.id}", "expired and is still open")
    waiting = Booking.status.in_(("offered", "confirmed", "en_route", "arrived"))
    passed = Booking.start <= min(now - LATE, to_utc(CLOSES))  # nobody works on the morning after: it is there for what was promised by then
    for booking in session.scalars(select(Booking).where(waiting, passed)):
        yield Broken(
            "not stuck", names.get(booking.conversation_id or 0, "?"), booking.ref, f"is {booking.status}, its hour was {booking.start_local}"
        )
