"""The desk where people take over: who works there, what waits, one conversation with everything about it, and what may be done in it."""

from channels.desk.acts import ActRefused, Acts
from channels.desk.desk import Desk

__all__ = ["ActRefused", "Acts", "Desk"]
