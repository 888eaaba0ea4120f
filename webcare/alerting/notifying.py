"""Queueing what people outside the console should hear of, and deciding who gets it.

Nothing here talks to a network. A message is kept as sentences, and said when it leaves, to each in their language. A
customer's words are never kept in it: where the settings allow them, they are read from the case when it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from webcare.alerting.receivers import receivers
from webcare.domain import Said
from webcare.languages import Speech, packed
from webcare.settings import Notice, NotificationSettings
from webcare.store.tables_alerts import NotificationRow, NotificationSendRow

#: Notifications given to their places in one transaction.
_AT_ONCE = 200
#: What was settled this long ago is forgotten.
_KEPT = timedelta(days=30)
#: Longest subject and line, in characters.
_SUBJECT, _LINE = 200, 1000


def notify(
    session: Session,
    kind: Notice | str,
    subject: str,
    lines: Sequence[str],
    *,
    now: datetime,
    case_id: int | None = None,
    agent_id: int | None = None,
    path: str = "",
    language: str = "",
    html: str = "",
) -> None:
    """Queue a message, in the transaction of what it tells; a job sends it to whoever wants its kind.

    Sentences (Said) are said to each receiver in their language; with `language` the whole is written in that one and
    only for those who read it. `agent_id` is whose case it is about, `path` a page of the console to look at. `html` is
    the same as a page, for mail. No customer's words in any of them. Raises ValueError for an unknown kind.
    """
    row = NotificationRow(
        kind=Notice(kind).value,
        subject=subject.template if isinstance(subject, Said) else subject,
        subject_with=packed(subject)["with"] if isinstance(subject, Said) else {},
        lines=[packed(line) for line in lines] + ([{"path": path}] if path else []),
        language=language,
        html=html,
        case_id=case_id,
        agent_id=agent_id,
        created_at=now,
    )
    session.add(row)


def subject_in(speech: Speech, row: NotificationRow) -> str:
    """Its subject as one line, to one reader."""
    kept: Any = {"said": row.subject, "with": row.subject_with} if not row.language else row.subject
    return " ".join(speech.said(kept).split())[:_SUBJECT]


def line_in(speech: Speech, line: Any) -> str:
    """One of its lines, to one reader."""
    return " ".join(speech.said(line).split())[:_LINE]


def spread(session: Session, settings: NotificationSettings, usual: Speech, *, mail: bool, now: datetime) -> int:
    """Decide who gets what was queued; gives how many messages go out. `mail`: people can be written to.

    `usual` is how the desk itself speaks.
    """
    query = (
        select(NotificationRow)
        .where(col(NotificationRow.spread_at).is_(None))
        .order_by(col(NotificationRow.id))
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.exec(query))
    everybody = receivers(session, settings, usual, mail=mail, now=now) if rows else []
    made = 0
    for row in rows:
        row.spread_at = now
        session.add(row)
        for one in everybody:
            if one.gets(row):
                session.add(NotificationSendRow(notification_id=row.id or 0, place=one.place, not_before=now))
                made += 1
    session.flush()
    return made


def prune(session: Session, *, now: datetime) -> int:
    """Forget messages that were settled long ago; gives how many rows."""
    old = select(NotificationRow.id).where(col(NotificationRow.spread_at) < now - _KEPT)
    busy = select(NotificationSendRow.notification_id).where(col(NotificationSendRow.state).in_(["pending", "sending"]))
    gone = old.where(col(NotificationRow.id).not_in(busy))
    ids = list(session.exec(gone.limit(500)))
    sends = session.exec(delete(NotificationSendRow).where(col(NotificationSendRow.notification_id).in_(ids)))
    session.exec(delete(NotificationRow).where(col(NotificationRow.id).in_(ids)))
    return int(sends.rowcount) + len(ids)
