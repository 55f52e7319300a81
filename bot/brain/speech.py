"""Which language and script to answer in: the person's own, kept through answers too short to tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.brain import answers
from bot.brain.hear import Heard, plain
from bot.brain.state import State
from bot.brain.understanding.normalise import letters, mixed, script_of
from domain.engagement.reply import LOCALES, language_script_of, locale_of

#: A message of fewer words does not change the language of a conversation that has one.
WORDS_TO_SWITCH = 3
WORDS_OF_AN_ANSWER = 7


def locale_for(state: State, heard: Heard, facts: Mapping[str, Any], *, answer: bool) -> str:
    """`answer`: the message does nothing but answer what we asked."""
    known = state.locale or _of_facts(facts)
    if (facts.get("language_pinned") or state.pinned) and known:
        return known
    count = len(answers.fold(heard.text).split())
    if letters(heard.text) < 2 or (heard.option is not None and state.locale and count <= WORDS_OF_AN_ANSWER):
        return known or "ary-Latn"
    script = script_of(plain(heard.text))
    if state.locale is not None and heard.reading.language == "ary" and mixed(heard.text):
        script = language_script_of(state.locale)[1]  # both keyboards at once: the one spoken with so far
    mirrored = locale_of(heard.reading.language, script)
    if heard.spoken and state.locale is not None and state.locale.startswith("ary") and mirrored in ("ary-Arab", "ary-Latn", "ar"):
        return state.locale  # the script of a voice note is the recogniser's, not the person's
    if mirrored not in LOCALES:
        return known or "ary-Latn"
    if state.locale is None:  # nothing said yet: the profile decides only what the message cannot
        return known if known and count < 2 and facts.get("name") else mirrored
    if count < WORDS_TO_SWITCH:
        return state.locale
    if answer and count <= WORDS_OF_AN_ANSWER:
        return _in_script(state.locale, script, mirrored)
    return mirrored


def _in_script(locale: str, script: str, mirrored: str) -> str:
    """Too few words to change the language, enough to show that the keyboard was changed."""
    language, before = language_script_of(locale)
    if script == before:
        return locale
    return locale_of(language, script) if language == "ary" else mirrored


def _of_facts(facts: Mapping[str, Any]) -> str | None:
    return locale_of(str(facts["language"]), str(facts.get("script") or "latn")) if facts.get("language") else None
