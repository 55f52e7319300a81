"""Settings: every one documented, a wrong one refused by name, secrets never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, env_name, load

EXAMPLE = Path(__file__).parents[3] / ".env.example"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_example_documents_every_setting_and_no_other() -> None:
    documented = set(re.findall(r"^#?(BRICOL_\w+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == {env_name(name) for name in Settings.model_fields}


def test_the_example_shows_the_default_of_every_plain_setting() -> None:
    shown = dict(re.findall(r"^#(BRICOL_\w+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("port", "host", "burst_seconds", "poll_seconds", "sweep_seconds", "concurrency", "cascade_threshold", "model", "executor_id"):
        assert Settings.model_validate({name: shown[env_name(name)]}) == Settings(), name


def test_every_setting_has_an_example_for_the_error_message() -> None:
    assert [name for name, info in Settings.model_fields.items() if not info.examples] == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"PORT": "abc"}, "BRICOL_PORT"),
        ({"PORT": "70000"}, "BRICOL_PORT"),
        ({"DATABASE_URL": "mysql://x"}, "BRICOL_DATABASE_URL"),
        ({"BURST_SECONDS": "-1"}, "BRICOL_BURST_SECONDS"),
        ({"CASCADE_THRESHOLD": "80"}, "BRICOL_CASCADE_THRESHOLD"),
        ({"DEMO": "maybe"}, "BRICOL_DEMO"),
        ({"LOG_LEVEL": "loud"}, "BRICOL_LOG_LEVEL"),
        ({"PUBLIC_URL": "bricol.ma"}, "BRICOL_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://bricol.ma"}, "BRICOL_SECRET"),
        ({"PUBLIC_URL": "https://bricol.ma", "SECRET": "changeme"}, "BRICOL_SECRET"),
        ({"PUBLIC_URL": "https://bricol.ma", "SECRET": "a" * 64}, "BRICOL_SECRET"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "BRICOL_TWILIO_AUTH_TOKEN"),
        ({"TWILIO_AUTH_TOKEN": "t"}, "BRICOL_TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}, "BRICOL_TWILIO_WHATSAPP_FROM"),
        ({"TWILIO_SMS_FROM": "not a number!"}, "BRICOL_TWILIO_SMS_FROM"),
        ({"MODEL": "cascade"}, "BRICOL_CASCADE_MODEL"),
        ({"EXECUTOR_ID": "a b"}, "BRICOL_EXECUTOR_ID"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_an_example(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"BRICOL_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert f"{named}: " in str(refused.value)
    assert f"Example: {named}=" in str(refused.value)


def test_several_wrong_values_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_PORT", "x")
    monkeypatch.setenv("BRICOL_CONCURRENCY", "0")
    with pytest.raises(SettingsError, match=r"BRICOL_PORT(.|\n)*BRICOL_CONCURRENCY"):
        load()


def test_a_secret_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_PUBLIC_URL", "https://bricol.ma")
    monkeypatch.setenv("BRICOL_SECRET", "hunter2-hunter2")
    with pytest.raises(SettingsError) as refused:
        load()
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv("BRICOL_SECRET", "0123456789abcdef0123456789abcdef")
    assert "0123456789abcdef" not in repr(load())


def test_a_secret_is_made_once_for_a_data_directory_and_kept_private(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path / "var")
    assert settings.secret_bytes() == load(data_dir=tmp_path / "var").secret_bytes()
    assert len(settings.secret_bytes()) == 64
    assert (tmp_path / "var" / "secret").stat().st_mode & 0o077 == 0
    assert load(data_dir=tmp_path / "other").secret_bytes() != settings.secret_bytes()


def test_the_workflow_engine_shares_postgresql_and_has_its_own_sqlite_file() -> None:
    assert load(database_url="postgres://u@h/b").workflow_store_url == "postgresql+psycopg://u@h/b"
    assert load().workflow_store_url == "sqlite:///var/workflows.sqlite3"


@pytest.mark.parametrize("url", ["", "http://localhost:8000", "http://127.0.0.1", "http://192.168.1.4:8000", "http://bricol.local"])
def test_the_demo_is_on_where_nobody_else_can_reach_it(url: str) -> None:
    assert load(public_url=url).demo_on


def test_the_demo_is_off_on_a_public_service() -> None:
    settings = load(public_url="https://bricol.ma", secret="0123456789abcdef0123456789abcdef")
    assert not settings.demo_on
