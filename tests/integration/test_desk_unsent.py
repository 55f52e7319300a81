"""What could not be sent, at the desk: who sees whose, why in plain words, and once more, once; and a decided refund that the client hears of."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import create_app
from bot.desk import HouseActs
from bot.inline import InlineWorker
from bot.turn import context_of
from bot.wiring import House
from channels.base import Capabilities, SendResult
from channels.desk.acts import ActRefused
from domain.engagement import failures
from domain.engagement.reply import LOCALES, Reply, language_script_of
from domain.store.desk_tables import DeskAudit
from domain.store.tables import Booking, Conversation, OutboxRow, Refund
from tests.support.builders import build_house
from tests.support.desk import Player, quick_passwords, says, sign_in, staff, staffed_house
from tests.support.fake_channel import FakeChannel
from tools import registry

REFUSED = SendResult("failed", error="131026 not_on_whatsapp")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    yield from staffed_house(tmp_path, monkeypatch)


@pytest.fixture
def app(house: House) -> Any:
    return create_app(house, worker=Player(house))


def whatsapp(house: House) -> FakeChannel:
    return house.channels["whatsapp"]  # type: ignore[return-value]


def failed_reply(house: House, number: int = 1) -> tuple[int, int]:
    """(conversation, outbox row) of a reply that the provider refused for good."""
    whatsapp(house).refusals = [REFUSED]
    talk = says(house, "fin l9it plombier", number)
    with house.db.reading() as session:
        return talk, session.scalars(select(OutboxRow.id).where(OutboxRow.conversation_id == talk).order_by(OutboxRow.id.desc())).first() or 0


def lines(house: House, act: str) -> list[tuple[str, dict[str, Any]]]:
    with house.db.reading() as session:
        return [(line.login, line.detail) for line in session.scalars(select(DeskAudit).where(DeskAudit.act == act).order_by(DeskAudit.id))]


def test_a_lead_reads_why_a_message_failed_and_sends_it_again_once(house: House, app: Any) -> None:
    talk, row = failed_reply(house)
    lalla = sign_in(app, "lalla")
    assert "Messages non partis : 1" in lalla.http.get("/desk").text
    page = lalla.http.get("/desk/unsent").text
    assert "pas sur WhatsApp" in page and "you said: fin l9it plombier" in page and f"/desk/c/{talk}#outbox-{row}" in page
    assert lalla.post(f"unsent/{row}").json()["ok"]
    assert whatsapp(house).texts() == ["you said: fin l9it plombier"]
    again = lalla.post(f"unsent/{row}")
    assert (again.status_code, again.json()["error"]) == (409, "letter_resent")
    assert len(whatsapp(house).sent) == 1
    assert lines(house, "resent") == [("lalla", {"row": row, "again": row + 1})]
    assert "déjà renvoyé" in lalla.http.get("/desk/unsent").text
    assert "Messages non partis" not in lalla.http.get("/desk").text


def test_two_who_press_at_once_send_it_once(house: House) -> None:
    _, row = failed_reply(house)
    acts = HouseActs(house, lambda: None)

    def press(login: str) -> str:
        try:
            acts.resend(row, login, anywhere=True)
        except ActRefused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(press, ("lalla", "karima"))) == ["done", "letter_resent"]
    InlineWorker(house).settle()
    assert len(whatsapp(house).sent) == len(lines(house, "resent")) == 1


def test_an_operator_sees_why_but_neither_whose_nor_what_and_an_agent_only_their_own(house: House, app: Any) -> None:
    talk, row = failed_reply(house)
    page = sign_in(app, "omar").http.get("/desk/unsent").text
    assert "pas sur WhatsApp" in page
    assert "fin l9it plombier" not in page and "+212661000001" not in page and f"/desk/c/{talk}" not in page
    karima = sign_in(app, "karima")
    assert karima.http.get("/desk/unsent").status_code == 403
    assert karima.post(f"unsent/{row}").json()["error"] == "not_yours"
    assert whatsapp(house).sent == []
    karima.take(talk)
    assert "pas sur WhatsApp" in karima.page(talk)
    assert karima.post(f"unsent/{row}").json()["ok"]
    assert len(whatsapp(house).sent) == 1
    assert [detail["code"] for _, detail in lines(house, "refused")] == ["role", "not_yours"]
    assert lines(house, "saw_unsent") == [("omar", {"letters": 1, "personal": False})]


def test_what_the_provider_would_refuse_again_is_said_and_stays(house: House, app: Any) -> None:
    _, row = failed_reply(house)
    house.clock.advance(hours=25)  # type: ignore[attr-defined]
    lalla = sign_in(app, "lalla")
    assert "24 h" in lalla.post(f"unsent/{row}").json()["says"]
    assert "Messages non partis : 1" in lalla.http.get("/desk").text
    assert lalla.post("unsent/999").status_code == 404


def test_a_code_is_read_by_nobody_and_never_sent_again(house: House, app: Any) -> None:
    talk = says(house, "salam", 1)
    with house.db.transaction() as session:
        said = Reply("Bricol: code 4711", "ary", "latn").to_dict()
        code = OutboxRow(
            key="c", conversation_id=talk, channel="sms", to="+2126", reply=said, category="code", status="failed", created_at=house.clock.now()
        )
        session.add(code)
        session.flush()
        row = code.id
    lalla = sign_in(app, "lalla")
    assert "4711" not in lalla.http.get("/desk/unsent").text + lalla.page(talk)
    assert lalla.post(f"unsent/{row}").json()["error"] == "letter_outdated"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("21211 bad_number", "number"),
        ("63016 outside_session", "session"),
        ("403 blocked", "refuses"),
        ("channel telegram is not configured", "ours"),
        ("unknown whether it left: ConnectionError", "unknown"),
        ("network: timeout", "network"),
        ("http 503", "network"),
        ("132001 template_unknown", "form"),
        ("99999", "other"),
        (None, "other"),
    ],
)
def test_every_failure_has_a_reason_that_a_person_understands(error: str | None, code: str) -> None:
    assert failures.reason(error) == code


# --- refunds ---------------------------------------------------------------------------------------------------------


def asked_back(house: House, talk: int, locale: str) -> None:
    """A refund that waits for a person, of somebody who is written to in `locale`."""
    language, script = language_script_of(locale)
    now = house.clock.now()
    with house.db.transaction() as session:
        row = session.get_one(Conversation, talk)
        row.language, row.script = language, script
        assert row.client_id is not None
        job = {"start": now, "start_local": "2026-11-23T10:00", "created_at": now, "status": "cancelled", "paid_mad": Decimal(500)}
        booking = Booking(ref="BR-9001", client_id=row.client_id, service="plumbing", city="casablanca", conversation_id=talk, **job)
        session.add(booking)
        session.flush()
        session.add(Refund(booking_id=booking.id, amount_mad=Decimal(500), status="requested", created_at=now))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("approve", [True, False])
def test_a_decided_refund_is_told_once_in_the_clients_language_and_by_refund_status(house: House, app: Any, locale: str, approve: bool) -> None:
    talk = says(house, "bghit flousi", 1)
    asked_back(house, talk, locale)
    sign_in(app, "karima").take(talk)  # somebody writes with them: the fact leaves all the same, and once
    lalla = sign_in(app, "lalla")
    assert lalla.post("refunds/1", approve=approve).json()["ok"]
    assert lalla.post("refunds/1", approve=not approve).json()["error"] == "no_refund"
    InlineWorker(house).settle()
    [said] = whatsapp(house).sent[1:]
    assert "BR-9001" in said.text and "500" in said.text
    with house.db.reading() as session:
        row = session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc())).first()
        assert row is not None and (row.category, row.reply["key"]) == ("notice", f"notices.refund_{'approved' if approve else 'refused'}")
        assert Reply.from_dict(row.reply).locale == locale
        assert [o["payload"] for o in row.reply["options"]] == ([] if approve else ["go:human"])
        context = context_of(house, session.get_one(Conversation, talk), "t", house.clock.now())
    told = registry.call("refund_status", context)["refunds"]
    assert [r["status"] for r in told] == ["approved" if approve else "refused"]


def test_after_a_day_of_silence_the_decision_leaves_as_a_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_passwords(monkeypatch)
    house = build_house(
        tmp_path, channels=[FakeChannel("whatsapp", Capabilities(max_text=4096, session_hours=24, templates=True)), FakeChannel("sms")]
    )
    staff(house)
    talk = says(house, "bghit flousi", 1)
    asked_back(house, talk, "fr")
    house.clock.advance(hours=30)  # type: ignore[attr-defined]
    HouseActs(house, InlineWorker(house).settle).decide_refund(1, "lalla", approve=False)
    last = whatsapp(house).sent[-1]
    assert (last.kind, last.template) == ("template", "bricol_refund_refused")
    assert last.variables["ref"] == "BR-9001"
    house.close()
