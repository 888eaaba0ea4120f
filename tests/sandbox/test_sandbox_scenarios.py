"""The fault language: what its lines mean, how they strike on the world's clock, and how mistakes are named."""

import re
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import facebook
import pytest
import requests
import tweepy
from hypothesis import given
from hypothesis.strategies import text
from sandbox_clients import HEMLUND_X, graph_client, graph_error, x_client

from webcare.sandbox import Sandbox, SandboxError
from webcare.sandbox import __main__ as program
from webcare.sandbox.fault_language import rule_from, rules_from_file, rules_from_text, seconds
from webcare.sandbox.faults import Event, Fault, Faults, Late, When

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Hand:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def striking(text: str, minutes: list[int], *, request: str = "GET /x/2/tweets") -> list[int]:
    """The minutes after the start at which the rules strike a request."""
    clock = Hand()
    faults = Faults(clock=clock)
    faults.replace(rules_from_text(text))
    found = []
    for minute in minutes:
        clock.now = START + timedelta(minutes=minute)
        if faults.strike(*request.split()):
            found.append(minute)
    return found


@pytest.mark.parametrize(
    ("when", "minutes"),
    [
        ("", [0, 10, 20, 30, 40, 50]),
        ("always: ", [0, 10, 20, 30, 40, 50]),
        ("from 00:20: ", [20, 30, 40, 50]),
        ("from 00:10 for 15m: ", [10, 20]),
        ("from 00:10 until 00:30: ", [10, 20]),
        ("until 00:20: ", [0, 10]),
        ("for 15m: ", [0, 10]),
        ("at 00:20: ", [20]),
        ("every 30m for 5m: ", [0, 30]),
        ("every 30m for 5m from 10m: ", [10, 40]),
        ("once: ", [0]),
        ("from 00:20, twice: ", [20, 30]),
        ("after 2 requests, 3 times: ", [20, 30, 40]),
        ("from 1d 00:00: ", []),
    ],
)
def test_a_rule_strikes_when_it_says(when: str, minutes: list[int]) -> None:
    assert striking(f"{when}GET /x/2/tweets answers 500", [0, 10, 20, 30, 40, 50]) == minutes


def test_chances_are_seeded_and_each_rule_has_its_own_dice() -> None:
    def outcome(text: str, seed: int) -> list[bool]:
        faults = Faults(seed=seed, clock=lambda: START)
        faults.replace(rules_from_text(text))
        return [faults.strike("GET", "/x/2/tweets") is not None for _ in range(400)]

    rule = "1 in 20: GET /x/2/tweets answers 500"
    assert outcome(rule, 1) == outcome(rule, 1) != outcome(rule, 2)
    assert 8 < sum(outcome(rule, 1)) < 36
    other = "1 in 2: POST /x/2/tweets answers 500"
    assert outcome(f"{rule}\n{other}", 1) == outcome(rule, 1)


@pytest.mark.parametrize(
    ("line", "kind", "more"),
    [
        ("GET /x/2/users/*/mentions answers 429 without reset", "rate_limited_no_reset", {}),
        ("GET /x/2/users/*/mentions answers 429", "rate_limited", {"seconds": 60.0}),
        ("GET /graph/* answers 429 with reset in 1h30m", "rate_limited", {"seconds": 5400.0}),
        ("GET /x/* answers usage-capped", "usage_capped", {}),
        ("* /x/* answers 402", "credits_gone", {}),
        ("* * answers 503 html", "unavailable_html", {}),
        ("POST /x/2/tweets answers 500 after commit", "error_after_commit", {}),
        ("POST /x/2/tweets answers 500", "error_before", {}),
        ("GET /x/* answers half of the JSON", "malformed_json", {}),
        ("GET /x/* answers nothing", "empty_200", {}),
        ("GET /x/* answers only errors", "errors_only_200", {}),
        ("GET /graph/* answers error 190/463", "refused", {"code": 190, "subcode": 463, "body": None}),
        ('POST /graph/* answers error 10 "outside of window"', "refused", {"code": 10, "body": "outside of window"}),
        ('POST /x/2/tweets answers 403 saying "No: not so"', "refused", {"status": 403, "body": "No: not so"}),
        ("POST /x/2/tweets is cut before commit", "cut_before", {}),
        ("POST /x/2/tweets is cut after commit", "cut_after_commit", {}),
        ("GET /x/* takes 250ms", "slow", {"seconds": 0.25}),
        ("POST /x/* takes 30s after commit", "slow_after_commit", {"seconds": 30.0}),
        ("POST /x/2/tweets shows up 90s late", "delay_visibility", {"seconds": 90.0}),
        ("GET /x/2/users/*/mentions holds 2 a page", "short_page", {"size": 2}),
    ],
)
def test_every_effect_has_words(line: str, kind: str, more: dict[str, Any]) -> None:
    rule = rule_from(line)
    assert isinstance(rule, Fault)
    assert (rule.kind, rule.says) == (kind, line)
    assert {name: getattr(rule, name) for name in more} == more


