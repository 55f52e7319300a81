"""The demonstration market: everybody can be found, and the people scenarios rely on come first at home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.geo import cities, locate
from domain.geo.locate import DISTRICT_PRECISION_M
from domain.matching.rank import Request, Slate, find
from domain.pricing.estimate import baselines
from domain.store import roster
from domain.store.database import Database
from domain.store.migrate import migrate
from domain.store.tables import Technician
from domain.store.world import load_world
from tests.support.clock import MONDAY as NOW

DEMO = Path(__file__).parents[4] / "evals/worlds/demo.yaml"
LISTED = "+212662000"  # phones of the people scenarios name


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    url = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}"
    migrate(url)
    database = Database(url)
    with database.transaction() as opened:
        load_world(opened, DEMO, NOW)
        yield opened
    database.close()


def test_everybody_lives_in_a_district_that_geography_knows(session: Session) -> None:
    for person in session.scalars(select(Technician)):
        place = locate(person.city, person.district)
        assert place.precision_m == DISTRICT_PRECISION_M and place.district == person.district, person.name


def test_there_are_enough_people_with_phones_and_names_of_their_own(session: Session) -> None:
    people = session.scalars(select(Technician)).all()
    assert len(people) >= 120 and len({p.name for p in people}) == len(people)
    assert len([p for p in people if p.phone.startswith(LISTED)]) == 22
    assert not [p for p in people if p.phone.startswith("+212661")]


def test_every_service_can_be_had_in_every_town(session: Session) -> None:
    missing = [(town, service) for town in cities() for service in baselines() if not _find(session, service, town, None).candidates]
    assert missing == []


def test_the_people_scenarios_rely_on_come_first_in_their_own_district_and_are_alone_there(session: Session) -> None:
    people = {p.id: p for p in session.scalars(select(Technician))}
    for listed in [p for p in people.values() if p.phone.startswith(LISTED)]:
        for service in listed.trades:
            neighbours = [p for p in people.values() if (p.city, p.district) == (listed.city, listed.district) and service in p.trades]
            assert neighbours == [listed]
            best = people[_find(session, service, listed.city, listed.district).candidates[0].technician_id]
            assert best is listed, f"{best.name} before {listed.name}"


def test_there_is_somebody_to_ask_after_the_first_refusal(session: Session) -> None:
    alone = [
        (p.name, service)
        for p in session.scalars(select(Technician))
        if p.phone.startswith(LISTED)
        for service in p.trades
        if len(_find(session, service, p.city, p.district).candidates) < 2
    ]
    assert alone == []


def _find(session: Session, service: str, city: str, district: str | None) -> Slate:
    place = locate(city, district)
    return find(roster.index(session), Request(service, place.city, place.lat, place.lon, NOW, place.district, exact=district is not None))
