"""One client on WhatsApp, Telegram, SMS and the web: the same person where a phone is proven, nobody where it is not. Real brain, both stores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import wiring
from bot.inline import InlineWorker
from bot.wiring import House
from channels.base import Capabilities
from domain.clock import SettableClock
from domain.engagement.reply import Reply
from domain.store.tables import Booking, Client, Conversation, OutboxRow, Proposal, VerificationCode
from evals import stage
from tests.support.builders import add_technicians, build_house
from tests.support.clock import monday_clock
from tests.support.fake_channel import FakeChannel, inbound

PHONE = "+212661000001"
WISH = "slm, bghit plombi ghedda m3a 10 d sbah f maarif casa, lavabo kaysil"
WEB, CHAT = "web-visitor", "7001"


@dataclass
class Town:
    """The house, and people who write on its channels."""

    house: House
    clock: SettableClock
    worker: InlineWorker
    number: int = 0

    def says(self, channel: str, text: str, sender: str = "", **more: Any) -> str:
        """One message, one minute later; what was answered there last."""
        self.number += 1
        self.clock.advance(minutes=1)
        sender = sender or {"web": WEB, "telegram": CHAT}.get(channel, PHONE)
        self.worker.deliver([inbound(f"m{self.number}", text, sender=sender, channel=channel, **more)])
        return self.last(channel, sender).get("text", "")

    def last(self, channel: str, sender: str = PHONE) -> dict[str, Any]:
        rows = [row for row in self.rows(OutboxRow) if (row.channel, row.to) == (channel, sender)]
        return dict(rows[-1].reply) if rows else {}

    def heard(self, channel: str) -> list[str]:
        sent = self.house.channels[channel]
        assert isinstance(sent, FakeChannel)
        return sent.texts()

    def proves_on_the_web(self) -> str:
        """A visitor gives the phone, then the code that came by SMS."""
        self.says("web", "fin wsel lmaw3id dyali?")
        self.says("web", PHONE)
        [code] = re.findall(r"\b\d{6}\b", self.heard("sms")[-1])
        return self.says("web", code)

    def rows(self, table: Any) -> list[Any]:
        with self.house.db.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))

    def technician_says(self, text: str) -> None:
        self.says("sms", text, sender="+212662000001")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    values = {"database_url": request.getfixturevalue("postgres_url")} if request.param == "postgres" else {}
    open_web = Capabilities(max_text=4096, buttons=8, verified_sender=False)
    channels = [
        FakeChannel("whatsapp"),
        FakeChannel("sms", Capabilities(max_text=1530)),
        FakeChannel("telegram", open_web),
        FakeChannel("web", open_web),
    ]
    clock = monday_clock()
    house = build_house(tmp_path, clock=clock, channels=channels, **values)
    house.late_agent = wiring.Later(lambda: wiring._agent(house.settings, house.market, stage.understander()))
    add_technicians(house.settings.store_url, districts=("maarif",))
    yield Town(house, clock, InlineWorker(house))
    house.close()


def test_what_was_asked_on_whatsapp_is_asked_again_on_the_web_and_only_that_yes_books(town: Town) -> None:
    town.says("whatsapp", WISH)
    assert town.last("whatsapp")["awaiting"] == "confirm"
    town.proves_on_the_web()
    assert town.rows(Booking) == []
    town.says("web", "wakha")
    assert town.rows(Booking) == [], "a yes to words that were read on another channel is no yes here"
    assert town.last("web", WEB)["awaiting"] == "confirm"
    town.says("web", "wakha")
    [booking] = town.rows(Booking)
    assert (booking.client.phone, booking.start_local, booking.channel) == (PHONE, "2026-11-24T10:00", "web")
    town.says("whatsapp", "wakha")
    assert len(town.rows(Booking)) == 1, "the question on WhatsApp was replaced"
    assert sorted(p.status for p in town.rows(Proposal) if p.kind == "booking") == ["confirmed", "superseded"]


def test_half_a_wish_on_one_channel_is_finished_on_the_other(town: Town) -> None:
    town.says("whatsapp", "slm, bghit plombi f maarif casa, lavabo kaysil")
    assert town.last("whatsapp")["awaiting"] == "time"
    town.says("telegram", PHONE, phone=PHONE, payload={"shared": "phone"})
    town.says("telegram", "ghedda m3a 10 d sbah")
    assert town.last("telegram", CHAT)["awaiting"] == "confirm"
    town.says("telegram", "wakha")
    assert [b.start_local for b in town.rows(Booking)] == ["2026-11-24T10:00"]


def test_a_question_here_is_answered_as_if_there_were_no_other_channel(town: Town) -> None:
    town.says("telegram", PHONE, phone=PHONE, payload={"shared": "phone"})
    town.says("telegram", WISH)
    town.says("whatsapp", "je cherche un électricien à Maarif Casablanca")
    town.says("telegram", "wakha")
    assert [b.service for b in town.rows(Booking)] == ["plumbing"]


def test_an_hour_later_it_is_another_conversation(town: Town) -> None:
    town.says("whatsapp", WISH)
    town.clock.advance(hours=2)
    town.says("telegram", PHONE, phone=PHONE, payload={"shared": "phone"})
    town.says("telegram", "wakha")
    assert town.last("telegram", CHAT)["awaiting"] != "confirm"
    assert town.rows(Booking) == []


def test_who_only_claims_a_phone_gets_nothing_of_its_owner(town: Town) -> None:
    town.says("whatsapp", WISH)
    town.says("whatsapp", "wakha")
    [booking] = town.rows(Booking)
    before = (booking.status, booking.start_local)
    told = [town.says("web", words) for words in (f"ana {PHONE}, fin wsel {booking.ref}?", "wakha", f"lghi {booking.ref}", "ktbo lia f sms", "stop")]
    [booking] = town.rows(Booking)
    assert (booking.status, booking.start_local) == before
    assert not any(secret in text for text in told for secret in (PHONE, booking.technician.name if booking.technician else "technician 1"))
    [owner] = [c for c in town.rows(Client) if c.phone == PHONE]
    assert (owner.opted_out, owner.preferences) == (False, {})


def test_their_bookings_name_and_language_are_theirs_on_the_web(town: Town) -> None:
    with town.house.db.transaction() as session:
        session.add(
            Client(phone=PHONE, name="Salma", language="ary", script="latn", city="casablanca", district="maarif", created_at=town.clock.now())
        )
    town.says("whatsapp", WISH)
    town.says("whatsapp", "wakha")
    [booking] = town.rows(Booking)
    town.proves_on_the_web()
    assert booking.ref in town.says("web", "fin wsel lmaw3id dyali?")
    web, whatsapp = (next(t for t in town.rows(Conversation) if t.channel == name) for name in ("web", "whatsapp"))
    assert web.client_id == whatsapp.client_id == booking.client_id


def test_notices_follow_the_client_and_a_said_preference_leads_them(town: Town) -> None:
    town.says("whatsapp", WISH)
    town.says("whatsapp", "wakha")
    assert "SMS" in town.says("whatsapp", "ktbo lia f SMS machi f whatsapp")
    whatsapp = len(town.heard("whatsapp"))
    town.technician_says("1")
    [confirmed] = [row for row in town.rows(OutboxRow) if row.reply["key"].startswith("notices.booking_confirmed")]
    assert (confirmed.channel, confirmed.to) == ("sms", PHONE)
    assert len(town.heard("whatsapp")) == whatsapp


def test_without_a_preference_news_go_where_they_wrote_last_and_to_no_page_that_is_closed(town: Town) -> None:
    town.says("whatsapp", WISH)
    town.says("whatsapp", "wakha")
    town.says("telegram", PHONE, phone=PHONE, payload={"shared": "phone"})
    town.technician_says("1")
    town.proves_on_the_web()
    town.clock.advance(hours=1)
    town.technician_says("ana f tri9")
    by_key = {row.reply["key"]: row.channel for row in town.rows(OutboxRow) if row.reply["key"].startswith("notices.")}
    assert by_key["notices.booking_confirmed"] == "telegram"
    assert {channel for key, channel in by_key.items() if key.startswith("notices.en_route")} == {"telegram"}


def test_a_channel_they_never_wrote_on_is_asked_for_first(town: Town) -> None:
    town.says("whatsapp", "slm")
    town.says("whatsapp", "Écrivez-moi sur Telegram, pas sur WhatsApp")
    assert town.last("whatsapp")["key"] == "reach.write_first"
    assert [c.preferences for c in town.rows(Client)] == [{}]


def test_stop_on_one_channel_is_stop_on_all(town: Town) -> None:
    town.says("whatsapp", "slm")
    town.says("telegram", PHONE, phone=PHONE, payload={"shared": "phone"})
    [talk] = [t for t in town.rows(Conversation) if t.channel == "whatsapp"]
    with town.house.db.transaction() as session:
        promo = {"reply": Reply("promo", "fr", "latn").to_dict(), "category": "promo", "created_at": town.clock.now()}
        later = town.clock.now() + timedelta(hours=1)
        session.add(OutboxRow(key="promo", conversation_id=talk.id, channel="whatsapp", to=PHONE, not_before=later, **promo))
    town.says("telegram", "stop")
    assert [row.status for row in town.rows(OutboxRow) if row.key == "promo"] == ["dropped"]
    assert [c.opted_out for c in town.rows(Client)] == [True]


def test_erasure_asked_on_the_web_covers_every_channel_and_every_claim(town: Town) -> None:
    town.says("whatsapp", WISH)
    town.says("web", PHONE, sender="web-stranger")
    town.proves_on_the_web()
    town.says("web", "supprimez toutes mes données")
    town.says("web", "oui, je confirme")
    [client] = [c for c in town.rows(Client) if c.erased]
    assert client.phone is None
    kept = [str(vars(row)) for table in (Conversation, VerificationCode, OutboxRow) for row in town.rows(table)]
    assert not [text for text in kept if PHONE in text or PHONE[1:] in text]
