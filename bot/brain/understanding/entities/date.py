"""Reads the day a job is wanted on: tomorrow, a weekday, the 12th, next week, the weekend."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from bot.brain.understanding.entities.normalise import Lexicon, Message, Token, firsts, lexicon
from bot.brain.understanding.entities.story import told
from domain.clock import CASABLANCA
from domain.scheduling.when import WEEKDAYS

NEAR = 4  # words between a day and what is on then
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{2,4}))?")


def _lex(section: str) -> Lexicon:
    return lexicon("dates", section)


def find_date(message: Message, now: datetime) -> str | None:
    """today, tomorrow, day_after_tomorrow, weekday:<mon..sun>, next_week, weekend, day:<n> or YYYY-MM-DD; None when no day is wanted.

    A day refused ("machi ghedda") or past ("depuis lundi") does not count.
    Of several, the one called better; else the first; when something is changed, the last.
    """
    tokens = message.tokens
    found = _days(message, now)
    if not found:
        return None
    kept = [hit for hit in found if not _negated(message, hit[1], {end for _, _, end in found})]
    kept = [hit for hit in kept if not _lex("struck_after").at(tokens, hit[2])] or kept
    if not kept and message.role == "technician":
        kept = found  # the day a technician cannot is the day he speaks of
    if not kept:
        return None
    if len(kept) > 1:
        kept = _free_days(message, kept) if message.role == "client" else kept
        kept = _not_ours(message, kept, now)
    better = next((hit for hit in reversed(kept) if _lex("better_after").at(tokens, hit[2])), None)
    value, start, end = better or (kept[-1] if len(kept) > 1 and _changed(message, kept) else kept[0])
    message.take(start, end)
    if value.startswith("weekday") and len(kept) == 1 and any(hit[0] == "next_week" for hit in kept):
        return value
    if value in ("next_week", "weekend"):
        near = (hit[0] for hit in kept if hit[0].startswith("day:") or (hit[0].startswith("weekday") and abs(hit[1] - start) <= 4))
        return next(near, value)
    return value


def _days(message: Message, now: datetime) -> list[tuple[str, int, int]]:
    """(day, start, end) of every day that may be wanted."""
    found: list[tuple[str, int, int]] = []
    index = 0
    while index < len(message.tokens):
        hit = day_at(message, index, now) if message.free(index, index + 1) else None
        if hit and hit[0] and not _past(message, index, hit) and not _not_for_a_job(message, index, hit):
            found.append((hit[0], index, hit[1]))
        index = hit[1] if hit else index + 1
    return _named(message.tokens, found, now)


def _named(tokens: list[Token], found: list[tuple[str, int, int]], now: datetime) -> list[tuple[str, int, int]]:
    """Without the half that adds nothing: "ليوم الجمعة" is "to the day, Friday" and no today, unless today is a Friday."""
    today = f"weekday:{WEEKDAYS[_local(now).weekday()]}"
    empty = set()
    for one, other in pairwise(found):
        if tokens[one[1]].text == "ليوم" and other[0].startswith("weekday") and one[2] == other[1]:
            empty.add(other if other[0] == today else one)
    return [hit for hit in found if hit not in empty]


def _not_ours(message: Message, kept: list[tuple[str, int, int]], now: datetime) -> list[tuple[str, int, int]]:
    """Of several days those that are new: "Wednesday I am taken, Thursday" answers "on Wednesday?"."""
    if _lex("ranges").at(message.tokens, kept[0][2]):
        return kept
    said = {day for day, _, _ in _days(message.before, now)}
    return [found for found in kept if found[0] not in said] or kept


def day_at(message: Message, index: int, now: datetime) -> tuple[str, int] | None:
    """(the day that starts at `index`, index after it); an empty day where the words sound like one and are none."""
    tokens = message.tokens
    if not _may_open(tokens, index):
        return None
    if no_day := next((hit for at in (index, index - 1) if (hit := _lex("no_days").at(tokens, at)) and hit[1] > index), None):
        return "", no_day[1]
    if hit := _lex("days").at(tokens, index):
        return str(hit[0]), hit[1]
    if hit := _calendar_at(message, index, now):
        return hit
    if weekday := _lex("weekdays").at(tokens, index):
        doubtful = f"={tokens[index].text}" in _lex("needs_day_word").firsts() and not _another_day(message, index, weekday[1])
        if not doubtful or _day_word_before(message, index) or (message.asked == "date" and len(tokens) <= 3) or _sure_after(message, weekday[1]):
            return f"weekday:{weekday[0]}", weekday[1]
    if (spoken := _lex("spoken_after_day_word").at(tokens, index)) and _nhar_before(message, index):
        return f"weekday:{spoken[0]}", spoken[1]
    return None


def _may_open(tokens: list[Token], index: int) -> bool:
    """Whether a day may begin at `index`, in digits or in words, or words that only sound like one, which may begin before it."""
    said = firsts("dates", "no_days", "days", "first_of_month", "months", "weekdays", "spoken_after_day_word")
    if tokens[index].opens_with_digit or not tokens[index].keys.isdisjoint(said):
        return True
    return index > 0 and not tokens[index - 1].keys.isdisjoint(firsts("dates", "no_days"))


def _day_word_before(message: Message, index: int) -> bool:
    return _lex("day_words").ends_at(message.tokens, index, 2) is not None


def _nhar_before(message: Message, index: int) -> bool:
    return index > 0 and bool(_lex("day_words").at(message.tokens, index - 1)) and len(message.tokens[index - 1].text) > 2


def _sure_after(message: Message, end: int) -> bool:
    """A part of the day, an hour or a "next" right after a doubtful word makes it a weekday: "tlat sba7", "sun morning", "tnin m3a 11"."""
    tokens = message.tokens
    hour = lexicon("times", "strong_at").at(tokens, end)
    if hour and hour[1] < len(tokens) and tokens[hour[1]].is_number:
        return True
    if lexicon("times", "parts").at(tokens, end) or _lex("coming_after").at(tokens, end):
        return True
    at_hour = lexicon("times", "strong_at").at(tokens, end)
    if at_hour and at_hour[1] < len(tokens) and tokens[at_hour[1]].is_number:
        return True
    joined = _lex("alternatives").at(tokens, end) or _lex("ranges").at(tokens, end) or _lex("negation").at(tokens, end)
    return bool(joined and _lex("weekdays").at(tokens, joined[1]))


def _another_day(message: Message, index: int, end: int) -> bool:
    """Whether a doubtful word opens a clause after a day was named, and counts nothing: "l7ed la, tnin mzyan"."""
    tokens = message.tokens
    if index == 0 or not tokens[index - 1].is_break or lexicon("quantity", "of").at(tokens, end) or lexicon("quantity", "nouns").at(tokens, end):
        return False
    if "first day" not in message.memo:
        named = (start for _, start, _ in _lex("weekdays").all(tokens) if _day_word_before(message, start))
        message.memo["first day"] = next(named, len(tokens))
    return bool(message.memo["first day"] < index)


def _calendar_at(message: Message, index: int, now: datetime) -> tuple[str, int] | None:
    """A date of the calendar: ISO, 12/11, "12 novembre", or a day of the month after "le", "nhar", "يوم"."""
    tokens = message.tokens
    text = tokens[index].text
    today = _local(now)
    if iso := _ISO.fullmatch(text):
        written = _iso(int(iso.group(1)), int(iso.group(2)), int(iso.group(3)))
        return (written, index + 1) if written else None
    if (slashed := _SLASHED.fullmatch(text)) and (day := _coming(today, int(slashed.group(2)), int(slashed.group(1)), slashed.group(3))):
        said = _lex("number_days").ends_at(tokens, index, 2) is not None or message.asked == "date"
        return (day, index + 1) if said or slashed.group(3) or int(slashed.group(1)) > 10 else None
    number = int(text) if text.isdecimal() and len(text) <= 2 else int(bool(_lex("first_of_month").at(tokens, index)))
    if not 1 <= number <= 31:
        month = _lex("months").at(tokens, index)
        if month and month[1] < len(tokens) and tokens[month[1]].text.isdecimal() and len(tokens[month[1]].text) <= 2:
            day = _coming(today, int(month[0]), int(tokens[month[1]].text), None)
            return (day, month[1] + 1) if day else None
        return None
    end = index + 1
    ordinal = _lex("ordinals").at(tokens, end) if end < len(tokens) and tokens[end].glued else None
    end = ordinal[1] if ordinal else end
    after = _lex("of").at(tokens, end)
    month = _lex("months").at(tokens, after[1] if after else end)
    if month:
        day = _coming(today, int(month[0]), number, None)
        return (day, month[1]) if day else None
    before = _lex("number_days").ends_at(tokens, index, 2)
    if not text[0].isdigit() and (message.asked != "date" or _lex("no_day_after").at(tokens, end)):
        return None  # "the first" of a list, or of one: only who is asked for a day may mean the day
    if not text.isdecimal() and message.asked == "options":
        return None
    if of_month := _lex("of_month").at(tokens, end):
        return f"day:{number}", of_month[1]
    if (ordinal and tokens[index + 1].text in ("e", "eme")) or (ordinal and _lex("no_day_after").at(tokens, end)):
        return None  # "au 3ème", "the 4th floor"
    if lexicon("times", "hour_units").at(tokens, end) or lexicon("quantity", "measures").at(tokens, end):
        return None
    if ordinal and (before is not None or tokens[index + 1].text != "er"):
        return f"day:{number}", end
    counted = any(lexicon(file, name).at(tokens, end) for file, name in (("quantity", "nouns"), ("quantity", "no_count"), ("money", "currency")))
    counted = counted or lexicon("times", "no_time_after").at(tokens, end) is not None  # "le 2 rue des Fleurs"
    if before is not None and not counted:
        return f"day:{number}", end
    if message.asked == "date" and len(tokens) <= 4 and not counted and (text.isdecimal() or index == 0):  # "the door first" is no day
        return f"day:{number}", end
    return None


def _local(now: datetime) -> date:
    """The day in Morocco; a time that tells no zone is Moroccan."""
    return now.astimezone(CASABLANCA).date() if now.tzinfo else now.date()


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _coming(today: date, month: int, day: int, year: str | None) -> str | None:
    """The next such day of the calendar from `today` on, as YYYY-MM-DD; None when there is none (31/02)."""
    if year:
        return _iso(int(year) + (2000 if len(year) <= 2 else 0), month, day)
    for ahead in range(9):  # up to eight years to the next 29 February
        found = _iso(today.year + ahead, month, day)
        if found and found >= today.isoformat():
            return found
    return None


def _not_for_a_job(message: Message, start: int, hit: tuple[str, int]) -> bool:
    """Whether a "today" only tells the date ("lyoum 14") or when something else takes place (a match, guests)."""
    tokens = message.tokens
    if hit[0].startswith("weekday"):
        return message.role == "client" and event_near(message, start) and _lex("event_of").ends_at(tokens, start, 1) is not None
    if hit[0] in ("weekend", "next_week"):
        return any(_lex("events").at(tokens, at) and not any(t.is_break for t in tokens[at:start]) for at in range(max(0, start - 2), start))
    if hit[0] != "today":
        return False
    end = hit[1]
    alone = end + 1 >= len(tokens) or tokens[end + 1].is_break
    return (end < len(tokens) and tokens[end].text.isdecimal() and int(tokens[end].text) > 12 and alone) or event_near(message, start)


def event_near(message: Message, start: int) -> bool:
    """Whether something that is no job (a match, guests, a wedding) is named in the four words before `start`."""
    return any(_lex("events").at(message.tokens, at) for at in range(max(0, start - 4), start))


def _past(message: Message, start: int, hit: tuple[str, int]) -> bool:
    """Whether the day lies behind us: "depuis lundi", "mardi dernier". "From Tuesday to Thursday" does not."""
    tokens = message.tokens
    if hit[0] in ("tomorrow", "day_after_tomorrow", "next_week", "weekend"):
        return False
    if (hit[0] == "today" or hit[0].startswith("weekday")) and told(message, start, hit[1]):
        return True
    if _lex("past_after").at(tokens, hit[1]):
        return True
    nearest = (start,) if _lex("weekdays").at(tokens, start - 1) else (start, start - 1)
    if not any(_lex("past_before").ends_at(tokens, at, 2) is not None for at in nearest if at > 0):
        return False
    if any(_lex("starting").ends_at(tokens, at) is not None for at in (start, start - 1)):
        return False
    to = _lex("ranges").at(tokens, hit[1])
    if to and hit[0].startswith("day:") and to[1] < len(tokens) and tokens[to[1]].is_number:
        return False  # "mn nhar 25 l 30"
    return not (_lex("weekdays").at(tokens, to[1] if to else hit[1]) and (to or tokens[hit[1]].text.startswith("لل")))


def _negated(message: Message, start: int, ends: set[int]) -> bool:
    """Whether a "not", an "instead of" or a "cannot" stands just before, in the same clause, with no other day (their `ends`) between."""
    tokens = message.tokens
    if start > 0 and (hit := _lex("negation").at(tokens, start - 1)) and hit[1] > start:
        return True  # "ليس اليوم" is one phrase
    for at in (start, start - 1):
        if _lex("not_before").ends_at(tokens, at, 2) is not None:
            return False
        if at <= 0 or at in ends or (at < start and start in ends) or any(token.is_break for token in tokens[at:start]):
            continue
        if _lex("negation").ends_at(tokens, at, 3) is not None:
            return True
    return False


def _free_days(message: Message, kept: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Of several days, those on which nothing else is said to be ("a meeting tomorrow and Thursday, Friday then?"); all where none is left."""
    engaged = [_engaged(message, hit, kept) for hit in kept]
    for at, (one, other) in enumerate(pairwise(kept)):
        if _joined(message, one[2], other[1]):
            engaged[at] = engaged[at + 1] = engaged[at] or engaged[at + 1]
    return [hit for hit, taken in zip(kept, engaged, strict=True) if not taken] or kept


