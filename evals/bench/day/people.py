"""The people of the day: clients who want something and answer what they are asked, technicians who take jobs and do them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from domain.engagement.reply import LOCALES
from domain.files import read_yaml
from domain.store.tables import Technician
from evals.bench.day.lines import Said
from prompts import wording

WORDS = Path(__file__).with_name("words.yaml")
#: What they come for, and how many in a hundred.
GOALS = {"book": 34, "move": 12, "cancel": 12, "track": 6, "price": 14, "faq": 10, "person": 12}
#: The channels they come by, and how many in a hundred.
CHANNELS = {"whatsapp": 45, "telegram": 20, "web": 20, "sms": 15}
PATIENCE = 14  # answers, after which a person gives up


@cache
def words() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read_yaml(WORDS)
    return found


@dataclass
class Client:
    """One conversation: who writes, on which channel, what for. `person`: their address there (a visitor's own name on web chat)."""

    number: int
    channel: str
    locale: str
    goal: str
    person: str
    phone: str
    service: str
    place: str
    hour: int
    day: str
    draw: random.Random
    ref: str = ""
    confirmed: bool = False
    code: str = ""
    said: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    wishes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        later = {"move": ["move"], "cancel": ["cancel"], "track": ["track"], "price": ["thanks"], "faq": ["thanks"]}
        self.wishes = list(later.get(self.goal, []))

    @property
    def name(self) -> str:
        return f"conversation {self.number} ({self.channel}, {self.locale}, {self.goal})"

    @property
    def reached(self) -> bool:
        """Whether they got what they came for, as far as they can tell."""
        return not self.wishes and (self.confirmed or self.goal in ("price", "faq", "person"))

    def opening(self) -> list[Said]:
        if self.goal in ("price", "faq", "person"):
            return [Said(self._say(self.goal))]
        whole = self._say("open", wish=self._say("wish", of=self.service))
        first, _, rest = whole.partition("، " if "، " in whole else ", ")
        # people send one thought in two messages; only these providers say in which order
        torn = self.channel in ("whatsapp", "telegram") and self.draw.random() < 0.3 and bool(rest)
        return [Said(first), Said(rest)] if torn else [Said(whole)]

    def hear(self, replies: Sequence[Mapping[str, Any]]) -> Said | None:
        """What they say to what reached them; None: nothing, now."""
        for reply in replies:
            self.ref = (reply.get("extra") or {}).get("ref") or self.ref
            self.confirmed = self.confirmed or str(reply.get("key")).startswith("notices.booking_confirmed")
        if self.said >= PATIENCE:
            return None
        said = self._answer(replies[-1])
        self.said += said is not None
        return said

    def _answer(self, reply: Mapping[str, Any]) -> Said | None:
        awaiting, options = reply.get("awaiting"), reply.get("options") or []
        if reply.get("key") == "account.ask_phone":
            return Said(self.phone, phone=self.phone)
        if awaiting:
            self.asked[awaiting] = self.asked.get(awaiting, 0) + 1
            if options and self.channel != "sms" and (self.draw.random() < 0.5 or self.asked[awaiting] > 2):
                return Said(options[0]["title"], payload=options[0]["payload"])
            return Said("1" if awaiting == "choice" or (options and self.asked[awaiting] > 2) else self._fact(str(awaiting)))
        if self.wishes and (self.confirmed or self.goal in ("price", "faq")):
            return Said(self._say(self.wishes.pop(0)))
        return None

    def _fact(self, awaiting: str) -> str:
        match awaiting:
            case "service":
                return self._say("wish", of=self.service)
            case "place":
                return f"{self.place}, {self._say('address')}"
            case "time":
                return self._say("when")
            case "confirm":
                return self._say("agree")
            case "code":
                return self.code or "000000"
            case "booking":
                return self.ref or "1"
            case "rating":
                return "5"
            case "amount":
                return "300"
            case "name" | "reason":
                return self._say(awaiting)
        return self._say("refuse")

    def more(self, number: int) -> Said:
        """Their words while a person at the desk has the conversation."""
        lines = words()[self.locale]["more"]
        return Said(lines[number % len(lines)])

    def _say(self, entry: str, of: str = "", **more: str) -> str:
        chosen = words()[self.locale][entry]
        chosen = chosen[of] if of else chosen
        line = self.draw.choice(chosen) if isinstance(chosen, list) else str(chosen)
        hour = self.hour + (1 if entry == "move" else 0)
        day = words()[self.locale][self.day]
        facts = {"place": self.place, "day": day, "hour": f"{hour}:00", "ref": self.ref, "n": str(self.number % 90 + 2), "m": "3"}
        return line.format(**{**facts, **more})


def clients(conversations: int, technicians: Sequence[Technician], openings: Sequence[int], draw: random.Random) -> list[Client]:
    """So many clients; each wishes a trade that somebody has, where they live. `openings`: the local hours at which they first write."""
    able = [(t, trade) for t in technicians for trade in t.trades if trade in words()["fr"]["wish"]]
    found = []
    for number in range(1, conversations + 1):
        locale = LOCALES[number % len(LOCALES)]
        [channel], [goal] = (draw.choices(list(share), list(share.values())) for share in (CHANNELS, GOALS))
        technician, service = draw.choice(able)
        phone = f"+2126710{number:05}"
        person = {"telegram": str(7_000_000 + number), "web": f"visitor {number}"}.get(channel, phone)
        today = openings[number - 1] + draw.randint(2, 4)
        day, hour = ("today", today) if today <= 17 and draw.random() < 0.7 else ("tomorrow", draw.randint(10, 17))
        place = wording.place_name(technician.city, technician.district, locale)
        own = random.Random(draw.random())
        found.append(Client(number, channel, locale, goal, person, phone, service, place, hour, day, own))
    return found
