"""Why a case went where it went, as a person at the desk reads it."""

import pytest

from tests.console.conftest import OpenPage, component
from tests.test_routing import SETTINGS, TABLE, mention
from webcare.console import case_reasons, tongue
from webcare.domain import Line, MentionKind, Triage, Urgency
from webcare.routing import route
from webcare.testing import Desk, FakeClassifier, make_triage

#: What only rules and logs may say.
CODES = ("saw ", "_line", "safety_legal:", "needs_reply", "no_answer_needed", "line: ", "; saw", "probability")


@pytest.mark.parametrize("language", ["en", "nl", "sv", "nb"])
@pytest.mark.parametrize(("labels", "kind"), [(row[0], row[1]) for row in TABLE])
def test_every_reason_is_told_in_plain_sentences(
    labels: Triage, kind: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: language)
    reason = route(mention(MentionKind(kind)), labels, SETTINGS, unsorted_below=0.45).reason
    told = case_reasons.told(reason)
    assert told
    assert not [code for code in CODES if code in told]
    assert told.endswith(".")
    assert language == "en" or not [plain for plain in case_reasons.PARTS.values() if plain in told]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "critical: at once to the people with the facts; saw urgency critical (0.91)",
            "Critical: goes to the second line at once. The model read the urgency as critical, 91 % sure.",
        ),
        (
            "late, recovered from a gap; line: as triaged; saw first_line (0.90), urgency normal, topic order",
            "Collected late: it was found after a gap. Goes where its labels say. "
            "The model chose: first line, 90 % sure; urgency: normal, topic: order.",
        ),
        (
            "unsorted: a person sorts this by hand; saw second_line with probability 0.31, below 0.45",
            "Not sure enough who answers: a person sorts it by hand. "
            "The model would choose: second line, only 31 % sure; it takes 45 %.",
        ),
        ("something of an older Webcare", "something of an older Webcare"),
        ("", ""),
    ],
)
def test_it_reads_like_this(reason: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "en")
    assert case_reasons.told(reason) == told


def test_what_a_rule_of_the_desk_did_is_told_too(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    open_page()  # the titles of queues are asked of a desk
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    reason = "rule “Parcels”: queue second_line, priority stays 1, danger never waits, skill store:utrecht"
    assert case_reasons.told(f"{reason}; tagged by “Boxes”") == (
        "De eigen regel “Parcels”: wachtrij: Tweede lijn, prioriteit blijft 1, gevaar wacht nooit, "
        "skill: store:utrecht. Getagd door de eigen regel “Boxes”."
    )


def test_who_looks_at_an_empty_queue_is_told_where_cases_wait(open_page: OpenPage, desk: Desk) -> None:
    desk.classifier = FakeClassifier(lambda text: make_triage(urgency=Urgency.CRITICAL, line=Line.SECOND_LINE))
    desk.open_case("The cupboard fell on my child!")
    shown = component(open_page(), "case_list")
    assert shown["rows"] == []
    assert shown["elsewhere"] == [{"href": "/?queue=second_line", "text": "Second line (1)"}]
    assert component(open_page(queue="second_line"), "case_list")["elsewhere"] == []


def test_an_empty_queue_of_a_quiet_desk_names_no_other(open_page: OpenPage) -> None:
    assert component(open_page(), "case_list")["elsewhere"] == []
