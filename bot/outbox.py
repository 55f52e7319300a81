"""Sends what waits in the outbox, in order, at most once, and keeps the statuses that providers report."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot import delivery, metrics
from bot.checkpoints import reached
from channels.base import Channel, OutMessage, SendResult, Status, StatusUpdate
from domain.store.dead_letters import instead_of
from domain.store.erasure import ERASED
from domain.store.sql import insert_new, locked
from domain.store.tables import Conversation, OutboxRow

if TYPE_CHECKING:
    from bot.wiring import House

log = logging.getLogger(__name__)

#: How far a message has come; what was delivered cannot fail any more, a late `sent` is old news.
RANK: dict[Status, int] = {"queued": 0, "sending": 1, "sent": 2, "failed": 3, "delivered": 4, "read": 5, "dropped": 6}
ATTEMPTS_AT_MOST = 8
CLOCKS_APART = timedelta(seconds=5)  # ours and the provider's
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=10)


@dataclass(frozen=True)
class Claim:
    """One row that is ours to send; `again` when an earlier attempt may have reached the provider."""

    row_id: int
    messages: tuple[OutMessage, ...]
    channel: Channel
    since: datetime
    again: bool
    otherwise: delivery.Plan | None = None  # may not be sent any more: only ask whether it left before the crash


@dataclass(frozen=True)
class Ended:
    """One row that was put off or ended without sending."""

    row_id: int


def deliver(house: House, conversation_id: int) -> list[int]:
    """Sends everything of one conversation that may leave now, oldest first; returns the rows that were handled.

    Must not run twice at once for one conversation (the workflow queue's partition sees to that): a row found in
    `sending` is therefore the trace of a crash, and the provider is asked before it is sent again.
    """
    handled: list[int] = []
    with house.db.transaction() as session:
        claim = _next(house, session, conversation_id)
    while claim is not None:
        reached("claimed")
        result = _send(house, claim)
        reached("handed_over")
        handled.append(claim.row_id)
        with house.db.transaction() as session:
            again = _record(house, session, claim, result)
            # a row that must be tried again holds back those behind it
            claim = None if again else _next(house, session, conversation_id)
        reached("recorded")
    return handled


def _next(house: House, session: Session, conversation_id: int) -> Claim | None:
    """Claims the next row that may be sent, ending or putting off those before it that may not."""
    while isinstance(claim := _claim(house, session, conversation_id), Ended):
        session.flush()
    return claim


def _claim(house: House, session: Session, conversation_id: int) -> Claim | Ended | None:
    """The next row to send, or one that was ended without; None when none is left."""
    now = house.clock.now()
    row = session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.conversation_id == conversation_id,
            or_(
                OutboxRow.status == "sending",
                # a row that is being retried holds back those behind it; one that waits for the morning does not
                (OutboxRow.status == "queued") & (OutboxRow.not_before.is_(None) | (OutboxRow.not_before <= now) | (OutboxRow.attempts > 0)),
            ),
        )
        .order_by(OutboxRow.id)
        .limit(1)
    ).first()
    if row is None or (row.status == "queued" and row.not_before is not None and row.not_before > now):
        return None
    again = row.status == "sending"
    plan = delivery.plan(house, row, _owned(session, conversation_id), now)
    if plan.hold is not None and not again:
        row.not_before = plan.hold
        return Ended(row.id)
    if plan.status and not again:
        row.status, row.error = plan.status, plan.why
        log.info("outbox %s %s: %s", row.id, plan.status, plan.why)
        _elsewhere(house, session, row)
        metrics.sent(row.channel, plan.status)
        return Ended(row.id)
    channel = house.channels.get(row.channel)
    if channel is None:
        row.status, row.error = "failed", f"channel {row.channel} is not configured"
        return Ended(row.id)
    messages = plan.messages or tuple(delivery.messages(row, channel))
    row.status, row.kind = "sending", messages[0].kind
    since = row.sent_at or now
    row.sent_at = since
    return Claim(row.id, messages, channel, since, again, None if plan.messages else plan)


def _owned(session: Session, conversation_id: int) -> Conversation:
    """The conversation with its owner of now, who stays its owner until this claim is written: a take-over waits for it, or comes before it."""
    query = select(Conversation).where(Conversation.id == conversation_id)
    return session.scalars(query.with_for_update(read=True, of=Conversation).execution_options(populate_existing=True)).one()


def _left_already(house: House, claim: Claim, message: OutMessage) -> str | None:
    """The provider's id of this message if it left before a crash; not that of an earlier message with the same words."""
    found = claim.channel.find_sent(message, claim.since - CLOCKS_APART)
    with house.db.transaction() as session:
        if (row := session.get_one(OutboxRow, claim.row_id)).status != "sending":
            return row.provider_id  # a status told meanwhile
        if found is None:
            return None
        other = session.scalar(select(OutboxRow.id).where(OutboxRow.provider_id == found, OutboxRow.id != claim.row_id))
    return None if other else found


def _asked(house: House, claim: Claim, message: OutMessage) -> SendResult | None:
    """What the provider says of a message that may have left: "sent", `unknown` where it cannot be asked, None where it did not."""
    try:
        found = _left_already(house, claim, message)
    except Exception as error:
        log.warning("channel %s cannot say whether outbox %s left: %s", claim.channel.name, claim.row_id, error.__class__.__name__)
        return SendResult("failed", error=f"unknown whether it left: {error.__class__.__name__}", retry=True, unknown=True)
    return SendResult("sent", provider_id=found) if found else None


def _send(house: House, claim: Claim) -> SendResult:
    """Hands every part to the provider, skipping those it already has after a crash."""
    result = SendResult("sent")
    for message in claim.messages:
        try:
            if claim.again and (found := _asked(house, claim, message)):
                result = found
            elif claim.otherwise is not None:
                result = SendResult("dropped", error=claim.otherwise.why)
            else:
                result = claim.channel.send(message)
        except Exception as error:
            log.exception("channel %s failed on outbox %s", claim.channel.name, claim.row_id)
            result = SendResult("failed", error=error.__class__.__name__, retry=True)
        if result.status in ("failed", "dropped"):
            break
    return result


def _record(house: House, session: Session, claim: Claim, result: SendResult) -> bool:
    """Writes down what the provider said; True when the row is to be tried again later."""
    now = house.clock.now()
    row = locked(session, OutboxRow, claim.row_id)
    assert row is not None
    row.attempts += 1
    if row.status != "sending":  # a status overtook us: what the provider says of the message itself is newer
        row.provider_id = result.provider_id or row.provider_id
        return row.status == "queued"
    row.error = result.error
    if result.unknown:
        # asked by the sweep that looks for rows left in `sending`: a second copy is worse than a late one, and the desk sees what is given up
        row.status = "sending" if row.attempts < ATTEMPTS_AT_MOST else "failed"
        return row.status == "sending"
    if result.status == "failed" and result.retry and row.attempts < ATTEMPTS_AT_MOST:
        row.status, row.sent_at = "queued", None
        row.not_before = now + pause(row.attempts, result.wait_seconds)
        metrics.sent(row.channel, "retry")
        return True
    row.status = "sent" if result.status in ("queued", "sending") else result.status  # the provider's queue is not ours
    row.provider_id = result.provider_id or row.provider_id
    row.sent_at = now
    metrics.sent(row.channel, row.status)
    _elsewhere(house, session, row)
    return False


def _elsewhere(house: House, session: Session, row: OutboxRow) -> None:
    """A notice that failed for good where the person wrote goes on another way to them, once; a reply does not leave its conversation."""
    if row.status != "failed":
        return
    now = house.clock.now()
    talk = delivery.elsewhere(house, session, row, session.get_one(Conversation, row.conversation_id), now)
    if talk is None:
        return
    new = {"conversation_id": talk.id, "epoch": talk.owner_epoch, "author": row.author, "channel": talk.channel, "to": talk.address}
    insert_new(session, OutboxRow, ["key"], key=instead_of(row.id), reply=row.reply, category=row.category, created_at=now, **new)


def pause(attempts: int, wait_seconds: float = 0) -> timedelta:
    """How long a row waits after its n-th failed attempt; never less than the provider asked for."""
    return max(min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE), timedelta(seconds=wait_seconds))


