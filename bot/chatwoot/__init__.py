"""The bridge to Chatwoot: what is escalated here is answered there, with the desk's own acts and promises."""

from bot.chatwoot.bridge import Bridge

__all__ = ["Bridge"]
