"""Lists of the whole desk that pages offer to choose from: tags, skills, colleagues; read again every few seconds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from webcare import people
from webcare.cases import skills, tagging, taking
from webcare.console.desk import desk
from webcare.console.queue_memory import kept
from webcare.console.watching import shared
from webcare.domain import Actor

#: How old they may be, in seconds.
_LISTS_S = 20.0


@dataclass(frozen=True, slots=True)
class Lists:
    """What can be chosen that the desk makes up itself."""

    tags: tuple[str, ...]
    skills: tuple[str, ...]
    colleagues: tuple[tuple[int, str], ...]


def lists_of() -> Lists:
    """Tags, skills and colleagues, read again every few seconds."""

    def read() -> Lists:
        with desk().store.read() as session:
            held = tuple(sorted(skills.held_skills(session)))
            return Lists(
                tagging.known_tags(session), held, shared("colleagues", _LISTS_S, lambda: _colleagues(session))
            )

    return kept("queue_lists", _LISTS_S, read)


def _colleagues(session: Session) -> tuple[tuple[int, str], ...]:
    """Everybody who can be given a case: the same for all, so read once for all; a tag just made is not to wait."""
    return tuple((one.id, one.name) for one in people.colleagues(session) if one.id is not None)


def my_skills(me: Actor) -> tuple[str, ...]:
    """What this person can answer beside what anybody can."""

    def read() -> tuple[str, ...]:
        with desk().store.read() as session:
            return taking.skills_of(session, people.person_id(me))

    return kept("queue_my_skills", _LISTS_S, read)
