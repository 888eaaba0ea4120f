"""X's JSON to our values, as tables: one payload, one outcome."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.channels.walking import Page
from webcare.channels.x_posts import Includes, answers, names_us, post_url, quotes_us, read_page, to_mention, written_at
from webcare.domain import Author, Media, MentionKind, Reply
from webcare.errors import AccountDisconnected, ChannelError, ChannelProtocolError

OURS = "3300000001"
NOW = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
INCLUDES = Includes(
    users={"42": {"id": "42", "name": "Anna B.", "username": "anna_b"}},
    media={
        "3_1": {"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/a.jpg"},
        "7_2": {"media_key": "7_2", "type": "video", "preview_image_url": "https://pbs.twimg.com/v.jpg"},
    },
)


def post(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "1900",
        "text": "@hemlund waar blijft mijn kast?",
        "author_id": "42",
        "created_at": "2026-02-10T10:58:00.000Z",
        "conversation_id": "1900",
        "edit_history_tweet_ids": ["1900"],
        "lang": "nl",
    }
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def read(**changes: Any):  # type: ignore[no-untyped-def]
    return to_mention(post(**changes), INCLUDES, ours=OURS)


def test_a_plain_mention_comes_out_whole() -> None:
    mention = read()
    assert (mention.channel, mention.external_id, mention.thread_id, mention.parent_id) == ("x", "1900", "1900", None)
    assert mention.author == Author("42", "Anna B.", "anna_b")
    assert mention.text == "@hemlund waar blijft mijn kast?"
    assert mention.posted_at == datetime(2026, 2, 10, 10, 58, tzinfo=UTC)
    assert mention.kind is MentionKind.MENTION
    assert mention.url == "https://x.com/anna_b/status/1900"
    assert (mention.is_ours, mention.is_repost, mention.root_id, mention.lang) == (False, False, None, "nl")
    assert mention.raw == post()


REPLY = [{"type": "replied_to", "id": "1800"}]
RETWEET = [{"type": "retweeted", "id": "1700"}]
QUOTE = [{"type": "quoted", "id": "1600"}]


@pytest.mark.parametrize("name", ["referenced_tweets", "referenced_posts"])
@pytest.mark.parametrize(
    ("references", "kind", "parent", "repost"),
    [
        (REPLY, MentionKind.REPLY, "1800", False),
        (RETWEET, MentionKind.MENTION, None, True),
        (QUOTE, MentionKind.MENTION, None, False),
        (QUOTE + REPLY, MentionKind.REPLY, "1800", False),
        ([], MentionKind.MENTION, None, False),
        (None, MentionKind.MENTION, None, False),
        (["odd", {"type": "replied_to"}, {"id": 3}], MentionKind.MENTION, None, False),
    ],
)
def test_references_say_what_kind_of_post_it_is_in_both_dialects(
    name: str, references: Any, kind: MentionKind, parent: str | None, repost: bool
) -> None:
    mention = read(**{name: references})
    assert (mention.kind, mention.parent_id, mention.is_repost) == (kind, parent, repost)


@pytest.mark.parametrize("name", ["edit_history_tweet_ids", "edit_history_post_ids"])
@pytest.mark.parametrize(
    ("history", "root"),
    [
        (["1900"], None),
        (["1850", "1900"], "1850"),
        (["1900", "950"], "950"),
        ([1850, 1900], "1850"),
        ([], None),
        ("x", None),
    ],
)
def test_a_later_version_names_the_first_one_in_both_dialects(name: str, history: Any, root: str | None) -> None:
    assert read(**{"edit_history_tweet_ids": ..., name: history}).root_id == root


@pytest.mark.parametrize("name", ["note_tweet", "note_post"])
def test_a_long_text_is_read_whole_in_both_dialects(name: str) -> None:
    assert (
        read(text="The beginning…", **{name: {"text": "x" * 10_000 + " &amp; more"}}).text == "x" * 10_000 + " & more"
    )
    assert read(text="The beginning…", **{name: {"entities": {}}}).text == "The beginning…"


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("\u202eabc\u202c \u200b שלום", "\u202eabc\u202c \u200b שלום"),
        ("nul\x00 and half \ud83d", "nul and half "),
        ("", ""),
    ],
)
def test_texts_are_read_as_written(text: str, read_as: str) -> None:
    assert read(text=text).text == read_as


@pytest.mark.parametrize(
    ("lang", "read_as"),
    [("nl", "nl"), ("no", "nb"), ("und", None), ("qme", None), ("zxx", None), (None, None), (3, None), ("EN", "en")],
)
def test_the_networks_language_is_kept_only_where_it_is_one(lang: Any, read_as: str | None) -> None:
    assert read(lang=lang).lang == read_as


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ...}, "no id"),
        ({"id": None}, "no id"),
        ({"id": True}, "no id"),
        ({"author_id": ...}, "no id"),
        ({"author_id": None}, "no id"),
        ({"text": ...}, "no text"),
        ({"text": None}, "no text"),
        ({"text": 12}, "no text"),
        ({"created_at": ...}, "no date"),
        ({"created_at": None}, "no date"),
        ({"created_at": "2026-02-10T10:58:00"}, "no time zone"),
        ({"created_at": "soon"}, "does not match"),
    ],
)
def test_a_post_without_what_a_case_needs_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(**changes)


def test_what_is_not_needed_may_be_missing_null_or_unknown() -> None:
    bare = to_mention(
        {
            "id": 1900,
            "author_id": 42,
            "text": "hi",
            "created_at": "Tue Feb 10 10:58:00 +0000 2026",
            "novelty": {"a": 1},
        },
        Includes({}, {}),
        ours=OURS,
    )
    assert (bare.external_id, bare.thread_id, bare.author) == ("1900", "1900", Author("42"))
    assert bare.url == "https://x.com/i/web/status/1900"
    nulls = read(conversation_id=None, lang=None, attachments=None, entities=None, edit_history_tweet_ids=None)
    assert (nulls.thread_id, nulls.media) == ("1900", ())


def test_our_own_posts_are_known_as_ours() -> None:
    assert read(author_id=OURS).is_ours
    assert read(author_id=int(OURS)).is_ours


def test_media_are_listed_by_type_and_address() -> None:
    assert read(attachments={"media_keys": ["3_1", "7_2", "9_9"]}).media == (
        Media("photo", "https://pbs.twimg.com/a.jpg"),
        Media("video", "https://pbs.twimg.com/v.jpg"),
    )
    assert read(attachments={"media_keys": None}).media == ()


def test_broken_includes_cost_nothing_but_the_names() -> None:
    for includes in (None, [], {"users": None}, {"users": ["x", {"name": "no id"}], "media": {}}):
        mention = to_mention(post(), Includes.of({"includes": includes}), ours=OURS)
        assert mention.author == Author("42")


# --- pages --------------------------------------------------------------------------------------------


def test_a_page_keeps_good_posts_beside_bad_ones() -> None:
    page = read_page(
        {
            "data": [post(), post(id="1901", created_at=None), "odd", None],
            "meta": {"result_count": 4, "next_token": "abc"},
        },
        ours=OURS,
    )
    assert [one.external_id for one in page.mentions] == ["1900"]
    assert len(page.bad) == 3
    assert "1901" in page.bad[0].raw
    assert page.next_token == "abc"


def test_a_page_with_posts_and_errors_beside_them_is_a_page() -> None:
    page = read_page({"data": [post()], "errors": [{"type": "x/resource-not-found"}], "meta": {}}, ours=OURS)
    assert len(page.mentions) == 1


@pytest.mark.parametrize(
    "payload",
    [
        {"meta": {"result_count": 0}},
        {"data": None, "meta": {"result_count": 0}},
        {"data": [], "meta": {"result_count": 0}},
        {"data": []},
    ],
)
def test_an_empty_page_is_empty(payload: dict[str, Any]) -> None:
    assert read_page(payload, ours=OURS) == Page(())


NOT_FOUND = {
    "value": "3300000001",
    "detail": "Could not find user with id: [3300000001].",
    "title": "Not Found Error",
    "resource_type": "user",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
}


@pytest.mark.parametrize(
    ("payload", "error", "says"),
    [
        ({"errors": [NOT_FOUND]}, AccountDisconnected, "external_id"),
        ({"data": None, "errors": [NOT_FOUND]}, AccountDisconnected, "Could not find user"),
        ({"errors": [{"detail": "Something odd"}]}, ChannelProtocolError, "Something odd"),
        ({"errors": [NOT_FOUND], "meta": {}}, AccountDisconnected, ""),
        ({}, ChannelProtocolError, "without saying that there are none"),
        ({"data": None}, ChannelProtocolError, ""),
        ({"meta": {"result_count": 3}}, ChannelProtocolError, ""),
        ({"meta": "odd"}, ChannelProtocolError, ""),
        ({"data": {"id": "1"}, "meta": {}}, ChannelProtocolError, "no list"),
        ({"unexpected": "keys"}, ChannelProtocolError, ""),
    ],
)
def test_an_answer_without_posts_is_never_read_as_no_mentions(
    payload: dict[str, Any], error: type[ChannelError], says: str
) -> None:
    with pytest.raises(error) as caught:
        read_page(payload, ours=OURS)
    assert says in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [*post(), "note_tweet", "referenced_tweets", "attachments", "entities", "referenced_posts", "note_post"]
)


@settings(max_examples=300, deadline=None)
@given(fields=st.dictionaries(NAMES, JSON), users=JSON)
def test_whatever_stands_in_the_fields_a_post_is_read_or_refused_and_never_breaks_the_page(
    fields: Any, users: Any
) -> None:
    page = read_page(
        {"data": [{**post(), **fields}, post(id="77")], "includes": {"users": users}, "meta": {}}, ours=OURS
    )
    assert len(page.mentions) + len(page.bad) == 2
    assert page.mentions[-1].external_id == "77"
    for mention in page.mentions:
        (mention.text + mention.author.name + mention.url + str(mention.lang)).encode()


# --- reading a reply back -------------------------------------------------------------------------------


def own(text: str, **changes: Any) -> dict[str, Any]:
    return post(
        id="1950", author_id=OURS, text=text, referenced_tweets=[{"type": "replied_to", "id": "1900"}], **changes
    )


LINK = {"urls": [{"url": "https://t.co/x1", "expanded_url": "https://hemlund.example/retour"}]}
REPLIED = Reply("1900", "1900", "Hej & välkommen! https://hemlund.example/retour")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (own("@anna_b Hej &amp; välkommen! https://t.co/x1", entities=LINK), True),
        (own("Hej &amp; va\u0308lkommen!\n https://t.co/x1", entities=LINK), True),
        (own("short…", note_tweet={"text": "@anna_b Hej & välkommen! https://t.co/x1", "entities": LINK}), True),
        (own("@anna_b Hej &amp; välkommen! https://t.co/x1"), False),
        (own("@anna_b Hej &amp; hejdå! https://t.co/x1", entities=LINK), False),
        (own("@anna_b Hej &amp; välkommen! https://t.co/x1", entities=LINK) | {"author_id": "42"}, False),
        (own("Hej &amp; välkommen! https://t.co/x1", entities=LINK) | {"referenced_tweets": REPLY}, False),
        (own("Hej &amp; välkommen! https://t.co/x1", entities=LINK) | {"referenced_tweets": QUOTE}, False),
        ("odd", False),
        ({}, False),
    ],
)
def test_a_reply_is_recognised_by_author_target_and_words(found: Any, expected: bool) -> None:
    assert answers(found, REPLIED, ours=OURS) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"entities": {"mentions": [{"username": "Hemlund"}]}}, True),
        ({"entities": {"mentions": [{"username": "other", "id": OURS}]}}, True),
        ({"entities": {"mentions": [{"username": "other", "id": "9"}, "odd"]}}, False),
        ({"entities": {"mentions": []}}, False),
        ({"entities": {}}, None),
        ({"entities": None}, None),
        ({}, None),
        ({"text": "dag @HemLund!"}, True),
        ({"text": "dag @hemlund_nl, post@hemlund.nl"}, False),
        ({"text": "mijn kast wankelt", "entities": {"urls": []}}, False),
        ({"text": "een lang verhaal…", "note_tweet": {"text": "een lang verhaal, @hemlund"}}, True),
    ],
)
def test_whom_a_post_names_is_known_only_when_it_says_so(raw: dict[str, Any], expected: bool | None) -> None:
    assert names_us(raw, handle="@hemlund", ours=OURS) is expected


def quoting(url: str | None, *, quoted: str = "7") -> dict[str, Any]:
    entities = {"urls": [{"url": "https://t.co/a", "expanded_url": url}, "odd"]} if url else {}
    return {"referenced_tweets": [{"type": "quoted", "id": quoted}], "entities": entities}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (quoting("https://x.com/HemLund/status/7"), True),
        (quoting("https://twitter.com/hemlund/status/7?s=20"), True),
        (quoting(f"https://x.com/{OURS}/status/7"), True),
        (quoting("https://x.com/other/status/7"), False),
        (quoting("https://x.com/hemlund/status/8"), None),
        (quoting("https://x.com/i/web/status/7"), None),
        (quoting("status/7"), None),
        (quoting(None), None),
        ({"entities": {}}, False),
        ({}, False),
    ],
)
def test_whose_post_is_quoted_is_told_by_its_address(raw: dict[str, Any], expected: bool | None) -> None:
    assert quotes_us(raw, handle="hemlund", ours=OURS) is expected


def test_whether_its_author_takes_messages_is_kept_with_a_post_where_x_says_so() -> None:
    post = {"id": "1", "author_id": "42", "text": "hoi", "created_at": "2026-02-10T10:59:00.000Z"}
    for told, kept in ((True, True), (False, False), (None, None), ("yes", None)):
        people = Includes(users={"42": {"id": "42", "receives_your_dm": told}}, media={})
        assert to_mention(post, people, ours=OURS).raw.get("author_receives_your_dm") is kept


def test_an_id_of_x_tells_when_it_was_made_and_another_number_does_not() -> None:
    made = NOW + timedelta(milliseconds=250)
    number = (int(made.timestamp() * 1000) - 1_288_834_974_657) << 22
    assert written_at(str(number), NOW) == made
    for odd in ("1950", "abc", "9" * 40, "-1"):
        assert written_at(odd, NOW) == NOW


def test_a_post_has_an_address_even_without_its_authors_name() -> None:
    assert post_url("1", "anna") == "https://x.com/anna/status/1"
    assert post_url("1", web="http://127.0.0.1:1/x") == "http://127.0.0.1:1/x/i/web/status/1"
