"""What it takes to answer a case: the shop it is about, its topic, or the market it comes from. One skill a case.

Skills are names with a kind: "store:utrecht", "topic:product_fault", "market:nl". The policy "skills" says which ones
the desk asks for. A skill that nobody at the desk has is not asked for, or the case would wait for nobody, unless the
policy names it in `always`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import func, select
from sqlmodel import Session, col

from webcare import policies
from webcare.domain import ACTIVE_STATES, LANGUAGES, Actor, Line, Topic
from webcare.errors import WebcareError
from webcare.guard.literals import Literals, cut
from webcare.policies import Policy
from webcare.settings import StoreSettings
from webcare.store.tables import AgentRow, CaseRow

POLICY = "skills"
#: A shop of ours that a text names, and the brand it belongs to; "" = all brands.
StoreNamed = tuple[str, str]
_SKILL = re.compile(r"(store|topic|market):[\w-]{1,60}")
_TOPICS = tuple(topic.value for topic in Topic)


class SkillsWrong(WebcareError):
    """This policy of skills cannot be used; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class SkillRules:
    """Which skills the desk asks for."""

    topics: tuple[str, ...] = (Topic.PRODUCT_FAULT.value, Topic.SAFETY_LEGAL.value)  #: take somebody who knows them
    #: Only about these does a shop's name mean the shop; a delivery to Utrecht does not.
    store_topics: tuple[str, ...] = (
        Topic.STORE.value,
        Topic.AVAILABILITY.value,
        Topic.RETURN.value,
        Topic.PRODUCT_ADVICE.value,
    )
    markets: tuple[str, ...] = ()  #: whose cases take somebody of the market
    always: tuple[str, ...] = ()  #: skills asked for even while nobody has them


DEFAULT = SkillRules()


class Skilled(Protocol):
    """Anything with a skill: a case or a line of a queue."""

    @property
    def skill(self) -> str:
        """What it takes; empty for anybody."""


Item = TypeVar("Item", bound=Skilled)


# --- pure -----------------------------------------------------------------------------------------------


def can_answer(skills: Collection[str], skill: str) -> bool:
    """Whether somebody with these skills can answer what takes `skill`."""
    return not skill or skill in skills


def answerable(skills: Iterable[str]) -> tuple[str, ...]:
    """The values of `desk_case.skill` that somebody with these skills can answer: the filter "what I can answer"."""
    return ("", *dict.fromkeys(skills))


def mine_first(items: Sequence[Item], skills: Collection[str]) -> tuple[Item, ...]:
    """What takes a skill of one's own first, then what anybody can answer, then the rest; else in the order given."""
    return tuple(sorted(items, key=lambda item: 0 if item.skill in skills else 1 if not item.skill else 2))


def skill_of(
    rules: SkillRules, held: Collection[str], *, topic: str, language: str, market: str, stores: Sequence[str] = ()
) -> str:
    """What a case takes: the first shop it names, else its topic, else its market; empty for anybody.

    `held` are the skills of all colleagues. `market` empty = that of the language.
    """
    wanted = [f"store:{store}" for store in stores] if topic in rules.store_topics else []
    wanted += [f"topic:{topic}"] if topic in rules.topics else []
    wanted += [f"market:{market or language}"] if (market or language) in rules.markets else []
    return next((skill for skill in wanted if skill in held or skill in rules.always), "")


def stores_named(text: str, stores: Mapping[str, StoreSettings]) -> tuple[StoreNamed, ...]:
    """The shops a text names, in its order, each once; looked for offline, by the names in the settings."""
    if not stores:
        return ()
    named = _Names(tuple((key, store.brand, tuple(store.names)) for key, store in stores.items()))
    return tuple(dict.fromkeys(found for found, _, _ in _literals(named).find(list(cut(text)))))


def of_brand(stores: Iterable[StoreNamed], brand: str) -> tuple[str, ...]:
    """Those of the shops that belong to a brand, by their keys."""
    return tuple(key for key, of in stores if of in ("", brand))


_Names = tuple[tuple[str, str, tuple[str, ...]], ...]


@lru_cache(maxsize=8)
def _literals(named: _Names) -> Literals[StoreNamed]:
    return Literals(((key, brand), name) for key, brand, names in named for name in names)


# --- at the desk ----------------------------------------------------------------------------------------


def rules_in_force(session: Session, *, at: datetime) -> SkillRules:
    """Which skills the desk asks for at a moment. Raises SkillsWrong where the policy was broken by hand."""
    policy = policies.in_force(session, POLICY, at=at)
    return read_rules(policy.value) if policy else DEFAULT


def decide_skills(
    session: Session, value: Mapping[str, Any], *, valid_from: datetime, by: Actor, now: datetime
) -> Policy:
    """Decide which skills the desk asks for. Raises NotAllowed without EDIT_POLICIES, SkillsWrong for a bad value."""
    read_rules(value)
    return policies.decide(session, POLICY, value, valid_from=valid_from, by=by, now=now)


def read_rules(value: Mapping[str, Any]) -> SkillRules:
    """The policy as it is kept; parts left out are as in DEFAULT. Raises SkillsWrong naming what is wrong."""
    allowed: Mapping[str, Collection[str] | None] = {
        "topics": _TOPICS,
        "store_topics": _TOPICS,
        "markets": LANGUAGES,
        "always": None,
    }
    if unknown := sorted(set(value) - set(allowed)):
        raise SkillsWrong("Skills have no part called {name}.", name=unknown[0])
    return SkillRules(**{name: _words(name, value[name], allowed[name]) for name in value})


def _words(name: str, value: Any, allowed: Collection[str] | None) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise SkillsWrong("{name} must be a list.", name=name)
    words = tuple(map(str, value))
    for word in words:
        if word not in allowed if allowed is not None else not is_skill(word):
            raise SkillsWrong("“{word}” cannot stand in {name}.", word=word[:40], name=name)
    return words


def is_skill(word: str) -> bool:
    """Whether a word is a skill: its kind (store, topic, market), a colon and a name."""
    return _SKILL.fullmatch(word) is not None


def held_skills(session: Session) -> frozenset[str]:
    """Every skill that somebody at the desk has."""
    rows = session.execute(select(col(AgentRow.skills)).where(col(AgentRow.active)))
    return frozenset(skill for (skills,) in rows for skill in skills)


def skill_holders(session: Session) -> dict[str, int]:
    """How many colleagues have each skill."""
    rows = session.execute(select(col(AgentRow.skills)).where(col(AgentRow.active)))
    return dict(Counter(skill for (skills,) in rows for skill in set(skills)))


def after_correction(session: Session, case: CaseRow, *, now: datetime) -> str:
    """What a case takes once a colleague corrected its topic; the shop it was about stays in the text, so it counts."""
    rules, held = rules_in_force(session, at=now), held_skills(session)
    kind, _, name = case.skill.partition(":")
    stores, market = ([name] if kind == "store" else []), (name if kind == "market" else "")
    return skill_of(rules, held, topic=case.topic, language=case.language, market=market, stores=stores)


def uncovered(session: Session, present: Iterable[Collection[str]]) -> dict[str, int]:
    """Skills that the second line's open cases take and nobody of those present has, and how many cases each."""
    there = frozenset(skill for skills in present for skill in skills)
    query = (
        select(col(CaseRow.skill), func.count())
        .where(
            col(CaseRow.state).in_(ACTIVE_STATES),
            col(CaseRow.queue) == Line.SECOND_LINE.value,
            col(CaseRow.skill) != "",
        )
        .group_by(col(CaseRow.skill))
    )
    return {skill: count for skill, count in session.execute(query) if skill not in there}
