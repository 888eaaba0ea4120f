"""The demo's stream of posts: complete, unlike itself from post to post, and shaped like a day."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import webcare.sandbox
from webcare.channels.wording import x_weight
from webcare.domain import LANGUAGES, Line, Sentiment, Topic, Urgency
from webcare.sandbox.x_text import MAX_WEIGHT, mentioned, weighted_length

STORIES = Path(webcare.sandbox.__file__).parent / "stories"
FEWEST = {"nl": 110, "en": 60, "sv": 60, "nb": 50, "da": 30, "de": 30}
KINDS = {"x": {"mention"}, "facebook": {"visitor_post", "comment", "review"}}
QUIET_UNTIL = 70
DAY = 600
NEAR = 0.6  #: share of five-letter runs two posts may have in common


def rows(name: str) -> list[dict[str, Any]]:
    lines = (STORIES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


POSTS = {lang: rows(lang) for lang in LANGUAGES}
ALL = [post for posts in POSTS.values() for post in posts]
FOLLOW_UPS = [(post, step) for post in ALL for step in post.get("then", [])]
BRAND_POSTS = {post["id"]: post for post in rows("brand_posts")}
LABELS = {label["id"]: label for label in rows("labels")}


def texts(lang: str) -> Iterator[str]:
    for post in POSTS[lang]:
        yield post["text"]
        yield from (step["text"] for step in post.get("then", []))


def runs_of_five(text: str) -> frozenset[str]:
    plain = " ".join(text.lower().split())
    return frozenset(plain[start : start + 5] for start in range(max(1, len(plain) - 4)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_its_share_of_opening_posts(lang: str) -> None:
    assert len(POSTS[lang]) >= FEWEST[lang]
    assert {post["lang"] for post in POSTS[lang]} == {lang}


def test_there_are_at_least_320_opening_posts() -> None:
    assert len(ALL) >= 320


def test_every_post_has_an_id_of_its_own() -> None:
    assert max(Counter(post["id"] for post in ALL).values()) == 1
    assert not {post["id"] for post in ALL} & set(BRAND_POSTS)


def test_no_two_texts_are_equal() -> None:
    every = [text for lang in LANGUAGES for text in texts(lang)]
    assert [text for text, times in Counter(every).items() if times > 1] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_two_posts_of_a_language_are_nearly_the_same(lang: str) -> None:
    known = [(text, runs_of_five(text)) for text in texts(lang)]
    near = [(a, b) for (a, one), (b, other) in combinations(known, 2) if likeness(one, other) >= NEAR]
    assert near == []


def test_likeness_finds_one_changed_word_and_lets_two_different_reports_pass() -> None:
    first = runs_of_five("@hemlund the app charged me twice for one bookcase this morning, please help")
    assert (
        likeness(first, runs_of_five("@hemlund the app charged me twice for one table this morning, please help"))
        > NEAR
    )
    assert likeness(first, runs_of_five("Payment page hangs and my bank shows two debits")) < 0.1


def test_every_text_is_one_a_person_could_have_posted() -> None:
    every = [(post, post["text"]) for post in ALL] + [(post, step["text"]) for post, step in FOLLOW_UPS]
    every += [(post, post["text"]) for post in BRAND_POSTS.values()]
    for post, text in every:
        assert text == text.strip() != "", post["id"]
        assert len(text) <= 500, post["id"]
        if post["network"] == "x":
            assert x_weight(text) <= MAX_WEIGHT, post["id"]
            assert weighted_length(text) <= MAX_WEIGHT, post["id"]


def test_every_opening_post_on_x_can_be_found_by_name_or_hashtag() -> None:
    on_x = [post for post in ALL if post["network"] == "x"]
    lost = [p["id"] for p in on_x if "hemlund" not in mentioned(p["text"]) and "#hemlund" not in p["text"].lower()]
    assert lost == []


def test_a_little_over_half_of_the_posts_are_on_x() -> None:
    share = sum(post["network"] == "x" for post in ALL) / len(ALL)
    assert 0.5 <= share <= 0.6


def test_every_post_has_a_kind_its_network_knows() -> None:
    assert [post["id"] for post in ALL if post["kind"] not in KINDS[post["network"]]] == []
    reviews = [post for post in ALL if post["kind"] == "review"]
    assert len(reviews) >= 4
    assert [post["id"] for post in ALL if ("positive" in post) != (post["kind"] == "review")] == []
    assert {post["positive"] for post in reviews} == {True, False}


def test_a_comment_stands_under_a_brand_post_that_is_already_there() -> None:
    for post in ALL:
        assert ("under" in post) == (post["kind"] == "comment"), post["id"]
        if "under" in post:
            above = BRAND_POSTS[post["under"]]
            assert above["network"] == "facebook", post["id"]
            assert above["lang"] == post["lang"], post["id"]
            assert above["at_min"] < post["at_min"], post["id"]


def test_the_brand_posts_in_every_language() -> None:
    assert len(BRAND_POSTS) >= 14
    assert {post["lang"] for post in BRAND_POSTS.values()} == set(LANGUAGES)


def test_every_author_has_a_name_and_a_handle_of_their_own() -> None:
    authors = [(post["network"], post["author"]) for post in ALL]
    authors += [(post["network"], step["author"]) for post, step in FOLLOW_UPS if step["by"] == "other"]
    assert all(author["name"].strip() for _, author in authors)
    assert max(Counter(author["handle"].lower() for _, author in authors).values()) == 1
    on_x = [author["handle"] for network, author in authors if network == "x"]
    assert [handle for handle in on_x if mentioned(f"@{handle}") != (handle.lower(),)] == []


def test_follow_ups_say_when_on_what_and_by_whom() -> None:
    for post, step in FOLLOW_UPS:
        assert step["after_min"] > 0, post["id"]
        assert step["on"] in {"always", "reply", "no_reply"}, post["id"]
        assert step["by"] in {"customer", "other"}, post["id"]
        assert ("author" in step) == (step["by"] == "other"), post["id"]


def test_at_least_ninety_posts_go_on_and_in_every_way() -> None:
    assert sum("then" in post for post in ALL) >= 90
    ways = Counter((step["on"], step["by"]) for _, step in FOLLOW_UPS)
    assert ways["reply", "customer"] >= 40
    assert ways["no_reply", "customer"] >= 15
    assert ways["always", "customer"] >= 4
    assert ways["always", "other"] >= 10


def test_many_report_the_same_fault_within_forty_minutes_in_three_languages() -> None:
    reports = [post for post in ALL if post.get("incident") == "double-charge"]
    times = [post["at_min"] for post in reports]
    assert {post.get("incident") for post in ALL} == {None, "double-charge"}
    assert 18 <= len(reports) <= 22
    assert 30 <= max(times) - min(times) <= 45
    assert len({post["lang"] for post in reports}) == 3
    assert {post["network"] for post in reports} == {"x", "facebook"}


def test_the_incident_is_preceded_by_normal_traffic_and_stands_out_from_it() -> None:
    begin = min(post["at_min"] for post in ALL if "incident" in post)
    before = [post for post in ALL if begin - 80 <= post["at_min"] < begin]
    inside = [post for post in ALL if begin <= post["at_min"] < begin + 40]
    assert len(before) >= 15
    assert len(inside) > len(before) / 2 * 1.5


def test_the_day_is_quiet_first_and_peaks_at_lunch_and_in_the_evening() -> None:
    hours = Counter(int(post["at_min"] // 60) for post in ALL)
    assert sum(post["at_min"] < QUIET_UNTIL for post in ALL) <= 10
    assert hours[3] > 1.1 * hours[2]
    assert hours[3] > 2 * hours[5]
    assert hours[8] > 2 * hours[5]
    assert hours[8] > hours[9]


def test_all_times_lie_within_the_day_and_in_order() -> None:
    for posts in POSTS.values():
        times = [post["at_min"] for post in posts]
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] <= DAY
    assert all(0 <= post["at_min"] <= DAY for post in BRAND_POSTS.values())


def test_every_opening_post_has_one_full_label() -> None:
    assert len(rows("labels")) == len(LABELS)
    assert set(LABELS) == {post["id"] for post in ALL}
    for label in LABELS.values():
        assert set(label) == {"id", "sentiment", "urgency", "topic", "needs_reply", "route"}
        Sentiment(label["sentiment"]), Urgency(label["urgency"]), Topic(label["topic"]), Line(label["route"])
        assert isinstance(label["needs_reply"], bool)


def test_labels_keep_the_rules_that_follow_from_one_another() -> None:
    for label in LABELS.values():
        critical = label["urgency"] == Urgency.CRITICAL
        if critical or label["topic"] == Topic.SAFETY_LEGAL:
            assert label["route"] == Line.SECOND_LINE, label["id"]
        if not label["needs_reply"]:
            assert label["urgency"] == Urgency.LOW, label["id"]
            assert label["route"] == Line.FIRST_LINE, label["id"]


def test_every_topic_occurs_and_urgent_posts_are_the_exception() -> None:
    topics = Counter(label["topic"] for label in LABELS.values())
    urgencies = Counter(label["urgency"] for label in LABELS.values())
    assert all(topics[topic] >= 8 for topic in Topic)
    assert 0.03 <= urgencies["critical"] / len(LABELS) <= 0.08
    assert 0.08 <= urgencies["high"] / len(LABELS) <= 0.2
    assert (urgencies["normal"] + urgencies["low"]) / len(LABELS) >= 0.72
