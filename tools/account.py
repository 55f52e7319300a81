"""What a person decides about how we speak to them: language, silence, preferences; and asking to join as a technician."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select, update

from domain.engagement import reach
from domain.errors import DomainError
from domain.geo import locate
from domain.store.conversations import last_conversation
from domain.store.tables import Conversation, OutboxRow, Technician
from tools.areas import SERVICES
from tools.spec import Args, tool
from tools.turn import Turn

SCRIPT_OF = {"fr": "latn", "en": "latn", "ar": "arab"}


class LanguageArgs(Args):
    language: Literal["ary", "fr", "ar", "en"] = Field(description="ary = Darija, ar = Standard Arabic.")
    script: Literal["latn", "arab"] | None = Field(None, description="Only Darija has a choice.")


@tool("WRITE", who="both", personal=False)
def set_language(turn: Turn, args: LanguageArgs) -> dict[str, Any]:
    """Fixes the language and script of every later reply, because the person asked for it. Do not call it only because they wrote in another one."""
    script = SCRIPT_OF.get(args.language) or args.script or turn.context.script
    talk = turn.conversation()
    talk.language, talk.script = args.language, script
    for person in (talk.client, talk.technician):
        if person is not None and turn.context.verified:
            person.language, person.script = args.language, script
    if talk.client is not None and turn.context.verified:
        talk.client.language_pinned = True
    turn.context.language, turn.context.script = args.language, script
    return {"language": args.language, "script": script}


class OptOutArgs(Args):
    scope: Literal["promotions", "all"] = Field("promotions", description="all: the person wrote STOP or one of its forms.")
    undo: bool = Field(False, description="True when the person wants messages again.")


@tool("WRITE", who="both")
def opt_out(turn: Turn, args: OptOutArgs) -> dict[str, Any]:
    """Stops (or, with undo, allows again) everything that is not about a live job. Messages about a job in hand go on.

    Never call it for "cancel": cancelling is about a booking.
    """
    person: Any = turn.client() if turn.context.role == "client" else turn.technician()
    person.opted_out = not args.undo
    if not args.undo:
        same = Conversation.client_id == person.id if turn.context.role == "client" else Conversation.technician_id == person.id
        queued = update(OutboxRow).where(
            OutboxRow.conversation_id.in_(select(Conversation.id).where(same)), OutboxRow.status == "queued", OutboxRow.category == "promo"
        )
        turn.session.execute(queued.values(status="dropped", error="opted out"))
    return {"scope": args.scope, "opted_out": person.opted_out}


class PreferenceArgs(Args):
    key: Literal["name", "place", "address", "time", "technician", "channel"]
    value: str | dict[str, Any] = Field(description='Words; a place may be {"city", "district"}; a channel is sms, whatsapp or telegram.')


@tool("WRITE", who="client")
def save_preference(turn: Turn, args: PreferenceArgs) -> dict[str, Any]:
    """Remembers what the person said about themselves: name, usual place, address, best time, favourite technician, channel. Only what they said.

    A channel is where notices go from now on; `not_there` means that they never wrote on it: ask them to write there first.
    """
    client = turn.client()
    value: Any = args.value
    if not value or (isinstance(value, dict) and args.key != "place"):
        raise DomainError("bad_arguments", fields=[{"field": "value", "cure": "words, or {city, district} for a place"}])
    if args.key == "name":
        client.name = value = str(value)[:80]
    elif args.key == "address":
        client.address = value = str(value)
    elif args.key == "place":
        said = value if isinstance(value, dict) else {"district": str(value)}
        place = locate(said.get("city") or None, said.get("district") or None)
        client.city, client.district = place.city, place.district
        value = {"city": place.city, "district": place.district}
    else:
        if args.key == "channel":
            _check_reachable(turn, client.id, str(value))
        client.preferences = {**client.preferences, args.key: value}
    return {"key": args.key, "value": value}


def _check_reachable(turn: Turn, client_id: int, channel: str) -> None:
    """An SMS reaches every proven phone; elsewhere somebody must have written first. Raises DomainError."""
    if channel not in reach.PLACES:
        raise DomainError("bad_arguments", fields=[{"field": "value", "cure": f"one of {', '.join(reach.PLACES)}"}])
    if channel != "sms" and last_conversation(turn.session, client_id, turn.now, channel) is None:
        raise DomainError("not_there", channel=channel)


class ApplyArgs(Args):
    name: str = Field(min_length=2, max_length=80)
    service: str = Field(description="The trade, an id of the services list.")
    city: str


@tool("WRITE", who="client")
def apply_as_technician(turn: Turn, args: ApplyArgs) -> dict[str, Any]:
    """Takes down somebody who wants to work with us. A person checks every application; nothing is promised and no job is offered before."""
    if args.service not in SERVICES:
        raise DomainError("unknown_service", service=args.service, services=list(SERVICES))
    place = locate(args.city)
    phone = turn.client().phone
    if phone is None:
        raise DomainError("verify_needed")
    known = turn.session.scalars(select(Technician).where(Technician.phone == phone)).first()
    if known is None:
        turn.session.add(
            Technician(
                phone=phone,
                name=args.name,
                trades=[args.service],
                city=place.city,
                district=place.district or "",
                rate_mad=Decimal(0),
                language=turn.context.language,
                script=turn.context.script,
                available=False,
                applied=True,
            )
        )
    elif known.applied:
        known.name, known.trades, known.city = args.name, [args.service], place.city
    return {"applied": True, "already_technician": known is not None and not known.applied}
