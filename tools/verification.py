"""Proves a web visitor's phone with a code sent by SMS; until then personal tools refuse."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

import phonenumbers
from pydantic import Field
from sqlalchemy import func, or_, select

from domain.errors import DomainError
from domain.store.conversations import conversation_for, verify
from domain.store.tables import VerificationCode
from prompts import wording
from tools import notify
from tools.phones import masked
from tools.spec import Args, tool
from tools.turn import Turn


class SendCodeArgs(Args):
    phone: str = Field(max_length=40, description="As the visitor wrote it: 0612345678, +212 6 12...")


@tool("WRITE", who="client", personal=False)
def send_code(turn: Turn, args: SendCodeArgs) -> dict[str, Any]:
    """Sends a code by SMS to the phone a web visitor gives, to prove it is theirs. Then ask for the code and call verify_code.

    Errors: bad_phone (ask again), too_many_codes (they must wait an hour).
    """
    phone = phone_of(args.phone)
    rules, talk = turn.rules, turn.conversation()
    if turn.context.verified and turn.context.channel != "web":
        # The channel has proven the phone: a code could only be used to become somebody else.
        raise DomainError("not_allowed_now", status="verified")
    recent = select(func.count(VerificationCode.id)).where(
        VerificationCode.created_at > turn.now - timedelta(hours=1),
        or_(VerificationCode.phone == phone, VerificationCode.conversation_id == talk.id),
    )
    if (turn.session.scalar(recent) or 0) >= rules.codes_per_hour:
        raise DomainError("too_many_codes")
    code = f"{secrets.randbelow(10**6):06d}"
    row = VerificationCode(
        conversation_id=talk.id,
        phone=phone,
        code_hash=hash_code(turn.market.secret, phone, code),
        expires_at=turn.now + timedelta(minutes=rules.code_valid_minutes),
        created_at=turn.now,
    )
    turn.session.add(row)
    turn.session.flush()
    talk.claimed_phone = phone
    # Never in the web conversation: its page and its transcript show the outbox to the visitor, who has proven nothing yet.
    thread = conversation_for(turn.session, "sms", phone, turn.now)
    locale = notify.locale_for(talk, None)
    words = {"code": code, "minutes": wording.format_minutes(rules.code_valid_minutes, locale)}
    notify.say(turn.session, thread, locale, "code", now=turn.now, unique=f"code:{row.id}", category="code", words=words)
    return {"phone": masked(phone), "minutes": rules.code_valid_minutes}


class VerifyCodeArgs(Args):
    code: str = Field(max_length=40, description="The digits the visitor typed.")


@tool("WRITE", who="client", personal=False)
def verify_code(turn: Turn, args: VerifyCodeArgs) -> dict[str, Any]:
    """Checks the code a visitor received by SMS. Once it is right they may use everything that is theirs.

    Errors: bad_code with attempts_left (0: send a new code).
    """
    talk = turn.conversation()
    row = turn.session.scalars(
        select(VerificationCode)
        .where(VerificationCode.conversation_id == talk.id, VerificationCode.used_at.is_(None))
        .order_by(VerificationCode.id.desc())
        .limit(1)
        .with_for_update()
    ).first()
    limit = turn.rules.code_attempts
    if row is None or row.expires_at <= turn.now or row.attempts >= limit:
        raise DomainError("bad_code", attempts_left=0)
    digits = "".join(str(int(c)) for c in args.code if c.isdecimal())
    row.attempts += 1
    if not hmac.compare_digest(row.code_hash, hash_code(turn.market.secret, row.phone, digits)):
        # Returned, not raised: the failed attempt must be counted.
        return {"ok": False, "error": "bad_code", "attempts_left": limit - row.attempts}
    row.used_at = turn.now
    verify(turn.session, talk, row.phone, turn.now)
    person = talk.technician_id if talk.role == "technician" else talk.client_id
    turn.context.role = "technician" if talk.role == "technician" else "client"
    turn.context.person_id, turn.context.phone, turn.context.verified = person, row.phone, True
    return {"verified": True, "phone": masked(row.phone)}


def phone_of(text: str) -> str:
    """E.164 of a Moroccan or international number. Raises `bad_phone`."""
    try:
        number = phonenumbers.parse(text, "MA")
    except phonenumbers.NumberParseException as error:
        raise DomainError("bad_phone") from error
    if not phonenumbers.is_possible_number(number) or not phonenumbers.is_valid_number(number):
        raise DomainError("bad_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def hash_code(secret: bytes, phone: str, code: str) -> str:
    """HMAC-SHA256 bound to the phone: a stored hash says nothing without the secret, and fits no other phone."""
    return hmac.new(secret, f"{phone}:{code}".encode(), hashlib.sha256).hexdigest()
