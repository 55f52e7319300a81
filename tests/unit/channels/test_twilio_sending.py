"""What leaves through the real Twilio client, against a provider of our own over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from channels.base import OutMessage
from channels.twilio import TwilioSettings, TwilioSms, TwilioWhatsApp
from evals.providers.twilio import FakeTwilio, running

NO, YES = {"title": "La", "payload": "no", "description": ""}, {"title": "Ah, wakha", "payload": "yes", "description": ""}
ROWS = tuple({"title": f"Technicien {n}", "payload": str(n), "description": f"4.{n}"} for n in range(1, 6))


@pytest.fixture
def provider() -> Iterator[FakeTwilio]:
    with running() as account:
        yield account


def settings(provider: FakeTwilio, **changes: object) -> TwilioSettings:
    values = {"sms_from": "+15005550006", "whatsapp_from": "+212520000000", "public_url": "https://bricol.example.ma", "timeout_seconds": 2}
    return TwilioSettings("AC" + "0" * 32, "token", base_url=provider.url, **{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def whatsapp(provider: FakeTwilio) -> TwilioWhatsApp:
    return TwilioWhatsApp(settings(provider))


@pytest.fixture
def sms(provider: FakeTwilio) -> TwilioSms:
    return TwilioSms(settings(provider))


def message(text: str = "Salam!", kind: str = "text", channel: str = "whatsapp", **more: object) -> OutMessage:
    return OutMessage(id="7", channel=channel, to="+212661000001", kind=kind, text=text, language="ary", script="latn", **more)  # type: ignore[arg-type]


def test_text_leaves_with_sender_person_and_status_address(whatsapp: TwilioWhatsApp, provider: FakeTwilio) -> None:
    result = whatsapp.send(message("السلام، BR-1042"))
    [sent] = provider.messages
    assert (result.status, result.provider_id) == ("sent", sent["sid"])
    assert (sent["to"], sent["from"], sent["body"]) == ("whatsapp:+212661000001", "whatsapp:+212520000000", "السلام، BR-1042")
    assert sent["form"]["StatusCallback"] == "https://bricol.example.ma/channels/twilio/status"


def test_no_status_address_is_given_that_twilio_could_not_reach(provider: FakeTwilio) -> None:
    TwilioSms(settings(provider, public_url="http://localhost:8000")).send(message(channel="sms"))
    assert "StatusCallback" not in provider.messages[0]["form"]


def test_buttons_leave_as_quick_replies_filled_line_by_line(whatsapp: TwilioWhatsApp, provider: FakeTwilio) -> None:
    result = whatsapp.send(message("Ghedda 10:00, Ahmed.\n\nNakked?", "buttons", options=(YES, NO)))
    assert result.status == "sent"
    [content] = provider.contents
    assert set(content["types"]) == {"twilio/quick-reply"}
    assert provider.messages[0]["body"] == "Ghedda 10:00, Ahmed.\n\nNakked?"
    values = json.loads(provider.messages[0]["form"]["ContentVariables"])
    assert [values[a["id"].strip("{}")] for a in content["types"]["twilio/quick-reply"]["actions"]] == ["yes", "no"]


def test_one_definition_serves_every_message_of_its_shape_also_after_a_restart(provider: FakeTwilio) -> None:
    for words in ("Wakha?", "Nakked?"):
        for _ in range(2):
            TwilioWhatsApp(settings(provider)).send(message(words, "buttons", options=(YES, NO)))
    assert (len(provider.contents), len(provider.messages)) == (1, 4)


def test_a_list_leaves_as_a_picker_in_the_persons_words(whatsapp: TwilioWhatsApp, provider: FakeTwilio) -> None:
    whatsapp.send(message("Kaynin 5:", "list", options=ROWS))
    picker = provider.contents[0]["types"]["twilio/list-picker"]
    values = json.loads(provider.messages[0]["form"]["ContentVariables"])
    assert values[picker["button"].strip("{}")] == "Khtar"
    assert [values[i["id"].strip("{}")] for i in picker["items"]] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("where", ["/v1/Content", "Messages.json"])
def test_a_shape_twilio_refuses_leaves_as_numbered_text(whatsapp: TwilioWhatsApp, provider: FakeTwilio, where: str) -> None:
    provider.fail(400, 21656, only=where)
    assert whatsapp.send(message("Nakked?", "buttons", options=(YES, NO))).status == "sent"
    assert [m["body"] for m in provider.messages] == ["Nakked?\n1. Ah, wakha\n2. La"]


def test_an_approved_template_leaves_with_its_variables(whatsapp: TwilioWhatsApp, provider: FakeTwilio) -> None:
    whatsapp.send(message("", "template", template="HX9", variables={"1": "Ahmed"}))
    assert provider.messages[0]["form"]["ContentSid"] == "HX9"
    assert json.loads(provider.messages[0]["form"]["ContentVariables"]) == {"1": "Ahmed"}


@pytest.mark.parametrize(("status", "code"), [(400, 63016), (400, 21610), (400, 21614), (400, 21211), (404, 20404)])
def test_a_refusal_is_final(sms: TwilioSms, provider: FakeTwilio, status: int, code: int) -> None:
    provider.fail(status, code)
    result = sms.send(message(channel="sms"))
    assert (result.status, result.retry) == ("failed", False)
    assert str(code) in (result.error or "")


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (500, 0), (503, 20503), (401, 20003), (400, 21611)])
def test_what_may_pass_is_tried_again(sms: TwilioSms, provider: FakeTwilio, status: int, code: int) -> None:
    provider.fail(status, code)
    result = sms.send(message(channel="sms"))
    assert (result.status, result.retry) == ("failed", True)
    assert sms.send(message(channel="sms")).status == "sent"


def test_a_session_that_closed_is_not_answered_with_numbers_instead(whatsapp: TwilioWhatsApp, provider: FakeTwilio) -> None:
    provider.fail(400, 63016, only="Messages.json")
    result = whatsapp.send(message("Nakked?", "buttons", options=(YES, NO)))
    assert (result.status, result.retry, provider.messages) == ("failed", False, [])


def test_a_provider_that_cannot_be_reached_is_tried_again() -> None:
    dead = TwilioSms(TwilioSettings("AC1", "t", sms_from="+15005550006", base_url="http://127.0.0.1:9", timeout_seconds=1))
    assert dead.send(message(channel="sms")).retry


def test_a_message_that_left_before_the_answer_was_lost_is_not_sent_twice(provider: FakeTwilio) -> None:
    provider.fail(0, hang=True, only="Messages.json")
    result = TwilioSms(settings(provider, timeout_seconds=0.5)).send(message("3ndek khdma", channel="sms"))
    assert (result.status, result.provider_id) == ("sent", provider.messages[0]["sid"])
    assert len(provider.messages) == 1


def test_what_left_is_found_again_by_its_words_and_only_since_then(whatsapp: TwilioWhatsApp, sms: TwilioSms, provider: FakeTwilio) -> None:
    now = datetime.now(UTC)
    plain, buttons = message("Salam!"), message("Nakked?\nGhedda", "buttons", options=(YES, NO))
    text = message("Ça marche, forêt ’ici’", "sms", "sms")
    sent = [whatsapp.send(plain), whatsapp.send(buttons), sms.send(text)]
    found = [whatsapp.find_sent(plain, now), whatsapp.find_sent(buttons, now), sms.find_sent(text, now)]
    assert found == [s.provider_id for s in sent]
    assert whatsapp.find_sent(message("Salam"), now) is None
    assert whatsapp.find_sent(plain, now + timedelta(hours=1)) is None
    provider.messages[0]["status"] = "failed"
    assert whatsapp.find_sent(plain, now) is None


def test_an_sms_is_spelled_in_the_cheap_alphabet_unless_it_is_arabic(sms: TwilioSms, provider: FakeTwilio) -> None:
    sms.send(message("Ça va être prêt, garçon’", "sms", "sms"))
    sms.send(message("صافي", "sms", "sms"))
    assert [m["body"] for m in provider.messages] == ["Ça va etre pret, garcon'", "صافي"]


def test_a_messaging_service_sends_in_its_own_name(provider: FakeTwilio) -> None:
    TwilioSms(settings(provider, sms_from="MG" + "a" * 32)).send(message(channel="sms"))
    assert (provider.messages[0]["from"], provider.messages[0]["messaging_service_sid"]) == (None, "MG" + "a" * 32)


def test_a_photo_leaves_with_its_words_or_alone(whatsapp: TwilioWhatsApp, provider: FakeTwilio) -> None:
    whatsapp.send(message("Voici la pièce", media="https://bricol.example.ma/media/1"))
    whatsapp.send(message("", media="https://bricol.example.ma/media/2"))
    with_words, alone = (sent["form"] for sent in provider.messages)
    assert (with_words["MediaUrl"], with_words["Body"]) == ("https://bricol.example.ma/media/1", "Voici la pièce")
    assert (alone["MediaUrl"], alone.get("Body")) == ("https://bricol.example.ma/media/2", None)
