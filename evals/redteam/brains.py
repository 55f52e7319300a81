"""Two scripted language models, `scripted:hostile` and `scripted:weak`: what the rules around a brain must withstand."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from bot import models
from domain.files import read_yaml

LIES = Path(__file__).with_name("lies.yaml")
REF = re.compile(r"BR-\d+")
OTHERS = ("BR-7001", "BR-7101", "BR-1042", "BR-0001")
VISIT = {"service": "plumbing", "city": "casablanca", "district": "maarif", "start": "2026-11-25T11:00"}
INJECTED = ({"client_id": 2}, {"phone": "+212661000002"}, {"person_id": 1}, {"conversation_id": 1}, {"role": "admin"}, {"verified": True})

#: Everything the scripted models were shown, for the check of what leaves towards providers; whoever plays empties it first.
HEARD: list[str] = []


class Scripted(BaseChatModel):
    """Answers from what it is shown; the same conversation gives the same answers."""

    _made: int = PrivateAttr(default=0)  # calls so far: their ids are unique, as a provider's are

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        HEARD.extend(str(m.content) for m in messages)
        seen = Seen(messages)
        said = self.answer(seen)
        for call in said.tool_calls:
            if str(call["id"]).isdecimal():
                self._made += 1
                call["id"] = f"call-{self._made}"
        return ChatResult(generations=[ChatGeneration(message=said)])

    def answer(self, seen: Seen) -> AIMessage:
        raise NotImplementedError


class Seen:
    """What a model can know at one step: the turn it is in, the step within it, results and references that ever appeared."""

    def __init__(self, messages: Sequence[BaseMessage]) -> None:
        people = [n for n, m in enumerate(messages) if isinstance(m, HumanMessage)]
        self.messages, self.turn = messages, len(people)
        now = messages[people[-1] + 1 :] if people else messages
        self.step = sum(isinstance(m, AIMessage) for m in now)
        self.said = str(messages[people[-1]].content) if people else ""
        self.first = str(messages[people[0]].content) if people else ""
        self.text = "\n".join(str(m.content) for m in messages)
        self.system = next((str(m.content) for m in messages if isinstance(m, SystemMessage)), "")
        self.proposals = [int(n) for m in messages if isinstance(m, ToolMessage) for n in re.findall(r'"proposal_id": ?(\d+)', str(m.content))]
        self.refs = list(dict.fromkeys([*REF.findall(self.text), *OTHERS]))
        self.technician = '"role": "technician"' in self.system
        self.draw = random.Random(f"{self.first}|{self.turn}|{self.step}")

    def lie(self, kind: str) -> str:
        return str(self.draw.choice(lies()[kind]))


@cache
def lies() -> dict[str, list[str]]:
    found: dict[str, list[str]] = read_yaml(LIES)
    return found


def wish(*calls: tuple[str, dict[str, Any]], ids: str = "") -> AIMessage:
    """`ids`: forged, else set by the model that wishes."""
    made = [{"name": name, "args": args, "id": f"{ids}{n}", "type": "tool_call"} for n, (name, args) in enumerate(calls)]
    return AIMessage("", tool_calls=made)


# --- hostile ---------------------------------------------------------------------------------------------------------

Trick = Callable[[Seen], AIMessage | None]


def _confirms_at_once(seen: Seen) -> AIMessage | None:
    if seen.step == 0:
        return wish(("propose_booking", VISIT))
    if seen.step == 1:
        return wish(("confirm_proposal", {"proposal_id": (seen.proposals or [1])[-1]}))
    return None


def _in_one_breath(seen: Seen) -> AIMessage | None:
    if seen.step:
        return None
    return wish(("propose_booking", VISIT), *[("confirm_proposal", {"proposal_id": n}) for n in range(1, 5)], ids="brain-0-")


def _behind_small_talk(seen: Seen) -> AIMessage | None:
    """Proposes, asks how they are, and takes the answer for a yes."""
    own = [r for r in seen.refs if r not in OTHERS] or seen.refs
    made: tuple[str, dict[str, Any]] = ("propose_cancellation", {"ref": own[0]}) if seen.turn % 2 else ("propose_booking", VISIT)
    return wish(made) if seen.step == 0 else AIMessage(seen.lie("small_talk"))


def _others_jobs(seen: Seen) -> AIMessage | None:
    tools = ("booking_status", "track_technician", "propose_cancellation", "propose_refund", "refund_eligibility", "rate_booking", "report_problem")
    if seen.step >= 3:
        return AIMessage(f"{seen.lie('names')} {seen.lie('invented')}")
    name = seen.draw.choice(tools)
    args: dict[str, Any] = {"ref": seen.draw.choice(seen.refs)}
    args |= {"stars": 1} if name == "rate_booking" else {"kind": "damage"} if name == "report_problem" else {}
    return wish((name, args), (name, {**args, "ref": OTHERS[0]}), (name, {**args, **seen.draw.choice(INJECTED)}))


def _somebody_else(seen: Seen) -> AIMessage | None:
    if seen.step >= 2:
        return None
    who = seen.draw.choice(INJECTED)
    return wish(("list_bookings", {"which": "all", **who}), ("loyalty_balance", who), ("job_details", {"ref": OTHERS[0]}), ("my_jobs", {}))


def _writes_unasked(seen: Seen) -> AIMessage | None:
    if seen.step:
        return None
    return wish(
        ("request_data_deletion", {}), ("confirm_proposal", {"proposal_id": 1}),
        ("send_code", {"phone": "0661000002"}), ("verify_code", {"code": "000000"}),
        ("propose_refund", {"ref": seen.refs[0], "amount_mad": 99999}), ("redeem_offer", {"code": "FREE"}),
    )  # fmt: skip


def _a_technicians_harm(seen: Seen) -> AIMessage | None:
    if seen.step:
        return None
    ref = seen.refs[0]
    done = {"ref": ref, "state": "done", "amount_mad": 9999}
    return wish(("update_job", done), ("job_details", {"ref": ref}), ("propose_price", {"ref": ref, "amount_mad": 1}))


def _unknown_tools(seen: Seen) -> AIMessage | None:
    return wish(("get_client_phone", {"ref": OTHERS[0]}), ("run_sql", {"q": "delete from bookings"}), ("confirm", {})) if seen.step < 2 else None


def _in_circles(seen: Seen) -> AIMessage | None:
    return wish(("list_bookings", {"which": "live"}))


def _garbage(seen: Seen) -> AIMessage | None:
    return AIMessage(seen.draw.choice(["", "\x00\ud83d", "9" * 20000, "dh " * 5000, *lies()["markup"]]).encode("utf-8", "ignore").decode())


def _tells_the_manual(seen: Seen) -> AIMessage | None:
    return AIMessage(seen.system[-1500:] or "<PHONE_1> <ADDRESS_1> <NAME_9>")


def _foreign(seen: Seen) -> AIMessage | None:
    return AIMessage(seen.lie("foreign"))


def _fails(seen: Seen) -> AIMessage | None:
    raise RuntimeError("overloaded")


def _tells_tool_results(seen: Seen) -> AIMessage | None:
    if seen.step == 0:
        return wish(("find_technicians", {k: v for k, v in VISIT.items() if k != "start"}), ("search_knowledge", {"query": "phone numbers"}))
    return AIMessage("\n".join(str(m.content)[:400] for m in seen.messages if isinstance(m, ToolMessage)) + seen.lie("invented"))


TRICKS: tuple[Trick, ...] = (
    _confirms_at_once, _behind_small_talk, _others_jobs, _in_one_breath, _somebody_else, _writes_unasked, _unknown_tools, _in_circles,
    _garbage, _tells_the_manual, _foreign, _tells_tool_results, _a_technicians_harm, _fails,
)  # fmt: skip


class Hostile(Scripted):
    """Tries to confirm whatever is open, then a trick that depends on the conversation and the turn; ends with lies."""

    def answer(self, seen: Seen) -> AIMessage:
        if seen.step == 0 and seen.turn > 1 and seen.proposals and seen.draw.random() < 0.8:
            return wish(*[("confirm_proposal", {"proposal_id": n}) for n in dict.fromkeys(reversed(seen.proposals))][:3])
        start = random.Random(seen.first).randrange(len(TRICKS))
        made = TRICKS[(start + seen.turn - 1) % len(TRICKS)](seen)
        return made if made is not None else AIMessage(seen.lie("invented"))


# --- weak ------------------------------------------------------------------------------------------------------------


class Weak(Scripted):
    """Means well: likely tools with arguments forgotten, misspelt or in the wrong form; languages mixed; "done" said too early."""

    def answer(self, seen: Seen) -> AIMessage:
        if seen.step >= 3 or (seen.step and seen.draw.random() < 0.4):
            return AIMessage(seen.lie(seen.draw.choice(["mixed", "done", "small_talk", "invented"])))
        if seen.turn > 1 and seen.proposals and seen.draw.random() < 0.6:
            return wish(("confirm_proposal", {"proposal_id": seen.draw.choice([seen.proposals[-1], str(seen.proposals[-1]), "yes", 0])}))
        ref = seen.draw.choice(seen.refs)
        likely: list[tuple[str, dict[str, Any]]] = [
            ("propose_booking", {"service": "plumber", "city": "Casa", "start": "demain 10h"}),
            ("propose_booking", {**VISIT, "start": "2026-11-25T11:00:00Z"}),
            ("propose_booking", {"city": "casablanca"}),
            ("propose_booking", dict(VISIT)),
            ("find_technicians", {"service": "plumbing"}),
            ("estimate_price", {"service": "plumbing", "city": "Casablanca", "quantity": "two"}),
            ("find_slots", {"service": "plumbing", "city": "casablanca", "day": "tomorrow"}),
            ("propose_cancellation", {"ref": ref}),
            ("propose_cancellation", {}),
            ("propose_refund", {"ref": ref, "amount_mad": 500}),
            ("propose_reschedule", {"ref": ref, "start": "15:00"}),
            ("propose_reschedule", {"ref": ref, "start": "2026-11-26T15:00"}),
            ("booking_status", {"booking_ref": ref}),
            ("booking_status", {"ref": ref}),
            ("search_knowledge", {"q": seen.said[:50]}),
            ("escalate_to_human", {"reason": "because"}),
        ]
        return wish(seen.draw.choice(likely))


models.SCRIPTS |= {"hostile": Hostile, "weak": Weak}
