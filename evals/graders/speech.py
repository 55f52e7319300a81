"""Every reply in the language and script the person last wrote in, not only where a scenario asks for it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.brain.understanding.base import Understander
from evals.findings import Finding
from evals.graders.case import Case
from evals.graders.values import plain

SHORTEST = 4  # words of a message that show its language; "ok", "1" and a street do not


def findings(case: Case, understander: Understander) -> list[Finding]:
    """Told, not failing: a person may switch, and short messages belong to several languages. The scenario's own `language` is the start."""
    return list(_found(case, understander))


def _found(case: Case, understander: Understander) -> Iterator[Finding]:
    language, script = case.language, case.script
    for exchange in case.exchanges:
        if any(c.tool == "set_language" and c.result.get("ok") for c in exchange.calls):
            call = next(c for c in exchange.calls if c.tool == "set_language")
            language, script = str(call.args.get("language") or language), str(call.args.get("script") or script)
        elif len(exchange.said.split()) >= SHORTEST:
            heard = understander.understand(exchange.said)
            language, script = heard.language, heard.script
        text = plain(str((exchange.reply or {}).get("text", "")))
        if len(text.split()) < SHORTEST:
            continue
        spoken = understander.understand(text)
        if spoken.script != script:
            yield Finding("speech", f"script {script} expected, is {spoken.script}", exchange.place, script, text, hard=False)
        elif spoken.language != language and not {spoken.language, language} <= {"ary", "ar"}:
            why = f"language {language} expected, the identifier hears {spoken.language}"
            yield Finding("speech", why, exchange.place, language, text, hard=False)
