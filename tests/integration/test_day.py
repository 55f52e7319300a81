"""A small day of `bricol bench day`: every line holds though all goes wrong; each line can also fail, and then names whose it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from domain.engagement.reply import LOCALES
from evals.bench.day.check import judge
from evals.bench.day.play import Day

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with Day(tmp_path_factory.mktemp("day"), conversations=24) as day:
        day.play()
        yield day


def test_a_day_leaves_nothing_unanswered_nothing_doubled_and_nothing_waiting(day: Day) -> None:
    verdict = judge(day)
    assert [str(one) for one in verdict.broken] == []
    assert verdict.answered > 100
    assert set(verdict.silent) <= {"a person at the desk had the conversation", "a person took the conversation over before the bot's draft left"}
    assert len(verdict.excused) <= len(day.deaths)


def test_the_day_was_a_day_of_everything(day: Day) -> None:
    assert {c.channel for c in day.people} == set(day.lines)
    assert {c.locale for c in day.people} == set(LOCALES)
    assert all(day.counts[name] for name in ("webhooks delivered twice", "provider errors", "statuses"))
    assert [death.struck for death in day.deaths] == [True]
    assert sum(client.confirmed for client in day.people) >= 8


ANSWERED = "(SELECT min(id) FROM inbox WHERE turn_id IS NOT NULL)"
READ = "(SELECT min(id) FROM outbox WHERE status = 'read')"
SENT = "(SELECT min(id) FROM outbox WHERE channel = 'telegram')"
#: Line of the day -> what breaks it, and what puts it right again.
HARMS = {
    "taken in": ("UPDATE inbox SET provider_id = 'x' || provider_id", "UPDATE inbox SET provider_id = substr(provider_id, 2)"),
    "answered": (
        f"UPDATE inbox SET kind = 'lost' || turn_id, turn_id = NULL WHERE id = {ANSWERED}",
        "UPDATE inbox SET turn_id = substr(kind, 5), kind = 'text' WHERE kind LIKE 'lost%'",
    ),
    "forward only": (
        f"UPDATE outbox SET status = 'delivered', error = 'back' WHERE id = {READ}",
        "UPDATE outbox SET status = 'read', error = NULL WHERE error = 'back'",
    ),
    "delivered once": (
        f"UPDATE outbox SET provider_id = 'x' || provider_id WHERE id = {SENT}",
        f"UPDATE outbox SET provider_id = substr(provider_id, 2) WHERE id = {SENT}",
    ),
    "nothing waits": (
        f"UPDATE outbox SET status = 'failed', error = 'lost' WHERE id = {SENT}",
        "UPDATE outbox SET status = 'sent', error = NULL WHERE error = 'lost'",
    ),
    "not stuck": ("UPDATE conversations SET owner = 'human' WHERE id = 1", "UPDATE conversations SET owner = 'bot' WHERE id = 1"),
}


@pytest.mark.parametrize("line", HARMS)
def test_a_line_that_does_not_hold_is_told_with_its_conversation(day: Day, line: str) -> None:
    harm, mend = HARMS[line]
    with day.house.db.transaction() as session:
        session.execute(text(harm))
    try:
        found = [one for one in judge(day).broken if one.line == line]
    finally:
        with day.house.db.transaction() as session:
            session.execute(text(mend))
    assert found and all(one.conversation for one in found)
