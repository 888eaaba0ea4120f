"""An answer that a colleague gave on the network itself, because it takes none from here: recorded like any reply."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from webcare.cases.outcomes import put_sent
from webcare.cases.parts import made_up_id
from webcare.cases.record import EventKind, customer_messages
from webcare.cases.replies import Approval, approve
from webcare.cases.surroundings import PLAIN, Reviewer, find_target
from webcare.domain import Actor, Posted
from webcare.errors import CaseStateRefused, WebcareError
from webcare.store.tables import DeliveryRow, MentionRow

_LONGEST_LINK = 2_000
#: The last step of a link to one post: most networks put its id there, and nothing else is that long a number.
_POST_ID = re.compile(r"/(\d{9,25})/?\Z")
#: How far the clocks of a network and of a person may be apart.
_SKEW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ByHand:
    """When the answer was given, and where it stands if somebody noted it."""

    at: datetime
    link: str = ""


def record_answer(
    session: Session,
    case_id: int,
    approval: Approval,
    given: ByHand,
    *,
    by: Actor,
    now: datetime,
    reviewer: Reviewer = PLAIN,
) -> DeliveryRow:
    """Keep an answer that stands on the network already; it stops the clock as one of ours does.

    The guard reads it like any reply: best before it is posted there. Raises what `send_reply` raises, CaseStateRefused
    for a time that cannot be, and WebcareError for a link that is none.
    """
    link = _link(given.link)
    _, delivery, in_spite_of = approve(
        session, case_id, approval, by=by, now=now, undo=timedelta(0), reviewer=reviewer, in_parts=False
    )
    target = find_target(customer_messages(session, case_id), delivery.target_external_id)
    if not target.posted_at - _SKEW <= given.at <= now + _SKEW:
        raise CaseStateRefused("The answer was given after the customer wrote and not in the future; mend the time.")
    delivery.by_hand = True
    session.add(delivery)
    at = min(given.at, now)
    posted = Posted(_external_id(session, delivery, target, link), at, link)
    detail = {"delivery_id": delivery.id, "at": at.isoformat(), "url": link, "in_spite_of": in_spite_of}
    put_sent(session, delivery, posted, EventKind.ANSWERED_BY_HAND, by=by, now=now, detail=detail)
    return delivery


def _link(text: str) -> str:
    text = text.strip()
    try:
        parsed = urlsplit(text)
    except ValueError:
        parsed = urlsplit("")
    if text and (parsed.scheme not in ("http", "https") or not parsed.netloc or len(text) > _LONGEST_LINK):
        raise WebcareError("The link to the answer has to begin with https://; leave it empty if you have none.")
    return text


def _external_id(session: Session, delivery: DeliveryRow, target: MentionRow, link: str) -> str:
    """The network's id where it can be known: from a poller that saw the same words of ours, or from the link."""
    query = select(MentionRow).where(
        MentionRow.account_id == target.account_id,
        MentionRow.thread_id == target.thread_id,
        col(MentionRow.is_ours),
        col(MentionRow.deleted_at).is_(None),
        MentionRow.posted_at >= target.posted_at,
    )
    same = " ".join(delivery.text.split())
    seen = [one.external_id for one in session.exec(query) if " ".join(one.text.split()) == same]
    linked = _POST_ID.search(urlsplit(link).path) if link else None
    wanted = seen[-1] if seen else linked.group(1) if linked else ""
    taken = select(DeliveryRow.id).where(
        DeliveryRow.account_id == delivery.account_id, DeliveryRow.external_id == wanted
    )
    return wanted if wanted and session.exec(taken).first() is None else made_up_id(delivery)
