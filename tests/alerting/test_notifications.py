"""Notifications reach a real web server and a real mail server: once, not at night, without secrets or customers."""

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from tests.alerting.post import Hook, Mail
from webcare import alerting, audit
from webcare.alerting import Notice, places, sending
from webcare.alerting.notifying import prune, spread
from webcare.alerting.rules import NoticeRule, quiet_until
from webcare.app import App
from webcare.cli.doctor_notifications import wrong_places
from webcare.domain import Actor, Role
from webcare.errors import NotAllowed, WebcareError
from webcare.languages import Speech
from webcare.settings import NotificationSettings, PlaceSettings, load_settings
from webcare.store.tables import AgentRow
from webcare.store.tables_alerts import NotificationRow, NotificationSendRow
from webcare.testing import Desk

ZONE = ZoneInfo("Europe/Amsterdam")
USUAL = Speech("en", ZONE)
DAY = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)


def rules(**changes: object) -> NotificationSettings:
    team = {"team": PlaceSettings(kinds=list(Notice))}
    return load_settings(env={}).notifications.model_copy(update={"places": team, "timeout_s": 5.0, **changes})


def tell(desk: Desk, kind: Notice = Notice.INCIDENT, subject: str = "Something", **more: object) -> None:
    with desk.store.write() as session:
        alerting.notify(session, kind, subject, ["One line", "Another"], now=desk.now, **more)  # type: ignore[arg-type]


def go(desk: Desk, settings: NotificationSettings, env: Mapping[str, str]) -> int:
    has_mail = bool(places.address_of(places.MAIL, env))
    with desk.store.write() as session:
        spread(session, settings, USUAL, mail=has_mail, now=desk.now)
    return sending.send_due(desk.store, settings, clock=desk.clock, usual=USUAL, env=env)


def sends(desk: Desk) -> list[tuple[str, str, str]]:
    with desk.store.read() as session:
        rows = session.exec(select(NotificationSendRow).order_by(col(NotificationSendRow.id)))
        return [(row.place, row.state, row.error) for row in rows]


def with_mail(desk: Desk, role: Role, address: str) -> Actor:
    with desk.store.write() as session:
        session.get_one(AgentRow, desk.people[role].id).email = address
    return desk.people[role]


def test_a_webhook_gets_each_message_once(desk: Desk, hook: Hook) -> None:
    env = {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url}
    tell(desk, subject="Alarm: delivery")
    for _ in range(3):
        go(desk, rules(), env)
    assert [(one["title"], one["message"]) for one in hook.posted] == [("Alarm: delivery", "One line\nAnother")]
    assert sends(desk) == [("place:team", "sent", "")]


def test_what_is_due_together_leaves_as_one_message(desk: Desk, hook: Hook) -> None:
    for number in range(3):
        tell(desk, Notice.DEADLINE_MISSED, f"Case {number}")
    go(desk, rules(), {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url})
    (one,) = hook.posted
    assert one["title"] == "3 messages, 3 of deadlines missed"
    assert [f"Case {number}" in one["message"] for number in range(3)] == [True] * 3
    assert {state for _, state, _ in sends(desk)} == {"sent"}


def test_mail_goes_to_those_who_want_it(desk: Desk, mail: Mail) -> None:
    lead = with_mail(desk, Role.TEAM_LEAD, "lead@hemlund.example")
    with_mail(desk, Role.MANAGER, "boss@hemlund.example")
    first = with_mail(desk, Role.FIRST_LINE, "first@hemlund.example")
    env = {"WEBCARE_SECRET_NOTIFY_MAIL_URL": mail.url}
    settings = rules(places={})
    tell(desk, Notice.DEADLINE_MISSED, "Case 7: the first answer is late")
    go(desk, settings, env)
    assert [to for to, _ in mail.letters] == [["lead@hemlund.example"]]
    letter = mail.letters[0][1]
    assert letter["Subject"] == "Case 7: the first answer is late"
    assert letter["To"] == "lead@hemlund.example"
    assert "One line" in letter.get_content()
    with desk.store.write() as session:
        alerting.choose(session, [Notice.DEADLINE_MISSED], by=first, now=desk.now)
        alerting.choose(session, [], by=lead, now=desk.now)
    tell(desk, Notice.DEADLINE_MISSED, "Of somebody else", agent_id=desk.second.id)
    tell(desk, Notice.DEADLINE_MISSED, "Of mine", agent_id=first.id)
    go(desk, settings, env)
    assert [(to, letter["Subject"]) for to, letter in mail.letters[1:]] == [(["first@hemlund.example"], "Of mine")]


def test_a_page_is_mailed_as_a_page(desk: Desk, mail: Mail) -> None:
    with_mail(desk, Role.MANAGER, "boss@hemlund.example")
    tell(desk, Notice.DIGEST, "Week 46", html="<h1>Week 46</h1><p>a &lt; b</p>")
    go(desk, rules(places={}), {"WEBCARE_SECRET_NOTIFY_MAIL_URL": mail.url})
    (_, letter) = mail.letters[0]
    page = letter.get_body(("html",))
    assert page is not None
    assert "<h1>Week 46</h1><p>a &lt; b</p>" in page.get_content()


