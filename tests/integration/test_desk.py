"""The desk over the real inbox, turn and outbox: who may do what, what the client gets, and what is written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import inbox
from bot.app import create_app
from bot.wiring import House
from channels.base import Media, MediaRefused
from domain.store.desk_tables import DeskAudit, DeskCase, DeskNote, RegressionRequest
from domain.store.tables import Booking, Conversation, Escalation, OutboxRow, Refund
from tests.support.desk import PASSWORD, Agent, Player, says, sign_in, staffed_house
from tests.support.fake_channel import FakeChannel, inbound
from tests.support.pictures import png


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    yield from staffed_house(tmp_path, monkeypatch)


@pytest.fixture
def app(house: House) -> Any:
    return create_app(house, worker=Player(house))


@pytest.fixture
def karima(app: Any) -> Agent:
    return sign_in(app, "karima")


@pytest.fixture
def talk(house: House) -> int:
    """A conversation that asks for a person."""
    number = says(house, "bghit nhder m3a chi wa7ed", 1)
    escalated(house, number)
    return number


def escalated(house: House, number: int, reason: str = "asked", **values: Any) -> None:
    with house.db.transaction() as session:
        case = {"conversation_id": number, "reason": reason, "priority": "normal", "status": "open", "created_at": house.clock.now()}
        session.add(Escalation(**{**case, **values}))


def sent(house: House) -> list[str]:
    channel = house.channels["whatsapp"]
    assert isinstance(channel, FakeChannel)
    return channel.texts()


def audit(house: House, act: str) -> list[DeskAudit]:
    with house.db.reading() as session:
        return list(session.scalars(select(DeskAudit).where(DeskAudit.act == act).order_by(DeskAudit.id)))


def test_nobody_gets_in_without_signing_in(app: Any, talk: int) -> None:
    stranger = sign_in(app, "karima", "not the password")
    assert "Se connecter" in stranger.http.get("/desk").text
    assert stranger.http.get("/desk/part/queue").status_code == 401
    assert stranger.http.get(f"/desk/part/c/{talk}").status_code == 401
    assert stranger.http.get("/api/desk/events").status_code == 401
    assert stranger.take(talk).status_code == 401


def test_a_password_cannot_be_guessed_at_speed_and_each_try_is_written_down(house: House, app: Any) -> None:
    http = sign_in(app, "nobody").http
    answers = [http.post("/desk/sign-in", data={"login": "karima", "password": f"guess {n}"}).status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert http.post("/desk/sign-in", data={"login": "karima", "password": PASSWORD}).status_code == 429, "the right one waits too"
    assert [line.detail["why"] for line in audit(house, "sign_in_refused")].count("slow") == 3
    assert PASSWORD not in str([line.detail for line in audit(house, "sign_in_refused")])


def test_a_session_ends_by_itself_and_nothing_is_done_with_it(house: House, karima: Agent, talk: int) -> None:
    token = karima.csrf
    house.clock.advance(hours=2, minutes=1)  # type: ignore[attr-defined]
    answer = karima.reply(talk, "Salam", csrf=token)
    assert (answer.status_code, answer.json()["error"]) == (401, "expired")
    assert "gardé" in answer.json()["says"]
    assert sent(house) == ["you said: bghit nhder m3a chi wa7ed"]


def test_a_request_that_our_page_did_not_make_is_refused(house: House, karima: Agent, talk: int) -> None:
    answer = karima.post(f"c/{talk}/take", csrf="forged")
    assert (answer.status_code, answer.json()["error"]) == (403, "forged")
    assert audit(house, "refused")[0].detail["code"] == "forged"
    with house.db.reading() as session:
        assert session.get_one(Conversation, talk).owner == "bot"


def test_the_bot_is_silent_from_take_over_to_hand_back_and_goes_on_after(house: House, karima: Agent, talk: int) -> None:
    assert karima.take(talk).json()["ok"]
    says(house, "kayn chi wa7ed?", 2)
    assert karima.reply(talk, "Salam, m3ak Karima").json()["ok"]
    assert sent(house) == ["you said: bghit nhder m3a chi wa7ed", "Salam, m3ak Karima"]
    assert karima.post(f"c/{talk}/hand-back", text="bghat ghir lprix").json()["ok"]
    says(house, "choukran", 3)
    assert sent(house)[-1] == "you said: choukran"
    with house.db.reading() as session:
        assert session.scalars(select(DeskNote.text)).all() == ["bghat ghir lprix"]
        assert session.scalars(select(Escalation.status)).all() == ["closed"]


def test_the_second_agent_is_told_who_was_first(house: House, app: Any, karima: Agent, talk: int) -> None:
    youssef = sign_in(app, "youssef")
    assert karima.take(talk).json()["ok"]
    answer = youssef.take(talk)
    assert (answer.status_code, answer.json()["error"]) == (409, "taken")
    assert "Karima" in answer.json()["says"]
    assert youssef.reply(talk, "moi aussi").json()["error"] == "not_yours"
    assert youssef.take(talk, over="karima").status_code == 403, "only a lead takes it from a colleague"
    assert sign_in(app, "lalla").take(talk, over="karima").json()["ok"]
    assert "Lalla" in karima.reply(talk, "Salam").json()["says"]
    assert len(sent(house)) == 1
    assert [line.detail["code"] for line in audit(house, "refused")] == ["taken", "not_yours", "role", "not_yours"]


def test_words_leave_once_however_often_the_button_is_pressed(house: House, karima: Agent, talk: int) -> None:
    karima.take(talk)
    rows = {karima.reply(talk, "Salam", key="same").json()["row"] for _ in range(3)}
    assert len(rows) == 1
    assert sent(house).count("Salam") == 1


@pytest.mark.parametrize(("text", "error"), [("", "empty"), ("   ", "empty"), ("a" * 4097, "too_long"), ("Votre rendez-vous {ref}", "unfilled")])
def test_words_that_cannot_leave_are_refused_whole(house: House, karima: Agent, talk: int, text: str, error: str) -> None:
    karima.take(talk)
    answer = karima.reply(talk, text)
    assert (answer.status_code, answer.json()["error"]) == (422, error)
    assert len(sent(house)) == 1
    assert audit(house, "refused")[-1].detail["code"] == error


def test_after_hand_back_a_reply_is_refused_and_the_bot_keeps_the_conversation(house: House, karima: Agent, talk: int) -> None:
    karima.take(talk)
    karima.post(f"c/{talk}/hand-back", text="")
    assert karima.reply(talk, "one more").json()["error"] == "not_yours"
    with house.db.reading() as session:
        assert session.get_one(Conversation, talk).owner == "bot"


def test_after_24_hours_only_the_approved_invitation_leaves(house: House, karima: Agent, talk: int) -> None:
    channel = house.channels["whatsapp"]
    object.__setattr__(channel.capabilities, "templates", True)
    karima.take(talk)
    house.clock.advance(hours=24)  # type: ignore[attr-defined]
    karima = sign_in(karima.http.app, "karima")
    assert "plus de 24 h" in karima.page(talk)
    assert karima.reply(talk, "Salam").json()["error"] == "session_closed"
    assert karima.post(f"c/{talk}/invite", key="i1").json()["ok"]
    last = channel.sent[-1]  # type: ignore[attr-defined]
    assert (last.kind, last.template, last.variables) == ("template", "bricol_desk_wrote_darija", {"agent": "Karima"})


def test_what_a_role_may_not_do_is_refused_and_written_down(house: House, app: Any, karima: Agent, talk: int) -> None:
    omar = sign_in(app, "omar")
    assert omar.http.get("/desk/audit").status_code == omar.http.get("/desk/reports").status_code == 200
    assert omar.http.get(f"/desk/c/{talk}").status_code == omar.http.get("/desk/part/queue").status_code == 403, "operators read no client"
    assert karima.http.get("/desk/audit").status_code == karima.http.get("/desk/reports").status_code == 403
    assert {line.login for line in audit(house, "refused")} == {"omar", "karima"}


def test_each_view_of_a_client_is_written_down_once(house: House, karima: Agent, talk: int) -> None:
    for _ in range(3):
        karima.page(talk)
    assert [(line.login, line.conversation_id) for line in audit(house, "viewed")] == [("karima", talk)]
    house.clock.advance(minutes=11)  # type: ignore[attr-defined]
    karima.page(talk)
    assert len(audit(house, "viewed")) == 2


def test_the_page_shows_what_was_said_and_reads_none_of_it_as_html(house: House, karima: Agent) -> None:
    number = says(house, "<img src=x onerror=alert(1)> سلام", 1)
    escalated(house, number, "danger", priority="urgent", note="<b>gaz</b>")
    page = karima.page(number)
    assert "&lt;img src=x" in page and "<img src=x" not in page
    assert "<b>gaz</b>" not in page
    assert "Danger signalé" in page
    assert f"escalation {1}" in page, "the summary names the rows it stands on"


def test_closing_asks_the_client_and_hears_the_stars_before_any_brain(house: House, karima: Agent, talk: int) -> None:
    karima.take(talk)
    karima.reply(talk, "Safi, tqad")
    assert karima.post(f"c/{talk}/close", outcome="nonsense").status_code == 422
    assert karima.post(f"c/{talk}/close", outcome="solved").json()["ok"]
    assert "Karima sala" in sent(house)[-1]
    heard = len(house.agent.heard)  # type: ignore[attr-defined]
    says(house, "٥", 2)
    with house.db.reading() as session:
        case = session.scalars(select(DeskCase)).one()
        assert (case.stars, case.outcome, case.login) == (5, "solved", "karima")
    assert "Choukran" in sent(house)[-1]
    says(house, "5", 3)
    assert len(house.agent.heard) == heard + 1, "asked once; the next number is the agent's to read"  # type: ignore[attr-defined]


def test_a_stop_is_obeyed_in_silence_while_a_person_has_the_conversation(house: House, karima: Agent, talk: int) -> None:
    karima.take(talk)
    says(house, "STOP", 2)
    with house.db.reading() as session:
        client = session.get_one(Conversation, talk).client
        assert client is not None and client.opted_out
    assert len(sent(house)) == 1


def test_a_regression_is_asked_for_once_with_its_reason(house: House, app: Any, karima: Agent, talk: int) -> None:
    for _ in range(2):
        assert karima.post(f"c/{talk}/regression", text="il fallait proposer 14 h").json()["ok"]
    with house.db.reading() as session:
        assert [(r.conversation_id, r.why) for r in session.scalars(select(RegressionRequest))] == [(talk, "il fallait proposer 14 h")]
    assert f"bricol eval from-conversation {talk}" in sign_in(app, "lalla").http.get("/desk/reports").text


def test_the_interface_turns_to_arabic_and_reads_from_the_right(karima: Agent, talk: int) -> None:
    karima.http.post("/desk/language", data={"csrf": karima.csrf, "back": f"/desk/c/{talk}"})
    page = karima.page(talk)
    assert '<html lang="ar" dir="rtl">' in page
    assert "تولّي المحادثة" in page
    assert karima.reply(talk, "x").json()["says"].startswith("هذه المحادثة ليست عندك")


def prepaid(house: House, talk: int, paid: int) -> None:
    """A job of this client's that the technician cancelled: all that was paid may come back."""
    with house.db.transaction() as session:
        client = session.get_one(Conversation, talk).client
        assert client is not None
        when = {"start": house.clock.now(), "start_local": "2026-11-23T10:00", "created_at": house.clock.now()}
        money = {"price_mad": Decimal(paid), "paid_mad": Decimal(paid), "status": "cancelled", "cancelled_by": "technician"}
        session.add(Booking(ref="BR-9001", client_id=client.id, service="plumbing", city="casablanca", conversation_id=talk, **when, **money))