def _joined(message: Message, end: int, start: int) -> bool:
    """Whether an "or" or a "to" leads from one day to the next."""
    joined = joiner_at(message.tokens, end)
    return joined is not None and start - joined[1] <= 1


def joiner_at(tokens: list[Token], index: int) -> tuple[Any, int] | None:
    """(label, index after it) of an "or", an "and" or a "to" between two days or hours, at `index`."""
    return _lex("alternatives").at(tokens, index) or _lex("ranges").at(tokens, index)


def _engaged(message: Message, hit: tuple[str, int, int], days: list[tuple[str, int, int]]) -> bool:
    """Whether something else is on that day: told within NEAR words before or behind it, in its clause, and no wish or other day between."""
    tokens, (_, start, end) = message.tokens, hit
    others = {at for _, first, last in days for at in range(first, last)}
    for steps in (range(start - 1, start - 1 - NEAR, -1), range(end, end + NEAR)):
        for at in steps:
            if not 0 <= at < len(tokens) or tokens[at].is_break or at in others or lexicon("story", "wish").at(tokens, at):
                break
            if _lex("engaged").at(tokens, at) or _lex("events").at(tokens, at):
                return True
    return False


def _changed(message: Message, kept: list[tuple[str, int, int]]) -> bool:
    """Whether the days named go from an old one to a new one, rather than being a choice."""
    first, last = kept[0], kept[-1]
    joined = _lex("alternatives").at(message.tokens, first[2])
    if joined and joined[1] >= last[1]:
        return False
    if _lex("changes").within(message.tokens):
        return True
    return not _lex("ranges").at(message.tokens, first[2]) and _lex("postponed_from").ends_at(message.tokens, first[1], 2) is not None
