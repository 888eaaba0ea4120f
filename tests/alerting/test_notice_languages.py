"""Everybody is told in their own language, by their own clock; what each role hears of is decided on the desk."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tests.alerting.post import Hook, Mail
from webcare import alerting, audit, deciding
from webcare.alerting import Notice, sending
from webcare.alerting.notifying import spread
from webcare.alerting.receivers import speech_of
from webcare.alerting.rules import POLICY, NoticesWrong, rules_in_force
from webcare.alerting.watching import watch
from webcare.domain import Role, Said
from webcare.errors import CaseNotFound, NotAllowed
from webcare.jobs.noticing import tell
from webcare.languages import ENGLISH, TONGUES, Each, Speech, packed
from webcare.settings import NotificationSettings, PlaceSettings, load_settings
from webcare.store.tables import AgentRow
from webcare.store.tables_alerts import NotificationRow
from webcare.testing import Desk

ZONE = ZoneInfo("Europe/Amsterdam")
USUAL = Speech("nl", ZONE)


def settings(**changes: object) -> NotificationSettings:
    places = {"team": PlaceSettings(kinds=list(Notice)), "oslo": PlaceSettings(kinds=list(Notice), language="nb")}
    found = {"places": places, "timeout_s": 5.0, "quiet_from": "00:00", "quiet_until": "00:00", **changes}
    return load_settings(env={}).notifications.model_copy(update=found)


def go(desk: Desk, rules: NotificationSettings, **addresses: str) -> None:
    env = {f"WEBCARE_SECRET_NOTIFY_{name.upper()}_URL": url for name, url in addresses.items()}
    with desk.store.write() as session:
        spread(session, rules, USUAL, mail="mail" in addresses, now=desk.now)
    sending.send_due(desk.store, rules, clock=desk.clock, usual=USUAL, env=env)


def speaks(desk: Desk, role: Role, language: str, timezone: str = "") -> None:
    with desk.store.write() as session:
        person = session.get_one(AgentRow, desk.people[role].id)
        person.email, person.language, person.timezone = f"{role.value}@hemlund.example", language, timezone


def late_case(desk: Desk) -> int:
    boss, today = desk.people[Role.MANAGER], desk.now.astimezone(ZONE).date()
    with desk.store.write() as session:
        rows = [{"urgency": "normal", "first": 60}]
        deciding.decide_targets(session, {"rows": rows}, first_day=today, zone=ZONE, by=boss, now=desk.now)
    case = desk.open_case()
    desk.later(minutes=61)
    watch(desk.store, load_settings(env={}).alerts, now=desk.now)
    return case.id or 0


def test_each_is_mailed_in_their_language_and_by_their_clock(desk: Desk, mail: Mail) -> None:
    speaks(desk, Role.TEAM_LEAD, "sv", "Europe/Helsinki")
    speaks(desk, Role.MANAGER, "")
    with desk.store.write() as session:
        alerting.choose(session, [Notice.DEADLINE_MISSED], by=desk.people[Role.MANAGER], now=desk.now)
    case_id = late_case(desk)
    go(desk, settings(places={}, address="https://desk.example"), mail=mail.url)
    letters = {to[0].partition("@")[0]: letter for to, letter in mail.letters}
    assert letters["team_lead"]["Subject"] == f"Ärende {case_id}: första svaret är försenat"
    swedish = letters["team_lead"].get_content().splitlines()
    assert swedish[0] == "Senast 10 feb. 2026 14:00"
    assert swedish[1].startswith("Nätverk X, kö Första linjen, brådska Normal")
    assert f"https://desk.example/case?case={case_id}" in swedish
    # Whoever left it to the browser is told as the desk speaks.
    assert letters["manager"]["Subject"] == f"Case {case_id}: het eerste antwoord is te laat"
    assert letters["manager"].get_content().startswith("Uiterlijk 10 feb 2026 13:00")


@pytest.mark.parametrize(
    ("language", "subject", "line", "end"),
    [
        ("en", "Alarm: Payment", "1,234 cases came in a short time, far more than usual.", "Look at it in Webcare;"),
        (
            "nl",
            "Alarm: Betaling",
            "In korte tijd kwamen er 1.234 cases, veel meer dan gewoonlijk.",
            "Bekijk het in Webcare;",
        ),
        (
            "sv",
            "Larm: Betalning",
            "1 234 ärenden kom på kort tid, långt fler än vanligt.",
            "Titta på det i Webcare;",
        ),
        ("nb", "Alarm: Betaling", "1 234 saker kom på kort tid, langt flere enn vanlig.", "Se på det i Webcare;"),
    ],
)
def test_an_alarm_is_told_in_every_language(
    sqlite_desk: Desk, mail: Mail, language: str, subject: str, line: str, end: str
) -> None:
    desk = sqlite_desk
    speaks(desk, Role.MANAGER, language)
    with desk.store.write() as session:
        tell(session, 7, "topic:payment", 1234, desk.now)
    go(desk, settings(places={}), mail=mail.url)
    ((_, letter),) = mail.letters
    assert letter["Subject"] == subject
    said = letter.get_content().splitlines()
    assert said[0] == line
    assert said[1].startswith(end), "without an address there is a sentence in place of the link"
    assert "/incidents" not in letter.get_content()


def test_a_shared_place_is_told_in_the_language_of_the_desk_or_its_own(sqlite_desk: Desk, hook: Hook) -> None:
    desk = sqlite_desk
    with desk.store.write() as session:
        tell(session, 7, "store:utrecht", 12, desk.now)
        tell(session, 8, "all", 40, desk.now)
    desk.later(minutes=1)
    go(desk, settings(address="https://desk.example/webcare/"), team=hook.url, oslo=hook.url)
    told = {one["title"]: one["message"] for one in hook.posted}
    assert sorted(told) == ["2 berichten", "2 meldinger"]
    assert "Alarm: Winkel Utrecht" in told["2 berichten"]
    assert "https://desk.example/webcare/incidents?incident=7" in told["2 berichten"]
    assert "12 saker kom på kort tid" in told["2 meldinger"]


def test_a_queue_of_the_desk_is_called_as_each_knows_it() -> None:
    kept = packed(
        Said(
            "Network {network}, queue {queue}, urgency {urgency}",
            network="X",
            urgency=3,
            queue=Each(en="Bills", nb="Fakturaer"),
        )
    )
    assert Speech("nb").said(kept) == "Nettverk X, kø Fakturaer, hastegrad 3"
    assert Speech("sv").said(kept) == "Nätverk X, kö Bills, brådska 3"


def test_what_is_written_in_one_language_goes_to_those_who_read_it(sqlite_desk: Desk, mail: Mail, hook: Hook) -> None:
    desk = sqlite_desk
    speaks(desk, Role.MANAGER, "sv")
    with desk.store.write() as session:
        for language in TONGUES:
            alerting.notify(session, Notice.DIGEST, f"{{x}} {language}", ["-"], now=desk.now, language=language)
    go(desk, settings(), mail=mail.url, team=hook.url, oslo=hook.url)
    assert [letter["Subject"] for _, letter in mail.letters] == ["{x} sv"]
    assert sorted(one["title"] for one in hook.posted) == ["{x} nb", "{x} nl"]


def test_what_was_queued_before_sentences_were_kept_leaves_as_it_was_written(sqlite_desk: Desk, hook: Hook) -> None:
    with sqlite_desk.store.write() as session:
        row = NotificationRow(kind="incident", subject="Alarm: {odd}", lines=["Old {line}"], created_at=sqlite_desk.now)
        session.add(row)
    go(sqlite_desk, settings(), team=hook.url)
    assert [(one["title"], one["message"]) for one in hook.posted] == [("Alarm: {odd}", "Old {line}")]


@pytest.mark.parametrize(
    "value",
    [
        Said("With {name}", name="{not} a place"),
        Said("Due {moment}", moment=datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        Said("Due {moment}", moment=date(2026, 3, 29)),
        Said("Due {moment}", moment=timedelta(minutes=200)),
        Said("Due {moment}", moment=Each(en="Bills", sv="Räkningar")),
        Said("Alarm: {about}", about=Said("All messages")),
        CaseNotFound("Case {number} does not exist (any more).", number="7"),
    ],
    ids=str,
)
@pytest.mark.parametrize("language", list(TONGUES))
def test_what_is_kept_is_said_as_if_it_had_been_said_at_once(language: str, value: object) -> None:
    speech = Speech(language, ZONE)
    assert speech.said(packed(value)) == speech.said(value)


def test_what_cannot_be_kept_is_refused_when_it_is_queued() -> None:
    with pytest.raises(TypeError):
        packed(Said("With {name}", name=object()))


def rule(*kinds: str, quiet: tuple[str, str] = ("00:00", "00:00"), loud: tuple[str, ...] = ()) -> dict[str, object]:
    return {"kinds": list(kinds), "quiet_from": quiet[0], "quiet_until": quiet[1], "loud": list(loud)}


def decide(desk: Desk, value: dict[str, object], by: Role = Role.MANAGER) -> None:
    with desk.store.write() as session:
        alerting.decide_notices(session, value, valid_from=desk.now, by=desk.people[by], now=desk.now)


def test_what_a_role_hears_of_is_decided_and_ones_own_choice_goes_before_it(desk: Desk, mail: Mail) -> None:
    for role in (Role.FIRST_LINE, Role.TEAM_LEAD, Role.MANAGER):
        speaks(desk, role, "en")
    with desk.store.write() as session:
        alerting.choose(session, [Notice.INCIDENT], by=desk.people[Role.MANAGER], now=desk.now)
    decide(desk, {"roles": {"first_line": rule("incident"), "team_lead": rule("digest"), "manager": rule()}})
    with desk.store.write() as session:
        alerting.notify(session, Notice.INCIDENT, "Something", ["-"], now=desk.now)
    go(desk, settings(places={}), mail=mail.url)
    assert sorted(to[0] for to, _ in mail.letters) == ["first_line@hemlund.example", "manager@hemlund.example"]
    with desk.store.read() as session:
        entry = audit.entries(session)[0]
        assert (entry.what, entry.subject) == ("policy_changed", f"policy:{POLICY}")
        mine = alerting.my_choice(session, by=desk.people[Role.TEAM_LEAD], now=desk.now)
        assert mine.kinds == {Notice.DIGEST}
        before = alerting.my_choice(session, by=desk.people[Role.TEAM_LEAD], now=desk.now - timedelta(days=1))
        assert before.kinds == {Notice.DEADLINE_MISSED, Notice.INCIDENT}, "a decision is not back-dated"


def test_a_shared_place_hears_of_what_was_decided_while_it_is_in_the_settings(desk: Desk, hook: Hook) -> None:
    decide(desk, {"places": {"team": rule("digest"), "gone": rule("incident")}})
    with desk.store.write() as session:
        assert "gone" not in rules_in_force(session, settings(), at=desk.now).places
        alerting.notify(session, Notice.INCIDENT, "Something", ["-"], now=desk.now)
    go(desk, settings(), team=hook.url, oslo=hook.url)
    assert len(hook.posted) == 1, "only the one nobody decided on"


def test_quiet_hours_are_those_of_the_role_and_of_the_clock_of_each(desk: Desk, mail: Mail) -> None:
    speaks(desk, Role.TEAM_LEAD, "en", "America/New_York")
    speaks(desk, Role.MANAGER, "en")
    quiet = rule("incident", quiet=("20:00", "08:00"))
    decide(desk, {"roles": {"team_lead": quiet, "manager": quiet}})
    desk.now = datetime(2026, 2, 10, 20, 0, tzinfo=UTC)  # 21:00 in Amsterdam, 15:00 in New York
    with desk.store.write() as session:
        alerting.notify(session, Notice.INCIDENT, "Something", ["-"], now=desk.now)
    go(desk, settings(places={}), mail=mail.url)
    assert [to for to, _ in mail.letters] == [["team_lead@hemlund.example"]]
    desk.now = datetime(2026, 2, 11, 6, 59, tzinfo=UTC)
    go(desk, settings(places={}), mail=mail.url)
    assert len(mail.letters) == 1
    desk.later(minutes=2)
    go(desk, settings(places={}), mail=mail.url)
    assert [to for to, _ in mail.letters[1:]] == [["manager@hemlund.example"]]


@pytest.mark.parametrize(
    "value",
    [
        {"people": {}},
        {"roles": []},
        {"roles": {"boss": rule()}},
        {"roles": {"system": rule()}},
        {"roles": {"manager": {"kinds": []}}},
        {"roles": {"manager": rule("gossip")}},
        {"roles": {"manager": {**rule(), "kinds": "incident"}}},
        {"places": {"team": rule(loud=("gossip",))}},
        {"places": {"team": rule(quiet=("25:00", "07:00"))}},
    ],
)
def test_a_decision_that_means_nothing_is_refused(sqlite_desk: Desk, value: dict[str, object]) -> None:
    with pytest.raises(NoticesWrong):
        decide(sqlite_desk, value)


def test_only_who_decides_policies_decides_who_is_told(sqlite_desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        decide(sqlite_desk, {"roles": {"manager": rule()}}, by=Role.TEAM_LEAD)


@pytest.mark.parametrize(
    "address", ["desk.example", "ftp://desk.example", "https://", "https://u@desk.example", "https://d/?x=1"]
)
def test_an_address_of_the_desk_that_is_none_is_refused(address: str) -> None:
    good = load_settings(env={}).notifications.model_dump()
    with pytest.raises(ValidationError):
        NotificationSettings.model_validate({**good, "address": address})
    for fine in ("", "https://desk.example", "http://127.0.0.1:8501/", "https://desk.example/webcare"):
        assert NotificationSettings.model_validate({**good, "address": fine}).address == fine


def test_dead_letters_are_named_in_the_language_of_who_looks(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    with desk.store.write() as session:
        tell(session, 7, "group:parcels", 12, desk.now)
    go(desk, settings())
    with desk.store.read() as session:
        letters = alerting.dead_letters(session, by=desk.people[Role.MANAGER], speech=Speech("sv"))
        assert {one.subject for one in letters} == {"Larm: Beställningar och leverans"}
        person = session.get_one(AgentRow, desk.first.id)
        assert speech_of(person, ENGLISH) == ENGLISH
