"""The words that leave outside a turn: complete in five locales, short enough for an SMS, in the recipient's own script."""

from __future__ import annotations

import re

import pytest
import yaml

from domain.engagement import sms
from domain.engagement.reply import LOCALES
from domain.store.tables import Client, Offer, OutboxRow, Technician
from prompts import replies, wording
from tests.unit.tools.conftest import Bricol
from tests.unit.tools.test_booking_flow import WISH
from tools import notify

FILES = ("notices", "technician")


def keys(locale: str) -> dict[str, set[str]]:
    return {key: replies.parameters(variants[0]) for key, variants in replies.entries(locale).items() if key.split(".")[0] in FILES}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_the_same_notices_with_the_same_facts(locale: str) -> None:
    assert keys(locale) == keys("fr")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_notice_is_written_in_its_own_script(locale: str) -> None:
    for file in FILES:
        for key, words in yaml.safe_load((replies.FOLDER / locale / f"{file}.yaml").read_text(encoding="utf-8")).items():
            arabic = bool(re.search(r"[\u0600-\u06ff]", re.sub(r"\{.*?\}", "", words)))
            assert arabic == (locale in ("ary-Arab", "ar")), (locale, key)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("district", ["maarif", "hay mohammadi", "sidi bernoussi", "derb sultan"])
@pytest.mark.parametrize("service", sorted(wording.names("fr")["services"]))
def test_an_offer_fits_one_gsm_part_or_two_arabic_ones_for_every_service(bricol: Bricol, locale: str, district: str, service: str) -> None:
    bricol.give_booking(status="offered", district=district, service=service, start="2026-11-25T10:30")
    with bricol.market.db.transaction() as session:
        offer = session.query(Offer).one()
        offer.earning_mad = 264
        technician = session.get_one(Technician, offer.technician_id)
        technician.language, technician.script = ("ary", "arab" if locale.endswith("Arab") else "latn") if locale.startswith("ary") else (
            locale, "arab" if locale == "ar" else "latn")  # fmt: skip
        row = notify.job_offer(session, bricol.market, offer, now=bricol.clock.now())
        assert row is not None
        text = str(row.reply["text"])
    alphabet, parts = sms.segments(text)
    assert (alphabet, parts <= 2) == ("UCS-2", True) if locale in ("ary-Arab", "ar") else (alphabet, parts) == ("GSM-7", 1), text
    assert "https://" in text and "1=" in text and "2=" in text


def test_a_notice_goes_where_the_client_wrote_last_in_the_language_they_chose(bricol: Bricol) -> None:
    client = bricol.client()
    client.ok("set_language", language="ary", script="arab")
    proposal = client.next_turn().ok("propose_booking", **WISH)["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    elsewhere = bricol.client(channel="sms")
    bricol.technician("ahmed").ok("answer_offer", answer="accept")
    assert client.heard() == []
    notice = elsewhere.heard()[-1]
    assert (notice["language"], notice["script"]) == ("ary", "arab") and "أحمد" in notice["text"]


def test_silence_about_promotions_does_not_silence_a_live_job(bricol: Bricol) -> None:
    bricol.give_booking()
    client = bricol.client()
    assert client.ok("opt_out", scope="all")["opted_out"]
    bricol.technician("ahmed").ok("update_job", state="en_route", minutes=20)
    assert client.heard_keys() == ["en_route_minutes"]
    assert not client.next_turn().ok("opt_out", undo=True)["opted_out"]
    assert not bricol.rows(Client)[0].opted_out


def test_a_technician_who_said_stop_gets_no_offer(bricol: Bricol) -> None:
    bricol.technician("ahmed").ok("opt_out", scope="all")
    assert bricol.client().ok("propose_booking", **WISH)["summary"]["technician"] != "ahmed"


def test_writing_a_notice_twice_writes_it_once(bricol: Bricol) -> None:
    bricol.give_booking()
    with bricol.market.db.transaction() as session:
        booking = session.merge(bricol.booking())
        for _ in range(2):
            notify.to_client(session, booking, "arrived", now=bricol.clock.now(), unique="arrived:1")
    assert [r.key for r in bricol.rows(OutboxRow)] == ["arrived:1"]
