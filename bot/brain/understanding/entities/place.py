"""Reads which town and which district a message names, in either script, never guessing a town from a district."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process

from domain.files import read_yaml
from domain.geo import cities, normalise
from domain.spelling import bare, clean, fold, is_arabic, slips

LEXICON = Path(__file__).parents[4] / "prompts" / "lexicon" / "places.yaml"
MAX_CHARS = 2000
_WORD = re.compile(r"[^\W_]+|[.,;:!?()،؛؟]")
_DOUBLE = re.compile(r"(.)\1+")
_ARTICLES = frozenset({"el", "al", "l", "les", "le", "la", "the"})
_SKIPPED = _ARTICLES | {"d", "de"}
_LONGEST = 5  # words of a name
_SHORT_MESSAGE = 3  # words: little else than a place can be meant
_FUZZY_FROM, _FUZZY_AT = 6, 88  # letters, per cent
_SLIPS_FROM = 6  # letters of a town's word; a district's has one more, for there are many
_ALIKE_AT = 74  # per cent of letters
_DIGITS = str.maketrans("37956", "ahqxt")
_BESIDE = 3  # words between a town and a district that belong together


@dataclass(frozen=True)
class _Word:
    text: str  # cleaned
    accented: bool  # "salé" is a town, "sale" is dirty
    keys: frozenset[str]


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    city: str  # the town itself, or the one that has the district
    district: str | None
    name: str  # as in the list of names
    others: tuple[tuple[str, str], ...] = ()  # every (city, district) of that name


def find_city(text: str) -> str | None:
    """The id of the town that a message names; the origin of a move; None when no town is written."""
    words, towns, _ = _read(text)
    return towns[0].city if towns and words else None


def find_district(text: str, city: str | None = None) -> str | None:
    """The id of the district that a message names, of `city` where it has one of that name; None when we know none."""
    words, towns, districts = _read(text)
    city = city or (towns[0].city if towns else None)
    for hit in districts:
        if _believable(hit, words, towns, city):
            own = next((district for home, district in hit.others if home == city), None)
            return own or hit.district
    return None


@lru_cache(maxsize=256)
def _read(text: str) -> tuple[list[_Word], list[_Hit], list[_Hit]]:
    """The words, the towns believed and the districts possible, in the order written."""
    words = _words(text[:MAX_CHARS])
    announced = _announced(words)
    towns = _scan(words, _town_names(), announced)
    districts = _scan(words, _district_names(), announced)
    # "hay dakhla, agadir", "route de casa": a town's name inside a longer district name, or next to the town that has such a district
    towns = [
        t
        for t in towns
        if not any(d.start <= t.start and t.end <= d.end and d.end - d.start > t.end - t.start and d.city != t.city for d in districts)
    ]
    contained = [t for t in towns if any(t is not o and _near(t, o) and _has_district(o.city, t.name) for o in towns)]
    towns = [
        t
        for t in towns
        if t not in contained and _believable(t, words, [d for d in districts if any(home == t.city for home, _ in d.others)], t.city)
    ]
    for hit in contained:
        homes = _district_ids()[hit.name]
        districts.append(replace(hit, city=homes[0][0], district=homes[0][1], others=homes))
    if len(towns) > 1:
        towns = [t for t in towns if not _before(words, t.start, "leaving", 3)] or towns
        towns.sort(key=lambda t: not _before(words, t.start, "living", 2))  # "I am from Safi but live in Settat"
    return words, towns, [d for d in districts if not any(d.start == t.start and d.end == t.end for t in towns)]


def _believable(hit: _Hit, words: list[_Word], partners: list[_Hit], city: str | None) -> bool:
    """Whether the words around a name make it a place: not negated, not a street's name, and with a cue where the name is an everyday word.

    `partners`: the towns named beside a district, or the districts of a town; `city`: the town meant, as far as known.
    """
    if _before(words, hit.start, "not_this", 1) or (_is_street(words, hit.start) and not _says_district(words, hit)):
        return False
    if words[hit.start].text in _lex()["no_place"] and not _before(words, hit.start, "district_words", 1):
        return False
    inside = city is not None and (hit.district is None or any(home == city for home, _ in hit.others))
    beside = inside and any(_near(hit, other) for other in partners)
    if hit.name in _lex()["needs_city"] and hit.district:
        return beside
    if hit.name not in _lex()["needs_cue"] or words[hit.start].accented:
        return True
    if beside or _before(words, hit.start, "district_words", 1):
        return True
    if words[hit.start].text in _lex()["rooms"] and any(word.text in _lex()["household"] for word in words):
        return _before(words, hit.start, "living", 2)
    letters = [word for word in words if word.text.isalnum() and word.text not in _ARTICLES]
    if len(letters) == hit.end - hit.start and hit.name not in _lex()["alone_is_a_word"]:
        return True
    if _located(words, hit) or (hit.name not in _lex()["alone_is_a_word"] and _alone_in_clause(words, hit)):
        return True
    glued = is_arabic(words[hit.start].text) and words[hit.start].text[0] in "فبل" and normalise(words[hit.start].text) != hit.name
    return glued or _before(words, hit.start, "cues", 1) or _glued_latin(words[hit.start].text, hit.name)


def _says_district(words: list[_Word], hit: _Hit) -> bool:
    """ "f zen9a, hay hassani": a name that says itself that it is a district is no street's."""
    return hit.end - hit.start > 1 and words[hit.start].text in _lex()["district_words"]


