"""Plays the day on SQLite: people write and react, providers report and fail, a worker dies and another one starts, hour after hour of the clock."""

from __future__ import annotations

import heapq
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from bot import takeover
from bot.app import create_app
from bot.checkpoints import POINTS
from bot.wiring import prepare_store
from domain.clock import SettableClock, to_local, to_utc
from domain.engagement.reply import locale_of
from domain.store.tables import Booking, Conversation, InboxRow, OutboxRow, Technician
from evals.bench.day.lines import BROKEN, TOO_FAST, Line, Post, Said, Sms, TelegramLine, Web, WebhookRefused, WhatsApp
from evals.bench.day.people import Client, clients, words
from evals.bench.day.service import PUBLIC, Urls, Worker, build
from evals.providers import meta, telegram, twilio

OPENS, CLOSES = datetime(2026, 11, 23, 8), datetime(2026, 11, 23, 21, 30)  # noqa: DTZ001 - local time in Morocco
MORNING_AFTER = (datetime(2026, 11, 24, 8, 5), datetime(2026, 11, 24, 8, 20), datetime(2026, 11, 24, 9, 30))  # noqa: DTZ001
ROOT = Path(__file__).parents[3]
TICK = timedelta(minutes=5)  # how often due work is looked for
OPENING, EACH = timedelta(hours=10), timedelta(minutes=6)  # within which people first write; on a short day less, so much for each of them
#: Where a worker dies; taking in is the server's, choosing a burst the durable worker's own (tests/integration/test_crash.py).
DEATHS = tuple(point for point in POINTS if point not in ("accepted", "gathered"))
LONG = 100  # conversations
WAITING_AT_DEATH = 5  # messages that the worker finds, so that it has something to die in
DOUBLED, FAULTY, LATE, TAKEN_BACK = 0.15, 0.08, 0.1, 0.03  # shares of messages, waves, statuses, WhatsApp messages
DECLINES, SILENT, BY_LINK = 0.12, 0.08, 0.4  # shares of offers
#: One row in this state left, as far as we know.
LEFT = ("sent", "delivered", "read")
WATCH = (
    "CREATE TABLE day_statuses (n INTEGER PRIMARY KEY, row_id INTEGER, was TEXT, became TEXT)",
    """CREATE TRIGGER day_watch AFTER UPDATE OF status ON outbox WHEN OLD.status <> NEW.status
       BEGIN INSERT INTO day_statuses (row_id, was, became) VALUES (NEW.id, OLD.status, NEW.status); END""",
)


@dataclass(frozen=True)
class Sent:
    """One message a person sent: where it must be found, and whose it is."""

    channel: str
    person: str
    provider_id: str
    who: str
    text: str


@dataclass
class Death:
    """One worker that was killed: where, and the rows it left half sent on a channel whose provider cannot be asked."""

    point: str
    struck: bool
    unknown: list[int] = field(default_factory=list)


