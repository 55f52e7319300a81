"""What a technician earned in a month, after commission."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field
from sqlalchemy import select

from domain.billing.earnings import statement
from domain.bookings.states import VISITED
from domain.store.tables import Booking
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import local, mad


class EarningsArgs(Args):
    month: str | None = Field(None, pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description='"YYYY-MM"; left out, this month.')


@tool("READ", who="technician")
def my_earnings(turn: Turn, args: EarningsArgs) -> dict[str, Any]:
    """The technician's month: jobs done, gross, commission, net, in MAD."""
    month = args.month or local(turn.now)[:7]
    done = select(Booking).where(
        Booking.technician_id == turn.technician_id, Booking.status.in_(sorted(VISITED)), Booking.start_local.startswith(month)
    )
    amounts = [b.final_mad if b.final_mad is not None else b.price_mad or Decimal(0) for b in turn.session.scalars(done.order_by(Booking.id))]
    sheet = statement(month, amounts, turn.rules)
    return {
        "month": month,
        "jobs": sheet.jobs,
        "gross_mad": mad(sheet.gross_mad),
        "commission_mad": mad(sheet.commission_mad),
        "net_mad": mad(sheet.net_mad),
    }
