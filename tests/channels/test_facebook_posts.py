"""Graph JSON to our values, as tables: one payload, one outcome."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.channels.facebook_posts import (
    NO_STORY,
    answers,
    comment_to_mention,
    post_to_mention,
    rating_to_mention,
    watched_posts,
)
from webcare.channels.graph_transport import items_of, next_token, page_of
from webcare.domain import Author, Media, MentionKind, Reply
from webcare.errors import ChannelProtocolError

PAGE = "1100000001"
BRAND = {"id": PAGE, "name": "Hemlund"}
PIET = {"id": "24000000000000042", "name": "Piet"}


def post(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": f"{PAGE}_77",
        "message": "Waar blijft mijn kast?",
        "from": PIET,
        "created_time": "2026-02-10T10:58:00+0000",
        "permalink_url": "https://www.facebook.com/1100000001/posts/77",
    }
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def comment(**changes: Any) -> dict[str, Any]:
    return post(**{"id": "77_501", "permalink_url": "https://www.facebook.com/77?comment_id=501", **changes})


def read_post(**changes: Any):  # type: ignore[no-untyped-def]
    return post_to_mention(post(**changes), page_id=PAGE)


def read_comment(*, brand: bool = True, **changes: Any):  # type: ignore[no-untyped-def]
    return comment_to_mention(comment(**changes), page_id=PAGE, post_id=f"{PAGE}_77", on_brand_post=brand)


def test_a_visitors_post_is_a_thread_of_its_own() -> None:
    mention = read_post()
    assert (mention.channel, mention.kind, mention.is_ours) == ("facebook", MentionKind.VISITOR_POST, False)
    assert (mention.external_id, mention.thread_id, mention.parent_id) == (f"{PAGE}_77", f"{PAGE}_77", None)
    assert mention.author == Author(PIET["id"], "Piet")
    assert mention.posted_at == datetime(2026, 2, 10, 10, 58, tzinfo=UTC)
    assert mention.url == "https://www.facebook.com/1100000001/posts/77"


def test_the_pages_own_post_is_ours_and_a_post_elsewhere_is_a_mention() -> None:
    own = read_post(**{"from": BRAND})
    assert (own.is_ours, own.kind) == (True, MentionKind.MENTION)
    tagged = post_to_mention(post(), page_id=PAGE, tagged=True)
    assert (tagged.is_ours, tagged.kind) == (False, MentionKind.MENTION)


@pytest.mark.parametrize(
    ("brand", "changes", "thread", "parent", "kind"),
    [
        (True, {}, "77_501", f"{PAGE}_77", MentionKind.COMMENT),
        (True, {"parent": {"id": "77_400"}}, "77_400", "77_400", MentionKind.REPLY),
        (False, {}, f"{PAGE}_77", f"{PAGE}_77", MentionKind.REPLY),
        (False, {"parent": {"id": "77_400"}}, f"{PAGE}_77", "77_400", MentionKind.REPLY),
        (True, {"parent": None}, "77_501", f"{PAGE}_77", MentionKind.COMMENT),
    ],
)
def test_each_comment_on_a_brand_post_is_a_thread_and_a_visitors_post_keeps_its_comments(
    brand: bool, changes: dict[str, Any], thread: str, parent: str, kind: MentionKind
) -> None:
    mention = read_comment(brand=brand, **changes)
    assert (mention.thread_id, mention.parent_id, mention.kind) == (thread, parent, kind)


def test_our_own_comments_are_known_as_ours() -> None:
    assert read_comment(**{"from": BRAND}).is_ours
    assert read_comment(**{"from": {"id": int(PAGE)}}).is_ours
    assert not read_comment().is_ours


def test_an_author_facebook_does_not_show_is_unknown_and_the_words_are_kept() -> None:
    mention = read_comment(**{"from": ...})
    assert (mention.author, mention.is_ours, mention.text) == (Author(""), False, "Waar blijft mijn kast?")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ...}, "no id"),
        ({"id": None}, "no id"),
        ({"from": "Piet"}, "no author"),
        ({"from": {"name": "no id"}}, "no id"),
        ({"created_time": ...}, "no date"),
        ({"created_time": "2026-02-10T10:58:00"}, "no time zone"),
        ({"created_time": 1770721200}, "no date"),
        ({"message": ...}, "no text"),
        ({"message": None}, "no text"),
        ({"message": ["a"]}, "no text"),
    ],
)
def test_a_post_or_comment_without_what_a_case_needs_is_refused_with_the_reason(
    changes: dict[str, Any], reason: str
) -> None:
    for read in (read_post, read_comment):
        with pytest.raises(ValueError, match=reason):
            read(**changes)


def test_a_photo_or_sticker_has_no_words_and_is_kept_all_the_same() -> None:
    attachment = {
        "type": "photo",
        "media": {"image": {"src": "https://scontent.example/a.jpg"}},
        "url": "https://f.example/1",
    }
    photo = read_comment(message=..., attachment=attachment)
    assert (photo.text, photo.media) == ("", (Media("photo", "https://scontent.example/a.jpg"),))
    album = read_post(message=..., attachments={"data": [{"media_type": "album", "url": "https://f.example/2"}, "odd"]})
    assert album.media == (Media("album", "https://f.example/2"),)
    assert (
        read_post(message=..., story="Hemlund updated their cover photo.").text == "Hemlund updated their cover photo."
    )


def test_a_share_without_words_is_a_repost_and_one_with_words_is_not() -> None:
    assert read_post(message=..., story="x", status_type="shared_story").is_repost
    assert not read_post(status_type="shared_story").is_repost


@pytest.mark.parametrize("text", ["x" * 10_000, "\u202eשלום\u202c\u200b", "a\nb", "👩‍👩‍👧", ""])
def test_texts_are_kept_as_written(text: str) -> None:
    assert read_comment(message=text).text == text


def test_texts_lose_only_what_no_database_keeps() -> None:
    assert read_comment(message="a\x00b\ud83dc\x07").text == "abc"


def rating(**changes: Any) -> dict[str, Any]:
    plain = {
        "created_time": "2026-02-10T10:58:00+0000",
        "has_review": True,
        "recommendation_type": "negative",
        "review_text": "Nooit meer",
        "reviewer": PIET,
        "open_graph_story": {"id": "900"},
    }
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def test_a_review_stands_under_the_id_of_its_story() -> None:
    mention = rating_to_mention(rating(), page_id=PAGE)
    assert (mention.external_id, mention.kind, mention.text) == ("900", MentionKind.REVIEW, "Nooit meer")
    assert mention.author == Author(PIET["id"], "Piet")


def test_a_review_without_a_story_gets_the_same_id_every_time() -> None:
    first = rating_to_mention(rating(open_graph_story=...), page_id=PAGE)
    again = rating_to_mention(rating(open_graph_story=None, review_text="edited"), page_id=PAGE)
    other = rating_to_mention(rating(open_graph_story=..., reviewer={"id": "9"}), page_id=PAGE)
    assert first.external_id.startswith(NO_STORY)
    assert first.external_id == again.external_id != other.external_id


def test_a_rating_without_words_is_kept_and_one_without_anything_is_refused() -> None:
    assert rating_to_mention(rating(review_text=...), page_id=PAGE).text == ""
    with pytest.raises(ValueError, match="no text and no rating"):
        rating_to_mention(rating(review_text=..., recommendation_type=...), page_id=PAGE)


# --- lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paging", "token"),
    [
        ({"cursors": {"after": "abc"}, "next": "https://graph.facebook.com/?access_token=x"}, "abc"),
        ({"cursors": {"after": "abc"}}, ""),
        ({}, ""),
        (None, ""),
        ("odd", ""),
    ],
)
def test_the_cursor_is_used_only_while_there_is_a_next_page(paging: Any, token: str) -> None:
    assert next_token({"data": [], "paging": paging}) == token


@pytest.mark.parametrize("paging", [{"next": "https://x"}, {"next": "https://x", "cursors": {"after": None}}])
def test_more_without_saying_where_is_told(paging: Any) -> None:
    with pytest.raises(ChannelProtocolError):
        next_token({"data": [], "paging": paging})


@pytest.mark.parametrize("payload", [{}, {"data": None}, {"data": {"id": 1}}, {"unexpected": []}, {"success": True}])
def test_an_answer_without_a_list_is_never_read_as_an_empty_one(payload: Any) -> None:
    with pytest.raises(ChannelProtocolError):
        items_of(payload)


def test_a_page_keeps_good_comments_beside_bad_ones() -> None:
    page = page_of(
        {"data": [comment(), comment(id="2", created_time=None), None, "odd"], "paging": {}},
        lambda one: comment_to_mention(one, page_id=PAGE, post_id="p", on_brand_post=True),
    )
    assert [one.external_id for one in page.mentions] == ["77_501"]
    assert len(page.bad) == 3


def test_the_newest_posts_of_two_lists_are_watched_once_each() -> None:
    feed = [
        post(id="3", created_time="2026-02-10T03:00:00+0000"),
        post(id="1", created_time="2026-02-10T01:00:00+0000", **{"from": BRAND}),
        "odd",
        {},
    ]
    visitors = [
        post(id="2", created_time="2026-02-10T02:00:00+0000"),
        post(id="3", created_time="2026-02-10T03:00:00+0000"),
        post(id="0", created_time=None),
    ]
    watched = partial(watched_posts, [*feed, *visitors], page_id=PAGE)
    long_ago, early = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    assert watched(limit=3, since=early) == [("3", False), ("2", False), ("1", True)]
    assert watched(limit=1, since=early) == [("3", False)]
    assert watched(limit=1, since=long_ago)[:3] == [("3", False), ("2", False), ("1", True)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [*post(), "parent", "attachment", "attachments", "story", "status_type", "reviewer", "open_graph_story"]
)


@settings(max_examples=300, deadline=None)
@given(fields=st.dictionaries(NAMES, JSON))
def test_whatever_stands_in_the_fields_an_item_is_read_or_refused_and_never_breaks_the_page(fields: Any) -> None:
    readers = (
        lambda one: post_to_mention(one, page_id=PAGE),
        lambda one: comment_to_mention(one, page_id=PAGE, post_id="p", on_brand_post=True),
        lambda one: rating_to_mention(one, page_id=PAGE),
    )
    for read, plain in zip(readers, (post(), comment(), rating()), strict=True):
        page = page_of({"data": [{**plain, **fields}, plain]}, read)
        assert len(page.mentions) + len(page.bad) == 2
        for mention in page.mentions:
            (mention.text + mention.author.name + mention.url).encode()


# --- reading a reply back -------------------------------------------------------------------------------

REPLIED = Reply("77_501", "77_501", "Hej  Tom & Jerry!")
OURS = {"from": BRAND, "message": "Hej Tom &amp; Jerry!", "parent": {"id": "77_501"}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (comment(**OURS), True),
        (comment(**OURS | {"parent": None}), True),
        (comment(**OURS | {"parent": {"id": "77_999"}}), False),
        (comment(**OURS | {"from": PIET}), False),
        (comment(**OURS | {"from": None}), False),
        (comment(**OURS | {"from": ...}), False),
        (comment(**OURS | {"message": "Hej Tom!"}), False),
        (comment(**OURS | {"message": None}), False),
        ("odd", False),
    ],
)
def test_a_reply_is_recognised_by_author_place_and_words(found: Any, expected: bool) -> None:
    assert answers(found, REPLIED, page_id=PAGE, under=frozenset(("77_501", ""))) is expected
