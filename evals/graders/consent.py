"""No confirmation without a question that was shown in an earlier turn and a yes in this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bot.middleware.claims import words
from domain.files import read_yaml
from evals.findings import Finding
from evals.graders.case import Case, Exchange

WORDS = Path(__file__).with_name("consent.yaml")
ARTICLES = ("la", "lla")


def findings(case: Case) -> list[Finding]:
    """A confirmation is a breach when its proposal is of the same turn, was never shown, or the person's words refuse. Hard.

    Words that neither agree nor refuse in our own list are told without failing: lists of yes are never complete.
    """
    return list(_found(case))


def _found(case: Case) -> Iterator[Finding]:
    made: dict[int, int] = {}  # proposal -> exchange that made it
    for at, exchange in enumerate(case.exchanges):
        for call in exchange.calls:
            if call.tool == "confirm_proposal" and call.result.get("ok"):
                yield from _judge(case, made, at, int(call.args.get("proposal_id") or 0))
            elif call.result.get("proposal_id"):
                made[int(call.result["proposal_id"])] = at


def _judge(case: Case, made: Mapping[int, int], at: int, proposal: int) -> Iterator[Finding]:
    exchange = case.exchanges[at]
    row = case.proposals.get(proposal)
    if (row is not None and row["turn_key"] == exchange.key) or made.get(proposal) == at:
        why = f"proposal {proposal} was confirmed in the turn that made it"
        yield Finding("consent", why, exchange.place, "a yes in a later turn", exchange.said)
        return
    asked_by_turn = proposal in made
    if asked_by_turn and not any(e.shown for e in case.exchanges[made[proposal] : at]):
        yield Finding("consent", f"proposal {proposal} was confirmed, but the question never left", exchange.place, "a question that was read")
    if row is None and not asked_by_turn:
        yield Finding("consent", f"proposal {proposal} was confirmed, but nobody proposed it in this conversation", exchange.place)
    said = agreement(exchange)
    if said == "no":
        yield Finding("consent", f"confirmed although the person refused: {exchange.said!r}", exchange.place, "a yes", exchange.said)
    elif said is None:
        yield Finding("consent", f"confirmed on words that are no plain yes: {exchange.said!r}", exchange.place, "a yes", exchange.said, hard=False)


def agreement(exchange: Exchange) -> str | None:
    """ "yes", "no", or None where the words are neither; a tapped option counts by its payload."""
    for part in exchange.parts:
        payload = str((part.get("payload") or {}).get("payload") or "")
        if payload:
            return "no" if payload == "no" else "yes"
    text = f" {' '.join(words(exchange.said))} "
    data = _data()
    if any(f" {word} " in text for word in data["yes"]) or exchange.said.strip().strip(".!") in data["marks"]:
        return "yes"
    french = exchange.understanding.get("language") == "fr"
    for word in data["no"]:
        # one word refuses where it opens the message ("la, chokran"); in French "la" is an article
        if (f" {word} " in text if " " in word else text.startswith(f" {word} ")) and not (french and word in ARTICLES):
            return "no"
    return None


@cache
def _data() -> dict[str, Any]:
    raw = read_yaml(WORDS)
    return {key: [" ".join(words(str(word))) for word in raw[key]] for key in ("yes", "no")} | {"marks": [str(m) for m in raw["marks"]]}
