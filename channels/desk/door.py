"""Signing in and out at the desk, and the language of its pages."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from channels.desk import pages
from channels.desk.accounts import Refused, genuine
from channels.desk.gate import COOKIE, Gate, foreign, guess
from prompts import desk as words

Token = Annotated[str, Form(max_length=100)]
Typed = Annotated[str, Form(max_length=400)]
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Wrong login or password."},
    403: {"description": "Another site's page sent this form."},
    429: {"description": "Too many tries."},
}


def routes(gate: Gate) -> APIRouter:
    """The door: who comes in gets a session, who leaves ends it."""
    router = APIRouter(tags=["desk"])

    @router.get("/desk/sign-in", response_class=Response)
    def sign_in_page(request: Request) -> Response:
        """Where a session begins."""
        return pages.page("sign_in", guess(request), problem="", login="")

    @router.post("/desk/sign-in", response_class=Response, responses=REFUSALS)
    def sign_in(request: Request, login: Token = "", password: Typed = "") -> Response:
        """Begins a session: a cookie that scripts cannot read."""
        locale = guess(request)
        if foreign(request):
            return pages.page("sign_in", locale, status=403, problem=words.say(locale, "errors.forged"), login="")
        try:
            cookie = gate.accounts.sign_in(login, password, request.client.host if request.client else "?")
        except Refused as refused:
            problem = words.say(locale, f"errors.{refused.code}", **({"seconds": int(refused.seconds) + 1} if refused.code == "slow" else {}))
            return pages.page("sign_in", locale, status=429 if refused.code == "slow" else 401, problem=problem, login=login[:40])
        answer = RedirectResponse("/desk", 303)
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=gate.secure, path="/")
        return answer

    @router.post("/desk/sign-out", response_class=Response)
    def sign_out(request: Request, csrf: Token = "") -> Response:
        """Ends the session."""
        who = gate.known(request)
        if who is not None and genuine(who, csrf):
            gate.accounts.sign_out(request.cookies.get(COOKIE))
        answer = RedirectResponse("/desk/sign-in", 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    @router.post("/desk/language", response_class=Response)
    def language(request: Request, csrf: Token = "", back: Token = "/desk") -> Response:
        """The interface in the other language."""
        who = gate.known(request)
        if who is not None and genuine(who, csrf):
            gate.accounts.speak(who, "fr" if who.locale == "ar" else "ar")
        return RedirectResponse(back if back.startswith("/desk") and "//" not in back else "/desk", 303)

    return router
