"""Fetches what a person sent from Meta: first its address and size, then the media itself, checked against Meta's own hash."""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from pywa import WhatsApp
from pywa.errors import WhatsAppError

from channels.base import Media, MediaRefused
from channels.download import download
from channels.whatsapp_cloud.settings import WhatsAppCloudSettings

log = logging.getLogger(__name__)

HOSTS = (".fbsbx.com", ".whatsapp.net", ".facebook.com")


def fetch(client: WhatsApp, settings: WhatsAppCloudSettings, url: str, most_bytes: int, within_seconds: float) -> Media:
    """The media of `whatsapp:<id>`. Raises MediaRefused."""
    until = time.monotonic() + within_seconds
    about = _about(client, _number(url))
    size, mime = about.get("file_size"), about.get("mime_type")
    if isinstance(size, int) and size > most_bytes:
        raise MediaRefused("too_large")
    where = str(about.get("url") or "")
    if not _theirs(settings, where):
        raise MediaRefused("not_theirs")  # our token goes nowhere else
    headers = {"Authorization": f"Bearer {settings.token}", "User-Agent": "bricol"}  # Meta's store refuses some agents
    found = download(where, most_bytes, until, headers=headers, may_follow=lambda target: _theirs(settings, target))
    if not _same(found.content, about.get("sha256")):
        raise MediaRefused("refused", retry=True)
    return Media(found.content, str(mime or found.mime).partition(";")[0].strip().lower())


def forget(client: WhatsApp, url: str) -> None:
    """Deletes Meta's copy. One that stays is told in the log: it goes by Meta's own retention then."""
    try:
        client.delete_media(_number(url))
        return
    except WhatsAppError as error:
        if error.status_code == 404:
            return
        problem = str(error.code)
    except (httpx.HTTPError, MediaRefused, AttributeError, ValueError, KeyError, TypeError) as error:
        problem = type(error).__name__
    log.warning("a voice note could not be deleted at meta: %s", problem)


def _number(url: str) -> str:
    scheme, _, number = url.partition(":")
    if scheme != "whatsapp" or not number.isascii() or not number.isdigit():
        raise MediaRefused("not_theirs")
    return number


def _about(client: WhatsApp, number: str) -> dict[str, Any]:
    try:
        about = client.api.get_media_url(number)
    except httpx.TimeoutException:
        raise MediaRefused("slow", retry=True) from None
    except httpx.HTTPError:
        raise MediaRefused("unreachable", retry=True) from None
    except WhatsAppError as error:
        status = error.status_code or 0
        gone = status in (404, 410) or error.code in (100, 33)
        raise MediaRefused("gone" if gone else "refused", retry=status in (404, 408, 429) or status >= 500) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise MediaRefused("refused", retry=True) from None
    return about if isinstance(about, dict) else {}


def _theirs(settings: WhatsAppCloudSettings, url: str) -> bool:
    parts, same = urlsplit(url), urlsplit(settings.base_url)
    if settings.base_url and (parts.scheme, parts.netloc) == (same.scheme, same.netloc):
        return True
    return parts.scheme == "https" and (parts.hostname or "").endswith(HOSTS) and parts.port in (None, 443) and "@" not in parts.netloc


def _same(content: bytes, told: Any) -> bool:
    """Whether the content has the hash Meta told, in hexadecimal or base64; no hash proves nothing."""
    digest = hashlib.sha256(content).digest()
    return not isinstance(told, str) or not told or told.lower() == digest.hex() or told == base64.b64encode(digest).decode()
