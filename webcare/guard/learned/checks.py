"""Does the draft say again what a note says, or speak as colleagues speak among themselves? By the learned heads.

Where the heads are not at hand both say so, and the deterministic checks stand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from webcare.domain import N_, Finding, Level, Override, Said
from webcare.guard.base import HOLDS, WARNS, ReviewContext, Score
from webcare.guard.customer import State, states
from webcare.guard.learned.question import asked, why_missing
from webcare.guard.spans import Span, merge, quote

_SAME = N_(
    "{quote} says in other words what an internal note says: {note}. Take it out, or mark that sentence shareable."
)
_NEAR = N_("{quote} comes close to an internal note: {note}. Check that nothing internal is said here.")
_INNER = N_("{quote} reads as if it were meant for colleagues. Take it out, or say it to the customer.")
_INNER_MAYBE = N_("{quote} may be meant for colleagues. Check that the customer should read it.")


class SaidAgain:
    """Holds sentences that give a note away in other words or another language."""

    name = "said_again"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors where the head is sure, warnings where it is not; nothing without notes or heads."""
        scores = asked(draft, context) if any(note.strip() for note in context.notes) else None
        for span in _spans(draft, scores or (), lambda score: score.leak, (_SAME, _NEAR)):
            yield _finding(self.name, "note_leak", span, Override.SHAREABLE)

    def missing(self, draft: str, context: ReviewContext) -> Iterable[str]:
        """Says so where there are notes that nobody could compare."""
        if any(note.strip() for note in context.notes) and (why := why_missing(draft, context)):
            yield f"{self.name}: {why}"


class NoteLike:
    """Holds sentences that speak about the customer, or to colleagues, with or without a note."""

    name = "note_like"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors where the head is sure, warnings where it is not; nothing without heads.

        Jokes sound like talk among colleagues: to a customer who plays along all of it is a warning.
        """
        scores = asked(draft, context) or ()
        playful = bool(scores) and State.PLAYFUL in states(context)
        for span in _spans(draft, scores, lambda score: score.note_like, (_INNER, _INNER_MAYBE)):
            eased = span._replace(level=Level.WARNING) if playful else span
            yield _finding(self.name, "internal_language", eased, Override.JUSTIFICATION)

    def missing(self, draft: str, context: ReviewContext) -> Iterable[str]:
        """Says so where nobody could judge the draft."""
        if why := why_missing(draft, context):
            yield f"{self.name}: {why}"


def _spans(
    draft: str, scores: Iterable[Score], of: Callable[[Score], float], messages: tuple[str, str]
) -> Iterable[Span]:
    found = []
    for score in scores:
        if of(score) >= WARNS:
            level, message = (Level.ERROR, messages[0]) if of(score) >= HOLDS else (Level.WARNING, messages[1])
            said, note = quote(draft, score.start, score.end), quote(score.note, 0, len(score.note))
            found.append(Span(score.start, score.end, level, Said(message, quote=said, note=note)))
    return merge(found)


def _finding(check: str, reason: str, span: Span, override: Override) -> Finding:
    if span.level is Level.WARNING:
        override = Override.ACKNOWLEDGE
    return Finding(check, span.level, reason, span.message, span.start, span.end, override=override)
