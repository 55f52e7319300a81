"""Takes Chatwoot's webhooks in, finds the conversations where something is to be done, and does it: one step at a time per conversation."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from bot.chatwoot import due, inward, outward
from bot.inbox import STORE_DOWN, clean
from channels.base import StoreUnavailable
from channels.chatwoot import Api, ChatwootSettings, Event, docs, inbound
from channels.chatwoot.settings import WEBHOOK_PATH
from channels.chatwoot.webhook import body_at, signed_body
from channels.webhook import Refused, handed_on, json_object
from domain.store.chatwoot_tables import ChatwootEvent
from domain.store.sql import insert_new
from domain.store.tables import Conversation

if TYPE_CHECKING:
    from bot.wiring import House

log = logging.getLogger(__name__)

ROUNDS = 20  # of work caused by work; what is left then waits for the next look


class Bridge:
    """One Chatwoot inbox. Nothing here may run twice at once for one conversation: the worker's queue sees to that."""

    def __init__(self, house: House, settings: ChatwootSettings) -> None:
        self.house, self.settings = house, settings
        self.api = Api(settings)

    def routes(self, wake: Callable[[Sequence[int]], None]) -> APIRouter:
        """The webhook. It verifies, reads and writes down; `wake` is told which conversations have something new."""
        router = APIRouter(tags=["channels"])

        async def take(events: Sequence[Event]) -> None:
            wake(await run_in_threadpool(self.keep, events))

        async def answer(reading: Awaitable[bytes]) -> Response:
            try:
                raw = await reading
                found = inbound.event(json_object(raw), raw, self.settings, self.house.market.secret)
            except Refused as refused:
                return refused.response()
            return await handed_on([found] if found else [], take) or JSONResponse({"taken": int(found is not None)})

        @router.post(WEBHOOK_PATH, name="chatwoot", response_class=Response, **docs.SIGNED)
        async def receive(request: Request) -> Response:
            """What somebody did in Chatwoot, signed with the inbox's secret."""
            return await answer(signed_body(request, self.settings))

        @router.post(WEBHOOK_PATH + "/{secret}", name="chatwoot_by_address", response_class=Response, **docs.BY_ADDRESS)
        async def receive_at(request: Request, secret: str) -> Response:
            """The same from a Chatwoot that does not sign: the address itself is the secret."""
            return await answer(body_at(request, secret, self.settings))

        return router

    def keep(self, events: Sequence[Event]) -> list[int]:
        """Writes each event down once; the conversations of those that were new. Raises StoreUnavailable."""
        new = []
        try:
            with self.house.db.transaction() as session:
                for event in events:
                    if session.scalar(select(Conversation.id).where(Conversation.id == event.conversation_id)) is None:
                        continue
                    row = {"conversation_id": event.conversation_id, "remote_id": event.remote_id, "kind": event.kind, "at": event.at}
                    now = self.house.clock.now()
                    if insert_new(session, ChatwootEvent, ["key"], key=event.key, body=clean(event.body), received_at=now, **row):
                        new.append(event.conversation_id)
        except STORE_DOWN as error:
            raise StoreUnavailable("the store cannot be written") from error
        return new

    def due(self) -> list[int]:
        """Conversations where something is to be done now."""
        with self.house.db.reading() as session:
            return due.conversations(session, self.house.clock.now())

    def step(self, conversation_id: int, spread: Callable[[], None]) -> None:
        """Does what agents asked for in one conversation, then tells Chatwoot what is new. Safe to repeat after a crash at any point."""
        inward.obey(self, conversation_id, spread)
        outward.tell(self, conversation_id)

    def settle(self, spread: Callable[[], None] = lambda: None) -> None:
        """Steps until nothing is left to do now; what cannot be told now waits for its time."""
        for _ in range(ROUNDS):
            if not (found := self.due()):
                return
            for conversation_id in found:
                self.step(conversation_id, spread)
