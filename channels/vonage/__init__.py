"""SMS through Vonage's SMS API: signed webhooks in, its REST API out."""

from channels.vonage.channel import VonageSms
from channels.vonage.settings import VonageSettings

__all__ = ["VonageSettings", "VonageSms"]
