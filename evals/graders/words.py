"""Judges one turn's replies and calls against what the scenario expects of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.brain.understanding.base import Understander
from evals.records import PlayedTurn
from evals.scenario import Anywhere, Expect


def failures(expect: Expect, turn: PlayedTurn, understander: Understander) -> list[str]:
    """Everything about this turn that is not as expected, in words."""
    found: list[str] = []
    texts, calls = turn.texts, turn.tools
    if expect.silent and texts:
        found.append(f"silence expected, said {texts!r}")
    if expect.calls and not in_order(expect.calls, calls):
        found.append(f"calls {expect.calls} expected in this order, made {calls}")
    found += [f"{tool} was called" for tool in expect.calls_none if tool in calls]
    if expect.awaiting is not None and turn.awaiting not in expect.awaiting:
        found.append(f"awaiting one of {expect.awaiting} expected, awaits {turn.awaiting}")
    found += [f"no reply matches /{p}/: {texts!r}" for p in expect.said if not any(re.search(p, t) for t in texts)]
    found += [f"a reply matches /{p}/: {texts!r}" for p in expect.not_said if any(re.search(p, t) for t in texts)]
    if expect.owner is not None and turn.owner != expect.owner:
        found.append(f"owner {expect.owner} expected, is {turn.owner}")
    for text in texts if expect.language or expect.script else ():
        heard = understander.understand(text)
        if expect.language and heard.language != expect.language:
            found.append(f"language {expect.language} expected, the identifier hears {heard.language}: {text!r}")
        if expect.script and heard.script != expect.script:
            found.append(f"script {expect.script} expected, is {heard.script}: {text!r}")
    return found


def anywhere(never: Anywhere, ever: Anywhere, turns: Sequence[PlayedTurn]) -> list[str]:
    """What was never to happen and did, or was to happen somewhere and did not."""
    texts = [t for turn in turns for t in turn.texts]
    calls = {c for turn in turns for c in turn.tools}
    found = [f"never: {tool} was called" for tool in never.calls if tool in calls]
    found += [f"never: a reply matches /{p}/: {t!r}" for p in never.said for t in texts if re.search(p, t)]
    found += [f"ever: {tool} was not called" for tool in ever.calls if tool not in calls]
    found += [f"ever: no reply matches /{p}/" for p in ever.said if not any(re.search(p, t) for t in texts)]
    return found


def in_order(wanted: Iterable[str], made: Iterable[str]) -> bool:
    """Whether `wanted` is a subsequence of `made`."""
    rest = iter(made)
    return all(any(tool == other for other in rest) for tool in wanted)
