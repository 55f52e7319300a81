"""The `bricol` command as a person types it: what it prints, what it refuses, and never a stack trace."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot import chat, cli, understand_command
from bot.brain.understanding.base import Understanding
from bot.chat import Chat, ChatError
from domain.store.migrate import migrate
from tests.support.builders import ScriptedAgent, add_technicians, settings_in

ROOT = Path(__file__).resolve().parents[2]
run = CliRunner().invoke


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("BRICOL_WORLD", str(tmp_path / "none.yaml"))


def test_help_lists_every_command_and_reads_no_model() -> None:
    code = "import sys; from bot.cli import app\ntry: app(['--help'])\nexcept SystemExit: pass\nprint(sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    for command in ("serve", "work", "migrate", "demo", "chat", "understand", "doctor", "index", "models", "eval", "train", "bench"):
        assert f" {command} " in done.stdout
    loaded = done.stdout.splitlines()[-1]
    for heavy in ("langchain", "sklearn", "sqlalchemy", "fastapi", "dbos", "numpy"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize("command", ["serve", "work", "migrate", "chat", "demo"])
def test_a_wrong_setting_refuses_to_start_with_its_name_and_an_example(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_BURST_SECONDS", "soon")
    result = run(cli.app, [command])
    assert result.exit_code == 2
    assert "BRICOL_BURST_SECONDS" in result.output
    assert "Example: BRICOL_BURST_SECONDS=1.2" in result.output
    assert "Traceback" not in result.output


def test_a_database_that_is_not_there_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    result = run(cli.app, ["migrate"])
    assert result.exit_code == 2
    assert "bricol doctor" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--role", "boss"], "--role"),
        (["--channel", "pigeon"], "--channel"),
        (["--as", "0661000001"], "--as"),
        (["--now", "tomorrow"], "--now"),
        (["--role", "technician", "--as", "+212699999999"], "+212699999999"),
    ],
)
def test_chat_refuses_what_it_cannot_play(arguments: list[str], named: str) -> None:
    result = run(cli.app, ["chat", *arguments], input="slm\n")
    assert result.exit_code == 2
    assert named in result.output
    assert "Traceback" not in result.output


def test_migrate_may_be_run_twice() -> None:
    assert run(cli.app, ["migrate"]).exit_code == 0
    assert run(cli.app, ["migrate"]).exit_code == 0


def test_demo_without_its_world_says_which_file_is_missing() -> None:
    result = run(cli.app, ["demo"])
    assert result.exit_code == 2
    assert "BRICOL_WORLD" in result.output


def test_a_plug_in_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        name, module = "eval", "evals.cli"

        def load(self) -> Any:
            raise ModuleNotFoundError("No module named 'evals.cli'")

    import typer

    app = typer.Typer()
    app.command("other")(lambda: None)
    passing = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("eval", context_settings=passing)(cli._plugin(Gone()))  # type: ignore[arg-type]
    result = run(app, ["eval", "run", "--json", "x"])
    assert result.exit_code == 2
    assert len(result.output.strip().splitlines()) == 1
    assert "No module named" in result.output


def test_models_is_a_list_with_every_key(tmp_path: Path) -> None:
    from bot import models_command

    (tmp_path / "understanding").mkdir()
    (tmp_path / "understanding" / "model.json").write_text('{"name": "understanding", "metric": "accuracy", "value": 0.9, "serving": true}')
    (found,) = models_command.listed(tmp_path)
    assert tuple(found) == models_command.KEYS
    assert found["value"] == 0.9
    assert found["oracle"] is None
    shipped = json.loads(run(cli.app, ["models", "--json"]).stdout)
    (reader,) = (one for one in shipped if one["name"] == "understanding")
    assert reader["serving"] is True and reader["value"] > reader["baseline"] > 0
    assert all(tuple(one) == models_command.KEYS for one in shipped)
    assert "understanding" in run(cli.app, ["models"]).stdout


# --- chat -----------------------------------------------------------------------------------------------------------


def house_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: ScriptedAgent, **who: str) -> Chat:
    monkeypatch.setattr("bot.wiring._agent", lambda *_: agent)
    monkeypatch.setattr("bot.wiring._understander", lambda: None)
    settings = settings_in(tmp_path / "var", world=tmp_path / "none.yaml")
    chosen = {"phone": "+212661000001", "role": "client", "channel": "whatsapp", **who}
    return Chat(settings, now="2026-11-23T10:00", **chosen)  # type: ignore[arg-type]


def test_every_piped_line_is_one_turn_and_one_json_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    conversation = house_chat(tmp_path, monkeypatch, ScriptedAgent())
    capsys.readouterr()
    chat.run(conversation, io.StringIO("slm\n\nbghit plombier\r\n"), as_json=True, interactive=False)
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [line["replies"][0]["text"] for line in lines] == ["you said: slm", "you said: bghit plombier"]
    assert all({"replies", "calls", "understanding", "ms"} <= set(line) for line in lines)


def test_progress_goes_to_standard_error_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    house_chat(tmp_path, monkeypatch, ScriptedAgent())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err != ""


def test_a_slash_and_a_number_tap_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from domain.engagement.reply import Option, Reply

    agent = ScriptedAgent(lambda text, context: Reply("chkoun?", "ary", "latn", "choice", (Option("Ahmed", "a"), Option("Hassan", "h"))))
    conversation = house_chat(tmp_path, monkeypatch, agent)
    conversation.say("slm")
    conversation.say("/2")
    conversation.say("/9")
    assert agent.heard == ["slm", "Hassan", "/9"]


def test_a_web_visitor_is_not_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = ScriptedAgent()
    house_chat(tmp_path, monkeypatch, agent, channel="web").say("slm")
    assert (agent.contexts[0].verified, agent.contexts[0].phone) == (False, None)


def test_a_technician_talks_as_a_technician(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = f"sqlite:///{tmp_path / 'var' / 'bricol.sqlite3'}"
    (tmp_path / "var").mkdir()
    migrate(store)
    add_technicians(store)
    agent = ScriptedAgent()
    house_chat(tmp_path, monkeypatch, agent, role="technician", phone="+212662000001", channel="sms").say("slm")
    assert agent.contexts[0].role == "technician"
    with pytest.raises(ChatError, match=r"\+212662000001"):
        house_chat(tmp_path, monkeypatch, agent, role="technician", phone="+212661000001")


def test_broken_bytes_on_standard_input_are_read_as_something(tmp_path: Path) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"caf\xe9\xff\n\x00\n"), encoding="ascii")
    assert [line.rstrip("\n") for line in chat.read_lines(stream)] == ["caf\ufffd\ufffd", "\x00"]


# --- understand -----------------------------------------------------------------------------------------------------


class Reader:
    def understand(self, text: str, **how: Any) -> Understanding:
        return Understanding("ary", "latn", ("greet",), {"city": "casablanca"}, confidence=0.9)


def test_understand_adds_predictions_and_keeps_the_rest() -> None:
    out, errors = io.StringIO(), io.StringIO()
    lines = b'{"id": "a", "text": "slm", "role": "client", "mine": 1}\n\n' + '{"id": "b", "text": "سلام"}'.encode()
    assert understand_command.run(io.BytesIO(lines), out, errors, "technician", Reader)
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["id"], first["mine"], first["intents"], first["confidence"], first["danger"]) == ("a", 1, ["greet"], 0.9, False)
    assert second["role"] == "technician"
    assert errors.getvalue() == ""


@pytest.mark.parametrize(
    "bad",
    [b"{", b"[]", b'"x"', b'{"id": 1}', b'{"text": 5}', b'{"text": "x", "role": "boss"}', b"\xff\xfe", b'{"text": "x", "context": 3}', b"[" * 9999],
)
def test_a_bad_line_is_named_and_the_rest_goes_on(bad: bytes) -> None:
    out, errors = io.StringIO(), io.StringIO()
    lines = b'{"text": "one"}\n' + bad + b'\n{"text": "three"}\n'
    assert not understand_command.run(io.BytesIO(lines), out, errors, "client", Reader)
    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["one", "three"]
    assert errors.getvalue().startswith("line 2: ")
    assert len(errors.getvalue().splitlines()) == 1


def test_a_long_input_is_shared_and_comes_out_in_its_order() -> None:
    lines = [json.dumps({"n": n, "text": "x" * (n % 7)}).encode() for n in range(1, 301)]
    lines[249] = b"{"
    alone, shared = ((io.StringIO(), io.StringIO()) for _ in range(2))
    assert not understand_command.run(io.BytesIO(b"\n".join(lines)), *alone, "client", helpers=0)
    assert not understand_command.run(io.BytesIO(b"\n".join(lines)), *shared, "client", helpers=2)
    assert [json.loads(line)["n"] for line in shared[0].getvalue().splitlines()] == [n for n in range(1, 301) if n != 250]
    assert [stream.getvalue() for stream in shared] == [stream.getvalue() for stream in alone]
    assert shared[1].getvalue().startswith("line 250: not JSON")


def test_a_line_is_answered_before_the_next_one_comes_however_many_came_before() -> None:
    command = [sys.executable, "-c", "from bot.cli import app; app()", "understand"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as asked:
        assert asked.stdin and asked.stdout
        for n in range(understand_command.ALONE + 5):
            asked.stdin.write(json.dumps({"n": n, "text": "slm"}).encode() + b"\n")
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline())["n"] == n
        asked.stdin.close()
        assert asked.wait(10) == 0
