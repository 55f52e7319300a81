"""The files that other sites and browsers keep: what they may be framed by, and what they hold."""

from __future__ import annotations

import json
import re

import pytest
from fastapi.testclient import TestClient

from bot.settings import SettingsError, load
from domain.engagement.reply import LOCALES
from tests.support.talking_app import Talk
from tests.unit.channels.test_web_socket import settings, silent


def test_only_sites_we_were_told_of_may_frame_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_WEB_SITES", "https://shop.example.ma/, http://localhost:9000")
    assert load(_env_file=None).embedding_sites == ("https://shop.example.ma", "http://localhost:9000")
    for sites, framers in ((("https://shop.example.ma",), "'self' https://shop.example.ma"), ((), "'self'")):
        policy = TestClient(Talk(silent, settings(sites=sites)).app).get("/chat").headers["content-security-policy"]
        assert re.findall(r"frame-ancestors ([^;]+)", policy) == [framers]


@pytest.mark.parametrize("wrong", ["shop.example.ma", "https://shop.example.ma/page", "https://a.ma; script-src *"])
def test_a_site_that_is_none_refuses_to_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("BRICOL_WEB_SITES", wrong)
    with pytest.raises(SettingsError, match="BRICOL_WEB_SITES"):
        load(_env_file=None)


def test_the_widget_speaks_every_locale_and_the_page_opens_offline_with_files_that_exist() -> None:
    client = TestClient(Talk(silent, settings()).app)
    widget, worker = client.get("/widget.js").text, client.get("/chat/offline.js")
    [texts] = re.findall(r"texts = (\{.+\});", widget)
    assert set(json.loads(texts)) == set(LOCALES)
    assert "{{" not in widget + worker.text
    [files] = re.findall(r"FILES = (\[.+\]);", worker.text)
    assert worker.headers["service-worker-allowed"] == "/chat"
    assert {client.get(path).status_code for path in json.loads(files)} == {200}
