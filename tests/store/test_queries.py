"""The questions pages ask: right order, whole pages, plain values, and an index behind each queue page."""

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from webcare.domain import ACTIVE_STATES, Media
from webcare.errors import CaseNotFound, WebcareError
from webcare.store import Store, queries
from webcare.store.tables import CaseEventRow, DeliveryRow, JobRunRow, NoteRow, TriageRow


def pages(store: Store, **filters: Any) -> list[list[int]]:
    """The ids of every page until the last."""
    found, after = [], None
    while True:
        with store.read() as session:
            page = queries.queue_page(session, after=after, **filters)
        found.append([item.id for item in page.items])
        if page.next is None:
            return found
        after = page.next


def busy_desk(fill: Any) -> dict[str, Any]:
    """Thirty cases over queues, states, priorities and deadlines, some of them equal in all of these."""
    account, robin = fill.account(), fill.agent()
    thread = fill.thread(account)
    rows = []
    for number in range(30):
        values = {
            "queue": ("first_line", "second_line", "unsorted")[number % 3],
            "state": ("new", "open", "waiting", "resolved")[number % 4],
            "priority": 1 + number % 4 // 2,
            "respond_by": fill.noon + timedelta(minutes=number % 5),
            "assignee_id": robin if number % 2 else None,
        }
        rows.append(values | {"id": fill.case(thread, account, **values)})
    return {"rows": rows, "robin": robin, "account": account, "thread": thread}


def expected(rows: list[dict[str, Any]], **filters: Any) -> list[int]:
    wanted = [row for row in rows if all(row[name] in values for name, values in filters.items())]
    return [row["id"] for row in sorted(wanted, key=lambda row: (row["priority"], row["respond_by"], row["id"]))]


def test_a_queue_shows_its_active_cases_most_urgent_first_then_by_deadline(store: Store, fill: Any) -> None:
    rows = busy_desk(fill)["rows"]
    assert pages(store, queue="first_line") == [expected(rows, queue=["first_line"], state=ACTIVE_STATES)]


def test_pages_of_any_size_put_together_are_the_whole_list_without_doubles(store: Store, fill: Any) -> None:
    rows = busy_desk(fill)["rows"]
    whole = expected(rows, state=ACTIVE_STATES)
    for limit in (1, 2, 7, 50):
        split = pages(store, limit=limit)
        assert [case for page in split for case in page] == whole
        assert all(len(page) == limit for page in split[:-1])


def test_filters_by_state_and_by_assignee_combine(store: Store, fill: Any) -> None:
    desk = busy_desk(fill)
    mine = expected(desk["rows"], state=["open", "resolved"], assignee_id=[desk["robin"]], queue=["second_line"])
    states = ("open", "resolved")
    assert pages(store, queue="second_line", states=states, assignee_id=desk["robin"], limit=2) == [
        mine[start : start + 2] for start in range(0, len(mine), 2)
    ]
    assert pages(store, states=()) == [[]]
    assert pages(store, queue="no such queue") == [[]]


def test_a_case_that_changes_between_two_pages_shifts_no_other_case(store: Store, fill: Any) -> None:
    rows = busy_desk(fill)["rows"]
    whole = expected(rows, state=ACTIVE_STATES)
    with store.read() as session:
        first = queries.queue_page(session, limit=3)
    with store.write() as session:
        session.connection().exec_driver_sql(f"UPDATE desk_case SET state = 'resolved' WHERE id = {whole[0]}")
    with store.read() as session:
        rest = queries.queue_page(session, after=first.next, limit=500)
    assert [item.id for item in rest.items] == whole[3:]


@pytest.mark.parametrize(
    "mark", ["", "rubbish", "бла", "WzEsIDJd", "eyJhIjogMX0", "WyJ4IiwgIjIwMjYiLCAxXQ", "A" * 9000]
)
def test_a_page_mark_that_is_not_ours_is_refused_in_words(store: Store, mark: str) -> None:
    with store.read() as session, pytest.raises(WebcareError, match="page mark in the address is not valid"):
        queries.queue_page(session, after=mark)


def test_an_item_carries_names_and_is_plain_data(store: Store, fill: Any) -> None:
    account, robin = fill.account(), fill.agent("robin")
    case = fill.case(fill.thread(account), account, assignee_id=robin, customer_name="Åsa 🛋️", excerpt="<b>hej</b>")
    with store.read() as session:
        (item,) = queries.queue_page(session).items
    assert (item.id, item.account_key, item.assignee_name, item.customer_name) == (case, "x_hemlund", "Robin", "Åsa 🛋️")
    assert item.excerpt == "<b>hej</b>"
    assert item.respond_by == fill.noon + timedelta(hours=4)
    assert item.respond_by.utcoffset() == timedelta(0)
    assert pickle.loads(pickle.dumps(item)) == item
    with pytest.raises(dataclasses.FrozenInstanceError):
        item.state = "open"  # type: ignore[misc]


