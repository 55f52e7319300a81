"""The towns and districts we serve are whole, and any way people write one of them leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DomainError
from domain.geo import cities, cities_of, city_of, display, district_in, locate, nearest_place, normalise, same_district

ROOT = Path(__file__).parents[4]
EVERY_DISTRICT = [(city.id, district.id) for city in cities().values() for district in city.districts.values()]
AT_LEAST = {"casablanca": 45, "rabat": 20, "marrakech": 20, "fes": 12, "tangier": 12, "agadir": 12, "sale": 12, "meknes": 12,
            "oujda": 5, "kenitra": 5, "tetouan": 5, "mohammedia": 5, "temara": 5}  # fmt: skip


def test_every_town_of_the_contract_has_its_districts() -> None:
    wanted = yaml.safe_load((ROOT / "prompts" / "intents.yaml").read_text(encoding="utf-8"))["cities"]
    assert set(cities()) == set(wanted)
    short = {city: len(cities()[city].districts) for city in wanted if len(cities()[city].districts) < AT_LEAST.get(city, 3)}
    assert not short


@pytest.mark.parametrize("city", sorted(cities()))
def test_every_name_of_a_town_leads_to_it(city: str) -> None:
    assert {city_of(name) for name in cities()[city].names} == {city}


def test_no_name_means_two_districts_of_one_town() -> None:
    for city in cities().values():
        homes: dict[str, set[str]] = {}
        for district in city.districts.values():
            for name in district.names:
                homes.setdefault(normalise(name), set()).add(district.id)
        assert not {name: ids for name, ids in homes.items() if len(ids) > 1}, city.id


def test_districts_lie_in_their_town_and_in_morocco() -> None:
    for city in cities().values():
        for district in city.districts.values():
            assert 21 < district.lat < 36 and -17.2 < district.lon < -1
            assert abs(district.lat - city.lat) < 0.25 and abs(district.lon - city.lon) < 0.25, (city.id, district.id)


@given(st.sampled_from(EVERY_DISTRICT), st.data())
def test_a_district_is_found_by_any_of_its_names(home: tuple[str, str], data: st.DataObject) -> None:
    city, district = home
    name = data.draw(st.sampled_from(cities()[city].districts[district].names))
    shouted = data.draw(st.sampled_from([str.upper, str.title, str.lower, lambda text: text.replace(" ", "-"), lambda text: f"  {text} "]))(name)
    assert home in cities_of(shouted)
    found = district_in(city, shouted)
    assert found and found.id == district
    place = locate(city, shouted)
    assert (place.city, place.district) == home
    assert same_district(shouted, district)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("L'Maârif", "maarif"),
        ("El-Oulfa", "oulfa"),
        ("الحي المحمدي", "حي المحمدي"),
        ("hay mohammadi", "Hay Mohamadi"),
        ("sidi maarouf", "sidimaarouf"),
        (None, None),
    ],
)
def test_spellings_of_one_district_compare_equal(one: str | None, other: str | None) -> None:
    assert same_district(one, other)


@pytest.mark.parametrize(("one", "other"), [("maarif", "oulfa"), ("maarif", None), ("hay riad", "hay salam")])
def test_two_districts_compare_different(one: str, other: str | None) -> None:
    assert not same_district(one, other)


@given(st.text(max_size=60))
def test_normalising_never_fails_and_settles_at_once_on_latin_text(text: str) -> None:
    once = normalise(text)
    assert once == once.strip() and "  " not in once


def test_a_district_of_several_towns_asks_which() -> None:
    with pytest.raises(DomainError) as caught:
        locate(None, "hay mohammadi")
    assert caught.value.code == "ambiguous_place"
    assert {"casablanca", "agadir"} <= set(caught.value.detail["cities"])


def test_a_district_of_one_town_needs_no_town() -> None:
    assert locate(None, "sidi bernoussi").city == "casablanca"


def test_a_misspelt_town_is_refused_with_what_was_perhaps_meant() -> None:
    with pytest.raises(DomainError) as caught:
        locate("casablonca")
    assert caught.value.code == "unknown_place"
    assert "casablanca" in caught.value.detail["suggestions"]


def test_an_unknown_district_keeps_its_words_and_gets_the_towns_centre() -> None:
    place = locate("rabat", "Lotissement  Al Boustane 3")
    assert place.district == "lotissement al boustane 3"
    assert (place.lat, place.lon) == (cities()["rabat"].lat, cities()["rabat"].lon)
    assert place.precision_m > locate("rabat", "agdal").precision_m


@given(st.sampled_from(EVERY_DISTRICT), st.floats(-0.001, 0.001), st.floats(-0.001, 0.001))
def test_a_pin_near_a_centre_is_that_district_or_its_neighbour(home: tuple[str, str], north: float, east: float) -> None:
    district = cities()[home[0]].districts[home[1]]
    place = nearest_place(district.lat + north, district.lon + east)
    found = cities()[place.city].districts[place.district] if place.district else cities()[place.city]
    assert abs(found.lat - district.lat) < 0.01 and abs(found.lon - district.lon) < 0.01


@pytest.mark.parametrize(("lat", "lon"), [(48.85, 2.35), (0.0, 0.0), (30.0, -5.0), (200.0, 0.0), (36.14, -5.35 + 1)])
def test_a_pin_away_from_our_towns_is_refused(lat: float, lon: float) -> None:
    with pytest.raises(DomainError) as caught:
        nearest_place(lat, lon)
    assert caught.value.code == "unknown_place"


def test_a_pin_wins_over_words() -> None:
    place = locate("casablanca", None, 33.5821, -7.6331)
    assert (place.city, place.district, place.precision_m) == ("casablanca", "maarif", 30)


def test_names_are_shown_in_the_asked_script() -> None:
    assert display("el_jadida", "arab") == "الجديدة"
    assert display("hay riad", "arab", city="rabat") == "حي الرياض"
    assert display("hay riad", "latn", city="rabat") == "Hay Riad"
    assert display("somewhere new", "arab") == "Somewhere New"
