"""Reads the hour a job or a call is wanted at: a clock time, a part of the day, or "now"."""

from __future__ import annotations

import re

from bot.brain.understanding.entities.date import event_near
from bot.brain.understanding.entities.normalise import Lexicon, Message, Token, lexicon
from bot.brain.understanding.entities.numbers import number_at

_SECTIONS = ("half", "quarter", "less_quarter", "third", "less_third")
_SPOKEN_MINUTES = frozenset(("5", "10", "15", "20", "25", "30", "35", "40", "45", "50", "55"))
_COUNTED = (
    *(("quantity", section) for section in ("nouns", "no_count", "measures")),
    *(("money", section) for section in ("currency", "ryal", "centimes")),
    ("dates", "months"),
)
_SHIFT = {"half": 30, "quarter": 15, "less_quarter": -15, "third": 20, "less_third": -20}


def _lex(section: str) -> Lexicon:
    return lexicon("times", section)


def find_time(message: Message) -> str | None:
    """HH:MM, or morning noon afternoon evening night now; None when the message asks for no hour. The last clock time wins after "not at 5, ..."."""
    clocks = [found for index in range(len(message.tokens)) if (found := _clock_at(message, index))]
    if clocks:
        kept = [found for found in clocks if not _negated(message.tokens, found[1])] or clocks
        value, start, end = kept[-1] if len(kept) > 1 and _changed(message, kept) else kept[0]
        message.take(start, end)
        return value
    return _part(message) or _now(message)


def _changed(message: Message, kept: list[tuple[str, int, int]]) -> bool:
    """Whether the hours named go from an old one to a new one ("not at 3, make it 6") rather than bounding a slot ("between 3 and 6")."""
    tokens, end, start = message.tokens, kept[0][2], kept[-1][1]
    joined = lexicon("dates", "alternatives").at(tokens, end) or lexicon("dates", "ranges").at(tokens, end)
    bounds = start <= end or (joined is not None and joined[1] >= start)
    if bounds and any(_lex("old_hour").ends_at(tokens, at) is not None for at in (kept[0][1], kept[0][1] - 1) if at > 0):
        return lexicon("dates", "changes").within(tokens)  # "from 5 to 9" in a change: 5 is over
    return not bounds and lexicon("dates", "changes").within(tokens)


def _clock_at(message: Message, index: int) -> tuple[str, int, int] | None:
    """(HH:MM, start, end) when the number at `index` is an hour of the clock."""
    tokens = message.tokens
    if not message.free(index, index + 1):
        return None
    if past := _spoken_before(message, index):
        return past
    written = re.fullmatch(r"(\d{1,2}):(\d{2})", tokens[index].text)
    if written:
        hour, minute = int(written.group(1)), int(written.group(2))
        part, end = _part_after(tokens, index + 1)
        bare = written.group(1).startswith("0") or part is None
        return (_format(hour if bare else _in_day(hour, part), minute), index, end) if hour < 24 and minute < 60 else None
    marked = _marker_before(tokens, index)
    if not tokens[index].is_number and lexicon("dates", "weekdays").at(tokens, index) and _lex("strong_at").ends_at(tokens, index, 3) is None:
        return None  # "l'arb3a", "tlata": a day, unless "m3a" opens an hour
    read = _hour_at(tokens, index, spoken=marked)
    if read is None:
        return None
    hour, end = read
    unit = _lex("hour_units").at(tokens, end)
    if unit:
        end = unit[1]
    minute, end, fraction = _minutes(tokens, end, bool(unit))
    part, after = _part_after(tokens, end)
    if part is not None:
        end = after
    if _lex("no_time_after").at(tokens, end) or (_lex("no_time_before").ends_at(tokens, index, 2) is not None and not unit and part is None):
        return None
    if hour == 3 and tokens[index + 1 : index + 2] and tokens[index + 1].text == "am" and _lex("year_before").ends_at(tokens, index, 1) is not None:
        return None  # "kol 3am": every year
    if _lex("since").ends_at(tokens, index, 1) is not None and _lex("past_time").within(tokens[:index]):
        return None
    sure = bool(unit) or part is not None or (bool(fraction) and not _counts_something(tokens, end))
    if unit and part is None and (not marked or tokens[index - 1].text == "a") and _is_duration(tokens, index, hour):
        return None
    if not sure:
        if message.asked == "time":
            if end < len(tokens) and not marked and _counts_something(tokens, end):
                return None
        elif not marked or _counts_something(tokens, end) or not _clear(tokens, index, end):
            return None
    up = _lex("evening_up").at(tokens, end)
    if part is None:
        part = "afternoon" if up and hour < 12 else _part_elsewhere(tokens)
    if fraction < 0:
        hour, minute = (hour - 1 if hour > 1 else 12), 60 + fraction
    return _format(_in_day(hour, part), minute), index, end


