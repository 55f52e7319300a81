"""The service of the day: the real house and app on a store in a folder, its clock set from outside, its providers on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

import retrieval
from bot import inbox, outbox, wiring
from bot.inline import InlineWorker
from bot.settings import Settings
from bot.wiring import House, Later
from channels.base import Channel
from channels.pace import Limit, Pace
from channels.telegram import Telegram, TelegramSettings
from channels.telegram.channel import EACH as TELEGRAM_EACH
from channels.twilio import TwilioSettings, TwilioSms
from channels.web import StoredPhotos, WebChat, WebSettings, history_of
from channels.whatsapp_cloud import WhatsAppCloud, WhatsAppCloudSettings
from channels.whatsapp_cloud.channel import EACH as WHATSAPP_EACH
from domain.clock import Clock
from evals import stage
from evals.providers import meta, telegram

PUBLIC = "https://bricol.example.ma"
ACCOUNT, TOKEN, NUMBER = "AC" + "0" * 32, "a token of the day, for signatures", "+212520000000"
#: Many people's minutes pass at one moment of the clock: a limit on all of them together would measure the clock.
NO_LIMIT = Limit(10**9, 1e-9)
LEFT_IN_SENDING = timedelta(seconds=60)  # as bot.worker's sweep


@dataclass(frozen=True)
class Urls:
    """Where the providers listen."""

    meta: str
    telegram: str
    twilio: str


@dataclass
class Moments:
    """The seconds a channel's pace is measured in: the day's clock, and what a pace slept through on top of it."""

    clock: Clock
    slept: float = 0.0

    def now(self) -> float:
        return self.clock.now().timestamp() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@dataclass
class Worker(InlineWorker):
    """Plays turns and sends as the durable worker does, in a fixed order; also what a worker that died left in `sending`."""

    ready = True

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def woken_by(self, arrivals: list[inbox.Arrival]) -> None:
        self.begun.update(arrival.conversation_id for arrival in arrivals)

    def spread(self) -> None: ...

    def sweep(self) -> None:
        """Takes up rows that a death left half sent."""
        with self.house.db.reading() as session:
            left = outbox.stuck(session, self.house.clock.now() - LEFT_IN_SENDING)
        for conversation_id, _, _ in left:
            outbox.deliver(self.house, conversation_id)


def build(folder: Path, urls: Urls, clock: Clock) -> House:
    """The house on the store of `folder`, with WhatsApp, Telegram, SMS and web; any process that builds it joins the same service."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=folder,
        burst_seconds=0,
        demo=False,
        public_url=PUBLIC,
        secret=SecretStr("a secret of the day, thirty-two characters"),
        world=stage.world_file("demo"),
    )
    rules = stage.rules(settings.world)
    house = wiring.build(settings, clock=clock, channels={}, knowledge=retrieval.by_words(rules), rules=rules)
    house.channels = _channels(house, urls)
    house.late_understander = Later(stage.understander)
    house.late_agent = Later(lambda: wiring._agent(settings, house.market, stage.understander()))
    return house


def _channels(house: House, urls: Urls) -> dict[str, Channel]:
    moments = Moments(house.clock)
    cloud = WhatsAppCloudSettings(meta.PHONE_ID, meta.TOKEN, meta.APP_SECRET, meta.VERIFY, base_url=urls.meta, evidence_seconds=0)
    bot = TelegramSettings(telegram.TOKEN, telegram.SECRET, public_url=PUBLIC, base_url=urls.telegram)
    sms = TwilioSettings(ACCOUNT, TOKEN, sms_from=NUMBER, public_url=PUBLIC, base_url=urls.twilio)
    web = WebSettings(house.market.secret, PUBLIC, burst=10_000, new_sessions_per_minute=10_000)
    return {
        "whatsapp": WhatsAppCloud(cloud, Pace(NO_LIMIT, WHATSAPP_EACH, moments.now, moments.sleep)),
        "telegram": Telegram(bot, Pace(NO_LIMIT, TELEGRAM_EACH, moments.now, moments.sleep)),
        "sms": TwilioSms(sms),
        "web": WebChat(web, history_of(house.db), StoredPhotos(house.db, house.clock)),
    }
