"""The delivery planner keeps its promises for every message, person and moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.engagement.plan import MAY_MOVE, Plan, Route, allowed, plan
from domain.engagement.quiet import quiet_until
from domain.engagement.tariff import MessageTariff, TariffError, message_tariff

NIGHT = "21:00-08:00"
PRICES = MessageTariff(0.65, {"whatsapp": {"text": 0.05, "template": 0.2}})
NOON, MIDNIGHT = datetime(2026, 11, 23, 11, tzinfo=UTC), datetime(2026, 11, 23, 23, tzinfo=UTC)

CATEGORIES = st.sampled_from(["reply", "notice", "offer", "code", "reminder", "promo"])
ROUTES = st.builds(
    Route,
    st.sampled_from(["whatsapp", "sms", "telegram", "web"]),
    st.sampled_from(["text", "buttons", "list", "sms", None]),
    st.integers(1, 4),
    open=st.booleans(),
    template=st.booleans(),
    wait=st.sampled_from([timedelta(0), timedelta(seconds=6)]),
)
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


def decide(category: str, *routes: Route, now: datetime = NOON, opted_out: bool = False, taken_over: bool = False) -> Plan:
    return plan(
        category, routes, now=now, quiet_hours=NIGHT, opted_out=opted_out, taken_over=taken_over, prices=PRICES  # type: ignore[arg-type]
    )  # fmt: skip


@given(CATEGORIES, st.lists(ROUTES, max_size=4), MOMENTS, st.booleans(), st.booleans())
def test_every_promise_holds_for_every_message(category: str, routes: list[Route], now: datetime, opted_out: bool, taken_over: bool) -> None:
    chosen = decide(category, *routes, now=now, opted_out=opted_out, taken_over=taken_over)
    leaves = chosen.action == "send"
    if opted_out and category in ("promo", "offer"):
        assert chosen.action == "drop", "nothing unasked to who said STOP"
    if category in ("promo", "reminder") and quiet_until(now, NIGHT):
        assert not leaves, "what nobody waits for is silent at night"
    if taken_over and category == "reply":
        assert chosen.action == "drop"
    if leaves:
        assert chosen.route in routes and chosen.form in allowed(chosen.route)
        assert chosen.form == "template" or chosen.route.open, "no free words outside the session"
        assert chosen.form != "template" or chosen.route.template, "no template that is not approved"
        assert not chosen.route.wait
    if leaves and chosen.route is not routes[0]:
        assert category in MAY_MOVE and not allowed(routes[0]), "the channel they wrote on is left only where nothing may leave there"
    if leaves and chosen.route is not None:
        rivals = routes[:1] if allowed(routes[0]) else routes[1:]
        assert chosen.mad == min(PRICES.price(r.channel, f, r.parts) for r in rivals for f in allowed(r)), "the cheapest that may leave"
    if chosen.action == "wait":
        assert chosen.until is not None and chosen.until > now
    if chosen.action in ("drop", "fail"):
        assert chosen.why


@given(st.sampled_from(["reply", "notice", "code"]), MOMENTS, st.booleans())
def test_what_concerns_a_live_job_leaves_day_and_night_whoever_said_stop(category: str, now: datetime, opted_out: bool) -> None:
    assert decide(category, Route("whatsapp"), now=now, opted_out=opted_out).action == "send"


def test_after_24_hours_a_template_leaves_and_inside_them_free_words_do() -> None:
    shut = Route("whatsapp", "buttons", open=False, template=True)
    assert decide("notice", shut).form == "template"
    assert decide("notice", Route("whatsapp", "buttons", template=True)).form == "buttons"


def test_without_a_template_a_notice_takes_the_cheapest_other_way_and_a_reply_none() -> None:
    shut, sms, telegram = Route("whatsapp", open=False), Route("sms", "sms", parts=2), Route("telegram")
    assert decide("notice", shut, sms, telegram).route == telegram
    assert decide("notice", shut, sms).mad == pytest.approx(1.3)
    assert decide("reply", shut, sms, telegram).action == "fail"
    assert "template" in decide("promo", shut, sms).why


def test_the_providers_limits_are_waited_for_not_run_into() -> None:
    held = decide("reply", Route("whatsapp", wait=timedelta(seconds=6)))
    assert (held.action, held.until) == ("wait", NOON + timedelta(seconds=6))


def test_a_reminder_of_the_night_waits_for_the_morning_and_knows_its_way() -> None:
    held = decide("reminder", Route("whatsapp", None), Route("sms", "sms"), now=MIDNIGHT)
    assert (held.action, held.route and held.route.channel) == ("wait", "sms")
    assert held.until is not None and held.until.hour == 7


def test_the_tariff_that_ships_can_be_read_and_a_wrong_one_names_its_file(tmp_path: Path) -> None:
    prices = message_tariff()
    assert prices.price("sms", "sms", 3) == pytest.approx(3 * prices.price("sms", "sms"))
    assert prices.price("telegram", "text") == 0
    assert 0 < prices.price("whatsapp", "list") <= prices.price("whatsapp", "template")
    for number, text in enumerate(["", "sms_part: free", "sms_part: 1\nchannels: [1]", "channels: {}", "{"]):
        wrong = tmp_path / f"{number}.yaml"
        wrong.write_text(text)
        with pytest.raises(TariffError, match=str(wrong)):
            message_tariff(wrong)
