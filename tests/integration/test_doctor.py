"""`bricol doctor` on healthy and broken installations: it names what is wrong and the cure, and never falls over."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import doctor
from bot.doctor import Finding
from domain.store.migrate import migrate
from tests.support.builders import add_technicians


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRICOL_DATA_DIR", str(tmp_path / "var"))


def about(what: str) -> list[Finding]:
    return [f for f in doctor.examine() if f.what == what]


def test_a_wrong_setting_is_all_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_PORT", "x")
    (finding,) = doctor.examine()
    assert finding.state == "broken"
    assert "BRICOL_PORT" in finding.found
    assert finding.cure


def test_a_misspelt_setting_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_DATABSE_URL", "sqlite:///x")
    assert any("BRICOL_DATABASE_URL" in f.cure for f in about("settings"))


def test_a_fresh_directory_is_no_fault() -> None:
    assert [f.state for f in about("store") + about("workflows") + about("data directory")] == ["note", "note", "good"]


def test_a_store_without_people_says_how_to_get_some(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    migrate(f"sqlite:///{tmp_path}/var/bricol.sqlite3")
    assert about("store")[0].state == "good"
    assert about("market")[0].cure == "bricol demo"
    add_technicians(f"sqlite:///{tmp_path}/var/bricol.sqlite3")
    assert about("market") == []


def test_a_store_that_is_not_migrated_says_migrate(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "bricol.sqlite3").touch()
    assert about("store")[0].state == "broken"
    assert about("store")[0].cure == "bricol migrate"


def test_a_database_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_DATABASE_URL", "postgresql://bricol:hunter2@127.0.0.1:1/none?connect_timeout=2")
    (finding,) = about("store")
    assert finding.state == "broken"
    assert "BRICOL_DATABASE_URL" in finding.cure
    assert "hunter2" not in "".join(f.found + f.cure for f in doctor.examine())


def test_twilio_without_a_reachable_address_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCOUNT_SID": "AC" + "0" * 32, "AUTH_TOKEN": "token-token", "WHATSAPP_FROM": "+14155238886"}.items():
        monkeypatch.setenv(f"BRICOL_TWILIO_{name}", value)
    states = [f.state for f in about("twilio")]
    assert states == ["good", "note"]
    assert "token-token" not in "".join(f.found + f.cure for f in doctor.examine())


def test_a_model_whose_package_is_missing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.MODELS, "acme", "langchain_acme")
    monkeypatch.setenv("BRICOL_MODEL", "acme:big")
    (finding,) = about("model")
    assert finding.state == "broken"
    assert "langchain-acme" in finding.cure