def test_counters_count_active_and_overdue_cases_per_queue_and_mine(store: Store, fill: Any) -> None:
    desk = busy_desk(fill)
    now = fill.noon + timedelta(minutes=2)
    active = [row for row in desk["rows"] if row["state"] in ACTIVE_STATES]
    with store.read() as session:
        counted = queries.counters(session, now, agent_id=desk["robin"])
    for queue in ("first_line", "second_line", "unsorted"):
        here = [row for row in active if row["queue"] == queue]
        assert counted.by_queue[queue] == len(here)
        assert counted.overdue_by_queue[queue] == sum(row["respond_by"] < now for row in here)
    mine = [row for row in active if row["assignee_id"] == desk["robin"]]
    assert (counted.mine, counted.mine_overdue) == (len(mine), sum(row["respond_by"] < now for row in mine))
    assert counted.total == len(active)


def test_counters_of_an_empty_desk_are_zero_for_every_queue(store: Store, fill: Any) -> None:
    with store.read() as session:
        counted = queries.counters(session, fill.noon)
    assert counted.by_queue == counted.overdue_by_queue == {"first_line": 0, "second_line": 0, "unsorted": 0}
    assert (counted.total, counted.overdue, counted.mine, counted.needs_human) == (0, 0, 0, 0)


def make_delivery(fill: Any, case: int, account: int, agent: int, **changes: Any) -> int:
    values = {
        "case_id": case,
        "account_id": account,
        "target_external_id": "m1",
        "thread_external_id": "t1",
        "kind": "reply",
        "text": "Tomorrow.",
        "fingerprint": "f",
        "rules_version": "1",
        "author_id": agent,
        "approver_id": agent,
        "created_at": fill.noon,
        "not_before": fill.noon,
    }
    made: int = fill.add(DeliveryRow(**values | changes))
    return made


def test_a_case_view_holds_the_whole_thread_and_everything_beside_it(store: Store, fill: Any) -> None:
    account, robin = fill.account(), fill.agent("robin")
    thread = fill.thread(account)
    earlier, case = (fill.case(thread, account) for _ in range(2))
    first = fill.mention(thread, account, "first", case_id=earlier)
    ours = fill.mention(thread, account, "ours", is_ours=True, media=[{"kind": "image", "url": "https://a.example/i"}])
    fill.mention(fill.thread(account), account, "elsewhere")
    note = fill.add(NoteRow(case_id=case, agent_id=robin, agent_name="Robin", text="intern", created_at=fill.noon))
    delivery = make_delivery(fill, case, account, robin, state="needs_human", attachments=["a.jpg"])
    fill.add(
        CaseEventRow(case_id=case, at=fill.noon, actor_id=robin, actor_name="Robin", kind="claimed", detail={"a": 1})
    )
    with store.read() as session:
        view = queries.case_view(session, case)
        counted = queries.counters(session, fill.noon)
    assert (view.case.id, view.account.key, view.earlier_mentions) == (case, "x_hemlund", 0)
    assert [mention.id for mention in view.mentions] == [first, ours]
    assert view.mentions[1].media == (Media("image", "https://a.example/i"),)
    assert [(one.id, one.text) for one in view.notes] == [(note, "intern")]
    assert [(one.id, one.author_name, one.attachments) for one in view.deliveries] == [(delivery, "Robin", ("a.jpg",))]
    assert [(one.kind, one.detail) for one in view.events] == [("claimed", {"a": 1})]
    assert counted.needs_human == 1
    assert pickle.loads(pickle.dumps(view)) == view


def test_of_several_triages_of_a_mention_the_newest_counts(store: Store, fill: Any) -> None:
    account = fill.account()
    thread = fill.thread(account)
    case = fill.case(thread, account)
    mention = fill.mention(thread, account, case_id=case)
    for version, topic in (("keywords-1", "order"), ("person", "delivery")):
        fill.add(
            TriageRow(
                mention_id=mention,
                language="nl",
                sentiment="negative",
                urgency="high",
                topic=topic,
                needs_reply=True,
                line="first_line",
                reason="",
                confidence={"topic": 0.5},
                words=[["bank", 0.9]],
                model_version=version,
                decided_at=fill.noon,
            )
        )
    with store.read() as session:
        triage = queries.case_view(session, case).triage
    assert list(triage) == [mention]
    assert (triage[mention].topic, triage[mention].model_version) == ("delivery", "person")
    assert triage[mention].words == (("bank", 0.9),)