def _alone_in_clause(words: list[_Word], hit: _Hit) -> bool:
    """ "la clim est morte, Safi": a clause that holds nothing else, behind a comma."""
    opens = hit.start > 0 and words[hit.start - 1].text in ",.;:!?()"
    return opens and (hit.end >= len(words) or not words[hit.end].text.isalnum())


def _located(words: list[_Word], hit: _Hit) -> bool:
    """ "الجديدة حدا البحر", "dakhla centre": the message opens with the name, and what follows says where in it."""
    return hit.start == 0 and hit.end < len(words) and words[hit.end].text in _lex()["place_goes_on"]


def _glued_latin(word: str, name: str) -> bool:
    """ "fsafi", "fla marina": a preposition stuck to the name."""
    return not is_arabic(word) and word[0] in "fn" and len(word) > 4 and fold(word[1:]) == fold(name.split()[0])


def _near(one: _Hit, other: _Hit) -> bool:
    return max(one.start, other.start) - min(one.end, other.end) <= _BESIDE


def _has_district(city: str, name: str) -> bool:
    return any(home == city for home, _ in _district_ids().get(name, ()))


def _before(words: list[_Word], at: int, section: str, within: int) -> bool:
    """Whether one of the `within` words before is of that section; articles do not count, nor does the "f" of "machi f casa"."""
    seen = 0
    skipped = _ARTICLES | (_lex()["cues"] if section == "not_this" else frozenset())
    for word in reversed(words[:at]):
        if word.text in _lex()[section]:
            return True
        if word.text not in skipped:
            seen += 1
            if seen >= within:
                return False
    return False


def _is_street(words: list[_Word], at: int) -> bool:
    while at > 0 and words[at - 1].text in _lex()["street_links"]:
        at -= 1
    return at > 0 and words[at - 1].text in _lex()["street_words"]


def _announced(words: list[_Word]) -> frozenset[int]:
    """Where a place is announced: behind a cue or a district word, and anywhere in a short message."""
    if len(words) <= _SHORT_MESSAGE:
        return frozenset(range(len(words)))
    found: set[int] = set()
    announce = _lex()["district_words"] | _lex()["cues"]
    for at in (at for at, word in enumerate(words) if word.text in announce):
        for after in range(at + 1, len(words)):
            found.add(after)
            if words[after].text not in _ARTICLES:
                break
    return frozenset(found)


