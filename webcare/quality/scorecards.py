"""The questions replies are reviewed by: weighted, each with a scale, versioned so that an old score keeps its own.

A card is never changed: saving makes the next version. What was reviewed by an older one stays as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare import audit
from webcare.domain import N_, Actor
from webcare.errors import WebcareError
from webcare.people import Permission, person_id, require
from webcare.quality.texts import typed
from webcare.store.tables_quality import ScorecardRow

#: Most questions, longest question and name in characters, heaviest weight.
MAX_QUESTIONS, MAX_TEXT, MAX_NAME, MAX_WEIGHT = 20, 200, 60, 10
#: The scales there are, by their highest mark; the lowest is 0.
SCALES = (1, 2, 3, 4)
_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a card. A mark runs from 0 to `top`."""

    key: str  #: stays when the words change, so that its results over time belong together
    text: str
    weight: int = 1
    top: int = 4


@dataclass(frozen=True, slots=True)
class Card:
    """One version of the questions; `id` None and version 0: the one Webcare comes with."""

    id: int | None
    version: int
    name: str
    questions: tuple[Question, ...]
    made_by: int | None = None
    made_at: datetime | None = None


#: The brand's values, as the desk begins: what matters most weighs most.
DEFAULT = Card(
    None,
    0,
    N_("Our values"),
    (
        Question("answers", N_("Does it answer what the customer asked?"), 5),
        Question("facts", N_("Are the facts correct?"), 4),
        Question("empathy", N_("Does it show that we understand the customer?"), 3),
        Question("voice", N_("Does it sound like our brand?"), 2),
        Question("way", N_("Public or private: was it the right way?"), 2, 1),
        Question("promise", N_("Can what it promises be kept?"), 2, 1),
        Question("language", N_("Spelling and language"), 1),
    ),
)


def current(session: Session) -> Card:
    """The newest version; DEFAULT where nobody saved one."""
    query = select(ScorecardRow).order_by(col(ScorecardRow.version).desc()).limit(1)
    row = session.exec(query).first()
    return _card(row) if row else DEFAULT


def card_of(session: Session, scorecard_id: int | None) -> Card:
    """The version a review was made by."""
    row = session.get(ScorecardRow, scorecard_id) if scorecard_id is not None else None
    return _card(row) if row else DEFAULT


def versions(session: Session) -> list[Card]:
    """All versions, the newest first."""
    return [_card(row) for row in session.exec(select(ScorecardRow).order_by(col(ScorecardRow.version).desc()))]


def save_card(
    session: Session, name: str, questions: Sequence[Question], *, seen: int, by: Actor, now: datetime
) -> Card:
    """Save the next version; reviews begun from now on go by it. A question without a key gets one of its words.

    `seen` is the version it was made from. Raises NotAllowed without EDIT_POLICIES, WebcareError when a question is
    wrong, nothing changed, or somebody else saved a version meanwhile.
    """
    require(by, Permission.EDIT_POLICIES)
    before = current(session)
    if before.version != seen:
        raise WebcareError("Somebody saved another version of the scorecard meanwhile; look at it first.")
    name, checked = typed(name, most=MAX_NAME), _checked(questions)
    if (name, checked) == (before.name, before.questions):
        raise WebcareError("Nothing about the scorecard changed.")
    card = _add(session, name, checked, before.version + 1, person_id(by), now)
    told = {one.key: {"weight": one.weight, "top": one.top} for one in checked}
    old = {one.key: {"weight": one.weight, "top": one.top} for one in before.questions}
    was, became = audit.difference(old, told)
    became = {**became, "version": card.version}
    audit.record(session, "scorecard_saved", by=by, now=now, subject="scorecard", before=was, after=became)
    return card


def kept(session: Session, *, now: datetime) -> Card:
    """The newest version as a row, so that reviews can name it; the one Webcare comes with is written down first."""
    card = current(session)
    return card if card.id is not None else _add(session, DEFAULT.name, DEFAULT.questions, 1, None, now)


def score(card: Card, marks: Mapping[str, int | None]) -> float | None:
    """0..100: each mark as a share of its scale, by weight, over the questions that were asked; None where none was."""
    asked = [(one, mark) for one in card.questions if (mark := marks.get(one.key)) is not None]
    weight = sum(one.weight for one, _ in asked)
    return 100 * sum(one.weight * mark / one.top for one, mark in asked) / weight if weight else None


def checked_marks(card: Card, marks: Mapping[str, int | None], *, all_of_them: bool) -> dict[str, int | None]:
    """Marks by question as they are kept; None: does not apply here.

    Raises WebcareError for a question or mark that the card does not have, and, with `all_of_them`, where one lacks.
    """
    known = {one.key: one for one in card.questions}
    for key, mark in marks.items():
        if key not in known or (mark is not None and not 0 <= mark <= known[key].top):
            raise WebcareError("The scorecard has no such mark.")
    if all_of_them and (left := [one.text for one in card.questions if one.key not in marks]):
        raise WebcareError("Give every question a mark, or say that it does not apply; {count} lack one.",
                           count=len(left))  # fmt: skip
    if all_of_them and all(mark is None for mark in marks.values()):
        raise WebcareError("At least one question must apply.")
    return dict(marks)


def _add(
    session: Session, name: str, questions: Iterable[Question], version: int, by: int | None, now: datetime
) -> Card:
    row = ScorecardRow(
        version=version, name=name, questions=[asdict(one) for one in questions], made_by=by, made_at=now
    )
    session.add(row)
    session.flush()
    return _card(row)


def _checked(questions: Sequence[Question]) -> tuple[Question, ...]:
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        raise WebcareError("A scorecard has 1 to {most} questions.", most=MAX_QUESTIONS)
    made: list[Question] = []
    for one in questions:
        text = typed(one.text, most=MAX_TEXT)
        if not 1 <= one.weight <= MAX_WEIGHT or one.top not in SCALES:
            raise WebcareError("A weight is 1 to {most}, a scale one of those offered.", most=MAX_WEIGHT)
        made.append(Question(one.key or _new_key(text, made, questions), text, one.weight, one.top))
    if len({one.key for one in made}) < len(made):
        raise WebcareError("Two questions of the scorecard are the same.")
    return tuple(made)


def _new_key(text: str, made: Iterable[Question], others: Iterable[Question]) -> str:
    taken = {one.key for one in (*made, *others)}
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    word = _KEY.sub("_", plain).strip("_")[:24] or "question"
    return next(key for number in range(1, 99) if (key := word if number == 1 else f"{word}_{number}") not in taken)


def _card(row: ScorecardRow) -> Card:
    questions = tuple(_question(one) for one in row.questions)
    return Card(row.id, row.version, row.name, questions, row.made_by, row.made_at)


def _question(value: Mapping[str, Any]) -> Question:
    return Question(str(value["key"]), str(value["text"]), int(value["weight"]), int(value["top"]))
