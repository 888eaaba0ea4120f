"""Pressing Send: what stands in the way, what was answered for, what changed meanwhile, and who thinks where."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import pytest
from sqlmodel import col, select

from webcare import cases, guard
from webcare.cases.sending import Outcome
from webcare.cases.surroundings import Reviewer
from webcare.domain import DeliveryState, Finding, Level, Override
from webcare.errors import GuardBlocked, ModelMissing, VerdictOutdated, WebcareError
from webcare.guard.base import ReviewContext, Score
from webcare.store.tables import GuardFindingRow, ReplyOverrideRow
from webcare.testing import NOON, Desk, make_mention

TEXT = "It arrives tomorrow between nine and noon."


class Says:
    """A check that finds what it is told, in drafts that hold its word."""

    name = "says"

    def __init__(self, level: Level, override: Override, word: str = "tomorrow") -> None:
        self.level, self.override, self.word = level, override, word

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        at = draft.find(self.word)
        if at >= 0:
            yield Finding(
                "says", self.level, "said_so", f"{self.word} is late.", at, at + len(self.word), override=self.override
            )


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets no check run but this one."""
    return lambda *checks: monkeypatch.setattr(guard, "CHECKS", checks)


def send(desk: Desk, case_id: int | None, text: str = TEXT, **how: object) -> Outcome:
    return cases.check_and_send(
        desk.store, case_id or 0, text=text, by=desk.first, now=desk.now, undo=timedelta(seconds=10), **how
    )  # type: ignore[arg-type]


def overrides_of(desk: Desk) -> list[ReplyOverrideRow]:
    with desk.store.read() as session:
        return list(session.exec(select(ReplyOverrideRow).order_by(col(ReplyOverrideRow.id))))


def outcomes_of(desk: Desk) -> list[str | None]:
    with desk.store.read() as session:
        return list(session.exec(select(GuardFindingRow.outcome).order_by(col(GuardFindingRow.id))))


CASES = [
    (Level.ERROR, Override.NONE, None, "Nothing but another text"),
    (Level.ERROR, Override.NONE, "I know what I am doing here", "Nothing but another text"),
    (Level.ERROR, Override.SHAREABLE, "I know what I am doing here", "marked as something"),
    (Level.ERROR, Override.JUSTIFICATION, None, "say why"),
    (Level.ERROR, Override.JUSTIFICATION, "  because  ", "say why"),
    (Level.ERROR, Override.JUSTIFICATION, "The shop confirmed it by telephone.", ""),
    (Level.ERROR, Override.ACKNOWLEDGE, None, "tick"),
    (Level.ERROR, Override.ACKNOWLEDGE, "", ""),
    (Level.WARNING, Override.NONE, None, "tick"),
    (Level.WARNING, Override.NONE, "", ""),
    (Level.WARNING, Override.JUSTIFICATION, "", "say why"),
    (Level.SUGGESTION, Override.NONE, None, ""),
]


@pytest.mark.parametrize(("level", "policy", "words", "refused"), CASES)
def test_each_policy_asks_what_it_says_and_keeps_who_and_why(
    desk: Desk, only: Callable[..., None], level: Level, policy: Override, words: str | None, refused: str
) -> None:
    only(Says(level, policy))
    case = desk.open_case()
    with desk.store.read() as session:
        verdict = cases.review_reply(session, case.id or 0, text=TEXT, now=desk.now)
    (finding,) = verdict.findings
    given = {} if words is None else {finding.key: words}

    def approve() -> None:
        with desk.store.write() as session:
            cases.send_reply(
                session, case.id or 0, text=TEXT, verdict=verdict, by=desk.first, now=desk.now,
                undo=timedelta(0), overrides=given,
            )  # fmt: skip

    if refused:
        with pytest.raises(GuardBlocked, match=refused):
            approve()
        assert overrides_of(desk) == []
        return
    approve()
    kept = [(row.check_name, row.policy, row.words, row.stretch, row.agent_id) for row in overrides_of(desk)]
    asked = finding.asks
    assert kept == ([("says", asked.value, words, "tomorrow", desk.first.id)] if asked else [])
    desk.later(seconds=1)
    assert desk.deliver() == 1  # and the gate at the network knows it


def test_a_finding_that_is_new_at_the_network_holds_what_was_fine_before(desk: Desk, only: Callable[..., None]) -> None:
    only()
    delivery = send(desk, desk.open_case().id).delivery_id
    only(Says(Level.WARNING, Override.ACKNOWLEDGE))
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert desk.delivery(delivery).state == DeliveryState.FAILED


