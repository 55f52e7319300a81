"""A booking from the client's wish to the technician's stars, through the public tools only."""

from __future__ import annotations

from decimal import Decimal

from domain.store.tables import Booking, Client, Offer, Rating, Technician
from tests.unit.tools.conftest import Bricol, Person

WISH = {"service": "plumbing", "city": "casablanca", "district": "maarif", "start": "2026-11-24T10:00", "address": "zen9at 12", "issue": "lma kaysil"}


def booked(bricol: Bricol, client: Person | None = None) -> str:
    client = client or bricol.client()
    proposal = client.ok("propose_booking", **WISH)["proposal_id"]
    return str(client.next_turn().ok("confirm_proposal", proposal_id=proposal)["booking"]["ref"])


def test_a_confirmed_proposal_books_and_offers_to_the_technician_who_was_named(bricol: Bricol) -> None:
    client = bricol.client()
    proposed = client.ok("propose_booking", **WISH)
    assert proposed["summary"]["technician"] == "ahmed" and proposed["summary"]["price_mad"] == 300
    assert bricol.rows(Booking) == []
    result = client.next_turn().ok("confirm_proposal", proposal_id=proposed["proposal_id"])
    assert result["kind"] == "booking" and result["booking"]["status"] == "offered"
    assert result["offer"] == {"technician": "ahmed", "minutes": 15}
    offer = bricol.technician("ahmed").heard()[0]
    assert "1=" in offer["text"] and "https://" in offer["text"] and "zen9at" not in offer["text"]


def test_the_technicians_yes_confirms_and_both_hear_it(bricol: Bricol) -> None:
    client = bricol.client()
    ref = booked(bricol, client)
    ahmed = bricol.technician("ahmed")
    assert ahmed.ok("answer_offer", answer="accept") == {"ok": True, "ref": ref, "status": "confirmed", "start": "2026-11-24T10:00"}
    assert bricol.booking(ref).status == "confirmed"
    assert client.heard_keys() == ["booking_confirmed"] and "10:00" in client.heard()[0]["text"]
    assert ahmed.heard_keys() == ["job_offer", "job_confirmed"]
    assert "zen9at 12" in ahmed.heard()[1]["text"] and "+212661000101" in ahmed.heard()[1]["text"]


def test_a_no_goes_to_the_next_best_and_after_the_last_the_client_gets_alternatives(bricol: Bricol) -> None:
    client = bricol.client()
    ref = booked(bricol, client)
    asked = []
    while bricol.booking(ref).status == "offered":
        offer = next(o for o in bricol.rows(Offer) if o.status == "open")
        asked.append(offer.technician.name)
        bricol.technician(offer.technician.name).ok("answer_offer", answer="decline")
    assert asked[0] == "ahmed" and sorted(asked) == ["ahmed", "hassan", "mohamed"]
    assert bricol.booking(ref).status == "expired"
    assert client.heard_keys() == ["technician_declined_next", "technician_declined_next", "booking_expired"]
    last = client.heard()[-1]
    assert last["awaiting"] == "time" and len(last["options"]) == 3
    assert all(slot["start"] != "2026-11-24T10:00" for slot in last["extra"]["slots"])


def test_silence_until_the_deadline_is_a_no(bricol: Bricol) -> None:
    client = bricol.client()
    ref = booked(bricol, client)
    bricol.later(minutes=14)
    assert [o.status for o in bricol.rows(Offer)] == ["open"]
    for _ in range(3):
        bricol.later(minutes=15)
    assert [o.status for o in bricol.rows(Offer)] == ["expired"] * 3
    assert bricol.booking(ref).status == "expired" and client.heard_keys()[-1] == "booking_expired"
    assert bricol.technician("ahmed").error("answer_offer", answer="accept", ref=ref) == "no_offer"


def test_another_time_waits_for_the_clients_yes(bricol: Bricol) -> None:
    client = bricol.client()
    ref = booked(bricol, client)
    ahmed = bricol.technician("ahmed")
    assert ahmed.ok("answer_offer", answer="other_time", start="2026-11-24T15:00")["status"] == "countered"
    assert bricol.booking(ref).status == "offered" and bricol.booking(ref).start_local == "2026-11-24T10:00"
    notice = client.heard()[-1]
    assert notice["awaiting"] == "confirm" and "15:00" in notice["text"]
    client.next_turn().ok("confirm_proposal", proposal_id=notice["extra"]["proposal_id"])
    assert (bricol.booking(ref).status, bricol.booking(ref).start_local) == ("confirmed", "2026-11-24T15:00")
    assert [o.status for o in bricol.rows(Offer)] == ["accepted"]
    assert ahmed.heard_keys()[-1] == "job_confirmed"


