"""Reads the knowledge documents: documents/<locale>/<topic>.md, the same topics and section ids in every locale."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from domain.pricing.estimate import baselines
from domain.rules import MarketRules

FOLDER = Path(__file__).parent / "documents"
HEADING = re.compile(r"^## (?P<title>.+?) \{#(?P<id>[a-z0-9_]+)\}$")


@dataclass(frozen=True)
class Section:
    """One heading and its few sentences: what a person is answered with."""

    topic: str
    id: str
    locale: str
    subject: str  # the document's own title
    title: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        """What it tells, whatever the locale: topic and section."""
        return self.topic, self.id

    @property
    def source(self) -> str:
        return f"retrieval/documents/{self.locale}/{self.topic}.md#{self.id}"


class BadDocument(ValueError):
    """A document that cannot be read; the message says where and what to do."""


def read(folder: Path = FOLDER, rules: MarketRules | None = None) -> list[Section]:
    """All sections of all locales, the market's own numbers filled in where a document says {late_cancellation_fee_mad} and the like."""
    values = numbers(rules or MarketRules())
    return [section for path in sorted(folder.glob("*/*.md")) for section in _sections(path, values)]


def fingerprint(text: str) -> str:
    """Sixteen hex digits that change when the text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def numbers(rules: MarketRules) -> dict[str, str]:
    """MarketRules' numbers as people write them (shares in percent, whole ones without decimals), and `price_<service>`, a usual small job's MAD."""
    said = {f"price_{service}": f"{price:g}" for service, price in baselines().items()}
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
        try:
            text = " ".join(body.format_map(values).split())
        except (KeyError, ValueError) as error:
            raise BadDocument(f"{path}: {first!r} uses {error}, which is no number of domain/rules.py") from None
        found.append(Section(path.stem, heading["id"], path.parent.name, subject, heading["title"], text))
    return found
