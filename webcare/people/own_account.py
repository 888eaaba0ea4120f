"""What everybody may change about themself: password, language, zone, hours, being away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from sqlmodel import Session

from webcare import audit
from webcare.domain import LANGUAGES, Actor
from webcare.errors import SignInRefused, WebcareError
from webcare.people.directory import subject_of
from webcare.people.passwords import check_password, fits, hash_password
from webcare.people.permissions import person_id
from webcare.people.signing_in import count_failure, end_sign_ins
from webcare.store import Store
from webcare.store.tables import AgentRow

#: Weekday "1" (Monday) to "7" -> the stretches worked, e.g. [["09:00", "12:30"], ["13:00", "17:30"]].
Hours = Mapping[str, Sequence[Sequence[str]]]

_DENSITIES = ("", "compact")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_WEEKDAYS = frozenset("1234567")


@dataclass(frozen=True, slots=True)
class Taste:
    """How the console looks to somebody and whether it suggests replies; empty values leave it to the browser."""

    language: str = ""
    timezone: str = ""
    density: str = ""
    suggestions: bool = True


def change_password(store: Store, *, old: str, new: str, by: Actor, now: datetime, token: str) -> None:
    """Choose a new password; every other browser of this person is signed out, the one with `token` stays.

    Raises SignInRefused for a wrong old password (counted as a failed sign-in) or a locked account, and WebcareError
    saying what is wrong with the new one.
    """
    me = person_id(by)
    row = _row(store, me)
    if not row.password_hash:
        raise WebcareError("You sign in through your organisation, which keeps your password.")
    if row.locked_until and row.locked_until > now:
        raise SignInRefused("Too many wrong passwords; this account is locked for a few minutes.")
    if not fits(old, row.password_hash):
        count_failure(store, row.username, now)
        raise SignInRefused("The old password is not right.")
    if new == old:
        raise WebcareError("This is the password you have already.")
    check_password(new, username=row.username, name=row.name)
    hashed = hash_password(new)
    with store.write() as session:
        fresh = session.get_one(AgentRow, me, with_for_update=True)
        if fresh.password_hash != row.password_hash:
            raise WebcareError("The password was changed elsewhere meanwhile; try again.")
        fresh.password_hash, fresh.must_change, fresh.failed_logins = hashed, False, 0
        session.add(fresh)
        ended = end_sign_ins(session, me, now=now, but_token=token)
        audit.record(
            session, "password_changed", by=by, now=now, subject=subject_of(fresh), after={"signed_out": ended}
        )


def set_taste(session: Session, taste: Taste, *, by: Actor) -> None:
    """Choose language, zone, density, whether replies are suggested. Raises WebcareError for what does not exist."""
    me = person_id(by)
    if taste.language and taste.language not in LANGUAGES:
        raise WebcareError("The interface does not speak this language.")
    if taste.timezone and taste.timezone not in _zones():
        raise WebcareError("This time zone does not exist; write one like Europe/Amsterdam.")
    if taste.density not in _DENSITIES:
        raise WebcareError("The list is either compact or not.")
    row = session.get_one(AgentRow, me, with_for_update=True)
    row.language, row.timezone, row.density = taste.language, taste.timezone, taste.density
    row.suggestions = taste.suggestions
    session.add(row)


def set_my_hours(session: Session, hours: Hours, *, by: Actor, now: datetime) -> None:
    """Say when one works. Raises WebcareError naming the day of a stretch that cannot be."""
    me = person_id(by)
    row = session.get_one(AgentRow, me, with_for_update=True)
    new = checked_hours(hours)
    if new == row.hours:
        return
    before, row.hours = row.hours, new
    session.add(row)
    old, changed = audit.difference({"hours": before}, {"hours": new})
    audit.record(session, "hours_changed", by=by, now=now, subject=subject_of(row), before=old, after=changed)


def set_away(session: Session, until: datetime | None, *, by: Actor, now: datetime) -> None:
    """Be away until a moment, so that no case is handed to one; None = back. Raises WebcareError for the past."""
    me = person_id(by)
    if until is not None and until <= now:
        raise WebcareError("Being away can only end in the future.")
    row = session.get_one(AgentRow, me, with_for_update=True)
    before, row.away_until = row.away_until, until
    session.add(row)
    if before != until:
        audit.record(
            session,
            "away_changed",
            by=by,
            now=now,
            subject=subject_of(row),
            before={"away_until": before.isoformat() if before else ""},
            after={"away_until": until.isoformat() if until else ""},
        )


def checked_hours(hours: Hours) -> dict[str, list[list[str]]]:
    """The same hours, each day's stretches in order. Raises WebcareError naming the day of one that cannot be."""
    checked: dict[str, list[list[str]]] = {}
    for day, stretches in sorted(hours.items()):
        if day not in _WEEKDAYS:
            raise WebcareError("“{day}” is no day of the week; Monday is 1, Sunday 7.", day=day)
        if found := _in_order(day, stretches):
            checked[day] = found
    return checked


def read_hours(text: str) -> list[list[str]]:
    """The stretches in "09:00-12:30, 13:00-17:30", as a person types them; raises WebcareError."""
    return [_stretch(part) for part in text.replace("–", "-").split(",") if part.strip()]


def write_hours(stretches: Sequence[Sequence[str]]) -> str:
    """The stretches of one day as `read_hours` takes them."""
    return ", ".join("-".join(stretch) for stretch in stretches)


def _stretch(text: str) -> list[str]:
    times = [part.strip() for part in text.split("-")]
    full = [f"{int(part):02}:00" if part.isdigit() and int(part) <= 24 else part.zfill(5) for part in times]
    if len(full) != 2 or not all(_CLOCK.fullmatch(part) for part in full):
        raise WebcareError("“{text}” are no hours; write them like 09:00-17:30.", text=text.strip()[:40])
    return full


def _in_order(day: str, stretches: Sequence[Sequence[str]]) -> list[list[str]]:
    last = ""
    found = sorted([*stretch] for stretch in stretches)
    for stretch in found:
        good = len(stretch) == 2 and all(_CLOCK.fullmatch(part) for part in stretch)
        if not good or not last <= stretch[0] < stretch[1]:
            name = _name_of(day)
            raise WebcareError("The hours of {day} overlap or end before they begin.", day=name)
        last = stretch[1]
    return found


def _name_of(day: str) -> str:
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return names[int(day) - 1]


def _row(store: Store, agent_id: int) -> AgentRow:
    with store.read() as session:
        return session.get_one(AgentRow, agent_id)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
