"""Gives a reply its form on one channel: buttons where they fit, a list where they do not, else numbered text; one bubble a turn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from domain.engagement import sms
from domain.engagement.bidi import RLM, clean, isolate
from domain.engagement.reply import Option, Reply

CAPTION = 1024  # characters that WhatsApp and Telegram show below a photo
FormKind = Literal["text", "buttons", "list", "sms"]


class Shows(Protocol):
    """What the renderer must know of a channel (channels.base.Capabilities has it all). Lengths in characters."""

    @property
    def max_text(self) -> int: ...
    @property
    def buttons(self) -> int: ...
    @property
    def list_rows(self) -> int: ...
    @property
    def button_title(self) -> int: ...
    @property
    def row_title(self) -> int: ...
    @property
    def row_description(self) -> int: ...
    @property
    def rich_text(self) -> int: ...
    @property
    def media(self) -> bool: ...


@dataclass(frozen=True)
class Form:
    """One bubble, ready to be sent."""

    kind: FormKind
    text: str
    options: tuple[dict[str, str], ...] = ()  # [{"title","payload","description"}] for buttons and list
    media: str | None = None  # address of a photo that the channel shows above the words


def render(reply: Reply, channel: str, capabilities: Shows, *, one_part: bool = False) -> list[Form]:
    """The bubbles of a reply: always one today, since each is billed.

    `one_part` (offers to technicians) keeps an SMS within one part, two in Arabic letters, answers and links whole. Text too long for the
    channel loses its end at a sentence or a word, marked with "…"; options are never lost.
    A photo (`reply.extra["media"]`, an address) goes with words that fit below it, else its address follows them.
    """
    text, media = tidy(reply.text), reply.extra.get("media")
    if media and capabilities.media and not reply.options and len(text) <= min(capabilities.rich_text, CAPTION):
        return [Form("text", text, media=str(media))]
    text = f"{text}\n{media}".strip() if media else text
    options = tuple(Option(tidy(o.title), o.payload, tidy(o.description)) for o in reply.options)
    if channel == "sms":
        text = sms.to_gsm7(numbered(text, options))
        parts = 1 if sms.is_gsm7(text) else 2  # 70 Arabic letters hold a link and nothing of the job
        return [Form("sms", sms.fit(text, parts) if one_part else shorten(text, capabilities.max_text))]
    kind = _form(options, text, capabilities)
    if kind == "text":
        rows = numbered("", options, isolated=True) if options and not _shows_answers(text, options) else ""
        room = capabilities.max_text - (len(rows) + 1 if rows else 0)
        body = _isolated(text, room)
        return [Form("text", f"{body}\n{rows}" if body and rows else body or rows)]
    size = capabilities.row_description
    return [
        Form(
            kind,
            _isolated(text, capabilities.rich_text),
            tuple({"title": o.title, "payload": o.payload, "description": shorten(o.description, size)} for o in options),
        )
    ]


def _form(options: tuple[Option, ...], text: str, can: Shows) -> Literal["text", "buttons", "list"]:
    unique = len({o.title for o in options}) == len(options)
    if not options or not text or not unique or (len(text) > can.rich_text and can.max_text > can.rich_text):
        return "text"
    lists = len(options) <= can.list_rows and all(0 < len(o.title) <= can.row_title for o in options)
    untold = any(o.description and o.description not in text for o in options)
    if len(options) <= can.buttons and all(0 < len(o.title) <= can.button_title for o in options) and not (lists and untold):
        return "buttons"
    return "list" if lists else "text"


def tidy(text: str) -> str:
    """No control characters, no spaces at line ends, no more than one empty line in a row."""
    lines = "\n".join(line.strip() for line in clean(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def numbered(text: str, options: tuple[Option, ...], *, isolated: bool = False) -> str:
    """The text with one line per option: "1. title". Left as it is where the text already shows its numbered answers."""
    if not options or _shows_answers(text, options):
        return text
    rtl = any("\u0600" <= c <= "\u06ff" for c in text + "".join(o.title for o in options))
    mark = RLM if rtl and isolated else ""  # so that "1. Ahmed" stays on the right among Arabic lines
    rows = [f"{mark}{n}. {isolate(_row(o)) if isolated else _row(o)}" for n, o in enumerate(options, 1)]
    return "\n".join([text, *rows] if text else rows)


def _row(option: Option) -> str:
    return f"{option.title} ({option.description})" if option.description else option.title


def _shows_answers(text: str, options: tuple[Option, ...]) -> bool:
    """Whether every option's number already stands in the text as "1." "1)" or "1="."""
    return all(re.search(rf"(?<!\d){n} ?(?:=|[.)](?!\d))", text) for n in range(1, len(options) + 1))


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters (>= 1), ending at a sentence, else a word, and marked with "…" where something was cut."""
    if len(text) <= limit:
        return text
    if limit <= 1:
        return "…"[:limit]
    head = text[: limit - 1]
    ends = [m.end() for m in re.finditer(r"[.!?؟\n](?=\s|$)", head)]
    if ends and ends[-1] >= limit * 0.6:
        return head[: ends[-1]].rstrip() + "…"
    word = re.search(r"\s\S*$", head)
    return (head[: word.start()] if word and word.start() > limit // 2 else head).rstrip() + "…"


def _isolated(text: str, limit: int) -> str:
    """Shortened, then isolated; shortened further where the marks themselves would not fit."""
    room = limit
    while len(done := isolate(shorten(text, room))) > limit and room > 1:
        room -= max(1, len(done) - limit)
    return done if len(done) <= limit else shorten(text, limit)
