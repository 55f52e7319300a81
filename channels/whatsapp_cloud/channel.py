"""WhatsApp by Meta's Cloud API: text, buttons, lists, a request for a place, approved templates; statuses by webhook."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pywa.types import Button, Section, SectionList, SectionRow
from pywa.types.templates import TemplateLanguage

from channels.base import Accept, Capabilities, Media, OnStatus, OutMessage, SendResult
from channels.evidence import Evidence
from channels.pace import Limit, Pace
from channels.webhook import Refused, handed_on
from channels.whatsapp_cloud import docs, inbound, media
from channels.whatsapp_cloud.api import SHAPE, Uncertain, client, failure
from channels.whatsapp_cloud.settings import PATH, WhatsAppCloudSettings
from channels.whatsapp_cloud.webhook import MAX_BODY, challenge, signed_object
from domain.engagement.render import numbered
from domain.engagement.reply import Option, locale_of
from prompts import approved, replies

log = logging.getLogger(__name__)

#: Meta's own limits: 80 messages a second from one number; to one person one every 6 seconds, after a burst of 45.
OVERALL, EACH = Limit(80, 1 / 80), Limit(45, 6)
LONGEST_ID = 200  # characters of a row's or button's payload


class WhatsAppCloud:
    """Takes the place of Twilio's WhatsApp: to the rest of the house both are `whatsapp`."""

    name = "whatsapp"
    capabilities = Capabilities(max_text=4096, buttons=3, list_rows=10, rich_text=1024, session_hours=24, media=True, templates=True)
    max_bodies = {PATH: MAX_BODY}  # noqa: RUF012

    def __init__(self, settings: WhatsAppCloudSettings, pace: Pace | None = None) -> None:
        self.settings = settings
        self._client = client(settings)
        self._pace = pace or Pace(OVERALL, EACH)
        self._evidence = Evidence()

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        router = APIRouter(tags=["channels"])

        @router.get(PATH, name="whatsapp_verify", response_class=Response, **docs.CHALLENGE)
        def verify(request: Request) -> Response:
            """Meta asks once whether this address is ours."""
            try:
                return challenge(request, self.settings)
            except Refused as refused:
                return refused.response()

        @router.post(PATH, name="whatsapp_updates", response_class=Response, **docs.UPDATES)
        async def receive(request: Request) -> Response:
            """Messages and delivery reports, signed by Meta; any number, in any order, more than once. The reply goes out by itself."""
            try:
                found = inbound.read(await signed_object(request, self.settings), self.settings.phone_id)
            except Refused as refused:
                return refused.response()
            self._evidence.note(found.statuses)
            problem = await handed_on(found.messages, accept) or await handed_on(found.statuses, on_status)
            return problem or JSONResponse({"taken": len(found.messages) + len(found.statuses), "skipped": found.skipped})

        return router

    def wait(self, to: str) -> float:
        return self._pace.look(to)

    def send(self, message: OutMessage) -> SendResult:
        if wait := self._pace.hold(message.to):
            return SendResult("failed", error="too fast for the provider", retry=True, wait_seconds=wait)
        try:
            return self._sent(message)
        except Uncertain as error:
            # it may have left: a second copy is worse than waiting for a status that names it
            found = self._evidence.wait(message.id, self.settings.evidence_seconds)
            return SendResult("sent", provider_id=found) if found else SendResult("failed", error=error.why, retry=True)

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        """Meta keeps no list to ask: a message that left shows itself by a status with our id, and that within seconds."""
        return self._evidence.wait(message.id, self.settings.evidence_seconds)

    def fetch(self, url: str, most_bytes: int, within_seconds: float) -> Media:
        return media.fetch(self._client, self.settings, url, most_bytes, within_seconds)

    def forget(self, url: str) -> None:
        media.forget(self._client, url)

    def _sent(self, message: OutMessage) -> SendResult:
        rich = self._form(message)
        for form in [rich, self._plain] if rich != self._plain else [self._plain]:
            try:
                return SendResult("sent", provider_id=str(form(message).id))
            except Exception as error:
                if form == rich and rich != self._plain and message.kind != "template" and getattr(error, "code", None) in SHAPE:
                    log.warning("whatsapp: %s refused with %s, sending plain text", message.kind, getattr(error, "code", None))
                    continue  # the words matter more than the buttons
                result = failure(error)
                log.warning("whatsapp: message %s: %s%s", message.id, result.error, " (again later)" if result.retry else "")
                return result
        raise AssertionError("unreachable")

    def _form(self, message: OutMessage) -> Callable[[OutMessage], Any]:
        if message.kind == "template":
            return self._template
        if message.media:
            return self._photo
        fits = all(0 < len(o["payload"]) <= LONGEST_ID for o in message.options)
        if message.kind in ("buttons", "list") and message.options and fits:
            return self._choices
        if not message.options and 0 < len(message.text) <= self.capabilities.rich_text:
            if message.asks == "place":
                return self._ask_place
            if message.asks == "phone" and not message.to.startswith("+"):
                return self._ask_phone
        return self._plain

    def _plain(self, message: OutMessage) -> Any:
        text = message.text if message.kind == "text" else numbered(message.text, _options(message), isolated=True)
        text = f"{text}\n{message.media}".strip() if message.media else text
        return self._client.send_message(_to(message), text, tracker=message.id)

    def _photo(self, message: OutMessage) -> Any:
        return self._client.send_image(_to(message), str(message.media), message.text or None, tracker=message.id)

    def _choices(self, message: OutMessage) -> Any:
        buttons: Any = [Button(o["title"], o["payload"]) for o in message.options]
        if message.kind == "list":
            label = replies.render("channel.list_button", locale_of(message.language, message.script))
            rows = [SectionRow(o["title"], o["payload"], o.get("description") or None) for o in message.options]
            buttons = SectionList(label, [Section(label, rows)])
        return self._client.send_message(_to(message), message.text, buttons=buttons, tracker=message.id)

    def _ask_place(self, message: OutMessage) -> Any:
        return self._client.request_location(_to(message), message.text, tracker=message.id)

    def _ask_phone(self, message: OutMessage) -> Any:
        return self._client.request_contact_info(_to(message), message.text, tracker=message.id)

    def _template(self, message: OutMessage) -> Any:
        language = approved.language(locale_of(message.language, message.script))
        body = [{"type": "text", "parameter_name": name, "text": value} for name, value in message.variables.items()]
        components: list[Any] = [{"type": "body", "parameters": body}] if body else []
        for index, option in enumerate(message.options):
            payload = {"type": "payload", "payload": option["payload"]}
            components.append({"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": [payload]})
        return self._client.send_template(
            _to(message), name=message.template, language=TemplateLanguage(language), params=components, tracker=message.id
        )


def _to(message: OutMessage) -> str:
    return message.to.removeprefix("+")


def _options(message: OutMessage) -> tuple[Option, ...]:
    return tuple(Option(o["title"], o["payload"], o.get("description", "")) for o in message.options)
