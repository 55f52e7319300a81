"""A house with a desk for tests: two agents, a lead and an operator, and a browser's worth of cookies for each."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from bot import inbox
from bot.inline import InlineWorker
from bot.wiring import House
from channels.desk import accounts
from tests.support.builders import build_house
from tests.support.fake_channel import inbound

PASSWORD = "zellij-vert-42"
SALMA = "+212661000001"


def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many sign in; the price of one does not matter here."""
    monkeypatch.setattr("channels.desk.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def staffed_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house on SQLite whose desk has its people; closed behind the test."""
    quick_passwords(monkeypatch)
    house = build_house(tmp_path)
    staff(house)
    yield house
    house.close()


class Player:
    """A worker that does its work at once, when it is woken: whatever is queued has left when the request is answered."""

    ready = True

    def __init__(self, house: House) -> None:
        self.inline = InlineWorker(house)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def woken_by(self, arrivals: list[inbox.Arrival]) -> None:
        self.inline.begun.update(a.conversation_id for a in arrivals)
        self.inline.settle()

    def spread(self) -> None:
        self.inline.settle()


class Busy(Player):
    """Plays beside the server's loop, as the real worker does."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._one = threading.Lock()

    def woken_by(self, arrivals: list[inbox.Arrival]) -> None:
        threading.Thread(target=self._play, args=([a.conversation_id for a in arrivals],), daemon=True).start()

    def spread(self) -> None:
        self._play([])

    def _play(self, talks: list[int]) -> None:
        with self._one:
            self.inline.begun.update(talks)
            self.inline.settle()


class Agent:
    """Somebody at the desk, signed in, as their browser would be."""

    def __init__(self, client: TestClient) -> None:
        self.http = client

    @property
    def csrf(self) -> str:
        found = re.search(r'(?:data-csrf|name="csrf" value)="([^"]+)"', self.http.get("/desk").text)
        return found[1] if found else ""

    def page(self, talk: int) -> str:
        return self.http.get(f"/desk/c/{talk}").text

    def post(self, path: str, csrf: str | None = None, **body: Any) -> Any:
        return self.http.post(f"/api/desk/{path}", json=body, headers={"X-CSRF": self.csrf if csrf is None else csrf})

    def take(self, talk: int, **body: Any) -> Any:
        return self.post(f"c/{talk}/take", **body)

    def reply(self, talk: int, text: str, key: str = "k1", **rest: Any) -> Any:
        return self.post(f"c/{talk}/reply", text=text, key=key, **rest)


def staff(house: House) -> None:
    for login, role in (("karima", "agent"), ("youssef", "agent"), ("lalla", "lead"), ("omar", "operator")):
        accounts.add(house.db, house.clock.now(), login, PASSWORD, role)


def sign_in(app: Any, login: str, password: str = PASSWORD) -> Agent:
    client = TestClient(app, follow_redirects=True, raise_server_exceptions=False)
    client.post("/desk/sign-in", data={"login": login, "password": password})
    return Agent(client)


def says(house: House, text: str, number: int, *, sender: str = SALMA, channel: str = "whatsapp") -> int:
    """A client writes; the conversation's number."""
    [arrival] = inbox.accept(house, [inbound(f"m{number}", text, sender=sender, channel=channel)])
    worker = InlineWorker(house)
    worker.begun.add(arrival.conversation_id)
    worker.settle()
    return arrival.conversation_id
