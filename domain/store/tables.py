"""Every table of the marketplace and of the conversation spine. Times are UTC, money is Decimal MAD, phones are E.164."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, ForeignKey, Index, LargeBinary, MetaData, Numeric, String, Text, TypeDecorator, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Utc(TypeDecorator[datetime]):
    """An aware UTC datetime, also on SQLite, which forgets zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}; pass an aware one (domain.clock.to_utc)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Utc, Decimal: Numeric(10, 2), dict[str, Any]: JSON, list[Any]: JSON}


# --- people ---------------------------------------------------------------------------------------------------------


class Client(Base):
    __tablename__ = "clients"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)  # null once erased
    name: Mapped[str | None] = mapped_column(String(80))
    language: Mapped[str | None] = mapped_column(String(3))
    script: Mapped[str | None] = mapped_column(String(4))
    language_pinned: Mapped[bool] = mapped_column(default=False)  # asked for: stop mirroring
    city: Mapped[str | None] = mapped_column(String(40))
    district: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(Text)
    bookings_before: Mapped[int] = mapped_column(default=0)  # done before this store existed (imported history)
    last_technician_id: Mapped[int | None] = mapped_column(ForeignKey("technicians.id"))
    credit_mad: Mapped[Decimal] = mapped_column(default=Decimal(0))
    opted_out: Mapped[bool] = mapped_column(default=False)
    erased: Mapped[bool] = mapped_column(default=False)
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class Technician(Base):
    __tablename__ = "technicians"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    trades: Mapped[list[Any]]  # service ids, the main one first
    skills: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # ids of domain.catalog.skills; empty: not told
    city: Mapped[str] = mapped_column(String(40))
    district: Mapped[str] = mapped_column(String(80))
    hours: Mapped[str] = mapped_column(String(11), default="08:00-20:00")  # local wall clock
    days: Mapped[str] = mapped_column(String(27), default="mon-sat")
    rate_mad: Mapped[Decimal]
    rating: Mapped[float] = mapped_column(default=4.5)
    jobs: Mapped[int] = mapped_column(default=0)
    radius_km: Mapped[float] = mapped_column(default=10)
    language: Mapped[str] = mapped_column(String(3), default="ary")
    script: Mapped[str] = mapped_column(String(4), default="latn")
    available: Mapped[bool] = mapped_column(default=True)
    unavailable_until: Mapped[datetime | None]
    opted_out: Mapped[bool] = mapped_column(default=False)
    simulated: Mapped[bool] = mapped_column(default=False)  # a demo person: answers by itself
    applied: Mapped[bool] = mapped_column(default=False)  # asked to join, not yet vetted: never matched


# --- jobs -----------------------------------------------------------------------------------------------------------


class Booking(Base):
    __tablename__ = "bookings"
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(12), unique=True)  # BR-1042
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"), index=True)
    technician_id: Mapped[int | None] = mapped_column(ForeignKey("technicians.id"), index=True)
    service: Mapped[str] = mapped_column(String(30))
    node: Mapped[str | None] = mapped_column(String(60))  # catalog node, finer than the service
    issue: Mapped[str | None] = mapped_column(Text)  # the client's own words
    city: Mapped[str] = mapped_column(String(40))
    district: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(Text)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    start: Mapped[datetime]  # UTC
    start_local: Mapped[str] = mapped_column(String(16))  # "2026-11-24T10:00": what was promised, whatever the clocks do
    minutes: Mapped[int] = mapped_column(default=60)
    status: Mapped[str] = mapped_column(String(12), default="offered")  # offered confirmed en_route arrived done closed expired cancelled disputed
    price_mad: Mapped[Decimal | None]
    price_min_mad: Mapped[Decimal | None]
    price_max_mad: Mapped[Decimal | None]
    final_mad: Mapped[Decimal | None]
    paid_mad: Mapped[Decimal] = mapped_column(default=Decimal(0))
    fee_mad: Mapped[Decimal] = mapped_column(default=Decimal(0))  # late cancellation
    urgency: Mapped[str] = mapped_column(String(10), default="normal")
    channel: Mapped[str] = mapped_column(String(10), default="whatsapp")
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    cancelled_by: Mapped[str | None] = mapped_column(String(12))  # client technician support
    reminded_at: Mapped[datetime | None]
    rating_asked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    client: Mapped[Client] = relationship(lazy="joined")
    technician: Mapped[Technician | None] = relationship(lazy="joined")


