"""Reads an amount in dirhams, whatever the unit it was said in: dirham, ryal, alf, million of centimes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bot.brain.understanding.entities.normalise import Lexicon, Message, firsts, lexicon, openings
from bot.brain.understanding.entities.numbers import digits_at, number_at, openers

RYALS_PER_DIRHAM = 20
CENTIMES_PER_DIRHAM = 100
CENTIMES = {"alf": 1_000 / CENTIMES_PER_DIRHAM, "million": 1_000_000 / CENTIMES_PER_DIRHAM}
_UNITS = (("currency", 1.0), ("ryal", 1 / RYALS_PER_DIRHAM), ("franc", 1 / CENTIMES_PER_DIRHAM))


@dataclass(frozen=True)
class _Amount:
    mad: float
    start: int
    end: int
    unit: bool
    taken: bool  # what was charged or disputed wins over what was announced


def _lex(section: str) -> Lexicon:
    return lexicon("money", section)


@cache
def _openers() -> frozenset[str]:
    """What an amount in words may begin with."""
    return firsts("money", "million") | openers()


def find_amount(message: Message) -> float | int | None:
    """The amount in dirhams; the charged or disputed one when there are two. A bare number counts only after a word of paying, or when we asked."""
    found: list[_Amount] = []
    for index in openings(message.tokens, _openers(), digits=True):
        if (not found or index >= found[-1].end) and message.free(index, index + 1) and (hit := _amount_at(message, index)):
            found.append(hit)
    for hit in found:
        message.take(hit.start, hit.end)
    found = [hit for hit in found if _lex("tip").at(message.tokens, hit.end) is None]
    found = [hit for hit in found if not _over(message, hit)] or found
    if not found:
        return None
    best = (
        next((hit for hit in reversed(found) if hit.taken), None)
        or next((hit for hit in reversed(found) if _lex("by_now").ends_at(message.tokens, hit.start, 2) is not None), None)
        or next((hit for hit in found if hit.unit), found[0])
    )
    return int(best.mad) if best.mad == int(best.mad) else round(best.mad, 2)


def _over(message: Message, hit: _Amount) -> bool:
    """Whether it is the amount of before: "au lieu de 330", "320 is too little"."""
    return _lex("instead_of").ends_at(message.tokens, hit.start, 3) is not None or _lex("too_little").at(message.tokens, hit.end) is not None


def _amount_at(message: Message, index: int) -> _Amount | None:
    tokens = message.tokens
    if million := _lone_million(message, index):
        return million
    read = digits_at(tokens, index) or number_at(tokens, index)
    if read is None or read[0] <= 0:
        return None
    value, end = read
    taken = _follows(message, index, "taken")
    if said := _with_unit(message, index, value, end):
        return _Amount(said[0], index, said[1], True, taken)
    if _bounds_an_amount(message, value, end):
        return _Amount(value, index, end, True, taken)
    if not tokens[index].is_number:
        hundreds = 150 <= value <= 100_000 and value % 10 == 0 and value != 1000
        return _Amount(value, index, end, False, taken) if hundreds and not _counted(message, end) and not _address(message, index) else None
    if not 20 <= value <= 100_000 or _address(message, index) or _counted(message, end):
        return None
    if message.asked == "amount" and len(tokens) <= 6:
        return _Amount(value, index, end, False, taken)
    if _lex("word_after").at(tokens, end) or taken or _follows(message, index, "word_before") or _about_money(message, index, end, value):
        return _Amount(value, index, end, False, taken)
    if _follows(message, index, "by_now") and any(_lex(section).within(tokens) for section in ("currency", "topic")):
        return _Amount(value, index, end, False, taken)
    alone = index > 0 and tokens[index - 1].is_break and (end >= len(tokens) or tokens[end].is_break)
    if message.role == "technician" and value >= 50 and alone:
        return _Amount(value, index, end, False, taken)
    if message.role == "technician" and _lex("adverbs").ends_at(tokens, index, 1) is not None and value >= 50:
        return _Amount(value, index, end, False, taken)
    return None


def _with_unit(message: Message, index: int, value: float, end: int) -> tuple[float, int] | None:
    """(dirhams, index after the unit) of `value`, when a unit of money follows: dirham, ryal, franc, alf, thousand, million."""
    tokens = message.tokens
    if small := _lex("of").at(tokens, end):  # "200 d drahem"
        end = small[1] if any(_lex(section).at(tokens, small[1]) for section, _ in _UNITS) else end
    for section, rate in _UNITS:
        if (unit := _lex(section).at(tokens, end)) and value * rate >= 1:
            return value * rate, unit[1]
    if not tokens[index].is_number and value < 100 and (millions := _lex("million").at(tokens, end)):
        return value * CENTIMES["million"], millions[1]
    if not tokens[index].is_number:
        return (value / CENTIMES_PER_DIRHAM, end) if value >= 2000 and end - index > 1 and _lex("centimes").at(tokens, end - 1) else None
    for section, times, bare in (("centimes", 1000, CENTIMES["alf"]), ("thousand", 1000, 1000.0), ("million", 1_000_000, CENTIMES["million"])):
        hit = _lex(section).at(tokens, end)
        if not hit:
            continue
        rest, last = _rest(message, hit[1]) if times == 1000 else (0.0, hit[1])
        of = _lex("of").at(tokens, last) if rest else None
        for name, rate in _UNITS:
            if (unit := _lex(name).at(tokens, of[1] if of else last)) and (not rest or rate < 1 or (value < 20 and rest >= 100)):
                return (value * times + rest) * rate, unit[1]  # "20 alf w 50 dh" are two amounts
        return (value * bare, hit[1]) if section != "thousand" or (value < 100 and tokens[end].text != "k") else None
    return None


def _rest(message: Message, end: int) -> tuple[float, int]:
    """(what is added to the thousands that end there, index after it): "5 alaf w 400 ryal"; (0, end) where nothing is."""
    joined = lexicon("numbers", "joiners").at(message.tokens, end)
    read = number_at(message.tokens, joined[1] if joined else end)
    return read if read and 0 < read[0] < 1000 else (0.0, end)


def _lone_million(message: Message, index: int) -> _Amount | None:
    """ "mlyoun frank": one million centimes."""
    million = _lex("million").at(message.tokens, index)
    small = _lex("of").at(message.tokens, million[1]) if million else None
    franc = _lex("franc").at(message.tokens, small[1] if small else million[1]) if million else None
    return _Amount(CENTIMES["million"], index, franc[1], True, False) if franc else None


def _bounds_an_amount(message: Message, value: float, end: int) -> bool:
    """Whether a bare number begins a range whose end has the unit: "entre 200 et 300 dh", "150 wla 200 drhm"."""
    tokens = message.tokens
    to = lexicon("dates", "ranges").at(tokens, end) or lexicon("dates", "alternatives").at(tokens, end)
    if not to or value < 20:
        return False
    other = digits_at(tokens, to[1])
    if other is None or not value < other[0] <= 10 * value:
        return False
    return any(_lex(section).at(tokens, other[1]) for section, rate in _UNITS if rate == 1)


def _about_money(message: Message, index: int, end: int, value: float) -> bool:
    """Whether the clause of a bare number talks of prices: "ma nkhellesch kter mn 300", "taman ghadi ytle3 l 700"."""
    tokens = message.tokens
    opens, closes = index, end
    while opens > max(0, index - 8) and not tokens[opens - 1].is_break:
        opens -= 1
    while closes < min(len(tokens), end + 4) and not tokens[closes].is_break:
        closes += 1
    clause = tokens[opens:index] + tokens[end:closes]
    return value >= 50 and not _is_hour(message, index) and _lex("topic").within(clause)


def _is_hour(message: Message, index: int) -> bool:
    return lexicon("times", "strong_at").ends_at(message.tokens, index, 1) is not None and message.tokens[index - 1].text != "a"


def _address(message: Message, index: int) -> bool:
    return lexicon("times", "no_time_before").ends_at(message.tokens, index, 2) is not None


def _counted(message: Message, end: int) -> bool:
    kinds = (("quantity", "nouns"), ("quantity", "no_count"), ("quantity", "measures"), ("dates", "months"))
    return any(lexicon(file, section).at(message.tokens, end) for file, section in kinds)


def _follows(message: Message, index: int, section: str) -> bool:
    """Whether a word of the section stands before, with only small words ("ghir", "lia") between."""
    tokens = message.tokens
    at = index
    for _ in range(4):
        if at <= 0:
            return False
        if _lex(section).ends_at(tokens, at, 2) is not None:
            return True
        small = _lex("adverbs").ends_at(tokens, at, 2)
        if small is None and at == index and tokens[at - 1].text == ",":
            small = at - 1
        if small is None and at >= 2 and at == index and _lex(section).ends_at(tokens, at - 1, 2) is not None and not tokens[at - 1].is_break:
            return True
        if small is None:
            return False
        at = small
    return False
