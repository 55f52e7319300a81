"""Downloads what a person sent from a provider's store: never more than asked for, never longer, and no password to a third party."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from channels.base import Media, MediaRefused

REDIRECTS = 3  # a provider hands media over to a store of its own, once
CHUNK = 64 * 1024


def download(
    url: str,
    most_bytes: int,
    until: float,
    *,
    may_follow: Callable[[str], bool],
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Media:
    """The media at `url`, before `until` (time.monotonic). `auth` and `headers` go to that address only. Raises MediaRefused."""
    here = url
    try:
        for _ in range(REDIRECTS + 1):
            left = until - time.monotonic()
            if left <= 0:
                raise MediaRefused("slow", retry=True)
            first = here == url
            # what is compressed may grow beyond any limit
            asked = {**(headers or {} if first else {}), "Accept-Encoding": "identity"}
            with requests.get(here, auth=auth if first else None, headers=asked, timeout=left, stream=True, allow_redirects=False) as answer:
                if answer.is_redirect:
                    here = urljoin(here, answer.headers["location"])
                    if not may_follow(here):
                        raise MediaRefused("refused")
                    continue
                return _read(answer, most_bytes, until)
    except (requests.Timeout, ReadTimeoutError):
        raise MediaRefused("slow", retry=True) from None
    except (requests.RequestException, HTTPError):
        raise MediaRefused("unreachable", retry=True) from None
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
