"""The guard's own marks: what it pointed at, who judged it, what slipped out, and how a joke was taken."""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from webcare import cases, guard
from webcare.domain import Author, Finding, Level, Override, Role, Sentiment
from webcare.errors import CaseStateRefused, NotAllowed
from webcare.guard.base import ReviewContext
from webcare.guard.reported import FILE, open_slips, save_slip, settle_open, without_personal_data
from webcare.guard.rules.escaped import Slip, read_slips
from webcare.reports import guard_report
from webcare.reports.guard import wilson
from webcare.store.tables import GuardFindingRow, GuardSlipRow, JokeOutcomeRow
from webcare.testing import Desk, make_mention, make_triage

TEXT = "Our chair says sorry for the long wait, it will stand by you."


class Finds:
    """A check that finds one thing in every draft."""

    name = "finds"

    def __init__(self, check: str, reason: str, level: Level) -> None:
        self.finding = Finding(check, level, reason, "Look at this.", 0, 3, override=Override.ACKNOWLEDGE)

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        yield self.finding


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets no check run but these."""
    return lambda *checks: monkeypatch.setattr(guard, "CHECKS", checks)


def send(desk: Desk, case_id: int | None, text: str = TEXT) -> int:
    sent = cases.check_and_send(
        desk.store, case_id or 0, text=text, by=desk.first, now=desk.now, undo=timedelta(0), acknowledged=True
    )
    assert sent.delivery_id is not None
    return sent.delivery_id


def finding_ids(desk: Desk) -> list[int]:
    with desk.store.read() as session:
        return [id_ or 0 for id_ in session.exec(select(GuardFindingRow.id).order_by(GuardFindingRow.id))]


# --- marks ------------------------------------------------------------------------------------------


def test_the_marks_say_how_often_a_check_fired_and_was_right(desk: Desk, only: Callable[..., None]) -> None:
    only(Finds("tone", "shouting", Level.WARNING), Finds("length", "long", Level.SUGGESTION))
    for _ in range(3):
        send(desk, desk.open_case().id)
    for finding, right in zip(finding_ids(desk), (True, True, True, False), strict=False):
        with desk.store.write() as session:
            cases.grade_finding(session, finding, right=right, by=desk.people[Role.MANAGER], now=desk.now)
    with desk.store.read() as session:
        marks = {one.check: one for one in guard_report(session, now=desk.now, days=1).checks}
    assert (marks["tone"].fired, marks["tone"].overridden, marks["tone"].sent) == (3, 3, 0)
    assert (marks["length"].fired, marks["length"].overridden, marks["length"].sent) == (3, 0, 3)
    judged = {check: (one.right, one.wrong) for check, one in marks.items()}
    assert sum(right for right, _ in judged.values()) == 3
    assert sum(wrong for _, wrong in judged.values()) == 1


def test_the_last_word_of_a_person_counts_and_a_job_has_none(desk: Desk, only: Callable[..., None]) -> None:
    from webcare.domain import Actor

    only(Finds("tone", "shouting", Level.WARNING))
    send(desk, desk.open_case().id)
    (finding,) = finding_ids(desk)
    for right in (True, False):
        with desk.store.write() as session:
            row = cases.grade_finding(session, finding, right=right, by=desk.first, now=desk.now)
    assert (row.grade, row.outcome) == ("wrong", "overridden")
    with desk.store.write() as session, pytest.raises(NotAllowed):
        cases.grade_finding(session, finding, right=True, by=Actor.system("job"), now=desk.now)


def test_an_older_time_is_left_out(desk: Desk, only: Callable[..., None]) -> None:
    only(Finds("tone", "shouting", Level.WARNING))
    send(desk, desk.open_case().id)
    with desk.store.read() as session:
        report = guard_report(session, now=desk.now + timedelta(days=8), days=7)
    assert report.checks == ()
    assert report.recent == ()


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_and_stays_a_share(right: int, wrong: int) -> None:
    interval = wilson(right, right + wrong)
    if right + wrong == 0:
        assert interval is None
        return
    assert interval is not None
    low, high = interval
    assert 0 <= low <= right / (right + wrong) + 1e-12
    assert right / (right + wrong) - 1e-12 <= high <= 1


def test_the_interval_is_the_one_of_the_books() -> None:
    low, high = wilson(8, 10) or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)


# --- slips ------------------------------------------------------------------------------------------


def test_a_slip_becomes_a_case_without_personal_data(desk: Desk, only: Callable[..., None], tmp_path: Path) -> None:
    only()
    mention = make_mention("I am Jan Jansen, 06-12345678!", author=Author("c1", "Jan Jansen", "jansen_j"))
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    with desk.store.write() as session:
        cases.add_note(session, case_id, text="Jan Jansen is a known liar", by=desk.second, now=desk.now)
    delivery = send(desk, case_id, "Hi Jan Jansen, jan@voorbeeld.nl is the address of a known liar.")
    with pytest.raises(CaseStateRefused, match="stands on the network"):
        report(desk, delivery, tmp_path)
    assert desk.deliver() == 1
    row = report(desk, delivery, tmp_path)
    assert (row.held_now, row.file) == (False, FILE)
    (slip,) = open_slips(tmp_path)
    assert slip.draft == "Hi Robin, robin@example.org is the address of a known liar."
    assert slip.notes == ("Robin is a known liar",)
    assert "Jan" not in json.dumps([slip.mention, slip.draft, *slip.notes])
    assert read_slips(tmp_path) == []  # nothing holds it yet, so no rule is refused for it
    assert desk.events(case_id)[-1] == "slip_reported"


def report(desk: Desk, delivery: int, folder: Path) -> GuardSlipRow:
    return cases.report_slip(
        desk.store, delivery, words="It calls the customer a liar.", by=desk.first, now=desk.now, folder=folder
    )


def test_a_slip_that_is_held_by_now_must_stay_held(desk: Desk, only: Callable[..., None], tmp_path: Path) -> None:
    only()
    delivery = send(desk, desk.open_case().id)
    desk.deliver()
    only(Finds("tone", "shouting", Level.ERROR))
    assert report(desk, delivery, tmp_path).held_now
    report(desk, delivery, tmp_path)  # told twice, kept once
    (slip,) = read_slips(tmp_path)
    assert (slip.draft, slip.must) == (TEXT, "block")


def slip_named(name: str) -> Slip:
    return Slip(id=name, lang="nl", market="", mention="", notes=(), draft=name, must="block", reason="")


def test_open_slips_move_when_something_holds_them(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_slip(tmp_path, slip_named(name), held=False)
    assert [slip.id for slip in settle_open(tmp_path, lambda slip: slip.id == "one")] == ["two"]
    assert [slip.id for slip in read_slips(tmp_path)] == ["one"]
    assert [slip.id for slip in open_slips(tmp_path)] == ["two"]


def test_a_number_given_away_is_still_a_number_in_the_case() -> None:
    from dataclasses import replace

    told = replace(slip_named("x"), draft="Bel 06-87654321 maar, of mail piet@bedrijf.nl.")
    clean = without_personal_data(told)
    assert clean.draft == "Bel +31 6 12345678 maar, of mail robin@example.org."


# --- jokes ------------------------------------------------------------------------------------------


def test_the_customers_next_message_is_kept_with_the_joke(desk: Desk, only: Callable[..., None]) -> None:
    only()
    mention = make_mention("Ha, my chair walked out on me!", posted_at=desk.now)
    desk.receive(mention)
    send(desk, desk.case_of(mention).id, "Oh no, not again! We promise it will not run away this time 😂 haha")
    desk.later(seconds=1)
    assert desk.deliver() == 1
    desk.classifier._decide = lambda text: make_triage(
        sentiment=Sentiment.POSITIVE if "Ha" in text else Sentiment.NEGATIVE
    )
    for text in ("Ha ha, good one!", "But where is it?"):
        later = desk.later(minutes=1)
        desk.receive(make_mention(text, thread_id=mention.thread_id, author=mention.author, posted_at=later))
    with desk.store.read() as session:
        (row,) = session.exec(select(JokeOutcomeRow)).all()
        jokes = guard_report(session, now=desk.now, days=1).jokes
    assert (row.sentiment_before, row.sentiment) == ("neutral", "positive")
    assert jokes == {"negative": 0, "neutral": 0, "positive": 1, "": 0}


def test_a_reply_without_a_joke_waits_for_nothing(desk: Desk, only: Callable[..., None]) -> None:
    only(Finds("tone", "shouting", Level.WARNING))
    send(desk, desk.open_case().id)
    desk.deliver()
    with desk.store.read() as session:
        assert session.exec(select(JokeOutcomeRow)).all() == []
