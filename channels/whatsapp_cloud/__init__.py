"""WhatsApp through Meta's own Cloud API: signed webhooks in, its Graph API out."""

from channels.whatsapp_cloud.channel import WhatsAppCloud
from channels.whatsapp_cloud.settings import WhatsAppCloudSettings

__all__ = ["WhatsAppCloud", "WhatsAppCloudSettings"]
