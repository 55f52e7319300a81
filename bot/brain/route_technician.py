"""Decides what a technician's message is about: an offer first, then the job under way."""

from __future__ import annotations

from bot.brain import answers, asides, cues, orders
from bot.brain.hear import DOUBTLESS, Heard, nothing_waits
from bot.brain.route import PATIENCE, Plan
from bot.brain.state import State
from bot.brain.threats import threatens
from bot.brain.worker_words import worker_says
from domain.engagement import optout

TECHNICIAN = {
    "accept_job": "accept", "decline_job": "decline", "propose_time": "other_time", "en_route": "en_route", "arrived": "arrived", "job_done": "done",
    "running_late": "late", "client_absent": "client_absent", "ask_job_details": "details", "set_available": "available",
    "set_unavailable": "unavailable", "ask_earnings": "earnings", "ask_human": "human", "greet": "greet", "thank": "thank",
    "change_language": "language",
    "abuse": "abuse", "opt_out": "opt_out", "ask_faq": "faq", "ask_payment": "faq",
}  # fmt: skip
OFFER = {"1": "accept", "yes": "accept", "2": "decline", "no": "decline", "3": "other_time"}
DOUBTFUL = 0.5  # a reading below gives way to a plain yes at the beginning
SURE = 0.9  # of "finished", with an amount, while an offer waits
AGREES = 0.25  # least probability of a yes beside it
NAMING = frozenset({"district", "city", "service", "ref"})  # what only says which of several offers
#: Readings of a job that goes on; any other gives way to the words of somebody who sets out.
UNDER_WAY = frozenset({"en_route", "arrived", "job_done", "running_late", "client_absent", "ask_job_details"})
#: What is told of a job, though it may sound like taking one and refusing another.
TOLD_OF_A_JOB = frozenset({"arrived", "job_done", "running_late"})
#: What a leave is misread as.
MISTAKEN_FOR_WORK = frozenset({"set_available", "accept_job", "propose_time", "affirm", "inform"})
#: What the days of a leave that we have just kept are put right by.
PUTS_RIGHT = frozenset({"propose_time", "inform", "deny"})
#: What a job that was just taken is refused by.
REFUSES = frozenset({"set_unavailable", "decline_job", "deny", "running_late"})
#: These wait for a value and take the next message for it.
WAITING = {"time": "other_time", "amount": "amount"}
GIVES_A_VALUE = frozenset({"inform", "affirm", "deny", "propose_time", "job_done", "accept_job", "decline_job", "running_late", "set_available"})


def plan(state: State, heard: Heard) -> Plan:
    main = heard.intents[0]
    if not heard.text:
        if "location" in heard.kinds:
            return Plan(("position",))
        kind = next((k for k in ("voice", "unsupported") if k in heard.kinds), None)
        return Plan((kind,)) if kind else Plan(("unclear",), missed=True)
    if threatens(heard.text):
        return Plan(("threat",))
    if settled := _by_words(state, heard):
        return Plan((settled,))
    if heard.sides and main not in TOLD_OF_A_JOB:
        return Plan(("each",))
    if optout.match(heard.text):
        return Plan(("opt_out",))
    if heard.payload.startswith("go:"):
        return Plan((heard.payload[3:],))
    if main == "thank" and nothing_waits(state):
        return Plan(("thank",))  # "ok merci": to what we told, not to another offer that may have come
    folded = answers.fold(heard.text)
    if heard.option is None and folded in OFFER:
        return Plan((OFFER[folded],))
    if state.flow == "offer" and heard.payload in OFFER:
        return Plan((OFFER[heard.payload],))
    if state.awaiting == "booking" and state.flow and (heard.option is not None or "ref" in heard.slots or main in ("inform", "affirm")):
        return Plan((state.flow,))
    if state.awaiting in WAITING and main in GIVES_A_VALUE:
        waited = WAITING[state.awaiting]
        if state.awaiting == "amount" or {"time", "date"} & set(heard.slots):
            return Plan((waited,))
    agrees = sum(heard.reading.scores.get(intent, 0.0) for intent in ("affirm", "accept_job"))
    doubtful = heard.reading.confidence < DOUBTFUL and ("affirm" in heard.intents or agrees >= AGREES)
    if not state.offer and asides.has("finished", heard.text) and main in ("affirm", "inform", "thank", "job_done"):
        return Plan(("done", "en_route") if _then_sets_out(heard.text) else ("done",))
    accepts = main == "affirm" or (heard.leans is True and not heard.slots and (doubtful or (state.offer and main in ("inform", "thank"))))
    # "wakha, the one in Gauthier, the other no"
    accepts = accepts or (heard.leans is True and heard.slots.keys() <= NAMING and bool(heard.slots) and heard.reading.confidence < DOUBTFUL)
    if heard.yes or accepts:
        return Plan(("decline" if not heard.yes and worker_says("cannot", heard.text) else "accept",))
    if main == "inform" and "amount" in heard.slots and not state.offer:
        return Plan(("amount",))  # before a "no" is heard in it: "the tank is dead, it will be 950"
    if _refuses_one(heard) or heard.no or main == "deny" or (heard.leans is False and (state.offer or main == "inform")):
        return Plan(("decline",))
    asked_too = heard.leans is True and main == "ask_job_details"
    if (state.offer or asked_too) and heard.leans is not False and asides.has("takes_it", heard.text) and not answers.hedged(heard.text):
        return Plan(("accept",))
    if state.offer and main in ("inform", "set_unavailable", "running_late") and {"time", "date"} & set(heard.slots):
        return Plan(("other_time",))
    if main == "inform" and "phone" in heard.slots:
        return Plan(("human",))  # a new number of theirs: nobody changes it by a message
    if main == "inform" and "amount" in heard.slots:
        return Plan(("amount",))
    named = [TECHNICIAN[i] for i in heard.intents if i in TECHNICIAN]
    if named and named[0] == "earnings" and heard.reading.confidence < DOUBTLESS and "date" in heard.slots and not orders.has("price", heard.text):
        return Plan(("details",))  # "is tomorrow's job still on?"
    if main == "propose_time" and "details" in named and answers.asks(heard.text) and not state.offer:
        return Plan(("details",))  # "and what have I got on Thursday?"
    if named:
        return Plan((named[0], "en_route") if named[0] == "done" and _then_sets_out(heard.text) else (named[0],))
    return Plan(("lost",), missed=True) if state.misses >= PATIENCE else Plan(("unclear",), missed=True)


