"""The same holding answer to many: several wordings, each read by the guard for the case it goes to.

Networks suspend who posts the same text again and again, so from three cases on there are at least two wordings, spread
evenly, and the answers leave one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from webcare import guard
from webcare.cases.answering import ask, message_to_answer, target_of, way_of
from webcare.cases.bulk_steps import Done, Step
from webcare.cases.overrides import uncovered
from webcare.cases.record import load, typed_text
from webcare.cases.replies import draft_surroundings
from webcare.cases.sending import check_and_send
from webcare.cases.surroundings import PLAIN, Reviewer
from webcare.channels.base import Channel
from webcare.domain import Actor, Finding, Said
from webcare.errors import CaseStateRefused, WebcareError
from webcare.guard.base import ReviewContext
from webcare.store import Store
from webcare.store.tables import AccountRow

#: From this many cases on one wording is not enough.
SEVERAL_FROM = 3
#: Between two answers, and the least time in which they can be taken back.
PACE, UNDO_AT_LEAST = timedelta(seconds=2), timedelta(seconds=30)


@dataclass(slots=True)
class Wordings:
    """The texts of one answer, and how often each was given out."""

    texts: tuple[str, ...]
    used: Counter[str] = field(default_factory=Counter)
    held_for: set[tuple[str, str]] = field(default_factory=set)  #: (text, language) the guard held once

    @classmethod
    def of(cls, typed: Sequence[str], cases: int) -> Wordings:
        """Raises WebcareError for no text, or for too few different ones."""
        texts = {_bare(text): typed_text(text, "reply") for text in typed if text.strip()}
        if not texts:
            raise WebcareError("Write the answer first.")
        if cases >= SEVERAL_FROM and len(texts) < 2:
            raise WebcareError(
                "Networks suspend who posts one text many times. Write at least two wordings that really differ."
            )
        return cls(tuple(texts.values()))

    def best_first(self, language: str) -> list[str]:
        """The texts in the order to try for a case: those held for its language last, else the least used first."""
        return sorted(self.texts, key=lambda text: ((text, language) in self.held_for, self.used[text]))


def choose_texts(
    store: Store,
    steps: Sequence[Step],
    wordings: Wordings,
    *,
    now: datetime,
    reviewer: Reviewer = PLAIN,
    channels: Mapping[str, Channel],
) -> list[Step]:
    """Give each case the least used wording that the guard lets pass for it; leave out those for which none does."""
    return [
        step if step.left_out is not None else _with_text(store, step, wordings, now, reviewer, channels)
        for step in steps
    ]


def answer_one(
    store: Store, step: Step, number: int, *, by: Actor, now: datetime, undo: timedelta, reviewer: Reviewer = PLAIN
) -> Done:
    """Check and send one planned answer, the `number`th of its plan. Raises what `check_and_send` raises."""
    sent = check_and_send(
        store,
        step.case_id,
        text=step.text,
        by=by,
        now=now,
        undo=max(undo, UNDO_AT_LEAST) + PACE * number,
        reviewer=reviewer,
        version=step.version,
    )
    if sent.approval_id is not None:
        return Done(step, approval_id=sent.approval_id)
    if sent.delivery_id is None:
        return Done(replace(step, findings=sent.in_the_way), refused=_held(sent.in_the_way))
    return Done(step, delivery_id=sent.delivery_id)


def _with_text(
    store: Store,
    step: Step,
    wordings: Wordings,
    now: datetime,
    reviewer: Reviewer,
    channels: Mapping[str, Channel],
) -> Step:
    try:
        _ask_network(store, step, channels)
        with store.read() as session:
            context = draft_surroundings(session, step.case_id, now=now, reviewer=reviewer)
    except WebcareError as error:
        return replace(step, left_out=Said.of(error))
    held: tuple[Finding, ...] = ()
    for text in wordings.best_first(step.language):
        in_the_way = _in_the_way(text, context)
        if not in_the_way:
            wordings.used[text] += 1
            return replace(step, text=text)
        wordings.held_for.add((text, step.language))
        held = held or in_the_way
    return replace(step, left_out=_held(held), findings=held)


def _ask_network(store: Store, step: Step, channels: Mapping[str, Channel]) -> None:
    """Raise CaseStateRefused where there is nothing to answer, or the network takes no answer to it."""
    with store.read() as session:
        message = message_to_answer(session, step.case_id)
        if message is None:
            raise CaseStateRefused("There is nothing to answer.")
        target = target_of(session, message)
        account = session.get_one(AccountRow, load(session, step.case_id).account_id).key
    try:
        channel = channels.get(account)
    except WebcareError:
        # Not connected here: then the network says yes or no when the answer leaves, as for any other reply.
        return
    if channel is not None:
        said = ask(channel, target, way_of(message.kind))
        if not said.allowed:
            raise CaseStateRefused(said.reason)


def _in_the_way(text: str, context: ReviewContext) -> tuple[Finding, ...]:
    return uncovered(guard.review(text, context).findings, {})


def _held(findings: Sequence[Finding]) -> Said:
    told = findings[0].message if findings else Said("The guard held this answer.")
    return told if isinstance(told, Said) else Said(told)


def _bare(text: str) -> str:
    """What makes two wordings the same to a network: letters and digits, whatever their size."""
    return "".join(char for char in text.casefold() if char.isalnum())
