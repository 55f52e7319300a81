"""SMS through Vonage, instead of Twilio's: to the rest of the house both are `sms`."""

from __future__ import annotations

import logging
from datetime import datetime

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from channels.base import Accept, Capabilities, OnStatus, OutMessage, SendResult
from channels.evidence import Evidence
from channels.pace import Limit, Pace
from channels.vonage import docs, inbound
from channels.vonage.api import Api, Uncertain
from channels.vonage.settings import INBOUND_PATH, STATUS_PATH, VonageSettings
from channels.vonage.webhook import signed_fields
from channels.webhook import Refused, handed_on
from domain.engagement.sms import is_gsm7, to_gsm7

log = logging.getLogger(__name__)

#: An account's usual throughput, 30 a second; to one person a handful in a row, then one a second.
OVERALL, EACH = Limit(30, 1 / 30), Limit(5, 1)


class VonageSms:
    name = "sms"
    capabilities = Capabilities(max_text=1530)

    def __init__(self, settings: VonageSettings, pace: Pace | None = None) -> None:
        self.settings = settings
        self._api = Api(settings)
        self._pace = pace or Pace(OVERALL, EACH)
        self._evidence = Evidence()

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        router = APIRouter(tags=["channels"])

        @router.post(INBOUND_PATH, name="vonage_sms", response_class=Response, **docs.MESSAGE)
        async def receive(request: Request) -> Response:
            """One message of one person, or one part of a long one, signed by Vonage. The reply goes out by itself."""
            try:
                message = inbound.message(await signed_fields(request, self.settings))
            except Refused as refused:
                return refused.response()
            problem = await handed_on([message] if message else [], accept)
            return problem or JSONResponse({"taken": int(message is not None)})

        @router.post(STATUS_PATH, name="vonage_status", response_class=Response, **docs.STATUS)
        async def report(request: Request) -> Response:
            """What became of a message we sent, signed by Vonage. May come in any order, more than once."""
            try:
                update = inbound.status(await signed_fields(request, self.settings))
            except Refused as refused:
                return refused.response()
            found = [update] if update else []
            self._evidence.note(found)
            return await handed_on(found, on_status) or JSONResponse({"taken": len(found)})

        return router

    def wait(self, to: str) -> float:
        return self._pace.look(to)

    def send(self, message: OutMessage) -> SendResult:
        if wait := self._pace.hold(message.to):
            return SendResult("failed", error="too fast for the provider", retry=True, wait_seconds=wait)
        text = to_gsm7(message.text)
        try:
            result = self._api.send(message.to, text, message.id, unicode=not is_gsm7(text))
        except Uncertain as error:
            # it may have left: a second copy is worse than waiting for a receipt that names it
            found = self._evidence.wait(message.id, self.settings.evidence_seconds)
            result = SendResult("sent", provider_id=found) if found else SendResult("failed", error=str(error), retry=True, unknown=True)
        if result.status == "failed":
            log.warning("vonage sms: message %s: %s%s", message.id, result.error, " (again later)" if result.retry else "")
        return result

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        """A receipt with our id says that it left; else Vonage's own records of this person's messages do. Raises httpx.HTTPError."""
        if found := self._evidence.wait(message.id, self.settings.evidence_seconds):
            return found
        try:
            return self._api.find(message.to, message.id, since)
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (401, 402, 403, 404):
                raise
            log.warning("vonage sms: no access to the account's records (%s): receipts alone say what left", error.response.status_code)
            return None
