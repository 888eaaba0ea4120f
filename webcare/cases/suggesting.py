"""Suggested replies: what the brand answered to messages like this one. Shown to a person, never sent by itself.

A job remembers what a customer wrote, as a vector, once our public answer to it stands on the network. An answer that
was retracted, reported as a slip, sent in spite of a hold, or that holds somebody's personal data, is none to learn
from. Names and order numbers become placeholders, so that no customer's particulars reach another customer's case.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, delete, exists
from sqlalchemy import select as select_many
from sqlmodel import Session, col, select

from webcare.cases.parts import whole_text
from webcare.cases.record import customer_messages, load
from webcare.cases.surroundings import PLAIN, Reviewer, staff_names
from webcare.domain import Actor, DeliveryState, Override, ReplyWay
from webcare.errors import ModelMissing
from webcare.guard.base import Customer, ReviewContext
from webcare.guard.names import names_of
from webcare.guard.profile import NO_BRAND, Profile
from webcare.people import Permission, require
from webcare.personal import Kind, find_personal, redacted
from webcare.store import Store
from webcare.store.tables import (
    AccountRow,
    AgentRow,
    CaseRow,
    DeliveryRow,
    GuardSlipRow,
    MentionRow,
    ReplyOverrideRow,
)
from webcare.store.tables_desk import AnswerMemoryRow
from webcare.store.vectors import Nearest, bring_over, packed, prepare

#: Cosine and shared words together, from which on an answer is offered: seven in ten of those are of use, and four in
#: ten of what would be of use are found (benchmarks/suggesting.py, judged by hand on the demo's messages).
THRESHOLD = 0.95
#: Suggestions shown.
MOST = 3
#: Messages embedded in one run of the job.
AT_ONCE = 32
#: Nearest messages whose words are compared, in the customer's language and in all.
_LOOKED_AT = 60
#: Two answers with so many words in common are one.
_SAME_ANSWER = 0.8
#: Words are compared by their beginnings: "returned" and "returning" are the same.
_STEM = 6
_WORD = re.compile(r"\w+")
_INITIALS = re.compile(r"\^[^\W\d_]{1,3}\s*$")
_PLACEHOLDERS = {Kind.NAME: "{name}", Kind.ORDER: "{order}", Kind.HANDLE: ""}

Floats = NDArray[np.float32]


class Embedder(Protocol):
    """What texts are about, as vectors; `webcare.guard.learned.service.Heads` is one."""

    def embed(self, texts: Sequence[str]) -> tuple[str, Floats]:
        """The model's name and a row (N, H) of length 1 for each text. Raises ModelMissing where there is no model."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer given before and where it comes from; placeholders stand for the other customer's particulars."""

    delivery_id: int
    case_id: int
    score: float
    text: str
    question: str  #: what it answered, without personal data
    language: str
    channel: str
    answered_at: datetime
    author: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """What was found for a case; `missing` says why nothing could be looked for."""

    items: tuple[Suggestion, ...] = ()
    missing: str = ""


# --- remembering ------------------------------------------------------------------------------------


def waits(session: Session) -> bool:
    """Whether an answer was given that nobody looked at yet."""
    return session.exec(_answered().limit(1)).first() is not None


def remember(
    store: Store, embedder: Embedder, *, now: datetime, reviewer: Reviewer = PLAIN, at_once: int = AT_ONCE
) -> int:
    """Remember messages answered well, the newest first; gives how many were looked at, 0 when none are left.

    What cannot be used is kept without a vector, so that it is looked at once. Raises ModelMissing.
    """
    with store.read() as session:
        rows = list(session.exec(_answered().limit(at_once)))
        found = [_Answered.read(session, row, reviewer) for row in rows]
    if not found:
        return 0
    model, vectors = embedder.embed([one.question for one in found])
    with store.write() as session:
        session.execute(delete(AnswerMemoryRow).where(col(AnswerMemoryRow.model_version) != model))
        session.add_all(
            one.row(vector if one.text else None, model, now)
            for one, vector in zip(found, vectors, strict=True)
            if _still_stands(session, one.mention_id)
        )
        session.flush()
        if prepare(session, vectors.shape[1]):
            bring_over(session, model)
    return len(found)


def forget(session: Session) -> int:
    """Drop what may not be used any more (retracted, reported, its message gone); gives how many."""
    kept = select(AnswerMemoryRow.id).join(DeliveryRow, col(DeliveryRow.id) == col(AnswerMemoryRow.delivery_id))
    kept = kept.join(MentionRow, col(MentionRow.id) == col(AnswerMemoryRow.mention_id)).where(*_good())
    gone = delete(AnswerMemoryRow).where(col(AnswerMemoryRow.id).not_in(kept))
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Answered:
    """A message and its answer, without personal data; no `text` when the answer cannot be used."""

    delivery_id: int
    mention_id: int
    language: str
    topic: str
    question: str
    text: str

    @classmethod
    def read(cls, session: Session, row: tuple[DeliveryRow, MentionRow, CaseRow], reviewer: Reviewer) -> _Answered:
        delivery, mention, case = row
        assert delivery.id is not None
        assert mention.id is not None
        profile = _profile(session, case.account_id, reviewer)
        names = _customer_names(case.customer_name, mention.text)
        question = impersonal_question(mention.text, case.language, names, profile)
        text = impersonal_answer(whole_text(delivery), case.language, names, staff_names(session), profile)
        return cls(delivery.id, mention.id, case.language, case.topic, question, text)

    def row(self, vector: Floats | None, model: str, now: datetime) -> AnswerMemoryRow:
        return AnswerMemoryRow(
            delivery_id=self.delivery_id,
            mention_id=self.mention_id,
            language=self.language,
            topic=self.topic,
            vector=packed(vector) if vector is not None else b"",
            model_version=model,
            made_at=now,
        )


def _answered() -> Any:
    """Answers to learn from that nobody looked at yet, the newest first, each with its message and case."""
    known = exists().where(col(AnswerMemoryRow.delivery_id) == col(DeliveryRow.id))
    return (
        select(DeliveryRow, MentionRow, CaseRow)
        .join(
            MentionRow,
            (col(MentionRow.account_id) == col(DeliveryRow.account_id))
            & (col(MentionRow.external_id) == col(DeliveryRow.target_external_id)),
        )
        .join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
        .where(*_good(), ~known)
        .order_by(col(DeliveryRow.id).desc())
    )


def _good() -> tuple[ColumnElement[bool], ...]:
    """What an answer must be to be learnt from."""
    slip = exists().where(col(GuardSlipRow.delivery_id) == col(DeliveryRow.id))
    held = exists().where(
        col(ReplyOverrideRow.delivery_id) == col(DeliveryRow.id),
        col(ReplyOverrideRow.policy) != Override.ACKNOWLEDGE.value,
    )
    return (
        col(DeliveryRow.state) == DeliveryState.SENT.value,
        col(DeliveryRow.way) == ReplyWay.PUBLIC.value,
        col(DeliveryRow.retracted_at).is_(None),
        col(DeliveryRow.retract_reason) == "",
        col(DeliveryRow.follows_id).is_(None),
        col(MentionRow.deleted_at).is_(None),
        col(MentionRow.is_ours).is_(False),
        col(MentionRow.text) != "",
        ~slip,
        ~held,
    )


def _still_stands(session: Session, mention_id: int) -> bool:
    """Whether the message was not removed while it was read."""
    query = select(MentionRow.deleted_at).where(MentionRow.id == mention_id).with_for_update()
    return session.exec(query).first() is None


# --- without personal data --------------------------------------------------------------------------


def impersonal_question(text: str, language: str, names: Iterable[str], profile: Profile = NO_BRAND) -> str:
    """A customer's message without personal data, as it is compared and shown."""
    ours = _ours(profile)
    return redacted(text, language, names=tuple(names), order_numbers=profile.order_numbers, ours=ours)


