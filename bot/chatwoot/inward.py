"""Does what an agent did in Chatwoot: a reply leaves by our outbox, assignment takes the conversation, resolving or a label ends the case.

Everything goes through the desk's own acts: one owner at a time, and nothing of the bot's leaves after a take-over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select

from bot import media
from bot.chatwoot.due import KEY, erased, open_case
from bot.desk import HouseActs
from bot.inbox import STORE_DOWN
from channels.base import MediaRefused
from channels.desk.acts import OUTCOMES, ActRefused
from domain.store.chatwoot_tables import ChatwootEvent, ChatwootLink
from domain.store.desk_tables import DeskAgent
from domain.store.sql import insert_new
from domain.store.tables import Conversation

if TYPE_CHECKING:
    from bot.chatwoot.bridge import Bridge

log = logging.getLogger(__name__)

ATTEMPTS_AT_MOST = 8
TEAM = "chatwoot"  # the account of what nobody in particular did; agents are "chatwoot:<their number there>"
LABEL, BOT = "bricol-", "bot"  # bricol-bot hands back; bricol-solved, bricol-refunded, ... close with that outcome
SOLVED = "solved"  # the outcome of a case that is resolved without a label


@dataclass(frozen=True)
class Done:
    """What came of an event: the outbox row, and what its agent must be told (an entry of prompts/desk)."""

    row: int | None = None
    says: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """What a change of a conversation's state asks for. `outcome`: of a case that is closed."""

    act: Literal["take", "hand_back", "close"]
    outcome: str = ""


def wish(before: Mapping[str, Any], now: Mapping[str, Any], own_user: int | None = None) -> Wish | None:
    """Ending comes before taking; a state that is told again asks for nothing. `own_user`: whose acts are our own."""
    was, is_ = before.get("status", "open"), now["status"]
    has_labels, had_labels = _ours(now["labels"]), _ours(before.get("labels", ()))
    new = [name for name in has_labels if name not in had_labels]
    outcome = next((name for name in (*new, *has_labels) if name in OUTCOMES), SOLVED)
    if is_ == "resolved":
        return Wish("close", outcome) if was != "resolved" else None
    if any(name in OUTCOMES for name in new):
        return Wish("close", outcome)
    if (is_ == "pending" and was != "pending") or BOT in new:
        return Wish("hand_back")
    had, has = (state.get("assignee") if state.get("assignee") != own_user else None for state in (before, now))
    if is_ != "open" or had == has:
        return None
    return Wish("take") if has is not None else Wish("hand_back")


def _ours(labels: Iterable[str]) -> list[str]:
    return [label.removeprefix(LABEL).replace("-", "_") for label in labels if label.startswith(LABEL)]


def obey(bridge: Bridge, conversation_id: int, spread: Callable[[], None]) -> None:
    """Every event that waits, in Chatwoot's own order. Raises only when the store is down: then all is done again, and nothing twice."""
    acts = HouseActs(bridge.house, spread)
    for event in _waiting(bridge, conversation_id):
        try:
            done = _message(bridge, acts, event) if event.kind == "message" else _state(bridge, acts, event)
        except ActRefused as refused:
            done = _refused(refused)
        except STORE_DOWN:
            raise
        except Exception:
            log.exception("chatwoot: event %s cannot be done", event.id)
            if not _given_up(bridge, event):
                return  # those behind it wait: an agent's words keep their order
            continue
        with bridge.house.db.transaction() as session:
            row = session.get_one(ChatwootEvent, event.id)
            row.done, row.body, row.row_id, row.says, row.detail = True, {}, done.row, done.says, done.detail


def _waiting(bridge: Bridge, conversation_id: int) -> list[ChatwootEvent]:
    query = select(ChatwootEvent).where(ChatwootEvent.conversation_id == conversation_id, ChatwootEvent.done.is_(False))
    with bridge.house.db.reading() as session:
        return list(session.scalars(query.order_by(ChatwootEvent.at, ChatwootEvent.id)))


def _refused(refused: ActRefused) -> Done:
    return Done(says=refused.code, detail={k: v for k, v in refused.detail.items() if isinstance(v, str | int)})


def _given_up(bridge: Bridge, event: ChatwootEvent) -> bool:
    with bridge.house.db.transaction() as session:
        row = session.get_one(ChatwootEvent, event.id)
        row.attempts += 1
        if row.attempts < ATTEMPTS_AT_MOST:
            return False
        row.done, row.body, row.says = True, {}, "internal"
        return True


