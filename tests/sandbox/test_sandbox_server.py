"""The server itself: its door, its file, its command line, and that it serves this machine only."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import tweepy
from sandbox_clients import HEMLUND_X, graph_client, x_client

from webcare.sandbox import Sandbox, SandboxError, demo_credentials


def control(box: Sandbox, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
    return requests.request(method, f"{box.url}/sandbox{path}", json=body, timeout=5, **more)


# --- the control door ----------------------------------------------------------------------------------


def test_health_counts_what_is_there(box: Sandbox) -> None:
    box.world.post_x("@hemlund hoi", author="jan")
    found = control(box, "GET", "/health").json()
    assert (found["status"], found["posts"]) == ("ok", {"x": 1, "facebook": 0})
    assert found["accounts"] == ["fb_hemlund", "ig_hemlund", "x_hemlund"]


def test_customers_can_be_played_over_http(box: Sandbox) -> None:
    made = control(box, "POST", "/x/posts", {"text": "@hemlund hoi", "author": "jan", "name": "Jan"}).json()
    reply = control(box, "POST", "/x/posts", {"text": "nog?", "author": "jan", "in_reply_to": made["id"]}).json()
    assert reply["conversation_id"] == made["id"]
    edited = control(box, "POST", f"/x/posts/{made['id']}/edit", {"text": "@hemlund hallo"}).json()
    assert x_client(box).get_tweet(edited["id"], user_auth=True).data.text == "@hemlund hallo"
    control(box, "POST", f"/x/posts/{reply['id']}/retweet", {"author": "fan"})
    control(box, "POST", f"/x/posts/{edited['id']}/delete", {})
    assert x_client(box).get_tweet(made["id"], user_auth=True).data is None
    assert control(box, "POST", "/x/users/jan", {"handle": "jan_nieuw"}).json()["handle"] == "jan_nieuw"


def test_visitors_can_be_played_over_http(box: Sandbox) -> None:
    post = control(box, "POST", "/facebook/posts", {"text": "Waar?", "author": "Jan"}).json()
    comment = control(box, "POST", "/facebook/comments", {"text": "ook", "author": "Piet", "under": post["id"]}).json()
    control(box, "POST", "/facebook/reviews", {"text": "Top", "author": "Jan", "positive": True})
    control(box, "POST", f"/facebook/items/{comment['id']}/edit", {"text": "ook ik"})
    graph = graph_client(box)
    assert graph.get_object(comment["id"])["message"] == "ook ik"
    control(box, "POST", f"/facebook/items/{comment['id']}/delete", {})
    assert graph.get_connections(post["id"], "comments") == {"data": []}
    assert graph.get_connections("me", "ratings")["data"][0]["recommendation_type"] == "positive"


def test_switches_faults_and_accounts_are_set_over_http(box: Sandbox) -> None:
    assert control(box, "POST", "/options", {"dialect": "post", "limit_scale": 2}).json()["dialect"] == "post"
    control(box, "PUT", "/faults", [{"match": "GET /x/*", "kind": "error_before"}])
    control(box, "POST", "/faults", {"match": "GET /graph/*", "kind": "slow", "seconds": 0})
    assert [one["kind"] for one in control(box, "GET", "/faults").json()] == ["error_before", "slow"]
    assert control(box, "DELETE", "/faults").json() == []
    control(box, "POST", "/accounts/x_hemlund", {"disconnected": "revoked", "denied": ["hide"]})
    with pytest.raises(tweepy.Unauthorized):
        x_client(box).get_me()


def test_the_state_can_be_seen_without_secrets(box: Sandbox) -> None:
    box.world.post_x("@hemlund hoi", author="jan")
    text = control(box, "GET", "/state").text
    assert "@hemlund hoi" in text
    for key in ("x_hemlund", "fb_hemlund"):
        assert not [secret for secret in box.credentials(key).values() if secret in text]


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/x/posts", {"author": "jan"}, "text"),
        ("/x/posts", {"text": "hoi"}, "author"),
        ("/x/posts", {"text": "hoi", "author": "jan", "in_reply_to": "12"}, "no post 12"),
        ("/x/posts/12/delete", {}, "no post 12"),
        ("/x/posts/12/frame", {}, "frame"),
        ("/facebook/comments", {"text": "hoi", "author": "jan", "under": "1_2"}, "1_2"),
        ("/facebook/posts", {"text": "hoi", "author": "jan", "kind": "poem"}, "kind"),
        ("/options", {"colour": "red"}, "colour"),
        ("/options", {"dialect": "latin"}, "dialect"),
        ("/options", {"summoned_only": "yes"}, "summoned_only"),
        ("/options", {"limit_scale": -1}, "limit_scale"),
        ("/accounts/nobody", {}, "nobody"),
        ("/accounts/x_hemlund", {"denied": ["breathe"]}, "denied"),
        ("/faults", {"kind": "slow"}, "match"),
        ("/script", {"speed": 1}, "without a script"),
    ],
)
def test_a_wrong_order_is_explained(box: Sandbox, path: str, body: Any, named: str) -> None:
    answer = control(box, "POST", path, body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_only_json_from_this_machine_is_obeyed(box: Sandbox) -> None:
    form = requests.post(f"{box.url}/sandbox/x/posts", data={"text": "hoi", "author": "jan"}, timeout=5)
    assert form.status_code == 400
    assert "JSON" in form.json()["error"]
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        assert control(box, "GET", "/health", headers={"host": host}).status_code == 403
    assert control(box, "GET", "/health", headers={"host": f"localhost:{box.port}"}).status_code == 200
    assert not box.world.x.posts


def test_the_script_can_be_watched_paused_and_hurried() -> None:
    with Sandbox(script=True, speed=0) as box:
        until = time.monotonic() + 5
        while control(box, "GET", "/script").json()["played"] == 0 and time.monotonic() < until:
            time.sleep(0.02)
        before = control(box, "GET", "/script").json()
        after = control(box, "POST", "/script", {"skip_min": 30, "paused": True}).json()
        assert after["played"] > before["played"]
        assert after["paused"] is True
        assert control(box, "POST", "/script", {"speed": "fast"}).status_code == 400


# --- state file, port, credentials ---------------------------------------------------------------------


def test_a_world_survives_a_restart_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "world.json"
    with Sandbox(state=path) as box:
        root = box.world.post_x("@hemlund hoi & <dag> https://hemlund.example", author="jan")
        x_client(box).create_tweet(text="Hoi Jan", in_reply_to_tweet_id=root.id)
        post = box.world.post_fb("Waar?", author="Jan")
        box.world.comment_fb("Hier", under=post.id)
        box.world.set_options({"dialect": "post"})
        before = box.world.dump()
    with Sandbox(state=path) as box:
        assert box.world.dump() == before
        assert len(box.world.x.answers(root.id)) == 1
        graph = graph_client(box)
        assert graph.get_connections(post.id, "comments")["data"][0]["message"] == "Hier"


def test_a_changed_world_is_written_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webcare.sandbox.server.SAVE_EVERY_S", 0.05)
    path = tmp_path / "world.json"
    with Sandbox(state=path) as box:
        box.world.post_x("@hemlund hoi", author="jan")
        until = time.monotonic() + 5
        while time.monotonic() < until and not (path.exists() and "@hemlund hoi" in path.read_text("utf-8")):
            time.sleep(0.02)
        assert "@hemlund hoi" in path.read_text("utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["world.json"]


def test_half_a_character_harms_neither_page_nor_file(tmp_path: Path) -> None:
    half = '{"text": "@hemlund \\ud83d https://hemlund.example/\\ud83d", "author": "jan \\ude00"}'
    with Sandbox(state=tmp_path / "world.json") as box:
        json_only = {"content-type": "application/json"}
        sent = requests.post(f"{box.url}/sandbox/x/posts", data=half, headers=json_only, timeout=5)
        assert sent.status_code == 200
        assert x_client(box).get_users_mentions(HEMLUND_X, user_auth=True).data[0].text.startswith("@hemlund ?")
        assert requests.get(box.url, timeout=5).status_code == 200
    with Sandbox(state=tmp_path / "world.json") as box:
        assert len(box.world.x.posts) == 1


def test_health_and_the_player_do_not_wait_for_each_other() -> None:
    with Sandbox(script=True, speed=0) as box, ThreadPoolExecutor(2) as pool:
        asked = pool.submit(lambda: [control(box, "GET", "/health").status_code for _ in range(60)])
        assert box.player is not None
        for _ in range(300):
            box.player.advance(2)
        assert asked.result(timeout=20) == [200] * 60


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 99}', '{"format": 1, "options": {}}'])
def test_a_damaged_state_file_is_named_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "world.json"
    path.write_text(content)
    with pytest.raises(SandboxError, match=r"world\.json"):
        Sandbox(state=path)
    assert path.read_text() == content


def test_a_port_in_use_is_one_clear_line(box: Sandbox) -> None:
    with pytest.raises(SandboxError, match=f"port {box.port} on 127.0.0.1 is in use"):
        Sandbox(port=box.port)


def test_it_never_listens_beyond_this_machine() -> None:
    with pytest.raises(SandboxError, match="this machine only"):
        Sandbox(host="0.0.0.0")


def test_credentials_are_the_same_every_time_and_named_as_channels_name_them(box: Sandbox) -> None:
    names = {"api_key", "api_secret", "access_token", "access_token_secret", "bearer_token"}
    assert set(box.credentials("x_hemlund")) == names
    assert set(box.credentials("fb_hemlund")) == {"page_token", "app_secret"}
    assert box.credentials("x_hemlund") == demo_credentials("x_hemlund")
    assert box.credentials("x_hemlund")["access_token"].startswith(f"{HEMLUND_X}-")
    for ask in (box.credentials, demo_credentials):
        with pytest.raises(SandboxError):
            ask("nobody")


def test_many_clients_and_writers_at_once_lose_nothing(box: Sandbox) -> None:
    box.world.set_options({"limit_scale": 100})

    def reply(number: int) -> str:
        root = box.world.post_x(f"@hemlund vraag {number}", author=f"jan{number}")
        return str(x_client(box).create_tweet(text=f"antwoord {number}", in_reply_to_tweet_id=root.id).data["id"])

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(reply, range(40)))
    assert len(set(made)) == 40
    assert len(box.world.x.by_author[HEMLUND_X]) == 40
    assert box.world.x.ids == sorted(box.world.x.posts)


def test_a_hundred_posts_are_served_in_a_few_milliseconds(box: Sandbox) -> None:
    box.world.bulk_x(5000)
    x = x_client(box)
    x.return_type = requests.Response
    fields = ["author_id", "created_at", "entities", "referenced_tweets", "conversation_id"]
    took = []
    for _ in range(15):
        started = time.perf_counter()
        x.get_users_mentions(HEMLUND_X, user_auth=True, max_results=100, tweet_fields=fields, expansions=["author_id"])
        took.append(time.perf_counter() - started)
    assert min(took) < 0.05


# --- command line --------------------------------------------------------------------------------------


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "webcare.sandbox", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert address is not None
    return process, address.group()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_answers_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    process, address = started("--state", str(tmp_path / "world.json"), "--speed", "1")
    try:
        assert requests.get(f"{address}/sandbox/health", timeout=5).json()["script"]["stories"] >= 300
    finally:
        process.send_signal(number)
        _, err = process.communicate(timeout=15)
    assert (process.returncode, err) == (0, "")
    assert json.loads((tmp_path / "world.json").read_text("utf-8"))["format"] == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--port", "99999"], "99999"),
        (["--speed", "fast"], "fast"),
        (["--faults", "/no/such/file.json"], "/no/such/file.json"),
        (["--stories", "/no/such/folder"], "/no/such/folder"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(arguments: list[str], named: str) -> None:
    command = [sys.executable, "-m", "webcare.sandbox", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert named in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_taken_port_on_the_command_line_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "webcare.sandbox", "--port", port, "--no-script"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert f"port {port}" in done.stderr


def test_answers_carry_the_worlds_own_date() -> None:
    then = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
    with Sandbox(clock=lambda: then) as box:
        for path in ("/sandbox/health", "/x/2/users/me", "/graph/v26.0/me"):
            answer = requests.get(box.url + path, timeout=5)
            assert answer.headers["date"] == "Sun, 01 Mar 2026 12:30:05 GMT"
