"""Single behaviours of the embedded brain that do not depend on the language they are said in."""

from __future__ import annotations

from tests.support.brain import MemoryTools, Talk, asked_about_a_job, job


def test_web_visitor_proves_the_phone_and_the_booking_goes_on_in_the_same_turn() -> None:
    talk = Talk(MemoryTools(verified=False, claimed_phone="+212661000001"), channel="web", verified=False, claimed_phone="+212661000001")
    everything = {"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"}
    reply = talk.say("bghit plombier ghedda m3a 10 f maarif casa", intents=["book_service"], entities=everything)
    assert (talk.called[-1], reply["awaiting"]) == ("send_code", "code")
    reply = talk.say("111111")
    assert (talk.called, reply["awaiting"]) == (["verify_code"], "code")
    reply = talk.say("1 2 3 4 5 6")
    assert talk.called == ["verify_code", "find_technicians", "propose_booking"]
    assert reply["awaiting"] == "confirm"
    assert talk.say("wakha")["key"] == "booking.sent"


def test_web_visitor_without_a_known_phone_is_asked_for_it() -> None:
    talk = Talk(MemoryTools(verified=False, bookings={"BR-1": job("BR-1", status="en_route")}), channel="web", verified=False)
    assert talk.say("fin wsel technicien", intents=["track"])["key"] == "account.ask_phone"
    assert talk.say("0661000001", intents=["inform"], entities={"phone": "+212661000001"})["awaiting"] == "code"
    reply = talk.say("123456")
    assert talk.called == ["verify_code", "track_technician"]
    assert "12" in reply["text"]


def test_a_pin_is_the_place() -> None:
    talk = Talk()
    talk.say("bghit plombier", intents=["book_service"], entities={"service": "plumbing"})
    reply = talk.say("", parts=[{"kind": "location", "text": "", "payload": {"lat": 33.585, "lon": -7.632}, "at": None}])
    assert reply["awaiting"] == "time"
    talk.say("ghedda m3a 10", intents=["inform"], entities={"date": "tomorrow", "time": "10:00"})
    made = dict(talk.tools.log)["propose_booking"]
    assert (made["city"], made["lat"], made["lon"]) == ("casablanca", 33.585, -7.632)


def test_ambiguous_district_is_settled_by_one_question() -> None:
    talk = Talk()
    reply = talk.say("bghit plombier f hay mohammadi", intents=["book_service"], entities={"service": "plumbing", "district": "hay mohammadi"})
    assert (reply["awaiting"], reply["key"]) == ("place", "booking.which_city")
    city = next(o for o in reply["options"] if o["payload"] == "city:agadir")
    reply = talk.say(city["title"], parts=[{"kind": "button", "text": city["title"], "payload": {"payload": city["payload"]}, "at": None}])
    assert reply["awaiting"] == "time"


def test_counter_offer_is_agreed_by_a_yes_and_refused_by_a_no() -> None:
    for answer, tool, key in (("wakha", "confirm_proposal", "changes.counter_agreed"), ("la", "decline_proposal", "changes.counter_refused")):
        talk = asked_about_a_job("counter_offer", "ahmed y9der m3a 16:00. wakha?", status="offered", start="2026-11-24T16:00")
        assert talk.say(answer)["key"] == key
        assert talk.called == [tool]


def test_expired_booking_goes_on_with_an_alternative_by_number() -> None:
    talk = Talk()
    slots = [
        {"start": "2026-11-24T15:00", "technician_id": 2, "technician": "hassan"},
        {"start": "2026-11-24T17:00", "technician_id": 1, "technician": "ahmed"},
    ]
    options = [{"title": str(n), "payload": str(n), "description": ""} for n in (1, 2)]
    talk.notice(
        awaiting="time",
        key="notices.booking_expired",
        options=options,
        extra={"ref": "BR-9", "booking": job("BR-9", status="expired"), "slots": slots},
    )
    assert talk.say("2")["awaiting"] == "confirm"
    made = dict(talk.tools.log)["propose_booking"]
    assert (made["start"], made["technician_id"], made["service"]) == ("2026-11-24T17:00", 1, "plumbing")