@pytest.mark.parametrize(
    ("line", "act", "values"),
    [
        ("the token of x_hemlund expires", "token", {"account": "x_hemlund", "state": "expired"}),
        ("the token of x_hemlund is revoked", "token", {"account": "x_hemlund", "state": "revoked"}),
        ("the token of x_hemlund works again", "token", {"account": "x_hemlund", "state": ""}),
        ("the password of fb_hemlund is changed", "token", {"account": "fb_hemlund", "state": "password_changed"}),
        ("x_hemlund may not reply", "deny", {"account": "x_hemlund", "right": "reply"}),
        ("x_hemlund may reply again", "allow", {"account": "x_hemlund", "right": "reply"}),
        ("x_hemlund may do everything", "allow", {"account": "x_hemlund", "right": ""}),
        ("@jan is suspended", "person", {"handle": "jan", "suspended": True}),
        ("@jan becomes protected", "person", {"handle": "jan", "protected": True}),
        ("@jan is renamed to @piet", "person", {"handle": "jan", "renamed": "piet"}),
        ("option summoned_only is off", "option", {"summoned_only": False}),
        ("option limit_scale is 0.5", "option", {"limit_scale": 0.5}),
        ("option dialect is post", "option", {"dialect": "post"}),
    ],
)
def test_the_world_has_its_own_lines(line: str, act: str, values: dict[str, Any]) -> None:
    rule = rule_from(f"at 02:00: {line}")
    assert isinstance(rule, Event)
    assert (rule.act, rule.values, rule.when) == (act, values, When(7200.0))


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("from 00:10 for five: GET /x/* answers 500", "'five' is not a stretch of time"),
        ("from noon: GET /x/* answers 500", "'noon' is not a time since the start"),
        ("from 00:75: GET /x/* answers 500", "'00:75' is not a time since the start"),
        ("from 00:10 until 00:05: GET /x/* answers 500", "a rule ends after it begins"),
        ("from 00:10, at 00:20: GET /x/* answers 500", "one rule has one time"),
        ("3 in 2: GET /x/* answers 500", "3 in 2 is not a chance"),
        ("once in a while: GET /x/* answers 500", "'once in a while' says neither when nor how often"),
        ("every 30m: GET /x/* answers 500", "say for how long"),
        ("from 00:10 GET /x/* answers 500", "there is no ': '"),
        ("GET /y/* answers 500", "a path begins with /x/ or /graph/"),
        ("get /x/* answers 500", "write 'get' in capitals"),
        ("GET /x/* answer 429", "did you mean 'answers 429'"),
        ("GET /x/*", "does not say what"),
        ("POST /x/2/tweets answers error 190", "only Graph answers with error codes"),
        ("at 02:00: the token of x_hemlund expired", "did you mean something like 'the token of x_hemlund expires'"),
        ("at 02:00: x_hemlund may not fly", "there is no right 'fly'"),
        ("1 in 2: the token of x_hemlund expires", "happens at a time"),
        ("the moon is made of cheese", "is not understood"),
    ],
)
def test_a_mistake_is_named_with_its_line(line: str, wrong: str) -> None:
    with pytest.raises(SandboxError) as raised:
        rules_from_text(f"# a scenario\n\nGET /x/* answers 500  # fine\n{line}\n", name="storm.txt")
    assert str(raised.value).startswith("storm.txt, line 4: ")
    assert wrong in str(raised.value)
    assert line in str(raised.value)


@pytest.mark.parametrize(("text", "length"), [("90s", 90), ("1h30m", 5400), ("250ms", 0.25), ("2d", 172_800)])
def test_stretches_of_time_add_up(text: str, length: float) -> None:
    assert seconds(text) == length


