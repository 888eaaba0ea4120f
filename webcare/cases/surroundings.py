"""What the guard is told of a draft's surroundings: the case, its notes, what may be told, and who we are.

Everything is read in one short session and handed over as values, so that the reading itself (the learned heads take a
tenth of a second) happens outside of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from sqlmodel import Session, col, select

from webcare.cases.facts import counting_facts
from webcare.cases.parts import first_part, parts_from, whole_text
from webcare.cases.record import customer_messages
from webcare.channels import channel_class
from webcare.domain import UNSETTLED_DELIVERIES, DeliveryState, MentionKind, ReplyWay
from webcare.errors import CaseStateRefused
from webcare.guard.base import BrandRules, Customer, Learned, OtherNotes, ReviewContext
from webcare.guard.profile import NO_BRAND, Profile
from webcare.guard.remembered import Recalling, Remembered
from webcare.store.incident_mode import jokes_are_held
from webcare.store.tables import AccountRow, AgentRow, CaseRow, DeliveryRow, MentionRow, NoteRow

_OURS = (*UNSETTLED_DELIVERIES, DeliveryState.SENT.value)
_QUEUES = ReviewContext(channel="").queue_names


class NoteMemory(OtherNotes, Protocol):
    """The notes of all other cases, which grow while the desk works."""

    def refresh(self, session: Session) -> None:
        """Learn what was written since the last time."""


class Brand(Protocol):
    """Who an account speaks as."""

    @property
    def profile(self) -> Profile:
        """Names, lexicon, limits, tone."""

    @property
    def rules(self) -> BrandRules | None:
        """Its rules; None = those that come with Webcare."""


@dataclass(frozen=True, slots=True)
class _Nobody:
    profile: Profile = NO_BRAND
    rules: BrandRules | None = None


_NOBODY = _Nobody()


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What a draft is read with beside the case itself; made once per process by `app`."""

    learned: Learned | None = None  #: None = only the deterministic checks run
    others: NoteMemory | None = None  #: None = notes of other cases are not looked at
    brand_of: Callable[[str], Brand] | None = None  #: by account key; None = nobody in particular
    markets: Mapping[str, str] = field(default_factory=dict)  #: by account key
    zone: tzinfo = UTC  #: where the customers' days begin
    thinking: bool = True  #: False inside a transaction: only what was read before counts

    def __post_init__(self) -> None:
        if self.learned is not None and not isinstance(self.learned, Remembered | Recalling):
            object.__setattr__(self, "learned", Remembered(self.learned))

    def recalling(self) -> Reviewer:
        """The same without any thinking, for use inside a transaction."""
        learned = self.learned.recalling() if isinstance(self.learned, Remembered) else self.learned
        return replace(self, learned=learned, thinking=False)


#: Reads with the deterministic checks and nothing else.
PLAIN = Reviewer()


def surroundings(
    session: Session,
    case: CaseRow,
    *,
    now: datetime,
    reviewer: Reviewer = PLAIN,
    target_id: str | None = None,
    way: ReplyWay | None = None,
    delivery: DeliveryRow | None = None,
) -> ReviewContext:
    """Everything the guard may look at for a reply on this case; the caller gives it to `guard.review`.

    `target_id` is the external id of the message answered; None = the customer's newest. `way` None = the way that
    message came. `delivery` is the reply itself, or a part of it, when it is approved already. Raises CaseStateRefused
    when there is nothing to answer.
    """
    assert case.id is not None
    account = session.get(AccountRow, case.account_id)
    assert account is not None
    messages = customer_messages(session, case.id)
    newest = messages[-1] if messages else None
    reply = first_part(session, delivery) if delivery is not None else None
    target = answered_message(session, reply) if reply is not None else find_target(messages, target_id)
    private = _is_private(reply, target, way)
    brand = reviewer.brand_of(account.key) if reviewer.brand_of is not None else _NOBODY
    profile = brand.profile
    if reviewer.others is not None and reviewer.thinking:
        reviewer.others.refresh(session)
    return ReviewContext(
        channel=case.channel,
        account=account.key,
        target_id=reply.target_external_id if reply else target.external_id if target else "",
        attachments=tuple(reply.attachments) if reply else (),
        private=private,
        lang=case.language,
        mention=target.text if target else "",
        notes=_notes(session, case.id),
        public_texts=(*_public_texts(session, case), *_ours_in_public(profile)),
        colleagues=(*staff_names(session), *profile.colleagues),
        queue_names=(*_QUEUES, *profile.queues),
        internal_hosts=profile.internal_hosts,
        length=_length_rule(case.channel, ReplyWay.PRIVATE if private else ReplyWay.PUBLIC),
        parts=1 if private else channel_class(case.channel).capabilities.parts,
        market=reviewer.markets.get(account.key, ""),
        customer=Customer(case.customer_name, case.sentiment, case.urgency, case.topic),
        facts=counting_facts(session, case.id, now=now),
        others=reviewer.others,
        learned=reviewer.learned,
        today=now.astimezone(reviewer.zone).date(),
        brand=profile,
        rules=brand.rules,
        newest_message=(newest.external_id, newest.text) if newest else ("", ""),
        newest_reply=_newest_reply(session, case, messages, reply),
        jokes_held=jokes_are_held(session, case.id),
    )


