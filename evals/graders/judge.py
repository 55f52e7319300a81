"""A language model's opinion of politeness, listened to only after it agreed with people on a labelled set."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from bot.middleware.notes import text_of
from domain.files import read_yaml
from evals.findings import Finding
from evals.graders.case import Case

WORDS = Path(__file__).with_name("judge.yaml")


@dataclass(frozen=True)
class Calibration:
    """Agreement with the labels, 0..1; `kappa` corrects it for chance (Cohen 1960). `unread`: answers that were no verdict, counted as wrong."""

    examples: int
    agreement: float
    kappa: float
    unread: int
    wrong: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        return self.agreement >= float(_data()["agreement_at_least"])

    def told(self) -> str:
        """One line for people, to be printed before any verdict."""
        verdict = "its verdicts are told" if self.trusted else f"below {_data()['agreement_at_least']}: its verdicts are left out"
        share = f"{self.agreement:.0%} of {self.examples} labelled replies (kappa {self.kappa:.2f}, {self.unread} unreadable)"
        return f"judge: agrees with {share}; {verdict}"


class Judge:
    """Calibrate first: an uncalibrated or distrusted judge finds nothing."""

    def __init__(self, model: BaseChatModel, calibration: Calibration | None = None) -> None:
        self._model = model
        self.calibration = calibration

    def calibrate(self, examples: Sequence[dict[str, Any]] | None = None) -> Calibration:
        """Asks about every labelled example. Never raises for what the model says."""
        examples = list(_data()["examples"] if examples is None else examples)
        verdicts = [self.verdict(e["said"], e["reply"]) for e in examples]
        labels = [bool(e["polite"]) for e in examples]
        right = [v is not None and v[0] == label for v, label in zip(verdicts, labels, strict=True)]
        count = len(examples) or 1
        agreement = sum(right) / count
        yes, said_yes = sum(labels) / count, sum(v is not None and v[0] for v in verdicts) / count
        chance = yes * said_yes + (1 - yes) * (1 - said_yes)
        kappa = (agreement - chance) / (1 - chance) if chance < 1 else 0.0
        wrong = tuple(e["reply"] for e, ok in zip(examples, right, strict=True) if not ok)
        self.calibration = Calibration(len(examples), agreement, kappa, sum(v is None for v in verdicts), wrong)
        return self.calibration

    def verdict(self, said: str, reply: str) -> tuple[bool, str] | None:
        """(polite, why) of one reply; None when the model failed or gave no verdict."""
        data = _data()
        try:
            answer = self._model.invoke([SystemMessage(data["manual"]), HumanMessage(data["asked"].format(said=said, reply=reply))])
            found = re.search(r"\{.*\}", text_of(answer), re.DOTALL)
            read = json.loads(found[0]) if found else {}
            return (bool(read["polite"]), str(read.get("why", ""))) if isinstance(read.get("polite"), bool) else None
        except Exception:  # whatever a provider throws: a judge that cannot speak has no opinion
            return None

    def findings(self, case: Case) -> list[Finding]:
        """Told, not failing; empty unless the calibration is trusted."""
        if self.calibration is None or not self.calibration.trusted:
            return []
        found = []
        for exchange in case.exchanges:
            text = str((exchange.reply or {}).get("text", ""))
            verdict = self.verdict(exchange.said, text) if text else None
            if verdict is not None and not verdict[0]:
                found.append(Finding("judge", f"impolite: {verdict[1]}", exchange.place, got=text, hard=False))
        return found


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = read_yaml(WORDS)
    return found
