"""Answers "how does it work": the house's own documents and the search over them."""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.rules import MarketRules
    from retrieval.search import Search
    from retrieval.units import Unit
    from retrieval.vectors import Synced, Vectors

log = logging.getLogger(__name__)

ENCODER = Path(__file__).parents[1] / "finetune" / "artifacts" / "understanding"


def default_folder() -> Path:
    """Where the index is kept when nobody says: under BRICOL_DATA_DIR."""
    return Path(os.environ.get("BRICOL_DATA_DIR") or "var") / "index"


@cache
def load(rules: MarketRules | None = None, folder: Path | None = None) -> Search:
    """The search over all documents (`search(query, locale, k) -> [Passage]`), built once per process, set of rules and folder.

    Only what changed since the index in `folder` was written is embedded. Without a usable encoder or index it goes by words alone and logs it.
    """
    return prepare(rules, folder)[0]


def by_words(rules: MarketRules | None = None) -> Search:
    """The search by words alone, ready in about a second: what answers while an index is being built."""
    from retrieval import calibration
    from retrieval.documents import read
    from retrieval.search import Search

    return Search(read(rules=rules), _units(), None, calibration.load("lexical"))


def prepare(rules: MarketRules | None = None, folder: Path | None = None, encoder: Path = ENCODER) -> tuple[Search, Synced | None]:
    """The search, and what bringing its index up to date changed (None: it goes by words alone)."""
    from retrieval import calibration
    from retrieval.documents import read
    from retrieval.search import Search

    units = _units()
    vectors, synced = None, None
    try:
        vectors = _vectors(folder or default_folder(), encoder)
        synced = vectors.sync(units)
    except Exception as error:
        log.warning("knowledge is searched by words alone: %s", error)
        vectors = None
    learnt = calibration.load("hybrid" if vectors else "lexical")
    if vectors and vectors.encoder != learnt.encoder:
        log.warning("what fits a question was learnt on another encoder; learn it anew: bricol bench knowledge --tune")
    return Search(read(rules=rules), units, vectors, learnt), synced


def _units() -> list[Unit]:
    """What is searched, with the rules' defaults: another market's numbers change no meaning, nor the index."""
    from prompts.questions import load, off_topic
    from retrieval.documents import read
    from retrieval.units import units_of

    return units_of(read(), load(), off_topic())


def _vectors(folder: Path, encoder: Path) -> Vectors:
    from retrieval.encoder import Encoder
    from retrieval.vectors import Vectors, fingerprint_of

    return Vectors(folder, Encoder.load(encoder), fingerprint_of(encoder))
