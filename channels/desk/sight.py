"""Gathers what a page of the desk shows, and writes down whose conversation was looked at."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from fastapi import HTTPException
from sqlalchemy import select

from channels.desk import audit, find, letters, queue, talk
from channels.desk.accounts import Signed
from channels.desk.acts import Acts, Suggestion
from channels.desk.summary import summarise
from channels.desk.talk import Talk
from domain.clock import Clock
from domain.rules import MarketRules
from domain.store import dead_letters
from domain.store.database import Database
from domain.store.desk_tables import RegressionRequest
from domain.store.tables import Conversation, Proposal
from prompts import desk as words
from prompts import wording

log = logging.getLogger(__name__)


class Sight:
    def __init__(self, db: Database, clock: Clock, rules: MarketRules, acts: Acts) -> None:
        self.db, self.clock, self.rules, self.acts = db, clock, rules, acts

    def queue(self, who: Signed) -> dict[str, Any]:
        """The open cases in three groups: nobody's, mine, colleagues'."""
        now = self.clock.now()
        with self.db.reading() as session:
            items = queue.read(session, now, self.rules)
            known = audit.seen(session, now, who.login, "saw_queue")
            unsent = dead_letters.waiting(session) if who.may("letters") else 0
        if not known:
            with self.db.transaction() as session:
                audit.record(session, now, who.login, "saw_queue", cases=len(items))
        groups = (
            ("to_take", [i for i in items if i.owner is None]),
            ("mine", [i for i in items if i.owner == who.login]),
            ("others", [i for i in items if i.owner not in (None, who.login)]),
        )
        return {"groups": groups, "now": now, "open_id": None, "unsent": unsent}

    def find(self, who: Signed, words: str) -> dict[str, Any]:
        """Conversations of the people meant; each search is a line of the audit, without what was searched."""
        now = self.clock.now()
        with self.db.transaction() as session:
            kind, found = find.find(session, words)
            audit.record(session, now, who.login, "searched", by=kind, found=len(found))
        return {"found": found, "kind": kind, "now": now}

    def letters(self, who: Signed) -> dict[str, Any]:
        """What failed for good; whose and what it was only for who reads conversations, and then as a line of the audit."""
        now, personal = self.clock.now(), who.may("talk")
        with self.db.reading() as session:
            found = letters.read(session, now, personal=personal)
            known = audit.seen(session, now, who.login, "saw_unsent")
        if not known:
            with self.db.transaction() as session:
                audit.record(session, now, who.login, "saw_unsent", letters=len(found), personal=personal)
        return {"letters": found, "now": now, "personal": personal}

    def talk(self, who: Signed, conversation_id: int) -> dict[str, Any]:
        """Everything the page of one conversation shows; the first look within some minutes is a line of the audit."""
        now = self.clock.now()
        with self.db.reading() as session:
            found = talk.read(session, conversation_id)
            if found is None:
                raise HTTPException(404, {"error": "no_conversation", "says": words.say(who.locale, "errors.no_conversation")})
            known = audit.seen(session, now, who.login, "viewed", found.row)
            names = queue.names_of(session)
            alive = (Proposal.status == "open") & (Proposal.expires_at > now)
            proposals = list(session.scalars(select(Proposal).where(Proposal.conversation_id == conversation_id, alive)))
            wanted = session.scalar(select(RegressionRequest.id).where(RegressionRequest.conversation_id == conversation_id))
        if not known:
            with self.db.transaction() as session:
                audit.record(session, now, who.login, "viewed", session.get(Conversation, conversation_id))
        mine = found.row.owner == "human" and found.row.desk == who.login
        return {
            "talk": found,
            "open_id": conversation_id,
            "mine": mine,
            "owner": names.get(found.row.desk or "", found.row.desk) if found.row.owner == "human" else None,
            "names": names,
            "summary": summarise(found, now, who.locale),
            "suggestions": self._suggest(found) if mine else [],
            "canned": _canned(found, who, now) if mine else {},
            "tools": self.acts.tools(found.row.role),
            "proposals": proposals if mine else [],
            "deciding": [r for r in found.refunds if r.status == "requested"] if who.may("refunds") else [],
            "closed_session": self.acts.session_closed(conversation_id),
            "wanted": wanted is not None,
            "place": _place(found, who.locale),
        }

    def _suggest(self, found: Talk) -> list[Suggestion]:
        last = found.last_words
        try:
            return list(self.acts.suggest(last.text, found.locale)) if last else []
        except Exception:  # an index that cannot be read is no reason to show no conversation
            log.exception("no suggestions for conversation %s", found.row.id)
            return []


def _place(found: Talk, locale: str) -> dict[str, str]:
    """Where the client usually wants somebody, in the agent's language; empty where it is not known or not theirs to be shown."""
    client = found.client if found.row.verified else None
    if client is None or not client.city:
        return {"city": "", "district": ""}
    return {"city": wording.city_name(client.city, locale), "district": wording.district_name(client.district, locale, client.city) or ""}


def _canned(found: Talk, who: Signed, now: datetime) -> dict[str, str]:
    """Ready replies in the person's own language-script, with what we know filled in."""
    person = found.client or found.technician
    booking = next((b for b in found.bookings if b.status in ("offered", "confirmed", "en_route", "arrived", "disputed", "done")), None)
    refund = found.refunds[0] if found.refunds else None
    known = {"agent": who.name, "name": (person.name or "").split(" ")[0] if person and found.row.verified else ""}
    if booking is not None:
        known |= {"ref": booking.ref, "technician": booking.technician.name if booking.technician else ""}
        known["when"] = wording.format_when(booking.start_local, found.locale, now)
    if refund is not None:
        known["amount"] = wording.format_money(refund.amount_mad, found.locale)
    return {key: words.filled(text, known) for key, text in words.canned(found.locale).items()}
