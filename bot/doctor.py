"""Examines an installation: what is configured, reachable and migrated, and what to do about what is not."""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bot.settings import PREFIX, Settings, SettingsError, env_name, load

State = Literal["good", "note", "broken"]
MARKS: dict[str, str] = {"good": "✓", "note": "·", "broken": "✗"}
MODELS = {"openai": "langchain_openai", "anthropic": "langchain_anthropic", "google_genai": "langchain_google_genai", "ollama": "langchain_ollama"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `cure` is empty when nothing needs doing."""

    what: str
    state: State
    found: str
    cure: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def examine() -> list[Finding]:
    """Looks at everything; a check that fails itself becomes a finding."""
    try:
        settings = load()
    except SettingsError as error:
        cure = "mend it in the environment or in .env; .env.example explains each"
        return [Finding("settings", "broken", line, cure) for line in str(error).splitlines()]
    findings = [Finding("settings", "good", f"read; address {settings.address}")]
    for check in CHECKS:
        try:
            findings += check(settings)
        except Exception as error:
            findings.append(Finding(check.__name__.strip("_"), "broken", f"{error.__class__.__name__}: {' '.join(str(error).split())}"))
    return findings


def show(findings: list[Finding]) -> None:
    """For people: a line each, the cure below what needs one."""
    from rich.console import Console

    console = Console(highlight=False)
    colours = {"good": "green", "note": "yellow", "broken": "red"}
    for finding in findings:
        console.print(f"[{colours[finding.state]}]{MARKS[finding.state]}[/] [bold]{finding.what}[/]: ", end="")
        console.print(finding.found, markup=False)
        if finding.cure:
            console.print(f"    → {finding.cure}", markup=False)


def _names(settings: Settings) -> Iterator[Finding]:
    known = {env_name(field) for field in Settings.model_fields}
    for name in sorted(n for n in os.environ if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, 1)
        yield Finding("settings", "note", f"{name} is not a setting", f"did you mean {near[0]}?" if near else "see .env.example")


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.resolve()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if os.access(existing, os.W_OK):
        yield Finding("data directory", "good", str(folder))
    else:
        yield Finding("data directory", "broken", f"{folder} cannot be written", "make it writable, or set BRICOL_DATA_DIR=./var")


def _store(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from domain.store.database import Database
    from domain.store.migrate import head_revision, revision_of
    from domain.store.tables import Booking, Technician

    if settings.store_url.startswith("sqlite:///") and not Path(settings.store_url.removeprefix("sqlite:///")).exists():
        yield Finding("store", "note", "no SQLite file yet", "bricol serve and bricol chat make it; or: bricol migrate")
        return
    try:
        revision = revision_of(settings.store_url)
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        yield Finding("store", "broken", f"not reachable: {reason}", "start the database, or correct BRICOL_DATABASE_URL")
        return
    if revision != head_revision():
        yield Finding("store", "broken", f"at revision {revision or 'none'}, needs {head_revision()}", "bricol migrate")
        return
    db = Database(settings.store_url)
    try:
        with db.transaction() as session:
            technicians, bookings = session.scalar(select(func.count(Technician.id))), session.scalar(select(func.count(Booking.id)))
    finally:
        db.close()
    yield Finding("store", "good", f"{db.engine.url.get_backend_name()}, migrated; {technicians} technicians, {bookings} bookings")
    if not technicians:
        yield Finding("market", "note", "no technicians: nobody can be booked", "bricol demo")


def _workflows(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy import create_engine, inspect, text

    url = settings.workflow_store_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        yield Finding("workflows", "note", "no worker has run yet", "bricol serve, or bricol work")
        return
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            schema = None if url.startswith("sqlite") else "dbos"
            if not inspect(connection).has_table("workflow_status", schema=schema):
                yield Finding("workflows", "note", "no worker has run yet", "bricol serve, or bricol work")
                return
            table = "workflow_status" if schema is None else "dbos.workflow_status"
            rows = connection.execute(text(f"SELECT executor_id, count(*) FROM {table} WHERE status = 'PENDING' GROUP BY executor_id"))
            others = {executor: count for executor, count in rows if executor != settings.executor_id}
    finally:
        engine.dispose()
    yield Finding("workflows", "good", f"{url.split(':', 1)[0]}; this worker is {settings.executor_id}")
    for executor, count in others.items():
        cure = f"if that worker is gone, start it again: BRICOL_EXECUTOR_ID={executor} bricol work"
        yield Finding("workflows", "note", f"{count} unfinished of worker {executor}", cure)


def _understanding(settings: Settings) -> Iterator[Finding]:
    from bot.brain.understanding import is_stale
    from bot.brain.understanding import load as load_understander

    meant = load_understander().understand("salam, 3afak bghit plombier")
    yield Finding("understanding", "good", f"reads messages (a plumber asked for in Darija is {meant.main})")
    if is_stale():
        yield Finding("understanding", "note", "sentences were written since it was trained", "bricol train understanding")


def _knowledge(settings: Settings) -> Iterator[Finding]:
    import retrieval

    knowledge = retrieval.load(folder=settings.index_folder)
    passages = knowledge.search("garantie", "fr", 1)
    if passages and knowledge.by_words_alone:
        yield Finding("knowledge", "note", "goes by words alone: no encoder, or no index of it", "bricol train understanding, then bricol index")
    elif passages:
        yield Finding("knowledge", "good", f"answers from {passages[0].source}")
    else:
        yield Finding("knowledge", "broken", "finds nothing about the guarantee", "bricol index")


def _model(settings: Settings) -> Iterator[Finding]:
    name = settings.cascade_model if settings.model == "cascade" else settings.model
    if name == "embedded":
        yield Finding("model", "good", "embedded: no network, no key")
        return
    provider = name.partition(":")[0]
    package = MODELS.get(provider)
    if package and importlib.util.find_spec(package) is None:
        yield Finding("model", "broken", f"{name}: {package} is not installed", f"uv pip install {package.replace('_', '-')}")
    else:
        where = settings.model_base_url or f"{provider}'s own address"
        chosen = f"cascade with {name}" if settings.model == "cascade" else name
        yield Finding("model", "good", f"{chosen}, at {where} (not called here: that costs)")


def _voice(settings: Settings) -> Iterator[Finding]:
    if settings.voice_model is None:
        yield Finding("voice notes", "note", "not heard: people are asked for words", "set BRICOL_VOICE_MODEL; docs/voice.md says how")
    elif importlib.util.find_spec("faster_whisper") is None:
        yield Finding("voice notes", "broken", "BRICOL_VOICE_MODEL is set, faster-whisper is not installed", "uv pip install -e '.[voice]'")
    else:
        yield Finding("voice notes", "good", f"heard with {settings.voice_model}, up to {settings.voice_max_seconds:g} seconds")


def _twilio(settings: Settings) -> Iterator[Finding]:
    if not settings.twilio_account_sid:
        cure = "set BRICOL_TWILIO_ACCOUNT_SID, BRICOL_TWILIO_AUTH_TOKEN and a number"
        others = [name for name, key in (("SMS", settings.vonage_api_key), ("WhatsApp", settings.whatsapp_phone_id)) if not key]
        if others:
            yield Finding("twilio", "note", f"not configured: {' and '.join(others)} stay{'s' * (len(others) == 1)} inside the demo", cure)
        return
    numbers = ", ".join(n for n in (settings.twilio_whatsapp_from and "WhatsApp", settings.twilio_sms_from and "SMS") if n)
    yield Finding("twilio", "good", f"{numbers}; webhooks under {settings.address}/channels/twilio/")
    if not settings.is_public:
        cure = "set BRICOL_PUBLIC_URL to the https address of this server"
        yield Finding("twilio", "note", f"{settings.address} cannot be reached by Twilio", cure)


def _vonage(settings: Settings) -> Iterator[Finding]:
    if not settings.vonage_api_key:
        return
    kind = "number" if settings.vonage_sms_from.startswith("+") else "name, which nobody can answer: technicians use the links"
    yield Finding("vonage", "good", f"SMS from a {kind}; webhooks {settings.address}/channels/vonage/sms and /status")
    if not settings.is_public:
        cure = "set BRICOL_PUBLIC_URL to the https address of this server"
        yield Finding("vonage", "note", f"{settings.address} cannot be reached by Vonage", cure)


def _whatsapp(settings: Settings) -> Iterator[Finding]:
    if not settings.whatsapp_phone_id:
        return
    yield Finding("whatsapp", "good", f"Meta's Cloud API; webhook {settings.address}/channels/whatsapp")
    if not settings.is_public:
        cure = "set BRICOL_PUBLIC_URL to the https address of this server"
        yield Finding("whatsapp", "note", f"{settings.address} cannot be reached by Meta", cure)


def _telegram(settings: Settings) -> Iterator[Finding]:
    if not settings.telegram_token.get_secret_value():
        yield Finding("telegram", "note", "not configured", "set BRICOL_TELEGRAM_TOKEN to the token of @BotFather")
    elif settings.telegram_polls:
        yield Finding("telegram", "good", "updates are asked for (polling): one server at a time")
    else:
        yield Finding("telegram", "good", f"webhook {settings.address}/channels/telegram, set by itself at start")


def _chatwoot(settings: Settings) -> Iterator[Finding]:
    if not settings.chatwoot_url:
        return
    from bot.wiring import chatwoot_of
    from channels.chatwoot import Api, Down, Refusal

    try:
        inbox = Api(chatwoot_of(settings)).inbox()
    except (Down, Refusal) as error:
        yield Finding("chatwoot", "broken", f"{settings.chatwoot_url}: {error}", _chatwoot_cure(str(error)))
        return
    if inbox.get("channel_type") not in (None, "Channel::Api"):
        cure = "make an inbox of the kind API, and set BRICOL_CHATWOOT_INBOX_ID to its number"
        yield Finding("chatwoot", "broken", f"inbox {settings.chatwoot_inbox_id} is a {inbox['channel_type']}", cure)
        return
    path = "/channels/chatwoot" + ("" if settings.chatwoot_webhook_secret.get_secret_value() else "/<BRICOL_CHATWOOT_PATH_SECRET>")
    yield Finding("chatwoot", "good", f"inbox {settings.chatwoot_inbox_id} answers; webhook {settings.address}{path}")


def _chatwoot_cure(problem: str) -> str:
    if "401" in problem or "403" in problem:
        return "set BRICOL_CHATWOOT_TOKEN to the access token of a user who is in the inbox"
    if "404" in problem:
        return "correct BRICOL_CHATWOOT_ACCOUNT_ID and BRICOL_CHATWOOT_INBOX_ID"
    return "start Chatwoot, or correct BRICOL_CHATWOOT_URL; meanwhile everything waits, and people are answered"


def _exposure(settings: Settings) -> Iterator[Finding]:
    if settings.is_public and settings.demo_on:
        yield Finding("demo", "note", "simulated technicians answer on a public service", "set BRICOL_DEMO=false")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _names,
    _folder,
    _store,
    _workflows,
    _understanding,
    _knowledge,
    _model,
    _voice,
    _twilio,
    _vonage,
    _whatsapp,
    _telegram,
    _chatwoot,
    _exposure,
)
