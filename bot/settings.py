"""Every setting of the service, read once at start from the environment and `.env`; a wrong one refuses to start."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as UnreadableSetting

from bot.learnt import MODULES, POLICIES

PREFIX = "BRICOL_"
WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json")  # without the last, faster-whisper would look for it on the network
TELEGRAM_TOKEN = re.compile(r"\d{3,20}:[\w-]{3,100}", re.ASCII)
PATH_WORD = re.compile(r"[\w-]{24,128}", re.ASCII)
SECRET_CHARACTERS = 32  # at least, when the service is public


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it, says why and gives an example."""


class Settings(BaseSettings):
    """One field per `BRICOL_<NAME>`; `.env.example` documents each. Paths are relative to the working directory."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    # where things are kept
    data_dir: Path = Field(Path("var"), examples=["./var"])
    database_url: str = Field("", examples=["postgresql+psycopg://bricol:password@localhost/bricol"])
    workflow_url: str = Field("", examples=["postgresql+psycopg://bricol:password@localhost/bricol"])
    world: Path = Field(Path(__file__).parents[1] / "evals" / "worlds" / "demo.yaml", examples=["evals/worlds/demo.yaml"])

    # the server
    host: str = Field("127.0.0.1", examples=["0.0.0.0"])
    port: int = Field(8000, ge=0, le=65535, examples=["8000"])
    public_url: str = Field("", examples=["https://bricol.example.ma"])
    secret: SecretStr = Field(SecretStr(""), examples=["<output of: openssl rand -hex 32>"])
    max_body_bytes: int = Field(262_144, ge=1024, examples=["262144"])
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", examples=["INFO"])

    # the worker
    executor_id: str = Field("bricol-1", pattern=r"^[A-Za-z0-9_.:-]{1,60}$", examples=["bricol-1"])
    concurrency: int = Field(8, ge=1, le=256, examples=["8"])
    burst_seconds: float = Field(1.2, ge=0, le=30, examples=["1.2"])
    poll_seconds: float = Field(0.05, ge=0.01, le=5, examples=["0.05"])
    sweep_seconds: float = Field(1.0, ge=0.1, le=60, examples=["1"])
    history_turns: int = Field(40, ge=2, le=500, examples=["40"])

    # the brain
    model: str = Field("embedded", min_length=1, examples=["embedded", "cascade", "openai:gpt-4.1-mini"])
    cascade_model: str = Field("", examples=["openai:gpt-4.1-mini"])
    cascade_threshold: float = Field(0.8, ge=0, le=1, examples=["0.8"])
    model_base_url: str = Field("", examples=["http://localhost:11434/v1"])
    model_api_key: SecretStr = Field(SecretStr(""), examples=["sk-..."])
    model_timeout_seconds: float = Field(20, gt=0, le=300, examples=["20"])
    model_tokens_per_day: int = Field(0, ge=0, examples=["2000000"])

    # what the marketplace learnt
    learnt: str = Field("", examples=["cost", "all"])

    # voice notes
    voice_model: Path | None = Field(None, examples=["./models/whisper-small"])
    voice_max_seconds: float = Field(120, ge=5, le=600, examples=["120"])
    voice_max_bytes: int = Field(5_000_000, ge=10_000, le=25_000_000, examples=["5000000"])
    voice_timeout_seconds: float = Field(20, gt=0, le=120, examples=["20"])
    voice_forget: bool = Field(True, examples=["true"])

    # the channels
    web_sites: str = Field("", examples=["https://shop.example.ma,https://www.example.ma"])
    twilio_account_sid: str = Field("", pattern=r"^(AC[0-9A-Za-z]{1,64})?$", examples=["AC00000000000000000000000000000000"])
    twilio_auth_token: SecretStr = Field(SecretStr(""), examples=["<Auth Token of the Twilio console>"])
    twilio_sms_from: str = Field("", pattern=r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11}|MG[0-9A-Za-z]+)?$", examples=["+15005550006"])
    twilio_whatsapp_from: str = Field("", pattern=r"^(\+[1-9]\d{6,14})?$", examples=["+14155238886"])
    twilio_base_url: str = Field("", examples=["http://localhost:9999"])
    vonage_api_key: str = Field("", pattern=r"^[0-9A-Za-z]{0,32}$", examples=["abcd1234"])
    vonage_api_secret: SecretStr = Field(SecretStr(""), examples=["<API secret of the Vonage dashboard>"])
    vonage_signature_secret: SecretStr = Field(SecretStr(""), examples=["<signature secret of the dashboard's API settings, SHA-256 HMAC>"])
    vonage_sms_from: str = Field("", pattern=r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11})?$", examples=["+212520000000"])
    vonage_base_url: str = Field("", examples=["http://localhost:9996"])
    whatsapp_phone_id: str = Field("", pattern=r"^\d{0,32}$", examples=["106540352242922"])
    whatsapp_token: SecretStr = Field(SecretStr(""), examples=["<permanent token of a system user>"])
    whatsapp_app_secret: SecretStr = Field(SecretStr(""), examples=["<App secret, in the app's basic settings>"])
    whatsapp_verify_token: SecretStr = Field(SecretStr(""), examples=["<a word of your own, the same as in Meta's webhook form>"])
    whatsapp_base_url: str = Field("", examples=["http://localhost:9998"])
    telegram_token: SecretStr = Field(SecretStr(""), examples=["<what @BotFather gave, 123456:ABC...>"])
    telegram_mode: Literal["auto", "webhook", "polling"] = Field("auto", examples=["polling"])
    telegram_base_url: str = Field("", examples=["http://localhost:9997"])

    # a desk that the team already has
    chatwoot_url: str = Field("", examples=["https://chatwoot.example.ma"])
    chatwoot_account_id: int = Field(0, ge=0, examples=["1"])
    chatwoot_inbox_id: int = Field(0, ge=0, examples=["3"])
    chatwoot_token: SecretStr = Field(SecretStr(""), examples=["<access token of a user made for Bricol>"])
    chatwoot_webhook_secret: SecretStr = Field(SecretStr(""), examples=["<secret shown in the API inbox's settings>"])
    chatwoot_path_secret: SecretStr = Field(SecretStr(""), examples=["<output of: openssl rand -hex 24>"])
    chatwoot_locale: Literal["fr", "ar"] = Field("fr", examples=["fr"])

    # the demonstration
    demo: bool | None = Field(None, examples=["true"])
    demo_answer_seconds: float = Field(4, ge=0, le=3600, examples=["4"])

    @field_validator("database_url", "workflow_url")
    @classmethod
    def _known_store(cls, url: str) -> str:
        url = url.strip()
        for short in ("postgres://", "postgresql://"):
            if url.startswith(short):
                url = "postgresql+psycopg://" + url.removeprefix(short)
        if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return url

    @field_validator("public_url", "twilio_base_url", "vonage_base_url", "whatsapp_base_url", "telegram_base_url", "model_base_url", "chatwoot_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("must be an http:// or https:// address")
        return url.rstrip("/")

    @field_validator("web_sites")
    @classmethod
    def _sites(cls, sites: str) -> str:
        found = [site.strip().rstrip("/") for site in sites.split(",") if site.strip()]
        if wrong := next((site for site in found if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", site)), None):
            raise ValueError(f"{wrong!r} is no site: write its scheme and host, https://shop.example.ma")
        return ",".join(found)

    @field_validator("learnt")
    @classmethod
    def _known_models(cls, names: str) -> str:
        asked = {name.strip() for name in names.split(",")} - {""}
        if unknown := sorted(asked - {*MODULES, *POLICIES, "all"}):
            raise ValueError(f"{unknown[0]!r} is no model; known: all, {', '.join((*MODULES, *POLICIES))}")
        return ",".join(sorted((asked | MODULES.keys() if "all" in asked else asked) - {"all"}))

    @field_validator("voice_model")
    @classmethod
    def _whisper_folder(cls, folder: Path | None) -> Path | None:
        missing = [name for name in WHISPER_FILES if folder is not None and not (folder / name).is_file()]
        if missing:
            raise ValueError(f"has no {missing[0]}: it must be a folder with a CTranslate2 Whisper model; docs/voice.md says how to make one")
        return folder

    @model_validator(mode="after")
    def _agree(self) -> Settings:
        if bool(self.twilio_account_sid) != bool(self.twilio_auth_token.get_secret_value()):
            missing = "twilio_auth_token" if self.twilio_account_sid else "twilio_account_sid"
            raise ValueError(f"{missing}|is missing: Twilio needs both its account and its token")
        if self.twilio_account_sid and not (self.twilio_sms_from or self.twilio_whatsapp_from):
            raise ValueError("twilio_whatsapp_from|is missing: Twilio is configured without a number to send from (WhatsApp, SMS or both)")
        self._vonage_is_whole()
        self._whatsapp_is_whole()
        self._chatwoot_is_whole()
        token = self.telegram_token.get_secret_value()
        if token and not TELEGRAM_TOKEN.fullmatch(token):
            raise ValueError("telegram_token|has not the form of a bot's token: digits, a colon, letters")
        if token and self.telegram_mode == "webhook" and not self.public_url.startswith("https://"):
            raise ValueError("telegram_mode|is webhook, but Telegram calls https addresses only: set BRICOL_PUBLIC_URL, or choose polling")
        if self.model == "cascade" and not self.cascade_model:
            raise ValueError("cascade_model|is missing: model is 'cascade', which needs the model to ask when the embedded brain is unsure")
        secret = self.secret.get_secret_value()
        if self.is_public and (len(secret) < SECRET_CHARACTERS or len(set(secret)) < 10):
            raise ValueError(f"secret|is missing or weak (public service: at least {SECRET_CHARACTERS} random characters; it signs codes and links)")
        return self

    def _vonage_is_whole(self) -> None:
        configured = self._whole("Vonage's SMS", "vonage_api_key", "vonage_api_secret", "vonage_signature_secret", "vonage_sms_from")
        if configured and self.twilio_sms_from:
            raise ValueError("vonage_sms_from|SMS goes through Twilio already (BRICOL_TWILIO_SMS_FROM): unset one of the two")

    def _whatsapp_is_whole(self) -> None:
        configured = self._whole("Meta's WhatsApp", "whatsapp_phone_id", "whatsapp_token", "whatsapp_app_secret", "whatsapp_verify_token")
        if configured and self.twilio_whatsapp_from:
            raise ValueError("whatsapp_phone_id|WhatsApp goes through Twilio already (BRICOL_TWILIO_WHATSAPP_FROM): unset one of the two")

    def _chatwoot_is_whole(self) -> None:
        configured = self._whole("the Chatwoot bridge", "chatwoot_url", "chatwoot_token", "chatwoot_account_id", "chatwoot_inbox_id")
        signed, word = self.chatwoot_webhook_secret.get_secret_value(), self.chatwoot_path_secret.get_secret_value()
        if configured and not (signed or word):
            raise ValueError("chatwoot_webhook_secret|is missing: it checks webhooks (a Chatwoot that does not sign: BRICOL_CHATWOOT_PATH_SECRET)")
        if word and not PATH_WORD.fullmatch(word):
            raise ValueError("chatwoot_path_secret|must be 24 to 128 letters, digits, - or _: it is the end of an address")

    def _whole(self, provider: str, *names: str) -> bool:
        """Whether a provider is configured. Raises ValueError naming the first setting that is missing where others are given."""
        values = {name: getattr(self, name) for name in names}
        given = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in values.items()}
        missing = [name for name, value in given.items() if not value]
        if missing and len(missing) < len(given):
            raise ValueError(f"{missing[0]}|is missing: {provider} needs {', '.join(env_name(n) for n in given)}")
        return not missing

    @property
    def telegram_polls(self) -> bool:
        """Whether updates are asked for; else Telegram calls our address."""
        return self.telegram_mode == "polling" or (self.telegram_mode == "auto" and not (self.is_public and self.public_url.startswith("https://")))

    @property
    def is_public(self) -> bool:
        """Reachable by others: the public address is not this machine nor a private network."""
        host = urlsplit(self.public_url).hostname or ""
        if not host or host == "localhost" or host.endswith((".localhost", ".local", ".test")):
            return False
        try:
            return ipaddress.ip_address(host).is_global
        except ValueError:
            return True

    @property
    def learnt_models(self) -> frozenset[str]:
        """Names of the trained models that may serve."""
        return frozenset(self.learnt.split(",")) - {""}

    @property
    def embedding_sites(self) -> tuple[str, ...]:
        """Sites, besides our own, whose pages may show the chat."""
        return tuple(filter(None, self.web_sites.split(",")))

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'bricol.sqlite3'}"

    @property
    def index_folder(self) -> Path:
        """Where the knowledge index is kept."""
        return self.data_dir / "index"

    @property
    def workflow_store_url(self) -> str:
        """Where the workflow engine keeps its own tables: the same PostgreSQL (its own schema), or a SQLite file of its own."""
        if self.workflow_url:
            return self.workflow_url
        return self.database_url if self.database_url.startswith("postgresql") else f"sqlite:///{self.data_dir / 'workflows.sqlite3'}"

    @property
    def address(self) -> str:
        """How people reach the server, for links."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def demo_on(self) -> bool:
        """Simulated technicians and the SMS page: on unless the service is public or a provider is configured."""
        return self.demo if self.demo is not None else not (self.is_public or self.twilio_account_sid or self.vonage_api_key)

    def secret_bytes(self) -> bytes:
        """The key that signs codes and links: the setting, or one made for this data directory and kept there (mode 600)."""
        if value := self.secret.get_secret_value():
            return value.encode()
        path = self.data_dir / "secret"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:  # another process of this directory was faster
                pass
            else:
                with os.fdopen(handle, "w") as file:
                    file.write(secrets.token_hex(32))
        return path.read_text().strip().encode()


def load(**overrides: Any) -> Settings:
    """The settings of this process. Raises SettingsError: one line per problem, each with the setting's name and an example."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(e) for e in error.errors())) from None
    except UnreadableSetting as error:
        raise SettingsError(str(error)) from None


def env_name(field: str) -> str:
    return PREFIX + field.upper()


def _explain(error: Any) -> str:
    """One validation error as 'NAME what is wrong. Example: NAME=value'. Never repeats the value: it may be a secret."""
    message = error["msg"].removeprefix("Value error, ")
    field = str(error["loc"][0]) if error["loc"] else ""
    if not field and "|" in message:
        field, message = message.split("|", 1)
    info = Settings.model_fields.get(field)
    example = f" Example: {env_name(field)}={info.examples[0]}" if info and info.examples else ""
    return f"{env_name(field)}: {message}.{example}"
