"""Reads the hour a job or a call is wanted at: a clock time, a part of the day, or "now"."""

from __future__ import annotations

import re
from functools import cache

from bot.brain.understanding.entities.date import event_near, joiner_at
from bot.brain.understanding.entities.minutes import minutes_after
from bot.brain.understanding.entities.normalise import MAX_CHARS, Lexicon, Message, Token, clean, firsts, lexicon, openings, tokens_of
from bot.brain.understanding.entities.numbers import number_at, openers
from bot.brain.understanding.entities.prayers import part_at, part_openers
from bot.brain.understanding.entities.story import told

_COUNTED = (
    *(("quantity", section) for section in ("nouns", "no_count", "measures")),
    *(("money", section) for section in ("currency", "ryal", "centimes")),
    ("dates", "months"),
)


def _lex(section: str) -> Lexicon:
    return lexicon("times", section)


def find_time(message: Message) -> str | None:
    """HH:MM, or morning noon afternoon evening night now; None when the message asks for no hour. The last clock time wins after "not at 5, ..."."""
    clocks = _clocks(message)
    if clocks:
        kept = [found for found in clocks if not _negated(message.tokens, found[1])] or clocks
        kept = [found for found in kept if not lexicon("dates", "struck_after").at(message.tokens, found[2])] or kept
        kept = _not_ours(message, kept)
        value, start, end = kept[-1] if len(kept) > 1 and _changed(message, kept) else kept[0]
        message.take(start, end)
        return value
    return _part(message) or _now(message)


def _our_hours(message: Message) -> frozenset[str]:
    """The hours of the clock that we named just before."""
    if "our hours" not in message.memo:
        message.memo["our hours"] = frozenset(hour for hour, _, _ in _clocks(message.before))
    found: frozenset[str] = message.memo["our hours"]
    return found


