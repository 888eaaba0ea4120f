"""What the guard looks at, and what a check is. Pure: everything it needs is in the context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

from webcare.domain import Finding
from webcare.guard.profile import NO_BRAND, Profile


@dataclass(frozen=True, slots=True)
class Customer:
    """How the customer is, as triage or a colleague labelled the message; empty where nobody knows."""

    name: str = ""
    sentiment: str = ""
    urgency: str = ""
    topic: str = ""


class OtherNotes(Protocol):
    """The notes of all other cases, looked up rather than read."""

    def near(self, draft: str) -> Sequence[str]:
        """Give the few notes that share a telling run of words with the draft; fast at 100,000 notes."""


#: From these scores on a learned head holds a draft, or wants it acknowledged; training sets what they stand for.
HOLDS, WARNS = 0.5, 0.25


@dataclass(frozen=True, slots=True)
class Score:
    """What the learned heads say of one stretch of the draft, each from 0 to 1; see HOLDS and WARNS."""

    start: int
    end: int
    note_like: float = 0.0  #: it speaks about the customer or to colleagues
    leak: float = 0.0  #: it says again what a note says
    note: str = ""  #: the note's sentence that it comes nearest to
    humour: float = 0.0


class Learned(Protocol):
    """The learned heads over the shipped encoder, wherever they run."""

    @property
    def version(self) -> str:
        """Changes with the heads or the encoder; empty while nobody can be asked."""

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        """Score each sentence and clause. Raises ModelMissing, ModelUnusable where no answer can be had."""


class BrandRules(Protocol):
    """The rules that managers edit, loaded and tested."""

    version: str  #: changes with any change of a rule

    def findings(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """What the rules that apply here say of the draft."""


@dataclass(frozen=True, slots=True)
class ReviewContext:
    """A draft's surroundings: where it goes, what it answers, and what must stay inside."""

    channel: str
    account: str = ""  #: our account key
    target_id: str = ""  #: external id of the message answered
    attachments: tuple[str, ...] = ()
    private: bool = False  #: only the customer will read it: a direct message or a private reply
    lang: str | None = None  #: the customer's language
    mention: str = ""  #: the customer's message
    notes: tuple[str, ...] = ()  #: internal notes of the case
    public_texts: tuple[str, ...] = ()  #: what already stands in public: thread, earlier replies, brand facts
    colleagues: tuple[str, ...] = ()  #: names and user names of staff
    queue_names: tuple[str, ...] = field(default=("first_line", "second_line", "unsorted"))
    internal_hosts: tuple[str, ...] = ()  #: host names of ours that no customer can open
    #: (used, limit) of a text by the network's own rule; None = the channel sets no limit.
    length: Callable[[str], tuple[int, int]] | None = None
    parts: int = 1  #: how many posts a longer text may be cut into
    market: str = ""  #: where the account speaks, e.g. nl; empty = anywhere
    customer: Customer = Customer()
    facts: tuple[str, ...] = ()  #: sentences of notes that somebody marked shareable
    others: OtherNotes | None = None  #: notes of other cases; None = they are not looked at
    learned: Learned | None = None  #: None = only the deterministic checks run
    today: date | None = None  #: the customer's day; None = nothing is said of days
    brand: Profile = NO_BRAND  #: who we are in public
    rules: BrandRules | None = None  #: None = the rules that come with Webcare
    newest_message: tuple[str, str] = ("", "")  #: id and text of the customer's newest message, answered or not
    newest_reply: tuple[str, str] = ("", "")  #: id and text of our newest reply to them, sent or on its way
    jokes_held: bool = False  #: an incident is open and nobody jokes here while it lasts


class Check(Protocol):
    """One question asked of a draft."""

    name: str

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Give findings with offsets into `draft` as written. Deterministic, no I/O."""


@runtime_checkable
class MayMiss(Protocol):
    """A check that cannot always run, and says so."""

    def missing(self, draft: str, context: ReviewContext) -> Iterable[str]:
        """Name what this draft was not checked for, one text each; nothing where all of it ran."""
