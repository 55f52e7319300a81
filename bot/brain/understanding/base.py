"""What one message means: the contract between whatever reads a message and everything after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Role = Literal["client", "technician"]


@dataclass(frozen=True)
class Understanding:
    """One message, read. Entity values follow prompts/intents.yaml: "tomorrow", "weekday:fri", "15:30", "morning", ..."""

    language: str  # ary fr ar en: the matrix language of the message
    script: str  # latn arab
    intents: tuple[str, ...]  # main intent first, never empty
    entities: Mapping[str, Any] = field(default_factory=dict)  # only keys present in the text
    urgency: str = "normal"  # normal high emergency
    sentiment: str = "neutral"  # negative neutral positive
    danger: bool = False  # gas, sparks, water near current, a person locked in
    confidence: float = 0.0  # 0..1, calibrated, of the main intent
    scores: Mapping[str, float] = field(default_factory=dict)  # intent -> probability, the best few

    @property
    def main(self) -> str:
        return self.intents[0]

    def to_dict(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "script": self.script,
            "intents": list(self.intents),
            "entities": dict(self.entities),
            "urgency": self.urgency,
            "sentiment": self.sentiment,
            "danger": self.danger,
            "confidence": round(self.confidence, 4),
        }


class Understander(Protocol):
    def understand(self, text: str, *, role: Role = "client", context: str | None = None, now: datetime | None = None) -> Understanding:
        """Reads one message of any length and content without ever raising.

        `context`: what we said just before (decides "1", "oui", "ghali"). `now`: for words like "the 12th"; local or aware.
        """
        ...
