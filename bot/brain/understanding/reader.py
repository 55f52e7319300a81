"""Reads one message with two trained halves, linear heads over hashed n-grams and a small encoder: the understander that needs no network."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from bot.brain.understanding.base import Role, Understanding
from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.features import BITS, LANGUAGE_BITS, blocks, chosen_option, language_blocks, vector
from bot.brain.understanding.normalise import letters, script_of
from retrieval.encoder import Encoder, NoEncoder

log = logging.getLogger(__name__)
ARTEFACT = Path(__file__).parents[3] / "finetune" / "artifacts" / "understanding"
SOCIAL = {"greet", "thank", "goodbye"}
# The heads alone may cry danger only in a message that tells something; a rule may in any.
DANGER_TOLD_IN = {"book_service", "inform", "report_damage", "ask_human", "ask_faq", "complain"}
Array = npt.NDArray[np.float32]
# The service head alone may name a trade only in a message that wants one; a word of the lexicon may in any.
SERVICE_TOLD_IN = {"book_service", "ask_price", "find_technician", "check_availability", "correct", "become_technician", "rebook"}
WANTS_ONE = 0.35  # least chance that it is one of these, where none is among its intents


class NoArtefact(FileNotFoundError):
    """The trained weights are not where they should be; the message says how to make them."""


@dataclass(frozen=True)
class Head:
    """One question asked of a message: its labels, and how much each half counts."""

    labels: list[str]
    linear: float
    encoder: float

    def chances(self, linear: Array, encoder: Array) -> dict[str, float]:
        """The chance of each label by both halves together."""
        return dict(zip(self.labels, softmax(self.linear * linear + self.encoder * encoder).tolist(), strict=True))


class Linear:
    """The linear halves of the heads that `names` lists, side by side: int8 weights over the same buckets, with a scale and a bias per label."""

    def __init__(self, stored: Mapping[str, npt.NDArray[Any]], buckets: str, bits: int, names: Sequence[str]) -> None:
        self.idf: Array = stored[f"{buckets}.idf"].astype(np.float32)
        self._rows = np.full(1 << bits, -1, dtype=np.int64)  # of buckets no training message touched
        self._rows[stored[f"{buckets}.buckets"]] = np.arange(len(stored[f"{buckets}.buckets"]))
        self._weights, self._scale, self._bias = (
            np.concatenate([stored[f"{name}.{part}"] for name in names], axis=-1) for part in ("weights", "scale", "bias")
        )
        ends = np.cumsum([len(stored[f"{name}.bias"]) for name in names]).tolist()
        self._columns = {name: slice(start, end) for name, start, end in zip(names, [0, *ends], ends, strict=False)}

    def logits(self, index: npt.NDArray[np.int64], values: Array) -> dict[str, Array]:
        """Each head's scores per label of a message with these buckets and weights (`features.vector`)."""
        rows = self._rows[index]
        known = rows >= 0
        raw: Array = (values[known] @ self._weights[rows[known]].astype(np.float32)) * self._scale + self._bias
        return {name: raw[columns] for name, columns in self._columns.items()}


