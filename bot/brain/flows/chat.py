"""Greetings, thanks, what is not our business, and messages that are not words."""

from __future__ import annotations

from typing import Any

from bot.brain.act import Say, Steps
from bot.brain.flows.shared import plain
from bot.brain.route import CALLED
from bot.brain.scene import Scene
from prompts import wording

LARGEST = ("casablanca", "rabat", "marrakech", "fes", "tangier", "agadir", "oujda")  # of the towns served


def greet(scene: Scene) -> Steps:
    if scene.state.flow and scene.state.awaiting:
        return (yield from plain(scene, "smalltalk.greet_short"))
    name = str(scene.facts.get("name") or "")
    key = "smalltalk.greet_name" if name else "smalltalk.greet"
    params: dict[str, Any] = {"name": scene.person(name)} if name else {}
    said = scene.say(key, awaiting="service", **params)
    return Say(said.key, said.params, said.awaiting, (), "booking", False, {})


def how_are_you(scene: Scene) -> Steps:
    return (yield from _then_ask(scene, "smalltalk.how_are_you"))


def robot(scene: Scene) -> Steps:
    return (yield from plain(scene, "smalltalk.robot", options=(scene.option("talk_to_person", "go:human"),)))


def meddling(scene: Scene) -> Steps:
    """Orders about how we work change nothing, and lead back to what we do."""
    return (yield from _then_ask(scene, "smalltalk.meddling"))


def _then_ask(scene: Scene, key: str) -> Steps:
    """The answer, and the question of our own that goes on: which service, where none is open."""
    said = yield from plain(scene, key)
    return said if scene.state.flow and scene.state.awaiting else Say(said.key, said.params, "service", (), "booking", False, {})


def elsewhere(scene: Scene) -> Steps:
    """A town where nobody of ours works: said at once, with those where somebody does."""
    cities = wording.joined((scene.place(city, None) for city in LARGEST), scene.locale)
    return (yield from plain(scene, "search.elsewhere", cities=cities))


def thank(scene: Scene) -> Steps:
    return (yield from plain(scene, "smalltalk.thank"))


def goodbye(scene: Scene) -> Steps:
    return (yield from plain(scene, "smalltalk.goodbye"))


def wrong_number(scene: Scene) -> Steps:
    """They meant somebody else: nothing is asked."""
    return (yield from plain(scene, "smalltalk.wrong_number"))


def fine(scene: Scene) -> Steps:
    return (yield from plain(scene, "common.fine"))


def as_you_like(scene: Scene) -> Steps:
    return (yield from plain(scene, "booking.as_you_like"))


def out_of_scope(scene: Scene) -> Steps:
    return (yield from plain(scene, "smalltalk.out_of_scope"))


def sorry(scene: Scene) -> Steps:
    return (yield from plain(scene, "clarify.sorry" if scene.state.misses == 0 else "clarify.sorry_again"))


def clarify(scene: Scene) -> Steps:
    options = (
        scene.option("book", "go:booking"),
        scene.option("ask_a_price", "go:price"),
        scene.option("my_bookings", "go:status"),
        scene.option("talk_to_person", "go:human"),
    )
    said = yield from plain(scene, "clarify.what" if scene.state.misses == 0 else "clarify.what_again")
    return Say(said.key, said.params, "choice", options, None, False, {})


def voice(scene: Scene) -> Steps:
    return (yield from plain(scene, unheard(scene.heard.unheard)))


def unheard(reason: str | None) -> str:
    """The reply to a voice note without words, by why it has none."""
    return {"too_long": "clarify.voice_long", "failed": "clarify.voice_failed"}.get(reason or "", "clarify.voice")


def photo(scene: Scene) -> Steps:
    """A picture without words, or of what was just complained of: thanks, and in the first case what is wrong."""
    if scene.before.key in CALLED:
        return scene.say("escalation.photo_kept", over=True)
    if scene.state.flow and scene.state.awaiting and scene.state.awaiting not in ("photo", "service"):
        return (yield from plain(scene, "clarify.photo_thanks"))
    said = yield from plain(scene, "clarify.photo")
    return Say(said.key, said.params, "service", (), "booking", False, {})


def unsupported(scene: Scene) -> Steps:
    return (yield from plain(scene, "clarify.unsupported"))
