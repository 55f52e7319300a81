"""Decides the next act of a turn: folds the conversation into a state, hears the message, runs the flows that answer it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.brain import answers, asides, route, route_technician
from bot.brain import state as states
from bot.brain.act import Call, Say
from bot.brain.flows import CLIENT, TECHNICIAN, chat
from bot.brain.hear import Heard, hear
from bot.brain.route import CHANGE, JOB, Plan
from bot.brain.scene import Scene, cut
from bot.brain.speech import locale_for
from bot.brain.state import State
from bot.brain.take import take
from bot.brain.transcript import Exchange, Notice, Transcript, moment
from bot.brain.understanding.base import Role, Understander
from domain.engagement.reply import Option, Reply, language_script_of

HEARD_SHOWN = 120  # characters of a voice note that are said back
CALLS_AT_MOST = 10  # of one turn; the agent's own limit is 12
PARAGRAPH = "\n\n"
#: Wishes about who comes (lists of prompts/asides.yaml), and what is said to them.
WHO_COMES = {"wants_woman": "booking.wish_woman", "wants_language": "booking.wish_language"}


@dataclass(frozen=True)
class Decision:
    """One tool call, or the reply. `heard` is what was understood of the person's message."""

    heard: Heard
    call: Call | None = None
    reply: Reply | None = None


@dataclass(frozen=True)
class Moment:
    """A turn after its message was heard: the state before and after, and who answers."""

    before: State
    state: State
    heard: Heard
    plan: Plan
    locale: str


def decide(transcript: Transcript, understander: Understander) -> Decision:
    """Pure: the same transcript gives the same act."""
    state = fold(transcript, understander)
    now = listen(state, transcript.current, transcript, understander)
    answered = iter_done(transcript.current)
    return _play(now, transcript, answered)


def fold(transcript: Transcript, understander: Understander) -> State:
    """The state before the current message."""
    state = State()
    for item in transcript.past:
        state = states.noticed(state, item.reply) if isinstance(item, Notice) else _lived(state, item, transcript, understander)
    return state


def _lived(state: State, past: Exchange, transcript: Transcript, understander: Understander) -> State:
    state = listen(state, past, transcript, understander).state
    for tool, args, result in past.done:
        state = states.observe(state, tool, args, result)
    return states.spoke(state, past.reply) if past.reply is not None else state


def listen(state: State, said: Exchange, transcript: Transcript, understander: Understander) -> Moment:
    facts = transcript.facts
    role: Role = "technician" if facts.get("role") == "technician" else "client"
    kept = (said.reply or {}).get("extra") or {}  # what was written down when it was answered
    now = moment(kept["now"]) if kept.get("now") else transcript.now
    heard = hear(state, said, understander, role, now)
    plan = route_technician.plan(state, heard) if role == "technician" else route.plan(state, heard)
    if read_as := kept.get("read_as"):  # what a tool's answer made of it then
        plan = replace(plan, flows=tuple(read_as))
    taken = take(state, heard, plan.flows, facts, tuple(f for f in plan.behind if f not in state.behind and f != state.flow))
    answer = bool(state.awaiting) and plan.flows[-1] == state.flow and len(plan.flows) == 1
    return Moment(state, taken, heard, plan, locale_for(state, heard, facts, answer=answer))


def iter_done(current: Exchange) -> dict[tuple[str, str], dict[str, Any]]:
    """This turn's results by tool and arguments: a flow that runs again from the top finds what it asked for."""
    return {(tool, _canonical(args)): result for tool, args, result in current.done}


def _canonical(args: Mapping[str, Any]) -> str:
    return json.dumps({k: v for k, v in args.items() if v is not None}, sort_keys=True, ensure_ascii=False, default=str)


def _play(now: Moment, transcript: Transcript, answered: Mapping[tuple[str, str], dict[str, Any]]) -> Decision:
    flows = TECHNICIAN if transcript.facts.get("role") == "technician" else CLIENT
    scene = Scene(now.state, now.heard, transcript.facts, now.locale, transcript.now, _changes(now), before=now.before)
    said: list[Say] = []
    over: list[str] = []
    behind = list(now.plan.behind)
    queue = list(now.plan.flows)
    while queue:
        name = queue.pop(0)
        scene.flow = name
        scene.resuming = (bool(said) and name != now.plan.flows[-1]) or (len(now.plan.flows) > 1 and name == now.before.flow)
        steps = (flows.get(name) or flows["lost"])(scene)
        result: dict[str, Any] | None = None
        while True:
            try:
                call = next(steps) if result is None else steps.send(result)
            except StopIteration as end:
                say: Say = end.value
                break
            result = answered.get((call.tool, _canonical(call.sent)))
            if result is None:
                if len(answered) >= CALLS_AT_MOST:
                    say = scene.say("errors.try_later", over=True)
                    break
                return Decision(now.heard, call=Call(call.tool, call.sent))
            scene.state = states.observe(scene.state, call.tool, call.sent, result)
        if say.instead:
            return _play(_read_again(now, name, say.instead, transcript.facts), transcript, answered)
        said.append(say)
        if say.over:
            over.append(say.flow or name)
        if returns := say.extra.get("behind"):
            behind.append(str(returns))
        if say.over and not queue and say.awaiting is None and behind and name not in ("goodbye", "lost"):
            scene.state = states.goes_on(states.close(scene.state, say.flow or name), say.extra) if name != "verify" else scene.state
            queue.append(behind.pop())
    if not queue and _stuck(said, now) and "lost" not in now.plan.flows:
        lost = replace(now, plan=Plan(("lost",), (), missed=True), state=replace(now.state, misses=0))
        return _play(lost, transcript, answered)
    return Decision(now.heard, reply=_reply(scene, said, over, behind, now, transcript))


