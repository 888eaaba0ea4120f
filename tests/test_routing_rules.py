"""The desk's own rules: what they ask, what they say, what they may not do, and what is wrong with them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webcare.domain import QUEUES, Line, MentionKind, Sentiment, Topic, Urgency
from webcare.hours import read_hours
from webcare.routing import Decisions, route
from webcare.routing_rules import RulesWrong, read_queues, read_rules
from webcare.settings import RoutingSettings
from webcare.targets import EVERY_QUEUE, Targets, TargetsWrong, read_targets
from webcare.testing import make_mention, make_triage

SETTINGS = RoutingSettings(critical_within_min=15, high_within_min=60, normal_within_min=240, low_within_min=1440)
NAMES = (*QUEUES, "logistics", "press")


def rule(name: str = "Parcels", **parts: Any) -> dict[str, Any]:
    when = parts.pop("when", {"topics": ["delivery"]})
    then = parts.pop("then", {"queue": "logistics"})
    return {"name": name, "when": when, "then": then, **parts}


def decided(*rules: dict[str, Any], targets: Targets = Targets()) -> Decisions:  # noqa: B008 - frozen
    queues = {"logistics": Line.SECOND_LINE, "press": Line.FIRST_LINE}
    return Decisions(read_rules({"rules": list(rules)}, NAMES), queues, targets)


def routed(
    *rules: dict[str, Any], text: str = "Where is my parcel?", triage: dict[str, Any] | None = None, **post: Any
):
    mention = make_mention(text, **post)
    return route(
        mention, make_triage(**triage or {}), SETTINGS, unsorted_below=0.45, account="x_nl", decisions=decided(*rules)
    )


@pytest.mark.parametrize(
    ("when", "given", "post"),
    [
        ({"topics": ["delivery"]}, {}, {}),
        ({"urgencies": ["normal"]}, {}, {}),
        ({"sentiments": ["negative"]}, {"sentiment": Sentiment.NEGATIVE}, {}),
        ({"languages": ["sv", "nb"]}, {"language": "nb"}, {}),
        ({"channels": ["x"]}, {}, {}),
        ({"accounts": ["x_nl"]}, {}, {}),
        ({"kinds": ["direct_message"]}, {}, {"kind": MentionKind.DIRECT_MESSAGE}),
        ({"words": ["parcel"]}, {}, {}),
        ({"words": ["where is"]}, {}, {"text": "WHERE\n  is it"}),
        ({"words": ["bezorg*"]}, {}, {"text": "De bezorgdienst kwam niet"}),
        ({"words": ["één"]}, {}, {"text": "e\u0301e\u0301n bank"}),
        ({"followers": 10_000}, {}, {"raw": {"account": {"followers_count": 10_000}}}),
        ({"unsure_below": 0.97}, {}, {}),
    ],
)
def test_each_condition_is_met_by_what_it_names_and_by_nothing_else(when: Any, given: Any, post: Any):
    assert routed(rule(when=when), triage=given, **post).queue == "logistics"
    other = {"topic": Topic.BRAND, "urgency": Urgency.LOW, "confidence": dict.fromkeys(("route", "low"), 0.99)}
    wrong = make_mention("Something else", channel="facebook", raw={"account": {"followers_count": 9_999}})
    plain = route(
        wrong, make_triage(**other), SETTINGS, unsorted_below=0.1, account="y", decisions=decided(rule(when=when))
    )
    assert plain.queue == "first_line"


def test_a_word_is_a_whole_word():
    assert routed(rule(when={"words": ["parc"]})).queue == "first_line"


def test_all_conditions_of_a_rule_must_be_met():
    both = rule(when={"topics": ["delivery"], "words": ["sofa"]})
    assert routed(both).queue == "first_line"
    assert routed(both, text="my sofa").queue == "logistics"


def test_the_first_rule_that_applies_decides_and_the_reason_names_it():
    found = routed(rule("First", then={"queue": "press"}), rule("Second"))
    assert (found.queue, found.line, found.rules) == ("press", Line.FIRST_LINE, ("First",))
    assert found.reason.startswith("rule “First”: queue press; line: as triaged")


def test_a_rule_that_only_tags_lets_the_next_one_speak():
    found = routed(
        rule("Mark", then={"tags": ["parcel", "late"]}), rule("Move", then={"queue": "press", "tags": ["pr"]})
    )
    assert (found.queue, found.tags, found.rules) == ("press", ("parcel", "late", "pr"), ("Mark", "Move"))
    assert "tagged by “Mark”" in found.reason


def test_what_a_rule_does_not_say_stays_as_it_was():
    plain, ruled = routed(), routed(rule(then={"skill": "store:utrecht"}))
    assert (ruled.queue, ruled.priority, ruled.respond_within) == (plain.queue, plain.priority, plain.respond_within)
    assert ruled.skill == "store:utrecht"


def test_a_rule_that_is_switched_off_says_nothing():
    assert routed(rule(active=False)).queue == "first_line"


@pytest.mark.parametrize(
    ("urgency", "wished", "becomes"),
    [("critical", 4, 1), ("high", 3, 2), ("high", 1, 1), ("normal", 4, 4), ("low", 2, 2)],
)
def test_no_rule_makes_danger_wait(urgency: str, wished: int, becomes: int):
    found = routed(rule(then={"priority": wished}), triage={"urgency": Urgency(urgency)})
    assert found.priority == becomes
    assert ("danger never waits" in found.reason) is (wished != becomes)


def test_the_time_to_answer_follows_the_priority_a_rule_gives():
    assert routed(rule(then={"priority": 2})).respond_within == timedelta(hours=1)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([rule("")], "Rule 1 needs a name"),
        ([rule("A"), rule("a")], "Two rules are called"),
        ([rule(when={})], "say when it applies"),
        ([rule(then={})], "say what it does"),
        ([rule(when={"topics": ["weather"]})], "“weather” is not a topic"),
        ([rule(when={"colour": ["red"]})], "nothing is called “colour”"),
        ([rule(when={"words": ["*"]})], "not a word to look for"),
        ([rule(when={"unsure_below": 3})], "must be a number from 0 to 1"),
        ([rule(when={"followers": "many"})], "must be a number"),
        ([rule(then={"queue": "nowhere"})], "there is no queue “nowhere”"),
        ([rule(then={"priority": 9})], "priority must be a number from 0 to 4"),
        ([rule(then={"tags": ["a,b"]})], "cannot be a tag"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_name(rows: list[dict[str, Any]], why: str):
    with pytest.raises(RulesWrong, match=why):
        read_rules({"rules": rows}, NAMES)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"name": "Big Queue", "titles": {"en": "x"}, "line": "first_line"}, "cannot name a queue"),
        ({"name": "unsorted", "titles": {"en": "x"}, "line": "first_line"}, "the desk uses itself"),
        ({"name": "press", "titles": {"nl": "Pers"}, "line": "first_line"}, "needs a title in English"),
        ({"name": "press", "titles": {"en": "Press"}, "line": "third"}, "first or the second line"),
    ],
)
def test_what_is_wrong_with_a_queue_is_said(row: dict[str, Any], why: str):
    with pytest.raises(RulesWrong, match=why):
        read_queues({"queues": [row]})


def target(**parts: Any) -> dict[str, Any]:
    return {"urgency": "normal", "first": 120, **parts}


def test_the_target_nearest_to_the_case_counts():
    rows = read_targets(
        {
            "rows": [
                target(),
                target(channel="x", first=90),
                target(queue="press", first=60),
                target(queue="press", channel="x", first=30),
            ]
        },
        NAMES,
    )
    targets = Targets(rows)
    found = [
        targets.of(Urgency.NORMAL, queue, channel).first
        for queue, channel in [("first_line", "facebook"), ("first_line", "x"), ("press", "facebook"), ("press", "x")]
    ]
    assert found == [timedelta(minutes=minutes) for minutes in (120, 90, 60, 30)]
    assert targets.of(Urgency.LOW, "press", "x") is None


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([target(urgency="soon")], "not an urgency"),
        ([target(queue="nowhere")], "no queue"),
        ([target(first=0)], "above 0"),
        ([{"urgency": "high"}], "sets no target"),
        ([target(), target(first=5)], "says again"),
        ([target(resolution=60)], "solving cannot be due before"),
        ([target(hurry=True)], "not known"),
    ],
)
def test_what_is_wrong_with_targets_is_said(rows: list[dict[str, Any]], why: str):
    with pytest.raises(TargetsWrong, match=why):
        read_targets({"rows": rows}, NAMES)


OFFICE = read_hours({"timezone": "Europe/Amsterdam", "week": {str(day): [["09:00", "17:00"]] for day in range(1, 6)}})
#: A Friday, 16:30 on the wall.
FRIDAY = datetime(2026, 2, 13, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "row", "due"),
    [
        ({}, target(first=60), FRIDAY + timedelta(hours=1)),
        ({EVERY_QUEUE: OFFICE}, target(first=60), datetime(2026, 2, 16, 8, 30, tzinfo=UTC)),
        ({EVERY_QUEUE: OFFICE}, target(first=60, round_the_clock=True), FRIDAY + timedelta(hours=1)),
        ({"press": OFFICE}, target(first=60), FRIDAY + timedelta(hours=1)),
    ],
)
def test_deadlines_run_in_opening_hours_where_there_are_any(hours: Any, row: Any, due: datetime):
    targets = Targets(read_targets({"rows": [row]}, NAMES), hours)
    mention = replace(make_mention(), posted_at=FRIDAY)
    found = route(mention, make_triage(), SETTINGS, unsorted_below=0.45, decisions=decided(targets=targets))
    assert FRIDAY + found.respond_within == due


def test_a_later_answer_has_a_target_of_its_own():
    targets = Targets(read_targets({"rows": [target(first=60, next=180)]}, NAMES))
    found = route(make_mention(), make_triage(), SETTINGS, unsorted_below=0.45, decisions=decided(targets=targets))
    assert (found.respond_within, found.next_within) == (timedelta(hours=1), timedelta(hours=3))
