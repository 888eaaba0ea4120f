"""The audit log says roles, rights, queues and parts of rules in the reader's words."""

from zoneinfo import ZoneInfo

import pytest

from tests.console.conftest import OpenPage, html_of
from webcare import alerting
from webcare.console import audit_words, tongue, words
from webcare.domain import Role
from webcare.testing import Desk

TITLES = {"first_line": "Eerste lijn", "bills": "Facturen"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("role", "team_lead", "Teamleider"),
        ("roles", ["first_line", "admin"], "Eerste lijn, Beheerder"),
        ("queues", {"bills": {"mode": "off", "roles": ["first_line"]}}, "Facturen: wijze: off; rollen: Eerste lijn"),
        (
            "rules",
            [{"name": "Spoed", "topics": ["payment"], "queue": "bills", "skill": ""}, {"name": "<b>"}],
            "naam: Spoed; onderwerpen: Betaling; wachtrij: Facturen | naam: <b>",
        ),
        ("rows", [{"urgency": "high", "first": 60}], "urgentie: Hoog; eerste antwoord: 60"),
        ("capacity", 4, "4"),
        ("supervised", True, "ja"),
        ("unknown", None, ""),
        ("valid_from", "2026-99-22T18:14:09+00:00", "2026-99-22T18:14:09+00:00"),
    ],
)
def test_codes_are_said_in_words(name: str, value: object, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    assert audit_words.told(name, value, TITLES) == said


def test_what_a_decision_is_about_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    assert audit_words.subject("policy:hours:bills", TITLES) == "Openingstijden: Facturen"
    assert audit_words.subject("policy:notifications", TITLES) == "Meldingen"
    assert audit_words.subject("incident:7", TITLES) == "incident:7"


def test_the_page_shows_a_decision_in_the_readers_words(
    open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"kinds": ["incident"], "quiet_from": "22:00", "quiet_until": "07:00", "loud": []}
    with desk.store.write() as session:
        boss = desk.people[Role.MANAGER]
        alerting.decide_notices(session, {"roles": {"team_lead": rule}}, valid_from=desk.now, by=boss, now=desk.now)
    monkeypatch.setattr(tongue, "speaking", lambda: "sv")
    monkeypatch.setattr(words, "speaking", lambda: "sv")
    page = open_page("audit", Role.ADMIN)
    assert not page.exception
    assert "Teamledare: " in html_of(page)
    assert "Incidenter" in html_of(page)
    assert "team_lead" not in html_of(page)
    assert f"{desk.now.isoformat()}" not in html_of(page)
    local = desk.now.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert f"{words.long_day(local.date())} {local:%H:%M}" in html_of(page)
