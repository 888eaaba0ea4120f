"""A long answer in several posts: cut where sentences end, never inside a word, a link or an emoji."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.channels.wording import X_LIMIT, x_weight
from webcare.guard import ReviewContext, fingerprint, review
from webcare.guard.days import days_counted_from_today
from webcare.guard.length import Length
from webcare.guard.parts import cut

LINK = "https://hemlund.com/service/returns?order=12.34&lang=nl"


def plain(limit: int):
    return lambda text: (len(text), limit)


def on_x(text: str) -> tuple[int, int]:
    return x_weight(text), X_LIMIT


def texts(text: str, limit: int, most: int = 9) -> list[str]:
    return [text[start:end] for start, end in cut(text, plain(limit), most)]


def test_a_text_is_cut_after_the_last_sentence_that_fits() -> None:
    text = "We looked at your order. It left the warehouse on Monday. It comes on Thursday."
    assert texts(text, 60) == [
        "We looked at your order. It left the warehouse on Monday.",
        "It comes on Thursday.",
    ]


def test_a_text_that_fits_is_one_part_and_one_that_needs_too_many_is_none() -> None:
    assert texts("  It comes on Thursday. ", 60) == ["It comes on Thursday."]
    assert texts("One sentence here. " * 20, 40, most=3) == []
    assert texts("x" * 100, 40) == []


def test_an_emoji_stays_with_the_sentence_it_ends() -> None:
    assert texts("We are so happy for you! 🎉👩‍👩‍👧 Your sofa leaves the house today.", 50)[0] == (
        "We are so happy for you! 🎉👩‍👩‍👧"
    )


@pytest.mark.parametrize("short", ["Take no. 12 from the box", "Ask J. Smit in the shop", "On 5. May it is there"])
def test_a_full_stop_that_ends_no_sentence_is_no_place_to_cut(short: str) -> None:
    text = f"We found out more. {short} and write to us again."
    parts = texts(text, len(text) - 10)
    assert parts[0] == "We found out more."
    assert parts[1].startswith(short)


def test_a_signature_is_no_post_of_its_own() -> None:
    text = "We looked at your order today. It comes on Thursday morning. ^NS"
    assert texts(text, len(text) - 2)[-1].endswith("Thursday morning. ^NS")


def test_a_sentence_longer_than_a_post_is_cut_between_words_around_a_link() -> None:
    text = f"you can send it back with the form that you find at {LINK} and bring it to any shop of ours near you"
    parts = texts(text, 90)
    assert len(parts) > 1
    assert sum(LINK in part for part in parts) == 1
    assert " ".join(parts) == text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Hi!", "We", "see", "it.", LINK, "👩‍👩‍👧", "🎉", "Tuesday,", "e.g.", "\n", "ok?"]),
        max_size=160,
    )
)
def test_parts_hold_every_word_in_order_and_each_fits(words: list[str]) -> None:
    text = " ".join(words)
    parts = [text[start:end] for start, end in cut(text, on_x, 12)]
    assert [word for part in parts for word in part.split()] == (text.split() if parts else [])
    assert all(x_weight(part) <= X_LIMIT for part in parts)


def test_the_guard_lets_a_long_text_pass_where_the_network_takes_parts() -> None:
    text = "We looked at your order. It left the warehouse on Monday. It comes on Thursday."
    one = ReviewContext(channel="x", length=plain(60))
    assert [found.reason for found in Length().review(text, one)] == ["too_long"]
    assert not list(Length().review(text, replace(one, parts=2)))
    assert [found.reason for found in Length().review(text * 4, replace(one, parts=2))] == ["too_long"]


def test_a_verdict_on_a_public_reply_is_none_on_a_private_one() -> None:
    public = ReviewContext(channel="x", target_id="17")
    private = replace(public, private=True)
    assert fingerprint("Hi", public) != fingerprint("Hi", private)
    told = dict(review("Hi", public).seen)
    assert told["way"] != dict(review("Hi", private).seen)["way"]


@pytest.mark.parametrize(
    ("text", "lang", "words"),
    [
        ("It comes tomorrow, not today.", "en", ("tomorrow", "today")),
        ("Hij komt vanavond of morgen.", "nl", ("vanavond", "morgen")),
        ("Goedemorgen! Hij komt donderdag.", "nl", ()),
        ("Den kommer i morgon.", "sv", ("i morgon",)),
        ("Wir melden uns heute.", None, ("heute",)),
        ("It comes on 12 March.", "en", ()),
    ],
)
def test_words_that_mean_another_day_tomorrow_are_found(text: str, lang: str | None, words: tuple[str, ...]) -> None:
    assert days_counted_from_today(text, lang) == words
