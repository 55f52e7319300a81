"""Turns a lesson into tokens and marks which of them are learnt: the assistant's own words and calls, and where they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from finetune.llm.data import Lesson
from finetune.llm.templates import BadTemplate, Family, show

IGNORED = -100  # the label of a token that is not learnt


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels of equal length; a label is the token itself where it is learnt, else IGNORED."""

    id: str
    ids: tuple[int, ...]
    labels: tuple[int, ...]

    @property
    def learnt(self) -> int:
        return sum(label != IGNORED for label in self.labels)


def encode(lesson: Lesson, tokenizer: Any, family: Family, most_tokens: int) -> Encoded | None:
    """The lesson in at most `most_tokens`, its oldest exchanges left out where it is longer; None where nothing learnt is left.

    Raises BadTemplate for a template whose text of the first messages is not how its text of all messages begins.
    """
    messages, tools = list(lesson.messages), list(lesson.tools)
    while messages:
        found = _encoded(lesson.id, messages, tools, tokenizer, family)
        if len(found.ids) <= most_tokens:
            return found if found.learnt else None
        messages = _without_oldest(messages)
    return None


def _encoded(name: str, messages: list[dict[str, Any]], tools: list[dict[str, Any]], tokenizer: Any, family: Family) -> Encoded:
    plain = [{k: v for k, v in m.items() if k != "weight"} for m in messages]
    text = show(tokenizer, family, plain, tools)
    spans = []
    for n, message in enumerate(messages):
        if message["role"] != "assistant" or not message.get("weight", 1):
            continue
        before, after = show(tokenizer, family, plain[:n], tools, answer_next=True), show(tokenizer, family, plain[: n + 1], tools)
        if not (text.startswith(after) and after.startswith(before)):
            raise BadTemplate(f"template {family.name} shows message {n + 1} of {name} otherwise than alone; use another --template")
        # up to the end token: what follows it is written by the server, not by the model
        end = after.rfind(family.end, len(before))
        spans.append((len(before), end + len(family.end) if end >= 0 else len(after)))
    tokens = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    labels, place = [], 0
    for token, (start, end) in zip(tokens["input_ids"], tokens["offset_mapping"], strict=True):
        while place < len(spans) and start >= spans[place][1]:
            place += 1
        inside = place < len(spans) and spans[place][0] <= start and end <= spans[place][1] and end > start
        labels.append(token if inside else IGNORED)
    return Encoded(name, tuple(tokens["input_ids"]), tuple(labels))


def _without_oldest(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the first message of the person and all up to the next; empty when there is no next."""
    asked = [n for n, m in enumerate(messages) if m["role"] == "user"]
    if len(asked) < 2:
        return []
    manual = messages[:1] if messages[0]["role"] == "system" else []
    return manual + messages[asked[1] :]
