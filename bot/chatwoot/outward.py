"""Tells Chatwoot what happens here: a case with its summary, what the person and the bot say, and what became of an agent's reply.

Chatwoot down or refusing: the rows wait and are tried again, ever more rarely; the person never notices.
"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.chatwoot import due
from bot.outbox import pause
from channels.base import MediaRefused, MediaSource
from channels.chatwoot import Down, Refusal, Upload, inbound
from channels.chatwoot.api import Side
from channels.desk import talk as desk_talk
from channels.desk.queue import names_of
from channels.desk.summary import summarise
from domain.engagement.reply import Reply
from domain.store.chatwoot_tables import ChatwootEvent, ChatwootLink, ChatwootMirror
from domain.store.conversations import phone_of
from domain.store.sql import insert_new
from domain.store.tables import Conversation, Escalation, InboxRow, OutboxRow, Turn
from prompts import desk

if TYPE_CHECKING:
    from bot.chatwoot.bridge import Bridge

log = logging.getLogger(__name__)

WHILE_TELLING = timedelta(seconds=60)  # a step that crashed is taken up again after that
LARGEST_FILE = 10_000_000  # bytes
FETCH_SECONDS = 20.0
FETCHES_AT_MOST = 3  # then the message is told without its photo
NAMED = ("photo", "voice", "location", "unsupported")  # kinds that have a word at the desk


@dataclass(frozen=True)
class Line:
    """One thing to say there. `url`: media of the person's channel that goes with it."""

    kind: str
    row_id: int
    side: Side
    text: str
    at: datetime
    url: str = ""

    @property
    def source(self) -> str:
        return f"{inbound.OURS}{self.kind}:{self.row_id}"


@dataclass(frozen=True)
class Job:
    """What one conversation has to tell, read in one moment. `again`: an attempt failed or crashed, its message may be there already."""

    conversation_id: int
    channel: str
    contact: tuple[str, str | None, str]  # identifier, phone, name
    remote_id: int | None
    new_case: int | None
    lines: list[Line]
    attempts: int

    @property
    def again(self) -> bool:
        return self.attempts > 0


def tell(bridge: Bridge, conversation_id: int) -> None:
    """Everything that one conversation has to tell now, oldest first. Raises only when the store is down."""
    if (job := _begin(bridge, conversation_id)) is None:
        return
    try:
        remote = job.remote_id if job.remote_id is not None and job.new_case is None else _opened(bridge, job)
        doubt = job.again
        for line in job.lines:
            _say(bridge, job, remote, line, doubt)
            doubt = False  # only the first may have left when an earlier attempt broke
    except Down as down:
        _put_off(bridge, job, str(down), down.wait_seconds)
    except Refusal as refusal:
        _put_off(bridge, job, str(refusal), gone=refusal.status == 404)
    else:
        with bridge.house.db.transaction() as session:
            link = session.get_one(ChatwootLink, conversation_id)
            link.attempts, link.not_before = 0, None


def _begin(bridge: Bridge, conversation_id: int) -> Job | None:
    """Reads what is to be told and marks the link: a crash before the end is known by its attempts. None: nothing, or not now."""
    now = bridge.house.clock.now()
    with bridge.house.db.transaction() as session:
        talk = session.get_one(Conversation, conversation_id)
        case = session.scalars(due.open_case(conversation_id)).first()
        insert_new(session, ChatwootLink, ["conversation_id"], conversation_id=conversation_id)
        link = session.get_one(ChatwootLink, conversation_id)
        if due.erased(talk) or (link.not_before is not None and link.not_before > now):
            return None
        new_case = case.id if case is not None and link.escalation_id != case.id else None
        if case is not None and new_case is not None:
            link.heard, link.said = _before(session, case)
            session.flush()
        told = _talk(bridge, session, link) if case is not None else []
        lines = [*_case(bridge, session, case, now), *told, *_notes(bridge, session, link)]
        if not lines or (case is None and link.remote_id is None):
            return None
        job = Job(conversation_id, talk.channel, _contact(bridge, talk), link.remote_id, new_case, lines, link.attempts)
        link.attempts, link.not_before = link.attempts + 1, now + WHILE_TELLING
        return job


