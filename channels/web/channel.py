"""The web channel: a worker thread hands it a message, the visitor's open pages show it, closed ones find it later."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, WebSocket

from channels.base import Accept, Media, MediaRefused, OnStatus, OutMessage, SendResult
from channels.web import pages, photos, wire
from channels.web.door import Door
from channels.web.history import CAPABILITIES, History, RecentSms
from channels.web.hub import Hub
from channels.web.settings import WebSettings
from channels.web.socket import Sockets, provider_id


class WebChat:
    """`history` answers a page that comes back, `kept` keeps visitors' photos.

    `recent_sms`, in a demonstration, fills the technicians' phones; None: no /demo.
    """

    name = "web"
    capabilities = CAPABILITIES

    def __init__(self, settings: WebSettings, history: History, kept: photos.Photos, recent_sms: RecentSms | None = None) -> None:
        self._settings, self._photos, self._recent_sms = settings, kept, recent_sms
        self._hub, self._door = Hub(settings.sockets_per_session), Door(settings)
        self._sockets = Sockets(settings, history, self._hub, self._door, kept)
        self.max_bodies = {photos.PATH: settings.max_photo}

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        router = APIRouter()
        router.include_router(pages.routes(self._recent_sms, self._settings.sites))
        router.include_router(photos.routes(self._door, self._photos, self._settings))

        @router.websocket("/chat/ws")
        async def chat_socket(socket: WebSocket) -> None:
            await self._sockets.serve(socket, accept, on_status)

        return router

    def send(self, message: OutMessage) -> SendResult:
        """Pushes to the open pages of the session. With none open it counts as sent too: the page reads it when it comes back."""
        self._hub.push(message.to, wire.outbound(message, datetime.now(UTC)))
        return SendResult("sent", provider_id=provider_id(message.id))

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        """Never: sending it again does no harm, pages show each message id once."""
        return None

    def fetch(self, url: str, most_bytes: int, within_seconds: float) -> Media:
        """A visitor's photo. Raises MediaRefused."""
        found = self._photos.read(url)
        if found is None:
            raise MediaRefused("gone")
        if len(found.content) > most_bytes:
            raise MediaRefused("too_large")
        return found

    def forget(self, url: str) -> None:
        self._photos.forget(url)
