"""Making the digest of a day or week: when somebody asks, and by itself, once, when its time has come."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkstemp
from zoneinfo import ZoneInfo

from sqlmodel import Session, col

from webcare import audit
from webcare.alerting import notify
from webcare.deciding import own_queues
from webcare.domain import Actor, Said, Urgency
from webcare.languages import TONGUES, Each, Speech
from webcare.measures.asking import figures
from webcare.measures.rollup import behind
from webcare.measures.values import Query
from webcare.people import Permission, require
from webcare.reports.digest import APART, HEADLINES, Digest, Period, due_period, page, short_lines
from webcare.settings import Notice, Settings
from webcare.store import Store
from webcare.store.bulk import insert_into
from webcare.store.gaps import GapView
from webcare.store.tables_alerts import DigestRunRow

#: A digest that is late by more is left out: nobody waits for last week's any more when the next one is near.
_STILL = {"daily": timedelta(hours=20), "weekly": timedelta(days=6)}
#: It waits this long for the last changes to be counted; after that the page says how many are not.
_WAITS = timedelta(hours=1)
_BY = ("queue", "channel")


def make_page(store: Store, period: Period, settings: Settings, *, by: Actor, now: datetime, language: str = "") -> str:
    """The page of a period, and a line of it in the audit log; in the desk's language unless another is named.

    Raises NotAllowed without SEE_REPORTS.
    """
    require(by, Permission.SEE_REPORTS)
    with store.read() as session:
        made = page(gather(session, period, settings, now=now), Speech(language or settings.desk.language))
    with store.write() as session:
        told = {"format": "html", "period": period.key}
        audit.record(session, "exported", by=by, now=now, subject="export:digest", after=told)
    return made


def gather(session: Session, period: Period, settings: Settings, *, now: datetime) -> Digest:
    """What stands on the page. One figure in one group at a time, so that everybody counts in all of them."""
    defaults = {urgency.value: settings.routing.within(urgency.value) for urgency in Urgency}
    query = Query(period.since, min(period.until, now), period.zone)
    every = figures(session, query, measures=HEADLINES, defaults=defaults)
    apart = {
        name: figures(session, replace(query, by=(name,)), measures=APART, compare=True, defaults=defaults).figures
        for name in _BY
    }
    gaps = [_told(gap) for gap in every.gaps]
    gaps += [Said("{gap} (period before)", gap=_told(gap)) for gap in every.gaps_before]
    queues = {queue.name: Each(queue.titles) for queue in own_queues(session, at=now)}
    return Digest(settings.desk.brand, period, now, every.figures, apart, gaps, every.waiting, queues)


def due(session: Session, settings: Settings, *, now: datetime) -> Period | None:
    """The period whose digest should be made now and was not yet."""
    found = due_period(settings.digest, ZoneInfo(settings.desk.timezone), now=now)
    if found is None:
        return None
    period, late = found[0], now - found[1]
    if late > _STILL[period.kind] or session.get(DigestRunRow, period.key) is not None:
        return None
    return None if late < _WAITS and behind(session) else period


def make_due(store: Store, settings: Settings, *, now: datetime) -> int:
    """Make the digest that is due, as a file in the folder of data, and queue its mail; gives how many were made.

    It is mailed to each in their language, so it is made in all of them; the file is in the desk's.

    Whoever comes second, beside us or after a restart, finds it made.
    """
    with store.read() as session:
        period = due(session, settings, now=now)
        digest = gather(session, period, settings, now=now) if period is not None else None
    if period is None or digest is None:
        return 0
    speeches = [Speech(language, period.zone) for language in TONGUES]
    pages = {speech.language: page(digest, speech) for speech in speeches}
    file = _write(settings.desk.data_dir / "digests" / f"{period.key}.html", pages[settings.desk.language])
    with store.write() as session:
        if not _is_first(session, period, file, now):
            return 0
        for speech in speeches:
            subject = speech.said(Said("Figures: {period}", period=period.title(speech)))
            lines, told = short_lines(digest, speech), speech.language
            notify(session, Notice.DIGEST, subject, lines, now=now, language=told, html=pages[told])
    return 1


def _is_first(session: Session, period: Period, file: Path, now: datetime) -> bool:
    row: Mapping[str, object] = {"period": period.key, "made_at": now, "file": file.name}
    wanted = (
        insert_into(session, DigestRunRow).values(**row).on_conflict_do_nothing().returning(col(DigestRunRow.period))
    )
    return session.execute(wanted).first() is not None


def _write(path: Path, text: str) -> Path:
    """Whole or not at all, and for this user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of our own: somebody beside us may be making the same page.
    handle, part = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)
    return path


def _told(gap: GapView) -> Said:
    account = gap.account_name or gap.account_key
    return Said("{account}, {since} to {until}", account=account, since=gap.since, until=gap.until)
