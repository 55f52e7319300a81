"""Answers how Bricol works, in the words of its own documents; says so when they do not tell."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from bot.brain import answers
from bot.brain.act import Call, Result, Steps
from bot.brain.scene import Scene, cut

LONGEST = 420  # characters of a passage that are quoted
QUESTIONS = 2  # of one message that are answered
NEARLY = 0.6  # of the best score
ALONE = 0.6  # least score of what answers the one question of a story
LEAST_WORDS = 3  # of such a question: "is that normal?" asks nothing by itself
FOLLOW_UP = 12  # words of a question that leans on our last words
AS_MEANT = 0.5  # of the best score, and what was spoken of is meant
TOPICS = {"refund.": "refunds", "account.loyalty": "loyalty"}  # beginning of the key of our words -> topic of retrieval/documents
_SENTENCE = re.compile(r"(?<=[.!?؟])\s+")


def faq(scene: Scene, topic: str | None = None) -> Steps:
    """Each question that was asked by a sentence of its own is looked up by itself; else the whole message. `topic`: only in that document."""
    questions = (*scene.heard.questions.get("ask_faq", ()), *scene.heard.questions.get("ask_payment", ()))[:QUESTIONS]
    answered: list[str] = []
    for question in questions:
        answered += yield from _answer(scene, question, topic)
    if not answered and topic is None and spoken_of(scene) is None and (alone := amid_a_story(scene.heard.text)):
        answered = yield from _answer(scene, alone, least=ALONE)
    if not answered:
        answered = yield from _answer(scene, scene.heard.text, topic)
    if not answered:
        return scene.say("knowledge.unknown", over=True, options=(scene.option("talk_to_person", "go:human"),))
    return scene.say("knowledge.answer", over=True, text="\n\n".join(dict.fromkeys(answered)))


def amid_a_story(text: str) -> str | None:
    """The one sentence that asks, of several, or what asks behind a last comma: what is told around it would be looked up too."""
    sentences = [s.strip() for s in _SENTENCE.split(text.strip()) if s.strip()]
    asked = [s for s in sentences if answers.asks(s)]
    if len(asked) != 1:
        return None
    last = re.split("[,،:]", asked[0])[-1].strip()
    question = last if answers.asks(last) and len(last.split()) > LEAST_WORDS else asked[0]
    return question if question != text.strip() and len(question.split()) > LEAST_WORDS else None


def _answer(scene: Scene, question: str, topic: str | None = None, least: float = 0.0) -> Generator[Call, Result, list[str]]:
    """What is told of it, in that document, where it fits at least that well."""
    query = " ".join(question.split())[:500]
    passages = [p for p in (yield from _passages(scene, query, topic)) if float(p.get("score") or 0) >= least]
    if topic is None and (meant := spoken_of(scene)) and query and not any(p.get("topic") == meant for p in passages[:1]):
        of_it = yield from _passages(scene, query, meant)
        if of_it and float(of_it[0].get("score") or 0) >= AS_MEANT * float(passages[0].get("score") or 0 if passages else 0):
            passages = of_it
    return [together(passages)] if passages else []


def _passages(scene: Scene, query: str, topic: str | None = None) -> Generator[Call, Result, list[dict[str, Any]]]:
    found = (yield Call("search_knowledge", {"query": query, "topic": topic, "locale": scene.locale})) if query else {}
    return [p for p in found.get("passages") or () if str(p.get("text") or "").strip()] if found.get("ok") else []


def spoken_of(scene: Scene) -> str | None:
    """The topic of our last words, when what is asked is short and names no job: "and how long does it take?" after a refund."""
    if len(scene.heard.text.split()) > FOLLOW_UP or "service" in scene.heard.slots:
        return None
    return next((topic for begins, topic in TOPICS.items() if scene.before.key.startswith(begins)), None)


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
