"""Builds the stage of one scenario: a fresh copy of the world, a clock that stands still, channels that only record."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from bot import wiring
from bot.settings import Settings
from bot.wiring import House, Later
from channels.base import Accept, Capabilities, Channel, OnStatus, OutMessage, SendResult
from domain.clock import SettableClock
from domain.rules import MarketRules
from domain.store.database import Database
from domain.store.migrate import migrate
from domain.store.world import apply_given, load_world
from evals.redteam import brains as _brains  # noqa: F401  (the models `scripted:hostile` and `scripted:weak`)
from evals.scenario import Scenario, ScenarioError

WORLDS = Path(__file__).parent / "worlds"

CAPABILITIES = {
    "whatsapp": Capabilities(max_text=1024, buttons=3, list_rows=10, session_hours=24, templates=True),
    "sms": Capabilities(max_text=1600),
    "telegram": Capabilities(max_text=4096, buttons=8),
    "web": Capabilities(max_text=4096, buttons=8, list_rows=10, verified_sender=False),
}


@dataclass
class RecordingChannel:
    """Sends nothing; remembers everything, as a provider does that is asked after a crash."""

    name: str
    capabilities: Capabilities

    def __post_init__(self) -> None:
        self.sent: list[OutMessage] = []

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        return APIRouter()

    def send(self, message: OutMessage) -> SendResult:
        self.sent.append(message)
        return SendResult("sent", provider_id=f"{self.name}-{message.id}")

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        return f"{self.name}-{message.id}" if any(m.id == message.id for m in self.sent) else None


def world_file(name: str) -> Path:
    path = WORLDS / f"{name}.yaml"
    if not path.exists():
        raise ScenarioError(f"world {name!r} is not there; add {path.relative_to(WORLDS.parent.parent)}")
    return path


@cache
def _template(world: Path, now: datetime) -> Path:
    """A migrated store with the world in it, made once per process; each scenario plays on a copy."""
    path = _folder() / f"{world.stem}-{now:%Y%m%dT%H%M%S}.db"
    shutil.copy(_empty(), path)
    db = Database(f"sqlite:///{path}")
    with db.transaction() as session:
        load_world(session, world, now)
    db.close()  # the last connection writes the WAL back: the file alone is the store
    return path


@cache
def _empty() -> Path:
    """A migrated store with nothing in it: each world and clock starts from a copy."""
    path = _folder() / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="bricol-world-")
    Finalize(None, shutil.rmtree, args=(folder,), kwargs={"ignore_errors": True}, exitpriority=1)  # atexit does not run in pool processes
    return Path(folder)


@cache
def rules(world: Path) -> MarketRules:
    """The rules of a world, read once per process: its file is long, and every conversation needs them."""
    return wiring.world_rules(world)


@cache
def understander() -> Any:
    from bot.brain.understanding import load

    return load()


@cache
def knowledge() -> Any:
    import retrieval

    return retrieval.load()


def build(scenario: Scenario, folder: Path, model: str) -> House:
    """The house of one scenario in `folder`, its `given` rows applied, its clock at `now`."""
    clock = SettableClock(scenario.now)
    world = world_file(scenario.world)
    shutil.copy(_template(world, clock.now()), folder / "bricol.db")
    settings = Settings(_env_file=None, data_dir=folder, model=model, burst_seconds=0, database_url=f"sqlite:///{folder / 'bricol.db'}", world=world)  # type: ignore[call-arg]
    channels: dict[str, Channel] = {name: RecordingChannel(name, what) for name, what in CAPABILITIES.items()}
    house = wiring.build(settings, clock=clock, channels=channels, knowledge=knowledge(), rules=rules(world))
    house.late_understander = Later(understander)
    house.late_agent = Later(lambda: wiring._agent(settings, house.market, understander()))
    with house.db.transaction() as session:
        apply_given(session, scenario.given, clock.now(), writer=(scenario.channel, sender(scenario)))
    return house


def sender(scenario: Scenario) -> str:
    """Who writes, as the channel names them: a phone, or on web chat a session."""
    return f"web-{scenario.phone[1:]}" if scenario.channel == "web" else scenario.phone
