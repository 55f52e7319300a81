"""Decides whether, when and in which form a queued message may leave, just before it does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, cast

from channels.base import Channel, OutMessage
from domain.engagement import may_send, render
from domain.engagement.quiet import Category
from domain.engagement.reply import Reply
from domain.store.tables import Conversation, OutboxRow
from prompts import approved

if TYPE_CHECKING:
    from bot.wiring import House


@dataclass(frozen=True)
class Plan:
    """What to do with one outbox row: send `messages`, or wait until `hold`, or end it as `status` because of `why`."""

    messages: tuple[OutMessage, ...] = ()
    hold: datetime | None = None
    status: str = ""  # dropped failed
    why: str = ""


def plan(house: House, row: OutboxRow, talk: Conversation, now: datetime) -> Plan:
    """Reads the row and its conversation as they are in this transaction; the ownership epoch counts as of now."""
    if row.author == "bot" and row.category == "reply" and row.epoch < talk.owner_epoch:
        return Plan(status="dropped", why="a person took the conversation over")
    person = talk.technician if talk.role == "technician" else talk.client
    decision = may_send(cast(Category, row.category), now, house.rules.quiet_hours, person is not None and person.opted_out)
    if decision.action == "never":
        return Plan(status="dropped", why="the person asked for no such messages")
    if decision.action == "wait_until":
        return Plan(hold=decision.until)
    channel = house.channels.get(row.channel)
    if channel is None:
        return Plan(status="failed", why=f"channel {row.channel} is not configured")
    if outside_session(channel, talk, now):
        if channel.capabilities.templates and (known := template(row)) is not None:
            return Plan(messages=(known,))
        return Plan(status="failed", why="session closed: the person wrote too long ago, an approved template is needed")
    return Plan(messages=tuple(messages(row, channel)))


def outside_session(channel: Channel, talk: Conversation, now: datetime) -> bool:
    """Free text is refused by some providers when the person's last message is older than their session."""
    hours = channel.capabilities.session_hours
    return hours is not None and (talk.last_inbound_at is None or now - talk.last_inbound_at >= timedelta(hours=hours))


def template(row: OutboxRow) -> OutMessage | None:
    """The row as an approved template, which may leave at any time; None where there is none for it, or a value is missing."""
    reply = Reply.from_dict(row.reply)
    found = approved.find(reply.key, reply.locale)
    values = found.values(reply.extra.get("params") or {}) if found else None
    if found is None or values is None or (found.buttons and len(found.buttons) != len(reply.options)):
        return None
    return OutMessage(
        id=str(row.id),
        channel=row.channel,
        to=row.to,
        kind="template",
        text=found.body.format(**values),
        options=tuple({"title": o.title, "payload": o.payload} for o in reply.options) if found.buttons else (),
        template=found.name,
        variables=values,
        language=reply.language,
        script=reply.script,
        awaiting=reply.awaiting,
    )


def asked(reply: Reply) -> Literal["phone", "place"] | None:
    """What the person could give with one tap."""
    if reply.key == "account.ask_phone":
        return "phone"
    return "place" if reply.awaiting == "place" and not reply.options else None


def messages(row: OutboxRow, channel: Channel) -> list[OutMessage]:
    """The row in the channel's form; more than one message only where the text is longer than the channel takes."""
    reply = Reply.from_dict(row.reply)
    forms = render(reply, channel.name, channel.capabilities, one_part=row.category == "offer")
    plain = [
        OutMessage(
            id=str(row.id),
            channel=row.channel,
            to=row.to,
            kind=form.kind,
            text=form.text,
            options=tuple(dict(option) for option in form.options),
            language=reply.language,
            script=reply.script,
            awaiting=reply.awaiting,
            asks=asked(reply),
        )
        for form in forms
    ]
    return [m if n == 0 else replace(m, id=f"{row.id}.{n}") for n, m in enumerate(plain)]
