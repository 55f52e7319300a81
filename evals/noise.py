"""Respells what the simulated person says, as people do, differently in every trial and the same each time a trial is played again."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from domain.files import read_yaml

WORDS = Path(__file__).with_name("noise.yaml")
ARABIC = re.compile(r"[\u0600-\u06ff]")
TOKEN = re.compile(r"\s+|\S+")
#: Facts that are passed on letter by letter.
VERBATIM = frozenset(("name", "code"))


@dataclass(frozen=True)
class Habit:
    """One way to respell: every match of `pattern` becomes `new`."""

    pattern: re.Pattern[str]
    new: str


@dataclass
class Noise:
    """One person in one trial. Trial 0 writes exactly what the scenario says.

    Digits of amounts, hours, dates, references and phones stay, and so do words that decide something (noise.yaml `kept`).
    """

    language: str
    trial: int = 0
    seed: int = 0
    person: str = ""  # the scenario's id: two people of one trial have different habits
    said: int = field(default=0, init=False)

    def __call__(self, text: str) -> str:
        """The next message. The same sequence of messages is always respelled the same way."""
        self.said += 1
        if not self.trial or not text.strip():
            return text
        draw = random.Random(f"{self.seed}:{self.trial}:{self.person}:{self.said}")
        tokens = [m[0] if m[0].isspace() or kept(m[0]) else self._respelled(m[0]) for m in TOKEN.finditer(text)]
        loose = [i for i, token in enumerate(tokens) if not token.isspace() and not kept(token)]
        alone = sum(not t.isspace() for t in tokens) == 1
        shares = _data()["shares"]
        for share, change in (("slip", _slip), ("stretch", _stretch)):
            if loose and not alone and draw.random() < shares[share]:
                at = draw.choice(loose)
                tokens[at] = change(tokens[at], draw)
        if draw.random() < shares["bare"]:
            tokens = [_bare(t) if i in loose else t for i, t in enumerate(tokens)]
        if draw.random() < shares["lower"]:
            tokens = [t.lower() if i in loose else t for i, t in enumerate(tokens)]
        return "".join(tokens) if "".join(tokens).strip() else text

    def _respelled(self, token: str) -> str:
        habits, drops_accents = self._habits(_table(token, self.language))
        for habit in habits:
            token = habit.pattern.sub(habit.new, token) or token
        return _without_accents(token) if drops_accents else token

    def _habits(self, table: str) -> tuple[tuple[Habit, ...], bool]:
        return _habits(table, f"{self.seed}:{self.trial}:{self.person}")


def kept(token: str) -> bool:
    """Whether a word must stay as it is: its digits are a number, or it is short and decides something."""
    bare = _without_accents(token.strip(".,;:!?؟،…()\"'«»").lower())
    if bare in _data()["kept"] or token.startswith(("$", "http")) or "@" in token:
        return True
    digits = sum(c.isdecimal() for c in bare)
    if not digits:
        return False
    # two digits in a row, a sign between digits, or a unit behind: a number. One digit among letters: a letter of Arabizi.
    return digits == len(bare) or bool(re.search(r"\d\d|\d[.,:/°-]\d|^br[- ]?\d", bare)) or bool(_data()["measure"].fullmatch(bare))


@cache
def _habits(table: str, key: str) -> tuple[tuple[Habit, ...], bool]:
    draw = random.Random(f"{key}:{table}")
    habits: list[Habit] = []
    for old, new, share in _data()["habits"][table]:
        pattern = old[1:-1] if len(old) > 2 and old[0] == old[-1] == "/" else re.escape(old)
        if draw.random() < share:
            habits.append(Habit(re.compile(pattern), new))
    return tuple(habits), draw.random() < _data()["shares"]["accents"]


def _table(token: str, language: str) -> str:
    if ARABIC.search(token):
        return "arabic"
    return {"fr": "french", "en": "english"}.get(language, "latin")


def _slip(token: str, draw: random.Random) -> str:
    """One letter lost or swapped with its neighbour, inside a long word; first letters and digits are where thumbs are careful."""
    places = [i for i in range(2, len(token) - 1) if token[i].isalpha() and token[i + 1 : i + 2].isalpha()]
    if len(token) < 6 or not places:
        return token
    at = draw.choice(places)
    return token[:at] + token[at + 1 :] if draw.random() < 0.5 else token[:at] + token[at + 1] + token[at] + token[at + 2 :]


def _stretch(token: str, draw: random.Random) -> str:
    """A letter held down: the last one of a word several times, or one in the middle twice."""
    places = [i for i in range(1, len(token)) if token[i].isalpha() and not token[i].isdecimal()]
    if not places:
        return token
    at = places[-1] if draw.random() < 0.5 else draw.choice(places)
    return token[:at] + token[at] * (draw.randrange(2, 4) if at == places[-1] else 2) + token[at + 1 :]


def _bare(token: str) -> str:
    stripped = token.rstrip(".,;:!?؟،…")
    return stripped or token


def _without_accents(text: str) -> str:
    # Arabic letters with a hamza are letters, not accents: habits decide about them
    return "".join(c if ARABIC.match(c) else _base(c) for c in text)


def _base(char: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)) or char


@cache
def _data() -> dict[str, Any]:
    raw: dict[str, Any] = read_yaml(WORDS)
    units = "|".join(sorted((re.escape(_without_accents(str(u))) for u in raw["units"]), key=len, reverse=True))
    raw["kept"] = frozenset(_without_accents(str(w).lower()) for w in raw["kept"])
    raw["measure"] = re.compile(rf"[^\w]*\d({units})\d?")
    return raw
