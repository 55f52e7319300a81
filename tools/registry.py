"""Runs every tool the same way: authorise, validate, one transaction, one receipt, one line in the call log; and hands them to the agent."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from langchain.tools import ToolRuntime
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from domain.errors import DomainError
from domain.store.promises import DoubleBooked
from domain.store.receipts import turn_of
from domain.store.tables import Conversation, ToolReceipt
from tools.context import TurnContext
from tools.phones import masked
from tools.spec import DECLARED, Result, ToolSpec
from tools.turn import Turn
from tools.views import plain

log = logging.getLogger(__name__)

#: How often a call that lost a race is run before it is given up: each loss is one technician fewer, so that the last look finds other times.
ATTEMPTS = 6

#: One file per business area; importing them fills the table.
MODULES = (
    "account",
    "addresses",
    "booking",
    "changes",
    "consent",
    "counter_offers",
    "escalation",
    "feedback",
    "knowledge",
    "loyalty",
    "notes",
    "prices",
    "privacy",
    "refunds",
    "search",
    "tracking",
    "verification",
    "technician.availability",
    "technician.earnings",
    "technician.jobs",
    "technician.offers",
    "technician.prices",
)
for _module in MODULES:
    import_module(f"tools.{_module}")

#: name -> spec, in alphabetical order.
TOOLS: Mapping[str, ToolSpec] = dict(sorted(DECLARED.items()))


@cache
def tools_for(role: str) -> list[BaseTool]:
    """The tools a client or a technician may reach, as LangChain tools; the list is built once."""
    return [_structured(spec) for spec in TOOLS.values() if spec.who in (role, "both")]


def call(name: str, context: TurnContext, args: Mapping[str, Any] | None = None) -> Result:
    """Runs one tool by name and returns its JSON-able result. Never raises for what a person or a model did wrong."""
    began = time.perf_counter()
    args = {str(k): storable(v) for k, v in (args or {}).items()}
    result = _guarded(name, context, args)
    context.calls.append({"tool": name, "args": args, "ok": bool(result["ok"]), "ms": round((time.perf_counter() - began) * 1000, 2)})
    return result


def storable(value: Any) -> Any:
    """The same value without what no store takes: NUL characters and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
    if isinstance(value, Mapping):
        return {str(storable(k)): storable(v) for k, v in value.items()}
    return [storable(v) for v in value] if isinstance(value, list | tuple) else value


def _guarded(name: str, context: TurnContext, args: dict[str, Any]) -> Result:
    spec = TOOLS.get(name)
    if spec is None or spec.who not in (context.role, "both"):
        return {"ok": False, "error": "no_such_tool", "tools": [s.name for s in TOOLS.values() if s.who in (context.role, "both")]}
    try:
        if spec.personal and not (context.verified and context.person_id is not None):
            raise DomainError("verify_needed")
        parsed = spec.args.model_validate(args)
    except ValidationError as error:
        return {"ok": False, "error": "bad_arguments", "fields": _fields(error, spec)}
    except DomainError as error:
        return _refusal(error) | _claimed(context)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _in_transaction(spec, context, parsed, args)
        except DoubleBooked as error:
            if attempt == ATTEMPTS:
                return _refusal(error)
        except DomainError as error:
            return _refusal(error)
        except (IntegrityError, OperationalError):
            # Somebody was faster (a slot, a receipt), or two of us waited for each other: the next look sees what they did.
            if attempt == ATTEMPTS:
                log.exception("tool %s met a conflict %s times", name, ATTEMPTS)
        except Exception:
            log.exception("tool %s failed", name)
            break
    return {"ok": False, "error": "internal"}


def _in_transaction(spec: ToolSpec, context: TurnContext, parsed: Any, args: dict[str, Any]) -> Result:
    with context.market.db.transaction() as session:
        turn = Turn(context, session)
        if spec.kind == "READ":
            return _worded(spec.run(turn, parsed))
        # One writer per conversation: a turn that two workers play at once must meet the other's receipt, not its half-done effect.
        # NO KEY UPDATE, because outbox rows of other transactions refer to the conversation meanwhile.
        session.execute(select(Conversation.id).where(Conversation.id == context.conversation_id).with_for_update(key_share=True))
        key = receipt_key(context, spec.name, args)
        receipt = session.get(ToolReceipt, key)
        done = context.earlier.get(spec.name, {})
        if receipt is not None:
            done.pop(key, None)
            return dict(receipt.result)
        if done:  # the turn is played again after what it had done, and sees a world that this has changed
            return done.pop(next(iter(done)))
        result = _worded(spec.run(turn, parsed))
        session.add(ToolReceipt(key=key, turn=turn_of(context.conversation_id, context.turn_key), result=result, at=context.now))
        session.flush()
        return result


def receipt_key(context: TurnContext, name: str, args: Mapping[str, Any]) -> str:
    """What makes one call of a WRITE tool the same call again: conversation, turn, tool, canonical arguments."""
    canonical = json.dumps({k: v for k, v in args.items() if v is not None}, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return f"{turn_of(context.conversation_id, context.turn_key)}:{name}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _worded(result: Result) -> Result:
    """The result as plain JSON (money as numbers), so that the receipt and the first answer are the same."""
    return plain({"ok": True, **result})


def _refusal(error: DomainError) -> Result:
    return {**_worded(dict(error.detail)), "ok": False, "error": error.code}


def _claimed(context: TurnContext) -> Result:
    """The phone a web visitor gave but has not proven yet: then only the code is missing."""
    with context.market.db.transaction() as session:
        phone = session.get_one(Conversation, context.conversation_id).claimed_phone
    return {"claimed_phone": masked(phone)} if phone else {}


def _fields(error: ValidationError, spec: ToolSpec) -> list[dict[str, str]]:
    known = ", ".join(spec.args.model_fields) or "none"
    found = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(str(part) for part in problem["loc"]) or "(all)"
        cure = f"{spec.name} takes: {known}" if problem["type"] == "extra_forbidden" else problem["msg"]
        found.append({"field": field, "cure": cure})
    return found


def _structured(spec: ToolSpec) -> BaseTool:
    def run(runtime: ToolRuntime[TurnContext, Any], **args: Any) -> str:
        return json.dumps(call(spec.name, runtime.context, args), ensure_ascii=False)

    # The schema goes in as a dict: LangChain then leaves validation to `call`, which answers with the field and its cure instead of raising.
    return StructuredTool.from_function(run, name=spec.name, description=spec.manual, args_schema=schema(spec), infer_schema=False)


def schema(spec: ToolSpec) -> dict[str, Any]:
    """JSON schema of the arguments, as a model sees it."""
    found = spec.args.model_json_schema()
    found.pop("description", None)
    found.setdefault("properties", {})
    return found
