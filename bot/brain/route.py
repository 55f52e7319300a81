"""Decides which flows answer a message, in which order: the one that asked, what the person asks for, or both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.brain import answers, asides, cues, orders
from bot.brain.hear import Heard
from bot.brain.limits import asks_private
from bot.brain.state import CHANGES, State, flow_of_kind
from bot.brain.threats import threatens
from domain.engagement import optout

#: What a client's intent is answered by.
CLIENT = {
    "book_service": "booking", "find_technician": "find", "check_availability": "availability", "rebook": "rebook", "ask_price": "price",
    "reschedule": "reschedule", "cancel": "cancel", "track": "track", "booking_status": "status", "request_refund": "refund",
    "refund_status": "refund_status", "complain": "complain", "report_damage": "damage", "ask_human": "human", "ask_payment": "faq",
    "ask_faq": "faq", "rate": "rate", "ask_loyalty": "loyalty", "become_technician": "join", "opt_out": "opt_out", "delete_data": "delete_data",
    "change_language": "language", "out_of_scope": "out_of_scope", "abuse": "abuse",
}  # fmt: skip
SOCIAL = {"greet": "greet", "thank": "thank", "goodbye": "goodbye"}
#: Flows that arrange a new job and share one draft.
JOB = frozenset({"booking", "find", "availability", "rebook", "danger", "price", "join"})
ARRANGE = frozenset({"booking", "find", "availability", "rebook"})
#: Flows about something that exists and share one set of change slots.
CHANGE = CHANGES
#: Answered at once; what was being asked is then asked again.
QUICK = frozenset({"price", "track", "status", "refund_status", "human", "faq", "loyalty", "opt_out", "language", "out_of_scope", "abuse"})
#: Questions that a complete order leaves behind: it is no answer to them.
SIDE_QUESTIONS = frozenset({"price", "join", "offer_human", "language", "rate", "delete_data"})
#: Asked whether all is well now, these say that it is not.
TROUBLES = frozenset({"complain", "damage", "refund"})
#: One of these is the same wish, said otherwise: the first is not gone back to.
INSTEAD = frozenset({"reschedule", "cancel", "refund"})
MAYBE, CLEAR = 0.04, 0.6  # of abuse or complaint, and of anything else, right after an insult
SURE = 0.55  # of the main intent: below, a message that fits our question is taken as its answer
UNSURE = 0.22  # below, without anything else to go by, we ask what is meant
SECOND = 0.2  # least probability of a second wish
NEW_JOB = 0.35  # least probability of a new job beside a change
#: Wishes beside which no other is read out of the same message.
ALONE = frozenset({"ask_human", "opt_out", "delete_data", "change_language", "abuse", "out_of_scope", "become_technician"})
MOVED = ("changes.moved", "changes.moved_asking", "changes.not_moved", "changes.kept")  # last words about an appointment that stands
ORDERED = ("booking.sent", "booking.sent_plain", "booking.sent_careful")  # and about one that was just ordered
GRAVE = frozenset({"delete_data", "opt_out"})  # never begun on a doubtful reading
#: What a word for the visit may be read as, and what it never brings.
TOLD = frozenset(
    {"inform", "correct", "affirm", "deny", "greet", "thank", "book_service", "find_technician", "rebook", "report_damage", "track", "ask_loyalty"}
)
#: Our words once a colleague was called.
_CALLED = ("human", "already", "lost", "damage", "reported_person", "photo_kept")
CALLED = frozenset((*(f"escalation.{key}" for key in _CALLED), "refund.dispute"))
SETTLED = frozenset({"date", "time", "ref", "stars", "without"})
ASKED_LITTLE = frozenset({None, "service", "choice"})  # questions that no place, name or reason answers
PATIENCE = 2  # clarifying questions before a person is called


@dataclass(frozen=True)
class Plan:
    """`flows` run in order, each saying its part. `behind`: flows that wait for their turn. `missed`: we did not understand.

    `read_as`: the flows, where a tool's answer showed that the message means something else than it was read as.
    """

    flows: tuple[str, ...]
    behind: tuple[str, ...] = ()
    missed: bool = False
    read_as: tuple[str, ...] = ()


def plan(state: State, heard: Heard) -> Plan:
    """For a client's message."""
    waiting = state.flow if state.flow and (state.awaiting or state.flow in ARRANGE or state.flow == "verify") else None
    behind = state.behind
    if threatens(heard.text):
        return Plan(("threat",), behind)
    if heard.reading.danger and heard.text:
        return Plan(("danger",), behind)
    if state.draft.get("hazard") and heard.option is None and asides.asks_danger(heard.text):
        return Plan(("warned", *((waiting,) if waiting and state.awaiting else ())), behind)
    if asks_private(heard.text, of_somebody="technician" in heard.slots):
        return Plan(("private",), (*behind, waiting) if waiting and state.awaiting else behind)
    if fixed := _by_form(state, heard, waiting):
        return Plan(fixed, behind)
    if heard.option is not None and waiting:
        return Plan((waiting,), behind)
    if aside := _aside(state, heard, waiting):
        return Plan(aside, behind)
    if _not_our_trade(state, heard):
        return Plan(("out_of_scope", *((waiting,) if waiting and state.awaiting else ())), behind)
    if _where_nobody_works(state, heard, waiting):
        return Plan(("elsewhere",), ())
    if state.proposal is not None and heard.yes and state.awaiting in ("confirm", None):
        return Plan((flow_of_kind(state.proposal.kind),), behind)
    if not answers.fold(heard.text) and not (heard.yes or heard.no):
        return _not_understood(state, waiting, behind)
    if waiting in SIDE_QUESTIONS and CLIENT.get(heard.intents[0]) != waiting and orders.complete(heard.reading, heard.text):
        return Plan(("booking",), ())
    if state.key == "smalltalk.abuse" and _still_angry(heard):
        return Plan(("abuse",), behind)
    if heard.slots.keys() == {"name"} and state.awaiting != "name":
        return Plan(("named", *((waiting,) if waiting and state.awaiting else ())), behind)
    requests = _requests(state, heard, waiting)
    if waiting is None:
        return _fresh(state, heard, requests, behind)
    if waiting == "offer_human" and "human" in requests:
        return Plan((waiting,), behind)  # the offer is taken, in their own words
    if waiting in requests or not requests:
        rest = [r for r in requests if r != waiting and r in QUICK]
        return _continue(state, heard, waiting, rest, behind)
    quick = [r for r in requests if r in QUICK]
    heavy = [r for r in requests if r not in QUICK]
    if not heavy:
        return Plan((*quick, *((waiting,) if state.awaiting else ())), behind)
    replaced = (
        waiting == "check_in"  # who wants something else has answered it
        or (waiting == "offer_human" and heavy[0] == "refund")  # a person sees to that where it is not due
        or (heavy[0] in ARRANGE and waiting in ARRANGE)
        or (heavy[0] in INSTEAD and waiting in INSTEAD)
        or heavy[0] == "drop"
        or not state.awaiting
    )
    kept = behind if replaced else (*behind, waiting)
    return Plan((*quick, heavy[0]), (*kept, *reversed(heavy[1:])))