def test_older_rules_than_those_in_force_are_void_at_both_gates(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = desk.open_case()
    with desk.store.read() as session:
        verdict = cases.review_reply(session, case.id or 0, text=TEXT, now=desk.now)
    delivery = desk.reply(desk.open_case("Another one").id or 0, TEXT)
    monkeypatch.setattr(guard, "RULES_VERSION", "guard-next")
    with desk.store.write() as session, pytest.raises(VerdictOutdated, match="the rules of the guard changed"):
        cases.send_reply(
            session, case.id or 0, text=TEXT, verdict=verdict, by=desk.first, now=desk.now, undo=timedelta(0),
            acknowledged=True,
        )  # fmt: skip
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert "the rules of the guard changed" in desk.delivery(delivery.id).error


def test_a_tick_counts_only_for_what_was_on_the_screen(desk: Desk, only: Callable[..., None]) -> None:
    only(Says(Level.WARNING, Override.ACKNOWLEDGE))
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case_id = desk.case_of(mention).id
    shown = send(desk, case_id)
    ticks = {finding.key: "" for finding in shown.in_the_way}
    assert shown.delivery_id is None
    words = "Never mind, it came!"
    desk.receive(
        make_mention(words, thread_id=mention.thread_id, author=mention.author, posted_at=desk.later(minutes=1))
    )
    again = send(desk, case_id, before=shown.verdict, overrides=ticks)
    assert again.delivery_id is None
    assert [(one.part, one.before, one.after) for one in again.changes] == [
        ("target", mention.text, words),
        ("customer", mention.text, words),
    ]
    assert send(desk, case_id, before=again.verdict, overrides=ticks).delivery_id is not None


def test_a_colleagues_reply_voids_the_check(desk: Desk, only: Callable[..., None]) -> None:
    only(Says(Level.WARNING, Override.ACKNOWLEDGE))
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case_id = desk.case_of(mention).id
    shown = send(desk, case_id)
    ours = "We called you just now!"
    desk.receive(
        make_mention(
            ours, thread_id=mention.thread_id, parent_id=mention.external_id, is_ours=True,
            posted_at=desk.later(minutes=1),
        )
    )  # fmt: skip
    again = send(desk, case_id, before=shown.verdict, overrides={finding.key: "" for finding in shown.in_the_way})
    assert [(one.part, one.before, one.after) for one in again.changes] == [("ours", "", ours)]
    assert again.delivery_id is None


def test_what_somebody_was_shown_is_kept_once_with_what_became_of_it(desk: Desk, only: Callable[..., None]) -> None:
    only(Says(Level.WARNING, Override.ACKNOWLEDGE), Says(Level.SUGGESTION, Override.NONE, "noon"))
    case_id = desk.open_case().id
    first = send(desk, case_id)
    second = send(desk, case_id)
    assert (first.delivery_id, second.delivery_id) == (None, None)
    assert outcomes_of(desk) == [None, None]
    send(desk, case_id, "It arrives at noon.")
    assert outcomes_of(desk) == ["changed", "sent"]


def test_what_was_overridden_is_kept_as_that(desk: Desk, only: Callable[..., None]) -> None:
    only(Says(Level.WARNING, Override.ACKNOWLEDGE))
    send(desk, desk.open_case().id, acknowledged=True)
    assert outcomes_of(desk) == ["overridden"]


# --- learned heads ----------------------------------------------------------------------------------


class Heads:
    """Learned heads that remember who was waiting when they thought."""

    version = "heads-1"

    def __init__(self, desk: Desk) -> None:
        self.desk, self.thought = desk, 0

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        with self.desk.store.write():  # raises when this thread holds the door open already
            self.thought += 1
        return (Score(0, len(draft), leak=0.99 if any("Bea" in note for note in notes) else 0.0),)


class AsksTheHeads:
    """A check that needs the heads."""

    name = "leak"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        assert context.learned is not None
        try:
            (score,) = context.learned.scores(draft, context.notes, context.public_texts)
        except ModelMissing:
            yield Finding("leak", Level.ERROR, "unread", "Nobody read this.", 0, len(draft))
            return
        if score.leak > 0.5:
            yield Finding("leak", Level.ERROR, "note_leak", "A note says this.", 0, len(draft))


def test_the_heads_think_outside_of_every_transaction_and_their_answer_is_recalled(
    desk: Desk, only: Callable[..., None]
) -> None:
    only(AsksTheHeads())
    heads = Heads(desk)
    reviewer = desk.reviewer = Reviewer(learned=heads)
    assert send(desk, desk.open_case().id, reviewer=reviewer).delivery_id is not None
    assert heads.thought == 1
    desk.later(seconds=11)
    assert desk.deliver() == 1
    assert heads.thought == 1


def test_a_note_of_the_undo_window_is_read_by_the_heads_too(desk: Desk, only: Callable[..., None]) -> None:
    only(AsksTheHeads())
    heads = Heads(desk)
    reviewer = desk.reviewer = Reviewer(learned=heads)
    case_id = desk.open_case().id or 0
    delivery = send(desk, case_id, reviewer=reviewer).delivery_id
    with desk.store.write() as session:
        cases.add_note(session, case_id, text="Bea promised noon.", by=desk.second, now=NOON)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert desk.delivery(delivery).error.endswith("A note says this.")


def test_a_new_note_that_the_heads_cannot_read_holds_the_reply(desk: Desk, only: Callable[..., None]) -> None:
    only()
    case_id = desk.open_case().id or 0
    delivery = send(desk, case_id, reviewer=Reviewer(learned=Heads(desk))).delivery_id
    with desk.store.write() as session:
        cases.add_note(session, case_id, text="Something else.", by=desk.second, now=NOON)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert "the internal notes changed" in desk.delivery(delivery).error


def test_on_a_desk_without_heads_a_note_of_ones_own_does_not_hold_the_reply(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    text = "Hi! We asked the warehouse and write to you here as soon as they answer."
    delivery = desk.reply(case_id, text)
    assert desk.delivery(delivery.id).verdict["missing"]
    with desk.store.write() as session:
        cases.add_note(session, case_id, text="Answered; ring Bea on Monday.", by=desk.first, now=NOON)
    desk.later(seconds=11)
    sent = desk.deliver()
    assert (sent, desk.delivery(delivery.id).error) == (1, "")


def test_an_empty_reply_is_refused_before_anything_is_read(desk: Desk) -> None:
    with pytest.raises(WebcareError, match="empty"):
        send(desk, desk.open_case().id, "  ")
