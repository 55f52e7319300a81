"""Starts the real server as people do, in an empty data folder, and measures it from outside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
from twilio.request_validator import RequestValidator

from evals.bench.figures import Figure, at_least, at_most, quantile
from evals.bench.provider import Provider

ACCOUNT, TOKEN, NUMBER = "AC" + "0" * 32, "b" * 32, "+14155238886"
HELLO = "slm, lma kaysil mn t7t lavabo, maarif casa"


class Served:
    """A running server: its address, how long it took to answer, its process."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, started_seconds: float) -> None:
        self.process, self.started_seconds = process, started_seconds
        self.url = f"http://127.0.0.1:{port}"
        self._sign = RequestValidator(TOKEN)

    def memory_mb(self) -> float:
        """Resident memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000

    def webhook(self, client: httpx.Client, sender: str, text: str, message_id: str) -> float:
        """Delivers one signed WhatsApp message; returns the milliseconds until the answer."""
        address = f"{self.url}/channels/twilio/whatsapp"
        fields = {"MessageSid": message_id, "AccountSid": ACCOUNT, "NumMedia": "0", "Body": text}
        fields |= {"From": f"whatsapp:{sender}", "To": f"whatsapp:{NUMBER}"}
        signature = self._sign.compute_signature(address, fields)
        begun = time.perf_counter()
        client.post(address, data=fields, headers={"X-Twilio-Signature": signature}).raise_for_status()
        return (time.perf_counter() - begun) * 1000


@contextmanager
def served(provider: Provider, **settings: str) -> Iterator[Served]:
    """`bricol serve` on a fresh data folder, ready when /readyz says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bricol-bench-") as folder:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("BRICOL_")},
            "BRICOL_DATA_DIR": folder, "BRICOL_PORT": str(port), "BRICOL_PUBLIC_URL": f"http://127.0.0.1:{port}", "BRICOL_BURST_SECONDS": "0",
            "BRICOL_TWILIO_ACCOUNT_SID": ACCOUNT, "BRICOL_TWILIO_AUTH_TOKEN": TOKEN, "BRICOL_TWILIO_WHATSAPP_FROM": NUMBER,
            "BRICOL_TWILIO_SMS_FROM": NUMBER, "BRICOL_TWILIO_BASE_URL": provider.url, "BRICOL_DEMO": "true", "BRICOL_LOG_LEVEL": "ERROR", **settings,
        }  # fmt: skip
        begun = time.perf_counter()
        process = subprocess.Popen([str(Path(sys.executable).parent / "bricol"), "serve"], env=environment)
        try:
            with httpx.Client() as client:
                while True:
                    try:
                        if client.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                            break
                    except httpx.TransportError:
                        pass
                    if process.poll() is not None or time.perf_counter() - begun > 120:
                        raise RuntimeError("bricol serve did not become ready within 120 s")
                    time.sleep(0.02)
            yield Served(process, port, time.perf_counter() - begun)
        finally:
            process.terminate()
            process.wait(30)


def measure() -> list[Figure]:
    found: list[Figure] = []
    with Provider() as provider, served(provider) as first:
        found.append(Figure("fresh start of `bricol serve` (migrations and demo market included)", round(first.started_seconds, 2), "s"))
        _warm(first, provider)
        found.append(at_most("resident memory after 20 conversations", first.memory_mb(), "MB", 500))
        found += _at_once(first, provider)
        found += _accepting(first)
    return found


def start_again() -> list[Figure]:
    """The start of a server whose store is already there: what a restart costs."""
    with tempfile.TemporaryDirectory(prefix="bricol-bench-") as folder, Provider() as provider:
        store = f"sqlite:///{folder}/bricol.sqlite3"
        took = []
        for _ in range(4):
            with served(provider, BRICOL_DATABASE_URL=store, BRICOL_WORKFLOW_URL=f"sqlite:///{folder}/workflows.sqlite3") as server:
                took.append(server.started_seconds)
        return [at_most("cold start of `bricol serve`, median of 3", quantile(took[1:], 0.5), "s", 6)]


def _warm(server: Served, provider: Provider) -> None:
    with httpx.Client() as client:
        for n in range(20):
            server.webhook(client, f"+2126640{n:05}", HELLO, f"SM2{n:04}")
    _wait(provider, [f"+2126640{n:05}" for n in range(20)])


def _at_once(server: Served, provider: Provider, people: int = 50, rounds: int = 6) -> list[Figure]:
    """Fifty people write at their own pace: from the webhook's arrival to the provider having the reply."""
    senders = [f"+2126650{n:05}" for n in range(people)]
    sent: dict[tuple[str, int], float] = {}

    def one(sender: str, offset: float) -> None:
        with httpx.Client() as client:
            for n in range(rounds):
                time.sleep(offset if n == 0 else people * 0.05)
                sent[sender, n] = time.perf_counter()
                server.webhook(client, sender, HELLO, f"SM{sender[1:]}{n}")

    with ThreadPoolExecutor(people) as pool:
        list(pool.map(one, senders, [n * 0.05 for n in range(people)]))
    _wait(provider, senders, rounds)
    took = [(provider.came[s][n] - sent[s, n]) * 1000 for s in senders for n in range(rounds)]

    flood = [f"+2126660{n:05}" for n in range(200)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(8) as pool, httpx.Client() as client:
        list(pool.map(lambda p: server.webhook(client, p, HELLO, f"SM1{p[1:]}"), flood))
    _wait(provider, flood)
    per_second = len(flood) / (max(provider.came[p][0] for p in flood) - begun)
    return [
        at_most("webhook to provider, 50 conversations at 20/s, p50", quantile(took, 0.5), "ms", 100, f"{len(took)} turns, burst window 0"),
        at_most("webhook to provider, 50 conversations at 20/s, p95", quantile(took, 0.95), "ms", 200),
        at_least("turns per second, SQLite, one process", per_second, "/s", 60, f"{len(flood)} people at once, measuring client on the same cores"),
    ]


def _accepting(server: Served, rate: int = 200, seconds: int = 5) -> list[Figure]:
    """Webhooks at a fixed rate whether or not earlier ones were answered. Repeated deliveries: the accept path alone, no turns."""
    took: list[float] = []
    lock = threading.Lock()
    with httpx.Client(limits=httpx.Limits(max_connections=64)) as client, ThreadPoolExecutor(32) as pool:
        begun = time.perf_counter()

        def one(n: int) -> None:
            ms = server.webhook(client, "+212664000001", HELLO, "SM20001")
            with lock:
                took.append(ms)

        for n in range(rate * seconds):
            time.sleep(max(0.0, begun + n / rate - time.perf_counter()))
            pool.submit(one, n)
    return [at_most(f"accept webhook at {rate}/s, p99", quantile(took, 0.99), "ms", 25, f"{len(took)} deliveries, client on the same cores")]


def _wait(provider: Provider, people: list[str], times: int = 1, patience: float = 90) -> None:
    end = time.perf_counter() + patience
    while time.perf_counter() < end:
        if all(len(provider.came.get(p, ())) >= times for p in people):
            return
        time.sleep(0.01)
    answered = sum(len(provider.came.get(p, ())) >= times for p in people)
    raise RuntimeError(f"only {answered} of {len(people)} people were answered in {patience:.0f} s")