def _still_angry(heard: Heard) -> bool:
    """Right after an insult, words that bring nothing, are angry or may be abuse, and are not clearly something else, go on insulting."""
    reading = heard.reading
    angry = reading.sentiment == "negative" or any(reading.scores.get(i, 0.0) >= MAYBE for i in ("abuse", "complain"))
    return angry and reading.confidence < CLEAR and not heard.slots and not heard.wishes


def _by_form(state: State, heard: Heard, waiting: str | None) -> tuple[str, ...] | None:
    """What the form of a message settles before its words are weighed."""
    if heard.payload.startswith("go:"):
        return (heard.payload[3:],)
    if heard.code:
        return ("verify",)
    if waiting == "verify" and "phone" in heard.slots:
        return ("verify",)
    if "lat" in heard.slots:
        return (waiting if waiting in JOB or waiting == "address" else "booking",)
    if "photo" in heard.kinds and not heard.slots and len(heard.text.split()) <= asides.SHORT:
        doubtful = heard.reading.confidence < SURE and heard.intents[0] in ("ask_faq", "out_of_scope")
        if state.key in CALLED or (heard.text and waiting is None and doubtful):
            return ("photo",)  # "look what the door has become"
    if not heard.text:
        for kind in ("voice", "photo", "unsupported"):
            if kind in heard.kinds:
                return (kind, *((waiting,) if waiting and state.awaiting and kind != "photo" else ()))
    if optout.match(heard.text):
        return ("opt_out",)
    return None


