"""How collecting fares on every account: reached when, how late, limits, access, money, gaps, and what to do about it.

`webcare doctor` and the console's page of channels show the same values. Times aware UTC, money in micros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session, col, select

from webcare.channels import channel_class
from webcare.domain import Said
from webcare.errors import WebcareError
from webcare.reports.recent import percentile
from webcare.settings import Settings
from webcare.store import hooks
from webcare.store.gaps import GapView, latest_gaps, open_gaps
from webcare.store.rates import opens_at
from webcare.store.spending import MICROS, Paying, Spending, paying_for, spending
from webcare.store.sweeping import overdue_posts
from webcare.store.tables import AccountRow, MentionRow

#: A token that ends sooner is told before it does.
TOKEN_WARNING = timedelta(days=7)
#: Lag is measured over the posts collected in this time, at most so many of them.
_LAG_OVER, _LAG_POSTS = timedelta(days=1), 2_000
#: An account is silent after so many missed polls, and never before this time.
_MISSED, _AT_LEAST = 3, timedelta(seconds=90)
#: What a webhook named is read within this time, or something is wrong; and so long it is said that some was lost.
_READ_WITHIN, _TOLD_FOR = timedelta(minutes=15), timedelta(days=1)
#: Deletions are honoured within this time.
_HONOURED = timedelta(days=1)

Tone = Literal["info", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing people should know of an account, and what to do about it."""

    tone: Tone
    what: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class ListLimit:
    """What the network last announced for one list or endpoint."""

    name: str
    use: str  #: "poll", "refresh" or "backfill"
    limit: int | None
    remaining: int | None
    reset_at: datetime | None
    opens_at: datetime | None  #: when it is asked again, where that has to wait


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """Everything about the collecting of one account."""

    key: str
    name: str
    channel: str
    active: bool
    paused_at: datetime | None  #: since when a person keeps it from collecting and posting
    last_polled_at: datetime | None
    last_success_at: datetime | None
    checked_at: datetime | None
    last_error: str
    lag_last: timedelta | None  #: median of the last poll that brought something
    lag_median: timedelta | None  #: of the last day; posts that a gap held back are not counted
    lag_p99: timedelta | None
    limits: tuple[ListLimit, ...]
    token_expires_at: datetime | None
    token_days: int | None  #: whole days left, negative when it ended
    missing_permissions: tuple[str, ...]
    spending: Spending
    cap_micros: int  #: 0: no cap
    currency: str
    gaps: tuple[GapView, ...]  #: open ones
    unswept: int  #: young posts that nobody compared with the network for over a day
    advice: tuple[Advice, ...]

    @property
    def tone(self) -> Tone:
        """The worst of what there is to say; "info" when all is well."""
        tones: set[Tone] = {one.tone for one in self.advice}
        return "bad" if "bad" in tones else "warn" if "warn" in tones else "info"


def collection(
    session: Session, settings: Settings, *, now: datetime, receiving: bool | None = None
) -> tuple[AccountHealth, ...]:
    """Every account that is configured, paused ones too, by its key.

    `receiving`: whether webhooks are received; None where nobody knows, and then nothing is said of it.
    """
    shown = col(AccountRow.active) | col(AccountRow.paused_at).is_not(None)
    rows = list(session.exec(select(AccountRow).where(shown).order_by(AccountRow.key)))
    gaps = open_gaps(session)
    return tuple(
        _account(session, settings, row, tuple(one for one in gaps if one.account_key == row.key), now, receiving)
        for row in rows
    )


def money(micros: int, currency: str) -> str:
    """An amount for people: "USD 1.25"; small ones with four digits, so that they are not nothing."""
    digits = 2 if micros == 0 or micros >= MICROS // 10 else 4
    return f"{currency} {micros / MICROS:.{digits}f}"


def token_days(account_expires_at: datetime | None, now: datetime) -> int | None:
    """Whole days a token still lasts; None when it does not end, or nobody knows."""
    return None if account_expires_at is None else (account_expires_at - now) // timedelta(days=1)


def _account(
    session: Session,
    settings: Settings,
    row: AccountRow,
    gaps: tuple[GapView, ...],
    now: datetime,
    receiving: bool | None,
) -> AccountHealth:
    assert row.id is not None
    paying, spent = paying_for(settings, row.key), spending(session, row.id, now=now)
    # Posts a gap held back came late for a reason that is told for itself, also after it was closed.
    lags = _lags(session, row, [one for one in latest_gaps(session) if one.account_key == row.key], now)
    unswept = _unswept(session, settings, row, now)
    return AccountHealth(
        key=row.key,
        name=row.name or row.handle or row.key,
        channel=row.channel,
        active=row.active,
        paused_at=row.paused_at,
        last_polled_at=row.last_polled_at,
        last_success_at=row.last_success_at,
        checked_at=row.checked_at,
        last_error=row.last_error,
        lag_last=None if row.lag_s is None else timedelta(seconds=row.lag_s),
        lag_median=percentile(lags, 0.5),
        lag_p99=percentile(lags, 0.99),
        limits=_limits(row),
        token_expires_at=row.token_expires_at,
        token_days=token_days(row.token_expires_at, now),
        missing_permissions=tuple(row.missing_permissions),
        spending=spent,
        cap_micros=paying.cap_micros,
        currency=settings.pricing.currency,
        gaps=gaps,
        unswept=unswept,
        advice=(
            *_advice(settings, row, paying, spent, gaps, unswept, now),
            *(_of_webhooks(hooks.waiting(session, row.id), receiving, now) if _needs_webhooks(row) else ()),
        ),
    )


