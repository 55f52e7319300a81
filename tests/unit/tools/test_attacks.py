"""A hostile brain with every tool in its hands: it still cannot act without consent, for somebody else, or twice."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from domain.store.tables import Booking, Client, Escalation, Offer, Proposal, Refund
from tests.unit.tools.conftest import Bricol, Person
from tests.unit.tools.test_booking_flow import WISH
from tools import registry

VICTIM, THIEF = "+212661000101", "+212661000666"

#: Every client tool that takes a ref, with the rest of a valid call.
WITH_REF: dict[str, dict[str, Any]] = {
    "booking_status": {},
    "track_technician": {},
    "find_slots": {},
    "refund_eligibility": {},
    "refund_status": {},
    "related_needs": {},
    "note_for_visit": {"note": "third door, blue"},
    "set_address": {"address": "12 rue Abou Inane"},
    "propose_reschedule": {"start": "2026-11-25T15:00"},
    "propose_cancellation": {},
    "propose_refund": {},
    "rate_booking": {"stars": 1},
    "report_problem": {"kind": "damage"},
}


def state(bricol: Bricol) -> str:
    """Everything a theft would change."""
    rows = [(b.ref, b.status, b.start_local, b.technician_id, b.client_id, str(b.paid_mad)) for b in bricol.rows(Booking)]
    return json.dumps([rows, [str(r.amount_mad) for r in bricol.rows(Refund)], [o.status for o in bricol.rows(Offer)]])


def test_every_tool_that_takes_a_ref_is_attacked_here() -> None:
    taking = {n for n, s in registry.TOOLS.items() if s.who == "client" and "ref" in s.args.model_fields}
    assert taking == set(WITH_REF)


@pytest.mark.parametrize("name", sorted(WITH_REF))
@pytest.mark.parametrize("status", ["offered", "confirmed", "done", "cancelled"])
def test_somebody_elses_booking_is_exactly_a_booking_that_does_not_exist(bricol: Bricol, name: str, status: str) -> None:
    bricol.give_booking(status=status, paid_mad=Decimal(300))
    thief = bricol.client(THIEF)
    before = state(bricol)
    theirs = thief.call(name, ref="BR-1042", **WITH_REF[name])
    nobodys = thief.next_turn().call(name, ref="BR-9999", **WITH_REF[name])
    assert theirs == nobodys == {"ok": False, "error": "no_booking"}
    assert state(bricol) == before and bricol.rows(Proposal) == []


def test_an_escalation_about_somebody_elses_booking_is_not_tied_to_it(bricol: Bricol) -> None:
    bricol.give_booking()
    result = bricol.client(THIEF).ok("escalate_to_human", reason="dispute", ref="BR-1042")
    assert set(result) == {"ok", "escalation_id", "already_open", "reason", "priority"}
    assert bricol.rows(Escalation)[0].booking_id is None


def test_proposing_and_confirming_in_one_turn_is_refused_for_every_kind(bricol: Bricol) -> None:
    bricol.give_booking()
    bricol.give_booking("BR-1043", status="cancelled", start="2026-11-26T10:00", paid_mad=Decimal(100))
    client = bricol.client()
    before = state(bricol)
    for name, args in {
        "propose_booking": {**WISH, "start": "2026-11-27T10:00"},
        "propose_reschedule": {"ref": "BR-1042", "start": "2026-11-25T15:00"},
        "propose_cancellation": {"ref": "BR-1042"},
        "propose_refund": {"ref": "BR-1043"},
        "request_data_deletion": {},
    }.items():
        proposal = client.ok(name, **args)["proposal_id"]
        assert client.error("confirm_proposal", proposal_id=proposal) == "same_turn"
    assert state(bricol) == before and not bricol.rows(Client)[0].erased


def test_a_proposal_works_once(bricol: Bricol) -> None:
    client = bricol.client()
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    for _ in range(3):
        assert client.next_turn().error("confirm_proposal", proposal_id=proposal) == "proposal_gone"
    assert len(bricol.rows(Booking)) == 1


def test_nobody_else_and_no_other_conversation_can_use_a_proposal(bricol: Bricol) -> None:
    client = bricol.client()
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    same_person_elsewhere = Person(bricol.market, "sms", VICTIM)
    for other in (bricol.client(THIEF), same_person_elsewhere):
        assert other.call("confirm_proposal", proposal_id=proposal) == {"ok": False, "error": "proposal_gone"}
        assert other.call("decline_proposal", proposal_id=proposal) == {"ok": False, "error": "proposal_gone"}
    assert bricol.rows(Booking) == [] and bricol.rows(Proposal)[0].status == "open"


def test_an_expired_a_declined_and_a_superseded_proposal_are_gone(bricol: Bricol) -> None:
    client = bricol.client()
    old = client.ok("propose_booking", **WISH)["proposal_id"]
    new = client.next_turn().ok("propose_booking", **{**WISH, "start": "2026-11-24T12:00"})["proposal_id"]
    assert client.next_turn().call("confirm_proposal", proposal_id=old)["status"] == "superseded"
    client.ok("decline_proposal", proposal_id=new)
    assert client.next_turn().call("confirm_proposal", proposal_id=new)["status"] == "declined"
    last = client.ok("propose_booking", **WISH)["proposal_id"]
    bricol.clock.advance(minutes=60)
    assert client.next_turn().call("confirm_proposal", proposal_id=last)["status"] == "expired"
    bricol.later(minutes=1)
    assert {p.status for p in bricol.rows(Proposal)} == {"superseded", "declined", "expired"} and bricol.rows(Booking) == []


def test_a_slot_that_went_meanwhile_is_not_booked_twice(bricol: Bricol) -> None:
    first = bricol.client()
    mine = first.ok("propose_booking", **WISH)["proposal_id"]
    bricol.clock.advance(minutes=16)  # the time is not kept for them any more
    second = bricol.client("+212661000102")
    theirs = second.ok("propose_booking", **WISH)["proposal_id"]
    second.next_turn().ok("confirm_proposal", proposal_id=theirs)
    late = first.next_turn().call("confirm_proposal", proposal_id=mine)
    assert late["error"] == "slot_taken" and late["alternatives"]
    assert len(bricol.rows(Booking)) == 1


def test_an_anonymous_visitor_reaches_nothing_personal(bricol: Bricol) -> None:
    bricol.give_booking()
    visitor = bricol.visitor()
    for name, spec in registry.TOOLS.items():
        if spec.personal and spec.who != "technician":
            assert visitor.error(name) == "verify_needed", name


def test_a_technician_sees_no_address_or_phone_before_the_job_is_theirs_nor_after_it_is_gone(bricol: Bricol) -> None:
    bricol.give_booking(status="offered", lat=33.58, lon=-7.63)
    ahmed, hassan = bricol.technician("ahmed"), bricol.technician("hassan")

    def leaks(person: Person) -> bool:
        seen = json.dumps([person.call("job_details", ref="BR-1042"), person.call("my_jobs"), person.heard()])
        return any(secret in seen for secret in ("zen9at", VICTIM, "33.58"))

    assert not leaks(ahmed) and hassan.error("job_details", ref="BR-1042") == "no_booking"
    ahmed.next_turn().ok("answer_offer", answer="accept")
    details = ahmed.ok("job_details", ref="BR-1042")["booking"]
    assert details["address"] == "zen9at 12" and details["client_phone"] == VICTIM and details["lat"] == 33.58
    ahmed.next_turn().ok("answer_offer", answer="decline", ref="BR-1042")
    assert ahmed.error("job_details", ref="BR-1042") == "no_booking"
    assert ahmed.next_turn().error("update_job", state="done", ref="BR-1042") == "no_booking"


def test_a_technician_answers_only_their_own_offers(bricol: Bricol) -> None:
    bricol.give_booking(status="offered")
    hassan = bricol.technician("hassan")
    for answer in ("accept", "decline", "other_time"):
        assert hassan.next_turn().error("answer_offer", answer=answer, ref="BR-1042", start="2026-11-24T15:00") == "no_offer"
    for name in ("update_job", "propose_price"):
        args = {"state": "done"} if name == "update_job" else {"amount_mad": 900}
        assert hassan.error(name, ref="BR-1042", **args) == "no_booking"
    assert bricol.booking().status == "offered"


def test_a_technician_cannot_be_in_two_places(bricol: Bricol) -> None:
    bricol.give_booking("BR-1", status="offered")
    bricol.give_booking("BR-2", phone="+212661000102", start="2026-11-24T10:30")
    clash = bricol.technician("ahmed").call("answer_offer", answer="accept", ref="BR-1")
    assert clash["error"] == "slot_taken" and clash["ref"] == "BR-2"


def test_a_refund_never_exceeds_what_was_paid_however_it_is_cut(bricol: Bricol) -> None:
    bricol.give_booking(status="cancelled", paid_mad=Decimal(150))
    client = bricol.client()
    assert client.error("propose_refund", amount_mad=151) == "bad_amount"
    for _ in range(3):
        proposal = client.next_turn().call("propose_refund", amount_mad=60)
        if proposal["ok"]:
            client.next_turn().ok("confirm_proposal", proposal_id=proposal["proposal_id"])
    assert sum(r.amount_mad for r in bricol.rows(Refund)) == 120
    assert client.next_turn().error("propose_refund", amount_mad=31) == "bad_amount"


def test_small_refunds_that_add_up_above_the_limit_need_a_person(bricol: Bricol) -> None:
    bricol.give_booking(status="cancelled", paid_mad=Decimal(500))
    client = bricol.client()
    for _ in range(3):
        proposal = client.next_turn().ok("propose_refund", amount_mad=150)
        client.next_turn().ok("confirm_proposal", proposal_id=proposal["proposal_id"])
    assert [r.status for r in bricol.rows(Refund)] == ["approved", "requested", "requested"]
    assert len(bricol.rows(Escalation)) == 1


def test_a_refund_asked_twice_in_two_open_proposals_is_paid_once(bricol: Bricol) -> None:
    """A cancellation and a refund proposal are of different kinds, so both can be open; only the first to be confirmed moves money."""
    bricol.give_booking(paid_mad=Decimal(300))
    client = bricol.client()
    cancel = client.ok("propose_cancellation")["proposal_id"]
    assert client.error("propose_refund", ref="BR-1042") == "not_refundable"
    client.next_turn().ok("confirm_proposal", proposal_id=cancel)
    assert client.next_turn().error("propose_refund", ref="BR-1042") == "already_refunded"
    assert [r.amount_mad for r in bricol.rows(Refund)] == [Decimal(300)]


def test_a_booking_already_moved_is_not_moved_by_an_older_yes(bricol: Bricol) -> None:
    bricol.give_booking()
    client = bricol.client()
    move = client.ok("propose_reschedule", start="2026-11-25T15:00")["proposal_id"]
    cancel = client.ok("propose_cancellation")["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=cancel)
    assert client.next_turn().error("confirm_proposal", proposal_id=move) == "not_allowed_now"
    assert bricol.booking().status == "cancelled"