def _aside(state: State, heard: Heard, waiting: str | None) -> tuple[str, ...] | None:
    """What is said about ourselves, or for a visit that is booked, by its plain words; what was being asked is then asked again."""
    text, asked = heard.text, bool(state.awaiting and state.flow)  # "what do you mean?" is nobody's question
    again = (waiting,) if waiting and asked else ()
    street = heard.intents[0] in ("inform", "correct") and not {"city", "district"} & heard.slots.keys() and asides.of_a_street(text)
    contact = "phone" in heard.slots and heard.intents[0] in (*TOLD, "ask_human") and asides.of_a_contact(text)
    for_visit = contact or street or asides.for_the_visit(text, "technician" in heard.slots)
    if not text or ("service" in heard.slots and not for_visit) or (asked and (heard.yes or heard.no)):
        return None
    if asides.asks_who_answers(text):
        return ("robot", *again)
    if asides.has("meddles", text):
        return ("meddling", *again)
    if state.key in CALLED and answers.asks(text) and asides.has("how_long", text):
        return ("human",)  # they wait for the colleague we called
    if asides.how_are_you(text) and heard.slots.keys() <= {"date"}:
        return ("how_are_you", *again)
    if asides.has("only_greets", text):
        return ("goodbye",)
    if asides.has("parts", text) and not asked and not heard.slots and state.proposal is None and len(text.split()) <= asides.SHORT:
        return ("goodbye",)  # "wakha merci bslama" after a price orders nothing
    if asides.has("wrong_number", text) and state.proposal is None and not heard.slots and len(text.split()) <= asides.SHORT + 2:
        return ("wrong_number",)
    passed_on = contact or asides.has("relay", text) or asides.has("relay_to", text) or asides.calls_ahead(text)
    moves = SETTLED - ({"time"} if passed_on and asides.has("not_before", text) else set())
    told = for_visit and not asked and not moves & heard.slots.keys() and ("service" not in heard.slots or passed_on) and not cues.named(text)[0]
    return ("note",) if told and (passed_on or heard.intents[0] in TOLD or heard.reading.confidence < CLEAR) else None


def _where_nobody_works(state: State, heard: Heard, waiting: str | None) -> bool:
    """Whether a job is wanted, or its place told, in a town that we do not serve."""
    arranges = CLIENT.get(heard.intents[0]) in (*ARRANGE, "price", "faq") or state.awaiting == "place" or (waiting or "") in ARRANGE
    told = heard.intents[0] in TOLD and len(heard.text.split()) <= asides.SHORT
    return bool(heard.text) and (arranges or told) and "city" not in heard.slots and asides.elsewhere(heard.text)


def _not_our_trade(state: State, heard: Heard) -> bool:
    """Whether work is wanted that nobody of ours does, by its own word, and none that somebody does."""
    wanted = heard.intents[0] in (*orders.ARRANGING, "out_of_scope", "ask_faq", "ask_price", "ask_human", "greet")
    return wanted and state.awaiting in ASKED_LITTLE and "service" not in heard.slots and asides.has("not_ours", heard.text)


