"""Fetches what a person sent beside words from Twilio, with the account's own password and never more than asked for."""

from __future__ import annotations

import logging
import time
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from channels.base import Media, MediaRefused
from channels.twilio.settings import TwilioSettings

log = logging.getLogger(__name__)

HOSTS = (".twilio.com", ".twiliocdn.com")
REDIRECTS = 3  # Twilio hands media over to a store of its own, once
CHUNK = 64 * 1024


def fetch(settings: TwilioSettings, url: str, most_bytes: int, within_seconds: float) -> Media:
    """The media at one of Twilio's addresses. Raises MediaRefused."""
    until = time.monotonic() + within_seconds
    here = address(settings, url)
    try:
        for _ in range(REDIRECTS + 1):
            left = until - time.monotonic()
            if left <= 0:
                raise MediaRefused("slow", retry=True)
            # the password goes to the first address only: where media is kept, its signed address is enough
            auth = (settings.account_sid, settings.auth_token) if here == address(settings, url) else None
            plain = {"Accept-Encoding": "identity"}  # what is compressed may grow beyond any limit
            with requests.get(here, auth=auth, headers=plain, timeout=left, stream=True, allow_redirects=False) as answer:
                if answer.is_redirect:
                    here = _next(settings, urljoin(here, answer.headers["location"]))
                    continue
                return _read(answer, most_bytes, until)
    except (requests.Timeout, ReadTimeoutError):
        raise MediaRefused("slow", retry=True) from None
    except (requests.RequestException, HTTPError):
        raise MediaRefused("unreachable", retry=True) from None
    raise MediaRefused("refused")


def forget(settings: TwilioSettings, url: str) -> None:
    """Deletes Twilio's copy. One that stays is told in the log: it goes by Twilio's own retention then."""
    try:
        here = address(settings, url)
        answer = requests.delete(here, auth=(settings.account_sid, settings.auth_token), timeout=settings.timeout_seconds, allow_redirects=False)
        problem = "" if answer.status_code in (200, 204, 404) else str(answer.status_code)
    except (requests.RequestException, MediaRefused) as error:
        problem = type(error).__name__
    if problem:
        log.warning("a voice note could not be deleted at twilio: %s", problem)


def address(settings: TwilioSettings, url: str) -> str:
    """`url` as it is called here. Raises MediaRefused for one that is not Twilio's: our password goes nowhere else."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host.endswith(HOSTS) or parts.port not in (None, 443) or "@" in parts.netloc:
        raise MediaRefused("not_theirs")
    if settings.base_url:
        return settings.base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")
    return url


def _next(settings: TwilioSettings, url: str) -> str:
    parts = urlsplit(url)
    same = urlsplit(settings.base_url)
    if parts.scheme == "https" or (settings.base_url and (parts.scheme, parts.netloc) == (same.scheme, same.netloc)):
        return url
    raise MediaRefused("refused")


def _read(answer: requests.Response, most_bytes: int, until: float) -> Media:
    if answer.status_code != 200:
        # not found: the webhook may be faster than the store it points to
        passing = answer.status_code in (404, 408, 429) or answer.status_code >= 500
        raise MediaRefused("gone" if answer.status_code in (404, 410) else "refused", retry=passing)
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most_bytes:
        raise MediaRefused("too_large")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise MediaRefused("refused")
    content = bytearray()
    # read1 gives what has come: a read that waits for a whole chunk would let a trickle outlast any limit
    while chunk := answer.raw.read1(CHUNK, decode_content=False):
        content += chunk
        if len(content) > most_bytes:
            raise MediaRefused("too_large")
        if time.monotonic() > until:
            raise MediaRefused("slow", retry=True)
    return Media(bytes(content), answer.headers.get("content-type", "").partition(";")[0].strip().lower())