def test_failures_are_tried_again_later_and_end_as_a_dead_letter(desk: Desk, hook: Hook) -> None:
    env, settings = {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url}, rules(tries=3)
    hook.answers = [500, 503, 302]
    tell(desk)
    waits = []
    for _ in range(3):
        go(desk, settings, env)
        assert go(desk, settings, env) == 0, "not before its time"
        with desk.store.read() as session:
            row = session.exec(select(NotificationSendRow)).one()
        waits.append((row.state, row.not_before - desk.now))
        desk.later(hours=3)
    minutes = [timedelta(minutes=number) for number in (1, 2, 4)]
    assert waits == list(zip(("pending", "pending", "dead"), minutes, strict=True))
    assert hook.posted == []
    assert "/elsewhere" not in hook.paths, "a redirect is not followed with the token"
    go(desk, settings, env)
    boss, first = desk.people[Role.MANAGER], desk.first
    with desk.store.write() as session:
        (letter,) = alerting.dead_letters(session, by=boss)
        assert (letter.to, letter.attempts, letter.error) == ("team", 3, "not_delivered")
        for verb in (alerting.send_again, alerting.drop):
            with pytest.raises(NotAllowed):
                verb(session, letter.id, by=first, now=desk.now)
        alerting.send_again(session, letter.id, by=boss, now=desk.now)
        with pytest.raises(WebcareError):
            alerting.drop(session, letter.id, by=boss, now=desk.now)
        assert audit.entries(session)[0].what == "notification_sent_again"
    go(desk, settings, env)
    assert len(hook.posted) == 1


def test_a_place_that_never_answers_holds_nobody_for_longer_than_the_timeout(desk: Desk, hook: Hook) -> None:
    hook.answers = [0]
    tell(desk)
    go(desk, rules(timeout_s=0.2), {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url})
    assert sends(desk) == [("place:team", "pending", "not_delivered")]


def test_a_message_that_was_leaving_when_its_process_died_is_not_sent_twice(desk: Desk, hook: Hook) -> None:
    env, settings = {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url}, rules()
    tell(desk)
    with desk.store.write() as session:
        spread(session, settings, USUAL, mail=False, now=desk.now)
    with desk.store.write() as session:
        assert sending.claim(session, "place:team", settings, USUAL, now=desk.now) is not None
    # Killed here.
    go(desk, settings, env)
    desk.later(minutes=16)
    go(desk, settings, env)
    assert hook.posted == []
    assert sends(desk) == [("place:team", "dead", "cut_off")]


def test_two_processes_at_once_send_one(desk: Desk, hook: Hook) -> None:
    env, settings = {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url}, rules()
    tell(desk)
    start = threading.Barrier(3)

    def run() -> None:
        start.wait()
        go(desk, settings, env)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hook.posted) == 1


def test_the_quiet_hours_hold_what_is_not_loud(desk: Desk, hook: Hook) -> None:
    env, settings = {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url}, rules()
    desk.now = datetime(2026, 2, 10, 22, 30, tzinfo=UTC)
    tell(desk, Notice.DEADLINE_MISSED, "Can wait")
    tell(desk, Notice.INCIDENT, "Cannot")
    go(desk, settings, env)
    assert [one["title"] for one in hook.posted] == ["Cannot"]
    desk.now = datetime(2026, 2, 11, 5, 59, tzinfo=UTC)
    go(desk, settings, env)
    assert len(hook.posted) == 1
    desk.later(minutes=2)
    go(desk, settings, env)
    assert [one["title"] for one in hook.posted] == ["Cannot", "Can wait"]


