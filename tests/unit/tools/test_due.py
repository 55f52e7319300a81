"""What time asks for happens once, at a decent hour, however often it is looked for."""

from __future__ import annotations

from domain.store.tables import Offer, OutboxRow, Technician
from tests.unit.tools.conftest import Bricol
from tests.unit.tools.test_booking_flow import WISH
from tools.due import run_due


def test_a_reminder_leaves_once_two_hours_before(bricol: Bricol) -> None:
    bricol.give_booking(start="2026-11-24T15:00")
    client = bricol.client()
    bricol.at("2026-11-24T12:55")
    assert client.heard_keys() == []
    bricol.at("2026-11-24T13:00")
    bricol.later(minutes=1)
    assert client.heard_keys() == ["reminder"]


def test_an_early_visit_is_reminded_the_evening_before(bricol: Bricol) -> None:
    bricol.give_booking(start="2026-11-24T08:30")
    client = bricol.client()
    bricol.at("2026-11-23T20:50")
    assert client.heard_keys() == ["reminder"]


def test_a_visit_booked_within_the_last_two_hours_needs_no_reminder(bricol: Bricol) -> None:
    bricol.give_booking(start="2026-11-23T11:00")
    bricol.later(minutes=5)
    assert bricol.client().heard_keys() == []


def test_a_moved_visit_is_reminded_again(bricol: Bricol) -> None:
    bricol.give_booking(start="2026-11-24T15:00")
    client = bricol.client()
    bricol.at("2026-11-24T13:00")
    proposal = client.next_turn().ok("propose_reschedule", start="2026-11-25T15:00")["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    bricol.at("2026-11-25T13:00")
    assert client.heard_keys() == ["reminder", "reminder"]


def test_running_twice_changes_nothing(bricol: Bricol) -> None:
    bricol.give_booking(start="2026-11-24T15:00")
    client = bricol.client()
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    bricol.at("2026-11-24T13:00")
    rows = len(bricol.rows(OutboxRow))
    assert run_due(bricol.market) == 0 and len(bricol.rows(OutboxRow)) == rows


def test_a_job_finished_by_the_desk_is_rated_by_day_then_closed(bricol: Bricol) -> None:
    bricol.give_booking(status="done", start="2026-11-23T09:00")
    client = bricol.client()
    bricol.at("2026-11-23T22:00")
    assert client.heard_keys() == []
    bricol.at("2026-11-24T08:00")
    assert client.heard_keys() == ["done_rate"]
    bricol.later(hours=48)
    assert bricol.booking().status == "closed"


def test_an_offer_made_at_night_for_the_next_afternoon_may_be_answered_in_the_morning(bricol: Bricol) -> None:
    bricol.at("2026-11-23T23:00")
    client = bricol.client()
    proposal = client.ok("propose_booking", **{**WISH, "start": "2026-11-24T15:00"})["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    bricol.at("2026-11-24T08:10")
    assert [o.status for o in bricol.rows(Offer)] == ["open"]
    bricol.at("2026-11-24T08:15")
    assert [o.status for o in bricol.rows(Offer)] == ["expired", "open"]


def test_a_technician_who_is_away_gets_no_offer_and_comes_back_by_himself(bricol: Bricol) -> None:
    ahmed = bricol.technician("ahmed")
    assert ahmed.ok("set_availability", available=False, end="2026-11-24T18:00") == {"ok": True, "available": False, "until": "2026-11-24T18:00"}
    client = bricol.client()
    assert client.ok("propose_booking", **WISH)["summary"]["technician"] != "ahmed"
    later = client.next_turn().ok("propose_booking", **{**WISH, "start": "2026-11-25T10:00"})
    assert later["summary"]["technician"] == "ahmed"
    bricol.at("2026-11-24T18:00")
    assert next(t for t in bricol.rows(Technician) if t.name == "ahmed").available
