"""How channels are found: by entry point, lazily, each harming only itself."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from recorded import account
from stub_network import Answer, Stub

from webcare.channels import channel_class, load_channel, names
from webcare.channels.base import AccountConfig, Budget, HealthState, ReplyTarget
from webcare.domain import MentionKind, Reply
from webcare.errors import OutcomeUnknown, SettingsError, TargetGone

EXAMPLE = Path(__file__).with_name("plugin_example")
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "add-a-channel.md"


def install(site: Path, name: str, entry_points: str, **modules: str) -> None:
    """Put a package into a folder of the import path, as pip does: its module and its metadata."""
    for module, source in modules.items():
        (site / f"{module}.py").write_text(source, encoding="utf-8")
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[webcare.channels]\n{entry_points}\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def guestbook(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the guide, installed."""
    source = (EXAMPLE / "webcare_guestbook.py").read_text("utf-8")
    install(site, "webcare_guestbook", "guestbook = webcare_guestbook:Guestbook", webcare_guestbook=source)
    monkeypatch.delitem(sys.modules, "webcare_guestbook", raising=False)


def test_the_built_in_channels_are_found_like_any_other() -> None:
    assert {"x", "facebook"} <= set(names())
    assert channel_class("x").title == "X"
    assert channel_class("facebook").title == "Facebook"


def test_looking_for_channels_imports_none_of_them() -> None:
    code = (
        "import sys, webcare.channels as c; c.names();"
        "print([m for m in ('tweepy', 'facebook', 'mastodon', 'requests', 'twitter_text') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_channel_does_not_import_the_library_of_another() -> None:
    code = (
        "import sys, webcare.channels as c; c.channel_class('x');"
        "print([m for m in ('tweepy', 'facebook', 'mastodon') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tweepy']"


def test_an_unknown_channel_is_named_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"no channel 'myspace'; installed are: .*facebook.*x"):
        channel_class("myspace")
    with pytest.raises(SettingsError, match="myspace"):
        load_channel("myspace", AccountConfig("a", "1"))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import a_library_nobody_has", "a_library_nobody_has.*Install"),
        ("raise RuntimeError('half written')", "RuntimeError: half written"),
        ("other = 1", "Broken"),
        ("class Broken:\n    name = 'broken'\n    title = 'B'", "lacks: capabilities, secret_names, connect"),
        ("Broken = 3", "lacks: name"),
        ("def ", "SyntaxError"),
    ],
)
def test_a_broken_plug_in_is_named_and_harms_only_itself(site: Path, source: str, says: str) -> None:
    module = f"broken_{abs(hash(source))}"
    install(site, "broken", f"broken = {module}:Broken", **{module: source})
    assert "broken" in names()
    with pytest.raises(SettingsError, match=rf"(?s)'broken'.*{says}"):
        channel_class("broken")
    assert channel_class("x").name == "x"


def test_a_plug_in_under_another_name_than_its_own_is_refused(site: Path) -> None:
    install(site, "misnamed", "misnamed = webcare.channels.x:X")
    with pytest.raises(SettingsError, match="calls itself 'x'"):
        channel_class("misnamed")


def test_two_packages_offering_one_channel_are_both_named(site: Path) -> None:
    install(site, "rival", "x = rival_of_x:X", rival_of_x="")
    with pytest.raises(SettingsError, match=r"rival_of_x:X.*webcare\.channels\.x:X"):
        channel_class("x")


def test_a_plug_in_that_fails_while_connecting_is_told_without_what_it_was_given(site: Path, guestbook: None) -> None:
    source = (
        "from webcare_guestbook import Guestbook\n"
        "class Careless(Guestbook):\n"
        "    name = 'careless'\n"
        "    @classmethod\n"
        "    def connect(cls, config):\n"
        "        raise KeyError(config.secrets['token'])\n"
    )
    install(site, "careless", "careless = careless_plugin:Careless", careless_plugin=source)
    with pytest.raises(SettingsError, match="'careless' failed with KeyError") as caught:
        load_channel("careless", AccountConfig("shop", "7", secrets={"token": "guestbook-token-1"}))
    assert "guestbook-token-1" not in str(caught.value)


def test_a_built_in_channel_is_loaded_through_the_same_door() -> None:
    known = account("x")
    config = AccountConfig("x_main", known.external_id, secrets=known.secrets)
    assert type(load_channel("x", config)) is channel_class("x")
    with pytest.raises(SettingsError, match="WEBCARE_SECRET_X_MAIN_API_KEY"):
        load_channel("x", AccountConfig("x_main", "1"))


# --- the example of docs/add-a-channel.md ------------------------------------------------------------------


def entry(number: int, text: str, **changes: object) -> dict[str, object]:
    plain = {"number": number, "writer_id": 5, "writer": "Anna", "text": text, "written": "2026-02-10T10:59:00Z"}
    return {**plain, **changes}


def test_the_guide_shows_the_very_code_that_is_tested_here() -> None:
    guide = GUIDE.read_text("utf-8")
    assert (EXAMPLE / "webcare_guestbook.py").read_text("utf-8") in guide
    assert (EXAMPLE / "pyproject.toml").read_text("utf-8") in guide


def test_an_outside_package_adds_a_channel_with_one_file_and_one_line(guestbook: None, stub: Stub) -> None:
    assert "guestbook" in names()
    config = AccountConfig("shop", "7", "", stub.url, 1.0, {}, {"token": "guestbook-token-1"})
    channel = load_channel("guestbook", config)
    stub.on("GET", "/api/entries", Answer(body={"entries": [entry(40, "old")]}))
    cursor = channel.poll(None, Budget()).cursor
    assert cursor == "40"
    stub.on(
        "GET",
        "/api/entries",
        Answer(body={"entries": [entry(40, "old"), entry(41, "Where is my chair?"), {"number": 9}]}),
    )
    stub.next_answer(stub.heard[0])  # the first answer has been given
    result = channel.poll(cursor, Budget())
    assert [one.text for one in result.mentions] == ["old", "Where is my chair?"]
    assert (result.cursor, len(result.bad), result.complete) == ("41", 1, True)
    assert channel.can_reply(ReplyTarget("41", "41", "5", MentionKind.MENTION, result.mentions[1].posted_at)).allowed


def test_the_example_keeps_the_promises_of_a_channel(guestbook: None, stub: Stub) -> None:
    config = AccountConfig("shop", "7", "", stub.url, 1.0, {}, {"token": "guestbook-token-1"})
    channel = load_channel("guestbook", config)
    reply = Reply("41", "41", "On its way!")
    sent = entry(42, "On its way!", writer_id=7, answers=41)
    stub.on("POST", "/api/entries", Answer(201, sent), Answer(500, text="<html/>"), Answer(404, {"reason": "gone"}))
    assert channel.send(reply).external_id == "42"
    with pytest.raises(OutcomeUnknown):
        channel.send(reply)
    with pytest.raises(TargetGone):
        channel.send(reply)
    stub.on("GET", "/api/entries", Answer(body={"entries": [sent, entry(43, "thanks", answers=41)]}), Answer(401))
    found = channel.verify_sent(reply, since=datetime(2026, 2, 10, 10, 59, 10, tzinfo=UTC))
    assert [one.external_id for one in found] == ["42"]
    health = channel.health()
    assert health.state is HealthState.DISCONNECTED
    assert "WEBCARE_SECRET_SHOP_TOKEN" in health.message
