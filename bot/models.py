"""Chooses who answers, from one setting: the embedded brain, a language model by name, or both in a cascade."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from langchain_core.language_models import BaseChatModel

from bot.brain.understanding.base import Understander
from bot.cascade import Cascade
from bot.provider import Budget, Provider
from bot.settings import Settings, SettingsError

EMBEDDED = "embedded"
SCRIPTED = "scripted"  # models that tests and evaluations bring along: evals/redteam/brains.py
CASCADE = "cascade"
PACKAGES = {"openai": "langchain_openai", "anthropic": "langchain_anthropic", "google_genai": "langchain_google_genai", "ollama": "langchain_ollama"}
EXAMPLES = "embedded, openai:gpt-4.1-mini, cascade:openai:gpt-4.1-mini"

#: name -> model, for "scripted:<name>": put there by whoever plays against it, never by the service.
SCRIPTS: dict[str, Callable[[], BaseChatModel]] = {}


def chat_model(
    settings: Settings,
    understander: Understander,
    *,
    embedded: BaseChatModel | None = None,
    spent_today: Callable[[], int] = lambda: 0,
) -> BaseChatModel:
    """The model of BRICOL_MODEL: "embedded", "<provider>:<name>", "cascade" (with BRICOL_CASCADE_MODEL) or "cascade:<provider>:<name>".

    `embedded`: the brain to use where it is part of the answer (built when None). `spent_today`: tokens the store counted since midnight.
    Raises SettingsError for a name without a provider, or when its package is not installed.
    """
    name = settings.model.strip()
    if name == EMBEDDED:
        return embedded or embedded_model(understander)
    if name != CASCADE and not name.startswith(f"{CASCADE}:"):
        return provider(name, settings, spent_today)
    chosen = name.partition(":")[2] or settings.cascade_model
    if not chosen:
        raise SettingsError("BRICOL_CASCADE_MODEL: is missing: 'cascade' needs the model to ask. Example: BRICOL_CASCADE_MODEL=openai:gpt-4.1-mini")
    asked = provider(chosen, settings, spent_today)
    return Cascade(embedded=embedded or embedded_model(understander), provider=asked, threshold=settings.cascade_threshold)


def embedded_model(understander: Understander) -> BaseChatModel:
    from bot.brain.model import EmbeddedModel

    return EmbeddedModel(understander)


def provider(name: str, settings: Settings, spent_today: Callable[[], int] = lambda: 0) -> Provider:
    """A language model by its `init_chat_model` name, behind redaction, timeout and budget. Its package is imported here, not before."""
    kind, _, model = name.partition(":")
    if not model:
        raise SettingsError(f"BRICOL_MODEL: {name!r} names no provider. Examples: {EXAMPLES}")
    budget = Budget(settings.model_tokens_per_day, spent_today)
    if kind == SCRIPTED and model in SCRIPTS:
        return Provider(name=name, inner=SCRIPTS[model](), seconds=settings.model_timeout_seconds, budget=budget)
    package = PACKAGES.get(kind)
    if package is None:
        raise SettingsError(f"BRICOL_MODEL: unknown provider {kind!r}; one of {', '.join(PACKAGES)}. Examples: {EXAMPLES}")
    if find_spec(package) is None:
        raise SettingsError(f"BRICOL_MODEL: {name} needs the package {package.replace('_', '-')}; install it with: pip install bricol[llm]")
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {}
    if settings.model_base_url:
        options["base_url"] = settings.model_base_url
    if key := settings.model_api_key.get_secret_value():
        options["api_key"] = key
    elif kind == "openai" and settings.model_base_url:
        options["api_key"] = "none"  # local servers ask for no key, the client insists on one
    if kind in ("openai", "anthropic"):
        options |= {"timeout": settings.model_timeout_seconds, "max_retries": 0}  # the embedded brain is our second try
    try:
        inner = init_chat_model(model, model_provider=kind, temperature=0, **options)
    except Exception as error:
        raise SettingsError(f"BRICOL_MODEL: {name} cannot be used: {str(error).splitlines()[0][:200]}. Is BRICOL_MODEL_API_KEY set?") from error
    return Provider(name=name, inner=inner, seconds=settings.model_timeout_seconds, budget=budget)
