"""Definitions: whole, told in words, and old meanings beside the new ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests.measures.made_up import made_up_clocks, made_up_history
from webcare.measures import DEFINITIONS, VERSIONS, definition
from webcare.measures.clocks import Clocks
from webcare.measures.definitions import DIMENSIONS, EARLIER, REASONS
from webcare.measures.facts import FAMILIES, facts_of
from webcare.measures.lives import Answer, CaseHistory, Label, Message
from webcare.measures.values import OPEN

ASKED = datetime(2026, 2, 10, 11, tzinfo=UTC)


def test_every_measure_has_one_meaning_now_and_its_older_ones_beside_it() -> None:
    assert all(one.version == definition(name).version for name, one in DEFINITIONS.items())
    for name, version in EARLIER:
        assert version < DEFINITIONS[name].version
        assert definition(name, version).sentence != DEFINITIONS[name].sentence
    assert len(VERSIONS) == len(DEFINITIONS) + len(EARLIER)
    assert all(one.title and one.sentence.endswith(".") for one in VERSIONS.values())


def test_the_page_of_the_figures_says_what_the_desk_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")
    for one in VERSIONS.values():
        assert f"| **{one.title}** (`{one.name}`) | {one.version}" in page
        assert f"| {one.dating} | {one.sentence} |" in page
    assert all(f"- `{code}`: {text}\n" in page for code, text in REASONS.items() if code != OPEN)


def test_an_answer_at_the_very_target_is_in_time_and_none_at_that_moment_is_late() -> None:
    label = Label(ASKED, False, {"urgency": "high", "needs_reply": "yes"})
    due = ASKED + timedelta(minutes=60)
    waits = CaseHistory(1, ASKED, ASKED, "first_line", "x", dims={"urgency": "low"})
    waits = replace(
        waits, messages=(Message(1, ASKED, ASKED, labels=(replace(label, values=_VALUES | label.values),)),)
    )
    answered = replace(waits, answers=(Answer(3, due, due, 8, 8, parts=(3,)),))
    wanted = [("service_first", 1)]
    assert [fact.value for fact in facts_of(answered, Clocks(), at=due, wanted=wanted)] == [1.0]
    assert [fact.value for fact in facts_of(waits, Clocks(), at=due, wanted=wanted)] == [0.0]
    still = facts_of(waits, Clocks(), at=due - timedelta(seconds=1), wanted=wanted)
    assert [(fact.value, fact.reason, fact.changes_at) for fact in still] == [(None, OPEN, due)]


_VALUES = {"sentiment": "neutral", "topic": "order", "line": "first_line", "language": "nl"}


def test_no_measure_is_counted_by_two_families() -> None:
    counted = [key for _, keys in FAMILIES for key in keys]
    assert len(counted) == len(set(counted))


def test_an_old_meaning_and_the_new_one_are_counted_side_by_side() -> None:
    label = Label(ASKED, False, _VALUES | {"urgency": "normal", "needs_reply": "yes"})
    moments = [ASKED + timedelta(minutes=minutes) for minutes in (5, 10, 65)]
    history = CaseHistory(
        case_id=1,
        first_posted_at=ASKED,
        opened_at=ASKED,
        queue="first_line",
        channel="x",
        messages=(Message(1, ASKED, ASKED, labels=(label,)),),
        answers=(
            Answer(2, moments[0], moments[0], 7, 7, retracted_at=moments[1], parts=(2,)),
            Answer(3, moments[2], moments[2], 8, 8, parts=(3,)),
        ),
    )
    wanted = [key for key in VERSIONS if key[0] == "first_response"]
    found = facts_of(history, Clocks(), at=moments[2], wanted=wanted)
    assert [(fact.version, fact.value, fact.agent_id) for fact in found if fact.counted] == [
        (2, 3900.0, 8),
        (1, 300.0, 7),
    ]
    assert [fact.reason for fact in found if not fact.counted] == ["retracted"]
    only_new = facts_of(history, Clocks(), at=moments[2], wanted=[("first_response", 2)])
    assert {fact.version for fact in only_new} == {2}


def test_facts_use_known_reasons_and_dimensions_and_are_of_three_kinds() -> None:
    for number in range(300):
        history, at = made_up_history(Random(number), number % 16)
        for fact in facts_of(history, made_up_clocks(number % 16), at=at, wanted=VERSIONS):
            assert set(fact.dims) <= set(DIMENSIONS)
            assert fact.reason in ("", *REASONS)
            kinds = (fact.counted and fact.value is not None, fact.is_open, not fact.counted)
            assert kinds.count(True) == 1
            assert fact.is_open == (fact.reason == OPEN)
            assert fact.counted or (fact.reason and fact.value is None)