def _lags(session: Session, row: AccountRow, gaps: Sequence[GapView], now: datetime) -> list[timedelta]:
    query = (
        select(MentionRow.posted_at, MentionRow.collected_at)
        .where(MentionRow.account_id == row.id, col(MentionRow.is_ours).is_(False))
        .order_by(col(MentionRow.id).desc())
        .limit(_LAG_POSTS)
    )
    return [
        max(timedelta(0), collected - posted)
        for posted, collected in session.exec(query)
        if now - collected <= _LAG_OVER and not any(gap.since <= posted <= gap.until for gap in gaps)
    ]


def _unswept(session: Session, settings: Settings, row: AccountRow, now: datetime) -> int:
    assert row.id is not None
    try:
        at_once = channel_class(row.channel).capabilities.refresh
    except WebcareError:
        # The page must not fall with a channel that cannot be loaded; the account's own line says what is wrong.
        return 0
    young = now - timedelta(days=settings.sweep.days)
    return overdue_posts(session, row.id, checked_before=now - _HONOURED, younger_than=young) if at_once else 0


def _limits(row: AccountRow) -> tuple[ListLimit, ...]:
    found = []
    for key, one in sorted(row.rates.items()):
        use, _, name = key.partition(":")
        reset = datetime.fromisoformat(one["reset_at"]) if one.get("reset_at") else None
        found.append(ListLimit(name, use, one.get("limit"), one.get("remaining"), reset, opens_at(one)))
    return tuple(found)


def _advice(
    settings: Settings,
    row: AccountRow,
    paying: Paying,
    spent: Spending,
    gaps: Sequence[GapView],
    unswept: int,
    now: datetime,
) -> Iterator[Advice]:
    """What to know, worst first."""
    if row.paused_at is not None:
        told = Said("Paused since {since}: nothing is collected and no reply goes out.", since=_utc(row.paused_at))
        yield Advice("info", told, Said("Resume it below."))
        return
    yield from _of_access(row, now)
    yield from _of_polls(settings, row, now)
    yield from _of_money(settings, row, paying, spent)
    yield from _of_gaps(gaps)
    if unswept:
        told = Said(
            "{count} post(s) were not compared with the network for over a day, so a deletion may not be honoured.",
            count=unswept,
        )
        mend = Said("Let `sweep.calls` be more, or `sweep.days` less; a cap that is reached stops it too.")
        yield Advice("warn", told, mend)


