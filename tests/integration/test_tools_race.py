"""Several workers at once, on both stores: one slot is promised once, one turn has one effect, one ledger gives back once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.bookings.states import PROMISED
from domain.store.tables import Booking, Offer, OutboxRow, Refund, ToolReceipt
from tests.unit.tools.conftest import Bricol, fresh_market
from tests.unit.tools.test_booking_flow import WISH
from tools.due import run_due


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bricol(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bricol]:
    made = fresh_market(tmp_path, request.getfixturevalue("postgres_url") if request.param == "postgres" else None)
    yield made
    made.market.db.close()


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_a_whole_booking_runs_on_either_store(bricol: Bricol) -> None:
    client, ahmed = bricol.client(), bricol.technician("ahmed")
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    ref = client.next_turn().ok("confirm_proposal", proposal_id=proposal)["booking"]["ref"]
    ahmed.ok("answer_offer", answer="accept")
    ahmed.next_turn().ok("update_job", state="done", amount_mad=300)
    assert client.next_turn().ok("rate_booking", stars=5)["ref"] == ref
    assert bricol.booking(ref).status == "closed"


def test_the_same_turn_in_many_workers_books_once(bricol: Bricol) -> None:
    client = bricol.client()
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    twins = [bricol.client().next_turn("the same turn") for _ in range(6)]
    results = at_once([lambda t=t: t.call("confirm_proposal", proposal_id=proposal) for t in twins])  # type: ignore[misc]
    assert all(r == results[0] and r["ok"] for r in results), results
    assert len(bricol.rows(Booking)) == 1 and len(bricol.rows(Offer)) == 1
    assert len(bricol.rows(ToolReceipt)) == 2


def test_many_clients_wanting_one_hour_of_one_technician_get_it_once(bricol: Bricol) -> None:
    people, proposals = [], []
    for n in range(3):  # each is asked once what was held for the one before has lapsed; the proposals are still open
        people.append(bricol.client(f"+2126610002{n:02d}"))
        proposals.append(people[-1].ok("propose_booking", **WISH)["proposal_id"])
        bricol.clock.advance(minutes=16)
    for person in people:
        person.next_turn()
    results = at_once([lambda p=p, i=i: p.call("confirm_proposal", proposal_id=i) for p, i in zip(people, proposals, strict=True)])  # type: ignore[misc]
    assert sorted(r.get("error", "ok") for r in results) == ["ok"] + ["slot_taken"] * 2
    assert len(bricol.rows(Offer)) == 1


def test_many_clients_asking_for_one_hour_at_once_are_promised_different_technicians(bricol: Bricol) -> None:
    people = [bricol.client(f"+2126610002{n:02d}") for n in range(6)]
    results = at_once([lambda p=p: p.call("propose_booking", **WISH) for p in people])  # type: ignore[misc]
    promised = [r["summary"]["technician"] for r in results if r["ok"]]
    assert sorted(promised) == ["ahmed", "hassan", "mohamed"]
    assert all(r["error"] == "slot_taken" and r["alternatives"] for r in results if not r["ok"])


def test_two_offers_of_one_hour_accepted_at_once_make_one_promise(bricol: Bricol) -> None:
    bricol.give_booking("BR-1", status="offered")
    bricol.give_booking("BR-2", phone="+212661000102", status="offered", start="2026-11-24T10:30")
    twins = [bricol.technician("ahmed") for _ in range(2)]
    results = at_once([lambda t=t, r=r: t.call("answer_offer", answer="accept", ref=r) for t, r in zip(twins, ("BR-1", "BR-2"), strict=True)])  # type: ignore[misc]
    assert sorted(r.get("error", "ok") for r in results) == ["ok", "slot_taken"]
    assert len([b for b in bricol.rows(Booking) if b.status in PROMISED]) == 1


def test_two_conversations_of_one_client_get_the_money_back_once(bricol: Bricol) -> None:
    bricol.give_booking(status="cancelled", paid_mad=Decimal(150))
    people = [bricol.client(channel=channel) for channel in ("whatsapp", "sms")]
    proposals = [p.ok("propose_refund")["proposal_id"] for p in people]
    for person in people:
        person.next_turn()
    results = at_once([lambda p=p, i=i: p.call("confirm_proposal", proposal_id=i) for p, i in zip(people, proposals, strict=True)])  # type: ignore[misc]
    assert sorted(r.get("error", "ok") for r in results) == ["ok", "proposal_gone"]  # asked again elsewhere, the first question is over
    assert [r.amount_mad for r in bricol.rows(Refund)] == [Decimal(150)]


def test_due_work_in_two_processes_is_done_once(bricol: Bricol) -> None:
    client = bricol.client()
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    bricol.give_booking("BR-9", start="2026-11-23T12:30", phone="+212661000109", technician="youssef", service="electricity")
    bricol.clock.advance(minutes=40)
    at_once([lambda: run_due(bricol.market)] * 4)
    assert sorted(o.status for o in bricol.rows(Offer)) == ["expired", "open"]
    keys = [r.key for r in bricol.rows(OutboxRow)]
    assert len(keys) == len(set(keys)) and sum(k.startswith("reminder:") for k in keys) == 1
