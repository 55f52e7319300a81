"""What is asked beside or behind the wish: others' numbers, a second question, a yes with its order, what shall stay as it was."""

from __future__ import annotations

from typing import Any

import pytest

from bot.brain.hear import plain
from bot.brain.limits import asks_private
from bot.brain.understanding.danger import find_hazard
from prompts import wording
from tests.support.brain import MemoryTools, Talk, job

BOOKED = {"city": "casablanca", "service": "plumbing"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("donne moi le numéro perso et l'adresse de Fatima", True),
        ("vous pouvez me filer le tel du technicien ?", False),
        ("can you give me Ahmed's number", True),
        ("where does he live?", False),
        ("3tini nmra dyal lm3alem", False),
        ("عطيني النمرة ديال المعلم", False),
        ("أعطني عنوان زوجتي المسجل عندكم", False),
    ],
)
def test_nobody_is_given_the_number_or_the_home_of_another(text: str, named: bool) -> None:
    assert asks_private(text, of_somebody=named)
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    reply = talk.say(text, intents=["delete_data"], entities={"technician": "ahmed"} if named else {})
    assert (reply["key"], talk.called) == ("account.private", [])


@pytest.mark.parametrize(
    "text",
    [
        "bghit nmra dyal chi plombi",
        "envoyez un plombier à l'adresse de ma mère",
        "mon numéro c'est le 0661",
        "c'est quoi votre numéro ?",
        "can you send someone to my mother's address",
        "bghit nbeddel l3onwan",
        "عطيني رقم الحجز",
    ],
)
def test_a_tradesman_ones_own_number_and_ours_are_no_secrets(text: str) -> None:
    assert not asks_private(text)


def test_a_private_number_asked_amid_a_booking_leaves_our_question_open() -> None:
    talk = Talk()
    talk.say("bghit plombi f casa", intents=["book_service"], entities=BOOKED)
    reply = talk.say("give me the client's address", intents=["inform"])
    assert (reply["awaiting"], talk.called) == ("place", [])


@pytest.mark.parametrize("text", ["bla commission 3afak", "le client me paie directement, sans passer par vous", "واخا يخلصني نيشان بلا عمولة"])
def test_a_technician_is_told_that_our_jobs_stay_with_us(text: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}), role="technician", channel="sms")
    assert talk.say(text, intents=["ask_earnings"])["key"] == "technician_flow.through_us"


@pytest.mark.parametrize(
    ("text", "locale"), [("oui remboursez", "fr"), ("remboursez moi", "fr"), ("yes, refund me", "en"), ("اه رجعو ليا فلوسي", "ary-Arab")]
)
def test_a_yes_that_repeats_the_wish_gives_the_money_back(text: str, locale: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", status="cancelled", paid_mad=100)}), locale=locale)
    assert talk.say("BR-1", intents=["request_refund"], entities={"booking_ref": "BR-1"})["awaiting"] == "confirm"
    talk.say(text, intents=["request_refund"])
    assert "confirm_proposal" in talk.called


@pytest.mark.parametrize(
    ("text", "locale"),
    [("just leave it as planned", "en"), ("laissez comme c'était", "fr"), ("khelliweh kif kan", "ary-Latn"), ("دعوه كما كان", "ar")],
)
@pytest.mark.parametrize("wish", ["reschedule", "cancel"])
def test_what_shall_stay_as_it_was_stays(text: str, locale: str, wish: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}), locale=locale)
    talk.say("lmaw3id", intents=[wish], entities={"date": "weekday:fri", "time": "09:00"} if wish == "reschedule" else {})
    assert talk.say(text, intents=["reschedule"], confidence=0.4)["awaiting"] is None
    assert "confirm_proposal" not in talk.called
    assert talk.tools.bookings["BR-1"]["start"] == "2026-11-24T10:00"


@pytest.mark.parametrize("text", ["n9der ghi ghedda f gauthier", "dyal gauthier"])
def test_of_two_offers_the_one_that_is_named_is_taken(text: str) -> None:
    tools = MemoryTools({r: job(r, status="offered", district=d) for r, d in (("BR-1", "maarif"), ("BR-2", "gauthier"))})
    talk = Talk(tools, role="technician", channel="sms")
    assert talk.say("wakha", intents=["affirm"])["awaiting"] == "booking"
    talk.say(text, intents=["inform"], entities={"district": "gauthier"})
    assert [tools.bookings[r]["status"] for r in ("BR-1", "BR-2")] == ["offered", "confirmed"]


def test_of_two_offers_none_is_taken_while_it_is_not_known_which() -> None:
    tools = MemoryTools({r: job(r, status="offered", district="maarif") for r in ("BR-1", "BR-2")})
    talk = Talk(tools, role="technician", channel="sms")
    talk.say("wakha", intents=["affirm"])
    assert talk.say("hadik", intents=["inform"])["awaiting"] == "booking"
    assert {b["status"] for b in tools.bookings.values()} == {"offered"}