def _requests(state: State, heard: Heard, waiting: str | None) -> list[str]:
    """The flows the message asks for, main wish first, read in the light of what we were talking about."""
    if heard.yes or heard.no or heard.code:
        return []
    named = [CLIENT[i] for i in _meant(heard) if i in CLIENT and not (i in GRAVE and heard.reading.confidence < SURE)]
    if "complain" in named and "track" in named:
        named = [n for n in named if n != "complain"]  # still waiting: where he is matters first, the apology comes with it
    if {"reschedule", "cancel"} <= {*named} and not cues.named(heard.text)[0] >= cues.CONTRARY:  # of one visit, either is meant
        named.remove(max("reschedule", "cancel", key=named.index))
    if waiting is None:
        return _unique(named)
    if _fits(state, heard) and heard.reading.confidence < SURE:
        named = [n for n in named if n in ARRANGE and waiting in ARRANGE]
    return _unique(r for n in named for r in [_in_context(n, state, heard, waiting)] if r)


def _meant(heard: Heard) -> tuple[str, ...]:
    """The intents that count: a second one must be likely by itself, and a second job needs a trade."""
    main, *others = heard.intents
    if main in ALONE:
        return (main,)
    arranging = {"book_service", "find_technician", "check_availability", "rebook"}
    likely = [i for i in others if heard.reading.scores.get(i, 1.0) >= SECOND and not (i == "out_of_scope" and _all_ours(heard))]
    if "ask_human" in likely and main not in ("ask_human",):
        return ("ask_human",)  # who may have asked for a person gets one
    if main == "inform" and not answers.asks(heard.text):
        likely = [i for i in likely if i != "ask_faq"]  # told, and asked nothing
    sure = [i for i in likely if i not in arranging or ("service" in heard.slots and main not in arranging and _besides(i, main, heard))]
    return (main, *sure)


def _all_ours(heard: Heard) -> bool:
    """Whether a trade of ours is named, and no work that is none of ours."""
    return "service" in heard.slots and not asides.has("not_ours", heard.text)


def _besides(arranges: str, main: str, heard: Heard) -> bool:
    """Beside a change of a booking ("I want to cancel the fridge repair") the trade mostly names that booking.

    A new job must be likely by itself, and wanted at a place or on a day.
    """
    if CLIENT.get(main) not in CHANGE:
        return True
    told = orders.has("wanted", heard.text) and not {"city", "district", "date"}.isdisjoint(heard.slots)
    return told and heard.reading.scores.get(arranges, 1.0) >= NEW_JOB


def _in_context(flow: str, state: State, heard: Heard, waiting: str) -> str | None:
    """The same words mean another thing in the middle of something."""
    about_other = bool(heard.slots.get("ref"))
    if waiting == "price" and flow in ARRANGE and "service" in heard.slots and state.awaiting == "service":
        # which job the price is of: only who says that somebody shall come, or when, orders it
        return flow if orders.has("wanted", heard.text) or {"date", "time"} & set(heard.slots) else waiting
    if waiting in ARRANGE and not about_other:
        if flow in ("reschedule", "booking", "rebook", "availability"):
            return waiting
        if flow == "cancel":
            return "drop"
        if flow == "find":
            return waiting if "without" in heard.slots else "find"
    if waiting in ("reschedule", "cancel") and flow in ("reschedule", "cancel", *ARRANGE) and "as_it_was" in heard.wishes:
        return waiting
    if waiting == "danger" and flow in (*ARRANGE, "complain", "price", "track", "status", "faq", "loyalty", "refund_status"):
        return waiting  # nothing else is spoken of until somebody knows where they are
    if waiting == "check_in" and (flow in TROUBLES or (flow in ARRANGE and not orders.has("wanted", heard.text))):
        return waiting  # a fault that is told and nobody asked for is the one we asked about
    if waiting == "address" and flow in ARRANGE and _fits(state, heard):
        return waiting
    if waiting == "offer_human" and flow in ARRANGE and orders.has("for_free", heard.text):
        return "human"  # "send him again, without paying": nobody promises that but a person
    if waiting == "join" and flow in ARRANGE:
        return waiting
    if waiting in ("consent", "offer") and flow in ("reschedule", "cancel") and not about_other:
        return waiting if flow == "reschedule" else flow
    if flow == "rate" and state.awaiting == "confirm" and "stars" not in heard.slots:
        return waiting  # "5 mzyana" to an hour that is proposed
    if waiting == "rate" and flow in ("complain", "thank") and ("stars" in heard.slots or heard.option is not None):
        return waiting
    if waiting == "reschedule" and flow in (*ARRANGE, "status"):
        return waiting if _fits(state, heard) else flow
    if waiting == "cancel" and flow in ("cancel", "complain"):
        return waiting
    if (
        waiting in ("refund", "complain", "damage")
        and flow in ("cancel", "complain", "refund", "damage", "booking", "status")
        and _fits(state, heard)
    ):
        return waiting
    return flow


