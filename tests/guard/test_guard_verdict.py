"""The verdict as a whole: bound to its bytes, the same every time, sound on any text."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.domain import Decision, Level
from webcare.guard import CHECKS, RULES_VERSION, ReviewContext, fingerprint, review

CONTEXT = ReviewContext(channel="x", account="x_hemlund", target_id="17", attachments=("a.jpg", "b.jpg"))

OTHER_PLACES = [
    replace(CONTEXT, channel="facebook"),
    replace(CONTEXT, account="fb_hemlund"),
    replace(CONTEXT, target_id="18"),
    replace(CONTEXT, attachments=()),
    replace(CONTEXT, attachments=("b.jpg", "a.jpg")),
    replace(CONTEXT, attachments=("a.jpg", "b.jpg", "")),
    replace(CONTEXT, attachments=("a.jpgb.jpg",)),
    replace(CONTEXT, channel="xx", account="_hemlund"),
]


def test_the_fingerprint_is_the_same_for_the_same_reply() -> None:
    assert fingerprint("Hoi", CONTEXT) == fingerprint("Hoi", replace(CONTEXT))
    assert len(fingerprint("Hoi", CONTEXT)) == 64


@pytest.mark.parametrize("context", OTHER_PLACES)
def test_the_fingerprint_changes_with_place_and_attachments(context: ReviewContext) -> None:
    assert fingerprint("Hoi", context) != fingerprint("Hoi", CONTEXT)


@pytest.mark.parametrize("text", ["hoi", "Hoi ", " Hoi", "Hoi\n", "Hoi\u200b", "Ho\u0131", "Hoi\ud800", ""])
def test_the_fingerprint_changes_with_any_character(text: str) -> None:
    assert fingerprint(text, CONTEXT) != fingerprint("Hoi", CONTEXT)


def test_moving_a_character_from_one_field_to_the_next_changes_the_fingerprint() -> None:
    assert fingerprint("b", ReviewContext(channel="a")) != fingerprint("", ReviewContext(channel="a", target_id="b"))
    assert fingerprint("ab", CONTEXT) != fingerprint("b", replace(CONTEXT, target_id="17a"))


def test_what_only_informs_the_guard_does_not_change_the_fingerprint() -> None:
    informed = replace(CONTEXT, notes=("geheim",), mention="Hoi", public_texts=("x",), lang="nl")
    assert fingerprint("Hoi", informed) == fingerprint("Hoi", CONTEXT)


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_texts_have_one_fingerprint_only_when_they_are_equal(one: str, other: str) -> None:
    assert (fingerprint(one, CONTEXT) == fingerprint(other, CONTEXT)) == (one == other)


def test_a_verdict_carries_fingerprint_and_version() -> None:
    verdict = review("Hoi Anna!", CONTEXT)
    assert (verdict.decision, verdict.findings) == (Decision.PASS, ())
    assert (verdict.fingerprint, verdict.rules_version) == (fingerprint("Hoi Anna!", CONTEXT), RULES_VERSION)


def test_an_error_blocks_and_a_warning_alone_warns() -> None:
    assert review("Hoi [naam]!", CONTEXT).decision is Decision.BLOCK
    assert review("Hoi\u0007!", CONTEXT).decision is Decision.WARN
    assert review("Hoi [naam]\u0007!", CONTEXT).decision is Decision.BLOCK


def test_findings_are_sorted_by_place_and_each_check_has_its_own_name() -> None:
    note = "Chauffeur weigerde aan te bellen vanwege hond"
    draft = "Hoi\u0007 [naam], de chauffeur weigerde aan te bellen vanwege hond. TODO"
    places = [(finding.start, finding.end) for finding in review(draft, replace(CONTEXT, notes=(note,))).findings]
    assert places == sorted(places)
    assert len(places) == 4
    assert len({check.name for check in CHECKS}) == len(CHECKS)


NOTES = (
    "Klant belde 3 keer, waarschijnlijk zelf verkeerd gemonteerd. INTERN: niet plaatsen",
    "a a a a a a a a b b b b 2.300 fire to ni",
    "\u202e\u200b\ud800 x\u0300\u0301",
)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=500))
def test_any_text_gets_a_verdict_with_findings_inside_it(draft: str) -> None:
    context = ReviewContext(
        channel="x", notes=(*NOTES, draft[::-1]), mention=draft[3:9], colleagues=("Sanne de Vries",)
    )
    verdict = review(draft, context)
    assert verdict == review(draft, context)
    for finding in verdict.findings:
        assert 0 <= finding.start <= finding.end <= len(draft)
        assert finding.message
        assert finding.level in Level


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=300), st.text(max_size=300))
def test_findings_of_one_check_for_one_reason_never_overlap(draft: str, note: str) -> None:
    ends: dict[tuple[str, str], int] = {}
    for finding in review(f"{draft} {note}", ReviewContext(channel="x", notes=(note,))).findings:
        said = (finding.check, finding.reason)
        assert finding.start >= ends.get(said, 0)
        ends[said] = finding.end


NASTY = {
    "one letter": "a",
    "letters apart": "a ",
    "dots": "a.",
    "spaces": " ",
    "newlines": "\n",
    "brackets": "[",
    "braces": "{{",
    "angles": "<<a",
    "handles": "@a ",
    "links": "http://a.b/",
    "mail": "a@b.c",
    "digits": "1",
    "thousands": "1.000.",
    "host labels": "intranet.",
    "dashes": "AB-1",
    "underscores": "_",
    "accents": "e\u0301",
    "marks only": "\u0301",
    "invisible": "\u200b",
    "emoji": "👩‍👩‍👧",
    "right to left": "\u202eשלום ",
    "chinese": "你好世界",
    "headings": "intern: ",
    "customer": "klant is ",
    "post not": "niet plaatsen je ",
    "prose": "De klant heeft al drie keer gebeld over de gebroken poot. ",
    "half characters": "\ud800",
    "expanding": "\ufdfa",
}


@pytest.mark.parametrize("piece", NASTY.values(), ids=NASTY.keys())
def test_ten_thousand_characters_of_anything_are_judged_in_time_that_grows_with_length(piece: str) -> None:
    def seconds(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        context = ReviewContext(channel="x", notes=(text,), mention=text[:100], colleagues=("Ann",))
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            review(text, context)
            best = min(best, time.process_time() - began)
        return best

    small, large = seconds(2_500), seconds(10_000)
    # Four times the text may take four times as long; sixteen times would be quadratic. The floor keeps the
    # noise of tiny measurements out.
    assert large < 9 * max(small, 0.01)
