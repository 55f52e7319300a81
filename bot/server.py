"""Starts the long-running processes: the web server with its worker, or a worker alone."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

from bot import logs, wiring
from bot.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)


def serve(settings: Settings, *, with_worker: bool = True) -> None:
    """Serves until interrupted. Migrates, and loads the market into an empty store, before it listens."""
    import uvicorn

    logs.configure(settings.log_level)
    app = build(settings, with_worker=with_worker)
    log.info("chat %s/  ·  demo phones %s/demo  ·  API %s/docs", settings.address, settings.address, settings.address)
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False, timeout_graceful_shutdown=5)


def build(settings: Settings, *, with_worker: bool = True, agent: Any = None) -> FastAPI:
    """The application as `serve` runs it; `agent` replaces the one of the settings (tests)."""
    from bot.app import create_app
    from bot.desk_command import demo_account

    house = wiring.build(settings, agent=agent)
    if wiring.prepare_store(house, world=settings.demo_on):
        log.info("loaded the demo market from %s", settings.world)
    if account := demo_account(house):
        log.info("desk %s/desk  ·  sign in as %s with %s (this demonstration only; new at each start)", settings.address, *account)
    if not with_worker:
        return create_app(house)
    from bot.demo import DemoTechnicians
    from bot.worker import Worker

    worker = Worker(house)
    technicians = DemoTechnicians(house, worker.woken_by) if settings.demo_on else None
    return create_app(house, worker=worker, technicians=technicians)


def work(settings: Settings) -> None:
    """Plays conversations until interrupted; another process takes messages in."""
    from bot.worker import Worker

    logs.configure(settings.log_level)
    house = wiring.build(settings)
    wiring.prepare_store(house, world=False)
    worker = Worker(house)
    worker.start()
    house.late_agent()
    log.info("worker %s plays conversations of %s", settings.executor_id, house.db.engine.url.render_as_string(hide_password=True))
    if isinstance(house.market.knowledge, wiring.LateKnowledge):
        house.market.knowledge.warm()
    done = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: done.set())
    done.wait()
    worker.stop()
    house.close()
