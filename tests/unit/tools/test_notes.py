"""A word for a visit that is booked: kept with it, told to whose job it is, and to nobody else."""

from __future__ import annotations

import pytest

from tests.unit.tools.conftest import Bricol


def test_a_note_is_kept_with_the_visit_and_told_to_its_technician(bricol: Bricol) -> None:
    bricol.give_booking()
    assert bricol.client().ok("note_for_visit", note="3rd floor,  door 9") == {"ok": True, "ref": "BR-1042", "told": True}
    assert bricol.booking().address == "zen9at 12; 3rd floor, door 9"
    ahmed = bricol.technician("ahmed")
    assert ahmed.heard_keys() == ["job_note"] and "door 9" in ahmed.heard()[0]["text"]


def test_a_technician_who_has_not_said_yes_learns_nothing_before(bricol: Bricol) -> None:
    bricol.give_booking(status="offered")
    assert bricol.client().ok("note_for_visit", note="door 9")["told"] is False
    ahmed = bricol.technician("ahmed")
    assert "job_note" not in ahmed.heard_keys()
    ahmed.ok("answer_offer", answer="accept")
    assert "door 9" in ahmed.heard()[-1]["text"]


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_a_visit_that_is_over_takes_no_note(bricol: Bricol, status: str) -> None:
    bricol.give_booking(status=status)
    assert bricol.client().error("note_for_visit", note="door 9", ref="BR-1042") == "not_allowed_now"
    assert bricol.client().error("note_for_visit", note="door 9") == "no_booking"


def test_nobody_adds_to_another_persons_visit(bricol: Bricol) -> None:
    bricol.give_booking()
    assert bricol.client("+212661000199").error("note_for_visit", note="door 9", ref="BR-1042") == "no_booking"


def test_the_same_words_are_kept_once_and_an_address_stays_short(bricol: Bricol) -> None:
    bricol.give_booking()
    for note in ("door 9", "door 9", "x" * 200, "y" * 200):
        bricol.client().next_turn().ok("note_for_visit", note=note)
    address = bricol.booking().address or ""
    assert address.count("door 9") == 1 and len(address) <= 300
