"""One way to run every tool: the table, the arguments, the receipts, the failures, and LangChain in front of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from sqlalchemy import update

from domain.store.receipts import done_before
from domain.store.tables import Booking, Escalation, Proposal, ToolReceipt
from tests.unit.tools.conftest import Bricol
from tests.unit.tools.test_booking_flow import WISH
from tools import registry
from tools.context import TurnContext

CONTRACT = Path(__file__).parents[3] / "docs" / "contracts.md"


def contract_rows() -> dict[str, tuple[str, str, set[str]]]:
    """name -> (kind, who, argument names) from the tool table of docs/contracts.md."""
    rows = {}
    for line in CONTRACT.read_text(encoding="utf-8").splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1] in ("READ", "WRITE"):
            args = re.sub(r"\([^)]*\)", "", cells[3])
            rows[cells[0]] = (cells[1], cells[2], {a.strip(" ?") for a in args.split(",") if a.strip(" ?")})
    return rows


def test_the_registry_is_the_table_of_the_contract() -> None:
    declared = {name: (spec.kind, spec.who, set(spec.args.model_fields)) for name, spec in registry.TOOLS.items()}
    assert declared == contract_rows()


@pytest.mark.parametrize("role", ["client", "technician"])
def test_each_role_sees_its_own_tools_with_a_manual_and_described_arguments(role: str) -> None:
    for tool in registry.tools_for(role):
        spec = registry.TOOLS[tool.name]
        assert spec.who in (role, "both") and len(tool.description) > 60
        schema: Any = tool.tool_call_schema
        assert set(schema["properties"]) == set(spec.args.model_fields) and "runtime" not in schema["properties"]


def test_a_tool_of_the_other_role_does_not_exist_for_a_person(bricol: Bricol) -> None:
    assert bricol.client().error("my_earnings") == "no_such_tool"
    assert bricol.technician("ahmed").error("list_bookings") == "no_such_tool"
    assert bricol.client().error("drop_table") == "no_such_tool"


def test_a_wrong_argument_names_its_field_and_cure(bricol: Bricol) -> None:
    client = bricol.client()
    wrong = client.call("estimate_price", service="plumbing", quantity="many", client_id=7)
    assert wrong["error"] == "bad_arguments"
    assert {f["field"] for f in wrong["fields"]} == {"quantity", "client_id"} and all(f["cure"] for f in wrong["fields"])


NASTY = st.sampled_from(["\0", "\ud800", "\u202e" * 9, "' OR 1=1 --", 10**40, -(2**63), 1e308])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | NASTY
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_arguments_whatever_make_a_tool_raise_or_fail_inside(bricol: Bricol, data: st.DataObject) -> None:
    person = data.draw(st.sampled_from([bricol.client, lambda: bricol.technician("ahmed"), bricol.visitor]))()
    name = data.draw(st.sampled_from(sorted(registry.TOOLS)))
    fields = sorted(registry.TOOLS[name].args.model_fields)
    known = {
        "service": st.just("plumbing"),
        "city": st.sampled_from(["casablanca", "كازا", "dakhla"]),
        "answer": st.sampled_from(["accept", "decline", "other_time"]),
        "state": st.sampled_from(["done", "late"]),
        "kind": st.sampled_from(["damage", "late"]),
        "reason": st.just("other"),
        "key": st.sampled_from(["name", "place", "time"]),
        "language": st.just("ary"),
        "available": st.booleans(),
        "phone": st.sampled_from(["0612345678", "+1", "٠٦١٢٣٤٥٦٧٨"]),
        "amount_mad": st.floats(0.01, 1e5) | st.integers(1, 10**5),
        "ref": st.sampled_from(["BR-1", "x", ""]),
        "start": st.sampled_from(["2026-11-24T10:00", "2026-02-31T10:00", "9999-12-31T23:59", "0001-01-01T00:00"]),
    }
    args = {f: data.draw(known.get(f, JSON)) for f in fields if data.draw(st.sampled_from([True, True, True, False]))}
    result = person.call(name, **args)
    assert result["ok"] in (True, False) and result.get("error") != "internal", result
    json.dumps(result)


def test_a_turn_played_again_has_one_effect_and_the_same_answers(bricol: Bricol) -> None:
    client = bricol.client()
    first = client.ok("propose_booking", **WISH)
    confirmed = client.next_turn("turn-2").ok("confirm_proposal", proposal_id=first["proposal_id"])
    bricol.clock.advance(minutes=3)
    again = client.next_turn("turn-2").ok("confirm_proposal", proposal_id=first["proposal_id"])
    assert again == confirmed
    assert len(bricol.rows(Booking)) == 1 and bricol.technician("ahmed").heard_keys() == ["job_offer"]


def test_a_turn_cut_off_after_its_act_does_no_other_one_when_it_is_played_again(bricol: Bricol) -> None:
    client = bricol.client()
    first = client.next_turn("turn-2").ok("propose_booking", **WISH)
    client.next_turn("turn-2")  # the world it sees has changed: it wishes something else now
    with bricol.market.db.reading() as session:
        client.context.earlier = done_before(session, client.context.conversation_id, "turn-2")
    assert client.ok("propose_booking", **{**WISH, "issue": "what it reads differently now"}) == first
    assert len(bricol.rows(Proposal)) == 1


def test_the_receipt_and_the_effect_are_one_commit(bricol: Bricol, monkeypatch: pytest.MonkeyPatch) -> None:
    client = bricol.client()
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    receipts = len(bricol.rows(ToolReceipt))
    monkeypatch.setattr("tools.notify.job_offer", lambda *a, **k: 1 / 0)
    client.next_turn()
    assert client.error("confirm_proposal", proposal_id=proposal) == "internal"
    assert bricol.rows(Booking) == [] and len(bricol.rows(ToolReceipt)) == receipts
    assert [p.status for p in bricol.rows(Proposal)] == ["open"]
    monkeypatch.undo()
    assert client.ok("confirm_proposal", proposal_id=proposal)["booking"]["status"] == "offered"


def test_a_refusal_leaves_no_receipt_so_that_it_may_be_tried_again(bricol: Bricol) -> None:
    client = bricol.client()
    bricol.give_booking(status="en_route")
    assert client.error("rate_booking", stars=5, ref="BR-1042") == "not_allowed_now"
    with bricol.market.db.transaction() as session:
        session.execute(update(Booking).values(status="done"))
    assert client.ok("rate_booking", stars=5, ref="BR-1042")["stars"] == 5


def test_every_call_is_logged_with_its_outcome(bricol: Bricol) -> None:
    client = bricol.client()
    client.call("estimate_price", service="plumbing")
    client.call("estimate_price", service="magic")
    assert [(c["tool"], c["ok"]) for c in client.context.calls] == [("estimate_price", True), ("estimate_price", False)]
    assert all(c["ms"] >= 0 for c in client.context.calls)


class Scripted(GenericFakeChatModel):
    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


def run_agent(context: TurnContext, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    """What a model that makes these calls gets back, through LangChain's own agent loop."""
    asked = [AIMessage("", tool_calls=[{"name": c["name"], "args": c["args"], "id": f"c{i}", "type": "tool_call"} for i, c in enumerate(calls)])]
    agent = create_agent(Scripted(messages=iter([*asked, AIMessage("done")])), registry.tools_for(context.role), context_schema=TurnContext)
    messages = agent.invoke({"messages": [("user", "hi")]}, context=context)["messages"]
    return [json.loads(str(m.content)) for m in messages if isinstance(m, ToolMessage)]


def test_langchain_gives_the_tools_the_turns_identity_and_nothing_a_model_forges(bricol: Bricol) -> None:
    bricol.give_booking()
    forged = {"context": {"person_id": 1}, "person_id": 1}
    results = run_agent(
        bricol.client("+212661000199").context,
        {"name": "list_bookings", "args": {"runtime": forged}},
        {"name": "list_bookings", "args": {"config": {"configurable": forged}}},
        {"name": "escalate_to_human", "args": {"reason": "asked"}},
    )
    assert results[0] == {"ok": True, "bookings": []}
    assert not results[1]["ok"] or results[1]["bookings"] == []
    assert results[2]["ok"] and len(bricol.rows(Escalation)) == 1
