"""Turns the last words of a turn into a Reply: the embedded brain brings its own, a model's text gets what it awaits from its last tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage

from bot.middleware.mirror import ARABIC, LATIN, wanted_locale
from bot.middleware.notes import AgentContext, from_brain, is_final, last_of, results, text_of, this_turn
from domain.engagement.reply import Awaiting, Option, Reply, language_script_of
from prompts import replies, wording


class Replies(AgentMiddleware):
    """Every final message leaves with `additional_kwargs["reply"]`."""

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]) -> ModelResponse[Any]:
        response = handler(request)
        context: AgentContext = request.runtime.context
        last = last_of(response)
        note_brain(context, last)
        if is_final(last) and not from_brain(last):
            reply = reply_of(text_of(last), wanted_locale(context, request.messages), this_turn(request.messages), context)
            return ModelResponse(result=[*response.result[:-1], with_reply(last, reply)])
        return response


def note_brain(context: AgentContext, message: AIMessage) -> None:
    context.brain = message.response_metadata.get("brain") or ("embedded" if from_brain(message) else context.brain or "model")
    if message.usage_metadata:
        context.tokens += message.usage_metadata["total_tokens"]


def with_reply(message: AIMessage, reply: Reply) -> AIMessage:
    return message.model_copy(update={"content": reply.text, "additional_kwargs": {**message.additional_kwargs, "reply": reply.to_dict()}})


def template(key: str, context: AgentContext, messages: Sequence[AnyMessage] = ()) -> AIMessage:
    """A reply of our own words, where no brain has one it may send."""
    locale = wanted_locale(context, messages)
    language, script = language_script_of(locale)
    text = replies.render(key, locale, seed=context.turn_key)
    return AIMessage(text, additional_kwargs={"reply": Reply(text, language, script, key=key).to_dict()})


def reply_of(text: str, wanted: str, turn: Sequence[AnyMessage], context: AgentContext) -> Reply:
    """`wanted` is the locale that was asked for; the script is what the text really shows, since right-to-left depends on it."""
    arabic, latin = len(ARABIC.findall(text)), len(LATIN.findall(text))
    language, script = language_script_of(wanted)
    if arabic and arabic > latin and script == "latn":
        language, script = "ary", "arab"
    elif latin and latin > arabic and script == "arab":
        language, script = "ary", "latn"
    awaiting, options, extra = awaited(list(results(turn)), wanted, context)
    return Reply(text.strip(), language, script, awaiting, tuple(options), extra=extra)


def awaited(
    answered: list[tuple[str, dict[str, Any], dict[str, Any]]], locale: str, context: AgentContext
) -> tuple[Awaiting | None, Sequence[Option], dict[str, Any]]:
    """What the last tool leaves to be answered: consent, a choice, a booking, a place, a code. Payloads are those of the embedded brain."""
    if not answered:
        return None, (), {}
    tool, _, result = answered[-1]
    if not result.get("ok"):
        return _cure(result, locale, context)
    if "proposal_id" in result and tool not in ("confirm_proposal", "decline_proposal"):
        yes_no = [Option(replies.render(f"common.{word}", locale), word) for word in ("yes", "no")]
        return "confirm", yes_no, {"proposal_id": result["proposal_id"]}
    if tool == "find_technicians" and len(result.get("technicians") or ()) > 1:
        return "choice", list(_technicians(result["technicians"], locale)), {}
    if tool == "find_slots" and result.get("slots"):
        return "choice", list(_slots(result["slots"], locale, context)), {}
    if tool == "send_code":
        return "code", (), {}
    return None, (), {}


def _cure(result: dict[str, Any], locale: str, context: AgentContext) -> tuple[Awaiting | None, Sequence[Option], dict[str, Any]]:
    match result.get("error"):
        case "which_booking":
            found = result.get("bookings", [])
            return "booking", [Option(b["ref"], f"ref:{b['ref']}", wording.service_name(b.get("service", ""), locale)) for b in found], {}
        case "unknown_place":
            return "place", [Option(_short(str(s)), str(s)) for s in result.get("suggestions", [])[:3]], {}
        case "ambiguous_place":
            return "place", [Option(_short(wording.city_name(c, locale)), c) for c in result.get("cities", [])[:10]], {}
        case "slot_taken" | "outside_hours":
            return "choice", list(_slots(result.get("alternatives", []), locale, context)), {}
        case "unknown_service":
            return "service", (), {}
        case "in_the_past" | "too_far_ahead":
            return "time", (), {}
        case "bad_rating":
            return "rating", (), {}
        case "bad_amount":
            return "amount", (), {}
        case "bad_code":
            return "code", (), {}
    return None, (), {}


def _technicians(found: list[dict[str, Any]], locale: str) -> Iterator[Option]:
    for worker in found:
        name = wording.person_name(worker["name"], locale)
        price = wording.format_money(worker["price_mad"], locale) if worker.get("price_mad") is not None else ""
        yield Option(
            _short(f"{name} {price}".strip()), f"tech:{worker.get('id')}|{worker['name']}", f"{worker['rating']}/5" if worker.get("rating") else ""
        )


def _slots(found: list[dict[str, Any]], locale: str, context: AgentContext) -> Iterator[Option]:
    for slot in found:
        when = wording.format_when(slot["start"], locale, context.now, short=True)
        payload = f"slot:{slot['start']}|{slot.get('technician_id') or ''}|{slot.get('technician') or ''}"
        yield Option(_short(when), payload, wording.person_name(slot.get("technician"), locale))


def _short(title: str) -> str:
    """A button holds 20 characters."""
    return title if len(title) <= 20 else title[:19] + "…"
