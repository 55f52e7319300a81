"""Nobody waits for the knowledge index: while it is read words alone answer, then the index does."""

from __future__ import annotations

import threading
from typing import Any

from bot.wiring import LateKnowledge, Later
from tools.context import Passage


class Says:
    def __init__(self, title: str) -> None:
        self.title = title

    def search(self, query: str, locale: str, k: int = 3) -> list[Passage]:
        return [Passage("warranty", self.title, query, "-", 1.0)]


def asked(knowledge: LateKnowledge) -> str:
    return knowledge.search("garantie ?", "fr")[0].title


def test_while_the_index_is_read_words_alone_answer() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def build() -> Any:
        begun.set()
        assert may_end.wait(10)
        return Says("index")

    knowledge = LateKnowledge(Later(build), Later(lambda: Says("words")))
    reading = threading.Thread(target=knowledge.warm)
    reading.start()
    assert begun.wait(10)
    during = asked(knowledge)
    may_end.set()
    reading.join(10)
    assert (during, asked(knowledge)) == ("words", "index")


def test_where_nobody_reads_it_ahead_the_first_question_does() -> None:
    assert asked(LateKnowledge(Later(lambda: Says("index")), Later(lambda: Says("words")))) == "index"


def test_an_index_that_cannot_be_read_is_tried_again_by_the_next_question() -> None:
    tries: list[int] = []

    def build() -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("the disk is full")
        return Says("index")

    knowledge = LateKnowledge(Later(build), Later(lambda: Says("words")))
    knowledge.warm()
    assert asked(knowledge) == "index"
