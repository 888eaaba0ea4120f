"""The page of channels, the banner, the figures and the thread: what people are told about collecting."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare.app import App
from webcare.cases.removal import remove_gone
from webcare.channels.base import Gap, GoneReason, RateState
from webcare.console import banner, tongue
from webcare.domain import Media, Role
from webcare.store.gaps import remember_gaps
from webcare.store.hooks import Named, keep_heard
from webcare.store.rates import remember_rates
from webcare.store.tables import AccountRow, GapRow, SpendRow
from webcare.testing import Desk, make_mention

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def banner_looks_again() -> None:
    banner.look_again()


def change_account(desk: Desk, **values: object) -> None:
    with desk.store.write() as session:
        row = session.exec(select(AccountRow)).one()
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def open_a_gap(desk: Desk, **changes: object) -> int:
    now = datetime.now(UTC)
    with desk.store.write() as session:
        account = session.exec(select(AccountRow)).one()
        remember_gaps(
            session, account, [Gap(now - 3 * HOUR, now - 2 * HOUR, "history <b>ended</b>", "mentions")], now=now
        )
        row = session.exec(select(GapRow)).one()
        for name, value in changes.items():
            setattr(row, name, value)
        session.add(row)
        return row.id or 0


def test_a_healthy_account_shows_its_figures_and_no_advice(open_page: OpenPage, desk: Desk):
    now = datetime.now(UTC)
    rates = remember_rates({}, {"mentions": RateState(300, 299, now + HOUR / 4)}, use="poll", now=now)
    change_account(desk, rates=rates, token_expires_at=now + timedelta(days=59, hours=1), checked_at=now)
    with desk.store.write() as session:
        session.add(SpendRow(account_id=1, day=now.date().isoformat(), what="post_read", count=250, micros=1_250_000))
    page = html_of(open_page("channels", Role.MANAGER))
    assert "<b>59 days left</b>" in page
    assert "<b>USD 1.25</b><span>Spent today</span>" in page
    assert "<td>mentions</td><td>new posts</td><td>299</td><td>300</td>" in page
    assert "wc-alert" not in page
    assert "None was ever found." in page


@pytest.mark.parametrize("role", [Role.FIRST_LINE, Role.SECOND_LINE])
def test_the_page_of_channels_is_not_there_for_those_without_reports(open_page: OpenPage, role: Role):
    with pytest.raises(ValueError, match=r"channels\.py"):
        open_page("channels", role)


def test_trouble_is_told_with_what_to_do_on_the_page_and_in_the_banner(open_page: OpenPage, desk: Desk):
    now = datetime.now(UTC)
    change_account(
        desk, token_expires_at=now + timedelta(days=3, hours=1), missing_permissions=["pages_messaging"], capped_at=now
    )
    page = html_of(open_page("channels", Role.ADMIN))
    assert "in 3 day(s)" in page
    assert "<strong>What to do:</strong> Make new access for this account" in page
    assert "Permissions are missing: pages_messaging." in page
    assert "ends on" in page
    queue = html_of(open_page())
    assert "3 days from now: renew it." in queue
    assert "is reached: it is asked more seldom" in queue


def test_advice_is_said_in_the_language_of_whoever_reads_it(
    open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_account(desk, missing_permissions=["pages_messaging"], capped_at=datetime.now(UTC))
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    page = html_of(open_page("channels", Role.ADMIN))
    assert "Er ontbreken rechten: pages_messaging." in page
    assert "Geef ze aan de app en maak opnieuw verbinding." in page
    assert "Permissions are missing" not in page


def test_an_open_gap_stands_in_the_banner_on_the_figures_and_is_closed_by_a_person_under_their_name(
    open_page: OpenPage, desk: Desk
):
    gap_id = open_a_gap(desk, lost_at=datetime.now(UTC))
    assert "Posts may be missing from X (<bdi>Hemlund</bdi>)" in html_of(open_page())
    figures = html_of(open_page("manager", Role.MANAGER))
    assert "Posts may be missing from these figures:" in figures
    assert "history &lt;b&gt;ended&lt;/b&gt;" in figures
    test = open_page("channels", Role.MANAGER)
    assert "the network does not show it any more" in html_of(test)
    test.button(key=f"close_gap_{gap_id}").click().run()
    with desk.store.read() as session:
        assert session.exec(select(GapRow)).one().closed_by == desk.people[Role.MANAGER].name
    page = html_of(open_page("channels", Role.MANAGER))
    assert f"accepted by <bdi>{desk.people[Role.MANAGER].name}</bdi>" in page
    assert f"accepted by {desk.people[Role.MANAGER].name}" in html_of(open_page("manager", Role.MANAGER))


def test_a_gap_outside_the_period_does_not_stand_on_the_figures(open_page: OpenPage, desk: Desk):
    now = datetime.now(UTC)
    open_a_gap(desk, since=now - timedelta(days=20), until=now - timedelta(days=19))
    assert "missing from these figures" not in html_of(open_page("manager", Role.MANAGER, days="1"))
    assert "missing from these figures" in html_of(open_page("manager", Role.MANAGER, days="28"))


def test_an_account_that_rests_or_is_throttled_is_not_called_dead(open_page: OpenPage, desk: Desk):
    now = datetime.now(UTC)
    rates = remember_rates({}, {"mentions": RateState(300, 0, now + HOUR)}, use="poll", now=now - HOUR / 2)
    change_account(desk, last_polled_at=now - HOUR / 2, rates=rates)
    assert "the jobs do not run" not in html_of(open_page())
    change_account(desk, rates={}, not_before=now + HOUR)
    banner.look_again()
    page = html_of(open_page())
    assert "the jobs do not run" not in page
    assert "asks us to wait until" in page


def test_an_edited_post_says_so_and_keeps_its_earlier_words_folded_away(open_page: OpenPage, desk: Desk):
    case = desk.open_case("my <i>first</i> words")
    post = desk.channel.inbox[-1]
    desk.receive(make_mention("my second words", external_id=post.external_id, author=post.author))
    page = html_of(open_page("case", case=case.id))
    assert "<summary>edited</summary>" in page
    assert "my &lt;i&gt;first&lt;/i&gt; words" in page
    assert "my second words" in page
    assert "<details open" not in page


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (GoneReason.DELETED, "deleted on the network"),
        (GoneReason.PROTECTED, "followers only"),
        (GoneReason.SUSPENDED, "closed its writer"),
        (GoneReason.UNSEEN, "no longer visible to us"),
    ],
)
def test_a_post_that_is_gone_says_why_and_shows_no_word_of_it(
    open_page: OpenPage, desk: Desk, why: GoneReason, told: str
):
    case = desk.open_case("velvet armchair")
    with desk.store.write() as session:
        remove_gone(session, 1, {desk.channel.inbox[-1].external_id: why}, now=desk.now)
    page = html_of(open_page("case", case=case.id))
    assert told in page
    assert "velvet" not in page
    assert "Its words were removed." in page


def test_a_post_that_reached_the_desk_late_says_so(open_page: OpenPage, desk: Desk):
    post = make_mention("from a gap", posted_at=desk.now - 5 * HOUR)
    desk.receive(post)
    assert "collected 5 h after it was posted" in html_of(open_page("case", case=desk.case_of(post).id))


def test_attachments_are_links_that_nothing_loads_by_itself(open_page: OpenPage, desk: Desk):
    case = desk.open_case(
        "look",
        media=(
            Media("photo", "https://pics.example/1.jpg?a=1&b=2"),
            Media("video", "javascript:alert(1)"),
            Media('"><img src=x>', "https://pics.example/3"),
        ),
    )
    page = html_of(open_page("case", case=case.id))
    shown = '<a href="https://pics.example/1.jpg?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">photo 1 <small>'
    assert f"{shown}pics.example</small></a>" in page
    assert "<span>video 2</span>" in page
    assert "javascript:" not in page
    for loads in ("<img", "<video", "<audio", "<iframe", "<picture", "src="):
        assert loads not in page.replace("&lt;img src=x&gt;", "")


def test_an_instagram_account_says_whether_mentions_by_others_are_collected(
    open_page: OpenPage, desk: Desk, app: App, monkeypatch: pytest.MonkeyPatch
):
    change_account(desk, channel="instagram")
    page = html_of(open_page("channels", Role.MANAGER))
    assert "Captions and comments of others that name us are not collected" in page
    assert "WEBCARE_SECRET_META_WEBHOOK_VERIFY_TOKEN" in page
    monkeypatch.setattr(type(app), "hook_token", "a long word")
    page = html_of(open_page("channels", Role.MANAGER))
    assert "No webhook ever came for this account" in page
    with desk.store.write() as session:
        account = session.exec(select(AccountRow)).one()
        keep_heard(session, account.id or 0, [Named("1")], poll=False, now=datetime.now(UTC) - HOUR, at_most=9)
    page = html_of(open_page("channels", Role.MANAGER))
    assert "1 mention(s) that a webhook named are not read yet" in page
    assert "No webhook ever came" not in page