def test_acting_for_a_client_asks_them_first_and_a_lead_decides_what_is_above_the_limit(house: House, app: Any, karima: Agent, talk: int) -> None:
    prepaid(house, talk, 500)
    assert karima.post(f"c/{talk}/act", tool="propose_refund", args={"ref": "BR-9001"}, key="a1").json()["error"] == "not_yours"
    karima.take(talk)
    assert karima.post(f"c/{talk}/act", tool="request_data_deletion", args={}, key="a0").json()["error"] == "no_such_tool"
    made = karima.post(f"c/{talk}/act", tool="propose_refund", args={"ref": "BR-9001"}, key="a1").json()["result"]
    assert made["ok"] and "500" in sent(house)[-1], "the client reads what is proposed, in the house's own words"
    confirm = {"tool": "confirm_proposal", "args": {"proposal_id": made["proposal_id"]}}
    assert karima.post(f"c/{talk}/act", key="a2", **confirm).json()["error"] == "no_consent"
    says(house, "wakha", 2)
    assert karima.post(f"c/{talk}/act", key="a3", **confirm).json()["result"]["refund"]["status"] == "requested"
    assert karima.post(f"c/{talk}/act", key="a4", **confirm).json()["result"]["error"] == "proposal_gone", "money moves once"
    assert karima.post("refunds/1", approve=True).status_code == 403
    lead = sign_in(app, "lalla")
    assert "500" in lead.page(talk)
    assert lead.post("refunds/1", approve=True).json()["ok"]
    assert lead.post("refunds/1", approve=False).json()["error"] == "no_refund", "decided once"
    with house.db.reading() as session:
        assert [r.status for r in session.scalars(select(Refund))] == ["approved"]
    assert audit(house, "refund_decided")[0].detail["mad"] == "500.00"


