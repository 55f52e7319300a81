"""An OpenAI-compatible server on loopback that says what a test scripted: words, tool calls, delays, errors, garbage."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Say:
    """One scripted answer. `status` other than 200 is an error; `raw` replaces the whole body; `hang` never answers until the server closes."""

    text: str = ""
    calls: list[tuple[str, dict[str, Any] | str]] = field(default_factory=list)  # (tool, arguments, or broken JSON as a string)
    status: int = 200
    raw: bytes | None = None
    hang: bool = False
    tokens: int = 15


class FakeLLM:
    """`with FakeLLM([Say("..."), ...]) as llm:` answers in order, the last one for ever; `llm.url` is the base URL, `llm.requests` what came in."""

    def __init__(self, script: list[Say]) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                say = fake._next(json.loads(body))
                if say.hang:
                    fake._closing.wait(20)
                    return
                answer = say.raw if say.raw is not None else json.dumps(_completion(say)).encode()
                self.send_response(say.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def _next(self, request: dict[str, Any]) -> Say:
        with self._lock:
            self.requests.append(request)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    @property
    def heard(self) -> str:
        """Everything that was ever sent to this provider, as text."""
        return json.dumps(self.requests, ensure_ascii=False)

    def __enter__(self) -> FakeLLM:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def _completion(say: Say) -> dict[str, Any]:
    calls = [
        {"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)}}
        for i, (name, args) in enumerate(say.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": say.text or None}
    if calls:
        message["tool_calls"] = calls
    return {
        "id": "fake",
        "object": "chat.completion",
        "created": 0,
        "model": "fake",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {"prompt_tokens": say.tokens - 5, "completion_tokens": 5, "total_tokens": say.tokens},
    }
