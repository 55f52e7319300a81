"""Sends a message that failed for good once more, when somebody at the desk says so and the planner would let it leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import delivery, takeover
from channels.desk import audit
from channels.desk.acts import ActRefused
from channels.desk.queue import owner_of
from domain.engagement import plan
from domain.store import dead_letters
from domain.store.tables import OutboxRow

if TYPE_CHECKING:
    from bot.wiring import House


def resend(house: House, row_id: int, login: str, *, anywhere: bool) -> None:
    """channels.desk.acts.Acts.resend. The conversation is held, so that of two who press at once one is told that the other did."""
    now = house.clock.now()
    with house.db.transaction() as session:
        row = session.get(OutboxRow, row_id)
        if row is None:
            raise ActRefused("letter_missing")
        talk = takeover.held(session, row.conversation_id)
        if not anywhere and (talk.owner != "human" or talk.desk != login):
            raise ActRefused("not_yours", name=owner_of(session, talk))
        if dead_letters.resent_as(session, row.id) is not None:
            raise ActRefused("letter_resent")
        way = delivery.route(house, row, talk, now)
        if way.free is None:
            raise ActRefused("letter_channel")
        try:
            again = dead_letters.resend(session, row.id, now)
        except dead_letters.NotDead as refused:
            raise ActRefused(f"letter_{refused.code}") from None
        if not plan.allowed(way):
            raise ActRefused("letter_closed")
        audit.record(session, now, login, "resent", talk, row=row.id, again=again)