def test_a_conversation_that_does_not_exist_is_said_so(karima: Agent) -> None:
    assert karima.http.get("/desk/c/999").status_code == 404
    assert karima.take(999).status_code == 404
    assert karima.reply(999, "x").status_code == 404


def test_nothing_but_the_outbox_knows_what_the_desk_wrote(house: House, karima: Agent, talk: int) -> None:
    karima.take(talk)
    karima.reply(talk, "words of mine")
    with house.db.reading() as session:
        assert session.scalars(select(OutboxRow.author).order_by(OutboxRow.id)).all() == ["bot", "karima"]
        assert "words of mine" not in str([line.detail for line in session.scalars(select(DeskAudit))])


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("+212 661-00.00.01", 1),
        ("0661000001", 1),
        ("00212661000001", 1),
        ("br 9001", 1),
        ("BR-9001", 1),
        ("salma ben", 1),
        ("سعيد", 0),
        ("12", 0),
        ("BR-1", 0),
    ],
)
def test_somebody_in_no_queue_is_found_by_phone_booking_or_name(house: House, karima: Agent, words: str, count: int) -> None:
    number = says(house, "slm", 1)
    says(house, "slm", 2, sender="+212661000077")
    prepaid(house, number, 100)
    with house.db.transaction() as session:
        client = session.get_one(Conversation, number).client
        assert client is not None
        client.name = "Salma Bennani"
    found = karima.post("find", words=words)
    assert (found.status_code, found.text.count(f"/desk/c/{number}")) == (200, count)
    assert found.text.count("/desk/c/") == count
    assert [(line.detail["found"], words in str(line.detail)) for line in audit(house, "searched")] == [(count, False)]