def _fits(state: State, heard: Heard) -> bool:
    """Whether the message has what we asked for."""
    slots = heard.slots
    return {
        "place": any(k in slots for k in ("city", "district", "lat", "address")) or "same_place" in heard.wishes or _tells_address(state, heard),
        "time": any(k in slots for k in ("date", "time")) or "same_time" in heard.wishes,
        "service": "service" in slots or heard.intents[0] == "book_service",
        "name": "name" in slots,
        "rating": "stars" in slots,
        "amount": "amount" in slots,
        "booking": "ref" in slots or any(k in slots for k in ("service", "technician", "date")),
        "confirm": heard.yes or heard.no or heard.intents[0] in ("affirm", "deny") or bool(heard.wishes & {"cheaper", "other_technician"}),
        "choice": heard.option is not None
        or bool(heard.wishes)
        or heard.intents[0] in ("affirm", "deny")
        or "technician" in slots
        or "time" in slots,
        "reason": len(heard.text.split()) >= 1,
        "language": answers.language(heard.text) is not None,
        "code": heard.code is not None,
    }.get(state.awaiting or "", False)


def _tells_address(state: State, heard: Heard) -> bool:
    """Asked for a street and number, any words that hold a number or are several may be one; a question is none."""
    told = any(c.isdigit() for c in heard.text) or len(heard.text.split()) > 1
    return state.flow == "address" and told and not answers.asks(heard.text)


def _continue(state: State, heard: Heard, waiting: str, quick: list[str], behind: tuple[str, ...]) -> Plan:
    main = heard.intents[0]
    if waiting == "check_in" and main in SOCIAL and main != "greet":
        return Plan((waiting,), behind)  # who thanks us is well
    understood = bool(
        quick or heard.yes or heard.no or heard.option or _fits(state, heard) or heard.wishes or main in ("affirm", "deny", "correct")
        or (heard.leans is not None and state.awaiting == "confirm")
        or {k for k in heard.slots if k not in ("urgency", "quantity")} or heard.kinds & {"photo"} or waiting == "verify"
    )  # fmt: skip
    if main in SOCIAL and not heard.slots and not heard.yes and not heard.no and not quick:
        if main == "goodbye":
            return Plan(("goodbye",), ())
        return Plan((SOCIAL[main], *((waiting,) if state.awaiting else ())), behind)
    if understood or (main in CLIENT and CLIENT[main] == waiting):
        return Plan((*quick, waiting), behind)
    if not state.awaiting:
        return _fresh(state, heard, [], behind)
    return _not_understood(state, waiting, behind)


def _not_understood(state: State, waiting: str | None, behind: tuple[str, ...]) -> Plan:
    """The same question once more, twice at most; then a person."""
    if state.misses >= PATIENCE:
        return Plan(("lost",), (), missed=True)
    if waiting == "danger":
        return Plan((waiting,), behind, missed=True)  # no time for excuses
    return Plan(("sorry", waiting) if waiting and state.awaiting else ("clarify",), behind, missed=True)


