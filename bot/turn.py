"""Plays one turn: the unanswered messages of one conversation in, one reply in the outbox, all closed in one commit."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import history, metrics, satisfaction
from bot.checkpoints import reached
from bot.inbox import STORE_DOWN, clean
from bot.voice.listen import listen
from domain.engagement import optout, reach
from domain.engagement.reply import Reply, language_script_of, locale_of
from domain.store.conversations import speech
from domain.store.receipts import done_before
from domain.store.tables import Conversation, InboxRow, OutboxRow, Turn
from prompts import replies
from tools.context import TurnContext

if TYPE_CHECKING:
    from langchain_core.messages import HumanMessage

    from bot.wiring import House

log = logging.getLogger(__name__)

MESSAGES_AT_MOST = 40  # of one turn; a flood is answered in portions
LONGEST_BURST = 8  # windows: who never stops typing is answered all the same
GIVE_UP_AFTER = timedelta(minutes=10)  # a message that cannot be played for so long gets an apology


@dataclass(frozen=True)
class Gathered:
    """What one turn is about, fixed before it is played: a turn played again after a crash sees exactly this."""

    conversation_id: int
    rows: tuple[int, ...]  # inbox rows in the order they were said
    upto: int  # the newest outbox row that existed
    now: str  # the turn's own time, ISO, UTC

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Gathered:
        return cls(**{**data, "rows": tuple(data["rows"])})


@dataclass
class Played:
    """How one turn went, for whoever shows it (terminal, evaluation)."""

    turn_id: int
    conversation_id: int
    reply: Reply | None
    calls: list[dict[str, Any]] = field(default_factory=list)
    understanding: dict[str, Any] | None = None
    model: str = ""
    tokens: int = 0
    ms: float = 0.0


@dataclass
class Scene:
    """What is read before the agent is asked, so that no transaction stays open while it thinks."""

    rows: list[InboxRow]
    conversation: Conversation
    history: list[Any]
    epoch: int
    key: str
    earlier: dict[str, dict[str, dict[str, Any]]]  # what an earlier play of this turn did

    @property
    def locale(self) -> str:
        return locale_of(*speech(self.conversation))


def gather(house: House, conversation_id: int, window: float | None = None) -> Gathered | None:
    """The messages of the next turn: all unanswered ones, once the newest is older than the burst window (seconds)."""
    now = house.clock.now()
    window = house.settings.burst_seconds if window is None else window
    with house.db.reading() as session:
        rows = session.execute(
            select(InboxRow.id, InboxRow.received_at)
            .where(InboxRow.conversation_id == conversation_id, InboxRow.turn_id.is_(None))
            .order_by(InboxRow.sent_at, InboxRow.id)
        ).all()
        if not rows:
            return None
        came = [received for _, received in rows]
        still_typing = max(came) > now - timedelta(seconds=window)
        if still_typing and min(came) > now - timedelta(seconds=window * LONGEST_BURST):
            return None
        upto = session.scalar(select(func.max(OutboxRow.id)).where(OutboxRow.conversation_id == conversation_id)) or 0
    return Gathered(conversation_id, tuple(row_id for row_id, _ in rows[:MESSAGES_AT_MOST]), upto, now.isoformat())


def play(house: House, gathered: Gathered) -> Played | None:
    """Answers what was gathered; None when it was answered already. Safe to call again after a crash at any point.

    Raises only when the store is down; whatever else goes wrong is logged and the person gets an apology.
    """
    begun = time.perf_counter()
    scene = _load(house, gathered)
    if scene is None:
        return None
    reached("loaded")
    listen(house, scene.rows)
    human = history.human_message(scene.rows)
    context = context_of(house, scene.conversation, scene.key, datetime.fromisoformat(gathered.now))
    context.earlier = scene.earlier
    if scene.conversation.owner == "human":
        _obey_stop(scene, human, context)  # in silence: whoever has the conversation answers
        done = Played(0, gathered.conversation_id, None, [dict(c) for c in context.calls], model="human")
        messages = history.to_rows([human])
    else:
        done, messages = _answer(house, scene, human, context)
    reached("answered")
    done.ms = round((time.perf_counter() - begun) * 1000, 1)
    try:
        turn_id = _close(house, gathered, scene, done, messages)
    except STORE_DOWN:
        raise
    except Exception:
        # what the agent returned cannot be stored: the person must hear something, and the turn must not come back for ever
        log.exception("turn %s cannot be stored", scene.key)
        done = _apology(scene, done.ms)
        turn_id = _close(house, gathered, scene, done, history.to_rows([human]))
    if turn_id is None:
        return None
    reached("committed")
    metrics.turn(scene.conversation.channel, done.model, done.ms)
    done.turn_id = turn_id
    return done


def _load(house: House, gathered: Gathered) -> Scene | None:
    with house.db.reading() as session:
        found = session.scalars(select(InboxRow).where(InboxRow.id.in_(gathered.rows), InboxRow.turn_id.is_(None))).all()
        if not found:
            return None
        rows = sorted(found, key=lambda row: gathered.rows.index(row.id))
        conversation = session.get_one(Conversation, gathered.conversation_id)
        past = history.load(session, gathered.conversation_id, gathered.upto, house.settings.history_turns, datetime.fromisoformat(gathered.now))
        key = f"{rows[0].channel}:{rows[0].provider_id}"
        return Scene(rows, conversation, past, conversation.owner_epoch, key, done_before(session, conversation.id, key))


def context_of(house: House, talk: Conversation, key: str, now: datetime) -> TurnContext:
    """Who writes here, verified how: whatever acts in a conversation acts as this person. `key` names the turn."""
    person = talk.person
    language, script = speech(talk)
    return TurnContext(
        market=house.market,
        conversation_id=talk.id,
        role="technician" if talk.role == "technician" else "client",
        person_id=person.id if person else None,
        phone=person.phone if person and talk.verified else None,
        verified=talk.verified,
        channel=talk.channel,
        language=language,
        script=script,
        turn_key=key,
        now=now,
    )


def _answer(house: House, scene: Scene, human: HumanMessage, context: TurnContext) -> tuple[Played, list[dict[str, Any]]]:
    """The agent's answer; an apology when it fails."""
    try:
        if ruled := _obey_stop(scene, human, context) or _write_elsewhere(house, scene, human, context) or _hear_stars(house, scene, human, context):
            return ruled
        turn = house.agent.run(scene.history, human, context)
        done = Played(0, scene.conversation.id, turn.reply, [dict(c) for c in turn.calls], turn.understanding, turn.model, turn.tokens)
        return done, history.to_rows(turn.messages)
    except STORE_DOWN:
        if context.now - min(r.received_at for r in scene.rows) < GIVE_UP_AFTER:
            raise  # played again from the top; tools that were done answer from their receipts
        log.exception("turn %s given up", scene.key)
    except Exception:
        log.exception("turn %s failed", scene.key)
    done = _apology(scene, 0.0)
    done.calls = [dict(c) for c in context.calls]
    return done, history.to_rows([human, *history.said(done.reply)])