def _scan(words: list[_Word], names: dict[str, list[tuple[tuple[str, ...], _Hit]]], announced: frozenset[int]) -> list[_Hit]:
    """Every longest known name, left to right; where the words have `announced` a place, the nearest known spelling too."""
    found: list[_Hit] = []
    at = 0
    while at < len(words):
        ends = [
            (end, hit)
            for key in words[at].keys
            for keys, hit in names.get(key, ())
            if (end := _match(words, at, keys, hit.name))
        ]  # fmt: skip
        if not ends and at in announced and (guessed := _guess(words, at, names)):
            ends = [guessed]
        if not ends:
            at += 1
            continue
        longest = max(end for end, _ in ends)
        hits = sorted(
            (hit for end, hit in ends if end == longest),
            key=lambda hit: (hit.name not in _lex()["needs_cue"] | _lex()["needs_city"], -len(hit.others), hit.name),
        )
        # one spelling may fit several names, in several towns: the one that is an everyday word decides what cue it needs
        others = tuple(dict.fromkeys(home for hit in hits for home in hit.others))
        found.append(replace(hits[0], start=at, end=longest, others=others))
        at = longest
    return found


def _match(words: list[_Word], at: int, keys: tuple[str, ...], name: str) -> int | None:
    """The index after a name that starts at `at`; articles standing alone are stepped over."""
    if len(keys) > 1 and (at + 1 >= len(words) or not (keys[1] in words[at + 1].keys or words[at + 1].text in _SKIPPED)):
        return None  # most names of a busy first word ("hay") end here
    for number, (key, spelt) in enumerate(zip(keys, name.split(), strict=True)):
        while number and at < len(words) and words[at].text in _SKIPPED and key not in words[at].keys:
            at += 1
        if at >= len(words) or key not in words[at].keys or not _alike(words[at].text, spelt):
            return None
        at += 1
    return at


def _is_common(word: str) -> bool:
    """A word with a meaning of its own is no misspelling of a place."""
    forms = {*bare(word), *map(normalise, bare(word))}
    return any(forms & _lex()[section] for section in ("cues", "district_words", "needs_city", "needs_cue", "no_place"))


@lru_cache(maxsize=20_000)
def _alike(word: str, spelt: str) -> bool:
    """Whether words that sound alike are also written alike: "vice" is no spelling of "fes"."""
    if is_arabic(word) or word == spelt:
        return True
    written = [form.translate(_DIGITS) for form in bare(word)]
    return max(fuzz.ratio(form, spelt) for form in written) >= _ALIKE_AT


def _guess(words: list[_Word], at: int, names: dict[str, list[tuple[tuple[str, ...], _Hit]]]) -> tuple[int, _Hit] | None:
    """A name nearly spelt like the next one or two words."""
    word = words[at]
    if len(word.text) < 3 or not word.text.isalpha() or is_arabic(word.text) != any(map(is_arabic, word.keys)):
        return None
    for length in (2, 1):
        run = [w.text for w in words[at : at + length]]
        joined = " ".join(run)
        if len(run) < length or len(joined) < _FUZZY_FROM or not all(map(str.isalpha, run)) or _is_common(run[0]):
            continue
        if near := _nearest(joined, names is _town_names()):
            return at + length, near
    return None


@lru_cache(maxsize=20_000)
def _nearest(written: str, towns: bool) -> _Hit | None:
    """The town, or else the district, whose name is spelt nearly so and begins alike."""
    whole = _whole_names(towns)
    near = process.extractOne(_sound(normalise(written).replace(" ", "")), whole.keys(), scorer=fuzz.ratio, score_cutoff=_FUZZY_AT)
    return whole[near[0]] if near and near[0][0] == _sound(normalise(written))[0] else None


