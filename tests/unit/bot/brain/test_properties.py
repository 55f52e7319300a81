"""What holds for any conversation: the brain never raises, is pure, and folds the same state however often it reads a history."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from bot.brain.decide import decide, fold
from bot.brain.model import EmbeddedModel
from bot.brain.state import observe, spoke
from bot.brain.transcript import read
from domain.engagement.reply import Reply
from tests.support.brain import MemoryTools, Talk, Told, job

INTENTS = [
    "greet", "thank", "goodbye", "affirm", "deny", "inform", "correct", "book_service", "ask_price", "find_technician", "check_availability",
    "rebook",
    "reschedule", "cancel", "track", "booking_status", "request_refund", "refund_status", "complain", "report_damage", "ask_human", "ask_payment",
    "ask_faq", "rate", "ask_loyalty", "become_technician", "opt_out", "delete_data", "change_language", "out_of_scope", "abuse",
]  # fmt: skip
TECHNICIANS = [
    "accept_job", "decline_job", "propose_time", "en_route", "arrived", "job_done", "running_late", "client_absent", "ask_job_details",
    "set_available", "set_unavailable", "ask_earnings", "ask_human", "affirm", "deny", "greet", "thank", "inform",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(
        [
            "wakha",
            "la",
            "1",
            "2",
            "lowel",
            "ghali",
            "نعم",
            "لا",
            "nefs lwe9t",
            "BR-1",
            "wa7ed akhor",
            "ma3reftch",
            "3",
            "m3a 10",
            "ghir taman",
            "👍",
            "",
            "STOP",
        ]
    ),
    st.text(max_size=60),
)
ENTITIES = st.fixed_dictionaries(
    {},
    optional={
        "service": st.sampled_from(["plumbing", "electricity", "nonsense"]),
        "city": st.sampled_from(["casablanca", "agadir", "atlantis"]),
        "district": st.sampled_from(["maarif", "hay mohammadi", "nowhere"]),
        "date": st.sampled_from(["today", "tomorrow", "weekday:fri", "next_week", "weekend", "day:31", "2026-11-30", "rubbish"]),
        "time": st.sampled_from(["10:00", "15:30", "morning", "night", "now", "99:99"]),
        "technician": st.sampled_from(["ahmed", "nobody"]),
        "booking_ref": st.sampled_from(["BR-1", "BR-99999"]),
        "amount_mad": st.sampled_from([50, 350.5]),
        "rating": st.integers(0, 9),
        "phone": st.just("+212661000001"),
    },
)
MESSAGES = st.lists(
    st.tuples(TEXTS, st.lists(st.sampled_from(INTENTS), min_size=1, max_size=3), ENTITIES, st.sampled_from([0.1, 0.5, 0.95]), st.booleans()),
    max_size=6,
)


def play(messages: list[Any], role: str = "client") -> Talk:
    tools = MemoryTools({"BR-1": job("BR-1"), "BR-2": job("BR-2", status="cancelled", paid_mad=100, service="gardening")})
    talk = Talk(tools, role=role, place={"city": "casablanca", "district": "maarif", "address": None})
    for text, intents, entities, confidence, danger in messages:
        reply = talk.say(text, intents=tuple(intents), entities=entities, confidence=confidence, danger=danger)
        assert reply["text"].strip()
        Reply.from_dict(reply)
    return talk


@settings(max_examples=60, deadline=None)
@given(MESSAGES)
def test_any_conversation_ends_every_turn_with_words_and_folds_the_same_twice(messages: list[Any]) -> None:
    talk = play(messages)
    transcript = [SystemMessage("", additional_kwargs={"facts": talk.facts}), *talk.history, HumanMessage("ok")]
    assert fold(read(transcript), talk.told) == fold(read(transcript), talk.told)
    assert talk.model.answer(transcript) == talk.model.answer(transcript)


@settings(max_examples=40, deadline=None)
@given(MESSAGES)
def test_a_technicians_conversation_ends_every_turn_with_words(messages: list[Any]) -> None:
    play([(text, [TECHNICIANS[INTENTS.index(i) % len(TECHNICIANS)] for i in intents], *rest) for text, intents, *rest in messages], "technician")


@settings(max_examples=30, deadline=None)
@given(MESSAGES)
def test_no_turn_both_proposes_and_confirms(messages: list[Any]) -> None:
    talk = play(messages)
    proposed_now: set[int] = set()
    for message in talk.history:
        if isinstance(message, HumanMessage):
            proposed_now = set()
        elif isinstance(message, ToolMessage) and '"proposal_id"' in str(message.content):
            import json

            proposed_now.add(json.loads(str(message.content))["proposal_id"])
        elif isinstance(message, AIMessage):
            for call in message.tool_calls:
                if call["name"] == "confirm_proposal":
                    assert call["args"]["proposal_id"] not in proposed_now


@settings(max_examples=40, deadline=None)
@given(MESSAGES)
def test_folding_turn_by_turn_gives_the_state_of_the_whole(messages: list[Any]) -> None:
    talk = play(messages)
    facts = SystemMessage("", additional_kwargs={"facts": talk.facts})
    whole = fold(read([facts, *talk.history, HumanMessage("x")]), talk.told)
    cut = max((i for i, m in enumerate(talk.history) if isinstance(m, HumanMessage)), default=0)
    part = fold(read([facts, *talk.history[:cut], HumanMessage("x")]), talk.told)
    if talk.history:
        last = read([facts, *talk.history[cut:], HumanMessage("x")]).past[0]
        from bot.brain.decide import listen

        state = listen(part, last, read([facts, HumanMessage("x")]), talk.told).state  # type: ignore[arg-type]
        for tool, args, result in last.done:  # type: ignore[union-attr]
            state = observe(state, tool, args, result)
        part = spoke(state, last.reply or {})
    assert part == whole


ODD = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds(
                lambda t, k: HumanMessage(t, additional_kwargs=k),
                st.text(max_size=80),
                st.dictionaries(st.sampled_from(["parts", "x"]), ODD, max_size=2),
            ),
            st.builds(lambda t, r: AIMessage(t, additional_kwargs={"reply": r}), st.text(max_size=20), ODD),
            st.builds(lambda t: ToolMessage(t, tool_call_id="x"), st.text(max_size=30)),
            st.builds(lambda f: SystemMessage("", additional_kwargs={"facts": f}), ODD),
        ),
        max_size=8,
    )
)
def test_no_history_however_strange_makes_it_raise(messages: list[Any]) -> None:
    answer = EmbeddedModel(Told()).answer(messages)
    assert answer.tool_calls or answer.additional_kwargs["reply"]["text"].strip()


def test_an_understander_that_fails_still_gets_an_answer() -> None:
    class Broken:
        def understand(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("no weights")

    answer = EmbeddedModel(Broken()).answer([HumanMessage("salam")])  # type: ignore[arg-type]
    assert answer.additional_kwargs["reply"]["key"] == "clarify.what"
    assert answer.additional_kwargs["confidence"] == 0.0


def test_the_same_messages_always_give_the_same_call_id() -> None:
    talk = Talk()
    talk.told.tell("taman dyal plombier", {"intents": ["ask_price"], "entities": {"service": "plumbing"}}, "ary-Latn")
    messages = [SystemMessage("", additional_kwargs={"facts": talk.facts}), HumanMessage("taman dyal plombier")]
    first, second = (decide(read(messages), talk.told).call for _ in range(2))
    assert first == second and first is not None and first.tool == "estimate_price"
    assert talk.model.invoke(messages).tool_calls == talk.model.invoke(messages).tool_calls
