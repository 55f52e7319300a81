"""Erasure takes the person out of the store and leaves the books."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import text

from domain.store.tables import Booking, Client, Conversation, OutboxRow, Refund
from tests.unit.tools.conftest import Bricol
from tests.unit.tools.test_booking_flow import WISH


def erased(bricol: Bricol) -> None:
    client = bricol.client()
    proposal = client.ok("request_data_deletion")["proposal_id"]
    assert client.next_turn().ok("confirm_proposal", proposal_id=proposal)["erased"]


def everything(bricol: Bricol) -> str:
    with bricol.market.db.transaction() as session:
        tables = [t.name for t in Client.metadata.sorted_tables]
        return "\n".join(str(row) for name in tables for row in session.execute(text(f"SELECT * FROM {name}")).all())


def test_after_erasure_and_the_last_answer_nothing_in_the_store_names_the_person(bricol: Bricol) -> None:
    client = bricol.client()
    client.ok("save_preference", key="name", value="Salma Bennani")
    bricol.give_booking(status="closed", issue="the tap of Salma Bennani")
    proposal = client.next_turn().ok("propose_booking", **WISH)["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    client.next_turn().ok("report_problem", kind="damage", text="Salma Bennani's wall", ref="BR-1042")
    erased(bricol)
    with bricol.market.db.transaction() as session:
        session.execute(text("UPDATE outbox SET status = 'delivered'"))
    bricol.later(minutes=1)
    left = everything(bricol).lower()
    for trace in ("+212661000101", "salma", "bennani", "zen9at 12"):
        assert trace not in left, trace


def test_the_ledger_stays(bricol: Bricol) -> None:
    bricol.give_booking(status="closed", final_mad=Decimal(320), paid_mad=Decimal(320))
    erased(bricol)
    row = bricol.booking()
    assert (row.price_mad, row.final_mad, row.paid_mad, row.status) == (300, 320, 320, "closed")
    person = bricol.rows(Client)[0]
    assert person.erased and person.phone is None and person.name is None


def test_what_was_still_ahead_is_cancelled_with_it_and_the_money_comes_back(bricol: Bricol) -> None:
    bricol.give_booking(paid_mad=Decimal(100))
    client = bricol.client()
    proposed = client.ok("request_data_deletion")
    assert proposed["summary"] == {"cancelled": ["BR-1042"], "fee_mad": 0, "refund_mad": 100}
    client.next_turn().ok("confirm_proposal", proposal_id=proposed["proposal_id"])
    assert bricol.booking().status == "cancelled" and [r.amount_mad for r in bricol.rows(Refund)] == [100]
    assert bricol.technician("ahmed").heard_keys() == ["job_cancelled"]


def test_an_erased_person_who_writes_again_is_a_newcomer(bricol: Bricol) -> None:
    bricol.give_booking()
    erased(bricol)
    again = bricol.client()
    assert again.ok("list_bookings", which="all")["bookings"] == []
    assert [c.erased for c in bricol.rows(Client)] == [True, False]


def test_a_receipt_of_an_erased_persons_call_does_not_keep_their_words(bricol: Bricol) -> None:
    client = bricol.client()
    client.ok("save_preference", key="address", value="zen9at 99")
    erased(bricol)
    assert "zen9at 99" not in everything(bricol)


def test_the_erased_are_not_written_to(bricol: Bricol) -> None:
    bricol.give_booking(status="done")
    erased(bricol)
    before = len(bricol.rows(OutboxRow))
    bricol.later(days=3)
    assert len(bricol.rows(OutboxRow)) == before and bricol.booking().status in ("done", "closed")
    assert all(isinstance(b, Booking) for b in bricol.rows(Booking)) and bricol.rows(Conversation)
