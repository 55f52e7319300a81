"""Answers "how does it work" from the house's own documents, with their source."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from domain.engagement.reply import locale_of
from tools.spec import Args, tool
from tools.turn import Turn


class KnowledgeArgs(Args):
    query: str = Field(min_length=1, max_length=500, description="The question, in the person's own words.")
    topic: str | None = Field(None, description="Keep to one topic of the documents, as an earlier result named it.")
    locale: Literal["ary-Latn", "ary-Arab", "fr", "ar", "en"] | None = Field(
        None, description="The passages' language; without it, as the person was last spoken to."
    )


@tool("READ", who="both", personal=False)
def search_knowledge(turn: Turn, args: KnowledgeArgs) -> dict[str, Any]:
    """Looks up how Bricol works: payment, warranty, coverage, hours, cancellation, safety, joining. Empty passages: say you do not know.

    Answer only from the passages; never add amounts or promises that are not in them.
    """
    locale = args.locale or locale_of(turn.context.language, turn.context.script)
    found = turn.market.knowledge.search(args.query, locale, 3 if args.topic is None else 8)
    kept = [p for p in found if args.topic is None or p.topic == args.topic][:3]
    return {"passages": [{"topic": p.topic, "title": p.title, "text": p.text, "source": p.source, "score": round(p.score, 3)} for p in kept]}