def _by_words(state: State, heard: Heard) -> str | None:
    """What plain words settle before the reading is asked."""
    said = heard.text
    if worker_says("attacked", said):
        return "attacked"
    if worker_says("unpaid", said):
        return "unpaid"
    if worker_says("insults", said):
        return "abuse"
    if worker_says("leaves_us", said):
        return "human"
    leaves = worker_says("takes_leave", said) or (worker_says("away", said) and heard.leans is not True)
    if heard.intents[0] in MISTAKEN_FOR_WORK and leaves and not answers.asks(said):
        return "unavailable"
    if state.key == "technician_flow.unavailable_until" and heard.intents[0] in PUTS_RIGHT and heard.leans is False and "date" in heard.slots:
        return "unavailable"  # "no no, only tomorrow"
    if worker_says("around_us", said):
        return "through_us"
    if worker_says("more_money", said) and ("amount" not in heard.slots or heard.leans is False):
        return "new_price"
    if "as_it_was" in heard.wishes and state.key == "technician_flow.countered":
        return "as_offered"  # "no, leave it as it was, I come at 3"
    if worker_says("cancels", said) and not worker_says("of_the_client", said):
        return "give_back"
    if heard.intents[0] == "set_unavailable" and (worker_says("this_job", said) or "ref" in heard.slots):
        return "give_back"
    if heard.intents[0] in REFUSES and state.key == "technician_flow.accepted" and worker_says("cannot", said):
        return "give_back"  # what they have just taken, they cannot do after all
    if heard.intents[0] == "set_unavailable" and "date" in heard.slots and worker_says("cannot", said) and worker_says("the_one_of", said):
        return "that_job"
    told = heard.intents[0] in UNDER_WAY - {"ask_job_details"}
    if worker_says("both", said) and heard.leans is not None and not told and not answers.asks(said):
        return "each"
    if worker_says("cancels", said) and worker_says("of_the_client", said) and not state.offer and not answers.asks(said):
        return "client_leaves"
    if state.key == "technician_flow.client_absent" and worker_says("let_in", said):
        return "arrived"
    if state.key == "technician_flow.client_absent" and worker_says("walks_off", said):
        return "client_leaves"
    if state.key == "technician_flow.price_sent" and heard.intents[0] in ("affirm", "accept_job"):
        return "price_waits"
    if worker_says("gives_away", said) and not state.offer:
        return "give_back"
    asks_rules = heard.intents[0] in ("ask_earnings", "ask_payment", "ask_job_details") and worker_says("asks_rules", said)
    if asks_rules or (worker_says("asks_wait", said) and not state.offer):
        return "faq"
    if not state.offer and _finds_no_house(said):
        return "details"
    if not state.offer and worker_says("keeps", said):
        return "details"
    if not state.offer and worker_says("let_in", said) and heard.intents[0] != "job_done" and "amount" not in heard.slots:
        return "arrived"
    if not state.offer and heard.intents[0] not in UNDER_WAY and worker_says("sets_out", said) and not answers.hedged(said):
        return "en_route"
    answers_offer = state.offer or heard.intents[0] in ("accept_job", "affirm")
    if answers_offer and "later" in heard.wishes and not heard.yes:
        return "greet"  # they will see: the offer is said once more
    if answers_offer and heard.leans is True and "amount" in heard.slots and not _surely_done(heard):
        return "new_price"  # "wakha, for 400"
    if answers_offer and worker_says("asks_where", said) and not (heard.yes or heard.no or heard.leans is not None):
        return "details"
    return None


def _then_sets_out(said: str) -> bool:
    """ "done, 300, now I'm off to the second one": of a finished job a clause of its own goes on to the next."""
    clauses = [clause for clause in cues.CLAUSE.split(said) if not asides.has("finished", clause)]
    return any((worker_says("goes", c) or worker_says("sets_out", c)) and worker_says("next_job", c) for c in clauses)


def _finds_no_house(said: str) -> bool:
    """Whether a place is not found, rather than the people in it."""
    return worker_says("lost", said) or (worker_says("not_found", said) and worker_says("a_place", said) and not worker_says("somebody", said))


def _refuses_one(heard: Heard) -> bool:
    """ "je peux pas celui de Maarif", "no, not the Maarif one": one job is named, and it is refused."""
    named = bool(heard.slots) and heard.slots.keys() <= NAMING | {"date"}
    refused = heard.leans is False or worker_says("cannot", heard.text) or heard.intents[0] == "decline_job"
    return named and refused and heard.reading.confidence < DOUBTFUL and not answers.asks(heard.text)


def _surely_done(heard: Heard) -> bool:
    return heard.intents[0] == "job_done" and heard.reading.confidence >= SURE
