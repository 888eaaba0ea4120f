"""What a job is. Knows no engine, no table and no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from webcare.cases.suggesting import Embedder
from webcare.cases.surroundings import Reviewer
from webcare.channels.base import Channel
from webcare.settings import Settings
from webcare.store import Store
from webcare.triage.base import Classifier

Clock = Callable[[], datetime]


class Desk(Protocol):
    """The parts of the desk that jobs work with; `webcare.app.App` is one."""

    @property
    def settings(self) -> Settings:
        """Everything the desk was told."""

    @property
    def store(self) -> Store:
        """The database."""

    @property
    def channels(self) -> Mapping[str, Channel]:
        """The connected accounts, by account key."""

    @property
    def classifier(self) -> Classifier:
        """What labels mentions; loaded on first use."""

    @property
    def reviewer(self) -> Reviewer:
        """What the guard reads every reply with before it leaves."""

    @property
    def learned(self) -> Embedder:
        """What tells what texts are about, in this process or another."""

    @property
    def heads_settled(self) -> bool:
        """Whether the guard's learned heads are open to other processes, or cannot be."""

    def serve_heads(self) -> bool:
        """Open them; False where that has to wait or cannot be."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one run of a job came to."""

    handled: int = 0  #: rows made or changed; 0 means that there was nothing to do
    again: bool = False  #: more work is waiting, so do not wait for the next turn


def _once(desk: Desk) -> Sequence[str]:
    return ("",)


def _always(desk: Desk, key: str, now: datetime) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One kind of work that comes back every `every_s` seconds, once for each of its keys."""

    name: str
    fn: Callable[[Desk, str, Clock], Done]
    every_s: Callable[[Settings], float]
    executor: str  #: jobs of one executor share its threads, so a slow network holds up only its own kind
    keys: Callable[[Desk], Sequence[str]] = _once  #: "" for a job that is not divided
    has_work: Callable[[Desk, str, datetime], bool] = _always  #: a cheap look that spares an idle run its writes
    shares_lease_with: str = ""  #: a job it may never overlap with for the same key
    precedence: Literal["first", "", "last"] = ""  #: "last" waits a moment for those that are "first"

    def lease(self, key: str) -> str:
        """The name of the lease a run holds."""
        return f"job:{self.shares_lease_with or self.name}:{key}".rstrip(":")
