"""Hands over to a person: asked for, after two misunderstandings, or when words get hard."""

from __future__ import annotations

from bot.brain.act import Call, Say, Steps
from bot.brain.scene import Scene


def human(scene: Scene) -> Steps:
    return (yield from _call(scene, "asked", "escalation.human"))


def offer_human(scene: Scene) -> Steps:
    """A person was offered: yes or no. Who asked something else in between has agreed to nobody."""
    if scene.resuming:
        return scene.say("escalation.offer_again", awaiting="confirm", options=scene.yes_no())
    if scene.refuses and "ask_human" not in scene.heard.intents:
        return scene.say("common.fine", over=True)
    return (yield from _call(scene, "dispute", "escalation.human", ref=scene.change.get("ref")))


def lost(scene: Scene) -> Steps:
    return (yield from _call(scene, "unclear", "escalation.lost"))


def abuse(scene: Scene) -> Steps:
    """Calm the first time; the second time a person decides."""
    if scene.before.key != "smalltalk.abuse":
        return scene.say("smalltalk.abuse", over=True, options=(scene.option("talk_to_person", "go:human"),))
    return (yield from _call(scene, "abuse", "escalation.human"))


def threat(scene: Scene) -> Steps:
    """Somebody is to be hurt: a person always knows it, at once."""
    return (yield from _call(scene, "abuse", "escalation.threat", priority="urgent"))


def _call(scene: Scene, reason: str, key: str, priority: str | None = None, ref: str | None = None) -> Steps:
    about = {"note": scene.heard.line(300) or None, "ref": scene.heard.slots.get("ref") or ref}
    result = yield Call("escalate_to_human", {"reason": reason, **about, "priority": priority})
    if not result.get("ok"):
        return scene.say("errors.try_later", over=True)
    said = scene.say("escalation.already" if result.get("already_open") and not priority else key, over=True)
    return Say(said.key, said.params, None, (), said.flow, True, {})
