"""A browser for the whole run, and a chat with a scripted agent for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.talking_app import Agent, Server, Talk, serving

ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"]
expect.set_options(timeout=30_000)  # ms; a busy machine answers late, which is no fault of a page: how long answers take is measured in evals/bench


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("BRICOL_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt-get install chromium, or name it in BRICOL_TEST_CHROMIUM")
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Talk], Server]]:
    with ExitStack() as stack:
        yield lambda talk: stack.enter_context(serving(talk.app))


@pytest.fixture
def chat(browser: Browser, serve: Callable[[Talk], Server]) -> Iterator[Callable[..., tuple[Page, Talk, Server]]]:
    """`chat(agent, **context options)`: a page connected to a fresh chat with this agent. Page errors fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(agent: Agent, talk: Talk | None = None, **options: object) -> tuple[Page, Talk, Server]:
        talk = talk or Talk(agent)
        server = serve(talk)
        context = browser.new_context(**{"viewport": {"width": 390, "height": 844}, "locale": "fr-FR", **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.url + "/chat")
        page.locator("#state.on").wait_for()
        return page, talk, server

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
