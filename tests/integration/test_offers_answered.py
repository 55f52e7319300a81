"""A technician's answer reaches the booking, by a tapped link or as a simulated SMS, and the client hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.app import create_app
from bot.inline import InlineWorker
from bot.wiring import House
from domain.store.tables import Booking, Offer
from tests.support.builders import add_technicians, build_house
from tests.support.crashing_server import BookingAgent
from tests.support.fake_channel import FakeChannel, inbound


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = build_house(tmp_path, agent=BookingAgent())
    add_technicians(house.settings.store_url)
    yield house
    house.close()


@pytest.fixture
def worker(house: House) -> InlineWorker:
    """A booking was proposed and confirmed: one offer is open."""
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "book")])
    worker.deliver([inbound("m2", "yes")])
    return worker


@pytest.fixture
def web(house: House, worker: InlineWorker) -> TestClient:
    return TestClient(create_app(house))


def sms(house: House) -> FakeChannel:
    return house.channels["sms"]  # type: ignore[return-value]


def link(house: House) -> str:
    found = re.search(r"/t/[\w-]+", sms(house).sent[0].text)
    assert found, sms(house).sent[0].text
    return found.group()


def states(house: House) -> tuple[list[str], list[str]]:
    with house.db.reading() as session:
        return list(session.scalars(select(Booking.status))), list(session.scalars(select(Offer.status).order_by(Offer.id)))


def test_the_offer_leaves_by_sms_with_a_link(house: House, worker: InlineWorker) -> None:
    assert states(house) == (["offered"], ["open"])
    assert len(sms(house).sent) == 1
    assert link(house)


def test_looking_at_the_link_answers_nothing(house: House, web: TestClient) -> None:
    page = web.get(link(house))
    assert page.status_code == 200
    assert 'value="accept"' in page.text
    assert 'value="decline"' in page.text
    assert states(house) == (["offered"], ["open"])


def test_one_tap_takes_the_job_and_a_second_changes_nothing(house: House, web: TestClient, worker: InlineWorker) -> None:
    for _ in range(2):
        page = web.post(link(house), data={"answer": "accept"})
        assert page.status_code == 200
        assert "BR-" in page.text
    assert states(house) == (["confirmed"], ["accepted"])
    worker.settle()
    assert len(house.channels["whatsapp"].texts()) == 3, "the client is told once"  # type: ignore[attr-defined]
    assert 'value="accept"' not in web.get(link(house)).text


def test_one_tap_that_declines_asks_the_next_technician(house: House, web: TestClient, worker: InlineWorker) -> None:
    web.post(link(house), data={"answer": "decline"})
    worker.settle()
    assert states(house) == (["offered"], ["declined", "open"])
    assert len({m.to for m in sms(house).sent if "/t/" in m.text}) == 2


def test_an_answer_that_is_none_is_refused_by_its_field(house: House, web: TestClient) -> None:
    answer = web.post(link(house), data={"answer": "maybe"})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "answer"
    assert states(house) == (["offered"], ["open"])


def test_a_tap_after_the_deadline_says_that_the_job_is_gone(house: House, web: TestClient, worker: InlineWorker) -> None:
    house.clock.advance(minutes=16)  # type: ignore[attr-defined]
    worker.tick()
    page = web.post(link(house), data={"answer": "accept"})
    assert page.status_code == 200
    assert states(house)[1][0] == "expired"
    assert "BR-" not in page.text


@pytest.mark.parametrize(
    ("policy", "booking", "offers"),
    [
        ("accept", "confirmed", ["accepted"]),
        ("first_declines", "confirmed", ["declined", "accepted"]),
        ("decline", "expired", ["declined", "declined"]),
        ("silent", "offered", ["open"]),
    ],
)
def test_simulated_technicians_answer_as_told(house: House, worker: InlineWorker, policy: str, booking: str, offers: list[str]) -> None:
    class Deciding(BookingAgent):
        def run(self, history, human, context):  # type: ignore[no-untyped-def]
            from tools import registry

            if context.role == "technician" and str(human.content).startswith("2"):
                registry.call("answer_offer", context, {"answer": "decline"})
            return super().run(history, human, context) if not str(human.content).startswith("2") else self._said(human, context)

        def _said(self, human, context):  # type: ignore[no-untyped-def]
            from domain.engagement.reply import Reply
            from tests.support.builders import ScriptedTurn

            return ScriptedTurn([human], Reply("ok", "fr", "latn"), context.calls)

    house.late_agent = lambda: Deciding()  # type: ignore[assignment]
    worker.simulate(policy)  # type: ignore[arg-type]
    assert states(house) == ([booking], offers)
