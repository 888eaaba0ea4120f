"""The job's side of notifications: what is due, in which words, and what becomes of what did not arrive.

A message is claimed and committed before anything leaves. Where the process dies in between, nobody knows whether it
arrived, so it is never sent again by itself: it becomes a dead letter that says so. Messages for one place that are due
together leave as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from webcare.alerting.notifying import line_in, subject_in
from webcare.alerting.places import FOR_GOOD, MAIL, NO_ADDRESS, Message, address_of, deliver
from webcare.alerting.receivers import receiver
from webcare.alerting.rules import quiet_until
from webcare.domain import N_, Said
from webcare.languages import Speech
from webcare.settings import Notice, NotificationSettings
from webcare.store import Store
from webcare.store.tables import CaseRow
from webcare.store.tables_alerts import NotificationRow, NotificationSendRow

#: Most messages that leave as one.
_TOGETHER = 20
#: A claim this old is of a process that died: timeouts end every attempt long before.
_CUT_OFF = timedelta(minutes=15)
#: Longest wait between two attempts.
_MOST = timedelta(hours=2)
#: What a chat would take for a call to everybody, or for a link with another text.
_CALLS = str.maketrans({"@": "@\u200b", "<": "‹", ">": "›"})


@dataclass(frozen=True, slots=True)
class Claimed:
    """Messages for one place, marked as leaving."""

    place: str
    ids: tuple[int, ...]
    attempts: int
    message: Message
    to: str = ""  #: a person's mail address
    urgent: bool = False


def send_due(
    store: Store,
    settings: NotificationSettings,
    *,
    clock: Callable[[], datetime],
    usual: Speech,
    env: Mapping[str, str] | None = None,
) -> int:
    """Send what is due now, one message for each place; gives how many notifications were settled or put off.

    `usual` is how the desk speaks to shared places, and to people who chose nothing.
    """
    now = clock()
    with store.write() as session:
        handled = _bury(session, now) + sum(
            _hush(session, place, settings, usual, now) for place in _waiting(session, now)
        )
        places = _waiting(session, now)
    for place in places:
        with store.write() as session:
            claimed = claim(session, place, settings, usual, now=clock())
        if claimed is None:
            continue
        name = MAIL if place.startswith("person:") else place.partition(":")[2]
        known = place.startswith("person:") or name in settings.places
        address = address_of(name, env) if known and (claimed.to or not place.startswith("person:")) else ""
        error = deliver(address, claimed.message, timeout_s=settings.timeout_s, to=claimed.to)
        with store.write() as session:
            handled += record(session, claimed, error, settings, now=clock())
    return handled


def is_due(session: Session, *, now: datetime) -> bool:
    """Whether anything waits to be given to its places, or to leave."""
    fresh = select(NotificationRow.id).where(col(NotificationRow.spread_at).is_(None)).limit(1)
    waiting = select(NotificationSendRow.id).where(
        col(NotificationSendRow.state).in_(["pending", "sending"]), col(NotificationSendRow.not_before) <= now
    )
    return session.exec(fresh).first() is not None or session.exec(waiting.limit(1)).first() is not None


def claim(
    session: Session, place: str, settings: NotificationSettings, usual: Speech, *, now: datetime
) -> Claimed | None:
    """Mark what is due for a place as leaving; None where somebody else was first."""
    query = (
        select(NotificationSendRow, NotificationRow)
        .join(NotificationRow, col(NotificationRow.id) == col(NotificationSendRow.notification_id))
        .where(
            NotificationSendRow.place == place,
            NotificationSendRow.state == "pending",
            col(NotificationSendRow.not_before) <= now,
        )
        .order_by(col(NotificationSendRow.id))
        .limit(_TOGETHER)
        .with_for_update(skip_locked=True, of=NotificationSendRow)
    )
    rows = list(session.exec(query))
    # A page of its own, or what was tried before, leaves alone.
    alone = [pair for pair in rows if pair[1].html or pair[0].attempts]
    rows = alone[:1] or rows
    if not rows:
        return None
    for send, _ in rows:
        send.state, send.claimed_at, send.attempts = "sending", now, send.attempts + 1
        session.add(send)
    told = [notification for _, notification in rows]
    ids = tuple(send.id or 0 for send, _ in rows)
    to = receiver(session, place, settings, usual, now)
    message = _message(session, told, settings, to.speech)
    return Claimed(place, ids, rows[0][0].attempts, message, to.person.email if to.person is not None else "")


def record(session: Session, claimed: Claimed, error: str, settings: NotificationSettings, *, now: datetime) -> int:
    """Keep what became of an attempt; gives how many notifications it was about."""
    values: dict[str, object] = {"state": "sent", "sent_at": now, "error": ""}
    if error:
        last = error in FOR_GOOD or claimed.attempts >= settings.tries
        wait = min(timedelta(seconds=settings.retry_s) * 2 ** (claimed.attempts - 1), _MOST)
        values = {"state": "dead" if last else "pending", "not_before": now + wait, "error": error}
    mine = (col(NotificationSendRow.id).in_(claimed.ids), col(NotificationSendRow.state) == "sending")
    return int(session.execute(update(NotificationSendRow).where(*mine).values(**values)).rowcount)  # type: ignore[attr-defined]


def _bury(session: Session, now: datetime) -> int:
    """What was leaving when a process died may have arrived: a person decides."""
    gone = (col(NotificationSendRow.state) == "sending", col(NotificationSendRow.claimed_at) < now - _CUT_OFF)
    dead = update(NotificationSendRow).where(*gone).values(state="dead", error="cut_off")
    return int(session.execute(dead).rowcount)  # type: ignore[attr-defined]


def _hush(session: Session, place: str, settings: NotificationSettings, usual: Speech, now: datetime) -> int:
    """Let wait until the morning of one receiver what is not loud to them."""
    to = receiver(session, place, settings, usual, now)
    until = quiet_until(to.rule, to.speech.zone, now)
    if until is None:
        return 0
    soft = select(NotificationRow.id).where(col(NotificationRow.kind).not_in([kind.value for kind in to.rule.loud]))
    waits = (
        col(NotificationSendRow.place) == place,
        col(NotificationSendRow.state) == "pending",
        col(NotificationSendRow.not_before) <= now,
        col(NotificationSendRow.notification_id).in_(soft),
    )
    return int(session.execute(update(NotificationSendRow).where(*waits).values(not_before=until)).rowcount)  # type: ignore[attr-defined]


def _waiting(session: Session, now: datetime) -> Sequence[str]:
    query = select(NotificationSendRow.place).where(
        NotificationSendRow.state == "pending", col(NotificationSendRow.not_before) <= now
    )
    return sorted(set(session.exec(query.distinct())))


def _message(
    session: Session, told: Sequence[NotificationRow], settings: NotificationSettings, speech: Speech
) -> Message:
    parts = ["\n".join(_lines(session, one, settings, speech)) for one in told]
    subjects = [subject_in(speech, one) for one in told]
    if len(told) == 1:
        return Message(subjects[0], parts[0], told[0].html)
    missed = sum(one.kind == Notice.DEADLINE_MISSED for one in told)
    subject = speech.counted("{count} message", "{count} messages", len(told))
    if missed:
        subject = speech.text(N_("{messages}, {count} of deadlines missed")).format(
            messages=subject, count=speech.number(missed)
        )
    return Message(subject, "\n\n".join(f"{title}\n{part}" for title, part in zip(subjects, parts, strict=True)))


def _lines(session: Session, one: NotificationRow, settings: NotificationSettings, speech: Speech) -> list[str]:
    paths = [line["path"] for line in one.lines if isinstance(line, dict) and "path" in line]
    lines = [line_in(speech, line) for line in one.lines if not (isinstance(line, dict) and "path" in line)]
    case = session.get(CaseRow, one.case_id) if one.case_id is not None else None
    if case is not None and settings.customer_text and case.excerpt:
        lines.append(f"{case.customer_name or case.customer_handle}: {case.excerpt}".translate(_CALLS))
    if case is not None:
        paths.append(f"/case?case={case.id}")
    return lines + [_link(path, settings, speech) for path in paths]


def _link(path: str, settings: NotificationSettings, speech: Speech) -> str:
    if not settings.address:
        return speech.said(Said("Look at it in Webcare; the address of the desk is not set, so there is no link."))
    return f"{settings.address.rstrip('/')}{path}"


__all__ = ["NO_ADDRESS", "Claimed", "claim", "is_due", "record", "send_due"]
