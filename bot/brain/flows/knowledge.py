"""Answers how Bricol works, in the words of its own documents; says so when they do not tell."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from bot.brain.act import Call, Result, Steps
from bot.brain.scene import Scene, cut

LONGEST = 420  # characters of a passage that are quoted
QUESTIONS = 2  # of one message that are answered
NEARLY = 0.6  # of the best score
_SENTENCE = re.compile(r"(?<=[.!?؟])\s+")


def faq(scene: Scene, topic: str | None = None) -> Steps:
    """Each question that was asked by a sentence of its own is looked up by itself; else the whole message. `topic`: only in that document."""
    questions = (*scene.heard.questions.get("ask_faq", ()), *scene.heard.questions.get("ask_payment", ()))[:QUESTIONS]
    answered: list[str] = []
    for question in questions:
        answered += yield from _answer(scene, question, topic)
    if not answered:
        answered = yield from _answer(scene, scene.heard.text, topic)
    if not answered:
        return scene.say("knowledge.unknown", over=True, options=(scene.option("talk_to_person", "go:human"),))
    return scene.say("knowledge.answer", over=True, text="\n\n".join(dict.fromkeys(answered)))


def _answer(scene: Scene, question: str, topic: str | None) -> Generator[Call, Result, list[str]]:
    query = " ".join(question.split())[:500]
    found = (yield Call("search_knowledge", {"query": query, "topic": topic, "locale": scene.locale})) if query else {}
    passages = [p for p in found.get("passages") or () if str(p.get("text") or "").strip()]
    return [together(passages)] if found.get("ok") and passages else []


def together(passages: list[dict[str, Any]]) -> str:
    """The best passage, and the next of its own topic when both are short and fit nearly as well: free until when, and what it costs later."""
    best, *others = passages
    text = short(str(best["text"]))
    for other in others:
        near = other.get("topic") == best.get("topic") and float(other.get("score") or 0) >= NEARLY * float(best.get("score") or 0)
        more = short(str(other.get("text") or ""))
        if near and more and len(text) + len(more) < LONGEST:
            return f"{text}\n{more}"
    return text


def short(text: str) -> str:
    """Whole sentences from the beginning, at most LONGEST characters; headings and list marks are left out."""
    lines = [re.sub(r"^[#>*\-\s]+", "", line).strip() for line in text.splitlines()]
    kept = ""
    for sentence in _SENTENCE.split(" ".join(line for line in lines if line)):
        if kept and len(kept) + len(sentence) + 1 > LONGEST:
            break
        kept = f"{kept} {sentence}".strip()
    return cut(kept.replace("**", ""), LONGEST + 100)
