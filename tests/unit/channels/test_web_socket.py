"""The chat's socket, spoken to directly: sessions, resume, limits, and everything a hostile page may try."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from channels.base import MAX_TEXT
from channels.web import WebSettings
from channels.web.limits import Buckets
from channels.web.session import Sessions
from domain.engagement.reply import Option, Reply
from tests.support.talking_app import Talk

SECRET = b"a secret of the tests, long enough"


def echo(message: Any) -> list[Reply]:
    return [Reply(f"gelti: {message.text}", "ary", "latn")]


def silent(message: Any) -> list[Reply]:
    return []


def settings(**changes: Any) -> WebSettings:
    return WebSettings(**{"secret": SECRET, "poll_seconds": 3600, "burst": 1000, **changes})


@pytest.fixture
def talk() -> Talk:
    return Talk(echo, settings())


class Page:
    """A browser's end of one socket."""

    def __init__(self, talk: Talk, token: object = None, have: object = (), **headers: str) -> None:
        self._context = TestClient(talk.app).websocket_connect("/chat/ws", headers=headers)
        self.socket: WebSocketTestSession = self._context.__enter__()
        self.say(t="hello", token=token, have=list(have) if isinstance(have, tuple | list | set) else have)
        self.welcome = self.hear("welcome")
        self.token = self.welcome["token"]

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.__exit__(None, None, None)

    def say(self, **frame: Any) -> None:
        self.socket.send_text(json.dumps(frame))

    def hear(self, kind: str) -> dict[str, Any]:
        while True:
            event: dict[str, Any] = json.loads(self.socket.receive_text())
            if event["t"] == kind:
                return event

    def until_pong(self) -> list[dict[str, Any]]:
        """Everything the server had to say before it answers a ping."""
        self.say(t="ping")
        heard = []
        while (event := json.loads(self.socket.receive_text()))["t"] != "pong":
            heard.append(event)
        return heard


def test_a_message_is_written_down_acknowledged_and_answered(talk: Talk) -> None:
    with Page(talk) as page:
        page.say(t="msg", id="a1", kind="text", text="slm")
        page.hear("ok")
        assert page.hear("msg")["text"] == "gelti: slm"
    [message] = talk.taken
    assert (message.kind, message.text, message.provider_id) == ("text", "slm", f"{message.sender}:a1")


def test_a_message_sent_again_after_a_lost_answer_is_taken_once(talk: Talk) -> None:
    with Page(talk) as page:
        page.say(t="msg", id="a1", text="slm")
        page.hear("ok")
        token = page.token
    with Page(talk, token) as page:
        page.say(t="msg", id="a1", text="slm")
        assert page.hear("ok")["id"] == "a1"
    assert len(talk.taken) == 1


def test_what_was_said_meanwhile_comes_once_when_the_page_returns() -> None:
    talk = Talk(silent, settings())
    with Page(talk) as page:
        page.say(t="msg", id="a", text="slm")
        page.hear("ok")
        session, token = talk.taken[0].sender, page.token
        talk.tell(session, Reply("wahed", "ary", "latn"))
        first = page.hear("msg")
    for word in ("jouj", "tlata"):
        talk.tell(session, Reply(word, "ary", "latn"))  # nobody is there
    with Page(talk, token, have=[first["id"]]) as page:
        assert [page.hear("msg")["text"], page.hear("msg")["text"]] == ["jouj", "tlata"]
        assert page.until_pong() == []


@given(st.lists(st.sampled_from(["said", "leave", "return", "elsewhere"]), max_size=12))
def test_whatever_the_network_does_each_message_is_shown_once_and_in_order(events: list[str]) -> None:
    talk = Talk(silent, settings(poll_seconds=0.001))
    shown: list[str] = []
    page = Page(talk)
    page.say(t="msg", id="a", text="slm")
    page.hear("ok")
    session = talk.taken[0].sender
    spoken = 0
    for event in [*events, "return", "said"]:
        if event in ("said", "elsewhere"):
            spoken += 1
            talk.tell(session, Reply(str(spoken), "fr", "latn"), push=event == "said")
        if page and event in ("leave", "return"):
            page.__exit__()
            page = None  # type: ignore[assignment]
        if event == "return":
            page = Page(talk, talk_token(session), have=[str(n) for n in range(1, len(shown) + 1)])
        if page:
            while len(shown) < spoken:
                shown.append(page.hear("msg")["text"])
    page.__exit__()
    assert shown == [str(n) for n in range(1, spoken + 1)]


def talk_token(session: str) -> str:
    return Sessions(SECRET, 30).token(session)


def test_two_tabs_of_one_person_both_hear(talk: Talk) -> None:
    with Page(talk) as one, Page(talk, one.token) as two:
        two.say(t="msg", id="a", text="slm")
        assert one.hear("msg")["text"] == two.hear("msg")["text"] == "gelti: slm"


