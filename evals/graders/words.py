"""Judges one turn's replies and calls against what the scenario expects of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.brain.understanding.base import Understander
from evals.findings import Finding
from evals.graders.values import plain, states
from evals.records import PlayedTurn
from evals.scenario import Anywhere, Expect, Said


def failures(expect: Expect, turn: PlayedTurn, understander: Understander, now: datetime | None = None) -> list[Finding]:
    """Everything about this turn that is not as expected. `now` (local) dates the days that replies call by name."""
    found: list[Finding] = []

    def note(kind: str, why: str, expected: object, got: object) -> None:
        found.append(Finding(kind, why, expected=expected, got=got))

    texts, calls = turn.texts, turn.tools
    if expect.silent and texts:
        note("silent", f"silence expected, said {texts!r}", True, texts)
    if expect.calls and not in_order(expect.calls, calls):
        note("calls", f"calls {expect.calls} expected in this order, made {calls}", expect.calls, calls)
    for tool in expect.calls_none:
        if tool in calls:
            note("calls", f"{tool} was called", f"no {tool}", calls)
    if expect.awaiting is not None and turn.awaiting not in expect.awaiting:
        note("awaiting", f"awaiting one of {expect.awaiting} expected, awaits {turn.awaiting}", expect.awaiting, turn.awaiting)
    for said in expect.said:
        if not any(says(t, said, now) for t in texts):
            note("said", f"no reply {_matches(said)}: {texts!r}", said, texts)
    for said in expect.not_said:
        if any(says(t, said, now) for t in texts):
            note("said", f"a reply {_matches(said)}: {texts!r}", {"not": said}, texts)
    if expect.owner is not None and turn.owner != expect.owner:
        note("owner", f"owner {expect.owner} expected, is {turn.owner}", expect.owner, turn.owner)
    for text in texts if expect.language or expect.script else ():
        heard = understander.understand(text)
        if expect.language and heard.language != expect.language:
            note("language", f"language {expect.language} expected, the identifier hears {heard.language}: {text!r}", expect.language, heard.language)
        if expect.script and heard.script != expect.script:
            note("script", f"script {expect.script} expected, is {heard.script}: {text!r}", expect.script, heard.script)
    return found


def anywhere(never: Anywhere, ever: Anywhere, turns: Sequence[PlayedTurn], now: datetime | None = None) -> list[Finding]:
    """What was never to happen and did, or was to happen somewhere and did not."""
    found: list[Finding] = []
    for number, turn in enumerate(turns, 1):
        found += [Finding("calls", f"never: {tool} was called", number, f"never {tool}", turn.tools) for tool in never.calls if tool in turn.tools]
        found += [
            Finding("said", f"never: a reply {_matches(said)}: {text!r}", number, {"never": said}, text)
            for said in never.said
            for text in turn.texts
            if says(text, said, now)
        ]
    calls, texts = {c for turn in turns for c in turn.tools}, [t for turn in turns for t in turn.texts]
    found += [Finding("calls", f"ever: {tool} was not called", expected=tool, got=sorted(calls)) for tool in ever.calls if tool not in calls]
    found += [Finding("said", f"ever: no reply {_matches(said)}", expected=said) for said in ever.said if not any(says(t, said, now) for t in texts)]
    return found


def says(text: str, said: Said, now: datetime | None = None) -> bool:
    """Whether a reply holds a pattern (as written, or with Western digits and no direction marks) or states a value."""
    if isinstance(said, dict):
        return all(states(text, kind, value, now) for kind, value in said.items())
    return bool(re.search(said, text) or re.search(said, plain(text)))


def in_order(wanted: Iterable[str], made: Iterable[str]) -> bool:
    """Whether `wanted` is a subsequence of `made`."""
    rest = iter(made)
    return all(any(tool == other for other in rest) for tool in wanted)


def _matches(said: Said) -> str:
    return f"matches /{said}/" if isinstance(said, str) else "states " + ", ".join(f"{kind} {value}" for kind, value in said.items())
