"""The one place where objects are built: store, market, channels and agent, once per process, handed down from here."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import learnt
from bot.onetap import OneTapLinks
from bot.settings import Settings
from channels.base import Channel
from domain.clock import Clock, SystemClock
from domain.files import read_yaml
from domain.rules import MarketRules
from domain.store.database import Database
from tools.context import Knowledge, Market, Passage

if TYPE_CHECKING:
    from bot.agent import Agent
    from bot.brain.understanding.base import Understander
    from bot.chatwoot import Bridge
    from bot.voice.listen import Ears
    from bot.voice.transcriber import Transcriber
    from channels.chatwoot import ChatwootSettings

log = logging.getLogger(__name__)


class Later:
    """Builds a slow object when it is first asked for, once, whoever asks: the server listens before the models are read."""

    def __init__(self, build: Any) -> None:
        self._build, self._lock, self._value, self._ready = build, threading.Lock(), None, False

    def __call__(self) -> Any:
        if not self._ready:
            with self._lock:
                if not self._ready:
                    self._value = self._build()
                    self._ready = True
        return self._value

    @property
    def ready(self) -> bool:
        return self._ready


class LateKnowledge:
    """The knowledge index, read (and the first time built) at the first search, or before it by `warm`; while that goes on, words alone answer."""

    def __init__(self, later: Later, by_words: Later) -> None:
        self._later, self._by_words = later, by_words
        self._warming = False

    def warm(self) -> None:
        """Reads the index now, so that nobody waits for it. Raises nothing: what fails is logged, and the first search tries again."""
        began = time.monotonic()
        log.info("reading the knowledge index; until it is ready, questions are answered by words alone (a first index takes some 20 s)")
        self._warming = True
        try:
            self._later()
        except Exception:
            log.exception("the knowledge index cannot be read")
        else:
            log.info("the knowledge index is ready after %.0f s", time.monotonic() - began)
        finally:
            self._warming = False

    def search(self, query: str, locale: str, k: int = 3) -> list[Passage]:
        waits = self._warming and not self._later.ready
        knowledge: Knowledge = self._by_words() if waits else self._later()
        return knowledge.search(query, locale, k)


@dataclass
class House:
    """Everything a worker, a server or a terminal needs. Close it when done."""

    settings: Settings
    db: Database
    clock: Clock
    rules: MarketRules
    market: Market
    channels: dict[str, Channel]
    late_agent: Later
    late_understander: Later
    bridge: Bridge | None = None  # to a desk elsewhere; None: there is none
    ears: Ears | None = None  # None: voice notes are not heard, a kind reply asks for words
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def agent(self) -> Agent:
        agent: Agent = self.late_agent()
        return agent

    @property
    def understander(self) -> Understander:
        understander: Understander = self.late_understander()
        return understander

    def close(self) -> None:
        self.db.close()


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    channels: dict[str, Channel] | None = None,
    agent: Any = None,
    knowledge: Any = None,
    rules: MarketRules | None = None,
    transcriber: Transcriber | None = None,
) -> House:
    """The house of these settings. `channels`, `agent`, `knowledge`, `clock`, `rules` and `transcriber` replace what the settings would give."""
    from bot.voice.listen import ears

    hearing = ears(settings, transcriber)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    clock = clock or SystemClock()
    db = Database(settings.store_url)
    rules = rules or world_rules(settings.world)
    secret = settings.secret_bytes()
    late_understander = Later(_understander)
    market = Market(
        db=db,
        clock=clock,
        rules=rules,
        knowledge=knowledge or LateKnowledge(Later(lambda: _knowledge(settings, rules)), Later(lambda: _by_words(rules))),
        links=OneTapLinks(settings.address, secret),
        secret=secret,
        learnt=learnt.load(settings.learnt_models),
    )
    late_agent = Later((lambda: agent) if agent is not None else (lambda: _agent(settings, market, late_understander())))
    house = House(settings, db, clock, rules, market, {}, late_agent, late_understander, ears=hearing)
    house.channels = channels if channels is not None else configured_channels(settings, house)
    house.bridge = configured_bridge(settings, house)
    return house


def world_rules(world: Path) -> MarketRules:
    """The `rules:` of the world file where there is one, else the defaults."""
    if not world.exists():
        return MarketRules()
    values = (read_yaml(world) or {}).get("rules", {})
    return MarketRules.from_mapping(values)


def configured_channels(settings: Settings, house: House) -> dict[str, Channel]:
    """The channels these settings allow: web chat always, each provider with its keys, the demo's phones where there is none."""
    found: dict[str, Channel] = {}
    from channels.web import StoredPhotos, WebChat, WebSettings, history_of, recent_sms_of

    web = WebSettings(secret=house.market.secret, public_url=settings.address, sites=settings.embedding_sites)
    found["web"] = WebChat(web, history_of(house.db), StoredPhotos(house.db, house.clock), recent_sms_of(house.db) if settings.demo_on else None)
    if settings.twilio_account_sid:
        from channels.twilio import TwilioSettings, TwilioSms, TwilioWhatsApp

        twilio = TwilioSettings(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            sms_from=settings.twilio_sms_from,
            whatsapp_from=settings.twilio_whatsapp_from,
            public_url=settings.address,
            base_url=settings.twilio_base_url,
        )
        if settings.twilio_sms_from:
            found["sms"] = TwilioSms(twilio)
        if settings.twilio_whatsapp_from:
            found["whatsapp"] = TwilioWhatsApp(twilio)
    if settings.vonage_api_key:
        from channels.vonage import VonageSettings, VonageSms

        found["sms"] = VonageSms(
            VonageSettings(
                api_key=settings.vonage_api_key,
                api_secret=settings.vonage_api_secret.get_secret_value(),
                signature_secret=settings.vonage_signature_secret.get_secret_value(),
                sms_from=settings.vonage_sms_from,
                public_url=settings.address,
                base_url=settings.vonage_base_url,
            )
        )
    if settings.whatsapp_phone_id:
        from channels.whatsapp_cloud import WhatsAppCloud, WhatsAppCloudSettings

        found["whatsapp"] = WhatsAppCloud(
            WhatsAppCloudSettings(
                phone_id=settings.whatsapp_phone_id,
                token=settings.whatsapp_token.get_secret_value(),
                app_secret=settings.whatsapp_app_secret.get_secret_value(),
                verify_token=settings.whatsapp_verify_token.get_secret_value(),
                base_url=settings.whatsapp_base_url,
            )
        )
    if token := settings.telegram_token.get_secret_value():
        from channels.telegram import Telegram, TelegramSettings

        found["telegram"] = Telegram(
            TelegramSettings(
                token=token,
                # of this bot and this house: nobody has to make one up, and it changes with either
                secret_token=hmac.new(house.market.secret, b"telegram:" + token.encode(), hashlib.sha256).hexdigest(),
                mode="polling" if settings.telegram_polls else "webhook",
                public_url=settings.address,
                base_url=settings.telegram_base_url,
            )
        )
    if settings.demo_on and "sms" not in found:
        from channels.demo import DemoSms

        found["sms"] = DemoSms()
    return found