def _before(session: Session, case: Escalation) -> tuple[int, int]:
    """The newest inbox and outbox rows of turns that were over when the case was opened: the summary tells of them."""
    over = select(Turn.id).where(Turn.conversation_id == case.conversation_id, Turn.created_at < case.created_at)
    heard = session.scalar(select(func.max(InboxRow.id)).where(InboxRow.conversation_id == case.conversation_id, InboxRow.turn_id.in_(over)))
    mine = (OutboxRow.conversation_id == case.conversation_id) & (OutboxRow.created_at < case.created_at)
    return heard or 0, session.scalar(select(func.max(OutboxRow.id)).where(mine)) or 0


def _case(bridge: Bridge, session: Session, case: Escalation | None, now: datetime) -> Iterator[Line]:
    """The summary, from facts, once."""
    if case is None or session.get(ChatwootMirror, ("case", case.id)) is not None:
        return
    if (found := desk_talk.read(session, case.conversation_id)) is None:
        return
    locale = bridge.settings.locale
    told = [sentence.text for sentence in summarise(found, now, locale)]
    page = desk.say(locale, "chatwoot.page", link=_page(bridge, case.conversation_id))
    yield Line("case", case.id, "note", "\n".join((desk.say(locale, "chatwoot.case"), *told, page)), now)


def _talk(bridge: Bridge, session: Session, link: ChatwootLink) -> list[Line]:
    """What was said since the case was opened, in the order it was said."""
    names = names_of(session)
    heard = [_heard(bridge, row) for row in session.scalars(select(InboxRow).where(due.heard(link)))]
    said = [_said(row, names) for row in session.scalars(select(OutboxRow).where(due.said(link)))]
    return sorted([*heard, *said], key=lambda line: (line.at, line.kind, line.row_id))


def _heard(bridge: Bridge, row: InboxRow) -> Line:
    word = desk.say(bridge.settings.locale, f"talk.{row.kind}") if row.kind in NAMED else ""
    place = f"{row.payload.get('lat')}, {row.payload.get('lon')}" if row.kind == "location" else ""
    text = " ".join(filter(None, (f"[{word}]" if word else "", place, row.text)))
    url = row.payload.get("url") if row.kind in ("photo", "voice") else ""
    return Line("heard", row.id, "incoming", text or "…", row.received_at, url if isinstance(url, str) else "")


def _said(row: OutboxRow, names: dict[str, str]) -> Line:
    reply = Reply.from_dict(row.reply)
    who = "" if row.author == "bot" else f"{names.get(row.author, row.author)}: "
    options = "".join(f"\n- {option.title}" for option in reply.options)
    return Line("said", row.id, "outgoing", f"{who}{reply.text}{options}", row.created_at)


def _notes(bridge: Bridge, session: Session, link: ChatwootLink) -> Iterator[Line]:
    """What agents must know of their own replies."""
    locale, now = bridge.settings.locale, bridge.house.clock.now()
    query = select(ChatwootEvent, OutboxRow).outerjoin(OutboxRow, OutboxRow.id == ChatwootEvent.row_id)
    mine = ChatwootEvent.conversation_id == link.conversation_id
    for event, row in session.execute(query.where(mine, due.notable(now)).order_by(ChatwootEvent.id)):
        if event.says is not None and session.get(ChatwootMirror, ("event", event.id)) is None:
            yield Line("event", event.id, "note", _words(bridge, event, locale), now)
        if row is not None and row.status in due.LOST and session.get(ChatwootMirror, ("failed", event.id)) is None:
            yield Line("failed", event.id, "note", desk.say(locale, "chatwoot.failed", why=row.error or "?", text=_start(row)), now)


def _words(bridge: Bridge, event: ChatwootEvent, locale: str) -> str:
    """Why something was not done, in the agent's language; the page where it may be done instead, where there is one."""
    own = desk.words(locale)["chatwoot"]
    if event.says in own:
        return desk.say(locale, f"chatwoot.{event.says}", link=_page(bridge, event.conversation_id))
    return desk.say(locale, "chatwoot.not_done", why=desk.say(locale, f"errors.{event.says}", **event.detail))


