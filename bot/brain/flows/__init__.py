"""One file per business process. A flow is pure: it yields the tool calls it needs and ends with one thing to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.brain.act import Steps
from bot.brain.flows import (
    account,
    booking,
    cancel,
    chat,
    danger,
    knowledge,
    person,
    price,
    problem,
    rate,
    rebook,
    refund,
    reschedule,
    search,
    technician,
    track,
)
from bot.brain.scene import Scene

Flow = Callable[[Scene], Steps]

CLIENT: Mapping[str, Flow] = {
    "booking": booking.booking,
    "drop": booking.drop,
    "new_time": booking.new_time,
    "find": search.find,
    "availability": search.availability,
    "rebook": rebook.rebook,
    "price": price.price,
    "reschedule": reschedule.reschedule,
    "cancel": cancel.cancel,
    "consent": reschedule.consent,
    "track": track.track,
    "status": track.status,
    "refund": refund.refund,
    "refund_status": refund.refund_status,
    "complain": problem.complain,
    "damage": problem.damage,
    "danger": danger.danger,
    "rate": rate.rate,
    "human": person.human,
    "offer_human": person.offer_human,
    "lost": person.lost,
    "abuse": person.abuse,
    "threat": person.threat,
    "faq": knowledge.faq,
    "loyalty": account.loyalty,
    "join": account.join,
    "opt_out": account.opt_out,
    "private": account.private,
    "delete_data": account.delete_data,
    "language": account.language,
    "verify": account.verify,
    "named": account.named,
    "greet": chat.greet,
    "thank": chat.thank,
    "goodbye": chat.goodbye,
    "fine": chat.fine,
    "as_you_like": chat.as_you_like,
    "out_of_scope": chat.out_of_scope,
    "sorry": chat.sorry,
    "clarify": chat.clarify,
    "voice": chat.voice,
    "photo": chat.photo,
    "unsupported": chat.unsupported,
}
TECHNICIAN: Mapping[str, Flow] = {
    **technician.FLOWS,
    "human": person.human,
    "lost": person.lost,
    "abuse": person.abuse,
    "threat": person.threat,
    "faq": knowledge.faq,
    "opt_out": account.opt_out,
    "language": account.language,
    "voice": chat.voice,
    "unsupported": chat.unsupported,
    "thank": chat.thank,
    "sorry": chat.sorry,
}