@pytest.mark.parametrize(
    ("begins", "ends", "now", "until"),
    [
        ("22:00", "07:00", datetime(2026, 2, 10, 21, 0, tzinfo=UTC), datetime(2026, 2, 11, 6, 0, tzinfo=UTC)),
        ("22:00", "07:00", datetime(2026, 2, 10, 20, 59, tzinfo=UTC), None),
        ("12:00", "13:00", datetime(2026, 2, 10, 11, 30, tzinfo=UTC), datetime(2026, 2, 10, 12, 0, tzinfo=UTC)),
        ("12:00", "13:00", datetime(2026, 2, 10, 12, 0, tzinfo=UTC), None),
        ("08:00", "08:00", datetime(2026, 2, 10, 7, 0, tzinfo=UTC), None),
        # The night in which the clock is put forward: 07:00 comes an hour sooner.
        ("22:00", "07:00", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        ("22:00", "07:00", datetime(2026, 10, 24, 23, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
        # 02:30 is not there that night; quiet ends when the clock is past it.
        ("22:00", "02:30", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(
    begins: str, ends: str, now: datetime, until: datetime | None
) -> None:
    assert quiet_until(NoticeRule(quiet_from=begins, quiet_until=ends), ZONE, now) == until


def test_words_of_customers_leave_only_where_that_is_allowed_and_are_never_kept(desk: Desk, hook: Hook) -> None:
    env = {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url}
    case_id = desk.open_case("My sofa <!channel> @here fell apart").id
    for allowed in (False, True):
        tell(desk, case_id=case_id)
        go(desk, rules(customer_text=allowed, address="https://desk.example/"), env)
    without, with_words = (one["message"] for one in hook.posted)
    assert without == f"One line\nAnother\nhttps://desk.example/case?case={case_id}"
    assert "fell apart" in with_words
    assert "<!channel>" not in with_words
    assert "@here" not in with_words
    with desk.store.read() as session:
        assert all("sofa" not in str(row) for row in session.exec(select(NotificationRow)))


def test_addresses_are_in_no_log_and_no_list(
    desk: Desk, hook: Hook, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.answers = [500]
    gone = "mailto://desk:s3cr3t-password@127.0.0.1:1?smtp=127.0.0.1&mode=insecure&from=desk@hemlund.example"
    with_mail(desk, Role.TEAM_LEAD, "lead@hemlund.example")
    env = {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url, "WEBCARE_SECRET_NOTIFY_MAIL_URL": gone}
    tell(desk)
    go(desk, rules(tries=1), env)
    assert {state for _, state, _ in sends(desk)} == {"dead"}
    with desk.store.read() as session:
        shown = str(alerting.dead_letters(session, by=desk.people[Role.MANAGER]))
    printed = capsys.readouterr()
    for secret in ("s3cr3t-token", "s3cr3t-password"):
        assert secret not in caplog.text + shown + printed.out + printed.err


@pytest.mark.parametrize(
    ("address", "error"),
    [("", "no_address"), ("nonsense", "bad_address"), ("syslog://", "bad_address"), ("slack://only", "bad_address")],
)
def test_an_address_that_cannot_be_used_is_said_at_once(desk: Desk, address: str, error: str) -> None:
    tell(desk)
    go(desk, rules(), {"WEBCARE_SECRET_NOTIFY_TEAM_URL": address})
    assert sends(desk) == [("place:team", "dead", error)]


@pytest.mark.parametrize(
    "address",
    [
        f"slack://T1JJ3T3L2/A1BRTD4JD/{'TIiajkdnlazkcOXrIdevi7FQ'}/#webcare",
        "workflows://host.example:443/" + "a" * 20 + "/" + "b" * 43,
        "mailtos://desk:pw@smtp.hemlund.example?from=desk@hemlund.example",
    ],
)
def test_addresses_of_the_documented_kinds_are_usable(address: str) -> None:
    assert places.is_usable(address)


def test_a_choice_is_ones_own_and_on_record(desk: Desk) -> None:
    lead = desk.people[Role.TEAM_LEAD]
    with desk.store.write() as session:
        assert alerting.my_choice(session, by=lead, now=desk.now).kinds == {Notice.DEADLINE_MISSED, Notice.INCIDENT}
        alerting.choose(session, [Notice.DIGEST], by=lead, now=desk.now)
        alerting.choose(session, [Notice.DIGEST], by=lead, now=desk.now)
        assert alerting.my_choice(session, by=lead, now=desk.now).kinds == {Notice.DIGEST}
        assert alerting.my_choice(session, by=desk.first, now=desk.now).kinds == frozenset()
        (entry,) = audit.entries(session)
        assert (entry.what, entry.subject) == ("notifications_chosen", f"person:{lead.id}")
        with pytest.raises(NotAllowed):
            alerting.choose(session, [], by=Actor.system("a job"), now=desk.now)


def test_settled_messages_are_forgotten_after_a_month(desk: Desk, hook: Hook) -> None:
    tell(desk)
    go(desk, rules(), {"WEBCARE_SECRET_NOTIFY_TEAM_URL": hook.url})
    tell(desk)
    with desk.store.write() as session:
        assert prune(session, now=desk.now + timedelta(days=29)) == 0
        assert prune(session, now=desk.now + timedelta(days=31)) == 2
        assert len(session.exec(select(NotificationRow)).all()) == 1, "what nobody was told yet stays"


def test_doctor_names_the_variable_of_a_place_and_never_its_address(sqlite_desk: Desk) -> None:
    base = load_settings(env={})
    settings = base.model_copy(update={"notifications": rules()})
    app = App(settings, {})
    assert list(wrong_places(app, {})) == [("team has no address", "set WEBCARE_SECRET_NOTIFY_TEAM_URL")]
    ((wrong, mend),) = wrong_places(app, {"WEBCARE_SECRET_NOTIFY_TEAM_URL": "slack://s3cr3t-token"})
    assert "WEBCARE_SECRET_NOTIFY_TEAM_URL" in mend
    assert "s3cr3t-token" not in wrong + mend
    assert list(wrong_places(app, {"WEBCARE_SECRET_NOTIFY_TEAM_URL": "json://127.0.0.1/hook"})) == []
    tell(sqlite_desk)
    go(sqlite_desk, rules(), {})
    with sqlite_desk.store.read() as session:
        assert alerting.dead_count(session) == 1