def _spoken_before(message: Message, index: int) -> tuple[str, int, int] | None:
    """ "half past 3", "quarter to 5": the minutes come first."""
    for section, minute in (("half_past", 30), ("quarter_past", 15), ("quarter_to", -15)):
        hit = _lex(section).at(message.tokens, index)
        read = number_at(message.tokens, hit[1]) if hit else None
        if read and 1 <= read[0] <= 12:
            part, end = _part_after(message.tokens, read[1])
            hour = int(read[0]) - (1 if minute < 0 else 0)
            return _format(_in_day(hour or 12, part), minute % 60), index, end
    return None


def _hour_at(tokens: list[Token], index: int, spoken: bool) -> tuple[int, int] | None:
    """The hour that starts at `index`; the ordinals of Arabic hours only where an hour is expected."""
    hour = _lex("hours").at(tokens, index)
    if hour and not tokens[index].is_number and (spoken or _part_after(tokens, hour[1])[0] or _minutes(tokens, hour[1], False)[2]):
        return int(hour[0]), hour[1]
    read = (tokens[index].number, index + 1) if tokens[index].is_number else number_at(tokens, index)
    if read is None or read[0] is None or not 0 <= read[0] < 24 or read[0] != int(read[0]):
        return None
    if tokens[index].is_number and not tokens[index].text.isdigit():
        return None
    return int(read[0]), read[1]


def _marker_before(tokens: list[Token], index: int) -> bool:
    """Whether a word that opens an hour stands just before, or is glued to the number word itself ("للستة")."""
    if _lex("at").ends_at(tokens, index, 3) is not None or _lex("weak").ends_at(tokens, index, 1) is not None:
        return True
    return bool(re.match(r"لل(?=.{2})", tokens[index].text))


def _clear(tokens: list[Token], index: int, end: int) -> bool:
    """Whether a bare number is surely an hour: after "m3a", "at"; after weaker words only in digits, and after "a" or "f" only to end a clause."""
    weak = _lex("weak").ends_at(tokens, index, 3)
    if weak is None or (_lex("strong_at").ends_at(tokens, index, 3) is not None and tokens[index - 1].text != "a"):
        return True
    last = end >= len(tokens) or tokens[end].is_break
    if _lex("weakest").ends_at(tokens, index, 1) is not None:
        return last and not tokens[index].text.startswith("0")
    return last or tokens[index].is_number


def _minutes(tokens: list[Token], end: int, unit: bool) -> tuple[int, int, int]:
    """(minutes, index after them, minutes said as a fraction or as "w 20": 0 when they were not)."""
    for section in _SECTIONS:
        hit = _lex(section).at(tokens, end)
        if hit:
            return max(_SHIFT[section], 0), hit[1], _SHIFT[section]
    if unit and end < len(tokens) and re.fullmatch(r"[0-5]\d", tokens[end].text):
        return int(tokens[end].text), end + 1, 0
    if end + 1 < len(tokens) and lexicon("numbers", "joiners").at(tokens, end) and tokens[end + 1].text in _SPOKEN_MINUTES:
        return int(tokens[end + 1].text), end + 2, int(tokens[end + 1].text)
    return 0, end, 0


