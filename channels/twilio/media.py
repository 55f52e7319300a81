"""Fetches what a person sent beside words from Twilio, with the account's own password and never more than asked for."""

from __future__ import annotations

import logging
import time
from urllib.parse import urlsplit

import requests

from channels.base import Media, MediaRefused
from channels.download import download
from channels.twilio.settings import TwilioSettings

log = logging.getLogger(__name__)

HOSTS = (".twilio.com", ".twiliocdn.com")


def fetch(settings: TwilioSettings, url: str, most_bytes: int, within_seconds: float) -> Media:
    """The media at one of Twilio's addresses. Raises MediaRefused."""
    until = time.monotonic() + within_seconds
    here = address(settings, url)
    # the password goes to the first address only: where media is kept, its signed address is enough
    auth = (settings.account_sid, settings.auth_token)
    return download(here, most_bytes, until, auth=auth, may_follow=lambda target: _secret(settings, target))


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


def _secret(settings: TwilioSettings, url: str) -> bool:
    """Whether nobody on the way reads along: https, or the provider of the tests."""
    parts, same = urlsplit(url), urlsplit(settings.base_url)
    return parts.scheme == "https" or (bool(settings.base_url) and (parts.scheme, parts.netloc) == (same.scheme, same.netloc))
