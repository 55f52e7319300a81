"""Remembers which of our messages a provider has spoken of: a sign that one left when the answer to sending it was lost."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from channels.base import StatusUpdate

MOST = 10_000


class Evidence:
    """Our message id -> the provider's, as statuses bring them to this process. (Those that reach another process are in the store.)"""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, str] = OrderedDict()
        self._failed: OrderedDict[str, None] = OrderedDict()  # the provider's ids of attempts that came to nothing
        self._news = threading.Condition()

    def note(self, updates: Iterable[StatusUpdate]) -> None:
        with self._news:
            for update in updates:
                if update.status == "failed":
                    self._failed[update.provider_id] = None
                elif update.message_id:
                    self._seen[update.message_id] = update.provider_id
            for memory in (self._seen, self._failed):
                while len(memory) > MOST:
                    memory.popitem(last=False)
            self._news.notify_all()

    def wait(self, message_id: str, seconds: float) -> str | None:
        """The provider's id of our message, as soon as a status names it, within `seconds`; else None."""
        with self._news:
            self._news.wait_for(lambda: self._left(message_id) is not None, seconds)
            return self._left(message_id)

    def _left(self, message_id: str) -> str | None:
        found = self._seen.get(message_id)
        return None if found in self._failed else found
