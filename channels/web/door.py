"""Who may speak to the chat: pages of our own address and of sites we were told of, each with its own session."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from channels.web.session import Sessions
from channels.web.settings import WebSettings


class Door:
    def __init__(self, settings: WebSettings) -> None:
        self._ours, self._sites = urlsplit(settings.public_url).netloc, settings.sites
        self.sessions = Sessions(settings.secret, settings.session_days)

    def open_to(self, headers: Mapping[str, str]) -> bool:
        """A browser names the page it comes from: only our own pages, or those we were told of."""
        origin = headers.get("origin")
        if origin is None:  # not a browser, so no other site's page misuses a visitor
            return True
        return urlsplit(origin).netloc in {self._ours, headers.get("host", "")} - {""} or origin.rstrip("/") in self._sites
