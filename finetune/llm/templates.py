"""Which words go around messages, tools and tool calls for a family of models: templates/<family>.yaml, or the tokenizer's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.files import read_yaml

FOLDER = Path(__file__).parent / "templates"
OWN = "tokenizer"
#: A conversation with everything in it: what a template must be able to show.
PROBE: list[dict[str, Any]] = [
    {"role": "system", "content": "manual-word"},
    {"role": "user", "content": "asked-word"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "probe_tool", "arguments": {"a": "arg-word"}}}],
    },
    {"role": "tool", "tool_call_id": "c1", "name": "probe_tool", "content": "result-word"},
    {"role": "assistant", "content": "answer-word"},
]
NOTHING = {"type": "object", "properties": {}}
PROBE_TOOLS = [{"type": "function", "function": {"name": "probe_tool", "description": "listing-word", "parameters": NOTHING}}]


class BadTemplate(Exception):
    """No template fits the model; the message says which can be tried."""


@dataclass(frozen=True)
class Family:
    """`end` closes a message and is one token of the model; `parser`: what a server reads tool calls with."""

    name: str
    template: str
    end: str
    parser: str
    models: tuple[str, ...] = ()


def families() -> dict[str, Family]:
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        raw = read_yaml(path)
        found[path.stem] = Family(path.stem, raw["template"], raw["end"], raw["parser"], tuple(raw["models"]))
    return found


def choose(tokenizer: Any, model_type: str, wanted: str = "auto") -> Family:
    """The family called `wanted`; "tokenizer": its own template; "auto": its own where it shows tools, else by the model's type.

    Raises BadTemplate.
    """
    known = families()
    if wanted == OWN:
        if problem := own_problem(tokenizer):
            raise BadTemplate(f"the tokenizer's own template {problem}; use --template {' or '.join(known)}")
        return _own(tokenizer)
    if wanted in known:
        return _fitting(known[wanted], tokenizer)
    if wanted != "auto":
        raise BadTemplate(f"unknown template {wanted!r}; one of auto, {OWN}, {', '.join(known)}")
    if own_problem(tokenizer) is None:
        return _own(tokenizer)
    for family in known.values():
        if model_type in family.models:
            return _fitting(family, tokenizer)
    choices = ", ".join(known)
    raise BadTemplate(f"no template for models of type {model_type!r}; name one with --template {choices}, or add a file to finetune/llm/templates/")


def show(tokenizer: Any, family: Family, messages: list[dict[str, Any]], tools: list[dict[str, Any]], *, answer_next: bool = False) -> str:
    """The conversation as the model reads it; `answer_next`: up to where its answer begins."""
    text = tokenizer.apply_chat_template(
        messages, tools=tools or None, chat_template=family.template, tokenize=False, add_generation_prompt=answer_next
    )  # fmt: skip
    return str(text)


def own_problem(tokenizer: Any) -> str | None:
    """Why the tokenizer's own template cannot teach tool calls; None when it can."""
    own = getattr(tokenizer, "chat_template", None)
    if not own:
        return "is not there"
    if not isinstance(own, str):
        return "is several"
    family = Family(OWN, own, str(tokenizer.eos_token or ""), "")
    try:
        full = show(tokenizer, family, PROBE, PROBE_TOOLS)
        starts = [show(tokenizer, family, PROBE[:n], PROBE_TOOLS) for n in (3, 4)]
    except Exception as error:
        return f"refuses tools or a system message ({type(error).__name__})"
    missing = [word for word in ("manual-word", "asked-word", "arg-word", "listing-word", "result-word", "answer-word") if word not in full]
    if missing:
        return f"leaves out {missing[0]} of a conversation with tools"
    return None if all(full.startswith(start) for start in starts) else "rewrites earlier messages, so that what is learnt is not what is shown"


def _own(tokenizer: Any) -> Family:
    if not tokenizer.eos_token:
        raise BadTemplate("the tokenizer has no end token; use --template with a family")
    return Family(OWN, tokenizer.chat_template, str(tokenizer.eos_token), "")


def _fitting(family: Family, tokenizer: Any) -> Family:
    ids = tokenizer(family.end, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        others = ", ".join(name for name in (OWN, *families()) if name != family.name)
        raise BadTemplate(f"template {family.name} ends messages with {family.end}, which this model has not as one token; try --template {others}")
    return family
