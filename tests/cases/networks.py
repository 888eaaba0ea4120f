"""A network in memory that offers everything, and whose rules a test may set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from webcare.actions import act_due
from webcare.channels.base import Action, Capabilities, Permission, ReplyTarget
from webcare.channels.x import X
from webcare.domain import ReplyWay
from webcare.errors import ChannelError
from webcare.testing import Desk, FakeChannel

EVERYTHING = Capabilities(
    takes_once=True,
    reply_public=True,
    reply_private=True,
    actions=frozenset(Action),
    parts=4,
    refresh=100,
    settle_s=0.0,
)


@dataclass
class Network(FakeChannel):
    """Says what `permit` says of a reply, and keeps what was done to its posts."""

    capabilities: ClassVar[Capabilities] = EVERYTHING

    permit: Callable[[ReplyTarget, ReplyWay], Permission] = lambda target, way: Permission(True)
    asked: list[tuple[ReplyTarget, ReplyWay]] = field(default_factory=list)
    acts: list[tuple[Action, str]] = field(default_factory=list)
    refusals: list[ChannelError | Exception | None] = field(default_factory=list)

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        self.asked.append((target, way))
        return self.permit(target, way)

    def act(self, action: Action, external_id: str) -> None:
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is not None:
            raise refusal
        self.acts.append((action, external_id))
        if action is Action.DELETE:
            self.timeline = [one for one in self.timeline if one[0].external_id != external_id]


def on_network(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Network:
    """Put the desk on such a network; what the console and the services know of X says the same."""
    monkeypatch.setattr(X, "capabilities", EVERYTHING)
    network = Network(clock=desk.clock)
    desk.channel = network
    return network


def act(desk: Desk) -> int:
    """Do on the network what is due now."""
    return act_due(desk.store, {desk.account_key: desk.channel}, desk.settings.delivery, clock=desk.clock)
