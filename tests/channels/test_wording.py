"""Texts, dates and lengths as networks write them."""

import sys
import time

import pytest

from webcare.channels import wording


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2026-02-10T11:00:00.000Z", "2026-02-10T11:00:00+00:00"),
        ("2026-02-10T11:00:00Z", "2026-02-10T11:00:00+00:00"),
        ("2026-02-10T11:00:00+0000", "2026-02-10T11:00:00+00:00"),
        ("2026-02-10T12:00:00.123456+01:00", "2026-02-10T11:00:00.123456+00:00"),
        ("Tue Feb 10 11:00:00 +0000 2026", "2026-02-10T11:00:00+00:00"),
    ],
)
def test_dates_with_a_zone_are_read_in_every_form_the_networks_write(value: str, iso: str) -> None:
    assert wording.parse_moment(value).isoformat() == iso


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        0,
        1770721200,
        "2026-02-10T11:00:00",
        "2026-02-10",
        "yesterday",
        "2026-13-40T00:00:00Z",
        [],
        {},
        "0001-01-01T00:00:00+14:00",
        "2026-02-10T11:00:00+99:99",
        "9" * 400,
    ],
)
def test_a_date_that_is_missing_naive_or_odd_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wording.parse_moment(value)


def test_ids_come_as_text_or_as_numbers_and_as_nothing_else() -> None:
    assert [wording.identifier(value) for value in ("17", 17, " 17 ")] == ["17"] * 3
    for odd in (None, "", "  ", True, 1.5, [], {}):
        with pytest.raises(ValueError, match="no id"):
            wording.identifier(odd)


def test_only_the_three_entities_of_x_are_undone() -> None:
    assert wording.unescape("&lt;b&gt; Tom &amp; Jerry &amp;lt; ?a=1&copy=2") == "<b> Tom & Jerry &lt; ?a=1&copy=2"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "ab"),
        ("half \ud83d emoji", "half  emoji"),
        ("line\nbreak\ttab\r\n", "line\nbreak\ttab\r\n"),
        ("\x1b[31mred\x07", "[31mred"),
        ("עברית \u202eabc\u202c \u200b\u200d", "עברית \u202eabc\u202c \u200b\u200d"),
        (None, ""),
        (12, ""),
    ],
)
def test_texts_are_cleaned_of_what_no_database_keeps_and_of_nothing_else(given: object, kept: str) -> None:
    assert wording.clean(given) == kept


def test_a_payload_is_cleaned_at_any_depth() -> None:
    assert wording.clean_raw({"a\x00": [{"b": "c\x00"}, 1, None]}) == {"a": [{"b": "c"}, 1, None]}


def test_a_payload_nested_without_end_is_cut_off_and_not_followed() -> None:
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    assert str(wording.clean_raw({"a": deep, "b": "kept"})).count("[") < 60
    assert wording.clean_raw({"a": deep, "b": "kept"})["b"] == "kept"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Hej! Vi hjälper dig.", "@anna @bo Hej! Vi hjälper dig."),
        ("Tom & Jerry <3", "Tom &amp; Jerry &lt;3"),
        ("caf\u00e9", "cafe\u0301"),
        ("two  spaces\nand lines ", "two spaces and lines"),
        ("see https://hemlund.example/a/", "see http://www.hemlund.example/a"),
        ("zero\u200bwidth", "zerowidth"),
        ("👍\ufe0f", "👍"),
    ],
)
def test_two_copies_of_one_reply_compare_equal(ours: str, theirs: str) -> None:
    assert wording.comparable(ours) == wording.comparable(theirs)


@pytest.mark.parametrize(
    ("one", "other"), [("Hej", "hej"), ("Hej @anna", "Hej"), ("a b", "ab"), ("1,5", "15"), ("", "a")]
)
def test_different_replies_stay_different(one: str, other: str) -> None:
    assert wording.comparable(one) != wording.comparable(other)


def test_short_links_are_expanded_and_picture_links_taken_away() -> None:
    urls = [
        {"url": "https://t.co/a", "expanded_url": "https://hemlund.example/retour"},
        {"url": "https://t.co/b", "expanded_url": "https://x.com/h/status/1/photo/1", "media_key": "3_1"},
        {"url": None},
        "odd",
        {"url": 3, "expanded_url": 4},
    ]
    assert wording.expand_links("a https://t.co/a b https://t.co/b", urls) == "a https://hemlund.example/retour b "
    assert wording.expand_links("a", None) == "a"


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("hello", 5),
        ("@anna @bo hello", 5),
        ("@anna", 5),
        ("hello @anna", 11),
        ("see https://hemlund.com/a/very/long/address?with=query&and=more", 27),
        ("e\u0301", 1),
        ("日本", 4),
        ("👨‍👩‍👧‍👦", 2),
        ("", 0),
        ("   ", 0),
        ("å" * 280, 280),
    ],
)
def test_x_counts_by_weight_with_leading_names_free(text: str, weight: int) -> None:
    assert wording.x_weight(text) == weight


@pytest.mark.parametrize("piece", ["a", "http://", "@a ", "((((", "\u200d", "a.b", "😀"])
def test_counting_a_hostile_text_takes_time_that_grows_with_its_length(piece: str) -> None:
    def seconds(size: int) -> float:
        text, best = (piece * size)[:size], float("inf")
        for _ in range(3):
            begun = time.process_time()
            wording.x_weight(text)
            best = min(best, time.process_time() - begun)
        return best

    seconds(1)
    # Four times the text may take four times as long; sixteen times would be quadratic.
    assert seconds(10_000) < 9 * max(seconds(2_500), 0.005)


def test_the_stand_in_for_pkg_resources_does_not_stay() -> None:
    wording.x_weight("a")
    module = sys.modules.get("pkg_resources")
    assert module is None or hasattr(module, "working_set")


def test_half_a_character_is_counted_and_not_a_fault():
    assert wording.x_weight("half \ud83d") == wording.x_weight("half \ufffd")
