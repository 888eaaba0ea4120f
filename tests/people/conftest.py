"""A desk with people in it, on both databases."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlmodel import select

from webcare import audit, people
from webcare.domain import Actor, Role
from webcare.store import Store
from webcare.store.tables import AgentRow
from webcare.testing import NOON

PASSWORD = "a long enough phrase"


@dataclass
class Staff:
    """The store, and who works there."""

    store: Store
    admin: Actor
    noor: Actor
    hash: str

    def row(self, agent_id: int | None) -> AgentRow:
        """One account as it stands."""
        with self.store.read() as session:
            return session.get_one(AgentRow, agent_id)

    def log(self) -> list[audit.Entry]:
        """The audit log, the newest first."""
        with self.store.read() as session:
            assert audit.broken_at(session) is None
            return audit.entries(session)

    def write(self, verb: Callable[..., object], *args: object, **more: object) -> object:
        """One verb in one transaction, as the administrator unless told otherwise."""
        with self.store.write() as session:
            return verb(session, *args, **{"by": self.admin, "now": NOON, **more})

    def token(self, agent_id: int | None, browser: str = "") -> str:
        """A browser signed in without the third of a second a password takes."""
        from datetime import timedelta

        from webcare.people.signing_in import open_sign_in

        with self.store.write() as session:
            row = session.get_one(AgentRow, agent_id)
            return open_sign_in(session, row, now=NOON, lasts=timedelta(hours=12), browser=browser, method="password")

    def is_in(self, token: str) -> bool:
        """Whether a browser may work."""
        with self.store.read() as session:
            return people.actor_for_token(session, token, now=NOON) is not None


@pytest.fixture(scope="session")
def hashed() -> str:
    """The password of everybody, hashed once."""
    return people.passwords.hash_password(PASSWORD)


@pytest.fixture
def staff(store: Store, hashed: str) -> Staff:
    found = {}
    with store.write() as session:
        for name, role in (("jonas", Role.ADMIN), ("noor", Role.FIRST_LINE)):
            session.add(
                AgentRow(username=name, name=name.title(), role=role.value, password_hash=hashed, created_at=NOON)
            )
        session.flush()
        for row in session.exec(select(AgentRow)):
            found[row.username] = Actor(row.id, row.name, Role(row.role))
    return Staff(store, found["jonas"], found["noor"], hashed)