def test_stars_after_the_job_go_to_that_job() -> None:
    talk = Talk()
    talk.notice(awaiting="rating", key="notices.done_rate", extra={"ref": "BR-5"})
    talk.say("5")
    assert talk.tools.log == [("rate_booking", {"stars": 5, "ref": "BR-5"})]


def test_stop_is_obeyed_whatever_was_being_asked() -> None:
    talk = Talk()
    talk.say("bghit plombier", intents=["book_service"], entities={"service": "plumbing"})
    talk.say("STOP")
    assert talk.tools.log == [("opt_out", {"scope": "all"})]


def test_several_requests_are_answered_in_order() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    reply = talk.say(
        "chhal taman dyal sbagha w 3endkom garantie? w lghi liya lmaw3id",
        intents=["ask_price", "ask_faq", "cancel"],
        entities={"service": "painting"},
    )
    assert talk.called == ["estimate_price", "search_knowledge", "list_bookings", "propose_cancellation"]
    assert reply["awaiting"] == "confirm"


def test_language_is_kept_through_short_answers_and_follows_a_real_change() -> None:
    talk = Talk(locale="fr", language="ary")
    assert (
        talk.say(
            "je cherche un plombier à Maarif casablanca",
            intents=["book_service"],
            entities={"service": "plumbing", "city": "casablanca", "district": "maarif"},
        )["language"]
        == "fr"
    )
    talk.told.language = "ary"
    assert talk.say("ghedda", intents=["inform"], entities={"date": "tomorrow"})["language"] == "fr"
    talk.locale = "ary-Latn"
    assert talk.say("la smeh lia bghit nhder b darija 3afak w bghit nlghi had talab", intents=["cancel"])["language"] == "ary"


def test_asked_for_language_stays() -> None:
    talk = Talk()
    assert talk.say("hder m3aya b francais", intents=["change_language"])["language"] == "fr"
    assert talk.say("bghit chi plombier daba f maarif", intents=["book_service"], entities={"service": "plumbing"})["language"] == "fr"


def test_things_that_are_not_words_get_a_kind_answer() -> None:
    for kind, key in (("voice", "clarify.voice"), ("unsupported", "clarify.unsupported"), ("photo", "clarify.photo")):
        assert Talk().say("", parts=[{"kind": kind, "text": "", "payload": {}, "at": None}])["key"] == key


def test_rebooking_takes_what_is_known_from_last_time() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", status="closed", address="rue 12")}))
    assert talk.say("bghit nefs technicien dyal lmerra lli fatet", intents=["rebook"])["awaiting"] == "time"
    assert talk.say("ghedda m3a 10", intents=["inform"], entities={"date": "tomorrow", "time": "10:00"})["awaiting"] == "confirm"
    made = dict(talk.tools.log)["propose_booking"]
    assert (made["service"], made["technician_id"], made["address"]) == ("plumbing", 1, "rue 12")


def test_now_takes_the_first_free_moment() -> None:
    talk = Talk()
    reply = talk.say(
        "bghit serrurier daba f maarif casa",
        intents=["book_service"],
        entities={"service": "locksmith", "city": "casablanca", "district": "maarif", "time": "now"},
    )
    assert talk.called == ["find_slots", "find_technicians", "propose_booking"]
    assert reply["awaiting"] == "confirm"


def test_tool_refusals_become_words_and_never_codes() -> None:
    for error, awaiting in (("no_technician", None), ("in_the_past", "time"), ("unknown_place", "place"), ("internal", None), ("anything_new", None)):
        talk = Talk()
        talk.tools.answers["find_technicians"] = {"ok": False, "error": error, "service": "plumbing", "city": "casablanca"}
        reply = talk.say(
            "bghit plombier",
            intents=["book_service"],
            entities={"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"},
        )
        assert reply["awaiting"] == awaiting
        assert error not in reply["text"]
        assert "_" not in reply["text"]


def test_taken_slot_offers_the_alternatives() -> None:
    talk = Talk()
    free = [{"start": "2026-11-24T12:00", "technician_id": 2, "technician": "hassan", "price_mad": 250}]
    talk.tools.answers["propose_booking"] = {"ok": False, "error": "slot_taken", "alternatives": free}
    everything = {"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"}
    assert talk.say("bghit plombier", intents=["book_service"], entities=everything)["awaiting"] == "choice"
    del talk.tools.answers["propose_booking"]
    assert talk.say("1")["awaiting"] == "confirm"
    assert dict(talk.tools.log)["propose_booking"]["start"] == "2026-11-24T12:00"


