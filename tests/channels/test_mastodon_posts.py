"""What a Mastodon status means, how long one is, whom an answer names and who may read it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_network import Stub

from webcare.channels.base import AccountConfig, Action, ReplyTarget
from webcare.channels.mastodon import (
    Mastodon,
    announced_limits,
    circle_of,
    narrower,
    readers_of,
    to_mention,
    without_names,
)
from webcare.domain import MentionKind, Reply
from webcare.errors import ReplyRejected, SettingsError

FIELDS = ["id", "account", "acct", "content", "created_at", "in_reply_to_id", "visibility", "spoiler_text", "poll"]
FIELDS += ["options", "title", "media_attachments", "url", "type", "language", "reblog", "display_name", "mentions"]
SECRET = {"access_token": "made-up-token"}


def status(**changes: Any) -> dict[str, Any]:
    plain = {
        "id": "17",
        "account": {"id": "5", "acct": "anna@elders.example", "username": "anna", "display_name": ""},
        "content": "<p>hallo</p>",
        "created_at": "2026-02-10T10:00:00.000Z",
        "visibility": "public",
        "in_reply_to_id": None,
    }
    return {**plain, **changes}


def mention(**changes: Any) -> Any:
    return to_mention(status(**changes), ours="1", thread="17", web="https://social.example")


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("", 0),
        ("  hallo  ", 5),
        ("å", 1),
        ("a\u030a", 1),
        ("👩‍👩‍👧‍👦🇳🇱👍🏽", 3),
        ("zie https://winkel.example/" + "x" * 200, 4 + 23),
        ("(https://a.example) ftp://b.example", 1 + 23 + 1 + 1 + 15),
        ("@anna@elders.example hoi", 9),
        ("mail mij@winkel.example", 23),
    ],
)
def test_a_status_is_as_long_as_mastodon_counts_it(text: str, used: int) -> None:
    assert Mastodon.length(text).used == used


def test_a_poll_a_warning_and_a_writer_without_a_display_name_are_shown() -> None:
    shown = mention(
        spoiler_text="<b>kapot</b>", poll={"options": [{"title": "ja"}, {"title": "nee"}, 3]}, language="no"
    )
    assert shown.text == "CW: <b>kapot</b>\n\nhallo\n\n- ja\n- nee"
    assert (shown.author.name, shown.author.handle, shown.lang) == ("anna", "anna@elders.example", "nb")
    assert shown.url == "https://social.example/@anna@elders.example/17"


def test_media_are_named_by_type_and_link_and_nothing_else_is_a_link() -> None:
    found = mention(
        media_attachments=[
            {"type": "image", "url": "https://f.example/1.jpg"},
            {"type": "video", "url": None, "remote_url": "https://g.example/2.mp4"},
            {"type": "unknown", "url": "javascript:alert(1)"},
            {"url": None},
            "x",
        ]
    ).media
    assert [(one.kind, one.url) for one in found] == [
        ("image", "https://f.example/1.jpg"),
        ("video", "https://g.example/2.mp4"),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"id": None}, {"account": None}, {"account": {}}, {"content": 7}, {"created_at": "soon"}, {"created_at": None}],
)
def test_a_status_that_cannot_be_read_says_what_is_wrong(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        mention(**changes)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=6))
@settings(deadline=None, max_examples=300)
def test_whatever_a_status_holds_it_is_read_or_said_to_be_bad(changes: dict[str, Any]) -> None:
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        assert mention(**changes).external_id


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("@anna hoi", "hoi"),
        ("@anna@elders.example @b-c.d@x.example  hoi @piet", "hoi @piet"),
        ("hoi @anna", "hoi @anna"),
        ("@anna", ""),
        ("  hoi", "  hoi"),
        ("@ hoi", "@ hoi"),
    ],
)
def test_names_in_front_come_off_and_others_stay(text: str, bare: str) -> None:
    assert without_names(text) == bare


OUR_OWN = {"account": {"id": "1", "acct": "hemlund"}}


@pytest.mark.parametrize(
    ("target", "readers"),
    [
        (status(), {"5": "anna@elders.example"}),
        (status(**OUR_OWN, mentions=[{"id": "5", "acct": "anna"}, {"id": "1", "acct": "hemlund"}, 3]), {"5": "anna"}),
        (status(**OUR_OWN), {}),
        ({}, {}),
    ],
)
def test_an_answer_names_the_writer_or_under_our_own_post_whom_that_named(
    target: dict[str, Any], readers: dict[str, str]
) -> None:
    assert readers_of(target, ours="1") == readers


def test_a_circle_nobody_knows_counts_as_the_narrowest() -> None:
    assert [circle_of({"visibility": one}) for one in ("unlisted", "limited", None, 7)] == [
        "unlisted",
        "direct",
        "direct",
        "direct",
    ]
    assert narrower("public", "private", "unlisted") == "private"


@pytest.mark.parametrize(
    ("reset", "at"),
    [
        ("2026-02-10T11:05:00.000000Z", datetime(2026, 2, 10, 11, 5, tzinfo=UTC)),
        ("1770721500", datetime(2026, 2, 10, 11, 5, tzinfo=UTC)),
        ("soon", None),
        (None, None),
    ],
)
def test_the_end_of_a_window_is_a_date_or_seconds(reset: str | None, at: datetime | None) -> None:
    headers = {"x-ratelimit-remaining": "3"} | ({"x-ratelimit-reset": reset} if reset else {})
    rate = announced_limits(headers)
    assert rate is not None
    assert (rate.remaining, rate.reset_at) == (3, at)
    assert announced_limits({}) is None


def test_a_post_that_is_gone_is_not_answered_and_everything_else_is() -> None:
    channel = Mastodon.connect(AccountConfig("fedi", "1", "hemlund@social.example", secrets=SECRET))
    target = ReplyTarget("17", "17", "5", MentionKind.MENTION, datetime(2026, 2, 10, tzinfo=UTC), raw=status())
    assert channel.can_reply(target).allowed
    gone = ReplyTarget("17", "17", "5", MentionKind.MENTION, target.posted_at, gone=True, raw=status())
    refused = channel.can_reply(gone)
    assert not refused.allowed
    assert refused.open_url == "https://social.example/@anna@elders.example/17"


@pytest.mark.parametrize(
    ("handle", "options", "says"),
    [
        ("hemlund", {}, "options.instance"),
        ("hemlund", {"instance": "http://social.example"}, "https"),
        ("hemlund@social.example", {"hashtags": "kast"}, "hashtags"),
        ("hemlund@social.example", {"hashtags": ["mooie kast"]}, "hashtags"),
        ("hemlund@social.example", {"hashtags": ["123"]}, "hashtags"),
        ("hemlund@social.example", {"hashtags": ["a/../b"]}, "hashtags"),
        ("hemlund@social.example", {"visibility": "direct"}, "visibility"),
        ("hemlund@social.example", {"backfill_min": -1}, "backfill_min"),
    ],
)
def test_settings_that_cannot_work_are_named(handle: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Mastodon.connect(AccountConfig("fedi", "1", handle, options=options, secrets=SECRET))


@pytest.mark.parametrize("id_", ["", "../1", "1?a=b", "1/favourite", "x" * 65])
def test_what_can_be_no_id_never_becomes_part_of_an_address(id_: str, stub: Stub) -> None:
    config = AccountConfig("fedi", "1", "hemlund@social.example", stub.url, secrets=SECRET)
    channel = Mastodon.connect(config)
    with pytest.raises(ReplyRejected):
        channel.send(Reply(id_, id_, "hello"))
    with pytest.raises(ReplyRejected):
        channel.act(Action.DELETE, id_)
    assert not channel.refresh([id_]).gone
    assert not stub.heard


def test_a_token_that_is_the_name_of_a_file_is_not_read_from_there(tmp_path: Any) -> None:
    file = tmp_path / "token"
    file.write_text("something else\nhttps://other.example\n", encoding="utf-8")
    config = AccountConfig("fedi", "1", "hemlund@social.example", secrets={"access_token": str(file)})
    assert "other.example" not in repr(vars(Mastodon.connect(config)))
