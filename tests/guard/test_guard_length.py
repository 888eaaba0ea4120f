"""Length by the network's own rule, empty drafts, and characters nobody sees."""

from __future__ import annotations

import pytest

from webcare.domain import Decision, Level, Override
from webcare.guard import ReviewContext, review
from webcare.guard.length import Length
from webcare.guard.profile import Profile


def limited(limit: int, attachments: tuple[str, ...] = ()) -> ReviewContext:
    return ReviewContext(channel="x", length=lambda text: (len(text), limit), attachments=attachments)


def test_a_draft_that_fits_to_the_last_character_passes() -> None:
    assert review("a" * 280, limited(280)).decision is Decision.PASS


def test_a_draft_one_too_long_is_held_and_the_excess_is_pointed_at() -> None:
    (finding,) = [one for one in review("a" * 281, limited(280)).findings if one.check == "length"]
    assert (finding.check, finding.level, finding.reason) == ("length", Level.ERROR, "too_long")
    assert (finding.start, finding.end) == (280, 281)
    assert finding.message == "The reply is too long: 281 of 280 characters. Shorten it by 1."


def test_the_networks_own_weights_decide_where_the_excess_begins() -> None:
    double = ReviewContext(channel="x", length=lambda text: (2 * len(text), 10))
    (finding,) = [one for one in review("abcdefgh", double).findings if one.check == "length"]
    assert (finding.start, finding.end) == (5, 8)


def test_without_a_rule_any_length_passes() -> None:
    assert review("lang " * 2000, ReviewContext(channel="facebook")).decision is Decision.PASS


@pytest.mark.parametrize("draft", ["", " ", "\n\t", "\u200b\u200b", "\u3164", "\u2800", "\u00a0"])
def test_a_draft_with_nothing_to_see_is_held(draft: str) -> None:
    reasons = {finding.reason for finding in review(draft, limited(280)).findings if finding.level is Level.ERROR}
    assert reasons == {"empty"}


def test_an_attachment_alone_is_a_reply() -> None:
    assert review("", limited(280, ("photo.jpg",))).decision is Decision.PASS


def test_a_single_emoji_is_a_reply() -> None:
    assert review("💛", limited(280)).decision is Decision.PASS


HIDDEN = [
    ("Hoi\u0000 Anna", "control_character", Level.WARNING, 3, 4),
    ("Hoi\u001b[31m", "control_character", Level.WARNING, 3, 4),
    ("Hoi \u202eannA", "direction_override", Level.WARNING, 4, 5),
    ("\u2066Hoi\u2069", "direction_override", Level.WARNING, 0, 1),
    ("Ho\u200bi", "invisible_character", Level.WARNING, 2, 3),
    ("\ufeffHoi", "invisible_character", Level.WARNING, 0, 1),
    ("bel\u200den", "invisible_character", Level.WARNING, 3, 4),
    ("Hoi \U000e0048\U000e0049", "invisible_character", Level.WARNING, 4, 6),
    ("Hoi \ud83d", "unreadable_character", Level.ERROR, 4, 5),
]


@pytest.mark.parametrize(("draft", "reason", "level", "start", "end"), HIDDEN)
def test_a_hidden_character_is_named(draft: str, reason: str, level: Level, start: int, end: int) -> None:
    finding = review(draft, ReviewContext(channel="x")).findings[0]
    assert (finding.reason, finding.level, finding.start, finding.end) == (reason, level, start, end)


@pytest.mark.parametrize(
    "draft",
    [
        "Hoi\nAnna\r\n\tdag",
        "👩‍👩‍👧 fijn",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f!",
        "❤️ می‌خواهم",
    ],
)
def test_line_breaks_and_joined_emoji_are_fine(draft: str) -> None:
    assert review(draft, ReviewContext(channel="x")).findings == ()


def test_the_brands_own_limit_holds_beside_the_networks_and_counts_as_the_network_does() -> None:
    brand = Profile(limits={"characters": 20})
    (finding,) = Length().review("a" * 25, ReviewContext(channel="facebook", brand=brand))
    assert (finding.reason, finding.level, finding.start) == ("over_brand_limit", Level.ERROR, 20)
    assert finding.override is Override.JUSTIFICATION
    double = ReviewContext(channel="x", brand=brand, length=lambda text: (2 * len(text), 280))
    assert [one.start for one in Length().review("a" * 11, double)] == [10]
    assert list(Length().review("a" * 10, double)) == []
    assert list(Length().review("a" * 25, ReviewContext(channel="facebook", brand=brand, private=True))) == []


def test_too_long_for_the_network_is_said_once() -> None:
    brand = Profile(limits={"characters": 20})
    context = ReviewContext(channel="x", brand=brand, length=lambda text: (len(text), 30))
    assert [one.reason for one in Length().review("a" * 40, context)] == ["too_long"]


def test_a_draft_of_several_sentences_is_advised_to_go_out_in_parts() -> None:
    draft = "Wat vervelend dat je kast beschadigd is. We sturen je een nieuwe deur. Die komt donderdag."
    (finding,) = Length().review(draft, limited(75))
    assert finding.message.endswith("Or send it as 2 replies, the first up to “een nieuwe deur.”.")
    (endless,) = Length().review(draft * 9, limited(75))
    assert "replies" not in endless.message
