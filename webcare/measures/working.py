"""Who did what: answers with their credit, questions to the second line, promises."""

from __future__ import annotations

from collections.abc import Iterator

from webcare.domain import Line
from webcare.measures.lives import Answer, Promise, Question
from webcare.measures.reading import Of, Reading, names, seconds, way
from webcare.measures.values import Fact

#: How a question ends that got its answer.
_ANSWERED = frozenset({"answered", "replied"})
#: The writer's part where others had a share in the answer.
_WRITERS = 0.5


def handled(case: Reading) -> Iterator[Fact]:
    """Answers, with credit to who wrote them, gave the facts, and approved them."""
    before: Answer | None = None
    for answer in sorted(case.history.answers, key=lambda one: (one.created_at, one.id)):
        if not answer.stands:
            reason = "retracted" if answer.by_person else "machine"
            of: Of = {"agent_id": answer.author_id, "dims": way(answer), "events": names(answer)}
            yield case.left_out("handled", answer.posted_at, reason, **of)
            continue
        for agent_id, part, share, things in _credit(case, answer, before):
            dims = way(answer) | {"part": part}
            yield case.fact(
                "handled", answer.posted_at, 1.0, agent_id=agent_id, share=share, dims=dims, events=names(*things)
            )
        before = answer


def _credit(
    case: Reading, answer: Answer, before: Answer | None
) -> Iterator[tuple[int, str, float, tuple[object, ...]]]:
    """(person, part, share, made of); a person with two parts in it has the first one named."""
    helpers: dict[int, tuple[str, tuple[object, ...]]] = {answer.approver_id: ("approved", (answer,))}
    for question in case.history.questions:
        if _helped(question, answer, before) and question.closed_by is not None:
            helpers.setdefault(question.closed_by, ("checked", (answer, question)))
    helpers.pop(answer.author_id, None)
    yield answer.author_id, "wrote", _WRITERS if helpers else 1.0, (answer,)
    for agent_id, (part, things) in helpers.items():
        yield agent_id, part, (1.0 - _WRITERS) / len(helpers), things


def _helped(question: Question, answer: Answer, before: Answer | None) -> bool:
    """Whether its facts came for this answer, after the one before."""
    closed = question.closed_at
    if closed is None or question.outcome != "answered" or closed > answer.created_at:
        return False
    return before is None or closed > before.created_at


def questions(case: Reading) -> Iterator[Fact]:
    """How often a case went to the second line, and how long its answers took."""
    asked, start = case.history.questions, case.history.first_posted_at
    yield case.fact("handovers", start, float(len(asked)), events=names(*asked))
    if asked:
        yield case.fact("ping_pong", start, float(len(asked) > 1), events=names(*asked))
    for question in asked:
        yield _question(case, question)


def _question(case: Reading, question: Question) -> Fact:
    at, closed = question.asked_at, question.closed_at
    if closed is None:
        return case.open("question_answered", at, events=names(question))
    if question.outcome not in _ANSWERED:
        return case.left_out("question_answered", at, "not_answered", events=names(question))
    business = case.clocks.business(Line.SECOND_LINE.value, at, closed)
    of: Of = {"agent_id": question.closed_by, "events": names(question)}
    return case.fact("question_answered", at, seconds(closed - at), business=business, **of)


def promises(case: Reading) -> Iterator[Fact]:
    """Promises that fell due, and whether they were kept by then."""
    for promise in case.history.promises:
        yield _promise(case, promise)


def _promise(case: Reading, promise: Promise) -> Fact:
    measure, at = "promises_kept", promise.due_at
    of: Of = {"events": names(promise)}
    if promise.state == "dropped":
        return case.left_out(measure, at, "dropped", **of)
    if at > case.at:
        return case.open(measure, at, changes_at=at, **of)
    if promise.state == "kept":
        in_time = promise.settled_at is not None and promise.settled_at <= at
        return case.fact(measure, at, float(in_time), **of)
    if promise.state == "broken":
        return case.fact(measure, at, 0.0, **of)
    return case.left_out(measure, at, "nobody_said", **of)


def slips(case: Reading) -> Iterator[Fact]:
    """Answers that should have been held, and how long it took to take answers back."""
    reported = {one.delivery_id for one in case.history.slips}
    for answer in case.history.answers:
        of: Of = {"agent_id": answer.author_id, "dims": way(answer), "events": names(answer)}
        if answer.by_person:
            slipped = not reported.isdisjoint((answer.id, *answer.parts))
            yield case.fact("slips", answer.posted_at, float(slipped), **of)
        else:
            yield case.left_out("slips", answer.posted_at, "machine", **of)
        if answer.retracted_at is not None:
            yield case.span("retraction", answer.posted_at, answer.retracted_at, at=answer.retracted_at, **of)
