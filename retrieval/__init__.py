"""Answers "how does it work": the house's own documents and the search over them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.rules import MarketRules
    from retrieval.index import Index


@cache
def load(rules: MarketRules | None = None) -> Index:
    """The search over all documents (`search(query, locale, k) -> [Passage]`), built once per process and set of rules."""
    from retrieval.documents import read
    from retrieval.index import Index

    return Index(read(rules=rules))
