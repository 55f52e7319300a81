"""What a person decides about themselves: who they are, their language, silence, their data, their credit, joining us."""

from __future__ import annotations

from bot.brain import answers, asides
from bot.brain.act import Call, Say, Steps
from bot.brain.flows.booking import settle
from bot.brain.flows.shared import _code_sent, ordered_again, plain, trouble
from bot.brain.scene import Scene
from domain.engagement import optout
from domain.engagement.reply import Option, language_script_of

NAMES = {"ary-Latn": "Darija", "ary-Arab": "الدارجة", "fr": "Français", "ar": "العربية", "en": "English"}


def verify(scene: Scene) -> Steps:
    """The phone, then the code. What they wanted goes on right after."""
    if scene.facts.get("verified") and scene.facts.get("channel") != "web":  # the channel itself has proven it since
        return scene.say("account.verified", over=True)
    if scene.heard.code:
        result = yield Call("verify_code", {"code": scene.heard.code})
        if result.get("ok"):
            return scene.say("account.verified", over=True)
        left = result.get("attempts_left") or 0
        if left > 0:
            return scene.say("errors.bad_code", awaiting="code")
        return scene.say("errors.bad_code_new", awaiting=None)
    phone = scene.heard.slots.get("phone") or (scene.facts.get("claimed_phone") if not scene.heard.text or not scene.before.code_sent else None)
    if phone:
        return _code_sent(scene, (yield Call("send_code", {"phone": phone})), None)
    if scene.refuses:
        return scene.say("account.no_code", over=True)
    return scene.say("account.ask_code_again", awaiting="code") if scene.before.awaiting == "code" else scene.say("account.ask_phone")


def named(scene: Scene) -> Steps:
    """Somebody says their name unasked: it is kept, and what was being asked goes on."""
    name = scene.heard.slots["name"]
    yield Call("save_preference", {"key": "name", "value": name})
    return scene.say("account.named", over=True, name=scene.person(name))


def loyalty(scene: Scene) -> Steps:
    found = yield Call("loyalty_balance")
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    credit = scene.money(found.get("credit_mad"))
    return scene.say("account.loyalty", over=True, credit=credit, done=found.get("bookings_done") or 0, next=found.get("bookings_to_next") or 0)


def join(scene: Scene) -> Steps:
    """Somebody who wants to work with us: trade, city, name."""
    draft = scene.draft
    if scene.refuses and scene.before.flow == "join":
        return scene.say("common.fine", over=True)
    if not draft.get("service"):
        return scene.say("account.join_service", awaiting="service")
    city = draft.get("city")
    if not city and draft.get("district"):
        where = settle(scene, draft)
        city = None if isinstance(where, Say) else where["city"]
    if not city:
        return scene.say("account.join_city", awaiting="place")
    name = draft.get("name") or scene.facts.get("name")
    if not name:
        return scene.say("account.join_name", awaiting="name")
    result = yield Call("apply_as_technician", {"name": name, "service": draft["service"], "city": city})
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    return scene.say("account.joined", over=True, trade=scene.trade(draft["service"]), city=scene.place(city, None))


def opt_out(scene: Scene) -> Steps:
    undo = answers.says("start_again", scene.heard.text)
    scope = optout.match(scene.heard.text) or "promotions"
    result = yield Call("opt_out", {"scope": scope, "undo": True if undo else None})
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    return scene.say("account.opted_in" if undo else "account.opted_out", over=True)


def private(scene: Scene) -> Steps:
    """Other people's numbers and homes are told to nobody."""
    return (yield from plain(scene, "account.private"))


def delete_data(scene: Scene) -> Steps:
    proposal = scene.open("erasure")
    if "phone" in scene.heard.slots or asides.of_another(scene.heard.text):
        return scene.say("account.erase_own_only", over=True)
    if proposal is not None:
        if scene.consents or (scene.heard.leans is True and ordered_again(scene, "delete_data")):
            result = yield Call("confirm_proposal", {"proposal_id": proposal.id})
            if result.get("ok"):
                return scene.say("account.erased", over=True)
            return (yield from trouble(scene, result))
        if scene.refuses:
            yield Call("decline_proposal", {"proposal_id": proposal.id})
            return scene.say("account.not_erased", over=True)
    else:
        made = yield Call("request_data_deletion")
        if not made.get("ok"):
            return (yield from trouble(scene, made))
    return scene.say("account.propose_erase", awaiting="confirm", options=(scene.option("yes_erase", "yes"), scene.option("no", "no")))


def language(scene: Scene) -> Steps:
    kind, _, value = scene.heard.payload.partition(":")
    locale = value if kind == "lang" and value in NAMES else answers.language(scene.heard.text)
    if locale is None:
        options = tuple(Option(name, f"lang:{code}") for code, name in NAMES.items())
        return scene.say("account.which_language", awaiting="language", options=options)
    code, script = language_script_of(locale)
    result = yield Call("set_language", {"language": code, "script": script})
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    scene.locale = locale
    return scene.say("account.language_set", over=True)
