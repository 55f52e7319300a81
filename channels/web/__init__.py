"""The chat page on our own site: a web socket that neither loses nor repeats a message, and the page that speaks it."""

from channels.web.channel import WebChat
from channels.web.history import History, RecentSms, Said, history_of, recent_sms_of
from channels.web.photos import Photos, StoredPhotos
from channels.web.settings import WebSettings

__all__ = ["History", "Photos", "RecentSms", "Said", "StoredPhotos", "WebChat", "WebSettings", "history_of", "recent_sms_of"]
