"""What every signed webhook begins with: a body of bounded size, read once, and a refusal that names what is wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from channels.base import StoreUnavailable

log = logging.getLogger(__name__)

CODES = {403: "bad_signature", 413: "body_too_large", 415: "unsupported_media_type"}


class Refused(Exception):
    """The request is answered with `status` and the name of the field that is wrong; nothing is stored."""

    def __init__(self, status: int, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.status, self.field, self.problem = status, field, problem

    def response(self) -> Response:
        error = CODES.get(self.status, "malformed")
        return JSONResponse({"error": error, "fields": [{"field": self.field, "problem": self.problem}]}, self.status)


_REFUSAL = {
    "type": "object",
    "properties": {
        "error": {"type": "string"},
        "fields": {"type": "array", "items": {"type": "object", "properties": {"field": {"type": "string"}, "problem": {"type": "string"}}}},
    },
}


def refusals(texts: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """What the API page says of `Refused` answers: status -> why."""
    return {code: {"description": text, "content": {"application/json": {"schema": _REFUSAL}}} for code, text in texts.items()}


async def body_of(request: Request, most_bytes: int) -> bytes:
    """The raw body. Raises Refused(413), by its declared length or as it comes in."""
    too_large = Refused(413, "body", f"is larger than {most_bytes} bytes")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most_bytes:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise too_large
    return bytes(body)


def json_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises Refused(400)."""
    try:
        value: Any = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(400, "body", "is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Refused(400, "body", "must be a JSON object")
    return value


def form_pairs(body: bytes, most: int = 300) -> list[tuple[str, Any]]:
    """The fields of a form, at most so many. Raises Refused(400)."""
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError:  # not ASCII, not UTF-8 inside the escapes, or too many fields
        raise Refused(400, "body", "is not a form in UTF-8") from None


async def handed_on(items: Sequence[Any], take: Callable[[Sequence[Any]], Awaitable[None]]) -> Response | None:
    """Hands what was read to the house; the answer 503 where it cannot be written down, None when all is well."""
    if items:
        try:
            await take(items)
        except StoreUnavailable:
            return JSONResponse({"error": "store_unavailable", "detail": "try again soon"}, 503, headers={"Retry-After": "5"})
    return None


def part(value: Any, name: str) -> dict[str, Any]:
    """The object under `name`, empty where there is none or something else."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def parts(value: Any, name: str) -> list[dict[str, Any]]:
    """The objects in the list under `name`; what is no object is left out."""
    found = value.get(name) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def word(value: Any, name: str, most: int = 500) -> str:
    """The text under `name`, cut at `most` characters; empty where there is none or something else."""
    found = value.get(name) if isinstance(value, dict) else None
    return found[:most] if isinstance(found, str) else ""


def degrees(value: Any, name: str, most: float) -> float | None:
    """A number of degrees from -most to most; None for anything else."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not -most <= found <= most:  # also refuses nan
        return None
    return float(found)
