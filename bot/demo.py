"""Simulated technicians: answers open offers as the SMS a technician would send, through the inbox like any other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from bot import inbox
from bot.inbox import Arrival
from channels.base import InboundMessage
from domain.store.tables import InboxRow, Offer, OutboxRow

if TYPE_CHECKING:
    from bot.wiring import House

log = logging.getLogger(__name__)

#: accept: all say yes · decline: all say no · silent: nobody answers · first_declines: the first asked says no, the next yes
Policy = Literal["accept", "decline", "silent", "first_declines"]
YES, NO = "1", "2"


def pending_answers(house: House, policy: Policy, *, after: timedelta = timedelta(0), simulated_only: bool = False) -> list[InboundMessage]:
    """One SMS per open offer that was sent at least `after` ago and not answered yet.

    `simulated_only`: only technicians who exist for the demo answer; real ones answer themselves.
    """
    if policy == "silent":
        return []
    now = house.clock.now()
    with house.db.reading() as session:
        offers: Sequence[Offer] = session.scalars(select(Offer).where(Offer.status == "open", Offer.sent_at <= now - after).order_by(Offer.id)).all()
        answered = set(session.scalars(select(InboxRow.provider_id).where(InboxRow.provider_id.in_([_id(o) for o in offers]))))
        unsent = set(session.scalars(select(OutboxRow.to).where(OutboxRow.status.in_(("queued", "sending")))))
        return [
            _answer(offer, policy, alone=sum(o.technician_id == offer.technician_id for o in offers) == 1, now=now)
            for offer in offers
            if _id(offer) not in answered and offer.technician.phone not in unsent and (offer.technician.simulated or not simulated_only)
        ]


def _answer(offer: Offer, policy: Policy, alone: bool, now: datetime) -> InboundMessage:
    yes = policy == "accept" or (policy == "first_declines" and offer.rank > 1)
    word = YES if yes else NO
    return InboundMessage(
        channel="sms",
        provider_id=_id(offer),
        sender=offer.technician.phone,
        kind="text",
        text=word if alone else f"{word} {offer.booking.ref}",  # with two offers open, a bare number says too little
        sent_at=now,
    )


def _id(offer: Offer) -> str:
    return f"simulated-{offer.id}-{offer.rank}"


class DemoTechnicians:
    """Runs beside the server: every simulated technician accepts the offers they get, some seconds after the SMS."""

    def __init__(self, house: House, wake: Callable[[Sequence[Arrival]], None]) -> None:
        self._house, self._wake = house, wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bricol-demo", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        after = timedelta(seconds=self._house.settings.demo_answer_seconds)
        while not self._stop.wait(1.0):
            try:
                answers = pending_answers(self._house, "accept", after=after, simulated_only=True)
                self._wake(inbox.accept(self._house, answers))
            except Exception:
                log.exception("simulated technicians did not answer; they try again")
