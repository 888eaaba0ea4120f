"""What networks told by webhook: each post that names us is looked up, taken in like a polled one, and closed.

As everywhere the network is asked first, then the model, and one transaction writes the posts and closes the notices:
a crash before it means that the same is asked once more, and the posts' own ids keep them from being stored twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlmodel import Session, select

from webcare.cases.intake import take_in
from webcare.channels.base import Channel, RateState, ReadsNamed, Refreshed, Spend
from webcare.collecting import Machine, decided, note_refusal, pay, why_not
from webcare.domain import Mention
from webcare.errors import AccountDisconnected, ChannelError, ChannelThrottled, ChannelUnavailable
from webcare.ingest import account_row, news_of
from webcare.store.hooks import close, due_notices, poll_wanted, still_waiting, try_later
from webcare.store.tables import AccountRow
from webcare.store.tables_hooks import HookNoticeRow

#: A webhook may come before Instagram shows the post it names, so it is asked for so often before it counts as gone.
GONE_TRIES = 3
#: A notice that could not be read for so long is given up, and the account's health says so.
GIVE_UP = timedelta(days=7)
#: Two polls that webhooks ask for lie so far apart at least.
POLL_GAP = timedelta(seconds=10)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
_GONE = "Deleted, or not shown to us."


@dataclass(frozen=True, slots=True)
class ReadStep:
    """What one turn came to."""

    closed: int = 0  #: notices that need nothing more
    taken: int = 0  #: posts stored
    again: bool = False  #: more is due
    skipped: str = ""


@dataclass(slots=True)
class _Answers:
    """What the network said to each notice of one turn."""

    found: dict[int, Mention] = field(default_factory=dict)
    unseen: set[int] = field(default_factory=set)
    failed: dict[int, ChannelError] = field(default_factory=dict)
    rates: dict[str, RateState] = field(default_factory=dict)
    spent: list[Spend] = field(default_factory=list)
    stopped: ChannelError | None = None  #: concerns the whole account, so nothing further was asked

    def together(self) -> Refreshed:
        """All of them as one answer."""
        return Refreshed(tuple(self.found.values()), rates=self.rates, spent=tuple(self.spent))


def read_told(machine: Machine, channel: Channel, *, account_key: str, at_most: int) -> ReadStep:
    """Look up what waits on one account, at most so many, and take it in.

    Raises ChannelError that concerns the whole account; what was read before it is kept.
    """
    if not channel.capabilities.webhook:
        return ReadStep()
    now = machine.clock()
    with machine.store.read() as session:
        account = account_row(session, account_key)
        assert account.id is not None
        due = due_notices(session, account.id, now=now, limit=at_most + 1)
    if not due:
        return ReadStep()
    if reason := why_not(machine, account, "refresh", now, share=1.0):
        return ReadStep(skipped=reason)
    answers = _ask(cast(ReadsNamed, channel), due[:at_most])
    news = news_of(machine.store, account, list(answers.found.values()))
    labelled = decided(machine, account, news)
    with machine.store.write() as session:
        account, now = account_row(session, account_key, lock=True), machine.clock()
        pay(session, machine, account, answers.together(), "refresh")
        # Closed together with what they brought: neither can stand without the other.
        taken = take_in(session, account, labelled, now=now)
        closed = _settle(session, due[:at_most], answers, now)
    if isinstance(answers.stopped, ChannelThrottled):
        note_refusal(machine, account_key, answers.stopped)
    if answers.stopped is not None:
        raise answers.stopped
    return ReadStep(closed, taken.stored, again=len(due) > at_most)


def told_waits(session: Session, account_key: str, *, now: datetime) -> bool:
    """Whether a notice is due on this account; a cheap look."""
    account = session.exec(select(AccountRow.id).where(AccountRow.key == account_key, AccountRow.active)).first()
    return account is not None and bool(due_notices(session, account, now=now, limit=1))


def poll_waits(session: Session, account_key: str, *, now: datetime) -> bool:
    """Whether a webhook says that a poll of this account is worth its requests now; a cheap look.

    Limits and caps are the poll's own matter. A poll that began before the webhook came may overlook what it is about;
    the next ordinary one does not.
    """
    if poll_wanted(session, account_key) is None:
        return False
    row = session.exec(select(AccountRow).where(AccountRow.key == account_key)).one()
    if row.disconnected_at is not None or (row.not_before is not None and row.not_before > now):
        return False
    return row.last_polled_at is None or now - row.last_polled_at >= POLL_GAP


def _ask(channel: ReadsNamed, notices: Sequence[HookNoticeRow]) -> _Answers:
    answers = _Answers()
    for notice in notices:
        assert notice.id is not None
        number = notice.item_id if notice.kind == "comment" else ""
        try:
            told = channel.read_named(media_id=notice.media_id, comment_id=number)
        except ChannelError as error:
            answers.failed[notice.id] = error
            if isinstance(error, (ChannelThrottled, ChannelUnavailable, AccountDisconnected)):
                answers.stopped = error
                break
            continue
        answers.rates |= told.rates
        answers.spent += told.spent
        if told.mentions:
            answers.found[notice.id] = told.mentions[0]
        else:
            answers.unseen.add(notice.id)
        if any(rate.remaining == 0 for rate in told.rates.values()):
            break
    return answers


def _settle(session: Session, asked: Sequence[HookNoticeRow], answers: _Answers, now: datetime) -> int:
    """Close what was answered and put off what was not; gives how many were closed."""
    closed = 0
    for id_, row in still_waiting(session, [one.id or 0 for one in asked]).items():
        if id_ in answers.found:
            close(session, row, "taken", now=now)
        elif id_ in answers.unseen:
            _unseen(session, row, now)
        elif id_ in answers.failed:
            _failed(session, row, answers.failed[id_], now)
        elif answers.stopped is not None:
            # Not asked at all; the account comes first.
            row.not_before = max(row.not_before, _later(answers.stopped, 0, now))
            session.add(row)
        closed += row.done_at is not None
    return closed


def _unseen(session: Session, row: HookNoticeRow, now: datetime) -> None:
    if row.tries + 1 >= GONE_TRIES:
        close(session, row, "gone", now=now, why=_GONE)
    else:
        try_later(session, row, at=now + _wait(row.tries), why=_GONE)


def _failed(session: Session, row: HookNoticeRow, error: ChannelError, now: datetime) -> None:
    if now - row.received_at >= GIVE_UP and not isinstance(error, ChannelThrottled):
        close(session, row, "unread", now=now, why=str(error))
    else:
        try_later(session, row, at=_later(error, row.tries, now), why=str(error))


def _later(error: ChannelError, tries: int, now: datetime) -> datetime:
    until = error.wait_until(now) if isinstance(error, ChannelThrottled) else None
    return until or now + _wait(tries)


def _wait(tries: int) -> timedelta:
    """Twice as long after each attempt, up to an hour."""
    return min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(tries, 10)))
