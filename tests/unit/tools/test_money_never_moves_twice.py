"""Random clients, brains and clocks: whatever is called in whatever order, no booking gives back more than was paid for it."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.bookings.states import PROMISED
from domain.store.tables import Booking, Escalation, Offer, Proposal, Refund
from tests.unit.tools.conftest import Bricol, fresh_market

REFS = st.sampled_from(["BR-1", "BR-2", "BR-3"])
AMOUNTS = st.sampled_from([None, 1, 50, 99.99, 150, 200, 200.01, 260, 1000])


class Money(RuleBasedStateMachine):
    """Three prepaid bookings of one client; a brain that calls tools at random, confirms anything, twice, and replays turns."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bricol: Bricol = fresh_market(Path(self.folder.name))
        self.keys: list[str] = []

    @initialize(paid=st.tuples(*[st.sampled_from([0, 100, 200, 260, 900])] * 3))
    def bookings(self, paid: tuple[int, int, int]) -> None:
        for ref, status, start, mad in zip(
            ("BR-1", "BR-2", "BR-3"),
            ("confirmed", "offered", "cancelled"),
            ("2026-11-24T10:00", "2026-11-25T10:00", "2026-11-22T10:00"),
            paid,
            strict=True,
        ):
            self.bricol.give_booking(ref, status=status, start=start, paid_mad=Decimal(mad))
        self.client = self.bricol.client()

    @rule(ref=REFS, amount=AMOUNTS)
    def propose_refund(self, ref: str, amount: float | None) -> None:
        self.client.call("propose_refund", ref=ref, amount_mad=amount)

    @rule(ref=REFS)
    def propose_cancellation(self, ref: str) -> None:
        self.client.call("propose_cancellation", ref=ref)

    @rule(ref=REFS, start=st.sampled_from(["2026-11-25T15:00", "2026-11-24T10:00", "2026-11-26T09:00"]))
    def propose_reschedule(self, ref: str, start: str) -> None:
        self.client.call("propose_reschedule", ref=ref, start=start)

    @rule(ref=REFS, amount=AMOUNTS, name=st.sampled_from(["propose_refund", "propose_refund", "propose_cancellation"]), times=st.integers(1, 2))
    def agree(self, ref: str, amount: float | None, name: str, times: int) -> None:
        """The usual way money moves, so that most of a run is spent beyond the first refund; sometimes the yes is given twice."""
        proposed = self.client.next_turn().call(name, ref=ref, **({"amount_mad": amount} if name == "propose_refund" else {}))
        for _ in range(times):
            if proposed["ok"]:
                self.keys.append(self.client.next_turn().context.turn_key)
                self.client.call("confirm_proposal", proposal_id=proposed["proposal_id"])

    @rule(back=st.integers(0, 3), say=st.sampled_from(["confirm_proposal", "decline_proposal"]))
    def answer(self, back: int, say: str) -> None:
        rows = self.bricol.rows(Proposal)
        if rows:
            self.client.call(say, proposal_id=rows[max(0, len(rows) - 1 - back)].id)

    @rule()
    def next_turn(self) -> None:
        self.keys.append(self.client.next_turn().context.turn_key)

    @rule(back=st.integers(1, 3))
    def turn_played_again(self, back: int) -> None:
        if self.keys:
            self.client.next_turn(self.keys[max(0, len(self.keys) - back)])

    @rule(answer=st.sampled_from(["accept", "decline"]))
    def technician(self, answer: str) -> None:
        for offer in self.bricol.rows(Offer, status="open"):
            self.bricol.technician(offer.technician.name).call("answer_offer", answer=answer, ref=offer.booking.ref)

    @rule(minutes=st.sampled_from([5, 30, 61, 600, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.bricol.later(minutes=minutes)
        self.client.next_turn()

    @invariant()
    def refunds_stay_within_what_was_paid(self) -> None:
        given: dict[int, Decimal] = {}
        for refund in self.bricol.rows(Refund):
            assert refund.amount_mad > 0
            given[refund.booking_id] = given.get(refund.booking_id, Decimal(0)) + refund.amount_mad
        for booking in self.bricol.rows(Booking):
            assert given.get(booking.id, Decimal(0)) <= booking.paid_mad
            assert booking.fee_mad in (0, 50)

    @invariant()
    def without_a_person_no_more_than_the_limit_leaves_per_booking(self) -> None:
        alone: dict[int, Decimal] = {}
        for refund in self.bricol.rows(Refund, status="approved"):
            alone[refund.booking_id] = alone.get(refund.booking_id, Decimal(0)) + refund.amount_mad
        assert all(total <= 200 for total in alone.values())
        if self.bricol.rows(Refund, status="requested"):
            assert len(self.bricol.rows(Escalation)) == 1

    @invariant()
    def nothing_moved_without_a_confirmed_proposal(self) -> None:
        assert len(self.bricol.rows(Refund)) <= len(self.bricol.rows(Proposal, status="confirmed"))

    @invariant()
    def one_open_offer_per_booking_and_no_technician_in_two_places(self) -> None:
        open_offers = [o.booking_id for o in self.bricol.rows(Offer, status="open")]
        assert len(open_offers) == len(set(open_offers))
        promised = [(b.technician_id, b.start) for b in self.bricol.rows(Booking) if b.status in PROMISED]
        assert len(promised) == len(set(promised))

    def teardown(self) -> None:
        self.bricol.market.db.close()
        self.folder.cleanup()


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
