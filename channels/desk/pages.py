"""Renders the desk's pages and serves their few files; nothing comes from anywhere else, and no page is kept by a browser."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from channels.desk import spans
from channels.desk.accounts import Signed
from channels.desk.acts import OUTCOMES
from domain.store.desk_tables import HAND_BACKS
from prompts import desk, wording

HERE = Path(__file__).parent
STATIC, TEMPLATES = HERE / "static", HERE / "templates"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
#: What the page's script says by itself.
SCRIPT_WORDS = ("page.live", "page.offline", "page.case_waiting", "page.notifications_on", "errors.expired", "errors.unavailable", "errors.no_photo")


def page(name: str, locale: str, who: Signed | None = None, status: int = 200, **values: Any) -> HTMLResponse:
    """templates/<name>.jinja for somebody who reads `locale`."""
    template = _environment().get_template(f"{name}.jinja")
    return HTMLResponse(template.render(_common(locale, who) | values), status, headers=HEADERS)


def _common(locale: str, who: Signed | None) -> dict[str, Any]:
    def say(key: str, **params: Any) -> str:
        return desk.say(locale, key, **params)

    return {
        "locale": locale,
        "rtl": locale == "ar",
        "me": who,
        "version": version(),
        "say": say,
        "label": lambda section, code: desk.label(locale, section, code),
        "span": lambda length: spans.span(length, locale),
        "money": lambda amount: wording.format_money(amount, locale),
        "when": lambda moment, now: wording.format_when(moment, locale, now),
        "service": lambda code: wording.names(locale)["services"].get(code, {}).get("work", code),
        "hour": spans.hour,
        "day": spans.day,
        "keys": desk.words(locale)["keys"],
        "outcomes": OUTCOMES,
        "hand_backs": HAND_BACKS,
        "services": sorted(((code, names.get("work", code)) for code, names in wording.names(locale)["services"].items()), key=lambda one: one[1]),
        "script_words": {key.partition(".")[2]: say(key) for key in SCRIPT_WORDS},
    }


@cache
def _environment() -> Environment:
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False, indent=1)
    return made


@cache
def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}


@cache
def version() -> str:
    """Changes when a file does, so that browsers may keep each for ever."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(name.encode() + content)
    return digest.hexdigest()[:12]