def configured_bridge(settings: Settings, house: House) -> Bridge | None:
    """The bridge to Chatwoot, where these settings name one."""
    if not settings.chatwoot_url:
        return None
    from bot.chatwoot import Bridge

    return Bridge(house, chatwoot_of(settings))


def chatwoot_of(settings: Settings) -> ChatwootSettings:
    """What the bridge needs of the settings."""
    from channels.chatwoot import ChatwootSettings

    return ChatwootSettings(
        url=settings.chatwoot_url,
        account_id=settings.chatwoot_account_id,
        inbox_id=settings.chatwoot_inbox_id,
        token=settings.chatwoot_token.get_secret_value(),
        webhook_secret=settings.chatwoot_webhook_secret.get_secret_value(),
        path_secret=settings.chatwoot_path_secret.get_secret_value(),
        locale=settings.chatwoot_locale,
    )


def _agent(settings: Settings, market: Market, understander: Any) -> Any:
    from bot.agent import build_agent

    return build_agent(settings, market, understander)


def _understander() -> Any:
    from bot.brain.understanding import load

    return load()


def _knowledge(settings: Settings, rules: MarketRules) -> Any:
    import retrieval

    return retrieval.load(rules, settings.index_folder)


def _by_words(rules: MarketRules) -> Any:
    import retrieval

    return retrieval.by_words(rules)


def prepare_store(house: House, *, world: bool = True) -> bool:
    """Brings the tables up to date and, into an empty store, loads the market. Returns whether a market was loaded."""
    from domain.store.migrate import migrate

    migrate(house.settings.store_url)
    return world and load_market(house)


def load_market(house: House) -> bool:
    """Loads the world file into a store that has no technician yet; False when there is one, or no world file."""
    from sqlalchemy import func, select

    from domain.store.tables import Technician

    if not house.settings.world.exists():
        return False
    from domain.store.world import load_world

    with house.db.transaction() as session:
        if session.scalar(select(func.count(Technician.id))):
            return False
        load_world(session, house.settings.world, house.clock.now())
    return True
