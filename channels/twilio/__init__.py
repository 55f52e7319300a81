"""WhatsApp and SMS through Twilio: signed webhooks in, its REST API out."""

from channels.twilio.channel import TwilioSms, TwilioWhatsApp
from channels.twilio.settings import TwilioSettings

__all__ = ["TwilioSettings", "TwilioSms", "TwilioWhatsApp"]