def _not_ours(message: Message, kept: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Of several hours those that are new: "16:00 is early, 18:00 will do" answers "at 16:00?"."""
    if len(kept) < 2 or _bounds(message, kept):
        return kept
    return [found for found in kept if found[0] not in _our_hours(message)] or kept


def clock_times(text: str) -> tuple[str, ...]:
    """Every hour of the clock, HH:MM, that the text names and does not only tell, in its order. Never raises on any text."""
    kept = clean(text[:MAX_CHARS])
    return tuple(dict.fromkeys(value for value, _, _ in _clocks(Message(kept, tokens_of(kept), "technician", None))))


def _clocks(message: Message) -> list[tuple[str, int, int]]:
    """(HH:MM, start, end) of every hour that is no story; the words of the others are taken."""
    clocks = []
    for index in openings(message.tokens, _openers(), digits=True):
        if found := _clock_at(message, index):
            if _over(message, found):
                message.take(found[1], found[2])
            else:
                clocks.append(found)
    return clocks


def _over(message: Message, found: tuple[str, int, int]) -> bool:
    """Whether the hour is told, or only says what time it is by now."""
    _, start, end = found
    by_now = lexicon("story", "by_now").ends_at(message.tokens, start, 3) is not None and message.asked != "time"
    return by_now or told(message, start, end)


def _changed(message: Message, kept: list[tuple[str, int, int]]) -> bool:
    """Whether the hours named go from an old one to a new one ("not at 3, make it 6") rather than bounding a slot ("between 3 and 6")."""
    tokens, bounds = message.tokens, _bounds(message, kept)
    if bounds and any(_lex("old_hour").ends_at(tokens, at) is not None for at in (kept[0][1], kept[0][1] - 1) if at > 0):
        return lexicon("dates", "changes").within(tokens)  # "from 5 to 9" in a change: 5 is over
    return not bounds and lexicon("dates", "changes").within(tokens)


def _bounds(message: Message, kept: list[tuple[str, int, int]]) -> bool:
    """Whether the first and the last hour stand side by side, or are joined as a slot or a choice."""
    end, start = kept[0][2], kept[-1][1]
    joined = joiner_at(message.tokens, end)
    return start <= end or (joined is not None and joined[1] >= start)


def _clock_at(message: Message, index: int) -> tuple[str, int, int] | None:
    """(HH:MM, start, end) when the number at `index` is an hour of the clock."""
    tokens = message.tokens
    if not message.free(index, index + 1):
        return None
    if past := _spoken_before(message, index) or _noon_and(message, index):
        return past
    written = re.fullmatch(r"(\d{1,2})[:.](\d{2})", tokens[index].text)
    if written and (":" in tokens[index].text or (_marker_before(tokens, index) and not _counts_something(tokens, index + 1))):
        hour, minute = int(written.group(1)), int(written.group(2))
        part, end = _part_after(message, index + 1)
        bare = written.group(1).startswith("0") or part is None
        return (_format(hour if bare else _in_day(hour, part), minute), index, end) if hour < 24 and minute < 60 else None
    marked = _marker_before(tokens, index)
    if not tokens[index].is_number and lexicon("dates", "weekdays").at(tokens, index) and _lex("strong_at").ends_at(tokens, index, 3) is None:
        return None  # "l'arb3a", "tlata": a day, unless "m3a" opens an hour
    read = _hour_at(message, index, spoken=marked)
    if read is None:
        return None
    hour, end = read
    unit = _lex("hour_units").at(tokens, end)
    if unit and not tokens[index].is_number and _lex("fractions").at(tokens, index):
        return None  # "b3d rbe3 sa3a": a length of time
    if unit:
        end = unit[1]
    minute, end, fraction = minutes_after(tokens, end, hour_said=bool(unit), between=_lex("between").ends_at(tokens, index, 2) is not None)
    part, after = _part_after(message, end)
    if part is not None:
        end = after
    if _lex("no_time_after").at(tokens, end) or (_lex("no_time_before").ends_at(tokens, index, 2) is not None and not unit and part is None):
        return None
    numbered = lexicon("dates", "number_days").ends_at(tokens, index, 2) is not None  # "nhar 15"
    if _is_year(tokens, index) or (numbered and part is not None and not unit and tokens[end - 1].text not in ("am", "pm")):
        return None
    if lexicon("dates", "of_month").at(tokens, end) or _to_a_date(tokens, end):
        return None
    if _lex("length_after").at(tokens, end) or _lex("length_before").ends_at(tokens, index, 3) is not None:
        return None
    if _lex("since").ends_at(tokens, index, 1) is not None and _lex("past_time").within(tokens[:index]):
        return None
    if unit and len(unit_text := tokens[unit[1] - 1].text) > 3 and part is None and not marked and hour <= 7 and unit_text != "oclock":
        return None  # "2 heures de retard": a length of time
    if index >= 2 and tokens[index - 2].is_number and lexicon("rating", "out_of").ends_at(tokens, index, 1) == index - 1:
        return None  # "5 sur 5"
    to = joiner_at(tokens, end)
    bounded = _sure_hour(message, hour, to[1]) if to and tokens[index].is_number and not numbered else None
    sure = bool(unit) or part is not None or bounded is not None or (bool(fraction) and not _counts_something(tokens, end))
    part = part or bounded
    if unit and part is None and (not marked or tokens[index - 1].text == "a") and _is_duration(tokens, index, hour):
        return None
    if not sure:
        if message.asked in ("rating", "amount", "quantity") and not part:
            return None
        if message.asked == "time":
            if end < len(tokens) and not marked and _counts_something(tokens, end):
                return None
        elif _counts_something(tokens, end) or not ((marked and _clear(tokens, index, end)) or _moved(message, index, end)):
            return None
    up = _lex("evening_up").at(tokens, end)
    if part is None:
        part = "afternoon" if up and hour < 12 else _part_elsewhere(message)
    if fraction < 0:
        hour, minute = (hour - 1 if hour > 1 else 12), 60 + fraction
    return _format(_in_day(hour, part), minute), index, end


@cache
def _openers() -> frozenset[str]:
    """What an hour in words may begin with."""
    return firsts("times", "half_past", "quarter_past", "quarter_to", "named_hours", "hours") | openers()


def _moved(message: Message, index: int, end: int) -> bool:
    """Whether a bare number answers an hour of ours with another one: "khelliha 4", "5 would be better"."""
    tokens = message.tokens
    if message.asked is not None or tokens[index].glued:
        return False
    before = any(words.ends_at(tokens, index, 3) is not None for words in (_lex("fits_before"), lexicon("dates", "changes")))
    after = any(words.at(tokens, end) for words in (_lex("fits_after"), lexicon("dates", "better_after")))
    # where a day of ours is a number, this one may be a day too
    return (before or after) and bool(_our_hours(message)) and not _numbered_day(message.before.tokens)


def _numbered_day(tokens: list[Token]) -> bool:
    """Whether a day is named by its number: "nhar 12"."""
    found = ((end, tokens[end].text) for _, _, end in lexicon("dates", "number_days").all(tokens) if end < len(tokens))
    return any(text.isdecimal() and not _lex("hour_units").at(tokens, end + 1) for end, text in found)


def _to_a_date(tokens: list[Token], end: int) -> bool:
    """ "mn 1 l 15 décembre": the range that a number opens is closed by a day of the calendar."""
    to = lexicon("dates", "ranges").at(tokens, end)
    return to is not None and to[1] < len(tokens) and tokens[to[1]].is_number and lexicon("dates", "months").at(tokens, to[1] + 1) is not None


def _noon_and(message: Message, index: int) -> tuple[str, int, int] | None:
    """ "midi et quart", "midi moins dix", "minuit et demi", "minuit"."""
    hit = _lex("named_hours").at(message.tokens, index)
    if not hit:
        return None
    minute, end, said = minutes_after(message.tokens, hit[1], hour_said=True)
    if said < 0:
        return _format(int(hit[0]) - 1, 60 + said), index, end
    return (_format(int(hit[0]), minute), index, end) if minute or int(hit[0]) == 0 else None


def _is_year(tokens: list[Token], index: int) -> bool:
    """ "3am" is a year ("kol 3am", "80 3am"), unless "at" or a day stands before it or it opens the message."""
    if tokens[index].text != "3" or not tokens[index + 1 : index + 2] or tokens[index + 1].text != "am" or index == 0:
        return False
    return lexicon("times", "strong_at").ends_at(tokens, index, 1) is None and not _after_day(tokens, index)


def _sure_hour(message: Message, hour: int, index: int) -> str | None:
    """What the end of a range that starts at `hour` tells of its beginning.

    A part of the day; "" where it only tells that hours are meant; None where it tells nothing.
    """
    tokens = message.tokens
    if index >= len(tokens) or not re.fullmatch(r"\d{1,2}", tokens[index].text) or int(tokens[index].text) <= hour:
        return None
    unit = _lex("hour_units").at(tokens, index + 1)
    part, _ = _part_after(message, unit[1] if unit else index + 1)
    return part or ("" if unit else None)


def _spoken_before(message: Message, index: int) -> tuple[str, int, int] | None:
    """ "half past 3", "quarter to 5": the minutes come first."""
    for section, minute in (("half_past", 30), ("quarter_past", 15), ("quarter_to", -15)):
        hit = _lex(section).at(message.tokens, index)
        read = number_at(message.tokens, hit[1]) if hit else None
        if read and 1 <= read[0] <= 12:
            part, end = _part_after(message, read[1])
            hour = int(read[0]) - (1 if minute < 0 else 0)
            return _format(_in_day(hour or 12, part), minute % 60), index, end
    return None


def _hour_at(message: Message, index: int, spoken: bool) -> tuple[int, int] | None:
    """The hour that starts at `index`; the ordinals of Arabic hours only where an hour is expected."""
    tokens = message.tokens
    hour = _lex("hours").at(tokens, index)
    if hour and not tokens[index].is_number and (spoken or _part_after(message, hour[1])[0] or minutes_after(tokens, hour[1], hour_said=False)[2]):
        return int(hour[0]), hour[1]
    if _lex("not_hours").at(tokens, index) and not minutes_after(tokens, index + 1, hour_said=False)[2]:
        return None
    read = (tokens[index].number, index + 1) if tokens[index].is_number else number_at(_until_joiner(tokens, index), index)
    if read is None or read[0] is None or not 0 <= read[0] < 24 or read[0] != int(read[0]):
        return None
    if tokens[index].is_number and not tokens[index].text.isdecimal():
        return None
    return int(read[0]), read[1]


def _until_joiner(tokens: list[Token], index: int) -> list[Token]:
    """The tokens up to the next "w": "jouj w 3chrin" is an hour and its minutes, not 22."""
    for at in range(index + 1, min(len(tokens), index + 3)):
        if lexicon("numbers", "joiners").at(tokens, at) or tokens[at].text.startswith("و"):
            return tokens[:at]
    return tokens[: index + 4]


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
    last = end >= len(tokens) or tokens[end].is_break or _lex("goes_on").at(tokens, end) is not None or _after_day(tokens, index - 1)
    if _lex("weakest").ends_at(tokens, index, 1) is not None:
        return last and not tokens[index].text.startswith("0")
    return last or tokens[index].is_number


def _after_day(tokens: list[Token], index: int) -> bool:
    """ "ghedda f 3": a day stands right before."""
    return any(lexicon("dates", section).ends_at(tokens, index, 3) is not None for section in ("days", "weekdays"))


def _part_after(message: Message, index: int) -> tuple[str | None, int]:
    """The part of the day said after an hour, with or without small words between, and the index after it."""
    start = index
    for _ in range(3):
        hit = part_at(message, start)
        if hit:  # "le 15 à midi": noon is an hour of its own there
            return (None, index) if hit[0] == "noon" and lexicon("prayers", "at").at(message.tokens, start) else hit
        small = _lex("of").at(message.tokens, start)
        if not small:
            return None, index
        start = small[1]
    return None, index


def _part_elsewhere(message: Message) -> str | None:
    if "elsewhere" not in message.memo:
        refused = _lex("refused_after")
        free = (h for h in _parts(message) if h[0] != "noon" and not _of_an_hour(message, h[1]) and not refused.at(message.tokens, h[2]))
        message.memo["elsewhere"] = next((part for part, start, end in free if not told(message, start, end)), None)
    part: str | None = message.memo["elsewhere"]
    return part


def _of_an_hour(message: Message, start: int) -> bool:
    """Whether the part at `start` is said of an hour just before it: "3 d l3chiya"."""
    tokens = message.tokens
    small = _lex("of").ends_at(tokens, start, 1)
    at = start if small is None else small
    return at > 0 and tokens[at - 1].is_number


def _parts(message: Message) -> list[tuple[str, int, int]]:
    """The parts of the day named; none in a greeting or in what happens every night, nor an "am" or "pm" that follows no hour."""
    if "parts" not in message.memo:
        message.memo["parts"] = _read_parts(message.tokens, message)
    found: list[tuple[str, int, int]] = message.memo["parts"]
    return found


def _read_parts(tokens: list[Token], message: Message) -> list[tuple[str, int, int]]:
    found, done = [], 0
    greeted = {at for _, start, end in _lex("night_not_time").all(tokens) for at in range(start, end)}
    for index in openings(tokens, part_openers()):
        hit = part_at(message, index) if index >= done else None
        if not hit:
            continue
        done = hit[1]
        if tokens[index].text not in ("am", "pm") and index not in greeted and not _doubtful(tokens, index):
            found.append((hit[0], index, done))
    return found


def _doubtful(tokens: list[Token], index: int) -> bool:
    """ "mat" is short for a morning only beside a day: "demain mat"."""
    if not _lex("doubtful_parts").at(tokens, index):
        return False
    return all(lexicon("dates", section).ends_at(tokens, index, 3) is None for section in ("days", "weekdays"))


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


def _part(message: Message) -> str | None:
    tokens = message.tokens
    found = [hit for hit in _parts(message) if message.free(hit[1], hit[2]) and not told(message, hit[1], hit[2])]
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
        polite = _lex("please").at(tokens, end) or _lex("now").at(tokens, end)
        if (opens and not last and not polite and len(tokens) - end > 2) or _lex("not_now_before").ends_at(tokens, start, 3) is not None:
            continue
        after_number = start > 0 and tokens[start - 1].is_number and message.free(start - 1, start)  # "it's 11 now"
        if after_number or _lex("not_now_after").at(tokens, end) or number_at(tokens, end) or told(message, start, end, since=False):
            continue
        message.take(start, end)
        return "now"
    return None