def _utc(moment: datetime) -> str:
    """A moment for everybody at the desk, wherever they are and whatever they read."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _of_access(row: AccountRow, now: datetime) -> Iterator[Advice]:
    anew = Said(
        "Make new access for this account and set its secrets again (README, Connect your accounts). "
        "Everything collected stays."
    )
    if row.disconnected_at is not None:
        told = Said("Disconnected since {since}: {error}", since=_utc(row.disconnected_at), error=row.last_error)
        yield Advice("bad", told, anew)
    days = token_days(row.token_expires_at, now)
    if days is not None and row.token_expires_at is not None and row.token_expires_at - now < TOKEN_WARNING:
        when = _utc(row.token_expires_at)
        if row.token_expires_at <= now:
            yield Advice("bad", Said("The access ended on {when}.", when=when), anew)
        else:
            yield Advice("warn", Said("The access ends on {when}, in {days} day(s).", when=when, days=days), anew)
    if row.missing_permissions:
        told = Said("Permissions are missing: {permissions}.", permissions=", ".join(row.missing_permissions))
        yield Advice("warn", told, Said("Grant them to the app and connect again."))


def _of_polls(settings: Settings, row: AccountRow, now: datetime) -> Iterator[Advice]:
    if row.disconnected_at is not None:
        return
    start = Said("Start `webcare run`.")
    if row.not_before is not None and row.not_before > now:
        told = Said("The network asks us to wait until {until}.", until=_utc(row.not_before))
        yield Advice("warn", told, Said("It goes on by itself."))
    elif row.last_polled_at is None:
        yield Advice("warn", Said("Nothing was asked yet: the jobs do not run."), start)
    elif now - row.last_polled_at > silent_after(settings, row.capped_at):
        since = _utc(row.last_polled_at)
        yield Advice("warn", Said("Nothing was asked since {since}: the jobs do not run.", since=since), start)
    if row.last_error:
        again = Said("It is tried again with every poll; if it stays, look at the network.")
        yield Advice("warn", row.last_error, again)


def silent_after(settings: Settings, capped_at: datetime | None) -> timedelta:
    """How long nobody may have asked a network before something is wrong."""
    if capped_at is not None and settings.spending.hard:
        return timedelta(days=1)
    slower = settings.spending.slow_by if capped_at is not None else 1.0
    return max(_AT_LEAST, timedelta(seconds=settings.polling.every_s * _MISSED * slower))


def _of_money(settings: Settings, row: AccountRow, paying: Paying, spent: Spending) -> Iterator[Advice]:
    if not paying.cap_micros:
        return
    cap = money(paying.cap_micros, settings.pricing.currency)
    more = Said("Raise accounts.{key}.daily_cap or spending.daily_cap if that is too little.", key=row.key)
    if row.capped_at is not None:
        how = (
            Said("nothing is asked until midnight UTC")
            if paying.hard
            else Said("asked {times} times more seldom", times=f"{paying.slow_by:g}")
        )
        told = Said(
            "The day's cap of {cap} is reached since {since}: {how}.", cap=cap, since=_utc(row.capped_at), how=how
        )
        yield Advice("warn", told, more)
    elif spent.day_forecast > paying.cap_micros:
        ends = money(spent.day_forecast, settings.pricing.currency)
        yield Advice(
            "info", Said("This day will come to {ends}, more than its cap of {cap}.", ends=ends, cap=cap), more
        )


def _needs_webhooks(row: AccountRow) -> bool:
    """Whether this network tells posts that name us by webhook only."""
    try:
        return row.paused_at is None and channel_class(row.channel).capabilities.webhook
    except WebcareError:
        # The account's own line says that its channel cannot be loaded.
        return False


def _of_webhooks(found: hooks.Waiting, receiving: bool | None, now: datetime) -> Iterator[Advice]:
    if receiving is False and found.heard_at is None:
        yield Advice(
            "info",
            Said("Captions and comments of others that name us are not collected: they come by webhook only."),
            Said(
                "Set WEBCARE_SECRET_META_WEBHOOK_VERIFY_TOKEN and subscribe the app; "
                "docs/instagram.md, Mentions by webhook, says how."
            ),
        )
    elif receiving is False:
        yield Advice(
            "warn",
            Said("Webhooks are no longer received, so captions and comments of others that name us are missing."),
            Said(
                "Set WEBCARE_SECRET_META_WEBHOOK_VERIFY_TOKEN again; docs/instagram.md, Mentions by webhook, says how."
            ),
        )
    elif receiving and found.heard_at is None:
        yield Advice(
            "warn",
            Said("No webhook ever came for this account, so nobody knows whether mentions by others are collected."),
            Said(
                "Subscribe the app to `mentions` of this account, check its app secret, and name the account once to "
                "try; docs/instagram.md, Mentions by webhook, says how."
            ),
        )
    yield from _of_notices(found, now)


def _of_notices(found: hooks.Waiting, now: datetime) -> Iterator[Advice]:
    """What webhooks named, and whether it could be read."""
    if found.oldest is not None and now - found.oldest > _READ_WITHIN:
        told = Said(
            "{count} mention(s) that a webhook named are not read yet, the oldest since {since}.",
            count=found.waiting,
            since=_utc(found.oldest),
        )
        again = Said("They are tried again by themselves for a week.")
        yield Advice("warn", Said.joined([told, found.error], " ") if found.error else told, again)
    if found.unread:
        told = Said(
            "{count} mention(s) that a webhook named could not be read within a week and are given up.",
            count=found.unread,
        )
        yield Advice("warn", told, Said("Look on the network itself who named the account lately."))
    if found.full_at is not None and now - found.full_at < _TOLD_FOR:
        told = Said("Too much waits to be read: at {when} webhooks were turned away.", when=_utc(found.full_at))
        why = Said("The network delivers them again for a day and a half; see why none are read.")
        yield Advice("warn", told, why)


def _of_gaps(gaps: Sequence[GapView]) -> Iterator[Advice]:
    lost = [gap for gap in gaps if gap.lost_at is not None]
    if waiting := len(gaps) - len(lost):
        told = Said("Posts may be missing in {count} stretch(es) of time.", count=waiting)
        again = Said("They are read again where the network allows; the page Channels shows how far.")
        yield Advice("warn", told, again)
    if lost:
        told = Said("Posts of {count} stretch(es) of time cannot be collected any more.", count=len(lost))
        yield Advice("warn", told, Said("Look on the network itself, then close them on the page Channels."))