def _obey_stop(scene: Scene, human: HumanMessage, context: TurnContext) -> tuple[Played, list[dict[str, Any]]] | None:
    """STOP, START and their forms work whatever the agent makes of them; None when the message is neither."""
    said = str(human.content)
    person = scene.conversation.person
    args: dict[str, Any]
    if (scope := optout.match(said)) is not None:
        key, args = f"stop.{scope}", {"scope": scope}
    elif person is not None and person.opted_out and optout.wants_back(said):
        key, args = "stop.back", {"scope": "all", "undo": True}
    else:
        return None
    from tools import registry

    if not registry.call("opt_out", context, args)["ok"]:
        return None
    language, script = language_script_of(scene.locale)
    reply = Reply(replies.render(key, scene.locale, seed=scene.key), language, script, key=key)
    done = Played(0, scene.conversation.id, reply, [dict(c) for c in context.calls], model="rule")
    return done, history.to_rows([human, *history.said(reply)])


def _write_elsewhere(house: House, scene: Scene, human: HumanMessage, context: TurnContext) -> tuple[Played, list[dict[str, Any]]] | None:
    """A client's wish for another channel ("ktbo lia f SMS machi f whatsapp"), kept for all that is not an answer; None when it is none."""
    if context.role != "client" or (place := reach.match(str(human.content))) is None:
        return None
    from tools import registry

    kept = registry.call("save_preference", context, {"key": "channel", "value": place}) if place in house.channels else {"error": "no_such_channel"}
    entry = "set" if kept.get("ok") else {"verify_needed": "unknown_person", "not_there": "write_first"}.get(str(kept.get("error")), "not_here")
    language, script = language_script_of(scene.locale)
    channel = replies.render(f"reach.{place}", scene.locale)
    reply = Reply(replies.render(f"reach.{entry}", scene.locale, seed=scene.key, channel=channel), language, script, key=f"reach.{entry}")
    done = Played(0, scene.conversation.id, reply, [dict(c) for c in context.calls], model="rule")
    return done, history.to_rows([human, *history.said(reply)])


