"""Media of a person fetched from Twilio, over real HTTP: our password to Twilio alone, never more than asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels.base import MediaRefused, MediaSource
from channels.twilio import TwilioSettings, TwilioSms, TwilioWhatsApp
from evals.providers.twilio import FakeTwilio, MediaFile, running

PATH = "/2010-04-01/Accounts/AC0/Messages/MM1/Media/ME1"
URL = f"https://api.twilio.com{PATH}"


@pytest.fixture
def provider() -> Iterator[FakeTwilio]:
    with running() as account:
        yield account


@pytest.fixture
def whatsapp(provider: FakeTwilio) -> TwilioWhatsApp:
    return TwilioWhatsApp(TwilioSettings("AC" + "0" * 32, "token", whatsapp_from="+212520000000", base_url=provider.url, timeout_seconds=2))


def refusal(channel: TwilioWhatsApp, url: str = URL, most: int = 1000, seconds: float = 5) -> MediaRefused:
    with pytest.raises(MediaRefused) as refused:
        channel.fetch(url, most, seconds)
    return refused.value


def test_both_twilio_channels_are_sources_of_media(provider: FakeTwilio, whatsapp: TwilioWhatsApp) -> None:
    sms = TwilioSms(TwilioSettings("AC" + "0" * 32, "token", sms_from="+15005550006", base_url=provider.url))
    assert isinstance(whatsapp, MediaSource) and isinstance(sms, MediaSource)


def test_media_comes_with_the_providers_word_on_its_type(provider: FakeTwilio, whatsapp: TwilioWhatsApp) -> None:
    provider.media[PATH] = MediaFile(b"OggS" * 9, "audio/ogg; codecs=opus")
    found = whatsapp.fetch(URL, 1000, 5)
    assert (found.content, found.mime) == (b"OggS" * 9, "audio/ogg")


def test_the_password_goes_to_twilio_and_not_to_where_it_sends_us_on(provider: FakeTwilio, whatsapp: TwilioWhatsApp) -> None:
    provider.media[PATH] = MediaFile(b"sound", moved=True)
    assert whatsapp.fetch(URL, 1000, 5).content == b"sound"
    asked = [(path, bool(password)) for path, password in provider.passwords]
    assert asked == [(PATH, True), ("/stored" + PATH, False)]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x", "https://api.twilio.com.evil.example/x", "https://eviltwilio.com/x", "http://api.twilio.com/x",
        "https://api.twilio.com@evil.example/x", "https://user:pw@api.twilio.com/x", "https://api.twilio.com:8443/x", "file:///etc/passwd", "",
    ],
)  # fmt: skip
def test_nothing_is_asked_of_an_address_that_is_not_twilios(provider: FakeTwilio, whatsapp: TwilioWhatsApp, url: str) -> None:
    assert refusal(whatsapp, url).code == "not_theirs"
    assert provider.requests == []


@pytest.mark.parametrize("headers", [{}, {"Content-Length": ""}], ids=["announced", "not announced"])
def test_what_is_larger_than_asked_for_is_refused(provider: FakeTwilio, whatsapp: TwilioWhatsApp, headers: dict[str, str]) -> None:
    provider.media[PATH] = MediaFile(b"x" * 300_000, headers=headers)
    assert refusal(whatsapp, most=100_000).code == "too_large"


def test_a_trickle_ends_at_the_time_allowed(provider: FakeTwilio, whatsapp: TwilioWhatsApp) -> None:
    provider.media[PATH] = MediaFile(b"x" * 900, trickles=True)
    found = refusal(whatsapp, seconds=0.3)
    assert (found.code, found.retry) == ("slow", True)
    assert not provider.answered.is_set(), "it would have gone on"


def test_compressed_media_is_refused_unread(provider: FakeTwilio, whatsapp: TwilioWhatsApp) -> None:
    provider.media[PATH] = MediaFile(b"x" * 10, headers={"Content-Encoding": "gzip"})
    assert refusal(whatsapp).code == "refused"


@pytest.mark.parametrize(("status", "retry"), [(404, True), (503, True), (429, True), (401, False), (403, False)])
def test_a_refusal_says_whether_it_may_pass(provider: FakeTwilio, whatsapp: TwilioWhatsApp, status: int, retry: bool) -> None:
    provider.media[PATH] = MediaFile(b"x")
    provider.fail(status)
    assert refusal(whatsapp).retry is retry


def test_a_redirect_to_plain_http_elsewhere_is_not_followed(provider: FakeTwilio, whatsapp: TwilioWhatsApp, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.media[PATH] = MediaFile(b"x", moved=True)
    monkeypatch.setattr(provider, "url", "http://localhost:1")
    assert refusal(whatsapp).code == "refused"


def test_a_provider_that_does_not_answer_is_unreachable(provider: FakeTwilio) -> None:
    nobody = TwilioWhatsApp(TwilioSettings("AC" + "0" * 32, "token", whatsapp_from="+212520000000", base_url="http://127.0.0.1:9", timeout_seconds=1))
    found = refusal(nobody)
    assert (found.code, found.retry) == ("unreachable", True)
    nobody.forget(URL)  # and no error


def test_forgetting_deletes_the_providers_copy(provider: FakeTwilio, whatsapp: TwilioWhatsApp) -> None:
    provider.media[PATH] = MediaFile(b"x")
    whatsapp.forget(URL)
    assert provider.deleted == [PATH]
