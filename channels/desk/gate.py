"""Knows who is at the desk's door: each request's session, role and token; what is refused is answered clearly and written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from channels.desk import audit
from channels.desk.accounts import Accounts, Signed, genuine
from channels.desk.acts import ActRefused
from domain.clock import Clock
from domain.store.database import Database
from domain.store.tables import Conversation
from prompts import desk as words

COOKIE = "bricol_desk"
NOT_NOW = (
    "no_refund", "taken", "not_yours", "session_closed", "no_consent", "erased", "letter_not_failed", "letter_erased", "letter_outdated",
    "letter_resent", "letter_channel", "letter_closed", "no_visit", "for_clients", "tool",
)  # fmt: skip
STATUS_OF = {"no_conversation": 404, "letter_missing": 404, "no_photo": 404, "photo_later": 503} | dict.fromkeys(NOT_NOW, 409)
ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is signed in, or the session expired."},
    403: {"description": "The role does not permit it, or the request was not made by our page."},
    404: {"description": "No such conversation."},
    409: {"description": "Not possible now; `says` tells why in the agent's language."},
}


class Gate:
    """`address`: ours as browsers know it; over https the cookie never leaves by http."""

    def __init__(self, db: Database, clock: Clock, address: str = "") -> None:
        self.db, self.clock = db, clock
        self.accounts = Accounts(db, clock)
        self.secure = address.startswith("https://")

    def known(self, request: Request, *, active: bool = True) -> Signed | None:
        """Who this is; None for nobody. `active`: a person asked, not a page that refreshes itself."""
        return self.accounts.signed(request.cookies.get(COOKIE), active=active)

    def signed(self, request: Request, *, active: bool = True) -> Signed:
        """Raises 401 for nobody."""
        who = self.known(request, active=active)
        if who is None:
            raise HTTPException(401, {"error": "expired", "says": words.say(guess(request), "errors.expired")})
        return who

    def may(self, request: Request, what: str, *, active: bool = True) -> Signed:
        """Who this is, if their role permits it. Raises 401, 403."""
        who = self.signed(request, active=active)
        if not who.may(what):
            self.refused(who, "role", None, what)
            raise HTTPException(403, {"error": "role", "says": words.say(who.locale, "errors.role")})
        return who

    def writer(self, request: Request, what: str | None = "talk") -> Signed:
        """Who makes this write, once it is sure that our own page made it. `what` None: the act itself looks who may."""
        who = self.may(request, what) if what else self.signed(request)
        if not genuine(who, request.headers.get("x-csrf")):
            self.refused(who, "forged", None, request.url.path)
            raise HTTPException(403, {"error": "forged", "says": words.say(who.locale, "errors.forged")})
        return who

    def refused(self, who: Signed, code: str, conversation_id: int | None, what: str) -> None:
        with self.db.transaction() as session:
            row = session.get(Conversation, conversation_id) if conversation_id else None
            audit.record(session, self.clock.now(), who.login, "refused", row, code=code, what=what[:60])

    def do(self, who: Signed, conversation_id: int | None, what: str, act: Callable[[], Any]) -> Any:
        """Runs an act; a refusal is a line of the audit and a clear answer in the agent's language."""
        try:
            return act()
        except ActRefused as refused:
            self.refused(who, refused.code, conversation_id, what)
            detail = {k: words.label(who.locale, "tool_errors", v) if k == "code" else v for k, v in refused.detail.items()}
            says = words.say(who.locale, f"errors.{refused.code}", **detail)
            raise HTTPException(STATUS_OF.get(refused.code, 422), {"error": refused.code, "says": says}) from None


def guess(request: Request) -> str:
    """The language of somebody who is not signed in."""
    return "ar" if request.headers.get("accept-language", "").lower().startswith("ar") else "fr"


def foreign(request: Request) -> bool:
    """Whether another site's page sent this form."""
    origin = request.headers.get("origin")
    return bool(origin) and origin != "null" and urlsplit(origin or "").netloc != request.headers.get("host", "")