def test_a_stranger_without_the_token_gets_a_conversation_of_their_own(talk: Talk) -> None:
    with Page(talk) as page:
        page.say(t="msg", id="a", text="my secret")
        page.hear("msg")
        session = talk.taken[0].sender
        forged = [session, None, 7, {"session": session}, page.token[:-2] + "xx", Sessions(b"another secret", 30).token(session), "x" * 5000]
        for token in forged:
            with Page(talk, token) as stranger:
                assert stranger.welcome["fresh"]
                assert stranger.until_pong() == []
                stranger.say(t="msg", id="a", text="same id")
                stranger.hear("ok")
        assert page.until_pong() == []
    assert len({m.sender for m in talk.taken}) == 1 + len(forged)
    assert len(talk.taken) == 1 + len(forged)


def test_an_old_token_no_longer_opens_a_session() -> None:
    sessions = Sessions(SECRET, 0)
    token = sessions.token(sessions.new())
    assert Sessions(SECRET, 1).read(token) is not None
    assert Sessions(SECRET, -1).read(token) is None


def test_another_sites_page_may_not_connect(talk: Talk) -> None:
    for origin in ("https://evil.example", "null", "https://testserver.evil.example"):
        with pytest.raises(WebSocketDisconnect), Page(talk, origin=origin):
            pass
    for origin in ("http://testserver",):
        with Page(talk, origin=origin):
            pass
    known = Talk(echo, settings(public_url="https://bricol.example.ma", sites=("https://shop.example.ma",)))
    for origin in ("https://bricol.example.ma", "https://shop.example.ma"):
        with Page(known, origin=origin):
            pass


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"t": "msg", "text": "no id"}, "id"),
        ({"t": "msg", "id": "a b", "text": "x"}, "id"),
        ({"t": "msg", "id": "a", "kind": "video"}, "kind"),
        ({"t": "msg", "id": "a", "text": ["x"]}, "text"),
        ({"t": "msg", "id": "a", "kind": "button", "text": "Ah"}, "payload"),
        ({"t": "msg", "id": "a", "kind": "location", "lat": 33.5, "lon": "x"}, "lon"),
        ({"t": "msg", "id": "a", "kind": "location", "lat": 91, "lon": 0}, "lat"),
        ({"t": "msg", "id": "a", "kind": "location", "lat": True, "lon": 0}, "lat"),
        ({"t": "dance"}, "t"),
        ({"x": 1}, "t"),
        ([1, 2], "t"),
        ("{nope", "frame"),
        ("[" * 50_000, "frame"),
    ],
)
def test_a_frame_that_makes_no_sense_is_refused_by_field_and_the_talk_goes_on(talk: Talk, frame: Any, field: str) -> None:
    with Page(talk) as page:
        page.socket.send_text(frame if isinstance(frame, str) else json.dumps(frame))
        assert page.hear("refused")["field"] == field
        page.say(t="msg", id="b", text="slm")
        page.hear("msg")
    assert [m.text for m in talk.taken] == ["slm"]


def test_a_binary_frame_is_refused_and_the_talk_goes_on(talk: Talk) -> None:
    with Page(talk) as page:
        page.socket.send_bytes(b"\x00\xff")
        assert page.hear("refused")["field"] == "frame"
        assert page.until_pong() == []


def test_a_frame_above_the_limit_ends_the_socket(talk: Talk) -> None:
    with Page(talk) as page:
        page.say(t="msg", id="a", text="x" * 70_000)
        with pytest.raises(WebSocketDisconnect) as ended:
            page.hear("ok")
    assert ended.value.code == 1009
    assert talk.taken == []


def test_someone_who_never_says_anything_sensible_is_hung_up_on(talk: Talk) -> None:
    with Page(talk) as page:
        for _ in range(25):
            page.socket.send_text("nonsense")
        with pytest.raises(WebSocketDisconnect):
            page.hear("ok")


@pytest.mark.parametrize("first", ["nonsense", '{"t": "msg", "id": "a", "text": "x"}'])
def test_whoever_does_not_say_hello_first_is_hung_up_on(talk: Talk, first: str) -> None:
    with TestClient(talk.app).websocket_connect("/chat/ws") as socket:
        socket.send_text(first)
        with pytest.raises(WebSocketDisconnect):
            while True:
                socket.receive_text()
    assert talk.taken == []


def test_long_words_are_cut_and_strange_ones_cleaned(talk: Talk) -> None:
    with Page(talk) as page:
        page.say(t="msg", id="a", text="ع" * 10_000)
        page.say(t="msg", id="b", text="\u202e\x00slm\ud83d")
        page.hear("ok")
        page.hear("ok")
    long, strange = talk.taken
    assert (len(long.text), long.payload) == (MAX_TEXT, {"truncated": True})
    assert strange.text == "slm"


def test_a_tapped_option_and_a_place_arrive_as_such(talk: Talk) -> None:
    with Page(talk) as page:
        page.say(t="msg", id="a", kind="button", text="Ah", payload="yes")
        page.say(t="msg", id="b", kind="location", text="", lat=33.585, lon=-7)
        page.hear("ok")
        page.hear("ok")
    assert [(m.kind, m.payload) for m in talk.taken] == [("button", {"payload": "yes"}), ("location", {"lat": 33.585, "lon": -7.0})]


