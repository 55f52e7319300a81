"""Stands between the agent and somebody else's language model: details hidden, time and tokens bounded, a dead provider left alone for a while."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from contextvars import copy_context
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, PrivateAttr

from bot.middleware.notes import text_of
from bot.middleware.redaction import vault_for

log = logging.getLogger(__name__)

FAILURES = 3  # in a row, then the provider is not asked for REST seconds
REST = 30.0
REREAD = 60.0  # seconds between two looks at what all processes spent today


class ProviderUnavailable(Exception):
    """The language model is slow, down, resting after failures, or over its budget. The embedded brain answers instead."""


class Budget:
    """Tokens per day over all conversations. `spent_today` reads what the store knows; what this process spent since is added."""

    def __init__(self, tokens_per_day: int, spent_today: Callable[[], int] = lambda: 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._spent_today, self._clock = tokens_per_day, spent_today, clock
        self._read_at, self._stored, self._since = float("-inf"), 0, 0
        self._lock = threading.Lock()

    def left(self) -> bool:
        if not self._limit:
            return True
        with self._lock:
            if self._clock() - self._read_at > REREAD:
                self._stored, self._since, self._read_at = self._spent_today(), 0, self._clock()
            return self._stored + self._since < self._limit

    def spend(self, tokens: int) -> None:
        with self._lock:
            self._since += tokens


class Provider(BaseChatModel):
    """A chat model of `init_chat_model`, asked with private details as tokens. Raises ProviderUnavailable, never anything else."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str | None = "provider"
    inner: Any
    seconds: float = 20.0
    budget: Any = None
    _pool: ThreadPoolExecutor = PrivateAttr(default_factory=lambda: ThreadPoolExecutor(max_workers=32, thread_name_prefix="model"))
    _bound: dict[int, tuple[Any, Runnable[Any, Any]]] = PrivateAttr(default_factory=dict)
    _failed: int = PrivateAttr(default=0)
    _rest_until: float = PrivateAttr(default=0.0)

    @property
    def _llm_type(self) -> str:
        return "bricol-provider"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        if time.monotonic() < self._rest_until:
            raise ProviderUnavailable(f"{self.name} failed {FAILURES} times and rests")
        if self.budget is not None and not self.budget.left():
            raise ProviderUnavailable(f"{self.name} is over today's token budget")
        vault = vault_for(messages)  # type: ignore[arg-type]
        try:
            # the provider's own timeout is per read; this one is for the whole answer
            asked = self._pool.submit(copy_context().run, self._ask, vault.hide_messages(messages), kwargs.get("tools") or ())  # type: ignore[arg-type]
            answer = asked.result(timeout=self.seconds)
        except TooSlow:
            self._count_failure()
            raise ProviderUnavailable(f"{self.name} took more than {self.seconds:g} s") from None
        except Exception as error:
            self._count_failure()
            raise ProviderUnavailable(f"{self.name}: {type(error).__name__}: {str(error)[:200]}") from error
        self._failed = 0
        if self.budget is not None and answer.usage_metadata:
            self.budget.spend(answer.usage_metadata["total_tokens"])
        shown = vault.show_message(answer)
        shown.additional_kwargs = {}
        shown.response_metadata = {"brain": self.name}
        return ChatResult(generations=[ChatGeneration(message=shown)])

    def _ask(self, messages: list[Any], tools: Sequence[Any]) -> AIMessage:
        answer = self._with(tools).invoke(messages)
        if not isinstance(answer, AIMessage):
            raise TypeError(f"not an AIMessage but {type(answer).__name__}")
        if not answer.tool_calls and (answer.invalid_tool_calls or not text_of(answer).strip()):
            raise ValueError("neither words nor a readable tool call")
        return answer

    def _with(self, tools: Sequence[Any]) -> Runnable[Any, Any]:
        """The model with its tools described once: the description costs milliseconds, the list of a role never changes."""
        if not tools:
            return self.inner
        key = id(tools[0]) * 31 + len(tools)
        if key not in self._bound:
            self._bound[key] = (tools, self.inner.bind_tools(list(tools)))
        return self._bound[key][1]

    def _count_failure(self) -> None:
        self._failed += 1
        if self._failed >= FAILURES:
            self._failed, self._rest_until = 0, time.monotonic() + REST
            log.error("%s failed %d times in a row; not asked for %g s", self.name, FAILURES, REST)
