"""The taxonomy is whole, its names are found again in what people write, and other trades' words are not taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import (
    LOCALES,
    SERVICES,
    adjacent,
    get_node,
    node_for,
    related_services,
    resolve_service,
    service_name,
    service_of,
    services,
    skill_relevance,
)
from domain.errors import DomainError

ROOT = Path(__file__).parents[4]
NODES = [node for service in services().values() for node in service.nodes.values()]


def test_services_are_those_of_the_contract() -> None:
    assert list(SERVICES) == yaml.safe_load((ROOT / "prompts" / "intents.yaml").read_text(encoding="utf-8"))["services"]


def test_there_are_faults_enough_and_each_is_whole() -> None:
    assert len(NODES) >= 120
    for node in NODES:
        assert set(node.names) == set(LOCALES) and all(node.names.values())
        p10, p50, p90 = node.minutes
        assert 5 <= p10 < p50 < p90
        assert 50 <= node.price_mad <= 15_000, node.id
        assert (node.unit is None) == (node.unit_mad is None)
        assert node.danger in {None, "gas", "sparks", "water_near_current", "locked_in"}


def test_arabic_names_are_in_arabic_letters_and_the_others_are_not() -> None:
    for node in NODES:
        for locale, name in node.names.items():
            assert any("\u0600" <= char <= "\u06ff" for char in name) == (locale in ("ary-Arab", "ar")), (node.id, locale)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("locale", LOCALES)
def test_a_service_is_found_by_its_own_name(service: str, locale: str) -> None:
    found = service_of(service_name(service, locale))
    assert found and found[0] == service


@pytest.mark.parametrize("service", SERVICES)
def test_every_trade_word_decides_its_service(service: str) -> None:
    lost = {word: service_of(word) for word in services()[service].trade if (service_of(word) or ("",))[0] != service}
    assert not lost


def test_every_fault_is_found_by_its_own_name() -> None:
    asked = [(node, name) for node in NODES for name in node.names.values()]
    assert not [(node.id, name, node_for(node.service, name).id) for node, name in asked if node.id != node_for(node.service, name).id]


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("robini dyal lkouzina kayqetter", "plumbing"),
        ("الشوفو ما بغاش يشعل", "water_heater"),
        ("ma machine à laver n'essore plus", "appliance_repair"),
        ("I lost my keys and I'm stuck outside", "locksmith"),
        ("bghit nsbegh salon", "painting"),
        ("عندي سراق الزيت فالكوزينة", "pest_control"),
        ("dijonktor kaytiyeh kol chwiya", "electricity"),
        ("la clim ne refroidit plus", "hvac"),
        ("نبغي نرحل من الدار، خاصني كاميو", "moving"),
        ("zellij dyal lhammam tferge3", "tiling"),
    ],
)
def test_everyday_words_name_the_service(text: str, service: str) -> None:
    found = service_of(text)
    assert found and found[0] == service


@pytest.mark.parametrize(
    "text",
    ["salam khoya", "wakha safi", "ghedda m3a 10", "merci beaucoup", "فين وصل المعلم", "my phone is +212661000001"],
)
def test_words_of_no_trade_name_no_service(text: str) -> None:
    assert service_of(text) is None


def test_a_trade_that_is_denied_does_not_count() -> None:
    found = service_of("machi plombier, bghit trisian")
    assert found and found[0] == "electricity"


def test_a_gas_smell_names_no_service() -> None:
    assert service_of("il y a une odeur de gaz dans la maison") is None


def test_the_fault_fits_the_words_and_falls_back_to_the_usual_small_job() -> None:
    assert node_for("plumbing", "chasse d'eau qui coule").id == "plumbing.toilet_flush"
    assert node_for("water_heater", "ri7t lgaz mn chofo").danger == "gas"
    assert node_for("plumbing", "xyz").id == "plumbing.general"
    assert node_for("plumbing", None).price_mad == services()["plumbing"].small_job_mad


def test_matches_come_best_first_between_nought_and_one() -> None:
    found = resolve_service("bghit plombier, robini kayqetter")
    assert found[0].node_id == "plumbing.tap_leak"
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    assert all(0 < m.score <= 1 for m in found)


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    for match in resolve_service(text):
        assert get_node(match.node_id).service == match.service


def test_an_unknown_service_is_refused_with_those_we_have() -> None:
    with pytest.raises(DomainError) as caught:
        get_node("astrology.horoscope")
    assert caught.value.code == "unknown_service" and "plumbing" in caught.value.detail["suggestions"]


@given(st.sampled_from(NODES), st.integers(1, 5))
def test_the_held_skill_itself_is_worth_its_level_and_a_sister_job_less(node, level) -> None:  # type: ignore[no-untyped-def]
    own = skill_relevance(node.id, {node.id: level})
    assert own == level / 5
    sister, near = adjacent(node.id, 1)[0]
    assert 0 < near < 1
    assert skill_relevance(node.id, {sister: level}) < own


def test_unrelated_trades_do_not_stand_in() -> None:
    assert skill_relevance("electricity.rewiring", {"gardening.lawn": 5}) == 0


def test_related_services_exist_and_are_others() -> None:
    for service in SERVICES:
        assert related_services(service) and service not in related_services(service)
        assert set(related_services(service)) <= set(SERVICES)
    assert related_services("astrology") == ()
