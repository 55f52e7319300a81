"""Reads the knowledge documents: documents/<locale>/<topic>.md, the same topics and section ids in every locale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from domain.rules import MarketRules

FOLDER = Path(__file__).parent / "documents"
HEADING = re.compile(r"^## (?P<title>.+?) \{#(?P<id>[a-z0-9_]+)\}$")
ASKS = re.compile(r"<!-- asks: (.+?) -->", re.DOTALL)


@dataclass(frozen=True)
class Section:
    """One heading and its few sentences. `asks`: how people put the question, never shown."""

    topic: str
    id: str
    locale: str
    subject: str  # the document's own title
    title: str
    text: str
    asks: tuple[str, ...]

    @property
    def source(self) -> str:
        return f"retrieval/documents/{self.locale}/{self.topic}.md#{self.id}"


class BadDocument(ValueError):
    """A document that cannot be read; the message says where and what to do."""


def read(folder: Path = FOLDER, rules: MarketRules | None = None) -> list[Section]:
    """All sections of all locales, the market's own numbers filled in where a document says {late_cancellation_fee_mad} and the like."""
    values = numbers(rules or MarketRules())
    return [section for path in sorted(folder.glob("*/*.md")) for section in _sections(path, values)]


def numbers(rules: MarketRules) -> dict[str, str]:
    """Every number of MarketRules as people write it: shares in percent, whole numbers without decimals."""
    said = {}
    for name, value in vars(rules).items():
        amount = value if isinstance(value, str) else float(value) * (100 if 0 < float(value) < 1 else 1)
        said[name] = amount if isinstance(amount, str) else f"{amount:g}"
    return said


def _sections(path: Path, values: dict[str, str]) -> list[Section]:
    head, *blocks = re.split(r"^(?=## )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not head.startswith("# ") or not blocks:
        raise BadDocument(f"{path}: must open with '# Title' and hold at least one '## Heading {{#id}}'")
    subject = head.splitlines()[0].removeprefix("# ").strip()
    found = []
    for block in blocks:
        first, _, body = block.partition("\n")
        heading = HEADING.match(first.strip())
        if heading is None:
            raise BadDocument(f"{path}: write the heading {first!r} as '## Heading {{#id}}'")
        asks = tuple(q.strip() for line in ASKS.findall(body) for q in line.split("|"))
        try:
            text = " ".join(ASKS.sub("", body).format_map(values).split())
        except (KeyError, ValueError) as error:
            raise BadDocument(f"{path}: {first!r} uses {error}, which is no number of domain/rules.py") from None
        found.append(Section(path.stem, heading["id"], path.parent.name, subject, heading["title"], text, asks))
    return found