def test_a_storm_of_posts_shows_the_newest_and_says_how_many_are_left_out(
    store: Store, fill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_POSTS", 3)
    account = fill.account()
    thread = fill.thread(account)
    case = fill.case(thread, account)
    ids = [fill.mention(thread, account) for _ in range(5)]
    with store.read() as session:
        view = queries.case_view(session, case)
    assert ([mention.id for mention in view.mentions], view.earlier_mentions) == (ids[2:], 2)


def test_a_case_that_does_not_exist_is_named_in_the_error(store: Store) -> None:
    with store.read() as session, pytest.raises(CaseNotFound, match="case 404"):
        queries.case_view(session, 404)


def test_accounts_come_by_key_and_the_newest_run_of_each_job_and_key(store: Store, fill: Any) -> None:
    for key in ("x_hemlund", "fb_hemlund"):
        fill.account(key)
    for job, key, outcome in (("poll", "a", "error"), ("poll", "b", "ok"), ("poll", "a", "ok"), ("send", "", "ok")):
        fill.add(JobRunRow(job=job, key=key, started_at=fill.noon, outcome=outcome))
    with store.read() as session:
        assert [account.key for account in queries.accounts(session)] == ["fb_hemlund", "x_hemlund"]
        runs = [(run.job, run.key, run.outcome) for run in queries.last_runs(session)]
    assert runs == [("poll", "a", "ok"), ("poll", "b", "ok"), ("send", "", "ok")]


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({"queue": "first_line"}, "ix_desk_case_queue_page"),
        ({}, "ix_desk_case_state_page"),
        ({"assignee_id": 1}, "ix_desk_case_assignee"),
        ({"assignee_id": 1, "states": ("resolved",)}, "ix_desk_case_assignee"),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_sqlite_reads_each_run_of_a_page_in_order_from_its_index(
    sqlite_store: Store, filters: dict[str, Any], index: str, after: bool
) -> None:
    mark = "WzIsICIyMDI2LTAyLTEwVDExOjAwOjAwKzAwOjAwIiwgN10" if after else None
    plan = plan_of(sqlite_store, after=mark, **filters)
    runs = [line for line in plan if "desk_case" in line and "INDEX" in line]
    assert len(runs) == len(filters.get("states", ACTIVE_STATES))
    assert all(index in line and "COVERING" in line for line in runs)
    assert sum("TEMP B-TREE FOR ORDER BY" in line for line in plan) == 1  # the merge of at most 2 x 51 rows


def test_sqlite_counts_the_queues_from_an_index_alone(sqlite_store: Store) -> None:
    plan = plan_of(sqlite_store, counting=True)
    assert any("COVERING INDEX ix_desk_case_state_page (state=?)" in line for line in plan)


def plan_of(store: Store, *, counting: bool = False, **filters: Any) -> list[str]:
    """SQLite's plan of the first statement of a page or of the counters, line by line."""
    seen: list[tuple[str, Any]] = []
    with store.read() as session:
        connection = session.connection()
        event.listen(
            connection, "before_cursor_execute", lambda c, cursor, text, values, *rest: seen.append((text, values))
        )
        if counting:
            queries.counters(session, datetime(2026, 2, 10, tzinfo=UTC))
        else:
            queries.queue_page(session, **filters)
        statement, values = seen[0]
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


def test_a_page_can_be_narrowed_by_one_value_of_several_columns(store: Store, fill: Any) -> None:
    desk = busy_desk(fill)
    rows = [row | {"urgency": "normal"} for row in desk["rows"]]
    nobody = expected(rows, state=ACTIVE_STATES, assignee_id=[None])
    assert pages(store, only={"assignee_id": None, "urgency": "normal"}, limit=4) == [
        nobody[start : start + 4] for start in range(0, len(nobody), 4)
    ]
    assert pages(store, only={"urgency": "critical"}) == [[]]
    with store.read() as session, pytest.raises(ValueError, match="cannot be narrowed by state, text"):
        queries.queue_page(session, only={"text": "x", "state": "new"})


def test_cases_by_id_come_in_the_order_asked_for(store: Store, fill: Any) -> None:
    ids = [row["id"] for row in busy_desk(fill)["rows"][:3]]
    with store.read() as session:
        found = queries.cases_by_id(session, [ids[2], 404, ids[0], ids[2]])
        assert queries.cases_by_id(session, []) == ()
    assert [item.id for item in found] == [ids[2], ids[0]]