def find_target(messages: list[MentionRow], target_id: str | None) -> MentionRow:
    """The message that is answered; raises CaseStateRefused when it does not stand there (any more)."""
    if target_id is not None:
        messages = [message for message in messages if message.external_id == target_id]
    if not messages:
        raise CaseStateRefused("There is no message of the customer left to answer.")
    # An edit is a new post on some networks: the newest version is the one to answer.
    return messages[-1]


def text_of(session: Session, case: CaseRow, identity: str) -> str:
    """The text behind an id in a mark of a verdict: a message's external id, or "reply N"; empty when it is gone."""
    if identity.startswith(_REPLY):
        row = session.get(DeliveryRow, int(identity.removeprefix(_REPLY)))
        return whole_text(row) if row is not None and row.case_id == case.id else ""
    query = select(MentionRow.text).where(MentionRow.account_id == case.account_id, MentionRow.external_id == identity)
    return session.exec(query).first() or ""


_REPLY = "reply "


def answered_message(session: Session, delivery: DeliveryRow) -> MentionRow | None:
    """The customer's message that a reply, or the first part of one, answers."""
    query = select(MentionRow).where(
        MentionRow.account_id == delivery.account_id, MentionRow.external_id == delivery.target_external_id
    )
    return session.exec(query).first()


def _is_private(reply: DeliveryRow | None, target: MentionRow | None, way: ReplyWay | None) -> bool:
    kind = reply.kind if reply is not None else target.kind if target is not None else ""
    if kind == MentionKind.DIRECT_MESSAGE.value:
        return True
    return (ReplyWay(reply.way) if reply is not None else way) is ReplyWay.PRIVATE


def _newest_reply(
    session: Session, case: CaseRow, messages: list[MentionRow], itself: DeliveryRow | None
) -> tuple[str, str]:
    """Our newest reply to this customer: sent or waiting here, or written on the network by a colleague.

    `itself`, with all its parts, is not among them, and neither is one that is being retracted.
    """
    query = select(DeliveryRow).where(DeliveryRow.case_id == case.id, col(DeliveryRow.state).in_(_OURS))
    own = {part.id for part in parts_from(session, itself)} if itself is not None else set()
    found = list(session.exec(query))
    ours = [
        row
        for row in found
        if row.id not in own and not row.retract_reason and row.follows_id is None and not row.survey
    ]
    newest = max(((row.created_at, f"{_REPLY}{row.id}", whole_text(row)) for row in ours), default=None)
    known = [row.external_id for row in found if row.external_id]
    elsewhere = (
        select(MentionRow)
        .where(
            MentionRow.thread_id == case.thread_id,
            col(MentionRow.is_ours),
            col(MentionRow.deleted_at).is_(None),
            col(MentionRow.parent_external_id).in_([message.external_id for message in messages]),
            col(MentionRow.external_id).not_in(known),
        )
        .order_by(col(MentionRow.posted_at).desc(), col(MentionRow.id).desc())
    )
    post = session.exec(elsewhere).first()
    if post is not None and (newest is None or post.posted_at > newest[0]):
        return post.external_id, post.text
    return (newest[1], newest[2]) if newest else ("", "")


def _length_rule(channel: str, way: ReplyWay) -> Callable[[str], tuple[int, int]]:
    rule = channel_class(channel).length

    def length(text: str) -> tuple[int, int]:
        counted = rule(text, way)
        return counted.used, counted.limit

    return length


def _notes(session: Session, case_id: int) -> tuple[str, ...]:
    return tuple(session.exec(select(NoteRow.text).where(NoteRow.case_id == case_id).order_by(col(NoteRow.id))))


def _public_texts(session: Session, case: CaseRow) -> tuple[str, ...]:
    query = select(MentionRow.text).where(
        MentionRow.thread_id == case.thread_id,
        col(MentionRow.deleted_at).is_(None),
        MentionRow.kind != MentionKind.DIRECT_MESSAGE.value,
    )
    return tuple(session.exec(query))


def _ours_in_public(brand: Profile) -> tuple[str, ...]:
    return tuple(filter(None, (brand.name, *brand.names, *brand.products, *brand.shareable)))


def staff_names(session: Session) -> tuple[str, ...]:
    """Names and user names of colleagues, which no reply should call."""
    query = select(AgentRow.username, AgentRow.name).where(col(AgentRow.active))
    return tuple(name for pair in session.exec(query) for name in pair)
