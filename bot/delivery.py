"""Asks the planner about a queued message just before it leaves, and makes what it chose ready for the channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from channels.base import Channel, OutMessage, Paced
from domain.engagement import plan as planner
from domain.engagement import render
from domain.engagement.plan import Route
from domain.engagement.quiet import Category
from domain.engagement.reply import Reply
from domain.engagement.sms import segments
from domain.engagement.tariff import message_tariff
from domain.store.conversations import conversation_for, phone_of
from domain.store.dead_letters import instead_of
from domain.store.tables import Conversation, OutboxRow
from prompts import approved

if TYPE_CHECKING:
    from bot.wiring import House

#: Nothing is sent there unasked: who has closed the page does not see it.
ONLY_WHILE_OPEN = ("web",)


@dataclass(frozen=True)
class Plan:
    """What to do with one outbox row: send `messages`, or wait until `hold`, or end it as `status` because of `why`."""

    messages: tuple[OutMessage, ...] = ()
    hold: datetime | None = None
    status: str = ""  # dropped failed
    why: str = ""


def plan(house: House, row: OutboxRow, talk: Conversation, now: datetime) -> Plan:
    """Reads the row and its conversation as they are in this transaction; the ownership epoch counts as of now."""
    own = route(house, row, talk, now)
    if row.status == "sending":  # it may have left already: that is asked now, not when there is room for another
        own = replace(own, wait=timedelta(0))
    chosen = _decide(house, row, talk, [own], now)
    if chosen.action == "wait":
        return Plan(hold=chosen.until)
    if chosen.action != "send":
        return Plan(status={"drop": "dropped", "fail": "failed"}[chosen.action], why=chosen.why)
    found = template(row) if chosen.form == "template" else None
    return Plan(messages=(found,) if found else tuple(messages(row, house.channels[row.channel])))


def elsewhere(house: House, session: Session, row: OutboxRow, talk: Conversation, now: datetime) -> Conversation | None:
    """Where else a notice that failed for good may go: the cheapest channel on which its person can be reached now. None: nowhere, or it may not.

    What moved once goes on by SMS alone, and an SMS nowhere: nothing wanders in circles.
    """
    if row.category not in planner.MAY_MOVE or row.channel == "sms" or (phone := phone_of(talk)) is None:
        return None
    others: dict[str, Conversation] = {}
    if not moved(row):
        others = {other.channel: other for other in _other_conversations(session, talk) if other.channel in house.channels}
    routes = [route(house, row, other, now) for other in others.values()]
    if "sms" in house.channels and "sms" not in others:
        routes.append(Route("sms", "sms", parts=_parts(row, house.channels["sms"])))
    # the one they prefer is the one that failed
    chosen = _decide(house, row, talk, [Route(row.channel, None), *routes], now)
    if chosen.route is None:
        return None
    return others.get(chosen.route.channel) or conversation_for(session, "sms", phone, now)


def moved(row: OutboxRow) -> bool:
    """Whether this row stands for one that failed on another channel."""
    return row.key.startswith(instead_of(0)[:-1])


def route(house: House, row: OutboxRow, talk: Conversation, now: datetime) -> Route:
    """What the planner must know of one conversation as a way to say this row's words."""
    channel = house.channels.get(talk.channel)
    if channel is None:
        return Route(talk.channel, None)
    forms = render(Reply.from_dict(row.reply), channel.name, channel.capabilities, one_part=row.category == "offer")
    return Route(
        talk.channel,
        forms[0].kind,
        parts=sum(segments(form.text).parts for form in forms) if channel.name == "sms" else 1,
        open=not outside_session(channel, talk, now),
        template=channel.capabilities.templates and template(row) is not None,
        wait=_wait(channel, talk.address),
    )


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
            media=form.media,
            asks=asked(reply),
        )
        for form in forms
    ]
    return [m if n == 0 else replace(m, id=f"{row.id}.{n}") for n, m in enumerate(plain)]


def _decide(house: House, row: OutboxRow, talk: Conversation, routes: list[Route], now: datetime) -> planner.Plan:
    person = talk.person
    return planner.plan(
        cast(Category, row.category),
        routes,
        now=now,
        quiet_hours=house.rules.quiet_hours,
        opted_out=person is not None and person.opted_out,
        taken_over=row.author == "bot" and row.epoch < talk.owner_epoch,
        prices=message_tariff(),
    )


def _other_conversations(session: Session, talk: Conversation) -> Iterator[Conversation]:
    """The same person's conversations on other channels, the one they wrote in last of each channel coming last."""
    same = Conversation.technician_id == talk.technician_id if talk.role == "technician" else Conversation.client_id == talk.client_id
    theirs = select(Conversation).where(same, Conversation.verified.is_(True), Conversation.channel.not_in((talk.channel, *ONLY_WHILE_OPEN)))
    yield from session.scalars(theirs.order_by(Conversation.last_inbound_at.asc().nulls_first(), Conversation.id))


def _parts(row: OutboxRow, channel: Channel) -> int:
    return sum(segments(form.text).parts for form in render(Reply.from_dict(row.reply), "sms", channel.capabilities))


def _wait(channel: Channel, to: str) -> timedelta:
    """How long the provider's limits hold a message to this person back; moments are slept through where it is sent."""
    seconds = channel.wait(to) if isinstance(channel, Paced) else 0.0
    return timedelta(seconds=seconds) if seconds > 1 else timedelta(0)
