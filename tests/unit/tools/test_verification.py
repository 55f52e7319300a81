"""A web visitor becomes somebody only by a code sent to that phone."""

from __future__ import annotations

import re

from domain.store.tables import Client, Conversation, OutboxRow, VerificationCode
from tests.unit.tools.conftest import Bricol

PHONE = "+212661000101"


def sent_code(bricol: Bricol) -> str:
    rows = [r for r in bricol.rows(OutboxRow) if r.category == "code"]
    found = re.search(r"\d{6}", rows[-1].reply["text"])
    assert found
    return found.group()


def test_the_right_code_opens_what_is_theirs_in_the_same_turn(bricol: Bricol) -> None:
    bricol.give_booking()
    visitor = bricol.visitor()
    assert visitor.ok("send_code", phone="06 61 00 01 01") == {"ok": True, "phone": "+212*****101", "minutes": 10}
    refused = visitor.call("list_bookings")
    assert refused["error"] == "verify_needed" and "101" in refused["claimed_phone"]
    assert visitor.next_turn().ok("verify_code", code=sent_code(bricol))["verified"]
    assert [b["ref"] for b in visitor.ok("list_bookings")["bookings"]] == ["BR-1042"]
    assert [b["ref"] for b in visitor.next_turn().ok("list_bookings")["bookings"]] == ["BR-1042"]


def test_the_code_goes_to_the_phone_and_is_nowhere_else(bricol: Bricol) -> None:
    visitor = bricol.visitor()
    result = visitor.ok("send_code", phone=PHONE)
    code = sent_code(bricol)
    row = bricol.rows(OutboxRow)[-1]
    assert (row.channel, row.to) == ("sms", PHONE) and row.conversation_id != visitor.context.conversation_id
    assert code not in str(result) and visitor.heard() == []
    assert code not in bricol.rows(VerificationCode)[0].code_hash and len(bricol.rows(VerificationCode)[0].code_hash) == 64


def test_guesses_are_counted_across_turns_and_end(bricol: Bricol) -> None:
    visitor = bricol.visitor()
    visitor.ok("send_code", phone=PHONE)
    right = sent_code(bricol)
    wrong = "000000" if right != "000000" else "111111"
    left = [visitor.next_turn().call("verify_code", code=wrong)["attempts_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert visitor.next_turn().call("verify_code", code=right) == {"ok": False, "error": "bad_code", "attempts_left": 0}
    assert not bricol.rows(Conversation)[0].verified


def test_a_code_expires_works_once_and_for_its_own_conversation(bricol: Bricol) -> None:
    visitor, other = bricol.visitor(), bricol.visitor("visitor-2")
    visitor.ok("send_code", phone=PHONE)
    code = sent_code(bricol)
    assert other.error("verify_code", code=code) == "bad_code"
    bricol.clock.advance(minutes=10)
    assert visitor.next_turn().error("verify_code", code=code) == "bad_code"
    visitor.ok("send_code", phone=PHONE)
    code = sent_code(bricol)
    assert visitor.next_turn().ok("verify_code", code=code)["verified"]
    assert visitor.next_turn().error("verify_code", code=code) == "bad_code"


def test_sends_are_limited_per_phone_whoever_asks(bricol: Bricol) -> None:
    for n in range(3):
        bricol.visitor(f"visitor-{n}").ok("send_code", phone=PHONE)
    assert bricol.visitor("visitor-9").error("send_code", phone=PHONE) == "too_many_codes"
    bricol.clock.advance(minutes=61)
    bricol.visitor("visitor-9").ok("send_code", phone=PHONE)


def test_a_turn_played_again_sends_no_second_code(bricol: Bricol) -> None:
    visitor = bricol.visitor()
    for _ in range(2):
        visitor.next_turn("same").ok("send_code", phone=PHONE)
    assert len(bricol.rows(VerificationCode)) == 1 and len(bricol.rows(OutboxRow)) == 1


def test_what_is_no_phone_is_refused(bricol: Bricol) -> None:
    for phone in ("12", "hello", "+212 5", "999999999999999999"):
        assert bricol.visitor().error("send_code", phone=phone) == "bad_phone"


def test_somebody_the_channel_has_proven_cannot_become_somebody_else(bricol: Bricol) -> None:
    thief = bricol.client("+212661000666")
    assert thief.error("send_code", phone=PHONE) == "not_allowed_now"
    assert thief.error("verify_code", code="000000") == "bad_code"
    assert sorted(c.phone for c in bricol.rows(Client)) == [PHONE, "+212661000666"]
