from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webcare.domain import Author, Line, Mention, MentionKind, Sentiment, Topic, Triage, Urgency
from webcare.routing import route, urgency_in_force
from webcare.settings import RoutingSettings

SETTINGS = RoutingSettings(critical_within_min=15, high_within_min=60, normal_within_min=240, low_within_min=1440)
SURE = {"language": 0.99, "sentiment": 0.9, "urgency": 0.9, "topic": 0.9, "needs_reply": 0.9, "route": 0.9}


def mention(kind: MentionKind = MentionKind.MENTION) -> Mention:
    return Mention("x", "1", "1", Author("9"), "SECRET-WORDS", datetime(2026, 11, 1, tzinfo=UTC), kind=kind)


def triage(
    urgency: str = "normal",
    topic: str = "order",
    line: str = "first_line",
    *,
    needs_reply: bool = True,
    **confidence: float,
) -> Triage:
    return Triage(
        "nl",
        Sentiment.NEUTRAL,
        Urgency(urgency),
        Topic(topic),
        needs_reply,
        Line(line),
        SURE | confidence,
        "t-1",
        (("SECRET-WORDS", 1.0),),
    )


TABLE = [
    # triage, kind -> queue, line, priority, minutes, rule
    (triage("critical", "safety_legal", "second_line"), "mention", "second_line", "second_line", 1, 15, "critical"),
    (triage("critical", "delivery", "first_line"), "mention", "second_line", "second_line", 1, 15, "critical"),
    (triage("critical", route=0.1), "mention", "second_line", "second_line", 1, 15, "critical"),
    (triage("critical", needs_reply=False), "review", "second_line", "second_line", 1, 15, "critical"),
    (triage("normal", route=0.2, critical=0.2), "mention", "second_line", "second_line", 1, 15, "critical"),
    (triage("low", needs_reply=False, critical=0.15), "review", "second_line", "second_line", 1, 15, "critical"),
    (triage("normal", critical=0.14), "mention", "first_line", "first_line", 3, 240, "line"),
    (triage("high"), "mention", "first_line", "first_line", 2, 60, "high"),
    (triage("high", line="second_line"), "mention", "second_line", "second_line", 2, 60, "high"),
    (triage("high", route=0.2), "mention", "first_line", "first_line", 2, 60, "high"),
    (triage("high", needs_reply=False), "review", "first_line", "first_line", 2, 60, "high"),
    (triage("normal", critical=0.1, high=0.3), "mention", "first_line", "first_line", 2, 60, "high"),
    (triage("normal", route=0.3, high=0.4), "mention", "first_line", "first_line", 2, 60, "high"),
    (triage("normal", high=0.3), "mention", "first_line", "first_line", 3, 240, "line"),
    (triage("high", "safety_legal"), "mention", "second_line", "second_line", 2, 60, "safety_legal"),
    (triage("low", "safety_legal"), "mention", "second_line", "second_line", 4, 1440, "safety_legal"),
    (triage("normal", "safety_legal", route=0.2), "mention", "unsorted", "first_line", 3, 240, "unsorted"),
    (triage("normal", route=0.44), "mention", "unsorted", "first_line", 3, 240, "unsorted"),
    (triage("low", line="second_line", route=0.0), "mention", "unsorted", "second_line", 4, 1440, "unsorted"),
    (triage("normal", route=0.45), "mention", "first_line", "first_line", 3, 240, "line"),
    (triage("normal", line="second_line"), "mention", "second_line", "second_line", 3, 240, "line"),
    (triage("normal", needs_reply=False), "mention", "first_line", "first_line", 4, 1440, "no_answer_needed"),
    (triage("normal"), "review", "first_line", "first_line", 4, 1440, "review"),
    (triage("low"), "mention", "first_line", "first_line", 4, 1440, "line"),
    (triage("normal"), "direct_message", "first_line", "first_line", 3, 240, "line"),
]


@pytest.mark.parametrize(("labels", "kind", "queue", "line", "priority", "minutes", "rule"), TABLE)
def test_a_mention_goes_where_the_first_rule_that_applies_sends_it(
    labels: Triage, kind: str, queue: str, line: str, priority: int, minutes: int, rule: str
) -> None:
    chosen = route(mention(MentionKind(kind)), labels, SETTINGS, unsorted_below=0.45)

    assert (chosen.queue, chosen.line.value, chosen.priority) == (queue, line, priority)
    assert chosen.respond_within == timedelta(minutes=minutes)
    assert chosen.reason.startswith(rule)


@pytest.mark.parametrize("row", TABLE)
def test_a_reason_says_what_was_seen_but_never_the_customers_words(row: tuple[Triage, ...]) -> None:
    reason = route(mention(), row[0], SETTINGS, unsorted_below=0.45).reason

    assert "saw " in reason
    assert "SECRET-WORDS" not in reason


def test_a_mention_that_needs_no_answer_by_a_hair_is_not_put_aside() -> None:
    labels = triage("normal", needs_reply=False)
    unsure = replace(labels, confidence={**labels.confidence, "needs_reply": 0.55})

    assert route(mention(), unsure, SETTINGS, unsorted_below=0.45).priority == 3


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (triage("low"), "low"),
        (triage("low", critical=0.149), "low"),
        (triage("low", critical=0.15), "critical"),
        (triage("low", critical=0.1, high=0.26), "high"),
        (triage("normal", high=0.349), "normal"),
        (triage("high", critical=0.05, high=0.6), "high"),
        (triage("critical", critical=0.01), "critical"),
    ],
)
def test_doubt_about_danger_raises_the_urgency_and_never_lowers_it(labels: Triage, expected: str) -> None:
    assert urgency_in_force(labels).value == expected


def test_targets_come_from_the_settings() -> None:
    slow = RoutingSettings(critical_within_min=5, high_within_min=7, normal_within_min=11, low_within_min=13)
    found = [
        route(mention(), triage(level), slow, unsorted_below=0.0).respond_within
        for level in ("critical", "high", "low")
    ]

    assert found == [timedelta(minutes=5), timedelta(minutes=7), timedelta(minutes=13)]
