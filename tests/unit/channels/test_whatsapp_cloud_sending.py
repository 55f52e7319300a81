"""What leaves through the real Meta client, against a Graph API of our own over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.base import MediaRefused, MediaSource, OutMessage, StatusUpdate
from channels.pace import Limit, Pace
from channels.whatsapp_cloud import WhatsAppCloud, WhatsAppCloudSettings
from evals.providers.http import File
from evals.providers.meta import APP_SECRET, PHONE_ID, TOKEN, VERIFY, FakeMeta, running

NO, YES = {"title": "La", "payload": "no", "description": ""}, {"title": "Ah, wakha", "payload": "yes", "description": ""}
ROWS = tuple({"title": f"Technicien {n}", "payload": f"tech:{n}", "description": f"4.{n}" if n > 1 else ""} for n in range(1, 6))


@pytest.fixture
def provider() -> Iterator[FakeMeta]:
    with running() as account:
        yield account


def channel(url: str, **changes: Any) -> WhatsAppCloud:
    values = {"base_url": url, "timeout_seconds": 2, "evidence_seconds": 0.1, **changes}
    return WhatsAppCloud(WhatsAppCloudSettings(PHONE_ID, TOKEN, APP_SECRET, VERIFY, **values))


@pytest.fixture
def whatsapp(provider: FakeMeta) -> WhatsAppCloud:
    return channel(provider.url)


def message(text: str = "Salam!", kind: str = "text", to: str = "+212661000001", **more: Any) -> OutMessage:
    return OutMessage(id="7", channel="whatsapp", to=to, kind=kind, text=text, language="ary", script="latn", **more)  # type: ignore[arg-type]


def test_text_leaves_for_the_person_and_carries_our_own_id(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    result = whatsapp.send(message("السلام، BR-1042"))
    [sent] = provider.sent
    assert (result.status, result.provider_id) == ("sent", sent["id"])
    assert (sent["to"], sent["text"]["body"], sent["biz_opaque_callback_data"]) == ("212661000001", "السلام، BR-1042", "7")


def test_who_has_no_phone_to_show_is_written_to_by_their_own_id(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    assert whatsapp.send(message(to="MA.13491208655302741918")).status == "sent"
    assert (provider.sent[0].get("to"), provider.sent[0]["recipient"]) == (None, "MA.13491208655302741918")


def test_buttons_and_lists_leave_in_their_own_form(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    whatsapp.send(message("Nakked?", "buttons", options=(YES, NO)))
    whatsapp.send(message("Kaynin 5:", "list", options=ROWS))
    buttons, picker = (sent["interactive"] for sent in provider.sent)
    assert [(b["reply"]["title"], b["reply"]["id"]) for b in buttons["action"]["buttons"]] == [("Ah, wakha", "yes"), ("La", "no")]
    assert picker["action"]["button"] == "Khtar"
    [section] = picker["action"]["sections"]
    assert [(r["id"], r.get("description")) for r in section["rows"][:2]] == [("tech:1", None), ("tech:2", "4.2")]


@pytest.mark.parametrize("code", [100, 131008, 131009, 131051])
def test_a_form_meta_refuses_leaves_as_numbered_text(whatsapp: WhatsAppCloud, provider: FakeMeta, code: int) -> None:
    provider.fail(code)
    assert whatsapp.send(message("Nakked?", "buttons", options=(YES, NO))).status == "sent"
    assert provider.sent[0]["text"]["body"].split("\n")[1:] == ["1. Ah, wakha", "2. La"]


def test_an_option_that_means_more_than_meta_carries_leaves_as_numbered_text(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    whatsapp.send(message("Chkoun?", "buttons", options=(YES, {**NO, "payload": "x" * 201})))
    assert provider.sent[0]["type"] == "text"


def test_a_place_and_a_phone_are_asked_for_by_one_tap(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    whatsapp.send(message("Fin nta?", asks="place"))
    whatsapp.send(message("Chno nnemra dyalk?", asks="phone"))  # known: their phone is who they are
    whatsapp.send(message("Chno nnemra dyalk?", asks="phone", to="MA.1"))
    assert [s.get("interactive", {}).get("type") for s in provider.sent] == ["location_request_message", None, "request_contact_info"]


def test_a_request_for_a_place_that_is_refused_leaves_as_text(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    provider.fail(131009)
    assert whatsapp.send(message("Fin nta?", asks="place")).status == "sent"
    assert provider.sent[0]["text"]["body"] == "Fin nta?"


def test_an_approved_template_leaves_with_named_values_and_what_its_buttons_mean(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    more = {"template": "bricol_counter_offer_darija", "variables": {"technician": "Ahmed", "when": "ghedda 10:00"}, "options": (YES, NO)}
    assert whatsapp.send(message("", "template", **more)).status == "sent"
    sent = provider.sent[0]["template"]
    assert (sent["name"], sent["language"]["code"]) == ("bricol_counter_offer_darija", "fr")
    body, yes, no = sent["components"]
    assert [(p["parameter_name"], p["text"]) for p in body["parameters"]] == [("technician", "Ahmed"), ("when", "ghedda 10:00")]
    assert [(b["sub_type"], b["index"], b["parameters"][0]["payload"]) for b in (yes, no)] == [
        ("quick_reply", "0", "yes"),
        ("quick_reply", "1", "no"),
    ]


@pytest.mark.parametrize("code", [131047, 131026, 131030, 131021, 132001, 132012, 132015, 131050, 131062, 131049])
def test_a_refusal_is_final_and_named_without_metas_words(whatsapp: WhatsAppCloud, provider: FakeMeta, code: int) -> None:
    provider.fail(code, error_data={"details": "the person said 0661000001"})
    result = whatsapp.send(message())
    assert (result.status, result.retry) == ("failed", False)
    assert result.error is not None and result.error.startswith(f"{code} ") and "0661" not in result.error


@pytest.mark.parametrize(
    ("code", "status", "wait"),
    [
        (130429, 429, 2),
        (131056, 400, 6),
        (131048, 400, 300),
        (80007, 429, 60),
        (131016, 500, 5),
        (190, 401, 0),
        (10, 403, 0),
        (131031, 403, 0),
        (7777, 503, 0),
    ],
)
def test_what_may_pass_is_tried_again_not_before_meta_wants_it(
    whatsapp: WhatsAppCloud, provider: FakeMeta, code: int, status: int, wait: float
) -> None:
    provider.fail(code, status)
    result = whatsapp.send(message())
    assert (result.status, result.retry, result.wait_seconds) == ("failed", True, wait)
    assert whatsapp.send(message()).status == "sent"


def test_a_provider_that_cannot_be_reached_is_tried_again() -> None:
    assert channel("http://127.0.0.1:9", timeout_seconds=1).send(message()).retry


def test_one_person_is_not_written_to_faster_than_meta_allows(provider: FakeMeta) -> None:
    now = [0.0]
    slow = WhatsAppCloud(
        WhatsAppCloudSettings(PHONE_ID, TOKEN, APP_SECRET, VERIFY, base_url=provider.url),
        Pace(Limit(80, 1 / 80), Limit(2, 6), lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds)),
    )
    results = [slow.send(message()) for _ in range(3)]
    assert [(r.status, r.retry, r.wait_seconds) for r in results] == [("sent", False, 0), ("sent", False, 0), ("failed", True, 6)]
    assert slow.send(message(to="+212661000002")).status == "sent"
    now[0] += 6
    assert slow.send(message()).status == "sent"


def test_a_message_whose_answer_was_lost_counts_as_sent_once_a_status_names_it(provider: FakeMeta) -> None:
    whatsapp = channel(provider.url, timeout_seconds=0.3, evidence_seconds=5)
    provider.fail(0, hang=True)
    whatsapp._evidence.note([StatusUpdate("wamid.0001", "sent", message_id="7")])
    result = whatsapp.send(message())
    assert (result.status, result.provider_id, len(provider.sent)) == ("sent", "wamid.0001", 1)
    assert whatsapp.find_sent(message(), datetime.now(UTC)) == "wamid.0001"


def test_without_such_a_status_it_is_tried_again_and_a_failed_attempt_is_no_sign(provider: FakeMeta) -> None:
    whatsapp = channel(provider.url, timeout_seconds=0.3)
    failed, late = StatusUpdate("wamid.1", "failed", message_id="7", retry=True), StatusUpdate("wamid.1", "sent", message_id="7")
    for order in ((failed, late), (late, failed)):
        whatsapp._evidence.note(order)
        provider.fail(0, hang=True)
        assert whatsapp.send(message()).retry
    assert whatsapp.find_sent(message(), datetime.now(UTC)) is None


def test_an_answer_that_cannot_be_read_is_uncertain_not_an_error(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    provider.faults += _unreadable()
    for _ in range(len(_unreadable())):
        assert whatsapp.send(message()).retry


def _unreadable() -> list[Any]:
    from evals.providers.http import Fault

    return [Fault(200, b"<html>"), Fault(200, {}), Fault(200, {"messages": []}), Fault(502, b"bad gateway"), Fault(500, {"error": "x"})]  # type: ignore[arg-type]


# --- media ------------------------------------------------------------------------------------------------------------

URL = "whatsapp:27548594"


def refusal(whatsapp: WhatsAppCloud, url: str = URL, most: int = 1000, seconds: float = 5) -> MediaRefused:
    with pytest.raises(MediaRefused) as refused:
        whatsapp.fetch(url, most, seconds)
    return refused.value


def test_media_comes_by_its_number_with_metas_word_on_its_type(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    assert isinstance(whatsapp, MediaSource)
    provider.media["27548594"] = File(b"OggS" * 9, "audio/ogg; codecs=opus")
    found = whatsapp.fetch(URL, 1000, 5)
    assert (found.content, found.mime) == (b"OggS" * 9, "audio/ogg")
    whatsapp.forget(URL)
    assert provider.deleted == ["27548594"]
    whatsapp.forget(URL)  # and no error


@pytest.mark.parametrize("url", ["https://evil.example/x", "whatsapp:../../me", "whatsapp:", "", "telegram:1", "whatsapp:１"])
def test_what_is_no_number_of_metas_is_not_asked_for(whatsapp: WhatsAppCloud, provider: FakeMeta, url: str) -> None:
    assert refusal(whatsapp, url).code == "not_theirs"
    assert provider.requests == []


@pytest.mark.parametrize(
    "where",
    ["https://evil.example/x", "https://fbsbx.com.evil.example/x", "https://a@lookaside.fbsbx.com@evil.example/x", "http://x.fbsbx.com/x", "", None],
)
def test_the_token_goes_to_no_address_that_is_not_metas(whatsapp: WhatsAppCloud, provider: FakeMeta, where: Any) -> None:
    provider.media["27548594"] = File(b"x")
    provider.about["27548594"] = {"url": where}
    assert refusal(whatsapp).code == "not_theirs"
    assert provider.tokens == []


@pytest.mark.parametrize("said", [{}, {"file_size": 10}, {"file_size": None}, {"file_size": "?"}], ids=str)
def test_what_is_larger_than_asked_for_is_refused_whatever_size_was_told(whatsapp: WhatsAppCloud, provider: FakeMeta, said: dict[str, Any]) -> None:
    provider.media["27548594"] = File(b"x" * 300_000)
    provider.about["27548594"] = said
    assert refusal(whatsapp, most=100_000).code == "too_large"


def test_media_that_is_not_what_meta_says_it_is_is_refused(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    provider.media["27548594"] = File(b"half of it")
    provider.about["27548594"] = {"sha256": "00" * 32}
    assert (refusal(whatsapp).code, refusal(whatsapp).retry) == ("refused", True)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (File(b"x" * 900, trickles=True), "slow"),
        (File(b"x", missing=1), "gone"),
        (File(b"x", headers={"Content-Encoding": "gzip"}), "refused"),
        (File(moved="https://evil.example/x"), "refused"),
    ],
)
def test_a_store_that_never_gives_is_left(whatsapp: WhatsAppCloud, provider: FakeMeta, file: File, code: str) -> None:
    provider.media["27548594"] = file
    provider.about["27548594"] = {"sha256": None, "file_size": 900}
    assert refusal(whatsapp, seconds=0.5).code == code


def test_media_that_is_gone_unreachable_or_forbidden_says_so(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    assert refusal(whatsapp).code == "gone"
    provider.fail(131016, 503, only="/27548594")
    assert (refusal(whatsapp).code, refusal(channel("http://127.0.0.1:9"), seconds=1).code) == ("refused", "unreachable")
    provider.fail(190, 401, only="/27548594")
    assert refusal(whatsapp).retry is False


def test_a_photo_leaves_with_its_words_and_as_a_link_where_it_is_refused(whatsapp: WhatsAppCloud, provider: FakeMeta) -> None:
    whatsapp.send(message("Voici la pièce", media="https://bricol.example.ma/media/1"))
    whatsapp.send(message("Voici la pièce", media="http://localhost/media/1"))
    photo, words = provider.sent
    assert (photo["image"]["link"], photo["image"]["caption"]) == ("https://bricol.example.ma/media/1", "Voici la pièce")
    assert photo["biz_opaque_callback_data"] == "7"
    assert words["text"]["body"] == "Voici la pièce\nhttp://localhost/media/1"