@dataclass
class Day:
    """What happened; the store and the providers stay as they are until the block ends."""

    folder: Path
    conversations: int
    seed: int = 1
    sent: list[Sent] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.draw = random.Random(f"day:{self.seed}:{self.conversations}")
        self.clock = SettableClock(to_utc(OPENS))
        self._closing = ExitStack()
        self.meta, self.telegram, self.twilio = (self._closing.enter_context(p.running()) for p in (meta, telegram, twilio))
        self.twilio.clock = self.clock.now
        self.urls = Urls(self.meta.url, self.telegram.url, self.twilio.url)
        self.house = build(self.folder, self.urls, self.clock)
        prepare_store(self.house)
        with self.house.db.transaction() as session:
            for statement in WATCH:
                session.execute(text(statement))
            self.technicians = {t.phone: t for t in session.scalars(select(Technician))}
            session.expunge_all()
        self.worker = Worker(self.house)
        self.web = self._closing.enter_context(TestClient(create_app(self.house, worker=self.worker)))
        self.lines: dict[str, Line] = {
            "whatsapp": WhatsApp(self.meta), "telegram": TelegramLine(self.telegram), "sms": Sms(self.twilio), "web": Web(self.house.market.secret)
        }  # fmt: skip
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._number = self._watched = 0
        self._posts: list[Post] = []
        self._known: set[int] = set()
        self._reported = {"whatsapp": 0, "sms": 0}
        self._next_try: dict[tuple[str, str, str], datetime] = {}
        self._links: dict[tuple[str, str], str] = {}  # of an offer, by booking and technician
        self.opening = min(OPENING, EACH * self.conversations)
        self.people = self._people()

    def __enter__(self) -> Day:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()
        self.house.close()

    def play(self, told: Callable[[str, float], None] = lambda what, share: None) -> None:
        """The whole day. `told`: the time of the clock and the share of the day (0..1), as it goes."""
        began = time.perf_counter()
        opens, closes = to_utc(OPENS), to_utc(CLOSES)
        # one death at each point in a long day; in a short one while a provider has a message and we do not know it
        points = DEATHS if self.conversations >= LONG else ("handed_over",)
        deaths = [(opens + self.opening * (place + 1) / (len(points) + 1), point) for place, point in enumerate(points)]
        moment = opens
        while moment <= closes:
            self._at(moment, lambda: None)
            moment += TICK
        for after in MORNING_AFTER:
            self._at(to_utc(after), lambda: None)
        while self._events:
            now = self._events[0][0]
            self.clock.set(max(now, self.clock.now()))
            while self._events and self._events[0][0] <= now:
                heapq.heappop(self._events)[2]()
            self._post()
            if deaths and now >= deaths[0][0]:
                if self._waiting() < min(WAITING_AT_DEATH, self.conversations // 4) and now < closes - 3 * TICK:
                    continue  # the worker is down and messages gather
                self._die(deaths.pop(0)[1])
            self._work(now)
            told(f"{to_local(now):%H:%M}", min(1.0, (now - opens) / (closes - opens)))
        self.seconds = time.perf_counter() - began

    # --- the clock's own list ---------------------------------------------------------------------------------------------

    def _at(self, moment: datetime, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (moment, self._number, act))

    def _in(self, minutes: float, act: Callable[[], None]) -> None:
        self._at(self.clock.now() + timedelta(minutes=round(minutes)), act)

    def _people(self) -> list[Client]:
        minutes = self.opening.total_seconds() / 60
        moments = sorted(to_utc(OPENS) + timedelta(minutes=int(self.draw.random() * minutes)) for _ in range(self.conversations))
        hours = [OPENS.hour + int((moment - to_utc(OPENS)).total_seconds() // 3600) for moment in moments]
        people = clients(self.conversations, list(self.technicians.values()), hours, self.draw)
        for client, moment in zip(people, moments, strict=True):
            self._at(moment, lambda client=client: self._open(client))  # type: ignore[misc]
        return people

    # --- people write -----------------------------------------------------------------------------------------------------

    def _open(self, client: Client) -> None:
        for place, said in enumerate(client.opening()):
            self._say(client.channel, client.person, client.name, said, after=timedelta(seconds=place - 5))

    def _say(self, channel: str, person: str, who: str, said: Said, after: timedelta = timedelta(0)) -> None:
        """One message, sometimes delivered twice, the second time together with what others say or minutes later."""
        self._number += 1
        provider_id, post = self.lines[channel].message(person, self._number, said, self.clock.now() + after)
        self.sent.append(Sent(channel, person, provider_id, who, said.text))
        self._posts.append(post)
        if self.draw.random() < DOUBLED:
            self.counts["webhooks delivered twice"] += 1
            if self.draw.random() < 0.5:
                self._posts.append(post)
            else:
                self._in(self.draw.randint(1, 90), lambda: self._posts.append(post))

    def _post(self) -> None:
        self.draw.shuffle(self._posts)
        self.counts["webhooks"] += len(self._posts)
        for post in self._posts:
            post(self.web)
        self._posts.clear()

    # --- the service works ------------------------------------------------------------------------------------------------

    def _work(self, now: datetime) -> None:
        if self.draw.random() < FAULTY:
            line = self.lines[self.draw.choice(["whatsapp", "telegram", "sms"])]
            assert not isinstance(line, Web)
            line.fail(self.draw.choice([TOO_FAST, BROKEN]))
            self.counts["provider errors"] += 1
        self.worker.sweep()
        if (now - to_utc(OPENS)) % TICK:
            self.worker.settle()
        else:
            self.worker.tick()
        self._reports()
        self._reactions()
        self._visits()

    def _waiting(self) -> int:
        with self.house.db.reading() as session:
            return session.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.turn_id.is_(None))) or 0

    # --- providers report -------------------------------------------------------------------------------------------------

    def _reports(self) -> None:
        """What becomes of each message that was taken since: told late, twice and in any order; a few are taken back and sent again."""
        for channel in ("whatsapp", "sms"):
            line = self.lines[channel]
            assert isinstance(line, WhatsApp | Sms)
            taken = len(line.handed_over())
            for place in range(self._reported[channel], taken):
                if channel == "whatsapp" and self.draw.random() < TAKEN_BACK:
                    self.counts["messages taken back"] += 1
                    self._report(line, place, "failed", self.draw.randint(1, 3))
                    continue
                for name, minutes in (("sent", 1), ("delivered", 2), ("read", 6)):
                    if name != "read" or channel == "whatsapp":
                        late = self.draw.randint(30, 200) if self.draw.random() < LATE else self.draw.randint(0, minutes)
                        self._report(line, place, name, late)
            self._reported[channel] = taken

    def _report(self, line: WhatsApp | Sms, place: int, name: str, minutes: int) -> None:
        post = line.statuses(place, name)
        for _ in range(1 + (self.draw.random() < DOUBLED)):
            self.counts["statuses"] += 1
            self._in(minutes, lambda: self._posts.append(post))

    # --- people read ------------------------------------------------------------------------------------------------------

    def _reactions(self) -> None:
        by_address: dict[tuple[str, str], list[OutboxRow]] = defaultdict(list)
        with self.house.db.reading() as session:
            news = session.execute(text("SELECT n, row_id, became FROM day_statuses WHERE n > :n ORDER BY n"), {"n": self._watched}).all()
            fresh = {row_id for _, row_id, became in news if became in LEFT} - self._known
            self._watched = news[-1][0] if news else self._watched
            self._known |= fresh
            for row in session.scalars(select(OutboxRow).where(OutboxRow.id.in_(fresh)).order_by(OutboxRow.id)):
                by_address[row.channel, row.to].append(row)
        for client in self.people:
            self._hear_code(client, by_address.get(("sms", client.phone), ()))
            if rows := by_address.get((client.channel, self.address(client))):
                self._hear(client, rows)
        for phone, technician in self.technicians.items():
            for row in by_address.get(("sms", phone), ()):
                if row.category == "offer":
                    self._offered(technician, row.reply)

    def address(self, client: Client) -> str:
        line = self.lines[client.channel]
        return line.session(client.person) if isinstance(line, Web) else client.person

    def _hear_code(self, client: Client, rows: Sequence[OutboxRow]) -> None:
        for row in rows:
            if row.category == "code" and (code := re.search(r"\d{6}", str(row.reply["text"]))):
                client.code = code.group()

    def _hear(self, client: Client, rows: Sequence[OutboxRow]) -> None:
        line = self.lines[client.channel]
        if isinstance(line, Web):
            line.read(self.web, client.person, {str(row.id) for row in rows})
        ours = [row.reply for row in rows if row.author == "bot"]
        if client.goal == "person" and client.said == 0:
            client.said += 1
            self._desk(client, rows[-1].conversation_id)
        elif ours and client.goal != "person":
            minutes = self.draw.randint(1, 4)
            # answered when they get to it: a code that was asked for may come in between
            self._in(minutes, lambda: self._answer(client, ours))

    def _answer(self, client: Client, replies: Sequence[dict[str, Any]]) -> None:
        if (said := client.hear(replies)) is not None:
            self._say(client.channel, client.person, client.name, said)

    def _desk(self, client: Client, conversation_id: int) -> None:
        """A person at the desk takes it, they talk, it is given back, and the bot answers again."""

        def write(words_: str) -> Callable[[], None]:
            return lambda: void(takeover.write(self.house, conversation_id, "samira", words_))

        def more(number: int) -> Callable[[], None]:
            return lambda: self._say(client.channel, client.person, client.name, client.more(number))

        acts = [write("Samira, Bricol."), more(0), write("Samira: 5 min."), more(1), write("Samira: OK.")]
        for minutes, act in zip((3, 4, 7, 8, 11), acts, strict=True):
            self._in(minutes, act)
        self._in(13, lambda: takeover.give_back(self.house, conversation_id))
        self._in(15, lambda: self._say(client.channel, client.person, client.name, Said(words()[client.locale]["thanks"][0])))

    # --- technicians ------------------------------------------------------------------------------------------------------

    def _offered(self, technician: Technician, reply: dict[str, Any]) -> None:
        ref, link = str(reply["extra"]["ref"]), re.search(rf"{re.escape(PUBLIC)}(/t/\S+)", str(reply["text"]))
        if link:
            self._links[ref, technician.phone] = link.group(1)
        chance = self.draw.random()
        if chance < SILENT:
            return
        answer = "decline" if chance < SILENT + DECLINES else "accept"
        if link and self.draw.random() < BY_LINK:
            path = link.group(1)
            self._in(self.draw.randint(1, 9), lambda: self._posts.append(tap(path, answer)))
        else:
            self._in(self.draw.randint(1, 9), partial(self._word, technician, answer, ref))

    def _word(self, technician: Technician, entry: str, ref: str, mad: str = "") -> None:
        locale = locale_of(technician.language, technician.script)
        self._say("sms", technician.phone, f"technician {technician.phone}", Said(words()[locale][entry].format(ref=ref, mad=mad)))

    def _visits(self) -> None:
        """Who has a job sets out, arrives and finishes, by its hour: in words, then by the link of the offer where the words moved nothing."""
        now = self.clock.now()
        if now > to_utc(CLOSES):
            return
        soon = select(Booking).where(Booking.status.in_(("confirmed", "en_route", "arrived")), Booking.start <= now + timedelta(minutes=25))
        with self.house.db.reading() as session:
            jobs = [(b.ref, b.status, b.start, b.technician, str(int(b.price_mad or 200))) for b in session.scalars(soon) if b.technician]
            session.expunge_all()
        for ref, status, start, technician, mad in jobs:
            entry, after = {"confirmed": ("en_route", -25), "en_route": ("arrived", 0), "arrived": ("done", 40)}[status]
            step = (ref, technician.phone, entry)
            if now < start + timedelta(minutes=after) or now < self._next_try.get(step, now):
                continue
            if step not in self._next_try:
                self._in(1, partial(self._word, technician, entry, ref, mad))
            elif path := self._links.get(step[:2]):
                self.counts["words that moved no job"] += 1
                self._posts.append(tap(path, entry, mad))
            self._next_try[step] = now + 2 * TICK

    # --- deaths -----------------------------------------------------------------------------------------------------------

    def _die(self, point: str) -> None:
        """A worker in a process of its own takes up what waits and is killed; what it handed over is reported before the next one starts."""
        command = [
            sys.executable,
            "-m",
            "evals.bench.day.dying",
            str(self.folder),
            json.dumps(asdict(self.urls)),
            self.clock.now().isoformat(),
            point,
            "2",
        ]
        struck = subprocess.run(command, check=False, timeout=300, cwd=ROOT, stdout=subprocess.DEVNULL).returncode == -signal.SIGKILL
        death = Death(point, struck)
        with self.house.db.reading() as session:
            half = session.execute(select(OutboxRow.id, OutboxRow.channel).where(OutboxRow.status == "sending")).all()
            self.worker.begun.update(session.scalars(select(Conversation.id)))
        death.unknown = [row for row, channel in half if channel == "telegram"]
        self.deaths.append(death)
        self._reports()
        self.clock.advance(minutes=2)
        while self._events and self._events[0][0] <= self.clock.now():
            heapq.heappop(self._events)[2]()
        self._post()


def tap(path: str, answer: str, mad: str = "") -> Post:
    """A technician opens the link of an offer and taps; the page may say that it is over."""

    def post(web: TestClient) -> None:
        shown = web.get(path)
        step = re.search(r'name="step" value="([^"]*)"', shown.text)
        done = web.post(path, data={"answer": answer, "step": step.group(1) if step else "", "amount": mad})
        if shown.is_server_error or done.is_server_error:
            raise WebhookRefused(f"{path} was answered {shown.status_code}, then {done.status_code}")

    return post


def void(_: object) -> None:
    """For acts whose answer nobody waits for."""