def test_a_scenario_plays_on_the_world_s_clock(tmp_path: Path) -> None:
    path = tmp_path / "storm.txt"
    path.write_text(
        "# an afternoon\n"
        "from 00:10 for 5m: GET /x/2/users/*/mentions answers 429 without reset\n"
        "at 02:00: the token of x_hemlund expires\n"
        "at 03:00: the token of x_hemlund works again\n"
        "at 04:00: x_hemlund may not reply\n"
        "at 05:00: @jan is renamed to @jan_nu\n"
    )
    clock = Hand()
    with Sandbox(clock=clock, faults=rules_from_file(path)) as box:
        x = x_client(box)
        box.world.post_x("@hemlund hoi", author="jan")

        def outcome(minute: int) -> str:
            clock.now = START + timedelta(minutes=minute)
            try:
                return str(len(x.get_users_mentions(HEMLUND_X, user_auth=True).data or []))
            except tweepy.HTTPException as error:
                return str(error.response.status_code)

        assert [outcome(n) for n in (0, 9, 10, 14, 15, 119, 120, 179, 180)] == [
            *("1", "1", "429", "429", "1", "1", "401", "401", "1")
        ]
        clock.now = START + timedelta(hours=4)
        with pytest.raises(tweepy.Forbidden):
            x.create_tweet(text="Hoi")
        clock.now = START + timedelta(hours=6)
        assert x.get_user(username="jan_nu", user_auth=True).data.username == "jan_nu"


def test_new_posts_show_up_late_one_by_one_and_below_the_mark() -> None:
    clock = Hand()
    rules = rules_from_text("until 01:00, 1 in 4: new posts on x show up 90s late")
    assert isinstance(rules[0], Late)
    with Sandbox(clock=clock, faults=rules, seed=3) as box:
        x = x_client(box)
        made = []
        for _ in range(40):
            clock.now += timedelta(milliseconds=50)
            made.append(box.world.post_x("@hemlund hoi", author="jan").id)
        seen = x.get_users_mentions(HEMLUND_X, max_results=100, user_auth=True).data
        assert 20 < len(seen) < 40
        missing = set(made) - {post.id for post in seen}
        assert min(missing) < max(post.id for post in seen), "late ones lie below the newest that shows"
        clock.now += timedelta(seconds=91)
        after = x.get_users_mentions(HEMLUND_X, max_results=100, user_auth=True).data
        assert [post.id for post in after] == made[::-1]
        assert x.get_users_mentions(HEMLUND_X, since_id=max(made), user_auth=True).data is None