def _start(row: OutboxRow) -> str:
    text = str(row.reply.get("text", ""))
    return text if len(text) <= 80 else text[:79] + "…"


def _opened(bridge: Bridge, job: Job) -> int:
    """The conversation there, found or made, open; its number is kept before anything is said in it."""
    contact = bridge.api.contact(*job.contact)
    own = bridge.api.own_user()
    if job.remote_id is None:
        remote, status = bridge.api.conversation(contact, inbound.source(job.conversation_id, bridge.house.market.secret))
    else:
        remote, status = job.remote_id, "?"
    if status != "open":
        bridge.api.reopen(remote)
    with bridge.house.db.transaction() as session:
        link = session.get_one(ChatwootLink, job.conversation_id)
        link.remote_id, link.own_user = remote, own
        link.state = {**link.state, "status": "open"}
        link.escalation_id = job.new_case if job.new_case is not None else link.escalation_id
    return remote


def _say(bridge: Bridge, job: Job, remote: int, line: Line, doubt: bool) -> None:
    files = _files(bridge, job, line)
    try:
        there = bridge.api.find_message(remote, line.source) if doubt else None
        message = there if there is not None else bridge.api.say(remote, line.side, line.text, line.source, files)
    except Refusal as refusal:
        if refusal.status == 404:
            raise  # the conversation itself is gone
        log.warning("chatwoot: %s %s is not taken: %s", line.kind, line.row_id, refusal)
        message = None
    with bridge.house.db.transaction() as session:
        keys = {"kind": line.kind, "row_id": line.row_id}
        insert_new(session, ChatwootMirror, ["kind", "row_id"], **keys, conversation_id=job.conversation_id, message_id=message)


def _files(bridge: Bridge, job: Job, line: Line) -> list[Upload]:
    """The person's photo or voice note; none where their channel will not give it. Raises Down while it may."""
    source = bridge.house.channels.get(job.channel)
    if not line.url or not isinstance(source, MediaSource):
        return []
    try:
        media = source.fetch(line.url, LARGEST_FILE, FETCH_SECONDS)
    except MediaRefused as refused:
        if refused.retry and job.attempts < FETCHES_AT_MOST:
            raise Down(f"media: {refused.code}") from refused
        return []
    ending = mimetypes.guess_extension(media.mime) or ".bin"
    return [Upload(f"{line.kind}-{line.row_id}{ending}", media.content, media.mime or "application/octet-stream")]


def _put_off(bridge: Bridge, job: Job, why: str, wait_seconds: float = 0, *, gone: bool = False) -> None:
    """Waits longer after each failure. `gone`: the conversation was deleted there, the case is opened anew."""
    log.warning("chatwoot: conversation %s waits: %s", job.conversation_id, why)
    with bridge.house.db.transaction() as session:
        link = session.get_one(ChatwootLink, job.conversation_id)
        link.not_before = bridge.house.clock.now() + pause(min(link.attempts, 20), wait_seconds)
        if gone:
            link.remote_id = link.escalation_id = None
            told = ChatwootMirror.conversation_id == job.conversation_id
            session.execute(delete(ChatwootMirror).where(told, ChatwootMirror.kind == "case"))  # the summary is said anew


def _contact(bridge: Bridge, talk: Conversation) -> tuple[str, str | None, str]:
    """(identifier, phone, name): a person is one contact, whatever channel they write on."""
    person = talk.person
    if person is None or not talk.verified:
        return f"bricol:visitor:{talk.id}", None, desk.say(bridge.settings.locale, "queue.visitor")
    phone = phone_of(talk)
    return f"bricol:{talk.role}:{person.id}", phone, person.name or phone or desk.say(bridge.settings.locale, "card.client")


def _page(bridge: Bridge, conversation_id: int) -> str:
    return f"{bridge.house.settings.address}/desk/c/{conversation_id}"
