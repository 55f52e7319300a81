"""A worker that plays nothing: the test plays the turns itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.inbox import Arrival


@dataclass
class Woken:
    """Notes which conversations have something new."""

    begun: set[int] = field(default_factory=set)
    ready = True

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def woken_by(self, arrivals: list[Arrival]) -> None:
        self.begun.update(a.conversation_id for a in arrivals)

    def spread(self) -> None: ...
