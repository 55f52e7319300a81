"""Random clients, technicians and clocks: whatever is called in whatever order, nobody has promised two visits that overlap."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.bookings.states import PROMISED
from domain.scheduling.slots import TRAVEL_BUFFER, quarters
from domain.store import agenda
from domain.store.tables import Booking, Hold, Offer, PromisedQuarter, Proposal
from tests.unit.tools.conftest import Bricol, Person, fresh_market
from tests.unit.tools.test_booking_flow import WISH

AHMED = 1
WHO = st.integers(0, 2)
#: One morning, so that everything is in everything's way; some starts are off the quarters.
STARTS = st.sampled_from([f"2026-11-24T{clock}" for clock in ("09:00", "09:45", "10:00", "10:07", "10:30", "10:59", "11:20", "11:30", "12:15")])
ISSUES = st.sampled_from(["lma kaysil", "9adous mkhnou9", "tiyo tferge3"])
#: What may be answered to somebody who came too late or asks nonsense; `internal` is not among it.
REFUSALS = {"slot_taken", "outside_hours", "proposal_gone", "same_turn", "not_allowed_now", "no_offer", "no_booking", "in_the_past", "bad_amount"}


class Calendar(RuleBasedStateMachine):
    """Three clients want mornings of one technician; he accepts, refuses, proposes other times, gives back, and time passes."""

    margin = TRAVEL_BUFFER

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bricol: Bricol = fresh_market(Path(self.folder.name))
        self.clients = [self.bricol.client(f"+2126610003{number:02d}") for number in range(3)]
        self.ahmed = self.bricol.technician("ahmed")

    def does(self, person: Person, tool: str, **args: Any) -> dict[str, Any]:
        result = person.next_turn().call(tool, **args)
        assert result["ok"] or result["error"] in REFUSALS, (tool, args, result)
        if not result["ok"] and result["error"] == "slot_taken" and person is not self.ahmed:
            assert "alternatives" in result, (tool, result)
        return result

    @rule(who=WHO, start=STARTS, issue=ISSUES)
    def propose(self, who: int, start: str, issue: str) -> None:
        self.does(self.clients[who], "propose_booking", **{**WISH, "start": start, "issue": issue}, technician_id=AHMED)

    @rule(who=WHO, start=STARTS, issue=ISSUES, answer=st.sampled_from(["accept", "accept", "decline"]))
    def book(self, who: int, start: str, issue: str, answer: str) -> None:
        """The usual way through, so that most of a run has visits to collide with."""
        proposed = self.does(self.clients[who], "propose_booking", **{**WISH, "start": start, "issue": issue}, technician_id=AHMED)
        if proposed["ok"]:
            made = self.does(self.clients[who], "confirm_proposal", proposal_id=proposed["proposal_id"])
            if made["ok"]:
                self.does(self.ahmed, "answer_offer", answer=answer, ref=made["booking"]["ref"])

    @rule(back=st.integers(0, 2), say=st.sampled_from(["confirm_proposal", "confirm_proposal", "decline_proposal"]))
    def answer_a_proposal(self, back: int, say: str) -> None:
        for who, row in self._asked()[back : back + 1]:
            self.does(self.clients[who], say, proposal_id=row.id)

    @precondition(lambda self: len({who for who, _ in self._asked()}) > 1)
    @rule()
    def several_say_yes_at_once(self) -> None:
        latest = dict(reversed(self._asked()))  # one proposal of each client, their newest
        with ThreadPoolExecutor(len(latest)) as pool:
            list(pool.map(lambda pair: self.does(self.clients[pair[0]], "confirm_proposal", proposal_id=pair[1].id), latest.items()))

    @rule(back=st.integers(0, 2), answer=st.sampled_from(["accept", "accept", "decline", "other_time"]), start=STARTS)
    def ahmed_answers(self, back: int, answer: str, start: str) -> None:
        waiting = [o for o in self.bricol.rows(Offer, technician_id=AHMED) if o.status in ("open", "countered")]
        for offer in waiting[back : back + 1]:
            self.does(self.ahmed, "answer_offer", answer=answer, ref=offer.booking.ref, **({"start": start} if answer == "other_time" else {}))

    @rule(back=st.integers(0, 2), say=st.sampled_from(["give_back", "en_route", "arrived", "done"]))
    def ahmed_comes_or_does_not(self, back: int, say: str) -> None:
        for job in self._promised()[back : back + 1]:
            if say == "give_back":
                self.does(self.ahmed, "answer_offer", answer="decline", ref=job.ref)
            else:
                self.does(self.ahmed, "update_job", state=say, ref=job.ref)

    @rule(back=st.integers(0, 3), start=STARTS, at_once=st.booleans())
    def move(self, back: int, start: str, at_once: bool) -> None:
        self._of_a_booking(back, "propose_reschedule", at_once, start=start)

    @rule(back=st.integers(0, 3))
    def cancel(self, back: int) -> None:
        self._of_a_booking(back, "propose_cancellation", True)

    @rule(minutes=st.sampled_from([3, 16, 61]))
    def time_passes(self, minutes: int) -> None:
        self.bricol.later(minutes=minutes)

    def _of_a_booking(self, back: int, tool: str, agree: bool, **args: Any) -> None:
        for booking in [b for b in self.bricol.rows(Booking) if b.status in ("offered", "confirmed")][back : back + 1]:
            client = next(c for c in self.clients if c.context.person_id == booking.client_id)
            proposed = self.does(client, tool, ref=booking.ref, **args)
            if proposed["ok"] and agree:
                self.does(client, "confirm_proposal", proposal_id=proposed["proposal_id"])

    def _asked(self) -> list[tuple[int, Proposal]]:
        """(client, their open proposal), newest first."""
        ids = [c.context.person_id for c in self.clients]
        return [(ids.index(row.args["client_id"]), row) for row in reversed(self.bricol.rows(Proposal, status="open"))]

    def _promised(self) -> list[Booking]:
        rows = [b for b in self.bricol.rows(Booking) if b.status in PROMISED]
        return sorted(rows, key=lambda b: (b.technician_id, b.start))

    @invariant()
    def no_two_promised_visits_of_one_technician_overlap(self) -> None:
        rows = self._promised()
        for one, other in pairwise(rows):
            if one.technician_id == other.technician_id:
                assert one.start + timedelta(minutes=one.minutes) + self.margin <= other.start, (one.ref, other.ref)

    @invariant()
    def what_is_written_down_is_what_is_promised(self) -> None:
        kept = {(row.technician_id, row.quarter, row.booking_id) for row in self.bricol.rows(PromisedQuarter)}
        assert kept == {(b.technician_id, quarter, b.id) for b in self._promised() for quarter in quarters(b.start, b.minutes)}

    @invariant()
    def no_time_is_held_for_two_clients(self) -> None:
        kinds = {row.id: row.kind for row in self.bricol.rows(Proposal, status="open")}
        now: datetime = self.bricol.clock.now()
        held = [h for h in self.bricol.rows(Hold) if h.until > now and kinds.get(h.proposal_id) in ("booking", "reschedule")]
        for number, one in enumerate(held):
            for other in held[:number]:
                apart = abs((one.start - other.start).total_seconds()) / 60 >= min(one.minutes, other.minutes)
                assert apart or one.client_id == other.client_id or one.technician_id != other.technician_id
        assert all(h.until - now <= timedelta(minutes=15) for h in held)

    def teardown(self) -> None:
        self.bricol.market.db.close()
        self.folder.cleanup()


class BlindCalendar(Calendar):
    """The same with the rule that looks for clashes switched off: what the store's key refuses is enough, and is said as politely."""

    margin = timedelta(0)

    def __init__(self) -> None:
        super().__init__()
        self.blind = patch.multiple(agenda, promised_clash=lambda *_, **__: None, busy_at=lambda *_, **__: set())
        self.blind.start()

    @invariant()
    def no_time_is_held_for_two_clients(self) -> None:
        """Holds are the rule's: they are promises to wait, not visits."""

    def teardown(self) -> None:
        self.blind.stop()
        super().teardown()


TestCalendar = Calendar.TestCase
TestCalendar.settings = settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
TestBlindCalendar = BlindCalendar.TestCase
TestBlindCalendar.settings = settings(max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
