"""Many people at once, from a table (CSV): everything is looked at first, and nobody is added while a line is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from webcare.domain import N_, Actor, Role, Said
from webcare.errors import WebcareError
from webcare.people.administration import NewPerson, add_person, checked
from webcare.people.permissions import Permission, require
from webcare.store import Store
from webcare.store.tables import AgentRow

#: The columns a table may have; the first three it must.
COLUMNS = ("username", "name", "role", "email", "supervised", "skills", "capacity")
_MUST = COLUMNS[:3]
#: Each password takes a third of a second, and a file of more is a mistake.
MAX_PEOPLE = 500
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
_ROLES: Mapping[str, Role] = {role.value: role for role in Role if role is not Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class Added:
    """Somebody who was added, with the password for the first sign-in."""

    username: str
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line of the table; line 1 is its head."""

    line: int
    text: str


class TableRefused(WebcareError):
    """Some lines of the table cannot be used; nobody was added."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(
            Said.joined([Said("Line {number}: {text}", number=one.line, text=one.text) for one in problems], "\n")
        )
        self.problems = problems


def read_people(session: Session, table: str, *, by: Actor) -> list[NewPerson]:
    """The people of a table with the columns COLUMNS, separated by commas, semicolons or tabs.

    Skills are separated by spaces. Raises NotAllowed without MANAGE_PEOPLE, TableRefused naming every bad line.
    """
    require(by, Permission.MANAGE_PEOPLE)
    known = {"username": set(session.exec(select(AgentRow.username))), "email": _addresses(session)}
    found: list[NewPerson] = []
    problems: list[Problem] = []
    for number, row in _rows(table):
        try:
            new = checked(_person(row))
            _not_twice(new, known)
        except WebcareError as error:
            problems.append(Problem(number, Said.of(error)))
        else:
            found.append(new)
    if not found and not problems:
        problems.append(Problem(1, N_("the table has no people in it")))
    if len(found) > MAX_PEOPLE:
        problems.append(Problem(MAX_PEOPLE + 2, Said("at most {most} people fit in one table", most=MAX_PEOPLE)))
    if problems:
        raise TableRefused(tuple(problems))
    return found


def add_people(store: Store, table: str, *, by: Actor, now: datetime) -> list[Added]:
    """Add everybody in a table; gives their passwords for the first sign-in. Raises as `read_people`.

    Somebody who is taken on elsewhere meanwhile stops it; those before are added and can be seen among the people.
    """
    require(by, Permission.MANAGE_PEOPLE)
    with store.read() as session:
        new = read_people(session, table, by=by)
    return [Added(one.username, one.name, add_person(store, one, by=by, now=now)[1]) for one in new]


def _rows(table: str) -> Iterator[tuple[int, dict[str, str]]]:
    lines = table.removeprefix("\ufeff")
    head = lines.partition("\n")[0]
    delimiter = max(";\t,", key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(lines, newline=""), delimiter=delimiter, restkey="", strict=True)
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        _check_head(names)
        for row in reader:
            if any((value or "").strip() for name, value in row.items() if name):
                yield reader.line_num, {name: (value or "").strip() for name, value in row.items() if name}
    except csv.Error as error:
        raise TableRefused((Problem(1, Said("this is no table: {why}", why=error)),)) from error


def _check_head(names: list[str]) -> None:
    missing = [name for name in _MUST if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    problems = []
    if missing:
        problems.append(Problem(1, Said("columns are missing: {columns}", columns=", ".join(missing))))
    if unknown:
        problems.append(_unknown(unknown))
    if problems:
        raise TableRefused(tuple(problems))


def _unknown(columns: Sequence[str]) -> Problem:
    told = Said("unknown columns: {columns}; known are {known}", columns=", ".join(columns), known=", ".join(COLUMNS))
    return Problem(1, told)


def _person(row: Mapping[str, str]) -> NewPerson:
    role = _ROLES.get(row["role"].lower().replace(" ", "_"))
    if role is None:
        raise WebcareError("“{role}” is no role; there are {known}", role=row["role"][:40], known=", ".join(_ROLES))
    supervised = _YES.get(row.get("supervised", "").lower())
    if supervised is None:
        raise WebcareError("supervised is yes or no")
    capacity = row.get("capacity", "") or "0"
    if not capacity.isdecimal() or len(capacity) > 4:
        raise WebcareError("capacity is a whole number")
    return NewPerson(
        row["username"],
        row["name"],
        role,
        email=row.get("email", ""),
        supervised=supervised,
        skills=tuple(row.get("skills", "").split()),
        capacity=int(capacity),
    )


def _not_twice(new: NewPerson, known: Mapping[str, set[str]]) -> None:
    if new.username in known["username"]:
        raise WebcareError("the user name {username} is taken", username=new.username)
    if new.email and new.email in known["email"]:
        raise WebcareError("the address {email} is taken", email=new.email)
    known["username"].add(new.username)
    known["email"].add(new.email)


def _addresses(session: Session) -> set[str]:
    return set(session.exec(select(AgentRow.email).where(col(AgentRow.email) != "")))
