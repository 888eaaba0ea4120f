"""What open pages ask for news: the marks, asked over real HTTP and held against those the pages were drawn with."""

import http.client
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from filling import token_for
from sqlmodel import select, update
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, html_of
from tests.listening import listening
from webcare import cases, console, people, web
from webcare.app import App
from webcare.cases import presence
from webcare.console import banner, watching
from webcare.domain import Role
from webcare.errors import StoreUnavailable
from webcare.store.tables import AccountRow
from webcare.store.tables_desk import PresenceRow
from webcare.testing import Desk


class Asker:
    """A browser that asks the console's server for marks."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    def answer(self, *questions: str, **headers: str) -> tuple[int, str]:
        """Status and words of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        query = urlencode([("q", question) for question in questions])
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Cookie"] = f"{web.COOKIE}={self.token}"
        connection.request("GET", f"/desk/news?{query}", headers=sent)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def mark(self, question: str) -> str:
        """The mark of one question."""
        status, body = self.answer(question)
        assert status == 200
        found: str = json.loads(body)["marks"][question]
        return found


@pytest.fixture
def noor(app: App, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asker]:
    """Noor's browser; what people share is read anew each time, as it is after two seconds."""
    monkeypatch.setattr("webcare.console.queue_watch._SHARED_S", 0.0)
    served = Starlette(
        routes=web.routes(app, mark=console.mark_of), middleware=web.middleware(app, index=console.INDEX)
    )
    with listening(served) as port:
        yield Asker(port, token_for(desk, Role.FIRST_LINE))


def drawn(test: AppTest, kind: str) -> dict[str, Any]:
    """What the listener beside a part of the page was given."""
    found = [json.loads(one.proto.json) for one in test.get("bidi_component") if "watch" in one.proto.component_name]
    mine: list[dict[str, Any]] = [one for one in found if one["question"].partition(" ")[0] == kind]
    assert len(mine) == 1
    return mine[0]


@pytest.mark.parametrize("kind", ["tabs", "list", "turns", "health"])
def test_a_queue_that_stands_still_has_the_mark_it_was_drawn_with(
    open_page: OpenPage, desk: Desk, noor: Asker, kind: str
):
    desk.open_case("Where is my sofa?")
    part = drawn(open_page(), kind)
    assert noor.mark(part["question"]) == part["mark"]


def test_a_new_case_changes_the_list_and_its_count(open_page: OpenPage, desk: Desk, noor: Asker):
    desk.open_case("Where is my sofa?")
    page = open_page()
    desk.open_case("Where is my table?")
    for kind in ("tabs", "list"):
        part = drawn(page, kind)
        new = noor.mark(part["question"])
        assert new != part["mark"]
        assert drawn(open_page(), kind)["mark"] == new


@pytest.mark.parametrize(
    "change",
    [
        {"disconnected_at": datetime(2026, 11, 1, tzinfo=UTC)},
        {"last_polled_at": datetime(2026, 11, 1, tzinfo=UTC)},
        {"last_error": "the network is busy"},
        {"not_before": datetime(2096, 11, 1, tzinfo=UTC)},
        {"token_expires_at": datetime(2026, 11, 1, tzinfo=UTC)},
        {"capped_at": datetime(2026, 11, 1, tzinfo=UTC)},
    ],
)
def test_trouble_with_an_account_is_news_on_every_page_and_so_is_its_end(
    open_page: OpenPage, desk: Desk, noor: Asker, change: dict[str, Any]
) -> None:
    case = desk.open_case()
    parts = [drawn(open_page(), "health"), drawn(open_page("case", case=case.id), "health")]
    with desk.store.write() as session:
        account = session.exec(select(AccountRow)).one()
        before = {name: getattr(account, name) for name in change}
        for name, value in change.items():
            setattr(account, name, value)
    banner.look_again()
    assert all(noor.mark(part["question"]) != part["mark"] for part in parts)
    with desk.store.write() as session:
        session.exec(update(AccountRow).values(before))
    banner.look_again()
    assert all(noor.mark(part["question"]) == part["mark"] for part in parts)


def test_who_opens_a_case_changes_the_list_of_everybody_alike(open_page: OpenPage, desk: Desk, noor: Asker):
    case = desk.open_case()
    part = drawn(open_page(), "list")
    with desk.store.write() as session:
        presence.look(session, case.id or 0, by=desk.second, now=datetime.now(UTC))
    new = noor.mark(part["question"])
    assert new != part["mark"]
    assert Asker(noor.port, token_for(desk, Role.SECOND_LINE)).mark(part["question"]) == new


def test_the_count_of_what_is_mine_is_mine(open_page: OpenPage, desk: Desk, noor: Asker):
    case = desk.open_case()
    before = noor.mark("tabs")
    with desk.store.write() as session:
        cases.claim(session, case.id or 0, by=desk.first, now=desk.now)
    assert noor.mark("tabs") != before
    assert Asker(noor.port, token_for(desk, Role.TEAM_LEAD)).mark("tabs") == before


@pytest.mark.usefixtures("unhurried")
def test_a_case_has_another_mark_once_it_changed_and_while_somebody_types(open_page: OpenPage, desk: Desk, noor: Asker):
    case = desk.open_case()
    part = drawn(open_page("case", case=case.id), "case")
    assert part["question"] == f"case {case.id}"
    assert noor.mark(part["question"]) == part["mark"]
    with desk.store.write() as session:
        presence.look(session, case.id or 0, by=desk.second, now=datetime.now(UTC), typing="reply")
    typing = noor.mark(part["question"])
    assert typing != part["mark"]
    page = open_page("case", case=case.id)
    assert drawn(page, "case")["mark"] == typing
    assert "is writing a reply" in html_of(page)
    with desk.store.write() as session:
        cases.claim(session, case.id or 0, by=desk.second, now=desk.now)
    assert noor.mark(part["question"]) != typing