def test_graph_errors_come_by_their_codes(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.faults.replace(rules_from_text("once: GET /graph/* answers error 190/463\nonce: GET /graph/* answers error 32"))
    found = []
    for _ in range(2):
        with pytest.raises(facebook.GraphAPIError) as raised:
            graph.get_object("me")
        found.append(graph_error(raised.value)[:2])
    assert found == [(190, 463), (32, None)]
    assert graph.get_object("me")["id"] == "1100000001"


def test_a_status_means_the_same_on_both_networks(box: Sandbox, x: tweepy.Client, graph: facebook.GraphAPI) -> None:
    box.faults.replace(rules_from_text('twice: GET * answers 401 "not you"'))
    with pytest.raises(tweepy.Unauthorized):
        x.get_me()
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert graph_error(raised.value)[0] == 190


def test_a_customer_may_take_everything_back(box: Sandbox, x: tweepy.Client) -> None:
    made = [box.world.post_x(f"@hemlund {n}", author="jan").id for n in range(3)]
    box.faults.replace(rules_from_text("at 00:00: @jan deletes every post"))
    found = x.get_tweets(made, user_auth=True)
    assert (found.data, len(found.errors)) == (None, 3)


@given(text(alphabet='fromuntilevery0123:/. GETxgraph*@_-,answers"\n#', max_size=80))
def test_no_text_whatever_breaks_the_reader(line: str) -> None:
    with suppress(SandboxError):
        assert all(rule.says for rule in rules_from_text(line))


def test_a_scenario_can_be_sent_to_the_control_door(box: Sandbox) -> None:
    door = f"{box.url}/sandbox/faults"
    answer = requests.put(door, json={"scenario": "once: GET /graph/* answers 500"}, timeout=5).json()
    assert (answer[0]["kind"], answer[0]["says"]) == ("error_before", "once: GET /graph/* answers 500")
    wrong = requests.put(door, json={"scenario": "GET /graph/* explodes"}, timeout=5)
    assert (wrong.status_code, "line 1" in wrong.json()["error"]) == (400, True)
    with pytest.raises(facebook.GraphAPIError):
        graph_client(box).get_object("me")


def test_what_a_scenario_cannot_do_does_not_stop_the_networks(box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    box.faults.replace(rules_from_text("the token of nobody expires\noption no_such_thing is on"))
    assert x_client(box).get_me().data.username == "hemlund"
    assert "the token of nobody expires" in caplog.text


# --- the world's clock -----------------------------------------------------------------------------------


def test_the_world_s_clock_can_be_moved_held_and_hurried(box: Sandbox) -> None:
    door = f"{box.url}/sandbox/clock"

    def turn(**how: Any) -> datetime:
        return datetime.fromisoformat(requests.post(door, json=how, timeout=5).json()["now"])

    ahead = turn(advance_s=3 * 86_400, speed=0)
    assert timedelta(days=2.99) < ahead - datetime.now(UTC) < timedelta(days=3.01)
    assert turn(speed=0) == ahead
    assert turn(now=(ahead + timedelta(hours=1)).isoformat()) == ahead + timedelta(hours=1)
    turn(speed=3600)
    post = box.world.post_x("@hemlund later", author="jan")
    assert post.posted_at > ahead + timedelta(hours=1)
    assert x_client(box).get_me().data.username == "hemlund"


@pytest.mark.parametrize(
    "wrong", [{"advance_s": -1}, {"speed": -1}, {"speed": 1e9}, {"now": "2001-01-01T00:00:00Z"}, {"now": "soon"}, {}]
)
def test_time_that_makes_no_sense_is_refused(box: Sandbox, wrong: dict[str, Any]) -> None:
    assert requests.post(f"{box.url}/sandbox/clock", json=wrong, timeout=5).status_code == 400


def test_a_world_ahead_of_its_time_stays_ahead_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Sandbox(state=state) as box:
        box.world.time.advance(86_400)
        then = box.world.now()
    with Sandbox(state=state) as box:
        assert then <= box.world.now() < then + timedelta(minutes=1)


# --- as a program ------------------------------------------------------------------------------------------


def test_the_program_says_what_it_read_and_what_it_could_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "storm.txt"
    path.write_text("# a storm\n1 in 20: POST /x/2/tweets is cut after commit\n")
    assert program.main(["--faults", str(path), "--check"]) == 0
    assert capsys.readouterr().out == "1 in 20: POST /x/2/tweets is cut after commit\n1 rule\n"
    path.write_text("GET /x/* answers 500\nGET /x/* explodes\n")
    assert program.main(["--faults", str(path)]) == 2
    assert "storm.txt, line 2: no request 'explodes'" in capsys.readouterr().err
    assert program.main(["--faults", str(tmp_path / "none.txt"), "--check"]) == 2


def test_webcare_sandbox_takes_the_options_of_the_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "storm.txt"
    path.write_text("once: POST /x/2/tweets is cut after commit\n")
    command = [str(Path(sys.executable).with_name("webcare")), "sandbox", "--faults", str(path), "--check"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (0, "once: POST /x/2/tweets is cut after commit\n1 rule\n"), ran.stderr
    path.write_text("once upon a time: GET /x/* answers 500\n")
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, "storm.txt, line 1" in ran.stderr) == (2, True)


def test_a_scenario_begins_with_the_time_the_networks_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "storm.txt"
    path.write_text("at 02:00: the token of x_hemlund expires\n")
    seen: list[int] = []

    def look(box: Sandbox) -> None:
        headers = {"Authorization": f"Bearer {box.user_token('x_hemlund')}"}
        for _ in range(2):
            seen.append(requests.get(f"{box.x_base}/2/users/me", headers=headers, timeout=5).status_code)
            assert box.world.now() > datetime(2036, 12, 24, 8, tzinfo=UTC)
            box.world.time.advance(7200)
        box.stop()

    monkeypatch.setattr(program, "_until_told", look)
    told = ["--port", "0", "--no-script", "--faults", str(path), "--start-at", "2036-12-24T08:00:00Z"]
    assert program.main(told) == 0
    assert seen == [200, 401]


def test_every_line_of_the_document_can_be_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")
    scenario = next(block for block in text.split("```")[1::2] if "is cut after commit" in block)
    assert len(rules_from_text(scenario)) == 7
    table = text.split("**What happens to requests**")[1].split("**What happens to the world**")
    effects = [cell for line in table[0].splitlines() if line.startswith("| `") for cell in quoted(line)]
    assert len(effects) >= 18
    for effect in effects:
        path = "/graph/*" if "error" in effect else "/x/*"
        assert isinstance(rule_from(f"GET {path} {effect}"), Fault), effect
    lines = [cell for line in table[1].splitlines() if line.startswith("| `") for cell in quoted(line)]
    told = [line for line in lines if not line.startswith(("POST", "GET", "…", "PUT", "DELETE", "/"))]
    assert len(told) >= 15
    for line in told:
        assert isinstance(rule_from(line), (Event, Late)), line


def quoted(line: str) -> list[str]:
    """What stands in code marks in the first cell of a table's line."""
    return re.findall(r"`([^`]+)`", line.split(" | ")[0])
