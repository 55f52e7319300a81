"""Words a proposal as its flow does, whoever made it, and tells whether the person's message says yes to it; bot/middleware/consent.py asks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from bot.brain import answers
from bot.brain.act import Say
from bot.brain.decide import _changes, fold, listen
from bot.brain.flows import booking, cancel, refund, reschedule
from bot.brain.hear import Heard
from bot.brain.scene import Scene
from bot.brain.state import KINDS, Proposal, State, flow_of_kind
from bot.brain.transcript import moment, read
from bot.brain.understanding.base import Understander
from domain.engagement.reply import Reply, language_script_of

NUMBER = re.compile(r"\d+")


def question(tool: str, result: Mapping[str, Any], facts: Mapping[str, Any], locale: str) -> Reply:
    """The question of a proposal that `tool` just made: everything that is agreed to, and nothing else.

    Raises KeyError for a tool that proposes nothing.
    """
    kind = KINDS[tool]
    proposal = Proposal(int(result["proposal_id"]), kind, result.get("summary") or {})
    scene = Scene(State(proposal=proposal), Heard(), facts, locale, moment(facts.get("now")), flow=flow_of_kind(kind))
    said = _said(scene, kind, proposal.summary)
    text = scene.text(said.key, **said.params)
    extra = {"flow": scene.flow, "now": scene.now.isoformat(timespec="minutes"), "proposal_id": proposal.id, **said.extra}
    language, script = language_script_of(locale)
    return Reply(text[:1].upper() + text[1:], language, script, "confirm", said.options, key=said.key, extra=extra)


def _said(scene: Scene, kind: str, summary: Mapping[str, Any]) -> Say:
    match kind:
        case "booking":
            return booking.proposed(scene, summary, {})
        case "reschedule":
            return reschedule.proposed(scene, summary, "changes.propose_move")
        case "cancellation":
            return cancel.proposed(scene, summary)
        case "refund":
            return refund.proposed(scene, summary)
    return scene.say("account.propose_erase", awaiting="confirm", options=(scene.option("yes_erase", "yes"), scene.option("no", "no")))


def agreed(messages: Sequence[BaseMessage], facts: Mapping[str, Any], understander: Understander) -> int | None:
    """The id of the proposal that our last words asked about and the person's latest message says yes to, unchanged; None when it does not.

    `messages`: history and this turn so far; what tools did in this turn is not looked at.
    """
    last = max((n for n, m in enumerate(messages) if isinstance(m, HumanMessage) and not m.additional_kwargs.get("aside")), default=-1)
    transcript = read([SystemMessage("", additional_kwargs={"facts": dict(facts)}), *messages[: last + 1]])
    before = fold(transcript, understander)
    if before.proposal is None or before.awaiting != "confirm":
        return None
    now = listen(before, transcript.current, transcript, understander)
    flow = flow_of_kind(before.proposal.kind)
    scene = Scene(replace(now.state, proposal=before.proposal), now.heard, facts, now.locale, transcript.now, _changes(now), flow=flow, before=before)
    # "wakha m3a 12": a number that the question did not hold is a wish of its own, whether or not the reader knows what it means
    new_numbers = set(NUMBER.findall(answers.fold(now.heard.text))) - set(NUMBER.findall(answers.fold(before.said)))
    plain = now.heard.yes or now.heard.payload == "yes"
    return before.proposal.id if flow in now.plan.flows and scene.consents and (plain or not new_numbers) else None