def _words(text: str) -> list[_Word]:
    found: list[_Word] = []
    for raw in _WORD.findall(unicodedata.normalize("NFKC", text.replace("'", " ").replace("’", " ")).lower()):
        found += _cleaned(raw)
    return found


@lru_cache(maxsize=20_000)
def _cleaned(raw: str) -> tuple[_Word, ...]:
    """One word as it was written -> the words it is, which may be several."""
    return tuple(_Word(word, raw != word and not is_arabic(word) and raw.isalpha(), _word_keys(word)) for word in clean(raw).split())


@lru_cache(maxsize=20_000)
def _word_keys(word: str) -> frozenset[str]:
    meant = _slipped().get(word)
    return _sounds(word) | (_sounds(meant) if meant else frozenset())


def _sounds(word: str) -> frozenset[str]:
    return frozenset(_sound(normalise(form)) for form in bare(word)) | {_sound(word)}


@cache
def _slipped() -> dict[str, str]:
    """A word of a name of ours with a slip of the thumb -> the word: "marrakehc" -> "marrakech"; none that is another word."""
    towns, districts = (
        {word for found in names.values() for _, hit in found for word in hit.name.split()} for names in (_town_names(), _district_names())
    )
    long = towns | {word for word in districts if len(word) > _SLIPS_FROM}
    words = {word for word in long if len(word) >= _SLIPS_FROM and not _is_common(word)}
    other = towns | districts | _lex()["no_slips"]
    return {slip: word for word in sorted(words) for slip in slips(word) - other}


@lru_cache(maxsize=20_000)
def _sound(word: str) -> str:
    """`fold`, with 3 heard as a: "m3arif" and "maarif" agree. Short words keep their letters."""
    if is_arabic(word) or not word.isascii():
        return fold(word)
    if len(word) <= 3:
        return word.replace("3", "a").replace("7", "h")
    return _DOUBLE.sub(r"\1", " ".join(fold(part) for part in word.replace("3", "a").split()))


@cache
def _town_names() -> dict[str, list[tuple[tuple[str, ...], _Hit]]]:
    return _by_first_word({name: _Hit(0, 0, city, None, name) for city, town in cities().items() for name in map(normalise, town.names)})


@cache
def _district_ids() -> dict[str, tuple[tuple[str, str], ...]]:
    """Name -> every (city, district) that bears it, the towns with most districts first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for town in sorted(cities().values(), key=lambda city: -len(city.districts)):
        for district in town.districts.values():
            for name in dict.fromkeys(map(normalise, district.names)):
                found.setdefault(name, []).append((town.id, district.id))
    return {name: tuple(homes) for name, homes in found.items()}


@cache
def _district_names() -> dict[str, list[tuple[tuple[str, ...], _Hit]]]:
    towns = {normalise(name) for town in cities().values() for name in town.names}
    return _by_first_word({name: _Hit(0, 0, *homes[0], name, homes) for name, homes in _district_ids().items() if name not in towns})


def _by_first_word(hits: dict[str, _Hit]) -> dict[str, list[tuple[tuple[str, ...], _Hit]]]:
    found: dict[str, list[tuple[tuple[str, ...], _Hit]]] = {}
    for name, hit in hits.items():
        keys = tuple(_sound(word) for word in name.split())
        if len(keys) <= _LONGEST:
            found.setdefault(keys[0], []).append((keys, hit))
    return found


@cache
def _whole_names(towns: bool) -> dict[str, _Hit]:
    names = _town_names() if towns else _district_names()
    return {"".join(keys): hit for entries in names.values() for keys, hit in entries if len("".join(keys)) >= _FUZZY_FROM}


@cache
def _lex() -> dict[str, frozenset[str]]:
    data = read_yaml(LEXICON)
    named = {"needs_cue", "needs_city", "alone_is_a_word"}
    return {key: frozenset((normalise if key in named else clean)(str(word)) for word in words) for key, words in data.items()}