class PromisedQuarter(Base):
    """A quarter of an hour that a technician has promised to one visit: the key makes a second promise impossible (`store/promises.py` writes it)."""

    __tablename__ = "promised_quarters"
    technician_id: Mapped[int] = mapped_column(ForeignKey("technicians.id"), primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # quarters of an hour since 1970, UTC
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)


class BookingEvent(Base):
    __tablename__ = "booking_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), index=True)
    event: Mapped[str] = mapped_column(String(30))
    actor: Mapped[str] = mapped_column(String(20))  # client technician support system
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Offer(Base):
    __tablename__ = "offers"
    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), index=True)
    technician_id: Mapped[int] = mapped_column(ForeignKey("technicians.id"), index=True)
    rank: Mapped[int] = mapped_column(default=1)  # 1 = asked first
    status: Mapped[str] = mapped_column(String(10), default="open")  # open accepted declined countered expired withdrawn
    start: Mapped[datetime]
    earning_mad: Mapped[Decimal | None]
    counter_start: Mapped[datetime | None]
    sent_at: Mapped[datetime]
    deadline: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    booking: Mapped[Booking] = relationship(lazy="joined")
    technician: Mapped[Technician] = relationship(lazy="joined")
    __table_args__ = (
        UniqueConstraint("booking_id", "technician_id", "start"),
        Index("uq_offers_one_open", "booking_id", unique=True, sqlite_where=text("status = 'open'"), postgresql_where=text("status = 'open'")),
    )


class Refund(Base):
    __tablename__ = "refunds"
    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), index=True)
    amount_mad: Mapped[Decimal]
    status: Mapped[str] = mapped_column(String(10))  # requested approved paid refused
    rule: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    booking: Mapped[Booking] = relationship(lazy="joined")


class Rating(Base):
    __tablename__ = "ratings"
    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), unique=True)
    stars: Mapped[int]
    text: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class Escalation(Base):
    __tablename__ = "escalations"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    reason: Mapped[str] = mapped_column(String(30))  # asked danger damage dispute refund unclear abuse data payment other
    note: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[str] = mapped_column(String(10), default="normal")  # low normal high urgent
    status: Mapped[str] = mapped_column(String(10), default="open")  # open assigned closed
    assigned_to: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    __table_args__ = (
        Index(
            "uq_escalations_one_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("status <> 'closed'"),
            postgresql_where=text("status <> 'closed'"),
        ),
    )


# --- conversations --------------------------------------------------------------------------------------------------


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(64))  # who writes: phone, or web session id
    role: Mapped[str] = mapped_column(String(10), default="client")  # client technician
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id"), index=True)
    technician_id: Mapped[int | None] = mapped_column(ForeignKey("technicians.id"))
    claimed_phone: Mapped[str | None] = mapped_column(String(20))  # said but not yet proven by a code (web)
    verified: Mapped[bool] = mapped_column(default=True)  # by the channel, or by a code
    language: Mapped[str | None] = mapped_column(String(3))  # of the last reply, what proactive messages use
    script: Mapped[str | None] = mapped_column(String(4))
    owner: Mapped[str] = mapped_column(String(5), default="bot")  # bot human
    owner_epoch: Mapped[int] = mapped_column(default=0)  # grows at each change of owner; drafts of an older epoch are dropped
    desk: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    last_inbound_at: Mapped[datetime | None]
    client: Mapped[Client | None] = relationship(lazy="joined")
    technician: Mapped[Technician | None] = relationship(lazy="joined")
    __table_args__ = (UniqueConstraint("channel", "address"),)

    @property
    def person(self) -> Client | Technician | None:
        """Who writes here; None for an anonymous visitor."""
        return self.technician if self.role == "technician" else self.client


class InboxRow(Base):
    __tablename__ = "inbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(10))
    provider_id: Mapped[str] = mapped_column(String(128))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text, default="")
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime]
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id"), index=True)  # null: not yet answered
    __table_args__ = (UniqueConstraint("channel", "provider_id"),)