def softmax(logits: Array) -> Array:
    """Chances over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return out


class Reader:
    """Implements `Understander`. `extract(text, role=, context=, now=)` gives the entities written in the text."""

    def __init__(self, folder: Path, extract: Callable[..., Mapping[str, Any]]) -> None:
        try:
            self.meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            stored = np.load(folder / "weights.npz")
            self._encoder = Encoder.load(folder)
        except NoEncoder as error:
            raise NoArtefact(str(error)) from error
        except FileNotFoundError as error:
            raise NoArtefact(f"{error.filename} is missing; run `bricol train understanding`") from error
        except (ValueError, OSError, BadZipFile) as error:
            raise NoArtefact(f"the reader in {folder} is damaged ({error}); run `bricol train understanding`") from error
        heads: Mapping[str, Any] = self.meta["heads"]
        self._heads = {name: Head(info["labels"], info["linear"], info["encoder"]) for name, info in heads.items()}
        self._of_text = Linear(stored, "text", BITS, [name for name in heads if name != "language"])
        self._of_language = Linear(stored, "language", LANGUAGE_BITS, ["language"])
        self._extract = extract

    def understand(self, text: str, *, role: Role = "client", context: str | None = None, now: datetime | None = None) -> Understanding:
        """Reads one message of any length and content; never raises. See `Understander`."""
        thresholds = self.meta["thresholds"]
        script = script_of(text, fallback=script_of(context or ""))
        linear = self._of_text.logits(*vector(blocks(text, context), idf=self._of_text.idf))
        deep = self._encoder.read(chosen_option(text, context), context)

        def ask(head: str) -> dict[str, float]:
            return self._heads[head].chances(linear[head], deep[head])

        scores = ask(role)
        urgency, sentiment, danger, service = ask("urgency"), ask("sentiment"), ask("danger"), ask("service")
        intents = choose(scores, thresholds["second"])
        hit = find_hazard(text)
        told = not DANGER_TOLD_IN.isdisjoint(intents)
        if hit == "gas" or (SERVICE_TOLD_IN.isdisjoint(intents) and sum(scores.get(name, 0.0) for name in SERVICE_TOLD_IN) < WANTS_ONE):
            service = {"none": 1.0}  # a smell of gas is no trade's yet; a farewell names none
        in_danger = bool(hit) or (told and danger["true"] >= thresholds["danger"])
        level = max(urgency, key=lambda name: urgency[name])
        if hit or (told and urgency["emergency"] >= thresholds["emergency"]):
            level = "emergency"
        elif level == "emergency":
            level = "high"
        return Understanding(
            language=self._language(text, context, script, deep["language"]),
            script=script,
            intents=intents,
            entities=self._entities(text, role, context, now, service, thresholds["service"]),
            urgency=level,
            sentiment=max(sentiment, key=lambda name: sentiment[name]),
            danger=in_danger,
            confidence=scores[intents[0]],
            scores=dict(sorted(scores.items(), key=lambda item: -item[1])[:5]),
        )

    def _language(self, text: str, context: str | None, script: str, deep: Array) -> str:
        """Both halves' language head, the linear one helped by what we said before where the text is too short to tell.

        People change language in mid-talk: ours counts little for a text of some length, and the encoder, which read both, counts half.
        """
        head = self._heads["language"]
        logits = self._language_logits(text)
        if context:
            logits = logits + self._language_logits(context) * (1.0 if (n := letters(text)) < 2 else 0.2 if n < 8 else 0.05)
            deep = deep * np.float32(0.5)
        chances = head.chances(logits, deep)
        possible = ("ary", "ar") if script == "arab" else ("ary", "fr", "en")
        return max(possible, key=lambda label: chances[label])

    def _language_logits(self, text: str) -> Array:
        return self._of_language.logits(*vector(language_blocks(text), bits=LANGUAGE_BITS, idf=self._of_language.idf))["language"]

    def _entities(
        self, text: str, role: Role, context: str | None, now: datetime | None, service: dict[str, float], threshold: float
    ) -> dict[str, Any]:
        try:
            found = dict(self._extract(text, role=role, context=context, now=now))
        except Exception:  # a grammar that trips over strange input must not lose the whole message
            log.exception("entities could not be read")
            found = {}
        best = max(service, key=lambda name: service[name])
        if "service" not in found and best != "none" and service[best] >= threshold:
            found["service"] = best
        return found


def choose(scores: Mapping[str, float], second: float) -> tuple[str, ...]:
    """The main intent, then others that are nearly as likely (at least `second` times as likely); courtesy goes when another intent stands."""
    ranked = sorted(scores, key=lambda name: -scores[name])
    kept = [name for name in ranked[:3] if scores[name] >= second * scores[ranked[0]]]
    return tuple([name for name in kept if name not in SOCIAL] or kept[:1])