def test_the_offered_hour_may_still_be_taken_after_another_was_asked_for(bricol: Bricol) -> None:
    client = bricol.client()
    ref = booked(bricol, client)
    ahmed = bricol.technician("ahmed")
    ahmed.ok("answer_offer", answer="other_time", start="2026-11-24T15:00")
    asked = client.heard()[-1]["extra"]["proposal_id"]
    assert ahmed.next_turn().error("answer_offer", answer="accept") == "no_offer"  # a bare "ok" is no second thought
    ahmed.next_turn().ok("answer_offer", answer="accept", ref=ref)
    assert (bricol.booking(ref).status, bricol.booking(ref).start_local) == ("confirmed", "2026-11-24T10:00")
    assert client.heard_keys()[-1] == "booking_confirmed"
    assert client.next_turn().error("confirm_proposal", proposal_id=asked) == "proposal_gone"


def test_a_refused_other_time_goes_to_the_next_technician_at_the_first_time(bricol: Bricol) -> None:
    client = bricol.client()
    ref = booked(bricol, client)
    bricol.technician("ahmed").ok("answer_offer", answer="other_time", start="2026-11-24T15:00")
    client.next_turn().ok("decline_proposal", proposal_id=client.heard()[-1]["extra"]["proposal_id"])
    offers = bricol.rows(Offer)
    assert [o.status for o in offers] == ["declined", "open"] and offers[1].start == offers[0].start
    assert bricol.booking(ref).status == "offered"


def test_an_unanswered_other_time_goes_on_by_itself(bricol: Bricol) -> None:
    booked(bricol)
    bricol.technician("ahmed").ok("answer_offer", answer="other_time", start="2026-11-24T15:00")
    bricol.later(minutes=61)
    assert [o.status for o in bricol.rows(Offer)] == ["declined", "open"]


def test_the_visit_told_step_by_step_ends_in_stars_and_credit(bricol: Bricol) -> None:
    client, ahmed = bricol.client(), bricol.technician("ahmed")
    ref = booked(bricol, client)
    ahmed.next_turn().ok("answer_offer", answer="accept")
    bricol.at("2026-11-24T09:40")
    ahmed.next_turn().ok("update_job", state="en_route", minutes=20)
    tracked = client.next_turn().ok("track_technician")
    assert tracked["state"] == "en_route" and tracked["minutes"] == 20
    bricol.at("2026-11-24T10:00")
    ahmed.next_turn().ok("update_job", state="arrived")
    assert ahmed.next_turn().error("update_job", state="done", amount_mad=900) == "bad_amount"
    assert ahmed.next_turn().ok("update_job", state="done", amount_mad=350)["final_mad"] == 350
    assert client.heard_keys() == ["booking_confirmed", "reminder", "en_route_minutes", "arrived", "done_rate"]
    assert client.heard()[-1]["awaiting"] == "rating"
    rated = client.next_turn().ok("rate_booking", stars=5)
    assert rated["ref"] == ref and rated["credit_mad"] == 50
    assert client.next_turn().error("rate_booking", stars=1, ref=ref) == "already_rated"
    assert [r.stars for r in bricol.rows(Rating)] == [5]
    assert bricol.booking(ref).status == "closed" and bricol.rows(Client)[0].credit_mad == Decimal(50)
    assert ahmed.next_turn().ok("my_earnings") | {"ok": True} == {
        "ok": True,
        "month": "2026-11",
        "jobs": 1,
        "gross_mad": 350,
        "commission_mad": 42,
        "net_mad": 308,
    }


def test_a_price_seen_on_site_counts_only_after_the_clients_yes(bricol: Bricol) -> None:
    bricol.give_booking(status="arrived")
    client, ahmed = bricol.client(), bricol.technician("ahmed")
    assert ahmed.ok("propose_price", amount_mad=600, reason="tiyo mherres")["status"] == "waiting_client"
    assert ahmed.next_turn().error("update_job", state="done", amount_mad=600) == "bad_amount"
    notice = client.heard()[-1]
    assert notice["awaiting"] == "confirm" and "600" in notice["text"] and "300" in notice["text"]
    client.next_turn().ok("confirm_proposal", proposal_id=notice["extra"]["proposal_id"])
    assert ahmed.heard_keys()[-1] == "price_agreed"
    assert ahmed.next_turn().ok("update_job", state="done", amount_mad=600)["final_mad"] == 600
    assert bricol.booking().price_mad == Decimal(300)


