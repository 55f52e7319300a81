"""The terminal as a channel: a person types, the real service answers, and simulated technicians take the jobs."""

from __future__ import annotations

import json
import sys
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from rich.console import Console
from sqlalchemy import select

from bot import wiring
from bot.inline import InlineWorker
from bot.settings import Settings
from bot.turn import Played
from channels.base import Accept, Capabilities, InboundMessage, OnStatus, OutMessage, SendResult
from domain.clock import Clock, SettableClock, SystemClock, to_utc
from domain.engagement.reply import Reply
from domain.store.tables import Conversation, Technician

SHOWS = {"sms": Capabilities(max_text=1530), "web": Capabilities(max_text=4096, buttons=3, list_rows=10, verified_sender=False)}
DEFAULT_SHOWS = Capabilities(max_text=4096, buttons=3, list_rows=10)


class ChatError(Exception):
    """The conversation cannot begin; the message says what to change."""


@dataclass
class TerminalChannel:
    """Stands for one channel: what would be sent is kept, and shown when it is for who sits at the terminal."""

    name: str
    capabilities: Capabilities
    sent: list[OutMessage] = field(default_factory=list)

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        return APIRouter()

    def send(self, message: OutMessage) -> SendResult:
        self.sent.append(message)
        return SendResult("sent", provider_id=f"terminal-{message.id}")

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        return None


@dataclass
class Exchange:
    """One message and everything it caused for who wrote it."""

    turns: list[Played]
    notices: list[OutMessage]  # to this person, outside their turn
    elsewhere: list[OutMessage]  # to others: offers to technicians

    def to_json(self) -> str:
        body: dict[str, Any] = {
            "replies": [turn.reply.to_dict() for turn in self.turns if turn.reply],
            "calls": [call for turn in self.turns for call in turn.calls],
            "understanding": next((turn.understanding for turn in self.turns if turn.understanding), None),
            "ms": round(sum(turn.ms for turn in self.turns), 1),
            "notices": [{"text": n.text, "awaiting": n.awaiting, "options": list(n.options)} for n in self.notices],
        }
        return json.dumps(body, ensure_ascii=False)


class Chat:
    """One person at one terminal, talking to the house on a channel of their choice."""

    def __init__(self, settings: Settings, *, phone: str, role: str, channel: str, now: str | None) -> None:
        clock: Clock = SettableClock(_moment(now)) if now else SystemClock()
        self.channels = {name: TerminalChannel(name, SHOWS.get(name, DEFAULT_SHOWS)) for name in {"whatsapp", "sms", "web", "telegram", channel}}
        self.house = wiring.build(settings, clock=clock, channels={**self.channels})
        self.channel, self.sender = channel, f"terminal{phone}" if channel == "web" else phone
        _say("preparing the store ...")
        if wiring.prepare_store(self.house):
            _say(f"loaded the demo market from {settings.world}")
        if role == "technician":
            self._must_be_technician(phone)
        self.worker = InlineWorker(self.house, technicians="accept")
        self.last: Reply | None = None
        self.house.late_agent()

    def say(self, text: str) -> Exchange:
        """Sends one message, and waits until everything it caused has settled."""
        before = {name: len(channel.sent) for name, channel in self.channels.items()}
        message = InboundMessage(self.channel, f"terminal-{uuid.uuid4().hex}", self.sender, "text", text)
        played = self.worker.deliver([self._tapped(message, text)])
        with self.house.db.transaction() as session:
            mine = session.scalar(select(Conversation.id).where(Conversation.channel == self.channel, Conversation.address == self.sender))
        turns = [turn for turn in played if turn.conversation_id == mine]
        sent = [m for name, channel in self.channels.items() for m in channel.sent[before[name] :]]
        replies = {f"{turn.conversation_id}" for turn in turns}
        to_me = [m for m in sent if (m.channel, m.to) == (self.channel, self.sender)]
        notices = to_me[len([t for t in turns if t.reply]) :] if replies else to_me
        if turns and turns[-1].reply:
            self.last = turns[-1].reply
        return Exchange(turns, notices, [m for m in sent if m not in to_me])

    def _tapped(self, message: InboundMessage, text: str) -> InboundMessage:
        """`/2` taps the second option of the last reply, as a button would."""
        options = self.last.options if self.last else ()
        number = text.removeprefix("/")
        if text.startswith("/") and number.isdigit() and 1 <= int(number) <= len(options):
            chosen = options[int(number) - 1]
            return replace(message, kind="button", text=chosen.title, payload={"payload": chosen.payload})
        return message

    def _must_be_technician(self, phone: str) -> None:
        with self.house.db.transaction() as session:
            if session.scalar(select(Technician.id).where(Technician.phone == phone)) is None:
                known = session.scalars(select(Technician.phone).order_by(Technician.id).limit(3)).all()
                raise ChatError(f"no technician has the phone {phone}; take one of {', '.join(known) or 'those you load with: bricol demo'}")


def run(chat: Chat, lines: Iterable[str], *, as_json: bool, interactive: bool) -> None:
    """Reads a message per line until the end of the input."""
    if interactive and not as_json:
        _converse(chat)
        return
    console = Console()
    for line in lines:
        if text := line.rstrip("\r\n"):
            exchange = chat.say(text)
            if as_json:
                sys.stdout.write(exchange.to_json() + "\n")
                sys.stdout.flush()
            else:
                _show(console, exchange)


def _converse(chat: Chat) -> None:
    console = Console()
    knowledge = chat.house.market.knowledge
    if isinstance(knowledge, wiring.LateKnowledge):  # read while the person types their first words
        _say("the knowledge index is read in the background (a first one takes some 20 s); until then, words alone answer questions")
        threading.Thread(target=knowledge.warm, name="bricol-warm-up", daemon=True).start()
    console.print(f"[dim]{chat.channel} · {chat.sender} · Ctrl-D ends, /1 taps the first option[/dim]")
    while True:
        try:
            text = console.input("[bold cyan]> [/bold cyan]")
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if text:
            _show(console, chat.say(text))


def _show(console: Console, exchange: Exchange) -> None:
    for turn in exchange.turns:
        for call in turn.calls:
            console.print(f"  [dim]{call['tool']} {'ok' if call['ok'] else 'refused'} {call['ms']:.0f} ms[/dim]", highlight=False)
        if turn.reply:
            console.print(turn.reply.text, style="green", markup=False, highlight=False)
            for number, option in enumerate(turn.reply.options, 1):
                console.print(f"  {number}. {option.title}", style="green", markup=False, highlight=False)
    for other in exchange.elsewhere:
        console.print(f"  [SMS → {other.to}] {other.text}", style="dim", markup=False, highlight=False)
    for notice in exchange.notices:
        console.print(notice.text, style="yellow", markup=False, highlight=False)


def _moment(text: str) -> datetime:
    try:
        return to_utc(datetime.fromisoformat(text))
    except ValueError:
        raise ChatError(f"--now {text!r} is not a local time; example: --now 2026-11-23T10:00") from None


def _say(progress: str) -> None:
    sys.stderr.write(progress + "\n")


def read_lines(stream: Any) -> Iterable[str]:
    """Standard input as UTF-8, whatever the locale; a broken byte becomes a question mark in a box, never an exception."""
    stream.reconfigure(encoding="utf-8", errors="replace")
    return stream
