"""Pages of a queue in every order, by skill, each from its index; searches with filters, page by page."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from webcare.domain import ACTIVE_STATES
from webcare.errors import WebcareError
from webcare.store import Store
from webcare.store.case_search import search_cases
from webcare.store.queue import SORTS, queue_page
from webcare.store.tables_desk import CaseTagRow

ORDERS = {
    "priority": lambda row: (row["priority"], row["respond_by"], row["id"]),
    "deadline": lambda row: (row["respond_by"], row["id"]),
    "oldest": lambda row: (row["last_posted_at"], row["id"]),
    "newest": lambda row: (row["last_posted_at"], row["id"]),
}


def waiting(fill: Any, count: int = 24) -> list[dict[str, Any]]:
    account = fill.account()
    thread = fill.thread(account)
    rows = []
    for number in range(count):
        values = {
            "state": ACTIVE_STATES[number % 2],
            "priority": 1 + number % 3,
            "respond_by": fill.noon + timedelta(minutes=number * 7 % 11),
            "last_posted_at": fill.noon - timedelta(minutes=number * 5 % 9),
            "skill": ("", "store:utrecht", "market:nl")[number % 3],
        }
        rows.append(values | {"id": fill.case(thread, account, **values)})
    return rows


@pytest.mark.parametrize("sort", list(SORTS))
def test_pages_in_every_order_put_together_are_the_whole_list(store: Store, fill: Any, sort: str) -> None:
    whole = [row["id"] for row in sorted(waiting(fill), key=ORDERS[sort], reverse=sort == "newest")]
    for limit in (1, 5, 50):
        found, after = [], None
        while True:
            with store.read() as session:
                page = queue_page(session, queue="first_line", sort=sort, after=after, limit=limit)
            found += [item.id for item in page.items]
            if (after := page.next) is None:
                break
        assert found == whole


def test_a_mark_of_another_order_is_refused(store: Store, fill: Any) -> None:
    waiting(fill, 3)
    with store.read() as session:
        marks = {sort: queue_page(session, sort=sort, limit=1).next for sort in SORTS}
        for sort, mark in marks.items():
            for other in SORTS:
                if other != sort:
                    with pytest.raises(WebcareError, match="page mark"):
                        queue_page(session, sort=other, after=mark)
        with pytest.raises(ValueError, match="sorted by mood"):
            queue_page(session, sort="mood")


def test_only_what_somebody_can_answer_is_given(store: Store, fill: Any) -> None:
    rows = waiting(fill)
    with store.read() as session:
        for skills in ((), ("store:utrecht",), ("store:utrecht", "market:nl", "x")):
            found = {item.id for item in queue_page(session, skills=skills).items}
            assert found == {row["id"] for row in rows if row["skill"] in ("", *skills)}


@pytest.mark.parametrize("queue", ["first_line", None])
@pytest.mark.parametrize(("sort", "index"), [("deadline", "deadline"), ("newest", "posted"), ("oldest", "posted")])
@pytest.mark.parametrize("after", [False, True])
def test_sqlite_reads_every_order_from_an_index(
    sqlite_store: Store, make_filler: Any, queue: str | None, sort: str, index: str, after: bool
) -> None:
    waiting(make_filler(sqlite_store), 3)
    with sqlite_store.read() as session:
        mark = queue_page(session, sort=sort, limit=1).next if after else None
        seen: list[tuple[str, Any]] = []
        connection = session.connection()
        event.listen(
            connection, "before_cursor_execute", lambda c, cur, text, values, *rest: seen.append((text, values))
        )
        queue_page(session, queue=queue, sort=sort, after=mark)
        statement, values = seen[0]
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    runs = [line for line in plan if "desk_case" in line and "INDEX" in line]
    assert len(runs) == len(ACTIVE_STATES)
    name = f"ix_desk_case_{'queue' if queue else 'state'}_{index}"
    assert all(name in line and "COVERING" in line for line in runs)
    assert sum("TEMP B-TREE FOR ORDER BY" in line for line in plan) == 1


def test_a_search_gives_each_case_once_over_all_pages_and_passes_filters(store: Store, fill: Any) -> None:
    account = fill.account()
    expected = []
    for number in range(9):
        thread = fill.thread(account)
        case = fill.case(thread, account, urgency="high" if number % 3 else "normal")
        for text in ("my sofa came", "the Sofa again"):
            fill.mention(thread, account, text, case_id=case)
        if number % 3:
            expected.insert(0, case)
    found, after = [], None
    while True:
        with store.read() as session:
            page = search_cases(session, "sofa", only={"urgency": "high"}, after=after, limit=2)
        found += [one.item.id for one in page.cases]
        assert all(one.snippet.hits for one in page.cases)
        if (after := page.next) is None:
            break
    assert found == expected


def test_a_search_looks_on_where_hardly_anything_passes(
    store: Store, fill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webcare.store.case_search._STRIDE", 2)
    monkeypatch.setattr("webcare.store.case_search._STRIDES", 2)
    account = fill.account()
    cases = []
    for _ in range(9):
        thread = fill.thread(account)
        cases.append(fill.case(thread, account))
        fill.mention(thread, account, "a sofa", case_id=cases[-1])
    with store.write() as session:
        session.add(CaseTagRow(case_id=cases[0], tag="press"))
    pages, after = [], None
    while True:
        with store.read() as session:
            page = search_cases(session, "sofa", only={"tag": "press"}, after=after)
        pages.append([one.item.id for one in page.cases])
        if (after := page.next) is None:
            break
    assert pages == [[], [], [cases[0]]]
    with store.read() as session:
        assert len(search_cases(session, "sofa", only={"assignee_id": None}, skills=()).cases) == 4
        assert search_cases(session, "💥").cases == ()
        with pytest.raises(WebcareError, match="page mark"):
            search_cases(session, "sofa", after="x")