def _message(bridge: Bridge, acts: HouseActs, event: ChatwootEvent) -> Done:
    """An agent's words: they take the conversation, and leave once."""
    body = event.body
    login = _account(bridge, body.get("agent"), body.get("name", ""))
    with bridge.house.db.transaction() as session:
        talk = session.get_one(Conversation, event.conversation_id)
        if erased(talk):
            raise ActRefused("erased")
        link = _link(session, event)
        # said before the case was ended, told after: it leaves all the same, and takes nothing
        late = talk.owner == "bot" and event.at <= link.state.get("ended", 0.0)
    settled = late or _hold(bridge, acts, event.conversation_id, login)
    says = None if settled else "settling"
    text, files = body.get("text", ""), body.get("files", ())
    photos = [found for url in files if (found := _photo(bridge, url)) is not None]
    says = says if len(photos) == len(files) else "attachment"
    if not text.strip() and not photos:
        return Done(says=says or "empty")
    rows = []
    for number, photo in enumerate(photos or [None]):  # the words go with the first
        key = f"{KEY}{body['id']}" + (f"-{number}" if number else "")
        rows.append(acts.reply(event.conversation_id, login, "" if number else text, key, late=late, photo=photo))
    return Done(rows[0], says)


def _photo(bridge: Bridge, url: str) -> tuple[bytes, str] | None:
    """(content, kind) of what an agent attached; None for what does not leave here."""
    try:
        content = bridge.api.photo(url, media.LARGEST).content if url else b""
    except MediaRefused as refused:
        log.warning("chatwoot: an attachment cannot be had: %s", refused.code)
        return None
    kind = media.mime_of(content)
    return (content, kind) if kind else None


def _state(bridge: Bridge, acts: HouseActs, event: ChatwootEvent) -> Done:
    """What a conversation has become; older news than what is known changes nothing."""
    new = {**event.body, "at": event.at}
    with bridge.house.db.transaction() as session:
        link = _link(session, event)
        before, own = dict(link.state), link.own_user
    if event.at < before.get("at", 0.0):
        return Done()
    asked = wish(before, new, own)
    done = Done()
    try:
        if asked is not None:
            _grant(bridge, acts, event, asked)
    except ActRefused as refused:  # told to the agent, not tried again
        done = _refused(refused)
    ended = event.at if asked is not None and asked.act != "take" else before.get("ended", 0.0)
    with bridge.house.db.transaction() as session:
        session.get_one(ChatwootLink, event.conversation_id).state = {**new, "ended": ended}
    return done


def _grant(bridge: Bridge, acts: HouseActs, event: ChatwootEvent, asked: Wish) -> None:
    body, number = event.body, event.conversation_id
    with bridge.house.db.reading() as session:
        talk = session.get_one(Conversation, number)
        idle = talk.owner == "bot" and session.scalars(open_case(number)).first() is None
        theirs = talk.desk if talk.owner == "human" and _of_chatwoot(talk.desk) else None
        if erased(talk) or (idle and asked.act != "take"):
            return
    if asked.act == "take":
        _hold(bridge, acts, number, _account(bridge, body["assignee"], body["name"]))
        return
    login = theirs or _account(bridge, body["assignee"], body["name"])
    _hold(bridge, acts, number, login)
    if asked.act == "close":
        acts.close(number, login, asked.outcome)
    else:
        acts.hand_back(number, login, "")


def _hold(bridge: Bridge, acts: HouseActs, conversation_id: int, login: str) -> bool:
    """The conversation is this agent's; agents of Chatwoot take it from each other freely. Raises ActRefused `taken` where our own desk has it."""
    with bridge.house.db.reading() as session:
        talk = session.get_one(Conversation, conversation_id)
        desk = talk.desk if talk.owner == "human" else None
    return True if desk == login else acts.take(conversation_id, login, over=desk if _of_chatwoot(desk) else None)


def _of_chatwoot(login: str | None) -> bool:
    return login is not None and login.partition(":")[0] == TEAM


def _account(bridge: Bridge, agent: int | None, name: str) -> str:
    """The account of a Chatwoot agent: it names them in audit and reports, and nobody can sign in with it."""
    login = f"{TEAM}:{agent}" if agent else TEAM
    new = {"name": name if agent and name else "Bricol", "password": "", "role": "agent", "active": False, "created_at": bridge.house.clock.now()}
    with bridge.house.db.transaction() as session:
        if not insert_new(session, DeskAgent, ["login"], login=login, **new) and agent and name:
            session.scalars(select(DeskAgent).where(DeskAgent.login == login)).one().name = name
    return login


def _link(session: Any, event: ChatwootEvent) -> ChatwootLink:
    """The link of the event's conversation, which may have been made anew by hand in Chatwoot."""
    insert_new(session, ChatwootLink, ["conversation_id"], conversation_id=event.conversation_id)
    link: ChatwootLink = session.get_one(ChatwootLink, event.conversation_id)
    if link.remote_id is None or event.remote_id > link.remote_id:
        link.remote_id = event.remote_id
    return link
