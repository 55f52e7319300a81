"""Names the points between two steps of the spine, so that crash tests can stop the process exactly there."""

from __future__ import annotations

from collections.abc import Callable

#: In the order in which one message passes them.
POINTS = (
    "accepted",  # the inbox row is committed, nobody was woken
    "gathered",  # the burst is chosen and recorded, the turn has not begun
    "loaded",  # history is read, the agent was not asked
    "answered",  # the agent and its tools are done, the turn is not committed
    "committed",  # inbox closed, reply in the outbox, nothing sent
    "claimed",  # the outbox row says `sending`, the provider was not called
    "handed_over",  # the provider has it, the outbox does not know yet
    "recorded",  # the outbox says `sent`
)

_hook: Callable[[str], None] | None = None


def on_reached(hook: Callable[[str], None] | None) -> None:
    """Calls `hook` with the name of each point reached; None takes it away. For tests only."""
    global _hook
    _hook = hook


def reached(point: str) -> None:
    """Does nothing, unless a crash test listens."""
    if _hook is not None:
        _hook(point)
