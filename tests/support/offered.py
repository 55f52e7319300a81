"""A house in which one job is being offered to a technician."""

from __future__ import annotations

from pathlib import Path

from bot.inline import InlineWorker
from bot.wiring import House
from tests.support.builders import add_technicians, build_house
from tests.support.crashing_server import BookingAgent
from tests.support.fake_channel import inbound


def offered_house(folder: Path) -> House:
    """A client has asked and said yes; the offer's SMS has left. Close it when done."""
    house = build_house(folder, agent=BookingAgent())
    add_technicians(house.settings.store_url)
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "book")])
    worker.deliver([inbound("m2", "yes")])
    return house