def test_a_technician_who_gives_a_job_back_is_replaced(bricol: Bricol) -> None:
    client = bricol.client()
    ref = booked(bricol, client)
    ahmed = bricol.technician("ahmed")
    ahmed.ok("answer_offer", answer="accept")
    ahmed.next_turn().ok("answer_offer", answer="decline", ref=ref)
    booking = bricol.booking(ref)
    assert booking.status == "offered" and booking.technician is not None and booking.technician.name != "ahmed"
    assert client.heard_keys() == ["booking_confirmed", "technician_declined_next"]


def test_two_clients_are_not_promised_the_same_hour(bricol: Bricol) -> None:
    booked(bricol)
    other = bricol.client("+212661000102")
    other.ok("save_preference", key="place", value={"city": "casablanca", "district": "maarif"})
    with bricol.market.db.transaction() as session:
        ahmed = session.query(Technician).filter_by(name="ahmed").one().id
    refused = other.call("propose_booking", **WISH, technician_id=ahmed)
    assert refused["error"] == "slot_taken" and refused["alternatives"]
    assert other.ok("propose_booking", **WISH)["summary"]["technician"] != "ahmed"


def test_bad_wishes_get_a_code_and_a_way_out(bricol: Bricol) -> None:
    client = bricol.client()
    assert client.error("propose_booking", **{**WISH, "service": "magic"}) == "unknown_service"
    assert client.error("propose_booking", **{**WISH, "city": "paris"}) == "unknown_place"
    assert client.error("propose_booking", **{**WISH, "start": "2026-11-22T10:00"}) == "in_the_past"
    assert client.error("propose_booking", **{**WISH, "start": "2027-11-22T10:00"}) == "too_far_ahead"
    assert client.error("propose_booking", **{**WISH, "start": "ghedda"}) == "bad_arguments"
    night = client.call("propose_booking", **{**WISH, "start": "2026-11-24T03:00"})
    assert night["error"] == "outside_hours" and night["alternatives"]
    assert client.error("propose_booking", **{**WISH, "city": "dakhla", "district": None}) == "no_technician"


def test_found_technicians_carry_price_distance_reasons_and_a_free_time(bricol: Bricol) -> None:
    found = bricol.client().ok("find_technicians", service="plumbing", city="casa", district="maarif")
    first = found["technicians"][0]
    assert first["name"] == "ahmed" and "same_district" in first["reasons"] and first["next_slot"] >= "2026-11-23T11:00"
    assert len(found["technicians"]) == 3 and found["city"] == "casablanca"
    named = bricol.client().ok("find_technicians", service="plumbing", city="casa", district="maarif", technician="Hassan")
    assert [t["name"] for t in named["technicians"]] == ["hassan"]


def test_slots_near_a_wish_surround_it_and_are_free(bricol: Bricol) -> None:
    bricol.give_booking()
    client = bricol.client()
    slots = client.ok("find_slots", service="plumbing", city="casablanca", district="maarif", start="2026-11-24T10:00")["slots"]
    assert 1 <= len(slots) <= 5 and slots == sorted(slots, key=lambda s: s["start"])
    assert any(s["start"] == "2026-11-24T10:00" and s["technician"] != "ahmed" for s in slots)
    sunday = client.ok("find_slots", service="plumbing", city="casablanca", district="maarif", day="2026-11-29")
    assert sunday["other_day"] and sunday["slots"][0]["start"] >= "2026-11-30"
    own = client.ok("find_slots", ref="BR-1042", day="2026-11-25", part="afternoon")["slots"]
    assert own and all(s["technician"] == "ahmed" and "2026-11-25T14:00" <= s["start"] < "2026-11-25T18:00" for s in own)


def test_a_part_of_the_day_is_that_of_the_wished_day_and_not_of_today(bricol: Bricol) -> None:
    wish = {"service": "plumbing", "city": "casablanca", "district": "maarif", "start": "2026-11-30T14:00", "part": "afternoon"}
    slots = bricol.client().ok("find_slots", **wish)["slots"]
    assert slots and all("2026-11-30T14:00" <= s["start"] < "2026-11-30T18:00" for s in slots)


def test_a_price_breakdown_adds_up(bricol: Bricol) -> None:
    price = bricol.client().ok("estimate_price", service="plumbing", quantity=3, urgency="emergency")
    assert sum(line["mad"] for line in price["breakdown"]) == price["likely_mad"]
    assert price["min_mad"] <= price["likely_mad"] <= price["max_mad"] and 0 < price["uplift_pct"] <= 30