def impersonal_answer(
    text: str, language: str, names: Collection[str], staff: Iterable[str], profile: Profile = NO_BRAND
) -> str:
    """Our answer with placeholders where the customer's name, their order and our colleague stood.

    Empty when it holds anything else of anybody's, such as a telephone number.
    """
    text = _INITIALS.sub("^{initials}", text.strip())
    own, colleagues = tuple(names), tuple(_parts(staff))
    parts, at = [], 0
    for one in find_personal(
        text, language, names=(*own, *colleagues), order_numbers=profile.order_numbers, ours=_ours(profile)
    ):
        if one.kind not in _PLACEHOLDERS:
            return ""
        here = text[one.start : one.end]
        is_ours = one.kind is Kind.NAME and not _is_one_of(here, own)
        parts += [text[at : one.start], "{agent}" if is_ours else _PLACEHOLDERS[one.kind]]
        at = one.end
    return "".join([*parts, text[at:]]).strip()


def _customer_names(shown: str, message: str) -> tuple[str, ...]:
    found = names_of(ReviewContext(channel="", mention=message, customer=Customer(shown)))
    return tuple(dict.fromkeys((shown, *found))) if found else ()


def _parts(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if " " in name:
            yield from (name, name.split()[0])


def _is_one_of(name: str, names: Collection[str]) -> bool:
    return name.casefold() in {one.casefold() for one in names}


def _ours(profile: Profile) -> tuple[str, ...]:
    return tuple(filter(None, (profile.name, *profile.names, *profile.domains, *profile.phones)))


def _profile(session: Session, account_id: int, reviewer: Reviewer) -> Profile:
    account = session.get(AccountRow, account_id)
    if reviewer.brand_of is None or account is None:
        return NO_BRAND
    return reviewer.brand_of(account.key).profile


# --- finding ----------------------------------------------------------------------------------------


def suggestions(
    store: Store,
    nearest: Nearest,
    embedder: Embedder,
    case_id: int,
    *,
    by: Actor,
    accounts: Collection[str] = (),
    reviewer: Reviewer = PLAIN,
    threshold: float = THRESHOLD,
) -> Suggested:
    """Up to three answers to messages like the customer's newest, in their language first.

    `accounts` are the keys of those that speak as the same brand, the case's own always among them. The model reads
    outside of any session. Raises NotAllowed without WORK_CASES, CaseNotFound.
    """
    require(by, Permission.WORK_CASES)
    with store.read() as session:
        asked = _asked(session, case_id, accounts, reviewer)
    if asked is None:
        return Suggested(missing="nothing_to_answer")
    try:
        model, vectors = embedder.embed([asked.question])
    except ModelMissing:
        return Suggested(missing="no_encoder")
    with store.read() as session:
        near: dict[int, float] = {}
        for language in (asked.language, ""):
            found = nearest.nearest(
                session, vectors[0], model=model, accounts=asked.accounts, language=language, limit=_LOOKED_AT
            )
            near |= {one.memory_id: one.cosine for one in found}
        answers = _answers(session, near, asked, reviewer)
    return Suggested(_best(answers, asked.language, threshold))


@dataclass(frozen=True, slots=True)
class _Asked:
    case_id: int
    question: str
    language: str
    accounts: tuple[int, ...]


def _asked(session: Session, case_id: int, accounts: Collection[str], reviewer: Reviewer) -> _Asked | None:
    case = load(session, case_id)
    messages = customer_messages(session, case_id)
    if not messages:
        return None
    profile = _profile(session, case.account_id, reviewer)
    names = _customer_names(case.customer_name, messages[-1].text)
    question = impersonal_question(messages[-1].text, case.language, names, profile)
    same = session.exec(select(AccountRow.id).where(col(AccountRow.key).in_(accounts)))
    ids = {case.account_id, *(id_ for id_ in same if id_ is not None)}
    return _Asked(case_id, question, case.language, tuple(sorted(ids)))


def _answers(session: Session, near: dict[int, float], asked: _Asked, reviewer: Reviewer) -> list[Suggestion]:
    query = (
        select_many(col(AnswerMemoryRow.id), DeliveryRow, MentionRow, CaseRow, col(AgentRow.name))
        .join(DeliveryRow, col(DeliveryRow.id) == col(AnswerMemoryRow.delivery_id))
        .join(MentionRow, col(MentionRow.id) == col(AnswerMemoryRow.mention_id))
        .join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
        .join(AgentRow, col(AgentRow.id) == col(DeliveryRow.author_id))
        .where(col(AnswerMemoryRow.id).in_(near), col(CaseRow.id) != asked.case_id, *_good())
    )
    staff = staff_names(session)
    found = [_suggestion(session, row, near[row[0]], staff, reviewer) for row in session.execute(query)]
    shared = shared_words(asked.question, [one.question for one in found])
    return [replace(one, score=one.score + words) for one, words in zip(found, shared, strict=True) if one.text]


def _suggestion(session: Session, row: Any, cosine: float, staff: Iterable[str], reviewer: Reviewer) -> Suggestion:
    _, delivery, mention, case, author = row
    profile = _profile(session, case.account_id, reviewer)
    names = _customer_names(case.customer_name, mention.text)
    return Suggestion(
        delivery.id,
        case.id,
        cosine,
        impersonal_answer(whole_text(delivery), case.language, names, staff, profile),
        impersonal_question(mention.text, case.language, names, profile),
        case.language,
        case.channel,
        delivery.posted_at or delivery.created_at,
        author,
    )


def shared_words(question: str, others: Sequence[str]) -> list[float]:
    """How much the words of each have in common with the question, 0 to 1; rare words weigh more.

    The encoder knows what a message is about, and hardly which product or page: words do.
    """
    asked, bags = _words(question), [_words(other) for other in others]
    count = Counter(word for bag in (asked, *bags) for word in bag)
    # Among few messages every word is rare.
    texts = max(len(bags), _LOOKED_AT) + 2
    weight = {word: math.log(max(texts / (seen + 0.5), 1.0)) ** 2 for word, seen in count.items()}

    def norm(bag: Iterable[str]) -> float:
        return math.sqrt(sum(weight[word] for word in bag)) or 1.0

    return [sum(weight[word] for word in asked & bag) / (norm(asked) * norm(bag)) for bag in bags]


def _best(answers: Iterable[Suggestion], language: str, threshold: float) -> tuple[Suggestion, ...]:
    """The few to show: in the customer's language first, then the likest, and of those as like the newest."""
    good = [one for one in answers if one.score >= threshold]
    good.sort(key=lambda one: (one.language != language, -round(one.score, 2), -one.answered_at.timestamp()))
    kept: list[Suggestion] = []
    for one in good:
        if not any(_says_the_same(one.text, other.text) for other in kept):
            kept.append(one)
    return tuple(kept[:MOST])


def _says_the_same(one: str, other: str) -> bool:
    left, right = _words(one), _words(other)
    return len(left & right) >= _SAME_ANSWER * max(1, len(left | right))


def _words(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold())}
