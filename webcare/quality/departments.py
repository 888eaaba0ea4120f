"""To whom a defect, a wish or praise belongs: the desk's queues, shops and skills, and names of its own by policy.

A department is a word with its kind: "queue:second_line", "store:utrecht", "topic:product_fault", "own:Web shop".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from webcare import deciding, policies
from webcare.cases.skills import held_skills
from webcare.domain import Actor, Line
from webcare.errors import WebcareError
from webcare.people import Permission, require
from webcare.policies import Policy
from webcare.quality.texts import typed

POLICY = "departments"
#: Most names of the desk's own, and the longest, in characters.
MAX_NAMES, MAX_NAME = 40, 40
OWN = "own:"


def departments(session: Session, stores: Collection[str], *, at: datetime) -> tuple[str, ...]:
    """Every department there is: the desk's own names first, then queues, shops (by key) and skills somebody has."""
    found = policies.in_force(session, POLICY, at=at)
    named = [f"{OWN}{name}" for name in read_departments(found.value)] if found else []
    queues = [f"queue:{Line.SECOND_LINE.value}", *(f"queue:{one.name}" for one in deciding.own_queues(session, at=at))]
    shops = [f"store:{key}" for key in stores]
    return tuple(dict.fromkeys([*named, *queues, *shops, *sorted(held_skills(session))]))


def read_departments(value: Mapping[str, Any]) -> tuple[str, ...]:
    """The desk's own names, as a policy keeps them. Raises WebcareError where they cannot be used."""
    names = value.get("names")
    if set(value) - {"names"} or not isinstance(names, Sequence) or isinstance(names, str):
        raise WebcareError("Departments are a list of names.")
    if len(names) > MAX_NAMES:
        raise WebcareError("There can be {most} departments of your own at most.", most=MAX_NAMES)
    return tuple(dict.fromkeys(" ".join(typed(str(name), most=MAX_NAME).split()) for name in names))


def decide_departments(session: Session, names: Sequence[str], *, by: Actor, now: datetime) -> Policy:
    """Decide the desk's own names. Raises NotAllowed without EDIT_POLICIES."""
    require(by, Permission.EDIT_POLICIES)
    checked = read_departments({"names": list(names)})
    return policies.decide(session, POLICY, {"names": list(checked)}, valid_from=now, by=by, now=now)


def checked(department: str, known: Collection[str]) -> str:
    """A department that there is. Raises WebcareError for another."""
    if department not in known:
        raise WebcareError("Choose a department.")
    return department
