"""Plays conversations durably: one workflow at a time per conversation, resumed after a crash, and a sweep for what was left behind."""

from __future__ import annotations

import heapq
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbos import DBOS, DBOSConfig

from bot import inbox, outbox, turn
from bot.checkpoints import reached
from bot.inbox import Arrival
from bot.turn import Gathered

if TYPE_CHECKING:
    from bot.wiring import House

log = logging.getLogger(__name__)

CONVERSATIONS, CHORES, BRIDGED = "conversations", "chores", "bridged"  # queues
CONVERSE, DUE_WORK, BRIDGE = "converse", "due_work", "bridge"  # workflows
# constant: DBOS's own default is a hash of the code, and a new release would never finish what an old one began
APPLICATION_VERSION = "1"
LEFT_BEHIND = timedelta(seconds=10)  # so old, and its own wake-up did not do it: try again under another name
DUE_EVERY = 5.0  # seconds
KEEP_WORKFLOWS = timedelta(days=2)
CLEAN_EVERY = 600.0


class Worker:
    """The durable worker of one process. `start` once; `woken_by` after each accept; `stop` at the end."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._alarm = threading.Condition()
        self._calls: list[tuple[float, int, str]] = []  # (when, conversation, workflow id)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.ready = False

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens the engine, resumes what this executor left unfinished, begins to look for work."""
        settings = self.house.settings
        url = settings.workflow_store_url
        use_wal(url)
        config: DBOSConfig = {
            "name": "bricol",
            "system_database_url": url,
            "application_version": APPLICATION_VERSION,
            "executor_id": settings.executor_id,
            "log_level": "WARNING",
            "max_executor_threads": settings.concurrency + 8,
        }
        if url.startswith("sqlite"):
            config["sys_db_pool_size"] = 2  # more connections only wait for SQLite's one writer, asleep
        DBOS(config=config)
        engine_log = logging.getLogger("dbos")
        engine_log.handlers.clear()  # one line per event, masked, like everything else (bot.logs)
        engine_log.propagate = True
        register(self._converse, self._due_work, self._bridge)
        DBOS.launch()
        DBOS.register_queue(
            CONVERSATIONS,
            partition_concurrency=1,
            worker_concurrency=settings.concurrency,
            polling_interval_sec=settings.poll_seconds,
            on_conflict="always_update",
        )
        if self.house.bridge is not None:  # a queue of its own: whoever waits for Chatwoot keeps nobody waiting
            DBOS.register_queue(
                BRIDGED, partition_concurrency=1, worker_concurrency=4, polling_interval_sec=settings.poll_seconds, on_conflict="always_update"
            )
        DBOS.register_queue(CHORES, global_concurrency=1, polling_interval_sec=max(settings.poll_seconds, 0.2), on_conflict="always_update")
        for name, loop in (("waker", self._ring), ("sweeper", self._sweep_forever)):
            thread = threading.Thread(target=loop, name=f"bricol-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self.ready = True

    def stop(self, patience_seconds: int = 5) -> None:
        """Lets running turns finish for up to `patience_seconds`; what does not, resumes at the next start."""
        self.ready = False
        self._stop.set()
        with self._alarm:
            self._alarm.notify_all()
        for thread in self._threads:
            thread.join(timeout=2)
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience_seconds if busy() else 0)

    # --- what wakes a conversation ------------------------------------------------------------------------------------

    def woken_by(self, arrivals: Sequence[Arrival]) -> None:
        """New messages: their conversations are played once the burst window is over."""
        pause = self.house.settings.burst_seconds
        for arrival in arrivals:
            self._call(arrival.conversation_id, f"in:{arrival.conversation_id}:{arrival.row_id}", pause)

    def spread(self) -> None:
        """Sends the notices that wait in any conversation: what was just done in one often has to be told in another."""
        with self.house.db.reading() as session:
            waiting = outbox.due(session, self.house.clock.now(), notices_only=True)
        for conversation_id, row_id, attempts in waiting:
            self._call(conversation_id, f"out:{row_id}:{attempts}", 0.0)

    def bridged(self, conversations: Sequence[int]) -> None:
        """Somebody did something in Chatwoot: it is done here at once. What is lost here the sweep finds."""
        for conversation_id in conversations:
            try:
                self._to_bridge(conversation_id)
            except Exception:
                log.exception("cannot wake the bridge of conversation %s", conversation_id)

    def _to_bridge(self, conversation_id: int) -> None:
        # twenty names a second: a step that runs already may have looked too early
        enqueue(BRIDGE, BRIDGED, f"bridge:{conversation_id}:{int(time.time() * 20)}", conversation_id, partition=conversation_id)

    def _call(self, conversation_id: int, workflow_id: str, pause: float) -> None:
        with self._alarm:
            heapq.heappush(self._calls, (time.monotonic() + pause, conversation_id, workflow_id))
            self._alarm.notify()

    def _ring(self) -> None:
        """Enqueues each call when its time has come. A call lost here (crash, database down) is made again by the sweep."""
        while not self._stop.is_set():
            with self._alarm:
                wait = self._calls[0][0] - time.monotonic() if self._calls else 60.0
                if wait > 0:
                    self._alarm.wait(wait)
                    continue
                _, conversation_id, workflow_id = heapq.heappop(self._calls)
            try:
                enqueue(CONVERSE, CONVERSATIONS, workflow_id, conversation_id, partition=conversation_id)
            except Exception:
                log.exception("cannot wake conversation %s", conversation_id)

    # --- workflows: may run again from the top after a crash, hence only functions that are safe to repeat ------------

    def _converse(self, conversation_id: int) -> None:
        """One turn if someone waits for one, then whatever waits to be sent."""
        # recorded: played again, the turn sees the same messages and the same time, and its tools answer from their receipts
        found: dict[str, Any] | None = DBOS.run_step(None, self._gather, conversation_id)
        if found is not None:
            reached("gathered")
            played = turn.play(self.house, Gathered.from_dict(found))
        outbox.deliver(self.house, conversation_id)
        if found is not None and (played is None or played.calls):  # only tools write to other conversations
            self.spread()

    def _gather(self, conversation_id: int) -> dict[str, Any] | None:
        found = turn.gather(self.house, conversation_id)
        return found.to_dict() if found else None

    def _bridge(self, conversation_id: int) -> None:
        if self.house.bridge is not None:
            self.house.bridge.step(conversation_id, self.spread)

    def _due_work(self) -> None:
        from tools.due import run_due

        run_due(self.house.market)

    # --- what was left behind -----------------------------------------------------------------------------------------

    def _sweep_forever(self) -> None:
        last_due = last_clean = 0.0
        while not self._stop.wait(self.house.settings.sweep_seconds):
            try:
                self.sweep()
                if time.monotonic() - last_due >= DUE_EVERY:
                    last_due = time.monotonic()
                    # the name holds the time: of several workers, one does it
                    enqueue(DUE_WORK, CHORES, f"due:{int(time.time() // DUE_EVERY)}")
                if time.monotonic() - last_clean >= CLEAN_EVERY:
                    last_clean = time.monotonic()
                    forget_old_workflows()
            except Exception:
                log.exception("the sweep failed; next one in %s s", self.house.settings.sweep_seconds)

    def sweep(self) -> None:
        """Wakes conversations with unanswered messages or unsent words that nobody woke: after a crash, a retry, a notice."""
        now = self.house.clock.now()
        window = timedelta(seconds=self.house.settings.burst_seconds)
        with self.house.db.reading() as session:
            unanswered = inbox.waiting(session, now - window)
            unsent = outbox.due(session, now)
            stuck = outbox.stuck(session, now - timedelta(seconds=60))
        for conversation_id in self.house.bridge.due() if self.house.bridge is not None else ():
            self._to_bridge(conversation_id)
        for conversation_id, row_id, came in unanswered:
            again = f":{int(time.time() // LEFT_BEHIND.total_seconds())}" if now - came > window + LEFT_BEHIND else ""
            enqueue(CONVERSE, CONVERSATIONS, f"in:{conversation_id}:{row_id}{again}", conversation_id, partition=conversation_id)
        for conversation_id, row_id, attempts in unsent:
            bucket = int(time.time() // LEFT_BEHIND.total_seconds())
            enqueue(CONVERSE, CONVERSATIONS, f"out:{row_id}:{attempts}:{bucket}", conversation_id, partition=conversation_id)
        for conversation_id, row_id, attempts in stuck:
            bucket = int(time.time() // 60)
            enqueue(CONVERSE, CONVERSATIONS, f"stuck:{row_id}:{attempts}:{bucket}", conversation_id, partition=conversation_id)


def register(converse: Callable[[int], None], due_work: Callable[[], None], bridge: Callable[[int], None]) -> None:
    """Names the workflows for the engine, which wants functions, not methods."""

    @DBOS.workflow(name=CONVERSE)
    def run_converse(conversation_id: int) -> None:
        converse(conversation_id)

    @DBOS.workflow(name=DUE_WORK)
    def run_due_work() -> None:
        due_work()

    @DBOS.workflow(name=BRIDGE)
    def run_bridge(conversation_id: int) -> None:
        bridge(conversation_id)


def enqueue(workflow: str, queue: str, workflow_id: str, *args: Any, partition: int | None = None) -> None:
    """Puts a workflow on a queue; the same workflow id again does nothing."""
    options: Any = {"workflow_name": workflow, "queue_name": queue, "workflow_id": workflow_id, "app_version": APPLICATION_VERSION}
    if partition is not None:
        options["queue_partition_key"] = str(partition)
    DBOS.enqueue_workflow_with_options(options, *args)


def busy() -> bool:
    """Whether a workflow of this process is running."""
    return bool(DBOS.list_workflows(status="PENDING", limit=1))


def forget_old_workflows() -> None:
    """Deletes finished workflows after two days: the inbox and outbox are the record, the engine's rows are not."""
    before = (datetime.now(UTC) - KEEP_WORKFLOWS).isoformat()
    old = DBOS.list_workflows(status=["SUCCESS", "ERROR"], completed_before=before, limit=2000, load_input=False, load_output=False)
    if old:
        DBOS.delete_workflows([w.workflow_id for w in old])


def use_wal(url: str) -> None:
    """Puts the engine's SQLite file into write-ahead mode before the engine opens it: eleven times faster, and it stays so."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=wal")
        connection.close()
