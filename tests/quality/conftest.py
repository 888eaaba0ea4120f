"""A desk with sent replies of several people, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from webcare.domain import Actor, Role
from webcare.quality import reviewing, sampling, scorecards
from webcare.store import Store
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.testing import Desk, make_desk

ZONE = ZoneInfo("Europe/Amsterdam")
#: The week of `webcare.testing.NOON`.
WEEK = "2026-W07"
ANSWER = "It arrives tomorrow between nine and noon."


@pytest.fixture
def desk(store: Store) -> Desk:
    return make_desk(store)


@pytest.fixture
def send(desk: Desk) -> Callable[..., int]:
    """A reply that stands on the network; gives its id. `by` is its author."""

    def send_(text: str = ANSWER, by: Actor | None = None, **case: object) -> int:
        opened = desk.open_case(**case)
        sent = desk.reply(opened.id or 0, text)
        desk.later(minutes=1)
        assert desk.deliver() == 1
        desk.later(minutes=1)
        if by is not None:
            with desk.store.write() as session:
                row = session.get_one(DeliveryRow, sent.id)
                row.author_id = row.approver_id = by.id or 0
        return sent.id or 0

    return send_


@pytest.fixture
def lead(desk: Desk) -> Actor:
    return desk.people[Role.TEAM_LEAD]


@pytest.fixture
def manager(desk: Desk) -> Actor:
    return desk.people[Role.MANAGER]


@pytest.fixture
def admin(desk: Desk) -> Actor:
    return desk.people[Role.ADMIN]


def draw(desk: Desk, by: Actor, week: str = WEEK) -> sampling.Draw:
    with desk.store.write() as session:
        return sampling.draw(session, week, zone=ZONE, by=by, now=desk.now)


def reviews_of(desk: Desk, by: Actor) -> tuple[reviewing.ReviewItem, ...]:
    with desk.store.read() as session:
        return reviewing.my_reviews(session, by=by)


def keep(desk: Desk, review_id: int, by: Actor, mark: int | None = None, **marks: int | None) -> float:
    """Keep a review with the highest marks but those given, or one mark for all."""
    with desk.store.write() as session:
        given = {
            one.key: marks.get(one.key, one.top if mark is None else min(mark, one.top))
            for one in scorecards.current(session).questions
        }
        return reviewing.keep_review(session, review_id, given, comment="Warm, thanks.", by=by, now=desk.now)


def rule(desk: Desk, by: Actor, **value: object) -> None:
    with desk.store.write() as session:
        sampling.decide_sampling(session, value, by=by, now=desk.now - timedelta(hours=1))


def only_reviewers(desk: Desk, *who: Actor) -> None:
    """Everybody else who may review leaves the desk."""
    with desk.store.write() as session:
        for actor in desk.people.values():
            if actor.id not in {one.id for one in who} and actor.role in (Role.TEAM_LEAD, Role.MANAGER, Role.ADMIN):
                session.get_one(AgentRow, actor.id).active = False


def colleague(desk: Desk, name: str, role: Role = Role.FIRST_LINE) -> Actor:
    with desk.store.write() as session:
        row = AgentRow(username=name.lower(), name=name, role=role.value, created_at=desk.now)
        session.add(row)
        session.flush()
        return replace(desk.first, id=row.id, name=name, role=role)


def case_of(desk: Desk, delivery_id: int) -> CaseRow:
    with desk.store.read() as session:
        return session.get_one(CaseRow, session.get_one(DeliveryRow, delivery_id).case_id)
