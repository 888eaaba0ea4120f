"""What the network says before anybody writes: which ways there are, which of them it takes, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from webcare import cases
from webcare.channels import channel_class
from webcare.channels.base import Channel
from webcare.console.desk import desk
from webcare.domain import ReplyWay
from webcare.errors import SettingsError
from webcare.store.queries import CaseView


@dataclass(frozen=True, slots=True)
class Way:
    """One way of answering, as the network sees it now."""

    way: ReplyWay
    allowed: bool = True
    reason: str = ""  #: why it is refused, in the agent's words
    open_url: str = ""  #: where to answer by hand
    until: datetime | None = None  #: when the window closes

    @property
    def is_private(self) -> bool:
        """Whether only the customer reads it."""
        return self.way is ReplyWay.PRIVATE


def ways(view: CaseView) -> tuple[Way, ...]:
    """Ask the account's channel about every way of answering the customer's newest message; that message's own first.

    An account that is not connected here cannot be asked: then the network answers when the reply leaves.
    """
    with desk().store.read() as session:
        message = cases.message_to_answer(session, view.case.id)
        target = cases.target_of(session, message) if message is not None else None
        url = message.url if message is not None else ""
        kind = message.kind if message is not None else ""
    offered = cases.ways_offered(channel_class(view.case.channel).capabilities, kind)
    channel = _channel(view.account.key)
    if target is None or channel is None:
        return tuple(Way(way) for way in offered)
    found = []
    for way in offered:
        said = cases.ask(channel, target, way)
        found.append(Way(way, said.allowed, said.reason, said.open_url or url, said.until))
    return tuple(found)


def key_of(case_id: int) -> str:
    """The key of the switch between the ways."""
    return f"way_{case_id}"


def chosen(case_id: int, found: tuple[Way, ...]) -> Way:
    """The way somebody switched to; the one the message came where nobody did."""
    wish = st.session_state.get(key_of(case_id))
    return next((one for one in found if one.way.value == wish), found[0])


def _channel(account: str) -> Channel | None:
    try:
        return desk().channels[account]
    except (KeyError, SettingsError):
        return None