def _fresh(state: State, heard: Heard, requests: list[str], behind: tuple[str, ...]) -> Plan:
    main = heard.intents[0]
    sure = heard.reading.confidence >= UNSURE or bool(heard.slots)
    when = bool({"date", "time"} & set(heard.slots))
    if state.key in MOVED and when and "service" not in heard.slots and all(r in ARRANGE or r == "status" for r in requests):
        return Plan(("reschedule",), behind)  # "make it Saturday after all", said right after
    if when and all(r in ARRANGE for r in requests) and _the_one_just_booked(state, heard):
        return Plan(("reschedule",), behind)  # "the painter Thursday at 9", right after a painter was booked
    if state.key in ORDERED and when and main in ("correct", "deny") and "service" not in heard.slots and not requests:
        return Plan(("reschedule",), behind)  # "sorry, wrong day, it's Friday"
    if _adds_to_a_case(state, heard, requests):
        return Plan(("human",), behind)
    if requests and sure:
        quick = [r for r in requests if r in QUICK]
        heavy = [r for r in requests if r not in QUICK]
        if heavy[:1] == ["refund"] and _another_too(heard):
            heavy = ["refund", "booking"]  # the complaint is the reason of both
        return Plan((*quick, *heavy[:1]), (*behind, *reversed(heavy[1:])))
    if main in SOCIAL and not heard.slots:
        return Plan((SOCIAL[main],), behind)
    if "as_it_was" in heard.wishes and not requests and heard.slots.keys() <= {"date", "time"} and (when or answers.asks(heard.text)):
        return Plan(("status",), behind)  # "and Wednesday's stays as it is, doesn't it?"
    if "gives_up" in heard.wishes and not heard.slots:
        return Plan(("as_you_like",), behind)
    if "service" in heard.slots or (
        state.draft.get("service")
        and ({"date", "time", "city", "district"} & set(heard.slots) or (state.key != "booking.as_you_like" and (heard.yes or main == "affirm")))
    ):
        return Plan(("booking",), behind)
    if heard.yes or (main == "affirm" and sure):
        return Plan(("fine",), behind)
    if heard.no or (main == "deny" and sure) or "only_price" in heard.wishes or "later" in heard.wishes:
        return Plan(("as_you_like",), behind)
    if "stars" in heard.slots and "photo" not in heard.kinds:
        return Plan(("rate",), behind)
    if main == "inform" and {"city", "district"} & heard.slots.keys():  # where, before what
        return Plan(("booking",), behind)
    if "ref" in heard.slots:
        return Plan(("status",), behind)
    return _not_understood(state, None, behind)


def _adds_to_a_case(state: State, heard: Heard, requests: list[str]) -> bool:
    """Whether a colleague was called a moment ago, and this is more of the same for them: "Ahmed, yesterday", "I want to be compensated"."""
    doubtful = heard.reading.confidence < SURE
    more = heard.intents[0] in ("inform", "correct", "deny") or (doubtful and heard.intents[0] in ("affirm", "out_of_scope"))
    compensated = requests == ["refund"] and asides.has("compensated", heard.text)
    more = more or compensated
    nothing_else = (
        (compensated or requests in ([], ["out_of_scope"])) and not heard.yes and not heard.no and heard.option is None and not heard.wishes
    )
    return state.key in CALLED and more and nothing_else and "service" not in heard.slots and len(heard.text.split()) > 1


def _the_one_just_booked(state: State, heard: Heard) -> bool:
    """Whether only the trade of the visit that was booked a moment ago is named: at no other place, and not as another one."""
    same = heard.slots.get("service") is not None and heard.slots["service"] == state.last.get("service")
    another = orders.has("wanted", heard.text) or orders.has("and_also", heard.text) or {"city", "district"} & heard.slots.keys()
    return state.key in ORDERED and same and not another


def _another_too(heard: Heard) -> bool:
    """Whether somebody else is wanted, and when, beside the money for whoever did not come."""
    return "other_technician" in heard.wishes and bool({"date", "time"} & heard.slots.keys()) and orders.has("wanted", heard.text)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