def test_gone_proposal_is_proposed_again_not_booked() -> None:
    talk = Talk()
    everything = {"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"}
    talk.say("bghit plombier", intents=["book_service"], entities=everything)
    talk.tools.proposals.clear()
    assert talk.say("wakha")["awaiting"] == "confirm"
    assert talk.called == ["confirm_proposal", "find_technicians", "propose_booking"]


def test_second_insult_brings_a_person() -> None:
    talk = Talk()
    assert talk.say("ya l7mar", intents=["abuse"])["key"] == "smalltalk.abuse"
    talk.say("nta 7mar", intents=["abuse"])
    assert talk.tools.escalations == ["abuse"]


# --- technicians ----------------------------------------------------------------------------------------------------


def technician(**bookings: dict[str, object]) -> Talk:
    tools = MemoryTools({ref.replace("_", "-"): job(ref.replace("_", "-"), **values) for ref, values in bookings.items()})
    return Talk(tools, role="technician", channel="sms")


def test_technician_answers_an_offer_with_numbers_words_or_another_time() -> None:
    for text, meaning, expected in (
        ("1", {}, {"answer": "accept"}),
        ("wakha", {}, {"answer": "accept"}),
        ("2", {}, {"answer": "decline"}),
        ("ma n9derch", {"intents": ["decline_job"]}, {"answer": "decline"}),
        (
            "m3a 4 7sen",
            {"intents": ["propose_time"], "entities": {"time": "16:00"}},
            {"answer": "other_time", "ref": "BR-7", "start": "2026-11-24T16:00"},
        ),
    ):
        talk = technician(BR_7={"status": "offered"})
        talk.notice(
            awaiting="confirm",
            key="technician.job_offer",
            extra={"ref": "BR-7", "offer_id": 3},
            options=[
                {"title": "Ah", "payload": "1", "description": ""},
                {"title": "La", "payload": "2", "description": ""},
                {"title": "We9t akhor", "payload": "3", "description": ""},
            ],
        )
        talk.say(text, **meaning)
        assert dict(talk.tools.log)["answer_offer"] == expected, text


def test_three_asks_for_the_time_first() -> None:
    talk = technician(BR_7={"status": "offered"})
    assert talk.say("3")["awaiting"] == "time"
    talk.say("ghedda m3a 5", intents=["inform"], entities={"date": "tomorrow", "time": "17:00"})
    assert dict(talk.tools.log)["answer_offer"]["start"] == "2026-11-24T17:00"


def test_job_under_way_is_told_in_a_word_each() -> None:
    talk = technician(BR_7={})
    talk.say("ana f tri9", intents=["en_route"])
    talk.say("wselt", intents=["arrived"])
    reply = talk.say("salit 350 dh", intents=["job_done"], entities={"amount_mad": 350})
    assert [args for name, args in talk.tools.log if name == "update_job"] == [
        {"state": "en_route"},
        {"state": "arrived"},
        {"state": "done", "amount_mad": 350},
    ]
    assert "350" in reply["text"]


def test_finished_without_an_amount_asks_for_it_once() -> None:
    talk = technician(BR_7={"status": "arrived"})
    assert talk.say("salit", intents=["job_done"])["awaiting"] == "amount"
    talk.say("350")
    assert talk.tools.bookings["BR-7"]["final_mad"] == 350
    talk = technician(BR_7={"status": "arrived"})
    talk.say("salit", intents=["job_done"])
    assert talk.say("ma3reftch ch7al", intents=["inform"])["awaiting"] is None


def test_technician_who_cannot_come_gives_the_job_back_and_a_person_helps_when_that_fails() -> None:
    talk = technician(BR_7={})
    talk.say("ma n9derch nji ghedda mrid", intents=["decline_job"])
    assert dict(talk.tools.log)["answer_offer"] == {"answer": "decline", "ref": "BR-7", "reason": "ma n9derch nji ghedda mrid"}


def test_late_says_by_how_much() -> None:
    talk = technician(BR_7={})
    talk.say("gha nt3ettel chi 20 min", intents=["running_late"])
    assert dict(talk.tools.log)["update_job"] == {"state": "late", "minutes": 20}