def _part_after(tokens: list[Token], index: int) -> tuple[str | None, int]:
    """The part of the day said after an hour, with or without a small word between, and the index after it."""
    start = index
    for _ in range(2):
        hit = _lex("parts").at(tokens, start)
        if hit:
            return str(hit[0]), hit[1]
        small = _lex("of").at(tokens, start)
        if not small:
            return None, index
        start = small[1]
    hit = _lex("parts").at(tokens, start)
    return (str(hit[0]), hit[1]) if hit else (None, index)


def _part_elsewhere(tokens: list[Token]) -> str | None:
    return next((part for part, start, _ in _parts(tokens) if part != "noon"), None)


def _parts(tokens: list[Token]) -> list[tuple[str, int, int]]:
    """The parts of the day named, without greetings and without an "am" or "pm" that follows no hour."""
    found = [(str(part), start, end) for part, start, end in _lex("parts").all(tokens) if tokens[start].text not in ("am", "pm")]
    return [hit for hit in found if not _greeting(tokens, hit[1])]


def _is_duration(tokens: list[Token], index: int, hour: int) -> bool:
    return _lex("duration_before").ends_at(tokens, index, 2) is not None and hour not in range(8, 20)


def _counts_something(tokens: list[Token], end: int) -> bool:
    """Whether a bare number after a weak marker is a count, a price or a length of time rather than an hour."""
    if end >= len(tokens):
        return False
    if any(lexicon(file, section).at(tokens, end) for file, section in _COUNTED):
        return True
    small = lexicon("quantity", "of").at(tokens, end)
    return bool(small)


def _in_day(hour: int, part: str | None) -> int:
    """The hour of 24 meant: without a part of the day, 1 to 6 are in the afternoon."""
    if part == "morning":
        return 0 if hour == 12 else hour
    if part == "night":
        return 0 if hour == 12 else hour + 12 if 6 <= hour < 12 else hour
    if part in ("afternoon", "evening"):
        return hour + 12 if hour < 12 else hour
    return hour + 12 if 1 <= hour <= 6 else hour


def _format(hour: int, minute: int) -> str:
    return f"{hour % 24:02d}:{minute:02d}"


def _negated(tokens: list[Token], start: int) -> bool:
    return any(lexicon("dates", "negation").ends_at(tokens, at, 3) is not None for at in range(max(1, start - 1), start + 1))


def _greeting(tokens: list[Token], start: int) -> bool:
    """Whether the part of the day at `start` belongs to a greeting, or to what happens every night."""
    return any(at <= start < end for _, at, end in _lex("night_not_time").all(tokens))


def _part(message: Message) -> str | None:
    tokens = message.tokens
    found = [hit for hit in _parts(tokens) if message.free(hit[1], hit[2])]
    found = [hit for hit in found if lexicon("dates", "past_before").ends_at(tokens, hit[1], 2) is None]
    kept = [hit for hit in found if not _negated(tokens, hit[1]) and not event_near(message, hit[1])]
    if not kept:
        return None
    return kept[0][0]


def _now(message: Message) -> str | None:
    """ "now" as a wish, not as the start of a story: "ajiw daba", not "daba wa9ef 3la bab"."""
    tokens = message.tokens
    for _, start, end in _lex("now").all(tokens):
        opens = start == 0 or tokens[start - 1].is_break or lexicon("times", "story_and").at(tokens, start - 1) is not None
        last = end >= len(tokens) or tokens[end].is_break
        if (opens and not last and len(tokens) - end > 2) or _lex("not_now_before").ends_at(tokens, start, 3) is not None:
            continue
        if _lex("not_now_after").at(tokens, end):
            continue
        message.take(start, end)
        return "now"
    return None
