"""A network that tells what the collecting core has to cope with: limits, prices, gaps, deletions, new names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from webcare.channels.base import (
    Budget,
    Capabilities,
    Filled,
    Gap,
    GoneReason,
    Health,
    PollResult,
    RateState,
    Refreshed,
    Spend,
)
from webcare.domain import Mention
from webcare.errors import ChannelError
from webcare.testing import FakeChannel


@dataclass
class Told:
    """What was asked of the network."""

    polls: list[frozenset[str]] = field(default_factory=list)  #: lists left alone, by poll
    refreshes: list[tuple[str, ...]] = field(default_factory=list)
    fills: list[tuple[Gap, str]] = field(default_factory=list)
    healths: int = 0


@dataclass
class Network(FakeChannel):
    """The stand-in of every test, with what the wider interface asks for. Lists by name in `rates`."""

    capabilities: ClassVar[Capabilities] = Capabilities(settle_s=0.0, refresh=2, backfill=True)

    rates: Mapping[str, RateState] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)
    price: str = ""  #: what each post read is charged as
    told_ids: bool = True  #: whether it says which posts were read
    now_there: dict[str, Mention | GoneReason] = field(default_factory=dict)  #: what a look-up finds
    hidden: list[Mention] = field(default_factory=list)  #: what only a backfill brings, newest first
    left: tuple[Gap, ...] = ()
    a_step: int = 2
    fill_error: ChannelError | None = None
    refresh_error: ChannelError | None = None
    access: Health | None = None
    told: Told = field(default_factory=Told)
    on_poll: Callable[[], None] = lambda: None

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        self.told.polls.append(budget.closed)
        self.on_poll()
        result = super().poll(cursor, budget)
        rates = {name: rate for name, rate in self.rates.items() if name not in budget.closed}
        return replace(result, rates=rates, gaps=self.gaps, troubles=self.troubles, spent=self._spent(result.mentions))

    def refresh(self, external_ids: Sequence[str]) -> Refreshed:
        self.told.refreshes.append(tuple(external_ids))
        if self.refresh_error is not None:
            raise self.refresh_error
        found = {id_: self.now_there[id_] for id_ in external_ids if id_ in self.now_there}
        mentions = tuple(one for one in found.values() if isinstance(one, Mention))
        gone = {id_: one for id_, one in found.items() if isinstance(one, GoneReason)}
        return Refreshed(mentions, gone, spent=self._spent(mentions))

    def backfill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        self.told.fills.append((gap, token))
        if self.fill_error is not None:
            raise self.fill_error
        start = int(token or 0)
        page = self.hidden[start : start + self.a_step]
        done = start + len(page) >= len(self.hidden)
        return Filled(
            tuple(page), "" if done else str(start + len(page)), left=self.left if done else (), spent=self._spent(page)
        )

    def health(self) -> Health:
        self.told.healths += 1
        return self.access or super().health()

    def _spent(self, mentions: Sequence[Mention]) -> tuple[Spend, ...]:
        if not self.price or not mentions:
            return ()
        ids = tuple(one.external_id for one in mentions) if self.told_ids else ()
        return (Spend(self.price, len(mentions), ids),)


def gap(since: datetime, until: datetime, *, source: str = "mentions", reason: str = "history ended") -> Gap:
    return Gap(since, until, reason, source)
