"""What the page behind a technician's link shows: the offer, the job it became, or a kind word where neither is left."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, Template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.bookings.states import PROMISED, VISITED
from domain.engagement.reply import language_script_of, locale_of
from domain.store.tables import BookingEvent, Offer
from prompts import replies, wording
from tools.openings import slots
from tools.views import local

if TYPE_CHECKING:
    from bot.wiring import House

#: So long after the job's time the link still shows what became of it; then it is dead.
OPEN_FOR = timedelta(days=3)
OTHER_TIMES = 6
#: status of the job -> what comes next, the first one as the big button.
NEXT: dict[str, tuple[str, ...]] = {"confirmed": ("en_route", "arrived"), "en_route": ("arrived",), "arrived": ()}


@dataclass(frozen=True)
class View:
    """What the template shows. `state`: offer, job or an entry of onetap.yaml that says all there is to say."""

    state: str
    locale: str
    lines: list[str] = field(default_factory=list)
    note: str = ""
    wrong: bool = False  # the note says that something was not accepted
    step: str = ""
    next: tuple[str, ...] = ()
    times: list[tuple[str, str]] = field(default_factory=list)
    phone: str = ""
    address: str = ""
    status: int = 200


def page(house: House, offer_id: int, note: str = "", *, wrong: bool = False, price: Decimal | None = None) -> HTMLResponse:
    """The page as things stand now; `note`: an entry of onetap.yaml about the last tap, `wrong` where that was not accepted."""
    with house.db.reading() as session:
        offer = session.get(Offer, offer_id)
        if offer is None:
            return message("fr", "bad_link", status=404)
        where = locale(offer)
        facts = {"ref": offer.booking.ref, "price": wording.format_money(price or 0, where)}
        said = replies.render(f"onetap.{note}", where, **facts) if note else ""
        view = _view(house, session, offer, said, wrong)
    return _html(view)


def message(where: str, entry: str, *, status: int = 200, **facts: str) -> HTMLResponse:
    """A page that says one thing."""
    return _html(View(entry, where, [replies.render(f"onetap.{entry}", where, **facts)], status=status))


def locale(offer: Offer) -> str:
    return locale_of(offer.technician.language, offer.technician.script)


def expired(offer: Offer, now: datetime) -> bool:
    """Whether the link is dead: three days after the offer's deadline and its job's time."""
    return now > max(offer.deadline, offer.start, offer.booking.start) + OPEN_FOR


def step(secret: bytes, session: Session, offer: Offer) -> str:
    """Names what the page shows: it changes with everything that happens to the job, so that a form counts once."""
    events = select(func.max(BookingEvent.id)).where(BookingEvent.booking_id == offer.booking_id)
    state = f"step:{offer.id}:{offer.status}:{offer.booking.status}:{offer.booking.final_mad}:{session.scalar(events)}"
    return base64.urlsafe_b64encode(hmac.new(secret, state.encode(), hashlib.sha256).digest())[:12].decode()


def _view(house: House, session: Session, offer: Offer, note: str, wrong: bool) -> View:
    now, where, booking = house.clock.now(), locale(offer), offer.booking
    said = View("", where, note=note, wrong=wrong, step=step(house.market.secret, session, offer))
    if expired(offer, now):
        return View("expired", where, [replies.render("onetap.expired", where)], status=410)
    theirs = offer.status in ("accepted", "countered") and booking.technician_id == offer.technician_id
    if theirs and booking.status in PROMISED:
        client = booking.client
        words = [*_what(offer, where, now, booking.start), replies.render("onetap.ref", where, ref=booking.ref)]
        if client is not None and client.name:
            words.append(replies.render("onetap.client", where, client=wording.person_name(client.name, where)))
        number, address = (client.phone if client is not None else None) or "", booking.address or ""
        return replace(said, state="job", lines=words, next=NEXT[booking.status], phone=number, address=address)
    if theirs and booking.status in VISITED:
        return replace(said, state="finished", lines=[replies.render("onetap.finished", where, ref=booking.ref)])
    if offer.status == "open" and offer.deadline > now:
        words = _what(offer, where, now, offer.start)
        if offer.earning_mad is not None:
            words.append(replies.render("onetap.earn", where, price=wording.format_money(offer.earning_mad, where)))
        return replace(said, state="offer", lines=words, times=_times(house, session, offer, where, now))
    entry = {"declined": "declined", "countered": "other_sent"}.get(offer.status, "gone")
    if entry == "other_sent" and booking.status != "offered":
        entry = "gone"
    return View(entry, where, [replies.render(f"onetap.{entry}", where)])


def _what(offer: Offer, where: str, now: datetime, start: datetime) -> list[str]:
    booking = offer.booking
    place = wording.place_name(booking.city, booking.district, where)
    return [
        replies.render("onetap.job", where, service=wording.service_name(booking.service, where), place=place),
        wording.format_when(start, where, now),
    ]


def _times(house: House, session: Session, offer: Offer, where: str, now: datetime) -> list[tuple[str, str]]:
    """Other starts at which this technician is free, near the one that was asked for: (value, words)."""
    from domain.geo import locate

    booking = offer.booking
    free = slots(
        session, house.market, service=booking.service, place=locate(booking.city, booking.district), now=now, near=offer.start,
        technicians=[offer.technician_id], exclude=booking.id, k=OTHER_TIMES + 1,
    )  # fmt: skip
    starts = [one["start"] for one in free if one["start"] != local(offer.start)]
    return [(start, wording.format_when(start, where, now)) for start in starts[:OTHER_TIMES]]


def _html(view: View) -> HTMLResponse:
    language, script = language_script_of(view.locale)
    nonce = secrets.token_urlsafe(12)
    shown = _template().render(
        lang=language,
        dir="rtl" if script == "arab" else "ltr",
        say=lambda entry: replies.render(f"onetap.{entry}", view.locale),
        view=view,
        nonce=nonce,
    )
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": policy,
        "Permissions-Policy": "geolocation=(self)",
    }
    return HTMLResponse(shown, view.status, headers=headers)


@cache
def _template() -> Template:
    folder = Path(__file__).parent / "pages"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template("onetap.html")