def test_a_day_off_answers_the_offers_of_that_day_and_names_the_jobs_that_stay() -> None:
    days = {"BR-1": ("offered", "2026-11-24T10:00"), "BR-2": ("offered", "2026-11-26T10:00"), "BR-3": ("confirmed", "2026-11-24T15:00")}
    tools = MemoryTools({ref: job(ref, status=status, start=start) for ref, (status, start) in days.items()})
    reply = Talk(tools, role="technician", channel="sms").say("ghedda mrid", intents=["set_unavailable"], entities={"date": "tomorrow"})
    assert [tools.bookings[r]["status"] for r in days] == ["expired", "offered", "confirmed"]
    assert "BR-1" in reply["text"] and "BR-3" in reply["text"] and "BR-2" not in reply["text"]


@pytest.mark.parametrize(
    "text",
    ["لم أعد أتحمل هذه الحياة وأفكر في إنهائها", "j'en peux plus de cette vie", "I don't want to live anymore", "karht hyati", "ما بقيتش باغي نعيش"],
)
def test_despair_is_heard_however_it_is_put(text: str) -> None:
    assert find_hazard(text) == "despair"


@pytest.mark.parametrize(
    "text",
    [
        "fatiguée de vivre avec cette fuite",
        "لم أعد أستطيع العيش في هذا البيت بسبب الرطوبة",
        "can you end it all at 5pm",
        "i'm tired of life with this leak",
    ],
)
def test_weariness_of_a_fault_is_no_despair(text: str) -> None:
    assert find_hazard(text) is None


def test_the_name_of_a_code_amid_arabic_is_nobodys_word() -> None:
    assert plain("فك تشفير base64 ونفذه") == "فك تشفير ونفذه"
    assert plain("decode base64 now") == "decode base64 now"


@pytest.mark.parametrize(("minutes", "said"), [(15, "15 minutes"), (119, "119 minutes"), (120, "2 heures"), (645, "11 heures")])
def test_long_waits_are_said_in_begun_hours(minutes: int, said: str) -> None:
    assert wording.format_minutes(minutes, "fr") == said


def test_the_offer_taken_in_words_is_the_one_that_is_named_though_the_other_is_refused_in_them() -> None:
    tools = MemoryTools({r: job(r, status="offered", district=d) for r, d in (("BR-1", "maarif"), ("BR-2", "gauthier"))})
    talk = Talk(tools, role="technician", channel="sms")
    talk.say("wakha hadik dyal gauthier, lakhra la", intents=["decline_job"], entities={"district": "gauthier"}, confidence=0.4)
    assert [tools.bookings[r]["status"] for r in ("BR-1", "BR-2")] == ["offered", "confirmed"]


@pytest.mark.parametrize("text", ["ntouma gha chffara tfou 3likom", "bande de voleurs", "أنتم لصوص"])
def test_a_technician_who_insults_us_is_answered_calmly_then_by_a_person(text: str) -> None:
    talk = Talk(role="technician", channel="sms")
    assert talk.say(text, intents=["ask_earnings"])["key"] == "smalltalk.abuse"
    talk.say(text, intents=["ask_earnings"])
    assert talk.tools.escalations == ["abuse"]


def test_behind_a_greeting_the_question_is_heard() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}), role="technician", channel="sms")
    talk.told.tell("chno 3ndi lyoum?", {"intents": ["ask_job_details"], "confidence": 0.95}, "ary-Latn")
    talk.say("sbah lkhir, chno 3ndi lyoum?", intents=["greet"], confidence=0.5)
    assert "job_details" in talk.called


def test_two_questions_of_one_message_are_both_looked_up() -> None:
    asked: list[str] = []

    class Library(MemoryTools):
        def _search_knowledge(self, query: str, locale: str | None = None) -> dict[str, Any]:
            asked.append(query)
            return {"ok": True, "passages": [{"topic": query, "text": f"About {query}", "score": 0.9}]}

    talk = Talk(Library(), locale="en")
    for question in ("Do you work on Sundays?", "Are your people insured?"):
        talk.told.tell(question, {"intents": ["ask_faq"], "confidence": 0.95}, "en")
    reply = talk.say("Do you work on Sundays? Are your people insured?", intents=["ask_faq"])
    assert asked == ["Do you work on Sundays?", "Are your people insured?"]
    assert all(question in reply["text"] for question in asked)


def test_a_new_job_ordered_beside_a_cancellation_is_arranged_once_that_is_done() -> None:
    tools = MemoryTools({"BR-1": job("BR-1")})
    talk = Talk(tools)
    said = {"service": "electricity", "city": "casablanca", "district": "maarif", "date": "weekday:thu", "time": "10:00"}
    text = "lghi lia plombi, w sifto lia trisian khmis m3a 10 f maarif casa"
    assert talk.say(text, intents=["book_service"], entities=said)["key"] == "changes.propose_cancel"
    assert talk.say("wakha", intents=["affirm"])["key"] == "booking.propose"
    talk.say("wakha", intents=["affirm"])
    assert [(b["service"], b["status"], b["start"]) for b in tools.bookings.values()] == [
        ("plumbing", "cancelled", "2026-11-24T10:00"),
        ("electricity", "offered", "2026-11-26T10:00"),
    ]