def test_a_flood_is_told_to_come_later_and_nothing_of_it_is_lost() -> None:
    talk = Talk(silent, settings(burst=3, per_second=100))
    with Page(talk) as page:
        waiting = [f"m{n}" for n in range(8)]
        told_later = 0
        while waiting:
            page.say(t="msg", id=waiting[0], text=waiting[0])
            event = json.loads(page.socket.receive_text())
            if event["t"] == "ok":
                waiting.pop(0)
            else:
                assert event["t"] == "later"
                told_later += 1
    assert [m.text for m in talk.taken] == [f"m{n}" for n in range(8)]
    assert told_later


def test_a_store_that_is_down_makes_the_page_try_again(talk: Talk) -> None:
    with Page(talk) as page:
        talk.down = True
        page.say(t="msg", id="a", text="slm")
        assert page.hear("later")["id"] == "a"
        talk.down = False
        page.say(t="msg", id="a", text="slm")
        page.hear("ok")
    assert len(talk.taken) == 1


def test_new_visitors_from_one_address_are_limited_known_ones_are_not() -> None:
    talk = Talk(echo, settings(new_sessions_per_minute=2))
    with Page(talk) as first, Page(talk):
        with pytest.raises(WebSocketDisconnect):
            Page(talk)
        with Page(talk, first.token) as back:
            assert not back.welcome["fresh"]


def test_too_many_tabs_close_the_oldest_which_may_resume() -> None:
    talk = Talk(echo, settings(sockets_per_session=2))
    with Page(talk) as one, Page(talk, one.token), Page(talk, one.token):
        with pytest.raises(WebSocketDisconnect) as ended:
            one.hear("msg")
        assert ended.value.code == 1013


def test_what_was_seen_is_reported_only_for_messages_that_went_by(talk: Talk) -> None:
    with Page(talk, have=["99"]) as page:
        page.say(t="msg", id="a", text="slm")
        shown = page.hear("msg")["id"]
        page.say(t="seen", ids=[shown, "99", "12345", 7, None], read=True)
        page.say(t="seen", ids="all", read=True)
        page.until_pong()
    assert [(s.provider_id, s.status) for s in talk.statuses] == [(f"web-{shown}", "read")]


def test_the_page_learns_language_options_and_what_is_awaited() -> None:
    reply = Reply("نأكدها؟", "ary", "arab", "confirm", (Option("آه", "yes"), Option("لا", "no")))
    talk = Talk(lambda m: [reply], settings())
    with Page(talk) as page:
        page.say(t="msg", id="a", text="السلام")
        event = page.hear("msg")
    assert (event["language"], event["script"], event["awaiting"], event["kind"]) == ("ary", "arab", "confirm", "buttons")
    assert [o["payload"] for o in event["options"]] == ["yes", "no"]


NAMES = st.sampled_from(["t", "id", "kind", "text", "ids", "lat"])
JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(NAMES, x))


@given(JSON | st.builds(lambda frame, t: {**frame, "t": t}, st.dictionaries(NAMES, JSON), st.sampled_from(["msg", "seen", "hello"])))
def test_no_json_breaks_the_socket(value: Any) -> None:
    talk = Talk(silent, settings())
    with Page(talk) as page:
        page.socket.send_text(json.dumps(value))
        page.until_pong()


def test_the_pages_come_with_everything_they_need_and_may_call_nobody_else(talk: Talk) -> None:
    client = TestClient(talk.app)
    page = client.get("/chat")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "{{" not in page.text
    files = {part.split('"')[0] for part in page.text.split('="/chat/static/')[1:]}
    assert len(files) >= 5
    for file in files:
        answer = client.get(f"/chat/static/{file}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/chat/static/old/chat.js").headers["cache-control"] == "no-store"
    assert client.get("/chat/static/x/..%2Fpages.py").status_code == 404
    assert client.get("/chat/static/x/chat.html").status_code == 404


def test_a_forged_host_does_not_reach_the_policy(talk: Talk) -> None:
    policy = TestClient(talk.app).get("/chat", headers={"host": "x; script-src *"}).headers["content-security-policy"]
    assert "script-src *" not in policy


def test_the_demos_phones_exist_only_in_a_demonstration(talk: Talk) -> None:
    assert TestClient(talk.app).get("/demo/sms").status_code == 404
    assert TestClient(talk.app).get("/demo").status_code == 404
    demo = TestClient(Talk(echo, settings(), recent_sms=lambda: [{"id": "1", "text": "1=oui"}]).app)
    assert demo.get("/demo").status_code == 200
    assert demo.get("/demo/sms").json() == {"sms": [{"id": "1", "text": "1=oui"}]}


def test_a_bucket_lets_a_burst_through_then_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("channels.web.limits.time.monotonic", lambda: now[0])
    bucket = Buckets(burst=2, per_second=0.5, keys=10)
    assert [bucket.wait("a"), bucket.wait("a"), bucket.wait("b")] == [0, 0, 0]
    assert bucket.wait("a") == pytest.approx(2)
    now[0] += 2
    assert bucket.wait("a") == 0
    assert bucket.wait("a") > 0