def due(session: Session, now: datetime, notices_only: bool = False) -> list[tuple[int, int, int]]:
    """What may leave now: (conversation, oldest row, its attempts). `notices_only`: leave out replies, their own turn sends them."""
    query = select(OutboxRow.conversation_id, OutboxRow.id, OutboxRow.attempts).where(
        OutboxRow.status == "queued", OutboxRow.not_before.is_(None) | (OutboxRow.not_before <= now)
    )
    if notices_only:
        query = query.where(OutboxRow.turn_id.is_(None))
    oldest: dict[int, tuple[int, int, int]] = {}
    for conversation, row, attempts in session.execute(query.order_by(OutboxRow.id)):
        oldest.setdefault(conversation, (conversation, row, attempts))
    return list(oldest.values())


def stuck(session: Session, before: datetime) -> list[tuple[int, int, int]]:
    """Rows left in `sending` by a crash whose workflow never came back: (conversation, row, attempts)."""
    rows = session.execute(
        select(OutboxRow.conversation_id, OutboxRow.id, OutboxRow.attempts).where(OutboxRow.status == "sending", OutboxRow.sent_at < before)
    )
    return [(conversation, row, attempts) for conversation, row, attempts in rows]


def on_status(house: House, updates: Sequence[StatusUpdate]) -> None:
    """Statuses as providers report them, in any order and more than once: they only move forward.

    A failure that may pass puts the row back into the queue, with the attempts it has left. One that speaks of a message by our own id is believed
    while we do not know the provider's: its answer was lost, or is still on its way to us.
    """
    with house.db.transaction() as session:
        for update in updates:
            if (row := _row_of(session, update)) is None or RANK[update.status] <= RANK[cast(Status, row.status)]:
                continue
            row.error = update.error
            # a row whose person was erased since has no words and no address any more
            if update.status == "failed" and update.retry and row.to != ERASED and max(row.attempts, 1) < ATTEMPTS_AT_MOST:
                row.status, row.sent_at = "queued", None
                row.not_before = house.clock.now() + pause(max(row.attempts, 1))
            else:
                row.status = update.status
                _elsewhere(house, session, row)


def _row_of(session: Session, update: StatusUpdate) -> OutboxRow | None:
    known = session.scalars(select(OutboxRow.id).where(OutboxRow.provider_id == update.provider_id)).first()
    if known is not None:
        row = locked(session, OutboxRow, known)
        # waiting or on its way once more: this speaks of an attempt that has failed
        return row if row is not None and row.status not in ("queued", "sending") else None
    if update.message_id is None or not update.message_id.isascii() or not update.message_id.isdigit() or len(update.message_id) > 15:
        return None
    row = locked(session, OutboxRow, int(update.message_id))
    if row is None or row.provider_id is not None or not (row.status == "sending" or (row.status == "queued" and row.attempts)):
        return None
    row.provider_id = update.provider_id
    return row
