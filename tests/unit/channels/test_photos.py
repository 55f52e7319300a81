"""Photos: told by their bytes, and taken in from the chat page."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from channels.base import MediaRefused, MediaSource
from channels.photos import MOST_PIXELS, NotAPhoto, Picture, look
from tests.support.pictures import jpeg_head, png, webp_head
from tests.support.talking_app import Talk
from tests.unit.channels.test_web_socket import Page, settings, silent

SIDES = st.integers(1, 7000)


@given(SIDES, SIDES)
def test_a_picture_is_known_by_its_bytes_with_the_size_it_claims(width: int, height: int) -> None:
    heads = {
        "image/png": [png(1, 1).replace(b"\0\0\0\x01\0\0\0\x01", width.to_bytes(4, "big") + height.to_bytes(4, "big"), 1)],
        "image/jpeg": [jpeg_head(width, height, marker) for marker in (0xC0, 0xC1, 0xC2)],
        "image/webp": [webp_head(kind, width, height) for kind in ("VP8 ", "VP8L", "VP8X")],
    }
    for mime, contents in heads.items():
        for content in contents:
            if width * height > MOST_PIXELS:
                with pytest.raises(NotAPhoto, match="too_many_pixels"):
                    look(content)
            else:
                assert look(content) == Picture(mime, width, height)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"RIFF1234WEBPVP8L", png(3, 3)[:20], jpeg_head(9, 9)[:12]]))
def test_any_bytes_are_a_photo_or_a_refusal_and_never_anything_else(tail: bytes, head: bytes) -> None:
    try:
        assert look(head + tail).width > 0
    except NotAPhoto as no:
        assert no.code in ("not_a_photo", "too_many_pixels")


@pytest.mark.parametrize("content", [b"", b"<html>", b"GIF89a" + b"\0" * 30, b"%PDF-1.7", b"\xff\xd8\xff", png()[:20], jpeg_head(10, 10)[:-12]])
def test_what_is_no_photo_is_refused_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(NotAPhoto, match="not_a_photo"):
        look(content)


# --- taken in --------------------------------------------------------------------------------------------------------


def post(talk: Talk, token: str, key: str, content: bytes, **headers: str) -> Any:
    return TestClient(talk.app).post("/chat/photo", params={"id": key}, content=content, headers={"Authorization": f"Bearer {token}", **headers})


@pytest.fixture
def talk() -> Talk:
    return Talk(silent, settings())


def test_a_photo_comes_before_its_message_and_leads_to_its_bytes(talk: Talk) -> None:
    with Page(talk) as page:
        for _ in range(2):  # a network that repeats itself
            answer = post(talk, page.token, "p1", png(30, 20), **{"Content-Type": "text/html"})
            assert (answer.status_code, answer.json()) == (200, {"mime": "image/png", "width": 30, "height": 20})
            page.say(t="msg", id="p1", kind="photo", text="")
            page.hear("ok")
    [message] = talk.taken
    assert (message.kind, message.payload["mime"]) == ("photo", "image/png")
    assert isinstance(talk.channel, MediaSource)
    assert talk.channel.fetch(message.payload["url"], 10_000, 1).content == png(30, 20)
    with pytest.raises(MediaRefused, match="too_large"):
        talk.channel.fetch(message.payload["url"], 10, 1)
    talk.channel.forget(message.payload["url"])
    with pytest.raises(MediaRefused, match="gone"):
        talk.channel.fetch(message.payload["url"], 10_000, 1)


def test_nobody_sends_a_photo_that_is_anothers_or_not_there(talk: Talk) -> None:
    with Page(talk) as page, Page(talk) as stranger:
        assert post(talk, page.token, "p1", png()).status_code == 200
        for visitor, key in ((stranger, "p1"), (page, "p2")):
            visitor.say(t="msg", id=key, kind="photo")
            refused = visitor.hear("refused")
            assert (refused["id"], refused["field"]) == (key, "photo")
    assert talk.taken == []


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"<svg onload=alert(1)>", {"Content-Type": "image/jpeg"}, 415, "not_a_photo"),
        (jpeg_head(9000, 9000), {}, 415, "too_many_pixels"),
        (png() + b"\0" * 60_000, {}, 413, "too_large"),
        (png(), {"Origin": "https://evil.example"}, 403, "other_site"),
        (png(), {"Authorization": "Bearer forged"}, 401, "session"),
    ],
)
def test_a_bad_upload_is_refused_by_name_and_nothing_is_kept(content: bytes, headers: dict[str, str], status: int, code: str) -> None:
    talk = Talk(silent, settings(max_photo=50_000))
    with Page(talk) as page:
        answer = post(talk, page.token, "p1", content, **headers)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert talk.photos.kept == {}


def test_who_uploads_faster_than_people_do_is_told_when_to_come_back() -> None:
    talk = Talk(silent, settings(photo_burst=2, photos_per_second=0.01))
    with Page(talk) as page:
        answers = [post(talk, page.token, f"p{n}", png(9, 9)) for n in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 10
