"""How a phone is shown to somebody who has not proven it: enough to recognise, too little to learn."""

from __future__ import annotations


def masked(phone: str) -> str:
    """ "+212661000101" -> "+212*****101"."""
    return f"{phone[:4]}*****{phone[-3:]}"
