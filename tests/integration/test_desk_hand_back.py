"""A conversation given back with an instruction: the embedded brain does what was chosen, in each of the five language-scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import inbox, wiring
from bot.app import create_app
from bot.inline import InlineWorker
from bot.turn import context_of
from bot.wiring import House
from domain.engagement.reply import Reply
from domain.rules import MarketRules
from domain.store.migrate import migrate
from domain.store.tables import Booking, Conversation, Escalation, OutboxRow, Proposal, Refund, Technician
from prompts import replies
from tests.support.builders import NoKnowledge, add_technicians, settings_in
from tests.support.clock import monday_clock
from tests.support.desk import Agent, Player, quick_passwords, says, sign_in, staff
from tests.support.fake_channel import FakeChannel, inbound
from tools import registry

HELLO = {
    "ary-Latn": "slm khouti, bghit nhder m3a chi wa7ed mn 3endkom",
    "ary-Arab": "السلام خوتي، بغيت نهضر مع شي واحد من عندكم",
    "fr": "bonjour, je voudrais parler à une personne s'il vous plaît",
    "ar": "السلام عليكم، أريد أن أتحدث مع أحد الموظفين من فضلكم",
    "en": "hello, I would like to speak to a person please",
}
WELL = {
    "ary-Latn": "ah kolchi mzyan",
    "ary-Arab": "اه كلشي مزيان شكرا",
    "fr": "oui tout va bien merci",
    "ar": "نعم كل شيء على ما يرام",
    "en": "yes everything is fine, thanks",
}
NOT_WELL = {
    "ary-Latn": "la, mazal lma kaysil",
    "ary-Arab": "لا مازال الما كيسيل",
    "fr": "non, ça fuit toujours",
    "ar": "لا، ما زال الماء يتسرب",
    "en": "no, it is still leaking",
}
STILL_BROKEN = {
    "ary-Latn": "mazal robini kaysil",
    "ary-Arab": "مازال الروبيني كيسيل",
    "fr": "le robinet fuit encore",
    "ar": "الصنبور ما زال يسرب الماء",
    "en": "the tap is still leaking",
}
ADDRESS = {
    "ary-Latn": "zen9at l7ssane 12, tab9a 3",
    "ary-Arab": "زنقة الحسن رقم 12 الطبقة 3",
    "fr": "12 rue Hassan, 3e étage",
    "ar": "شارع الحسن رقم 12، الطابق الثالث",
    "en": "12 Hassan street, third floor",
}
YES = {"ary-Latn": "wakha", "ary-Arab": "واخا", "fr": "oui d'accord", "ar": "نعم موافق", "en": "yes please"}
MONEY_BACK = {
    "ary-Latn": "bghit flousi yrj3o lia",
    "ary-Arab": "بغيت فلوسي يرجعو ليا",
    "fr": "je veux être remboursé",
    "ar": "أريد استرداد أموالي",
    "en": "I want a refund",
}
LOCALES = list(HELLO)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    quick_passwords(monkeypatch)
    settings = settings_in(tmp_path)
    migrate(settings.store_url)
    add_technicians(settings.store_url)
    channels = {name: FakeChannel(name) for name in ("whatsapp", "sms")}
    house = wiring.build(settings, clock=monday_clock(), channels=channels, knowledge=NoKnowledge(), rules=MarketRules())
    staff(house)
    yield house
    house.close()


class Desk:
    """A client who asked for a person in `locale`, and Karima who has them."""

    def __init__(self, house: House, locale: str) -> None:
        self.house, self.locale, self.number = house, locale, 0
        self.talk = self.says(HELLO[locale])
        self.karima: Agent = sign_in(create_app(house, worker=Player(house)), "karima")
        assert self.karima.take(self.talk).json()["ok"]

    def says(self, text: str) -> int:
        self.number += 1
        return says(self.house, text, self.number)

    def back(self, choice: str, **args: str) -> Any:
        return self.karima.post(f"c/{self.talk}/hand-back", text="note", choice=choice, args=args, key=f"k{self.number}")

    def last(self) -> Reply:
        with self.house.db.reading() as session:
            mine = select(OutboxRow.reply).where(OutboxRow.conversation_id == self.talk, OutboxRow.author == "bot")
            return Reply.from_dict(session.scalars(mine.order_by(OutboxRow.id.desc())).first() or {})

    def all(self, table: Any) -> list[Any]:
        with self.house.db.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))

    def visit(self, status: str = "confirmed", paid: int = 0) -> None:
        """A plumber in Maârif tomorrow at ten, without an address."""
        with self.house.db.transaction() as session:
            client = session.get_one(Conversation, self.talk).client
            plumber = session.scalars(select(Technician)).first()
            assert client is not None and plumber is not None
            when = {"start": datetime(2026, 11, 24, 9, tzinfo=UTC), "start_local": "2026-11-24T10:00", "created_at": self.house.clock.now()}
            place = {"city": "casablanca", "district": "maarif", "conversation_id": self.talk}
            job = {"service": "plumbing", "status": status, "paid_mad": Decimal(paid), "price_mad": Decimal(300)}
            session.add(Booking(ref="BR-7001", client_id=client.id, technician_id=plumber.id, **when, **place, **job))


@pytest.fixture(params=LOCALES)
def desk(house: House, request: pytest.FixtureRequest) -> Desk:
    return Desk(house, request.param)


def test_it_greets_and_asks_whether_all_is_well_and_a_yes_ends_it(desk: Desk) -> None:
    assert desk.back("check_in").json()["ok"]
    assert (desk.last().key.partition("_name")[0], desk.last().locale) == ("desk.check_in", desk.locale)
    desk.says(WELL[desk.locale])
    assert (desk.last().key, desk.last().locale) == ("desk.check_in_good", desk.locale)
    assert [case.status for case in desk.all(Escalation)] == ["closed"]


@pytest.mark.parametrize("words", [NOT_WELL, STILL_BROKEN], ids=["no", "the fault"])
def test_who_is_not_well_gets_a_person_back_at_once(desk: Desk, words: dict[str, str]) -> None:
    desk.back("check_in")
    desk.says(words[desk.locale])
    assert (desk.last().key, desk.last().locale) == ("desk.check_in_bad", desk.locale)
    assert [(case.status, case.reason) for case in desk.all(Escalation)] == [("closed", "asked"), ("open", "dispute")]


@pytest.mark.parametrize("words", ["oui mais ça fuit encore", "ah walakin mazal", "thanks, but the boiler is off again"])
def test_a_yes_with_a_but_is_no_yes(house: House, words: str) -> None:
    desk = Desk(house, "fr")
    desk.back("check_in")
    desk.says(words)
    assert desk.last().key == "desk.check_in_bad"


def test_only_the_address_is_asked_noted_and_told_to_the_technician(desk: Desk) -> None:
    desk.visit()
    assert desk.back("ask_address").json()["ok"]
    assert desk.last().key == "desk.ask_address" and "BR-7001" in desk.last().text
    desk.says(ADDRESS[desk.locale])
    assert (desk.last().key, desk.last().awaiting) == ("desk.address_told", None), desk.last().text
    assert desk.all(Booking)[0].address == ADDRESS[desk.locale]
    told = [row.reply["text"] for row in desk.all(OutboxRow) if row.reply["key"] == "technician.job_address"]
    assert len(told) == 1 and "12" in told[0]


def test_the_agreed_visit_is_proposed_and_booked_at_the_clients_yes(desk: Desk) -> None:
    made = desk.back("propose_visit", service="plumbing", city="Casablanca", district="maarif", start="2026-11-24T15:00")
    assert made.json().get("ok"), made.text
    assert desk.last().awaiting == "confirm" and desk.last().locale == desk.locale
    assert desk.all(Booking) == []
    desk.says(YES[desk.locale])
    [booked] = desk.all(Booking)
    assert (booked.start_local, booked.status, booked.service) == ("2026-11-24T15:00", "offered", "plumbing")
    assert booked.ref in desk.last().text
    assert [p.status for p in desk.all(Proposal)] == ["confirmed"]


def test_a_refund_is_not_proposed_again_but_a_person_is(desk: Desk) -> None:
    desk.visit("cancelled", paid=150)
    desk.back("no_refund")
    desk.says(MONEY_BACK[desk.locale])
    assert (desk.last().key, desk.last().locale) == ("desk.refund_closed", desk.locale)
    assert desk.all(Proposal) == desk.all(Refund) == []
    with desk.house.db.reading() as session:
        context = context_of(desk.house, session.get_one(Conversation, desk.talk), "whatsapp:a turn", desk.house.clock.now())
    assert registry.call("propose_refund", context, {"ref": "BR-7001"})["rule"] == "person_decided", "whatever the brain"
    desk.says(YES[desk.locale])
    assert desk.all(Escalation)[-1].status == "open"


# --- what holds in any language --------------------------------------------------------------------------------------


@pytest.fixture
def darija(house: House) -> Desk:
    return Desk(house, "ary-Latn")


def test_the_choice_counts_for_a_day_and_until_somebody_takes_the_conversation_again(darija: Desk) -> None:
    darija.visit("cancelled", paid=150)
    darija.back("no_refund")
    darija.karima.take(darija.talk)
    darija.back("")
    darija.says(MONEY_BACK["ary-Latn"])
    assert darija.last().key == "refund.propose", "the second hand-back said nothing of refunds"


def test_a_no_to_the_proposed_visit_books_nothing_and_another_hour_is_proposed(darija: Desk) -> None:
    darija.back("propose_visit", service="plumbing", city="casa", district="maarif", start="2026-11-24T15:00")
    darija.says("la, m3a 5 d l3chiya 7ssen")
    assert darija.last().awaiting == "confirm", darija.last().text
    assert [p.summary["start"] for p in darija.all(Proposal) if p.status == "open"] == ["2026-11-24T17:00"]
    assert darija.all(Booking) == []


def test_an_agreed_hour_moves_the_visit_that_stands(darija: Desk) -> None:
    darija.visit()
    assert darija.back("propose_visit", ref="BR-7001", start="2026-11-24T16:00").json()["ok"]
    darija.says("wakha")
    assert darija.all(Booking)[0].start_local == "2026-11-24T16:00"


def test_a_shared_position_is_an_address(darija: Desk) -> None:
    darija.visit()
    darija.back("ask_address")
    pin = inbound("pin", kind="location", payload={"lat": 33.5801, "lon": -7.6321})
    [arrival] = inbox.accept(darija.house, [pin])
    worker = InlineWorker(darija.house)
    worker.begun.add(arrival.conversation_id)
    worker.settle()
    [booking] = darija.all(Booking)
    assert (round(booking.lat or 0, 4), booking.address, darija.last().key) == (33.5801, None, "desk.address_told")
    assert any("33.58010,-7.63210" in row.reply["text"] for row in darija.all(OutboxRow) if row.channel == "sms"), "the technician finds it on a map"


def test_an_address_in_another_city_moves_no_visit(darija: Desk) -> None:
    darija.visit()
    darija.back("ask_address")
    darija.says("ana sakn f rabat, agdal")
    assert darija.last().key == "desk.address_elsewhere"
    assert darija.all(Booking)[0].address is None
    darija.says("la sme7 lia, zen9a 4 dar 9 maarif")
    assert darija.all(Booking)[0].address == "la sme7 lia, zen9a 4 dar 9 maarif"


def test_who_asks_something_else_is_answered_and_then_asked_again_only_for_the_address(darija: Desk) -> None:
    darija.visit()
    darija.back("ask_address")
    darija.says("wach maw3id mazal kayn?")
    assert (darija.last().key, darija.last().awaiting) == ("desk.ask_address_again", "place")
    darija.says("zen9a 4 dar 9")
    assert darija.all(Booking)[0].address == "zen9a 4 dar 9"


def test_danger_comes_before_any_instruction(darija: Desk) -> None:
    darija.back("check_in")
    darija.says("ri7t lgaz f cuisine")
    assert darija.all(Escalation)[-1].reason == "danger"


def test_what_cannot_be_done_is_said_and_the_conversation_stays_with_the_agent(darija: Desk) -> None:
    assert darija.back("ask_address").json()["error"] == "no_visit"
    assert darija.back("sing").json()["error"] == "malformed"
    late = darija.back("propose_visit", service="plumbing", city="casa", start="2026-11-20T15:00").json()
    assert (late["error"], "passé" in late["says"]) == ("tool", True)
    darija.house.clock.advance(hours=25)  # type: ignore[attr-defined]
    darija.karima = sign_in(darija.karima.http.app, "karima")
    assert darija.back("check_in").json()["error"] == "session_closed"
    with darija.house.db.reading() as session:
        assert session.get_one(Conversation, darija.talk).desk == "karima"
    assert darija.back("").json()["ok"]


def test_what_an_agent_proposed_is_booked_at_a_yes_after_the_hand_back(darija: Desk) -> None:
    args = {"service": "plumbing", "city": "casa", "district": "maarif", "start": "2026-11-24T15:00"}
    assert darija.karima.post(f"c/{darija.talk}/act", tool="propose_booking", args=args, key="p1").json()["result"]["ok"]
    darija.back("")
    darija.says("wakha")
    assert [b.start_local for b in darija.all(Booking)] == ["2026-11-24T15:00"]


def test_every_question_of_a_hand_back_exists_in_every_locale() -> None:
    for locale in LOCALES:
        assert {"desk.check_in", "desk.ask_address", "desk.refund_closed", "technician.job_address"} <= replies.entries(locale).keys()