def test_asking_keeps_somebody_in_the_case_and_brings_nobody_back(open_page: OpenPage, desk: Desk, noor: Asker):
    case = desk.open_case()
    part = drawn(open_page("case", case=case.id), "case")
    with desk.store.write() as session:
        row = session.get_one(PresenceRow, (case.id, desk.first.id))
        row.seen_at -= presence.SEEN_FOR / 2
        session.add(row)
        faded = row.seen_at
    assert noor.mark(part["question"]) == part["mark"]
    with desk.store.read() as session:
        assert session.get_one(PresenceRow, (case.id, desk.first.id)).seen_at > faded
    with desk.store.write() as session:
        presence.leave(session, case.id or 0, by=desk.first)
    assert noor.mark(part["question"]) != part["mark"]
    with desk.store.read() as session:
        assert session.get(PresenceRow, (case.id, desk.first.id)) is None


def test_an_answer_to_a_question_changes_the_strip_of_who_asked(desk: Desk, noor: Asker):
    case = desk.open_case()
    before = noor.mark("turns")
    with desk.store.write() as session:
        cases.claim(session, case.id or 0, by=desk.first, now=desk.now)
        cases.hand_over(session, case.id or 0, question="In stock?", by=desk.first, now=desk.now)
    with desk.store.write() as session:
        cases.claim(session, case.id or 0, by=desk.second, now=desk.now)
        cases.hand_back(session, case.id or 0, answer="Yes.", by=desk.second, now=desk.now)
        cases.claim(session, case.id or 0, by=desk.first, now=desk.now)
    assert noor.mark("turns") != before


def test_who_is_signed_out_or_a_stranger_is_told_so_and_nothing_else(desk: Desk, noor: Asker):
    case = desk.open_case("Not for everybody")
    people.sign_out(desk.store, noor.token, now=datetime.now(UTC))
    for asker in (noor, Asker(noor.port, ""), Asker(noor.port, "x" * 200)):
        assert asker.answer(f"case {case.id}", "tabs") == (200, '{"out":true}')


def test_other_sites_and_odd_questions_are_refused(noor: Asker):
    assert noor.answer("tabs", Sec_Fetch_Site="cross-site")[0] == 400
    assert noor.answer("tabs", Sec_Fetch_Site="same-origin")[0] == 200
    assert noor.answer()[0] == 400
    assert noor.answer(*["tabs"] * 9)[0] == 400
    assert noor.answer("case " + "1" * 200)[0] == 400


@pytest.mark.parametrize("question", ["", "no such thing", "list 0123", "case", "case x", "case -1", "case 99999999"])
def test_a_question_that_means_nothing_has_a_mark_like_no_page(noor: Asker, question: str):
    assert noor.mark(question) in ("", "CaseNotFound")


def test_no_words_of_a_customer_are_in_an_answer(open_page: OpenPage, desk: Desk, noor: Asker):
    case = desk.open_case("Confidential waterbed")
    page = open_page()
    questions = [drawn(page, kind)["question"] for kind in ("tabs", "list", "turns")] + [f"case {case.id}"]
    _status, body = noor.answer(*questions)
    assert set(json.loads(body)["marks"]) == set(questions)
    assert all(len(mark) <= 20 and mark.isalnum() for mark in json.loads(body)["marks"].values())


def test_a_database_that_is_away_is_another_mark_and_its_return_too(
    open_page: OpenPage, desk: Desk, noor: Asker, monkeypatch: pytest.MonkeyPatch
):
    desk.open_case()
    part = drawn(open_page(), "list")

    def gone(*args: object, **more: object) -> None:
        raise StoreUnavailable("The database does not answer.")

    with monkeypatch.context() as away:
        away.setattr("webcare.console.queue_watch.queue_page", gone)
        assert noor.mark(part["question"]) == watching.TROUBLE
        assert drawn(open_page(), "list")["mark"] == watching.TROUBLE
    assert noor.mark(part["question"]) == part["mark"]


def test_a_list_with_rows_that_left_it_is_drawn_again_after_a_while(
    open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    case = desk.open_case()
    page = open_page()
    assert drawn(page, "list")["at_most_s"] == 0
    with desk.store.write() as session:
        cases.snooze(session, case.id or 0, until=desk.now + timedelta(hours=3), by=desk.first, now=desk.now)
    # As when the part runs by itself: rows stay where they are.
    monkeypatch.setattr("webcare.console.queue_bulk.keeps_the_list", lambda: True)
    part = drawn(page.run(), "list")
    assert float(part["at_most_s"]) > float(part["every_s"])


def test_what_all_share_is_read_once_and_each_desk_for_itself(app: App, monkeypatch: pytest.MonkeyPatch):
    reads: list[int] = []
    for _ in range(3):
        watching.shared("sum", 60.0, lambda: reads.append(1))
    assert len(reads) == 1
    watching._shared["sum"] = (time.monotonic() + 60, object(), "of another desk")
    assert watching.shared("sum", 60.0, lambda: "ours") == "ours"
