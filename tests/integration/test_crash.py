"""kill -9 at every step of a booking, on the real server process: one booking, one offer, one reply per message, nothing lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import create_engine, text

from bot.checkpoints import POINTS
from domain.store.migrate import migrate
from tests.support.builders import add_technicians

ROOT = Path(__file__).resolve().parents[2]
CLIENT, BOT = "+212661000001", "+14155238886"
TOKEN = "0123456789abcdef0123456789abcdef"


class Provider:
    """What Twilio keeps: the messages it took from us, whatever happens to us."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                sid = f"SM{len(provider.messages):032d}"
                message = {"sid": sid, "to": form["To"][0], "from": BOT, "body": form["Body"][0], "status": "queued", "direction": "outbound-api"}
                provider.messages.append(message)
                self._answer(201, message)

            def do_GET(self) -> None:
                to = parse_qs(urlsplit(self.path).query).get("To", [""])[0]
                self._answer(200, {"messages": [m for m in reversed(provider.messages) if m["to"] == to], "next_page_uri": None, "page": 0})

            def _answer(self, status: int, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def to_client(self) -> list[str]:
        return [m["body"] for m in self.messages if m["to"] == f"whatsapp:{CLIENT}"]

    def offers(self) -> list[dict[str, str]]:
        return [m for m in self.messages if "/t/" in m["body"]]


class Service:
    """Our server as its own process, started again after each death under the same name."""

    def __init__(self, folder: Path, database_url: str, provider: Provider) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("BRICOL_")},
            "BRICOL_DATA_DIR": str(folder / "var"),
            "BRICOL_DATABASE_URL": database_url,
            "BRICOL_PORT": str(self.port),
            "BRICOL_PUBLIC_URL": self.url,
            "BRICOL_EXECUTOR_ID": "crash-test",
            "BRICOL_WORLD": "none.yaml",
            "BRICOL_BURST_SECONDS": "0.1",
            "BRICOL_SWEEP_SECONDS": "0.2",
            "BRICOL_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "BRICOL_TWILIO_AUTH_TOKEN": TOKEN,
            "BRICOL_TWILIO_SMS_FROM": BOT,
            "BRICOL_TWILIO_WHATSAPP_FROM": BOT,
            "BRICOL_TWILIO_BASE_URL": provider.url,
            "BRICOL_DEMO": "true",
            "BRICOL_DEMO_ANSWER_SECONDS": "3600",  # the test answers for the technician
        }

    def start(self, die_at: str = "") -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "tests.support.crashing_server", die_at]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        wait_for(lambda: self.process is None or self.process.poll() is not None or self._listens(), 40, self.log)

    def _listens(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=1)
        except OSError:
            return False
        return True

    def wait_until_dead(self) -> None:
        assert self.process is not None
        wait_for(lambda: self.process is not None and self.process.poll() is not None, 30, self.log)
        assert self.process.returncode == -9

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def receive(self, channel: str, sid: str, words: str, sender: str = CLIENT) -> int:
        """One signed webhook, as Twilio sends it; 0 when the server died on it."""
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        form = {"MessageSid": sid, "From": prefix + sender, "To": prefix + BOT, "Body": words, "NumMedia": "0"}
        url = f"{self.url}/channels/twilio/{channel}"
        signed = url + "".join(k + form[k] for k in sorted(form))
        signature = base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
        request = urllib.request.Request(url, urlencode(form).encode(), {"X-Twilio-Signature": signature})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def wait_for(condition, seconds: float, log: Path) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain; the server said:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.02)


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def service(request: pytest.FixtureRequest, tmp_path: Path, provider: Provider) -> Iterator[Service]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    service = Service(tmp_path, url, provider)
    (tmp_path / "var").mkdir()
    migrate(store(service, tmp_path))
    add_technicians(store(service, tmp_path))
    yield service
    service.stop()


@pytest.mark.timeout(400)
def test_a_booking_survives_kill_9_at_every_step(service: Service, provider: Provider, tmp_path: Path) -> None:
    def answered(number: int) -> bool:
        return len(provider.to_client()) >= number

    # the proposal: killed after its tool has worked, and again when the provider has the reply and we do not know it
    service.start("answered")
    service.receive("whatsapp", "SM" + "a" * 32, "book")
    service.wait_until_dead()
    service.start("handed_over")
    service.wait_until_dead()
    service.start()
    wait_for(lambda: answered(1), 20, service.log)
    service.stop()

    # the consent: one process after the other dies, each a step further
    for point in POINTS:
        service.start(point)
        service.receive("whatsapp", "SM" + "b" * 32, "yes")  # the provider brings again what it got no answer for
        service.wait_until_dead()
    service.start()
    service.receive("whatsapp", "SM" + "b" * 32, "yes")
    wait_for(lambda: answered(2) and len(provider.offers()) >= 1, 20, service.log)

    # the technician accepts; killed when the tool has worked
    technician = provider.offers()[0]["to"]
    service.stop()
    service.start("answered")
    service.receive("sms", "SM" + "c" * 32, "1", technician)
    service.wait_until_dead()
    service.start()
    wait_for(lambda: any("answered" in m["body"] for m in provider.messages), 20, service.log)
    wait_for(lambda: answered(3), 20, service.log)
    time.sleep(1.0)  # whatever would come twice would come now
    service.stop()

    assert provider.to_client()[:2] == ["proposed True", "confirmed True"]
    assert len(provider.to_client()) == 3, provider.to_client()
    assert len(provider.offers()) == 1
    assert len([m for m in provider.messages if m["body"] == "answered True"]) == 1
    with create_engine(store(service, tmp_path)).connect() as connection:
        assert connection.execute(text("SELECT status FROM bookings WHERE conversation_id IS NOT NULL")).scalars().all() == ["confirmed"]
        assert connection.execute(text("SELECT status FROM offers")).scalars().all() == ["accepted"]
        assert connection.execute(text("SELECT count(*) FROM inbox WHERE turn_id IS NULL")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM turns")).scalar() == 3
        unsent = connection.execute(text("SELECT id, status FROM outbox WHERE status IN ('queued', 'sending', 'failed')"))
        assert unsent.all() == []


def store(service: Service, folder: Path) -> str:
    return service.environment["BRICOL_DATABASE_URL"] or f"sqlite:///{folder / 'var' / 'bricol.sqlite3'}"
