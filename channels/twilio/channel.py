"""The two Twilio channels: WhatsApp with buttons and lists, SMS in plain words."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

import requests
from fastapi import APIRouter, Request, Response
from twilio.base.exceptions import TwilioException, TwilioRestException

from channels.base import Accept, Capabilities, Media, OnStatus, OutMessage, SendResult, StoreUnavailable
from channels.twilio import inbound, media
from channels.twilio.api import FINAL, PASSING, client, failure
from channels.twilio.content import Contents, shape
from channels.twilio.docs import MESSAGE_DOCS, STATUS_DOCS, Docs
from channels.twilio.settings import STATUS_PATH, TwilioSettings
from channels.twilio.webhook import empty_twiml, signed_params
from channels.webhook import Refused
from domain.engagement.render import numbered
from domain.engagement.reply import Option, locale_of
from domain.engagement.sms import to_gsm7
from prompts import replies

log = logging.getLogger(__name__)

LOOK_BACK = 50  # messages to one person read when we ask whether one of ours left
FAILURES = (TwilioException, requests.RequestException)
NEVER_LEFT = ("failed", "undelivered", "canceled")


class _Twilio:
    """What WhatsApp and SMS share: routes, sending, and finding what was sent."""

    name: str
    capabilities: Capabilities

    def __init__(self, settings: TwilioSettings) -> None:
        self.settings = settings
        self._client = client(settings)

    @property
    def _reports_statuses(self) -> bool:
        """Both channels get their statuses at one address: the first that is configured declares it."""
        raise NotImplementedError

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        router = APIRouter(tags=["channels"])

        @router.post(f"/channels/twilio/{self.name}", **_documented(MESSAGE_DOCS), name=f"twilio_{self.name}")
        async def receive(request: Request) -> Response:
            """One message of one person, signed by Twilio. Answered at once with empty TwiML; the reply goes out by itself."""
            try:
                message = inbound.message(await signed_params(request, self.settings), self.name)
            except Refused as refused:
                return refused.response()
            return await _taken([message] if message else [], accept)

        if self._reports_statuses:

            @router.post(STATUS_PATH, **_documented(STATUS_DOCS), name="twilio_status")
            async def report(request: Request) -> Response:
                """What became of a message we sent, signed by Twilio. May come in any order, more than once."""
                try:
                    update = inbound.status(await signed_params(request, self.settings))
                except Refused as refused:
                    return refused.response()
                return await _taken([update] if update else [], on_status)

        return router

    def send(self, message: OutMessage) -> SendResult:
        started = datetime.now(UTC).replace(microsecond=0)
        try:
            return self._sent(self._create(message))
        except requests.Timeout:
            # it may have left: a second copy is worse than asking
            found = self._quietly_find(message, started)
            return SendResult("sent", provider_id=found) if found else SendResult("failed", error="network: timeout", retry=True)
        except FAILURES as error:
            result = failure(error)
            log.warning("twilio %s: message %s: %s%s", self.name, message.id, result.error, " (again later)" if result.retry else "")
            return result

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        """Reads the latest messages to this person; ours has the same words, the same sender and no earlier date."""
        since = since.astimezone(UTC).replace(microsecond=0)  # Twilio's dates have whole seconds
        bodies = {_comparable(body) for body in self._bodies(message)}
        for sent in self._client.messages.list(to=self._to(message), limit=LOOK_BACK):
            created = sent.date_created
            recent = created is None or (created if created.tzinfo else created.replace(tzinfo=UTC)) >= since
            if recent and sent.status not in NEVER_LEFT and sent.direction != "inbound" and _comparable(sent.body or "") in bodies:
                return str(sent.sid)
        return None

    def fetch(self, url: str, most_bytes: int, within_seconds: float) -> Media:
        return media.fetch(self.settings, url, most_bytes, within_seconds)

    def forget(self, url: str) -> None:
        media.forget(self.settings, url)

    def _quietly_find(self, message: OutMessage, since: datetime) -> str | None:
        try:
            return self.find_sent(message, since)
        except FAILURES:
            return None

    def _create(self, message: OutMessage) -> Any:
        if message.template:
            return self._message(message, content_sid=message.template, content_variables=json.dumps(message.variables, ensure_ascii=False))
        body = {"body": said} if (said := self._bodies(message)[0]) else {}
        return self._message(message, **body, **({"media_url": [message.media]} if message.media else {}))

    def _message(self, message: OutMessage, **content: Any) -> Any:
        callback = {"status_callback": self.settings.status_callback} if self.settings.status_callback else {}
        return self._client.messages.create(to=self._to(message), **self._sender(), **callback, **content)

    def _sent(self, created: Any) -> SendResult:
        if created.status in NEVER_LEFT:
            code = created.error_code
            return SendResult("failed", provider_id=created.sid, error=f"{code} {FINAL.get(code, '')}".strip(), retry=code in PASSING)
        return SendResult("sent", provider_id=created.sid)  # handed over; the rest comes by status callback

    def _to(self, message: OutMessage) -> str:
        return message.to

    def _sender(self) -> dict[str, str]:
        raise NotImplementedError

    def _bodies(self, message: OutMessage) -> list[str]:
        """The words as this channel would send them, the usual way first."""
        raise NotImplementedError


class TwilioWhatsApp(_Twilio):
    name = "whatsapp"
    capabilities = Capabilities(max_text=1600, buttons=3, list_rows=10, rich_text=1024, session_hours=24, media=True)

    def __init__(self, settings: TwilioSettings) -> None:
        super().__init__(settings)
        self._contents = Contents(self._client)

    @property
    def _reports_statuses(self) -> bool:
        return True

    def _to(self, message: OutMessage) -> str:
        return f"whatsapp:{message.to}"

    def _sender(self) -> dict[str, str]:
        return {"from_": f"whatsapp:{self.settings.whatsapp_from}"}

    def _bodies(self, message: OutMessage) -> list[str]:
        options = tuple(Option(o["title"], o["payload"], o.get("description", "")) for o in message.options)
        with_numbers = numbered(message.text, options, isolated=True)
        return [with_numbers, message.text] if with_numbers != message.text else [message.text]

    def _create(self, message: OutMessage) -> Any:
        if message.kind not in ("buttons", "list") or not message.options:
            return super()._create(message)
        label = replies.render("channel.list_button", locale_of(message.language, message.script))
        if (wanted := shape(message, label)) is None:
            return super()._create(message)
        try:
            sid = self._contents.sid(wanted)
        except TwilioException as error:  # the words matter more than the buttons
            log.warning("twilio: no content definition for %s (%s), sending numbered text", message.kind, failure(error).error)
            return super()._create(message)
        try:
            return self._message(message, content_sid=sid, content_variables=json.dumps(wanted.variables, ensure_ascii=False))
        except TwilioRestException as error:
            if error.code in FINAL or failure(error).retry:
                raise
            log.warning("twilio: %s refused with %s, sending numbered text", message.kind, error.code)
            self._contents.forget(wanted)
            return super()._create(message)


class TwilioSms(_Twilio):
    name = "sms"
    capabilities = Capabilities(max_text=1600)

    @property
    def _reports_statuses(self) -> bool:
        return not self.settings.whatsapp_from

    def _sender(self) -> dict[str, str]:
        sender = self.settings.sms_from
        return {"messaging_service_sid": sender} if re.fullmatch(r"MG[0-9A-Za-z]{32}", sender) else {"from_": sender}

    def _bodies(self, message: OutMessage) -> list[str]:
        return [to_gsm7(message.text)]


def _comparable(body: str) -> str:
    return " ".join(body.split())


async def _taken(items: list[Any], take: Any) -> Response:
    if items:
        try:
            await take(items)
        except StoreUnavailable:
            return Response(status_code=503, headers={"Retry-After": "5"})
    return empty_twiml()


def _documented(docs: Docs) -> dict[str, Any]:
    return {"response_class": Response, "responses": docs.responses, "openapi_extra": docs.extra}
