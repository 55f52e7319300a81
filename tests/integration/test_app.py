"""The web server over the real inbox: what it takes, what it refuses and how, what it shows to operators and technicians."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from bot.app import create_app
from bot.inbox import Arrival
from bot.wiring import House
from channels.web import StoredPhotos, WebChat, WebSettings, history_of
from channels.web.session import Sessions
from domain.store.tables import InboxRow, WebPhoto
from tests.support.builders import build_house
from tests.support.pictures import png


class Alarm:
    """A worker that only notes who was woken."""

    def __init__(self) -> None:
        self.woken: list[Arrival] = []
        self.ready = False

    def start(self) -> None:
        self.ready = True

    def stop(self) -> None:
        self.ready = False

    def woken_by(self, arrivals: list[Arrival]) -> None:
        self.woken += arrivals

    def spread(self) -> None:
        pass


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = build_house(tmp_path)
    yield house
    house.close()


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


@pytest.fixture
def web(house: House, alarm: Alarm) -> Iterator[TestClient]:
    with TestClient(create_app(house, worker=alarm), raise_server_exceptions=False) as client:
        yield client


def stored(house: House) -> int:
    with house.db.transaction() as session:
        return session.scalar(select(func.count(InboxRow.id))) or 0


def message(number: int = 1) -> dict[str, str]:
    return {"provider_id": f"m{number}", "text": "slm"}


def test_a_webhook_writes_down_wakes_the_worker_and_does_nothing_else(web: TestClient, house: House, alarm: Alarm) -> None:
    assert web.post("/fake/whatsapp", json=[message(1), message(2)]).status_code == 200
    assert stored(house) == 2
    assert len(alarm.woken) == 2
    assert house.agent.heard == []  # type: ignore[attr-defined]


def test_a_repeated_webhook_wakes_nobody(web: TestClient, alarm: Alarm) -> None:
    web.post("/fake/whatsapp", json=[message()])
    assert web.post("/fake/whatsapp", json=[message()]).status_code == 200
    assert len(alarm.woken) == 1


def test_a_store_that_is_down_answers_503_and_keeps_nothing(web: TestClient, house: House, alarm: Alarm) -> None:
    with house.db.transaction() as session:
        session.execute(text("ALTER TABLE inbox RENAME TO away"))
    assert web.post("/fake/whatsapp", json=[message(1), message(2)]).status_code == 503
    assert web.get("/healthz").status_code == 200, "the process itself is well"
    with house.db.transaction() as session:
        session.execute(text("ALTER TABLE away RENAME TO inbox"))
    assert stored(house) == 0
    assert alarm.woken == []
    assert web.post("/fake/whatsapp", json=[message(1), message(2)]).status_code == 200, "brought again"
    assert stored(house) == 2


def test_ready_says_what_is_missing(web: TestClient, house: House) -> None:
    house.late_agent()
    assert web.get("/readyz").json() == {"store": True, "worker": True, "brain": True}
    with house.db.transaction() as session:
        session.execute(text("ALTER TABLE conversations RENAME TO away"))
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["store"] is False


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused_by_name(web: TestClient, house: House, chunked: bool) -> None:
    body = b"[" + b" " * 300_000 + b"]"
    answer = web.post("/t/abc", content=iter([body]) if chunked else body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413
    assert answer.json() == {"error": "body_too_large", "field": "body", "limit_bytes": 262_144}
    assert stored(house) == 0


def test_a_photo_of_the_chat_page_may_be_larger_than_any_other_body_up_to_its_own_limit(house: House) -> None:
    secret = b"a secret of the tests, long enough"
    house.channels["web"] = WebChat(WebSettings(secret), history_of(house.db), StoredPhotos(house.db, house.clock))
    headers = {"Authorization": f"Bearer {Sessions(secret, 1).token('web-a')}"}
    with TestClient(create_app(house)) as web:
        answers = [web.post(f"/chat/photo?id=p{n}", content=png() + b"\0" * (n << 20), headers=headers) for n in (1, 6)]
        again = web.post("/chat/photo?id=p1", content=png(), headers=headers)
    assert [a.status_code for a in (*answers, again)] == [200, 413, 200]
    with house.db.reading() as session:
        [kept] = session.scalars(select(WebPhoto))
        assert (kept.session, kept.key, kept.mime) == ("web-a", "p1", "image/png")


def test_an_unexpected_failure_is_short_and_shows_no_trace(web: TestClient) -> None:
    answer = web.post("/fake/whatsapp", content=b"{not json")
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal"
    assert "Traceback" not in answer.text


def test_metrics_count_new_messages_only(web: TestClient) -> None:
    def counted() -> float:
        line = next((x for x in web.get("/metrics").text.splitlines() if x.startswith('bricol_messages_received_total{channel="whatsapp"}')), "x 0")
        return float(line.split()[-1])

    before = counted()
    web.post("/fake/whatsapp", json=[message(1), message(2)])
    web.post("/fake/whatsapp", json=[message(1), message(2)])
    assert counted() == before + 2


def test_the_root_leads_to_the_chat(web: TestClient) -> None:
    assert web.get("/", follow_redirects=False).headers["location"] == "/chat"


@pytest.mark.parametrize("path", ["/t/", "/t/nonsense", "/t/1-aAAAAAAAAAA", "/t/" + "x" * 500, "/t/%00", "/t/é"])
def test_a_link_that_is_not_ours_gets_a_clear_page_or_a_4xx(web: TestClient, path: str) -> None:
    for answer in (web.get(path), web.post(path, data={"answer": "accept"})):
        assert 400 <= answer.status_code < 500
        assert "Traceback" not in answer.text
