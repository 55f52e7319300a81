"""Does what a technician tapped on the page of their link, once, with the tools that an SMS would have called."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from bot import onetap_page
from domain.errors import DomainError
from domain.store.conversations import conversation_for
from domain.store.positions import share_position
from domain.store.tables import Offer
from tools.context import TurnContext

if TYPE_CHECKING:
    from bot.wiring import House

#: What may be tapped, and the tool that does it (None: kept here).
ACTIONS = {
    "accept": "answer_offer", "decline": "answer_offer", "other_time": "answer_offer",
    "en_route": "update_job", "arrived": "update_job", "done": "update_job", "position": None,
}  # fmt: skip
#: What the tools say, as entries of onetap.yaml.
ERRORS = {"bad_amount": "too_much", "in_the_past": "bad_time", "slot_taken": "bad_time", "bad_arguments": "bad_time", "outside_hours": "bad_time"}
#: An offer can be answered once as it is: these need no step, so that a link alone is enough.
OWN_END = ("accept", "decline")


@dataclass(frozen=True)
class Tap:
    """The fields of the form, as they came."""

    action: str
    step: str = ""
    start: str = ""
    amount: str = ""
    lat: str = ""
    lon: str = ""


def do(house: House, offer_id: int, tap: Tap) -> HTMLResponse:
    """The page after the tap; a tap on a page that is out of date changes nothing and shows what is true now."""
    with house.db.transaction() as session:
        offer = session.get(Offer, offer_id)
        if offer is None:
            return onetap_page.message("fr", "bad_link", status=404)
        where, note = onetap_page.locale(offer), _refused(house, session, offer, tap)
        if note is None and tap.action == "position":
            note = _position(house, session, offer, tap)
        context, args = _context(house, session, offer, tap), _arguments(offer, tap)
    if note is not None:
        return onetap_page.page(house, offer_id, note, wrong=note.startswith("bad_"))
    from tools import registry

    result = registry.call(str(ACTIONS[tap.action]), context, args)
    if result["ok"]:
        return onetap_page.page(house, offer_id, {"accept": "accepted"}.get(tap.action, ""))
    if result["error"] == "internal":
        return onetap_page.message(where, "try_again", status=503)
    price = Decimal(str(result["max_mad"])) if result.get("max_mad") is not None else None
    return onetap_page.page(house, offer_id, ERRORS.get(str(result["error"]), ""), wrong=True, price=price)


def _refused(house: House, session: Session, offer: Offer, tap: Tap) -> str | None:
    """Why nothing is to be done, as a note ("": the page itself says it); None where the tap counts."""
    if onetap_page.expired(offer, house.clock.now()):
        return ""
    if tap.action in OWN_END:
        return None if offer.status == "open" else ""
    if tap.step != onetap_page.step(house.market.secret, session, offer):
        return "seen_already"
    return "bad_amount" if tap.action == "done" and tap.amount.strip() and money(tap.amount) is None else None


def _position(house: House, session: Session, offer: Offer, tap: Tap) -> str:
    """Keeps a position; the word that says how it went."""
    if offer.booking.technician_id != offer.technician_id:
        return "seen_already"
    try:
        share_position(session, offer.booking, float(tap.lat), float(tap.lon), house.clock.now())
    except (ValueError, DomainError):
        return "bad_position"
    return "position_sent"


def _arguments(offer: Offer, tap: Tap) -> dict[str, Any]:
    """What the tool is called with."""
    ref = offer.booking.ref
    if tap.action == "done":
        return {"state": "done", "ref": ref, "amount_mad": money(tap.amount)}
    if ACTIONS[tap.action] == "update_job":
        return {"state": tap.action, "ref": ref}
    return {"answer": tap.action, "ref": ref, "start": tap.start or None}


def money(text: str) -> float | None:
    """An amount as people type it, in any digits: "300", "٣٠٠", "1 250,50 dh". None for anything else."""
    plain = "".join(str(unicodedata.digit(c, None) if unicodedata.digit(c, None) is not None else c) for c in text)
    plain = plain.lower().replace("mad", "").replace("dh", "").replace(" ", "").replace("\u202f", "").replace("\u00a0", "")
    plain = plain.replace("\u066b", ".").replace(",", ".")
    whole, dot, cents = plain.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 5) or (dot and not (cents.isascii() and cents.isdigit() and len(cents) <= 2)):
        return None
    return float(plain)


def _context(house: House, session: Session, offer: Offer, tap: Tap) -> TurnContext:
    technician, now = offer.technician, house.clock.now()
    talk = conversation_for(session, "sms", technician.phone, now)
    session.flush()
    return TurnContext(
        market=house.market,
        conversation_id=talk.id,
        role="technician",
        person_id=technician.id,
        phone=technician.phone,
        verified=True,  # the link is signed and was sent to this phone
        channel="sms",
        language=technician.language,
        script=technician.script,
        turn_key=f"onetap:{offer.id}:{tap.step}" if tap.step else f"onetap:{offer.id}",
        now=now,
    )
