"""A small market on a real SQLite store with a clock that stands, and people who call tools turn by turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from domain.clock import SettableClock, to_utc
from domain.rules import MarketRules
from domain.store.conversations import conversation_for
from domain.store.database import Database
from domain.store.tables import Base, Booking, Client, Offer, OutboxRow, Technician
from tools import registry
from tools.context import Market, Passage, TurnContext
from tools.due import run_due
from tools.views import local


class NoKnowledge:
    def search(self, query: str, locale: str, k: int = 3) -> list[Passage]:
        return [Passage("payment", "How to pay", f"{query} in {locale}", "documents/fr/payment.md", 0.9)]


class ShortLinks:
    def one_tap(self, offer_id: int, answer: str) -> str:
        return f"https://bricol.ma/t/{offer_id}-{answer[0]}0123456789"


@dataclass
class Person:
    """Somebody on a channel. `say_turn` begins their next turn; `call` uses a tool within the current one."""

    market: Market
    channel: str
    address: str
    context: TurnContext = field(init=False)
    turns: int = 0

    def __post_init__(self) -> None:
        self.next_turn()

    def next_turn(self, key: str | None = None) -> Person:
        self.turns += 1
        now = self.market.clock.now()
        with self.market.db.transaction() as session:
            talk = conversation_for(session, self.channel, self.address, now)
            talk.last_inbound_at = now
            session.flush()
            person = talk.technician if talk.role == "technician" else talk.client
            self.context = TurnContext(
                market=self.market,
                conversation_id=talk.id,
                role="technician" if talk.role == "technician" else "client",
                person_id=person.id if person else None,
                phone=person.phone if person and talk.verified else None,
                verified=talk.verified,
                channel=self.channel,
                language=(person.language if person else None) or "ary",
                script=(person.script if person else None) or "latn",
                turn_key=key or f"{self.channel}:SM{talk.id}-{id(self)}-{self.turns}",
                now=now,
            )
        return self

    def call(self, name: str, /, **args: Any) -> dict[str, Any]:
        return registry.call(name, self.context, args)

    def ok(self, name: str, /, **args: Any) -> dict[str, Any]:
        result = self.call(name, **args)
        assert result["ok"], result
        return result

    def error(self, name: str, /, **args: Any) -> str:
        result = self.call(name, **args)
        assert not result["ok"], result
        return str(result["error"])

    def heard(self) -> list[dict[str, Any]]:
        """Replies of every outbox row addressed to this person, oldest first."""
        with self.market.db.transaction() as session:
            rows = session.scalars(select(OutboxRow).where(OutboxRow.channel == self.channel, OutboxRow.to == self.address).order_by(OutboxRow.id))
            return [dict(r.reply) for r in rows]

    def heard_keys(self) -> list[str]:
        return [r["key"].split(".")[1] for r in self.heard()]


@dataclass
class Bricol:
    """The market under test and shortcuts to look at it."""

    market: Market
    clock: SettableClock

    def client(self, phone: str = "+212661000101", channel: str = "whatsapp") -> Person:
        return Person(self.market, channel, phone)

    def visitor(self, session_id: str = "visitor-1") -> Person:
        return Person(self.market, "web", session_id)

    def technician(self, name: str) -> Person:
        with self.market.db.transaction() as session:
            phone = session.scalars(select(Technician.phone).where(Technician.name == name)).one()
        return Person(self.market, "sms", phone)

    def rows(self, table: type[Any], **values: Any) -> list[Any]:
        with self.market.db.transaction() as session:
            found = session.scalars(select(table).order_by(*table.__mapper__.primary_key)).all()
            return [r for r in found if all(getattr(r, k) == v for k, v in values.items())]

    def give_booking(self, ref: str = "BR-1042", phone: str = "+212661000101", technician: str | None = "ahmed", **values: Any) -> None:
        """A booking on top of the world, as scenarios give them (an offered one carries an open offer)."""
        start = to_utc(datetime.fromisoformat(values.pop("start", "2026-11-24T10:00")))
        with self.market.db.transaction() as session:
            now = self.clock.now()
            conversation_for(session, "whatsapp", phone, now)
            client = session.scalars(select(Client).where(Client.phone == phone)).one()
            who = session.scalars(select(Technician).where(Technician.name == technician)).first() if technician else None
            row = Booking(
                ref=ref,
                client_id=client.id,
                technician_id=who.id if who else None,
                start=start,
                start_local=local(start),
                created_at=now,
                **{
                    "service": "plumbing",
                    "city": "casablanca",
                    "district": "maarif",
                    "address": "zen9at 12",
                    "status": "confirmed",
                    "price_mad": Decimal(300),
                    "price_max_mad": Decimal(420),
                    **values,
                },
            )
            session.add(row)
            session.flush()
            if row.status == "offered" and who:
                session.add(Offer(booking_id=row.id, technician_id=who.id, start=start, sent_at=now, deadline=now + self.minutes(15)))

    @staticmethod
    def minutes(n: float) -> Any:
        from datetime import timedelta

        return timedelta(minutes=n)

    def booking(self, ref: str = "BR-1042") -> Booking:
        return next(b for b in self.rows(Booking) if b.ref == ref)

    def later(self, **delta: float) -> int:
        """Moves the clock and does what is due."""
        self.clock.advance(**delta)
        return run_due(self.market)

    def at(self, local_time: str) -> int:
        self.clock.set(to_utc(datetime.fromisoformat(local_time)))
        return run_due(self.market)


TECHNICIANS = (
    ("ahmed", "+212662000101", ["plumbing", "water_heater"], "maarif", 300, 4.9, 500, "ary", "latn"),
    ("hassan", "+212662000102", ["plumbing"], "ain chock", 250, 4.6, 200, "fr", "latn"),
    ("mohamed", "+212662000103", ["plumbing", "general_handyman"], "hay mohammadi", 200, 4.8, 40, "ary", "arab"),
    ("youssef", "+212662000104", ["electricity"], "gauthier", 280, 4.8, 340, "fr", "latn"),
)


def fresh_market(folder: Path, url: str | None = None) -> Bricol:
    """An empty store in `folder` (or at `url`) with four technicians of Casablanca and one client, salma of Maarif."""
    db = Database(url or f"sqlite:///{folder / 'market.db'}")
    Base.metadata.create_all(db.engine)
    clock = SettableClock(datetime.fromisoformat("2026-11-23T10:00"))
    with db.transaction() as session:
        for name, phone, trades, district, rate, rating, jobs, language, script in TECHNICIANS:
            session.add(
                Technician(
                    name=name,
                    phone=phone,
                    trades=trades,
                    city="casablanca",
                    district=district,
                    rate_mad=Decimal(rate),
                    rating=rating,
                    jobs=jobs,
                    radius_km=15,
                    language=language,
                    script=script,
                )
            )
        salma = Client(
            phone="+212661000101",
            name="salma",
            language="ary",
            script="latn",
            city="casablanca",
            district="maarif",
            bookings_before=5,
            created_at=clock.now(),
        )
        session.add(salma)
    return Bricol(Market(db, clock, MarketRules(), NoKnowledge(), ShortLinks(), b"a secret of tests"), clock)


@pytest.fixture
def bricol(tmp_path: Path) -> Iterator[Bricol]:
    made = fresh_market(tmp_path)
    yield made
    made.market.db.close()