class WebPhoto(Base):
    """A photo that a visitor of the chat page sent: no provider keeps it for us. Its message (`payload["url"]` = "web:<id>") follows it."""

    __tablename__ = "web_photos"
    id: Mapped[int] = mapped_column(primary_key=True)
    session: Mapped[str] = mapped_column(String(64))  # the conversation's address
    key: Mapped[str] = mapped_column(String(60))  # the message's id in that session
    mime: Mapped[str] = mapped_column(String(20))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    came_at: Mapped[datetime]
    used: Mapped[bool] = mapped_column(default=False)  # its message came
    __table_args__ = (UniqueConstraint("session", "key"), Index("ix_web_photos_stray", "used", "came_at"))


class Turn(Base):
    """One turn as it was played: the transcript is what the next turn reads as history."""

    __tablename__ = "turns"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)  # channel:provider_id of its first message; part of every idempotency key
    messages: Mapped[list[Any]]  # langchain message dicts of this turn (human, tool calls, tool results, reply)
    reply: Mapped[dict[str, Any] | None]
    calls: Mapped[list[Any]]  # [{"tool","args","ok","ms"}]
    understanding: Mapped[dict[str, Any] | None]
    model: Mapped[str] = mapped_column(String(80))
    ms: Mapped[float]
    tokens: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class OutboxRow(Base):
    """Everything that leaves: replies, notices to clients, offers to technicians, words of desk agents."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)  # what it is for: writing it twice is refused
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id"))  # null: a notice outside any turn
    author: Mapped[str] = mapped_column(String(40), default="bot")  # bot, or the desk agent's name
    epoch: Mapped[int] = mapped_column(default=0)  # conversation.owner_epoch when it was drafted
    channel: Mapped[str] = mapped_column(String(10))
    to: Mapped[str] = mapped_column(String(64))
    reply: Mapped[dict[str, Any]]  # Reply.to_dict()
    kind: Mapped[str] = mapped_column(String(10), default="text")  # set by the delivery planner
    category: Mapped[str] = mapped_column(String(12), default="reply")  # reply notice(live job) offer code reminder promo
    status: Mapped[str] = mapped_column(String(10), default="queued", index=True)  # channels.base.Status
    provider_id: Mapped[str | None] = mapped_column(String(128), index=True)
    error: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Proposal(Base):
    """Consent in two phases: what was proposed, bound to its exact arguments; confirmed once, in a later turn."""

    __tablename__ = "proposals"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # booking reschedule cancellation refund counter_offer erasure
    args: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(12), default="open")  # open confirmed declined expired superseded
    turn_key: Mapped[str] = mapped_column(String(160))  # the turn that proposed; that turn may not confirm
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Hold(Base):
    """A technician's time kept for one client while their proposal is open; it ends with the proposal, or at `until`."""

    __tablename__ = "holds"
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"))
    technician_id: Mapped[int] = mapped_column(ForeignKey("technicians.id"))
    start: Mapped[datetime]
    minutes: Mapped[int]
    until: Mapped[datetime] = mapped_column(index=True)


class ToolReceipt(Base):
    """The result of a WRITE tool, written in the transaction of its effect: the same key gets the same answer, once done."""

    __tablename__ = "tool_receipts"
    key: Mapped[str] = mapped_column(String(240), primary_key=True)  # conversation : turn key : tool : hash of arguments
    turn: Mapped[str | None] = mapped_column(String(160), index=True)  # conversation : turn key; None where no turn did it
    result: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class VerificationCode(Base):
    __tablename__ = "verification_codes"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    phone: Mapped[str] = mapped_column(String(20), index=True)
    code_hash: Mapped[str] = mapped_column(String(128))  # HMAC of the code: codes are never stored
    attempts: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class PredictionRow(Base):
    """What a model (or its rule) said, and later what came true (domain.learning.predictions.Prediction). Numbers and codes only."""

    __tablename__ = "predictions"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)  # hash of what was said: said twice, kept once
    model: Mapped[str] = mapped_column(String(30))  # cost match accept success arrival explore
    version: Mapped[str] = mapped_column(String(80))  # "rule" where no model serves
    entity: Mapped[str] = mapped_column(String(40), index=True)  # booking:BR-1042 proposal:5 offer:7 conversation:3 erased:9
    at: Mapped[datetime]
    features: Mapped[dict[str, Any]]
    value: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    propensity: Mapped[float] = mapped_column(default=1.0)
    outcome: Mapped[float | None]
    outcome_at: Mapped[datetime | None]
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Sequence(Base):
    """Counters that survive restarts (booking references)."""

    __tablename__ = "sequences"
    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[int]
