"""How we speak to people: what a reply is, the form it takes, what it costs, and when silence is owed."""

from domain.engagement.quiet import Decision, may_send, quiet_until
from domain.engagement.render import Form, render

__all__ = ["Decision", "Form", "may_send", "quiet_until", "render"]
