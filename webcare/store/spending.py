"""What reading and writing on a network costs: counted per account, UTC day and kind, by the price table in settings.

Amounts are whole micros, millionths of the table's currency.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from webcare.channels.base import Spend
from webcare.settings import Settings
from webcare.store.bulk import insert_into
from webcare.store.mentions import chunks
from webcare.store.tables import MentionRow, SpendRow

#: Kinds a network charges once a UTC day for each post, however often it is read.
ONCE_A_DAY = ("post_read", "owned_read", "dm_read")
#: A day that has only begun tells little of how it will end; the days before speak until then.
_ENOUGH_OF_A_DAY = timedelta(hours=3)
_DAYS_BACK = 7
#: Micros in one unit of the currency.
MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Paying:
    """What things cost on one account and how much it may spend. `cap_micros` 0: as much as it needs."""

    prices: Mapping[str, int] = field(default_factory=dict)  #: micros by what is read or written
    cap_micros: int = 0
    hard: bool = False  #: at the cap nothing is asked for the rest of the day, instead of more seldom
    slow_by: float = 10.0  #: at the cap, how many poll intervals lie between two polls


#: Nothing costs anything.
FREE = Paying()


def paying_for(settings: Settings, account_key: str) -> Paying:
    """What things cost on one configured account, and what it may spend."""
    account, spending_ = settings.accounts.get(account_key), settings.spending
    own = account.daily_cap if account else None
    cap = spending_.daily_cap if own is None else own
    prices = settings.pricing.channels.get(account.channel, {}) if account else {}
    return Paying(prices, round(cap * MICROS), spending_.hard, spending_.slow_by)


@dataclass(frozen=True, slots=True)
class Spending:
    """What one account spent and will spend if it goes on like this; micros."""

    today: int
    month: int
    day_forecast: int
    month_forecast: int
    by_what: tuple[tuple[str, int, int], ...] = ()  #: today: what, how many, micros; dearest first


def charge(
    session: Session,
    account_id: int,
    spent: Iterable[Spend],
    prices: Mapping[str, int],
    *,
    now: datetime,
    seen: Sequence[str] = (),
) -> int:
    """Add to what an account spent today; gives the micros added. Call it before the posts read are stored.

    A post already read this UTC day costs nothing. `seen` are the posts of the answer, for a channel that does not say
    which ones it counted.
    """
    told = list(spent)
    ids = {id_ for one in told for id_ in one.ids}
    read_today = _read_today(session, account_id, [*ids, *seen], now)
    free = 0 if ids else len(read_today.intersection(seen))
    added = 0
    for one in told:
        count = one.count
        if one.ids:
            count -= len(read_today.intersection(one.ids))
        elif one.what in ONCE_A_DAY:
            saved = min(free, count)
            count, free = count - saved, free - saved
        micros = max(0, count) * prices.get(one.what, 0)
        if count > 0:
            _add(session, account_id, one.what, count, micros, now)
        added += micros
    return added


def mark_read(session: Session, account_id: int, external_ids: Sequence[str], *, now: datetime) -> None:
    """These posts were seen on the network just now; written once a day for each, so that re-reading stays cheap."""
    for part in chunks(list(external_ids)):
        session.execute(
            update(MentionRow)
            .where(
                col(MentionRow.account_id) == account_id,
                col(MentionRow.external_id).in_(part),
                col(MentionRow.deleted_at).is_(None),
                col(MentionRow.checked_at).is_(None) | (col(MentionRow.checked_at) < day_start(now)),
            )
            .values(checked_at=now)
        )


def spent_today(session: Session, account_id: int, *, now: datetime) -> int:
    """Micros an account spent this UTC day."""
    return _sum(session, account_id, day_of(now), day_of(now))


def spending(session: Session, account_id: int, *, now: datetime) -> Spending:
    """What an account spent this UTC day and month, and what both will come to."""
    today = spent_today(session, account_id, now=now)
    first = now.astimezone(UTC).replace(day=1)
    month = _sum(session, account_id, day_of(first), day_of(now))
    day = _day_forecast(session, account_id, today, now)
    utc = now.astimezone(UTC)
    days_left = calendar.monthrange(utc.year, utc.month)[1] - utc.day
    rows = session.exec(select(SpendRow).where(SpendRow.account_id == account_id, SpendRow.day == day_of(now)))
    by_what = sorted(((row.what, row.count, row.micros) for row in rows), key=lambda one: (-one[2], one[0]))
    return Spending(today, month, day, month - today + day * (1 + days_left), tuple(by_what))


def day_of(moment: datetime) -> str:
    """The UTC day of a moment, as the network counts it."""
    return moment.astimezone(UTC).date().isoformat()


def day_start(moment: datetime) -> datetime:
    """When the UTC day of a moment began."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_forecast(session: Session, account_id: int, today: int, now: datetime) -> int:
    gone = now.astimezone(UTC) - day_start(now)
    before = [day_of(now - timedelta(days=days)) for days in range(1, _DAYS_BACK + 1)]
    query = select(
        func.count(func.distinct(col(SpendRow.day))), func.coalesce(func.sum(col(SpendRow.micros)), 0)
    ).where(SpendRow.account_id == account_id, col(SpendRow.day).in_(before))
    days, micros = session.execute(query).one()
    usual: int | None = int(micros) // int(days) if days else None
    if usual is not None and gone < _ENOUGH_OF_A_DAY:
        return max(today, usual)
    ends_at: int = round(today * (timedelta(days=1) / max(gone, timedelta(hours=1))))
    return max(today, ends_at)


def _sum(session: Session, account_id: int, first: str, last: str) -> int:
    query = select(func.coalesce(func.sum(col(SpendRow.micros)), 0)).where(
        SpendRow.account_id == account_id, col(SpendRow.day) >= first, col(SpendRow.day) <= last
    )
    return int(session.exec(query).one())


def _read_today(session: Session, account_id: int, external_ids: Sequence[str], now: datetime) -> set[str]:
    found: set[str] = set()
    for part in chunks(list(dict.fromkeys(external_ids))):
        query = select(MentionRow.external_id).where(
            MentionRow.account_id == account_id,
            col(MentionRow.external_id).in_(part),
            col(MentionRow.checked_at) >= day_start(now),
        )
        found.update(session.exec(query))
    return found


def put_spent(session: Session, account_id: int, day: str, what: str, count: int, micros: int) -> None:
    """Set what an account spent on one thing on one day, for what can be counted again at any time."""
    _write(session, account_id, day, what, count, micros, {"count": count, "micros": micros})


def _add(session: Session, account_id: int, what: str, count: int, micros: int, now: datetime) -> None:
    more = {"count": col(SpendRow.count) + count, "micros": col(SpendRow.micros) + micros}
    _write(session, account_id, day_of(now), what, count, micros, more)


def _write(
    session: Session, account_id: int, day: str, what: str, count: int, micros: int, known: dict[str, Any]
) -> None:
    """One statement, so that two processes that pay at once lose nothing."""
    row = {"account_id": account_id, "day": day, "what": what, "count": count, "micros": micros}
    session.execute(
        insert_into(session, SpendRow)
        .values(**row)
        .on_conflict_do_update(index_elements=["account_id", "day", "what"], set_=known)
    )