def _hear_stars(house: House, scene: Scene, human: HumanMessage, context: TurnContext) -> tuple[Played, list[dict[str, Any]]] | None:
    """The answer to how it went with the desk is no rating of a job; None when the message is no such answer."""
    if not satisfaction.may_answer(scene.rows):
        return None
    with house.db.transaction() as session:
        reply = satisfaction.hear(session, session.get_one(Conversation, scene.conversation.id), scene.rows, context.now)
    if reply is None:
        return None
    return Played(0, scene.conversation.id, reply, model="rule"), history.to_rows([human, *history.said(reply)])


def _apology(scene: Scene, ms: float) -> Played:
    language, script = language_script_of(scene.locale)
    try:
        reply = Reply(replies.render("common.apology", scene.locale, seed=scene.key), language, script, key="common.apology")
    except replies.UnknownReply:
        log.exception("no words to apologise with: the turn is closed in silence, else it would come back for ever")
        reply = None
    return Played(0, scene.conversation.id, reply, model="apology", ms=ms)


def _close(house: House, gathered: Gathered, scene: Scene, done: Played, messages: list[dict[str, Any]]) -> int | None:
    """The one commit of a turn: inbox rows closed, transcript kept, reply queued. None when another run was first."""
    now = house.clock.now()
    talk = scene.conversation
    ids = [r.id for r in scene.rows]
    with house.db.transaction() as session:
        if session.scalar(select(Turn.id).where(Turn.key == scene.key)):
            return None
        turn = Turn(
            conversation_id=talk.id,
            key=scene.key,
            messages=clean(messages),
            reply=clean(done.reply.to_dict()) if done.reply else None,
            calls=clean(done.calls),
            understanding=clean(done.understanding),
            model=done.model[:80],
            ms=done.ms,
            tokens=done.tokens,
            created_at=now,
        )
        session.add(turn)
        session.flush()
        session.execute(update(InboxRow).where(InboxRow.id.in_(ids), InboxRow.turn_id.is_(None)).values(turn_id=turn.id))
        if done.reply is not None:
            session.add(
                OutboxRow(
                    key=f"turn:{scene.key}",
                    conversation_id=talk.id,
                    turn_id=turn.id,
                    epoch=scene.epoch,
                    channel=talk.channel,
                    to=talk.address,
                    reply=clean(done.reply.to_dict()),
                    created_at=now,
                )
            )
            _remember_speech(session, talk.id, done.reply)
        return turn.id


def _remember_speech(session: Session, conversation_id: int, reply: Reply) -> None:
    """Notices that leave later speak as this reply did."""
    talk = session.get_one(Conversation, conversation_id)
    talk.language, talk.script = reply.language, reply.script
    if talk.client is not None and not talk.client.language_pinned and talk.verified:
        talk.client.language, talk.client.script = reply.language, reply.script