def test_who_was_erased_is_not_found_and_operators_find_nobody(house: House, app: Any, karima: Agent) -> None:
    number = says(house, "slm", 1)
    with house.db.transaction() as session:
        client = session.get_one(Conversation, number).client
        assert client is not None
        client.name, client.erased = "Salma Bennani", True
    assert "/desk/c/" not in karima.post("find", words="salma").text
    assert sign_in(app, "omar").post("find", words="salma").status_code == 403
    assert karima.post("find", words="salma", csrf="forged").status_code == 403


def test_a_sentence_of_the_summary_reads_from_the_right_whatever_name_it_begins_with(house: House, karima: Agent, talk: int) -> None:
    with house.db.transaction() as session:
        client = session.get_one(Conversation, talk).client
        assert client is not None
        client.name = "Salma"
    karima.http.post("/desk/language", data={"csrf": karima.csrf, "back": "/desk"})
    assert "<li>\u2068Salma\u2069" in karima.page(talk)


@dataclass
class Pictures(FakeChannel):
    """A provider that keeps its people's photos."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def fetch(self, url: str, most_bytes: int, within_seconds: float) -> Media:
        if url not in self.kept:
            raise MediaRefused("gone")
        return Media(self.kept[url], "image/gif")  # a provider's word proves nothing

    def forget(self, url: str) -> None: ...


def test_a_photo_is_shown_from_wherever_its_channel_keeps_it_to_who_may_read_the_conversation(house: House) -> None:
    house.channels["telegram"] = Pictures("telegram", kept={"telegram:1": png(30, 20), "telegram:2": b"<script>alert(1)</script>"})
    app = create_app(house, worker=Player(house))
    urls = ["telegram:1", "telegram:2", "telegram:3"]
    photos = [inbound(f"p{n}", "", channel="telegram", kind="photo", payload={"url": url}) for n, url in enumerate(urls)]
    [shown, lying, gone] = inbox.accept(house, photos)
    other = says(house, "slm", 1)
    karima, path = sign_in(app, "karima"), f"/desk/c/{shown.conversation_id}/photo"
    assert f'src="{path}/{shown.row_id}"' in karima.page(shown.conversation_id)
    found = karima.http.get(f"{path}/{shown.row_id}")
    assert (found.status_code, found.headers["content-type"], found.content) == (200, "image/png", png(30, 20))
    assert "sandbox" in found.headers["content-security-policy"]
    assert [line.conversation_id for line in audit(house, "saw_photo")] == [shown.conversation_id]
    elsewhere = f"/desk/c/{other}/photo/{shown.row_id}"
    assert {karima.http.get(p).status_code for p in (f"{path}/{lying.row_id}", f"{path}/{gone.row_id}", elsewhere)} == {404}
    assert sign_in(app, "omar").http.get(f"{path}/{shown.row_id}").status_code == 403
    assert sign_in(app, "nobody").http.get(f"{path}/{shown.row_id}").status_code == 401
