"""No amount, share, reference or phone in a reply that the conversation, the tools or the house's own words do not support."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.middleware.claims import Claim, Evidence, claims
from evals.findings import Finding
from evals.graders.case import Case
from evals.graders.values import plain
from prompts import replies

#: Kinds that are checked. Hours and days may be understood from words ("m3a tlata", "ghedda"), where no digits support them.
CHECKED = ("amount", "percent", "ref", "phone")
PLACEHOLDER = re.compile(r"\{\w+\}")


def findings(case: Case) -> list[Finding]:
    """One finding per unsupported value; evidence is what was known up to that turn, its own tool results included."""
    return list(_found(case))


def _found(case: Case) -> Iterator[Finding]:
    known = Evidence()
    known.add_json({k: float(v) for k, v in vars(case.rules).items() if not isinstance(v, str)})
    known.numbers |= {n * 100 for n in tuple(known.numbers) if 0 < n < 1}
    notices = list(case.notices)
    for number, exchange in enumerate(case.exchanges):
        while notices and notices[0].after <= number:
            known.add_text(plain(notices.pop(0).text))  # written by the house from rows, not by a brain
        known.add_text(plain(exchange.said), person=True)
        known.add_json({k: v for k, v in exchange.facts.items() if k != "now"})
        known.add_json(dict(exchange.understanding.get("entities") or {}))
        for call in exchange.calls:
            known.add_json(dict(call.result))
            if call.result.get("ok"):
                known.add_json(dict(call.args))
        reply = exchange.reply or {}
        text = plain(str(reply.get("text", "")))
        own = _own(str(reply.get("key", "")))
        for claim in claims(text):
            if claim.kind in CHECKED and not known.supports(claim) and (claim.kind, claim.value) not in own:
                yield _finding(claim, exchange.place, text)
        known.add_text(text)


def _finding(claim: Claim, place: int | None, text: str) -> Finding:
    return Finding("grounding", f"{claim.kind} {claim.written!r} is nowhere in what was known", place, got=text, hard=False)


@cache
def _own(key: str) -> frozenset[tuple[str, object]]:
    """Values that the reply's own entry, and the notes of safety, say by themselves in any locale."""
    entries = [text for locale in replies.LOCALES for name, texts in replies.entries(locale).items() if name == key or name.startswith("safety.")
               for text in texts]  # fmt: skip
    return frozenset((c.kind, c.value) for text in entries for c in claims(PLACEHOLDER.sub("…", text)))
