"""What the guard looks at, and what a check is. Pure: everything it needs is in the context."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from webcare.domain import Finding


@dataclass(frozen=True, slots=True)
class ReviewContext:
    """A draft's surroundings: where it goes, what it answers, and what must stay inside."""

    channel: str
    account: str = ""  #: our account key
    target_id: str = ""  #: external id of the message answered
    attachments: tuple[str, ...] = ()
    lang: str | None = None  #: the customer's language
    mention: str = ""  #: the customer's message
    notes: tuple[str, ...] = ()  #: internal notes of the case
    public_texts: tuple[str, ...] = ()  #: what already stands in public: thread, earlier replies, brand facts
    colleagues: tuple[str, ...] = ()  #: names and user names of staff
    queue_names: tuple[str, ...] = field(default=("first_line", "second_line", "unsorted"))
    internal_hosts: tuple[str, ...] = ()  #: host names of ours that no customer can open
    #: (used, limit) of a text by the network's own rule; None = the channel sets no limit.
    length: Callable[[str], tuple[int, int]] | None = None


class Check(Protocol):
    """One question asked of a draft."""

    name: str

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Give findings with offsets into `draft` as written. Deterministic, no I/O."""
