"""The one decision about a message that is ready: may it leave, when, on which channel and in which form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from domain.engagement.quiet import Category, may_send
from domain.engagement.tariff import MessageTariff

Form = Literal["text", "buttons", "list", "template", "sms"]
Action = Literal["send", "wait", "drop", "fail"]

#: Worth another channel where the person's own cannot take them; a reply or a code stays where it was asked for.
MAY_MOVE: frozenset[Category] = frozenset({"notice", "reminder"})


@dataclass(frozen=True)
class Route:
    """One channel on which the person can be reached, as things stand now. The first of several is the one they prefer: where they wrote."""

    channel: str
    free: Form | None = "text"  # the form that free words take there; None: the channel is not configured
    parts: int = 1  # of an SMS, in the alphabet of these words
    open: bool = True  # free words may leave: no session rule, or the person wrote within it
    template: bool = False  # an approved template says this in the person's language, all its values known
    wait: timedelta = timedelta(0)  # until the provider's limits (this person, the whole account) have room


@dataclass(frozen=True)
class Plan:
    """`route` and `form` with "send" (and with "wait": the one that would be taken now); `until` (UTC) with "wait"; `why` with "drop" and "fail"."""

    action: Action
    route: Route | None = None
    form: Form | None = None
    until: datetime | None = None
    why: str = ""
    mad: float = 0.0  # what sending costs


def plan(
    category: Category,
    routes: Sequence[Route],
    *,
    now: datetime,
    quiet_hours: str,
    opted_out: bool,
    taken_over: bool = False,
    prices: MessageTariff,
) -> Plan:
    """What to do with a message of `category`, now (aware).

    Order of the rules: a draft of the bot after a person took over, and what somebody who said STOP did not ask for, never leave; what nobody
    waits for is silent in quiet hours ("HH:MM-HH:MM", local); the preferred channel is left only by notices and reminders, and only where
    nothing may leave there; of the forms that may, the cheapest; what the provider's limits hold back waits for them.
    """
    if taken_over and category == "reply":
        return Plan("drop", why="a person took the conversation over")
    decision = may_send(category, now, quiet_hours, opted_out)
    if decision.action == "never":
        return Plan("drop", why="the person asked for no such messages")
    chosen = _cheapest(routes[:1], prices) or (_cheapest(routes[1:], prices) if category in MAY_MOVE else None)
    if decision.action == "wait_until":
        return replace(chosen or Plan("wait"), action="wait", until=decision.until)
    if chosen is None:
        return Plan("fail", why=_why(routes[0]) if routes else "nobody to send it to")
    if chosen.route is not None and chosen.route.wait:
        return Plan("wait", chosen.route, chosen.form, now + chosen.route.wait, mad=chosen.mad)
    return chosen


def allowed(route: Route) -> list[Form]:
    """The forms that may leave on a route: free words while it is open, a template at any time."""
    free: list[Form] = [route.free] if route.free is not None and route.open else []
    return [*free, "template"] if route.template and route.free is not None else free


def _cheapest(routes: Sequence[Route], prices: MessageTariff) -> Plan | None:
    """The cheapest allowed form; of equals the one that can leave sooner, then the first: free words before a template."""
    plans = [Plan("send", route, form, mad=prices.price(route.channel, form, route.parts)) for route in routes for form in allowed(route)]
    return min(plans, key=lambda p: (p.mad, p.route.wait if p.route else timedelta(0)), default=None)


def _why(route: Route) -> str:
    if route.free is None:
        return f"channel {route.channel} is not configured"
    return "session closed: the person wrote too long ago, an approved template is needed"
