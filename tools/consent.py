"""The second half of consent: the person's yes or no to a proposal, in a later turn than the proposal."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from domain.errors import DomainError
from tools.proposals import ON_CONFIRM, ON_DECLINE, take
from tools.spec import Args, RowId, tool
from tools.turn import Turn


class ProposalArgs(Args):
    proposal_id: RowId = Field(description="The proposal_id a propose_* tool (or a notice) gave.")


@tool("WRITE", who="client")
def confirm_proposal(turn: Turn, args: ProposalArgs) -> dict[str, Any]:
    """Carries out a proposal after the person has said yes to it.

    Call it only when the person's LATEST message agrees to exactly what was proposed in an EARLIER turn. It works once, before the proposal
    expires. In the turn that proposed it answers `same_turn`: show the summary, then wait for the person.
    `proposal_gone` means it was used, replaced or expired: propose again.
    """
    proposal = take(turn, args.proposal_id)
    effect = ON_CONFIRM.get(proposal.kind)
    if effect is None:
        raise DomainError("proposal_gone", kind=proposal.kind)
    proposal.status = "confirmed"
    turn.session.flush()
    return {"kind": proposal.kind, **effect(turn, proposal)}


@tool("WRITE", who="client")
def decline_proposal(turn: Turn, args: ProposalArgs) -> dict[str, Any]:
    """Closes a proposal the person said no to, so that a later yes cannot revive it. Nothing else changes."""
    proposal = take(turn, args.proposal_id)
    proposal.status = "declined"
    turn.session.flush()
    effect = ON_DECLINE.get(proposal.kind)
    return {"kind": proposal.kind, **(effect(turn, proposal) if effect else {})}
