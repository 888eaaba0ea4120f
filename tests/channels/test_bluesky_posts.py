"""What Bluesky's posts mean: texts, links, attachments, dates, names of records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from atproto_client.models.string_formats import validate_tid
from hypothesis import given
from hypothesis import strategies as st

from webcare.channels.base import AccountConfig, ReplyTarget
from webcare.channels.bluesky import Bluesky, name_of, to_mention, web_url
from webcare.domain import MentionKind, Reply, ReplyWay
from webcare.errors import SettingsError

OURS, ANNA = f"did:plc:{'hemlund':2<24}", f"did:plc:{'anna':2<24}"
URI = f"at://{ANNA}/app.bsky.feed.post/3n2v2lnfilk2n"
SEEN = "2026-02-10T10:59:00.000Z"


def view(text: Any = "hej", **more: Any) -> dict[str, Any]:
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": SEEN, **more.pop("record", {})}
    return {
        "uri": URI,
        "cid": "c",
        "author": {"did": ANNA, "handle": "anna.test"},
        "indexedAt": SEEN,
        "record": record,
        **more,
    }


def link(start: int, stop: int, uri: str = "https://hemlund.example/long/address") -> dict[str, Any]:
    return {
        "index": {"byteStart": start, "byteEnd": stop},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": uri}],
    }


def read(told: Any) -> Any:
    return to_mention(told, ours=OURS)


@pytest.mark.parametrize(
    ("text", "facets", "shown"),
    [
        ("😡 hemlund.example/lo… !", [link(5, 26)], "😡 https://hemlund.example/long/address !"),
        ("see hemlund.example/lo...", [link(4, 25)], "see https://hemlund.example/long/address"),
        ("klik hier", [link(5, 9)], "klik hier (https://hemlund.example/long/address)"),
        (
            "a b",
            [link(0, 1, "https://a.example"), link(2, 3, "https://b.example")],
            "https://a.example https://b.example",
        ),
        ("beyond", [link(2, 99)], "beyond"),
        ("backwards", [link(5, 2)], "backwards"),
        ("twice", [link(0, 5, "https://x.example"), link(2, 4, "https://y.example")], "twice"),
        ("odd", [7, {"index": None}, {"index": {"byteStart": True, "byteEnd": 2}, "features": "x"}], "odd"),
        ("no list", {"a": 1}, "no list"),
    ],
)
def test_links_are_told_with_their_whole_address(text: str, facets: Any, shown: str) -> None:
    found = read(view(text, record={"facets": facets})).text
    if text == "twice":
        assert found.startswith("tw")
        assert "https://y.example" in found
    else:
        assert found == shown


@given(st.text(), st.integers(-5, 40), st.integers(-5, 40))
def test_no_link_breaks_a_text(text: str, start: int, stop: int) -> None:
    found = read(view(text, record={"facets": [link(start, stop)]})).text
    found.encode()


def test_a_post_is_dated_by_what_the_network_sorts_by() -> None:
    earlier, later = "2026-02-10T10:00:00Z", "2031-01-01T00:00:00Z"
    assert read(view(record={"createdAt": earlier})).posted_at == datetime(2026, 2, 10, 10, tzinfo=UTC)
    assert read(view(record={"createdAt": later})).posted_at == datetime(2026, 2, 10, 10, 59, tzinfo=UTC)
    assert read(view(record={"createdAt": "yesterday"})).posted_at == datetime(2026, 2, 10, 10, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("embed", "media"),
    [
        (
            {"images": [{"fullsize": "https://cdn.example/1"}, {"fullsize": "https://cdn.example/2"}]},
            ["photo", "photo"],
        ),
        ({"playlist": "https://video.example/list.m3u8", "thumbnail": "https://video.example/t.jpg"}, ["video"]),
        ({"external": {"uri": "https://blog.example"}}, ["link"]),
        ({"external": {"uri": "javascript:alert(1)"}}, []),
        ({"record": {"uri": URI}}, ["post"]),
        (
            {"record": {"record": {"uri": URI}}, "media": {"images": [{"fullsize": "https://cdn.example/1"}]}},
            ["post", "photo"],
        ),
        ({"images": [7, {"fullsize": None}], "record": 7, "external": [], "media": 7}, []),
        ("nothing", []),
    ],
)
def test_attachments_are_listed_by_type_and_address(embed: Any, media: list[str]) -> None:
    assert [one.kind for one in read(view(embed=embed)).media] == media


@pytest.mark.parametrize(
    ("langs", "lang"),
    [(["nl"], "nl"), (["no"], "nb"), (["sv-SE", "en"], "sv"), (["xxx"], None), ([], None), ("nl", None), ([7], None)],
)
def test_the_networks_guess_of_the_language_is_two_letters(langs: Any, lang: str | None) -> None:
    assert read(view(record={"langs": langs})).lang == lang


@pytest.mark.parametrize(
    "broken", [None, 7, [], {}, {"uri": URI}, view(None), view(author={}), view(uri=None), view(indexedAt="?")]
)
def test_a_broken_post_says_what_is_wrong_with_it(broken: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(broken)


def test_a_posts_address_is_by_did_because_handles_change() -> None:
    assert web_url(URI) == f"https://bsky.app/profile/{ANNA}/post/3n2v2lnfilk2n"
    assert web_url("at://odd").startswith("https://bsky.app/")


# --- names of records -----------------------------------------------------------------------------------


@given(st.text(max_size=300), st.from_regex(r"[2-7a-j][2-7a-z]{12}|[a-z0-9]{1,20}", fullmatch=True))
def test_a_reply_has_always_the_same_name_and_it_is_a_valid_one(text: str, target: str) -> None:
    reply = Reply(f"at://{ANNA}/app.bsky.feed.post/{target}", URI, text)
    name = name_of(reply, OURS)
    assert name == name_of(reply, OURS)
    validate_tid(name, None)
    assert len(name) == 13


def test_another_text_or_target_or_account_has_another_name() -> None:
    names = [
        name_of(Reply(target, URI, text), repo)
        for target in (URI, f"{URI[:-1]}p")
        for text in ("hej", "hej!", "Hej")
        for repo in (OURS, ANNA)
    ]
    assert len(set(names)) == len(names)


# --- length, whether to answer, settings -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "used", "fits"),
    [
        ("", 0, False),
        ("  ", 0, False),
        ("é" * 300, 300, True),
        ("e\u0301" * 300, 300, True),
        ("👨‍👩‍👧‍👦" * 120, 120, True),
        ("👨‍👩‍👧‍👦" * 121, 303, False),
        ("a" * 301, 301, False),
    ],
)
def test_length_is_in_what_people_see_and_in_bytes(text: str, used: int, fits: bool) -> None:
    length = Bluesky.length(text)
    assert (length.used, length.fits) == (used, fits)


def channel(**options: Any) -> Bluesky:
    return Bluesky.connect(
        AccountConfig("account", OURS, "hemlund.test", "", 2.0, options, {"app_password": "made-up-secret"})
    )


def target(**more: Any) -> ReplyTarget:
    raw, kind = more.pop("raw", {}), more.pop("kind", MentionKind.MENTION)
    return ReplyTarget(URI, URI, ANNA, kind, datetime(2026, 2, 10, tzinfo=UTC), raw=raw, **more)


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"raw": {"viewer": {"replyDisabled": True}}}, "limits who may answer"),
        ({"raw": {"author": {"viewer": {"blockedBy": True}}}}, "blocks"),
        ({"raw": {"author": {"viewer": {"blocking": "at://x"}}}}, "blocks"),
        ({"gone": True}, "deleted"),
        ({"kind": MentionKind.DIRECT_MESSAGE}, "Direct messages"),
    ],
)
def test_an_answer_that_nobody_would_see_is_refused_before_it_is_written(about: dict[str, Any], why: str) -> None:
    permission = channel().can_reply(target(**about))
    assert not permission.allowed
    assert why in permission.reason
    assert permission.open_url.startswith("https://bsky.app/")


def test_a_private_answer_is_refused_and_a_public_one_allowed() -> None:
    assert not channel().can_reply(target(), ReplyWay.PRIVATE).allowed
    assert channel().can_reply(target()).allowed
    assert channel().can_reply(target(raw={"viewer": "?", "author": 7})).allowed


@pytest.mark.parametrize(
    "options",
    [
        {"listen": 7},
        {"listen": [""]},
        {"listen": ["a", 7]},
        {"service": "http://bsky.social"},
        {"service": "bsky"},
        {"backfill_min": -1},
    ],
)
def test_wrong_options_are_told_when_the_account_is_set_up(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"accounts\.account\.options"):
        channel(**options)


def test_an_account_is_named_by_its_did() -> None:
    with pytest.raises(SettingsError, match="DID"):
        Bluesky.connect(AccountConfig("account", "hemlund.test", secrets={"app_password": "made-up-secret"}))
