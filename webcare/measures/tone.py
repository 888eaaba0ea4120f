"""What our answers did to customers: recovery, moves to private, jokes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from webcare.domain import Sentiment
from webcare.measures.lives import Answer, CaseHistory, Message
from webcare.measures.reading import Of, Reading, names, of_message, way
from webcare.measures.values import Fact

SCORES = {Sentiment.NEGATIVE.value: -1.0, Sentiment.NEUTRAL.value: 0.0, Sentiment.POSITIVE.value: 1.0}


def sentiment(case: Reading) -> Iterator[Fact]:
    """The customer's mood before and after each answer of ours that stands."""
    for answer, following in _with_next(case.history):
        yield from _shift(case, answer, following)


def _shift(case: Reading, answer: Answer, following: Answer | None) -> Iterator[Fact]:
    before, after = message_before(case.history, answer), _message_after(case.history, answer)
    dims = (of_message(before) if before is not None else {}) | way(answer)
    of: Of = {"agent_id": answer.author_id, "dims": dims, "events": names(before, answer, after)}
    reason = _why_no_shift(before, after, following)
    if reason or before is None or after is None:
        for measure in ("recovery", "sentiment_shift"):
            yield case.left_out(measure, answer.posted_at, reason, **of)
        return
    was, became = before.label("sentiment"), after.label("sentiment")
    yield case.fact("sentiment_shift", answer.posted_at, SCORES[became] - SCORES[was], **of)
    if was == Sentiment.NEGATIVE:
        yield case.fact("recovery", answer.posted_at, float(became != Sentiment.NEGATIVE), **of)
    else:
        yield case.left_out("recovery", answer.posted_at, "not_negative", **of)


def _why_no_shift(before: Message | None, after: Message | None, following: Answer | None) -> str:
    if before is None:
        return "no_customer"
    if after is None:
        return "no_further_message"
    if following is not None and following.posted_at <= after.posted_at:
        return "wrote_again"
    return "" if before.labels and after.labels else "no_label"


def moves(case: Reading) -> Iterator[Fact]:
    """Answers to public messages that went out privately, and those that need not have."""
    for answer, following in _with_next(case.history):
        before = message_before(case.history, answer)
        if before is None or before.private:
            continue
        of: Of = {"agent_id": answer.author_id, "dims": of_message(before), "events": names(before, answer)}
        yield case.fact("moved_private", answer.posted_at, float(answer.private), **of)
        if answer.private:
            yield _need(case, answer, following, of)


def _need(case: Reading, answer: Answer, following: Answer | None, of: Of) -> Fact:
    history, measure = case.history, "moved_needlessly"
    if not history.public_way:
        return case.left_out(measure, answer.posted_at, "no_public_way", **of)
    until = following.posted_at if following is not None else None
    around = [one for one in history.messages if until is None or one.posted_at < until]
    seen = [answer.personal, *(one.personal for one in around)]
    if any(seen):
        return case.fact(measure, answer.posted_at, 0.0, **of)
    if None in seen:
        return case.left_out(measure, answer.posted_at, "words_removed", **of)
    return case.fact(measure, answer.posted_at, 1.0, **of)


def jokes(case: Reading) -> Iterator[Fact]:
    """How customers answered our jokes."""
    for joke in case.history.jokes:
        of: Of = {"events": (f"delivery:{joke.delivery_id}",)}
        for measure, wanted in (("jokes_liked", Sentiment.POSITIVE), ("jokes_disliked", Sentiment.NEGATIVE)):
            if joke.answered_at is None:
                yield case.open(measure, joke.posted_at, **of)
            else:
                yield case.fact(measure, joke.posted_at, float(joke.sentiment == wanted), **of)


def message_before(history: CaseHistory, answer: Answer) -> Message | None:
    """The newest message that the desk had when it let an answer go."""
    known = [one for one in history.messages if one.collected_at <= answer.created_at]
    return max(known, key=lambda one: (one.posted_at, one.id), default=None)


def _message_after(history: CaseHistory, answer: Answer) -> Message | None:
    later = [one for one in history.messages if one.posted_at > answer.posted_at]
    return min(later, key=lambda one: (one.posted_at, one.id), default=None)


def _with_next(history: CaseHistory) -> Iterator[tuple[Answer, Answer | None]]:
    """The answers that stand, each with the one after it."""
    standing = [one for one in history.answers if one.stands]
    yield from zip_longest(standing, standing[1:])
