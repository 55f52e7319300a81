"""What the spine would be to a channel: takes messages and statuses, or is down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channels.base import InboundMessage, StatusUpdate, StoreUnavailable


class Taker:
    def __init__(self) -> None:
        self.taken: list[InboundMessage] = []
        self.statuses: list[StatusUpdate] = []
        self.down = False

    async def accept(self, messages: Sequence[InboundMessage]) -> None:
        if self.down:
            raise StoreUnavailable
        self.taken += messages

    async def on_status(self, updates: Sequence[StatusUpdate]) -> None:
        if self.down:
            raise StoreUnavailable
        self.statuses += updates

    @property
    def stored(self) -> list[Any]:
        return [*self.taken, *self.statuses]