def _read_again(now: Moment, was: str, instead: str, facts: Mapping[str, Any]) -> Moment:
    """The turn with another flow in the place of one, as if its message had been read so from the beginning."""
    flows = tuple(dict.fromkeys(instead if name == was else name for name in now.plan.flows))
    plan = replace(now.plan, flows=flows, read_as=flows)
    return replace(now, plan=plan, state=take(now.before, now.heard, flows, facts))


def _repeats(said: list[Say], now: Moment) -> bool:
    """The question that was asked last is asked again, and nothing new was said."""
    last = said[-1]
    return last.awaiting is not None and last.key == now.before.key and last.awaiting == now.before.awaiting and len(said) == 1 and not _changes(now)


def _stuck(said: list[Say], now: Moment) -> bool:
    return _repeats(said, now) and now.before.misses >= route.PATIENCE


def _changes(now: Moment) -> frozenset[str]:
    before, after = now.before, now.state
    found = {k for k in {*before.draft, *after.draft} if before.draft.get(k) != after.draft.get(k)}
    if any(f in CHANGE for f in now.plan.flows) and not any(f in JOB for f in now.plan.flows):
        found = {k for k in {*before.change, *after.change} if after.change.get(k) is not None and before.change.get(k) != after.change.get(k)}
    return frozenset(found - {"issue", "urgency", "note"})


def _heard_words(scene: Scene, now: Moment) -> list[str]:
    """Before the answer, what we made of a voice note, so that a mishearing is seen; in danger nothing comes before the advice."""
    heard = now.heard
    if now.before.alarmed and answers.asks(heard.text) and not heard.reading.danger and "danger" in now.plan.flows:
        return [scene.text("escalation.danger_in_doubt")]  # what they ask decides for people in danger: those at the phone know
    if not heard.text or "danger" in now.plan.flows:
        return []
    if heard.unheard:  # other words came with it and are answered below
        return [scene.text(chat.unheard(heard.unheard))]
    heard_so = [scene.text("clarify.heard", words=cut(heard.text.replace("\n", " "), HEARD_SHOWN))] if heard.spoken else []
    first = [scene.text("smalltalk.grief")] if asides.has("grief", heard.text) else []
    kept = now.state.draft.get("note")
    open_yet = now.before.proposal is None or scene.state.proposal is not None  # at a yes the note itself is answered
    noted = [scene.text("booking.note_kept")] if kept and kept != now.before.draft.get("note") and open_yet else []
    return [*heard_so, *first, *noted, *_of_who_comes(scene, now)]


def _of_who_comes(scene: Scene, now: Moment) -> list[str]:
    """What is honest to say to a wish about the person that no list of ours can grant; the booking goes on behind it."""
    if not JOB.intersection(now.plan.flows):
        return []
    return [scene.text(answer) for wish, answer in WHO_COMES.items() if asides.has(wish, now.heard.text)]


def _reply(scene: Scene, said: list[Say], over: list[str], behind: list[str], now: Moment, transcript: Transcript) -> Reply:
    language, script = language_script_of(scene.locale)
    texts = [*_heard_words(scene, now), *(scene.text(s.key, **s.params) for s in said)]
    asking = next((s for s in reversed(said) if s.awaiting), said[-1])
    options: tuple[Option, ...] = asking.options or (said[-1].options if not asking.awaiting else ())
    flow = asking.flow if asking.awaiting or not asking.over else None
    extra: dict[str, Any] = {"flow": flow, "now": transcript.now.isoformat(timespec="minutes")}
    if behind:
        extra["behind"] = behind
    if over:
        extra["over"] = over
    if now.plan.read_as:
        extra["read_as"] = list(now.plan.read_as)
    if now.plan.missed or _repeats(said, now):
        extra["misses"] = now.before.misses + 1
    for one in said:
        extra |= {k: v for k, v in one.extra.items() if k != "behind" and v is not None}
    text = PARAGRAPH.join(t[0].upper() + t[1:] for t in dict.fromkeys(texts) if t)
    return Reply(text, language, script, asking.awaiting, options, key=asking.key, extra=extra)  # type: ignore[arg-type]
