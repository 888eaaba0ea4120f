"""Who gets a notification, and how each of them is spoken to: their language, their clock, their quiet hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from webcare.alerting.rules import NoticeRule, NoticeRules, rules_in_force
from webcare.domain import Role
from webcare.languages import TONGUES, Speech
from webcare.people.permissions import Permission, rights
from webcare.settings import Notice, NotificationSettings
from webcare.store.tables import AgentRow
from webcare.store.tables_alerts import NotificationRow, NotifyChoiceRow

#: Notices about one case that whoever has it may want, and others only where they see the desk's figures.
_OF_A_CASE = frozenset({Notice.DEADLINE_NEAR, Notice.DEADLINE_MISSED})


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody, or a shared place, that is told things."""

    place: str  #: "place:<name in the settings>" or "person:<id>"
    speech: Speech
    rule: NoticeRule
    kinds: frozenset[Notice]
    person: AgentRow | None = None

    def gets(self, row: NotificationRow) -> bool:
        """Whether this one is for them."""
        kind = Notice(row.kind)
        if kind not in self.kinds or row.language not in ("", self.speech.language):
            return False
        if self.person is None or kind not in _OF_A_CASE or self.person.id == row.agent_id:
            return True
        role, grants = Role(self.person.role), frozenset(self.person.grants)
        return Permission.SEE_REPORTS.value in rights(role, grants)


def wanted(usual: frozenset[Notice], choices: Mapping[Notice, bool]) -> frozenset[Notice]:
    """What somebody hears of: as is usual for their role, and what they chose otherwise."""
    return frozenset(kind for kind in Notice if choices.get(kind, kind in usual))


def receivers(
    session: Session, settings: NotificationSettings, usual: Speech, *, mail: bool, now: datetime
) -> list[Receiver]:
    """Everybody who can be told something. `mail`: people can be written to."""
    rules = rules_in_force(session, settings, at=now)
    found = [
        Receiver(f"place:{name}", _of_place(name, settings, usual), rule, rule.kinds)
        for name, rule in rules.places.items()
    ]
    return found + (_people(session, rules, usual) if mail else [])


def receiver(session: Session, place: str, settings: NotificationSettings, usual: Speech, now: datetime) -> Receiver:
    """The one behind a place; somebody who left is told nothing any more."""
    rules = rules_in_force(session, settings, at=now)
    kind, _, name = place.partition(":")
    if kind != "person":
        rule = rules.places.get(name, NoticeRule())
        return Receiver(place, _of_place(name, settings, usual), rule, rule.kinds)
    person = session.get(AgentRow, int(name))
    if person is None or not person.active:
        return Receiver(place, usual, NoticeRule(), frozenset())
    rule = rules.of(person)
    return Receiver(place, speech_of(person, usual), rule, rule.kinds, person)


def speech_of(person: AgentRow, usual: Speech) -> Speech:
    """A person's language and zone as they chose them; those of the desk where they left it to their browser."""
    language = person.language if person.language in TONGUES else usual.language
    return Speech(language, ZoneInfo(person.timezone) if person.timezone else usual.zone)


def _of_place(name: str, settings: NotificationSettings, usual: Speech) -> Speech:
    place = settings.places.get(name)
    return Speech(place.language or usual.language, usual.zone) if place else usual


def _people(session: Session, rules: NoticeRules, usual: Speech) -> list[Receiver]:
    choices: dict[int, dict[Notice, bool]] = {}
    for choice in session.exec(select(NotifyChoiceRow)):
        if choice.kind in set(Notice):
            choices.setdefault(choice.agent_id, {})[Notice(choice.kind)] = choice.wanted
    rows: Sequence[AgentRow] = session.exec(
        select(AgentRow).where(col(AgentRow.active).is_(True), AgentRow.email != "")
    ).all()
    return [
        Receiver(
            f"person:{row.id}",
            speech_of(row, usual),
            rules.of(row),
            wanted(rules.of(row).kinds, choices.get(row.id or 0, {})),
            row,
        )
        for row in rows
    ]