@pytest.mark.parametrize("text", ["شكرا سأتصل بكم لاحقا", "سنلتقي بكم"])
def test_with_you_is_no_question_of_price(text: str) -> None:
    assert Talk(locale="ar").say(text, intents=["thank"])["key"] == "smalltalk.thank"


def technician(**jobs: dict[str, object]) -> Talk:
    tools = MemoryTools({ref.replace("_", "-"): job(ref.replace("_", "-"), **values) for ref, values in jobs.items()})
    return Talk(tools, role="technician", channel="sms")


@pytest.mark.parametrize(
    ("text", "read", "key"),
    [
        ("3afak sift lia location 9bel", "accept_job", "technician_flow.details_offer"),
        ("wakha ghir zidouna chwiya", "inform", "technician_flow.new_price"),
        ("صيفط ليا اللوكاليزاسيون قبل", "accept_job", "technician_flow.details_offer"),
        ("trop peu pour moi", "accept_job", "technician_flow.new_price"),
        ("wakha nchouf w nrodd 3likom", "thank", "technician_flow.greet_offer"),
    ],
)
def test_what_is_asked_of_an_offer_accepts_nothing(text: str, read: str, key: str) -> None:
    talk = technician(BR_7={"status": "offered"})
    talk.notice(awaiting="confirm", key="technician.job_offer", extra={"ref": "BR-7", "offer_id": 3})
    assert talk.say(text, intents=[read])["key"] == key
    assert talk.tools.bookings["BR-7"]["status"] == "offered"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("annuli lia khedma d ghedda", "set_available"),
        ("je dois annuler le rdv de demain", "set_unavailable"),
        ("ma n9derch l had lkhedma", "set_unavailable"),
    ],
)
def test_a_job_that_a_technician_cancels_is_given_back_and_their_days_stay_as_they_are(text: str, read: str) -> None:
    talk = technician(BR_7={"status": "confirmed"})
    talk.say(text, intents=[read], entities={"date": "tomorrow"})
    assert "set_availability" not in talk.called and dict(talk.tools.log)["answer_offer"]["answer"] == "decline"


def test_who_wants_no_more_offers_keeps_the_job_they_have() -> None:
    talk = technician(BR_7={"status": "confirmed"})
    talk.say("rani mrid ma tsifto lia walo", intents=["set_unavailable"])
    assert talk.called == ["my_jobs", "set_availability"]


def test_that_the_client_cancelled_gives_nothing_back() -> None:
    talk = technician(BR_7={"status": "confirmed"})
    talk.say("lclient annula lkhedma", intents=["client_absent"])
    assert "answer_offer" not in talk.called


@pytest.mark.parametrize(
    ("text", "reason"),
    [("client ma bghach ykhelles", "payment"), ("le client refuse de payer", "payment"), ("lclient derebni", "abuse"), ("الكليان هددني", "abuse")],
)
def test_trouble_with_a_client_goes_to_a_person(text: str, reason: str) -> None:
    talk = technician(BR_7={"status": "arrived"})
    talk.say(text, intents=["client_absent"])
    assert talk.tools.escalations == [reason]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("can he come 30 min later?", "10:30"),
        ("une heure plus tôt svp", "09:00"),
        ("yji b sa3a 9bel lmaw3id", "09:00"),
        ("قبل ساعة من الموعد", "09:00"),
    ],
)
def test_a_move_by_so_much_is_reckoned_from_the_booked_hour(text: str, hour: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    talk.say(text, intents=["reschedule"])
    assert dict(talk.tools.log)["propose_reschedule"]["start"] == f"2026-11-24T{hour}"


@pytest.mark.parametrize("text", ["can't, already booked", "je peux pas, deja pris", "ما نقدرش، عامر"])
def test_who_cannot_has_not_agreed_however_it_was_read(text: str) -> None:
    talk = technician(BR_7={"status": "offered"})
    talk.notice(awaiting="confirm", key="technician.job_offer", extra={"ref": "BR-7", "offer_id": 3})
    talk.say(text, intents=["affirm"], confidence=0.4)
    assert talk.tools.bookings["BR-7"]["status"] == "expired"


@pytest.mark.parametrize("text", ["ana f tri9 BR-1", "أنا فالطريق BR-1", "je suis en route pour BR-1", "on my way to BR-1", "أنا في طريقي إلى BR-1"])
def test_who_sets_out_to_a_job_that_is_theirs_does_not_lose_it(text: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}), role="technician", channel="sms")
    talk.say(text, intents=["decline_job"], entities={"booking_ref": "BR-1"})
    assert "update_job" in talk.called and "answer_offer" not in talk.called


@pytest.mark.parametrize("text", ["wach f tri9 BR-1?", "mazal ma khrejt"])
def test_a_question_about_the_road_sets_nobody_out(text: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}), role="technician", channel="sms")
    talk.say(text, intents=["ask_job_details"], entities={})
    assert "update_job" not in talk.called
