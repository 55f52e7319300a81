"""The durable worker itself, on both databases: it wakes, merges, sweeps up, tries again, and runs what is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import inbox
from bot.wiring import House
from bot.worker import Worker
from channels.base import SendResult
from domain.clock import SystemClock
from domain.store.tables import InboxRow, OutboxRow, Turn
from tests.support.builders import ScriptedAgent, build_house
from tests.support.fake_channel import FakeChannel, burst, inbound


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    house = build_house(tmp_path, database_url=url, clock=SystemClock(), burst_seconds=0.3, sweep_seconds=0.1)
    yield house
    house.close()


@pytest.fixture
def worker(house: House) -> Iterator[Worker]:
    worker = Worker(house)
    worker.start()
    yield worker
    worker.stop()


def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def phone(house: House) -> FakeChannel:
    return house.channels["whatsapp"]  # type: ignore[return-value]


def test_messages_of_one_burst_and_many_people_get_one_reply_each(house: House, worker: Worker) -> None:
    people = [f"+2126610000{n:02d}" for n in range(12)]
    for part in ("slm", "bghit plombier", "f maarif"):
        for person in people:
            worker.woken_by(inbox.accept(house, [inbound(f"{person}-{part}", part, sender=person)]))
    until(lambda: len(phone(house).sent) >= len(people))
    assert sorted(m.to for m in phone(house).sent) == people
    assert set(phone(house).texts()) == {"you said: slm\nbghit plombier\nf maarif"}


def test_one_conversation_is_never_played_twice_at_once(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def slow(text: str, context: object) -> str:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.15)
        inside.pop()
        return text

    house = build_house(tmp_path, agent=ScriptedAgent(slow), clock=SystemClock(), burst_seconds=0.0, sweep_seconds=0.1)
    worker = Worker(house)
    worker.start()
    try:
        for n in range(6):
            worker.woken_by(inbox.accept(house, [inbound(f"m{n}", str(n))]))
            time.sleep(0.06)
        until(lambda: "".join(house.agent.heard).replace("\n", "") == "012345")  # type: ignore[attr-defined]
        until(lambda: len(phone(house).sent) == len(house.agent.heard))  # type: ignore[attr-defined]
    finally:
        worker.stop()
    assert max(most) == 1
    assert "".join(phone(house).texts()).replace("\n", "") == "012345", "in order, each once"


def test_a_message_that_woke_nobody_is_found_by_the_sweep(house: House, worker: Worker) -> None:
    inbox.accept(house, burst("slm"))
    until(lambda: phone(house).texts() == ["you said: slm"])


def test_words_that_nobody_sends_are_found_by_the_sweep_and_tried_again(house: House, worker: Worker) -> None:
    phone(house).refusals = [SendResult("failed", error="503", retry=True)]
    worker.woken_by(inbox.accept(house, burst("slm")))

    def tried() -> list[tuple[str, int]]:
        with house.db.reading() as session:
            return [(status, attempts) for status, attempts in session.execute(select(OutboxRow.status, OutboxRow.attempts))]

    until(lambda: tried() == [("sent", 2)])
    assert phone(house).texts() == ["you said: slm"]


def test_what_an_agent_breaks_is_closed_with_an_apology(house: House, worker: Worker) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError("a bug")

    house.agent.say = broken  # type: ignore[attr-defined]
    worker.woken_by(inbox.accept(house, burst("slm")))
    until(lambda: len(phone(house).sent) == 1)
    with house.db.transaction() as session:
        assert session.scalars(select(Turn.model)).all() == ["apology"]
        assert session.scalars(select(InboxRow.id).where(InboxRow.turn_id.is_(None))).all() == []


def test_work_left_by_a_stopped_worker_is_done_by_the_next(house: House) -> None:
    first = Worker(house)
    first.start()
    inbox.accept(house, burst("slm"))
    first.stop()
    second = Worker(house)
    second.start()
    try:
        until(lambda: phone(house).texts() == ["you said: slm"])
    finally:
        second.stop()
