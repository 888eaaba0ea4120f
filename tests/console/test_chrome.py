"""What surrounds every page: who is here, what is wrong with the desk, and what happens when something breaks."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, components, html_of
from webcare.console import banner
from webcare.console.banner import find_troubles
from webcare.domain import Role
from webcare.settings import load_settings
from webcare.store.queries import AccountView, Counters
from webcare.store.tables import AgentRow, SignInRow
from webcare.testing import Desk

NOW = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
SETTINGS = load_settings(env={})
QUIET = Counters({}, {})


def account(**changes: object) -> AccountView:
    usual: dict[str, object] = {
        "id": 1,
        "key": "x_hemlund",
        "channel": "x",
        "external_id": "1",
        "name": "Hemlund",
        "handle": "hemlund",
        "active": True,
        "last_polled_at": NOW,
        "last_success_at": NOW,
        "not_before": None,
        "last_error": "",
        "disconnected_at": None,
    }
    return AccountView(**(usual | changes))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def look_again() -> None:
    """The banner remembers for some seconds what it saw; each test looks for itself."""
    banner.look_again()


EVERYBODY = [role for role in Role if role is not Role.SYSTEM]
SEE_FIGURES = [Role.TEAM_LEAD, Role.MANAGER, Role.ADMIN]
OPEN = [(page, role) for page in ("queue", "case") for role in EVERYBODY] + [("manager", role) for role in SEE_FIGURES]


@pytest.mark.parametrize(("page", "role"), OPEN)
def test_every_role_opens_its_pages(open_page: OpenPage, desk: Desk, page: str, role: Role):
    case = desk.open_case()
    test = open_page(page, role, case=case.id)
    assert not test.exception
    assert f"<bdi>{desk.people[role].name}</bdi>" in html_of(test)
    assert "wc-bad" not in html_of(test)


@pytest.mark.parametrize("role", [role for role in EVERYBODY if role not in SEE_FIGURES])
def test_pages_a_role_may_not_see_are_not_there(open_page: OpenPage, role: Role):
    with pytest.raises(ValueError, match=r"manager\.py"):
        open_page("manager", role)


@pytest.mark.parametrize("page", ["queue", "case", "manager"])
def test_nobody_signed_in_sees_nothing_but_the_way_in(open_page: OpenPage, desk: Desk, page: str):
    case = desk.open_case("A secret matter")
    test = open_page(page, None, case=case.id)
    assert "You are signed out." in html_of(test)
    assert "A secret matter" not in html_of(test)
    assert components(test) == []


def test_a_sign_in_revoked_meanwhile_counts_at_the_next_click(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    with desk.store.write() as session:
        for row in session.exec(select(SignInRow)):
            row.revoked_at = datetime.now(UTC)
    test.button(key=f"claim_{case.id}").click().run()
    assert "You are signed out." in html_of(test)
    assert desk.events(case.id) == ["opened"]


def test_a_role_taken_away_meanwhile_counts_at_the_next_click(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    with desk.store.write() as session:
        row = session.exec(select(AgentRow).where(AgentRow.role == Role.FIRST_LINE.value)).one()
        row.role = Role.MANAGER.value
    test.button(key=f"claim_{case.id}").click().run()
    assert desk.events(case.id) == ["opened"]
    assert "(Manager) does not have this right: Work on cases." in html_of(test)


def test_a_name_with_markup_is_only_a_name(open_page: OpenPage, desk: Desk):
    with desk.store.write() as session:
        row = session.exec(select(AgentRow).where(AgentRow.role == Role.FIRST_LINE.value)).one()
        row.name = "<b>Noor</b> :red[x]"
    assert "&lt;b&gt;Noor&lt;/b&gt; :red[x]" in html_of(open_page())


def test_a_healthy_desk_has_no_banner(open_page: OpenPage, desk: Desk):
    assert "wc-alert" not in html_of(open_page())


def test_a_disconnected_account_is_told_first(open_page: OpenPage):
    gone = account(key="fb", channel="facebook", disconnected_at=NOW - timedelta(minutes=9), last_error="token expired")
    late = account(last_polled_at=NOW - timedelta(hours=1))
    open_page()
    tones = [tone for tone, _ in find_troubles(SETTINGS, (late, gone), QUIET, NOW)]
    assert tones == ["bad", "warn"]
    told = "".join(find_troubles(SETTINGS, (gone,), QUIET, NOW)[0][1])
    assert "Facebook (<bdi>Hemlund</bdi>) is disconnected since" in told
    assert "token expired" in told


@pytest.mark.parametrize(
    ("found", "counted", "words"),
    [
        ((), QUIET, "No network is connected yet"),
        ((account(active=False),), QUIET, "No network is connected yet"),
        ((account(last_polled_at=None),), QUIET, "Nothing was collected from X (<bdi>Hemlund</bdi>) yet"),
        ((account(last_polled_at=NOW - timedelta(minutes=10)),), QUIET, "the jobs do not run"),
        ((account(last_error="the network is busy"),), QUIET, "the network is busy"),
        ((account(),), Counters({}, {}, needs_human=2), "2 replies need a look"),
    ],
)
def test_what_is_wrong_with_the_desk_is_told_in_words(
    open_page: OpenPage, found: tuple[AccountView, ...], counted: Counters, words: str
) -> None:
    open_page()
    (trouble,) = find_troubles(SETTINGS, found, counted, NOW)
    assert words in "".join(trouble[1])


def test_a_poll_that_is_merely_due_is_no_trouble(open_page: OpenPage):
    assert find_troubles(SETTINGS, (account(last_polled_at=NOW - timedelta(seconds=70)),), QUIET, NOW) == []


def test_a_desk_that_cannot_be_reached_is_told_in_its_own_words():
    def page() -> None:
        from webcare.console import on_script_error
        from webcare.errors import StoreUnavailable

        on_script_error(StoreUnavailable("the database is locked by another program"))

    assert "the database is locked by another program" in html_of(AppTest.from_function(page).run())


def test_what_no_page_foresaw_is_shown_calmly_and_without_a_word_of_a_customer(caplog: pytest.LogCaptureFixture):
    def page() -> None:
        from webcare.console import on_script_error

        on_script_error(ValueError("the customer wrote: my number is 0612345678"))

    shown = html_of(AppTest.from_function(page).run())
    assert "Something went wrong on this page (mark " in shown
    assert "0612345678" not in shown
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "ValueError" in logged
    assert "0612345678" not in logged
