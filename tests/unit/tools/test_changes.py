"""Moving, cancelling and paying back, as the rules of the marketplace say it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.store.tables import Booking, Escalation, Offer, Refund
from tests.unit.tools.conftest import Bricol, Person


def agreed(client: Person, name: str, /, **args: object) -> dict[str, object]:
    proposal = client.next_turn().ok(name, **args)
    return {**client.next_turn().ok("confirm_proposal", proposal_id=proposal["proposal_id"]), "summary": proposal["summary"]}


def test_a_confirmed_visit_stays_confirmed_when_its_technician_is_free(bricol: Bricol) -> None:
    bricol.give_booking()
    result = agreed(bricol.client(), "propose_reschedule", start="2026-11-25T15:00")
    assert result["booking"]["status"] == "confirmed" and result["booking"]["start"] == "2026-11-25T15:00"  # type: ignore[index]
    ahmed = bricol.technician("ahmed")
    assert ahmed.heard_keys() == ["job_moved"] and "15:00" in ahmed.heard()[0]["text"]
    assert bricol.rows(Offer) == []


def test_a_move_the_technician_cannot_make_is_answered_with_times_he_can(bricol: Bricol) -> None:
    bricol.give_booking()
    bricol.give_booking("BR-2", phone="+212661000102", start="2026-11-25T15:00")
    busy = bricol.client().call("propose_reschedule", ref="BR-1042", start="2026-11-25T15:30")
    assert busy["error"] == "slot_taken" and all(s["technician"] == "ahmed" for s in busy["alternatives"])
    night = bricol.client().call("propose_reschedule", ref="BR-1042", start="2026-11-25T02:00")
    assert night["error"] == "outside_hours" and night["alternatives"]


def test_moving_a_booking_still_on_offer_offers_the_new_time_to_the_same_technician(bricol: Bricol) -> None:
    bricol.give_booking(status="offered")
    result = agreed(bricol.client(), "propose_reschedule", start="2026-11-25T15:00")
    assert result["offer"] == {"technician": "ahmed", "minutes": 15}
    assert [o.status for o in bricol.rows(Offer)] == ["withdrawn", "open"]
    assert bricol.technician("ahmed").ok("answer_offer", answer="accept")["start"] == "2026-11-25T15:00"


def test_cancelling_in_time_is_free_and_gives_everything_back_in_one_proposal(bricol: Bricol) -> None:
    bricol.give_booking(paid_mad=Decimal(150))
    result = agreed(bricol.client(), "propose_cancellation")
    assert result["summary"]["fee_mad"] == 0 and result["summary"]["refund_mad"] == 150  # type: ignore[index]
    assert result["refund"] == {"ref": "BR-1042", "amount_mad": 150, "status": "approved"}
    assert bricol.booking().status == "cancelled" and bricol.technician("ahmed").heard_keys() == ["job_cancelled"]


def test_cancelling_late_keeps_the_fee_of_a_prepayment(bricol: Bricol) -> None:
    bricol.give_booking(start="2026-11-23T11:30", paid_mad=Decimal(150))
    result = agreed(bricol.client(), "propose_cancellation")
    assert result["refund"]["amount_mad"] == 100 and bricol.booking().fee_mad == 50  # type: ignore[index]


def test_a_large_refund_waits_for_one_person(bricol: Bricol) -> None:
    bricol.give_booking(paid_mad=Decimal(320))
    result = agreed(bricol.client(), "propose_cancellation")
    assert result["refund"]["status"] == "requested" and result["escalated"]  # type: ignore[index]
    assert [(e.reason, e.status) for e in bricol.rows(Escalation)] == [("refund", "open")]
    assert [r.status for r in bricol.rows(Refund)] == ["requested"]


def test_a_fee_that_came_between_proposal_and_yes_is_not_charged_by_surprise(bricol: Bricol) -> None:
    bricol.give_booking(start="2026-11-23T12:05")
    client = bricol.client()
    proposal = client.ok("propose_cancellation")
    assert proposal["summary"]["fee_mad"] == 0
    bricol.clock.advance(minutes=20)
    late = client.next_turn().call("confirm_proposal", proposal_id=proposal["proposal_id"])
    assert late["error"] == "proposal_gone" and late["fee_mad"] == 50
    assert bricol.booking().status == "confirmed" and bricol.booking().fee_mad == 0


@pytest.mark.parametrize(
    ("status", "paid", "rule"), [("done", 300, "job_done"), ("confirmed", 300, "cancel_first"), ("cancelled", 0, "nothing_paid")]
)
def test_what_is_not_refundable_says_the_rule(bricol: Bricol, status: str, paid: int, rule: str) -> None:
    bricol.give_booking(status=status, paid_mad=Decimal(paid))
    client = bricol.client()
    assert client.ok("refund_eligibility", ref="BR-1042")["rule"] == rule
    refused = client.call("propose_refund", ref="BR-1042")
    assert refused["error"] == "not_refundable" and refused["rule"] == rule


def test_two_bookings_are_asked_about_and_one_is_taken(bricol: Bricol) -> None:
    client = bricol.client()
    assert client.error("propose_cancellation") == "no_booking"
    bricol.give_booking("BR-1")
    assert client.ok("propose_cancellation")["summary"]["booking"]["ref"] == "BR-1"
    bricol.give_booking("BR-2", start="2026-11-26T10:00")
    which = client.next_turn().call("propose_cancellation")
    assert which["error"] == "which_booking" and [b["ref"] for b in which["bookings"]] == ["BR-1", "BR-2"]
    assert client.ok("propose_cancellation", ref="br 2")["summary"]["booking"]["ref"] == "BR-2"


def test_a_reported_damage_disputes_the_job_and_joins_the_open_escalation(bricol: Bricol) -> None:
    bricol.give_booking(status="done")
    client = bricol.client()
    client.ok("escalate_to_human", reason="asked")
    assert client.next_turn().ok("report_problem", kind="damage", text="lma f lhit") == {
        "ok": True, "ref": "BR-1042", "kind": "damage", "escalated": True,
    }  # fmt: skip
    assert [(e.reason, e.priority) for e in bricol.rows(Escalation)] == [("damage", "high")]
    assert bricol.rows(Booking)[0].status == "disputed"


def test_a_complaint_of_no_told_kind_is_kept_with_the_visit_that_is_ahead_unless_a_job_was_done(bricol: Bricol) -> None:
    assert bricol.client().error("report_problem", kind="other") == "no_booking"
    bricol.give_booking("BR-1")
    assert bricol.client().next_turn().ok("report_problem", kind="other", text="nobody answers me")["ref"] == "BR-1"
    bricol.give_booking("BR-2", status="done", start="2026-11-20T10:00")
    assert bricol.client().next_turn().ok("report_problem", kind="other")["ref"] == "BR-2"
    assert bricol.client().error("report_problem", kind="other", ref="BR-9") == "no_booking"


def test_lateness_is_noted_without_calling_a_person(bricol: Bricol) -> None:
    bricol.give_booking()
    assert not bricol.client().ok("report_problem", kind="late")["escalated"]
    assert bricol.rows(Escalation) == []
