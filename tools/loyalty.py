"""What a client has earned: credit, jobs done, and offer codes turned into credit once."""

from __future__ import annotations

import hashlib
import hmac
import re
from decimal import Decimal
from typing import Any

from pydantic import Field
from sqlalchemy import func, select

from domain.errors import DomainError
from domain.store.tables import Booking, ToolReceipt
from tools.spec import Args, NoArgs, tool
from tools.turn import Turn

#: Jobs between two thanks; what the thanks is worth is for the desk to decide, so no amount is promised.
JOBS_PER_REWARD = 10
_CODE = re.compile(r"BR([1-9]\d{0,3})-([A-Z0-9]{1,16})-([0-9A-F]{8})")


@tool("READ", who="client")
def loyalty_balance(turn: Turn, args: NoArgs) -> dict[str, Any]:
    """The client's credit in MAD and how many jobs they have had done. Credit is counted by the desk on the next bill; promise nothing more."""
    client = turn.client()
    finished = Booking.status.in_(("done", "closed", "disputed"))
    here = turn.session.scalar(select(func.count(Booking.id)).where(Booking.client_id == client.id, finished)) or 0
    done = client.bookings_before + here
    return {"credit_mad": client.credit_mad, "bookings_done": done, "bookings_to_next": JOBS_PER_REWARD - done % JOBS_PER_REWARD}


class RedeemArgs(Args):
    code: str = Field(min_length=1, max_length=40, description="The offer code as the person typed it.")


@tool("WRITE", who="client")
def redeem_offer(turn: Turn, args: RedeemArgs) -> dict[str, Any]:
    """Turns an offer code into credit, once for everybody. `no_offer`: the code does not exist or was used."""
    found = _CODE.fullmatch(args.code.strip().upper().replace(" ", ""))
    if found is None or not hmac.compare_digest(found[3], _signature(turn.market.secret, found[1], found[2])):
        raise DomainError("no_offer")
    # The receipt table refuses a second row of the same key, whoever brings the code and whenever.
    key = f"offer-code:{found[0]}"
    if turn.session.get(ToolReceipt, key) is not None:
        raise DomainError("no_offer")
    amount = Decimal(found[1])
    turn.client().credit_mad += amount
    turn.session.add(ToolReceipt(key=key, result={"client_id": turn.client_id, "mad": int(amount)}, at=turn.now))
    turn.session.flush()
    return {"credit_mad": amount}


def make_code(secret: bytes, amount_mad: int, serial: str) -> str:
    """An offer code worth a whole number of MAD (1..9999); `serial` (letters and digits) makes it one of a kind."""
    serial = serial.upper()
    return f"BR{amount_mad}-{serial}-{_signature(secret, str(amount_mad), serial)}"


def _signature(secret: bytes, amount: str, serial: str) -> str:
    return hmac.new(secret, f"offer:{amount}:{serial}".encode(), hashlib.sha256).hexdigest()[:8].upper()
