"""Chatwoot, for teams that already have a desk there: signed webhooks in, its REST API out. What is done with them: bot/chatwoot."""

from channels.chatwoot.api import Api, Down, Refusal, Upload
from channels.chatwoot.inbound import Event
from channels.chatwoot.settings import ChatwootSettings

__all__ = ["Api", "ChatwootSettings", "Down", "Event", "Refusal", "Upload"]
