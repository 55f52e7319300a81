"""Danger now: a person is called first, then we learn where, and only then think of a technician. The advice itself opens every reply by rule."""

from __future__ import annotations

from bot.brain.act import Call, Say, Steps
from bot.brain.flows.booking import booking, settle, soonest
from bot.brain.flows.shared import plain
from bot.brain.scene import Scene
from bot.brain.understanding.danger import find_hazard

#: Dangers that no tradesman can help in: a person answers, and nothing is asked.
OF_PEOPLE = ("despair", "violence")


def warned(scene: Scene) -> Steps:
    """Asked whether it is dangerous, after an alarm: what to do is said once more."""
    return (yield from plain(scene, f"safety.{scene.draft.get('hazard') or 'other'}"))


def danger(scene: Scene) -> Steps:
    if not scene.state.alarmed:
        note = scene.heard.line(300)
        yield Call("escalate_to_human", {"reason": "danger", "priority": "urgent", "note": note or None})
    if find_hazard(scene.heard.text) in OF_PEOPLE:
        return scene.say("escalation.with_you", over=True)
    if scene.open("booking"):
        return (yield from booking(scene))
    if scene.refuses and scene.before.flow == "danger":
        return scene.say("escalation.danger_noted", over=True)
    where = settle(scene, scene.draft)
    if isinstance(where, Say):
        first = not scene.before.alarmed
        if not first and scene.before.flow == "danger" and not scene.changed:
            return scene.say("escalation.danger_noted", over=True)
        return scene.say("escalation.danger_where" if first else "escalation.danger_where_again", awaiting="place")
    if not scene.draft.get("service"):
        place = scene.place(where.get("city"), where.get("district"))
        yield Call(
            "escalate_to_human",
            {
                "reason": "danger",
                "priority": "urgent",
                "note": f"{where.get('city')} {where.get('district') or ''} {where.get('address') or ''}".strip(),
            },
        )
        return scene.say("escalation.danger_place", over=True, place=place)
    # an alarm that no rule knows may be a fault told with fear: they say when, as for any job
    said = yield from soonest(scene, where) if scene.draft.get("hazard") else booking(scene)
    if said.key.startswith("errors."):
        return scene.say("escalation.danger_noted", over=True)
    return Say(said.key, said.params, said.awaiting, said.options, "booking" if said.flow == "danger" else said.flow, said.over, said.extra)
