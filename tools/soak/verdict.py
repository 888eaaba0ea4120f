"""Compares the networks' ledger with the desk's database: missed, doubled, lost, sent twice, kept though deleted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, select

from tools.soak.people import People
from tools.soak.town import Entry, Town
from webcare.domain import DeliveryState
from webcare.sandbox import Sandbox
from webcare.store import Store
from webcare.store.tables import AccountRow, DeliveryRow, GapRow, MentionRow, MentionVersionRow

#: Deletions and edits must have been noticed by now; the promise is a day.
A_DAY = timedelta(hours=25)
#: At the end nothing is wrong with the networks, so the last success may not be older than this.
_SILENT = timedelta(hours=1)
#: States in which the desk says that it knows: whether the reply stands on the network.
_CERTAIN = {DeliveryState.SENT.value: True, DeliveryState.FAILED.value: False}


@dataclass(slots=True)
class Verdict:
    """What came of a soak. `faults` is empty when every promise was kept."""

    figures: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  #: what is missing where the desk says that something may be

    def count(self, name: str, found: Iterable[str], *, wrong: bool = True) -> None:
        """Note how many there were, and the first few of what should not be."""
        listed = list(found)
        self.figures[name] = len(listed)
        if listed:
            (self.faults if wrong else self.told).append(f"{name}: {len(listed)}, e.g. {'; '.join(listed[:5])}")


@dataclass(slots=True)
class _Stored:
    rows: dict[str, list[MentionRow]]  #: by account key and id of any version
    gaps: dict[str, list[GapRow]]


def judge(store: Store, town: Town, people: People, box: Sandbox, now: datetime) -> Verdict:
    """Every check over the whole run."""
    verdict = Verdict()
    with store.read() as session:
        stored = _stored(session)
        _alive(verdict, session, now)
        _collected(verdict, stored, town.ledger, now)
        _honoured(verdict, stored, town.ledger, now)
        _answered(verdict, session, people, box)
    return verdict


def _alive(verdict: Verdict, session: Session, now: datetime) -> None:
    """Whatever happened, at the end every account is collected from again."""
    rows = session.exec(select(AccountRow)).all()
    silent = [row for row in rows if row.last_success_at is None or now - row.last_success_at > _SILENT]
    told = (f"{row.key} since {row.last_success_at}, not before {row.not_before}: {row.last_error}" for row in silent)
    verdict.count("accounts that stayed silent", told)


def _stored(session: Session) -> _Stored:
    keys = {row.id: row.key for row in session.exec(select(AccountRow))}
    rows: dict[str, list[MentionRow]] = defaultdict(list)
    by_id = {}
    for row in session.exec(select(MentionRow)):
        rows[f"{keys[row.account_id]} {row.external_id}"].append(row)
        by_id[row.id] = row
    for version in session.exec(select(MentionVersionRow)):
        found, row = rows[f"{keys[version.account_id]} {version.external_id}"], by_id[version.mention_id]
        if row not in found:
            found.append(row)
    gaps: dict[str, list[GapRow]] = defaultdict(list)
    for gap in session.exec(select(GapRow)):
        gaps[keys[gap.account_id]].append(gap)
    return _Stored(rows, gaps)


def _of(stored: _Stored, entry: Entry) -> list[MentionRow]:
    found = [row for id_ in entry.ids for row in stored.rows.get(f"{entry.account} {id_}", [])]
    return list({row.id: row for row in found}.values())


def _collected(verdict: Verdict, stored: _Stored, ledger: list[Entry], now: datetime) -> None:
    lasting = [entry for entry in ledger if entry.gone_at is None]
    missing = [entry for entry in lasting if not _of(stored, entry)]
    told = [entry for entry in missing if _in_gap(stored, entry)]
    verdict.figures["items written"] = len(ledger)
    verdict.figures["gone again (deleted, protected, suspended)"] = len(ledger) - len(lasting)
    verdict.count("missed without a gap that says so", (_name(one) for one in missing if one not in told))
    verdict.count("missed, inside a recorded gap", (_name(one) for one in told), wrong=False)
    verdict.count("doubled", (_name(entry) for entry in ledger if len(_of(stored, entry)) > 1))
    gaps = [gap for some in stored.gaps.values() for gap in some]
    verdict.figures["gaps recorded"] = len(gaps)
    verdict.figures["gaps closed by a backfill"] = sum(gap.closed_by == "backfill" for gap in gaps)
    verdict.figures["posts brought back by backfills"] = sum(gap.recovered for gap in gaps)


def _in_gap(stored: _Stored, entry: Entry) -> bool:
    return any(gap.since <= entry.posted_at <= gap.until for gap in stored.gaps.get(entry.account, []))


def _honoured(verdict: Verdict, stored: _Stored, ledger: list[Entry], now: datetime) -> None:
    """Deleted text is gone and edited text is the newest, a day later at most."""
    kept, stale = [], []
    for entry in ledger:
        rows = _of(stored, entry)
        if entry.gone_at is not None and now - entry.gone_at > A_DAY:
            kept += [_name(entry) for row in rows if row.text or row.deleted_at is None]
        elif entry.gone_at is None and entry.edited_at is not None and now - entry.edited_at > A_DAY:
            stale += [_name(entry) for row in rows if not row.text.endswith("(edited)")]
    verdict.count("gone from the network, text kept", kept)
    verdict.count("edited on the network, old text shown", stale)


def _answered(verdict: Verdict, session: Session, people: People, box: Sandbox) -> None:
    deliveries = {row.id: row for row in session.exec(select(DeliveryRow))}
    standing = _standing(box)
    states = Counter(deliveries[id_].state for id_ in people.approved if id_ in deliveries)
    verdict.figures["replies approved"] = len(people.approved)
    for state in DeliveryState:
        if states[state.value]:
            verdict.figures[f"replies {state.value}"] = states[state.value]
    lost, twice, untrue = [], [], []
    ends = {DeliveryState.SENT.value, DeliveryState.FAILED.value, DeliveryState.NEEDS_HUMAN.value}
    for id_, text in people.approved.items():
        row, times = deliveries.get(id_), standing[text]
        if row is None or row.state not in ends or row.text != text:
            lost.append(f"{id_} {row.state if row else 'gone'}")
        if times > 1:
            twice.append(f"{id_} stands {times} times")
        if row is not None and row.state in _CERTAIN and _CERTAIN[row.state] != (times == 1):
            untrue.append(f"{id_} is {row.state} ({row.error_code}) and stands {times} times")
    verdict.count("replies lost", lost)
    verdict.count("replies posted twice", twice)
    verdict.count("replies whose state is not the truth", untrue)


def _standing(box: Sandbox) -> Counter[str]:
    """How often each text of ours was posted, whether or not it was taken away with what it stood under."""
    world = box.world
    ours = {account.user_id for account in world.accounts.values()}
    texts = [post.written for post in world.x.posts.values() if post.author_id in ours]
    texts += [message.written for message in world.x_messages.all.values() if message.sender_id in ours]
    texts += [item.message for item in world.facebook.items.values() if item.author_id in ours]
    texts += [item.text for item in world.instagram.items.values() if item.author_id in ours]
    texts += [message.text for message in world.inbox.messages.values() if message.author_id in ours]
    return Counter(texts)


def _name(entry: Entry) -> str:
    return f"{entry.account} {entry.ids[-1]} ({entry.kind}, {entry.posted_at:%d %H:%M})"
