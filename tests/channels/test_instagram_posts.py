"""Instagram's JSON to our values, as tables: one payload, one outcome; and the fields asked for are Instagram's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_network import Answer, Stub, fb_config

from webcare.channels.base import Budget, Gap
from webcare.channels.graph_transport import page_of
from webcare.channels.instagram import Instagram
from webcare.channels.instagram_posts import (
    COMMENT_FIELDS,
    MEDIA_FIELDS,
    Us,
    answers,
    comment_to_mention,
    media_to_mention,
    mentioned_comment_to_mention,
)
from webcare.domain import Author, Media, MentionKind, Reply

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts"
needs_contracts = pytest.mark.skipif(
    not CONTRACTS.exists(), reason="the networks' descriptions in ../shared/contracts are not here"
)
US = Us("17841400000000001", "hemlund")
WE, LIES = {"id": US.id, "username": "hemlund"}, {"id": "9001", "username": "lies"}


def comment(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "179501",
        "text": "Mooi maar duur",
        "timestamp": "2026-02-10T10:58:00+0000",
        "username": "lies",
        "from": LIES,
        "hidden": False,
        "media": {"id": "178001", "permalink": "https://www.instagram.com/p/Cabc/"},
    }
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def picture(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "178001",
        "caption": "Nieuw: bank Vidar",
        "timestamp": "2026-02-10T09:00:00+0000",
        "username": "hemlund",
        "owner": {"id": US.id},
        "permalink": "https://www.instagram.com/p/Cabc/",
        "media_type": "VIDEO",
        "media_url": "https://scontent.example/a.mp4",
    }
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def read_comment(above: str = "", **changes: Any):  # type: ignore[no-untyped-def]
    return comment_to_mention(comment(**changes), us=US, media_id="178001", above=above)


@pytest.mark.parametrize(
    ("above", "changes", "thread", "parent", "kind"),
    [
        ("", {}, "179501", "178001", MentionKind.COMMENT),
        ("", {"parent_id": "179400"}, "179400", "179400", MentionKind.REPLY),
        ("179400", {}, "179400", "179400", MentionKind.REPLY),
        ("179400", {"parent_id": 179300}, "179300", "179300", MentionKind.REPLY),
        ("", {"parent_id": None}, "179501", "178001", MentionKind.COMMENT),
    ],
)
def test_each_comment_is_a_thread_and_an_answer_stands_in_its_thread(
    above: str, changes: dict[str, Any], thread: str, parent: str, kind: MentionKind
) -> None:
    mention = read_comment(above, **changes)
    assert (mention.thread_id, mention.parent_id, mention.kind) == (thread, parent, kind)
    assert mention.posted_at == datetime(2026, 2, 10, 10, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "author", "ours"),
    [
        ({}, Author("9001", "lies", "lies"), False),
        ({"from": ...}, Author("", "lies", "lies"), False),
        ({"from": None, "username": "Hemlund"}, Author("", "Hemlund", "Hemlund"), True),
        ({"from": WE, "username": ...}, Author(US.id, "hemlund", "hemlund"), True),
        ({"from": {"id": "9002", "username": "hemlund"}}, Author("9002", "hemlund", "hemlund"), False),
        ({"from": ..., "username": ...}, Author("", "", ""), False),
    ],
)
def test_the_writer_is_known_by_id_by_name_or_not_at_all(changes: dict[str, Any], author: Author, ours: bool) -> None:
    mention = read_comment(**changes)
    assert (mention.author, mention.is_ours) == (author, ours)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ...}, "no id"),
        ({"text": None}, "no text"),
        ({"text": ["a"]}, "no text"),
        ({"timestamp": ...}, "no date"),
        ({"timestamp": "2026-02-10T10:58:00"}, "no time zone"),
        ({"from": "lies"}, "no author"),
    ],
)
def test_a_comment_without_what_a_case_needs_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_comment(**changes)


def test_our_picture_is_ours_and_one_elsewhere_is_a_mention_with_an_id_that_says_so() -> None:
    own = media_to_mention(picture(), us=US)
    assert (own.external_id, own.is_ours, own.media) == (
        "178001",
        True,
        (Media("video", "https://scontent.example/a.mp4"),),
    )
    other = media_to_mention(picture(owner=..., username="dirk", caption=..., media_url=...), us=US, elsewhere=True)
    assert (other.external_id, other.thread_id, other.is_ours) == ("media:178001", "media:178001", False)
    assert (other.text, other.author.handle, other.media) == ("", "dirk", ())
    assert media_to_mention(picture(owner=...), us=US, elsewhere=True).is_ours


def test_a_comment_elsewhere_that_names_us_stands_in_the_thread_of_its_picture() -> None:
    mention = mentioned_comment_to_mention(comment(), us=US)
    assert (mention.external_id, mention.thread_id, mention.kind) == (
        "comment:179501",
        "media:178001",
        MentionKind.MENTION,
    )
    with pytest.raises(ValueError, match="no id"):
        mentioned_comment_to_mention(comment(media=...), us=US)


@pytest.mark.parametrize(
    ("caption", "named"),
    [
        ("Blij met @hemlund!", True),
        ("Blij met Hemlund", True),
        ("Blij met @hemlunds", False),
        ("Blij met @hemlund.nl", False),
        ("Blij met nothemlund", False),
        ("", False),
    ],
)
def test_a_caption_names_us_with_or_without_the_sign(caption: str, named: bool) -> None:
    assert US.named_in(caption) is named


REPLIED = Reply("179501", "179501", "Hej  Tom & Jerry!")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (comment(**{"from": WE, "text": "@lies Hej Tom &amp; Jerry!"}), True),
        (comment(**{"from": None, "username": "hemlund", "text": "Hej Tom & Jerry!"}), True),
        (comment(text="Hej Tom & Jerry!"), False),
        (comment(**{"from": WE, "text": "Hej Tom!"}), False),
        (comment(**{"from": WE, "text": None}), False),
        ("odd", False),
    ],
)
def test_an_answer_of_ours_is_recognised_by_writer_and_words(found: Any, expected: bool) -> None:
    assert answers(found, REPLIED, US) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(sorted({*comment(), *picture(), "parent_id", "replies", "comments"}))


@settings(max_examples=300, deadline=None)
@given(fields=st.dictionaries(NAMES, JSON))
def test_whatever_stands_in_its_fields_a_comment_or_picture_is_read_or_refused(fields: Any) -> None:
    readers = (
        (comment(), partial(comment_to_mention, us=US, media_id="178001")),
        (comment(), partial(mentioned_comment_to_mention, us=US)),
        (picture(), partial(media_to_mention, us=US)),
        (picture(), partial(media_to_mention, us=US, elsewhere=True)),
    )
    for plain, read in readers:
        page = page_of({"data": [{**plain, **fields}, plain]}, read)
        assert len(page.mentions) + len(page.bad) == 2
        for mention in page.mentions:
            (mention.text + mention.author.handle + mention.url).encode()


# --- what is asked for ------------------------------------------------------------------------------------


def outer(fields: str) -> set[str]:
    """The names of a `fields` parameter without what stands in braces."""
    found, depth = "", 0
    for letter in fields:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        found += letter if depth == 0 and letter != "}" else ""
    return set(found.split(","))


@pytest.mark.contracts
@needs_contracts
@pytest.mark.parametrize(("fields", "node"), [(COMMENT_FIELDS, "IGComment"), (MEDIA_FIELDS, "IGMedia")])
def test_instagrams_fields_are_fields_or_edges_of_their_node(fields: str, node: str) -> None:
    told = json.loads((CONTRACTS / "meta" / f"{node}.json").read_text("utf-8"))
    edges = {api["endpoint"] for api in told["apis"] if api.get("endpoint")}
    assert outer(fields) <= {field["name"] for field in told["fields"]} | edges


@pytest.mark.contracts
@needs_contracts
def test_the_lists_of_an_instagram_account_are_edges_of_one(stub: Stub) -> None:
    stub.otherwise(Answer(body={"data": []}))
    config = fb_config(f"{stub.url}/graph", page_id=1100000001)
    ig = Instagram.connect(config)
    day = "2026-02-10T10:00:00+00:00"
    ig.poll(json.dumps({"media": {"since": day, "mark": day, "floor": day}}), Budget())
    ig.backfill(Gap(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC), "test", "media"), "", Budget())
    asked = {tuple(heard.path.split("/")[-2:]) for heard in stub.heard}
    edges = {
        (number, api["endpoint"])
        for number, node in (("1100000001", "IGUser"), ("1100000001", "Page"))
        for api in json.loads((CONTRACTS / "meta" / f"{node}.json").read_text("utf-8"))["apis"]
        if api.get("endpoint") and api["method"] == "GET"
    }
    assert {edge for _, edge in asked} == {"media", "tags", "conversations"}
    assert asked <= edges
    spans = [heard.query for heard in stub.heard if "since" in heard.query]
    assert [(one["since"], one["until"]) for one in spans] == [(["1769904000"], ["1769990401"])]
