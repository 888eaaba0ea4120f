"""What a verdict is bound to: marks of everything it looked at, and which of them are not the same any more.

A mark is a digest, with an id before it where somebody may want to see the text again. No text of a note is in it:
verdicts are stored with replies, and replies hold nothing internal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from webcare.domain import N_, ReplyWay, Said
from webcare.guard.base import ReviewContext
from webcare.guard.profile import Profile

Seen = Sequence[Sequence[str]]


class Part(StrEnum):
    """One of the things a verdict looks at."""

    TEXT = "text"
    TARGET = "target"
    ACCOUNT = "account"
    WAY = "way"  #: who can read it
    ATTACHMENTS = "attachments"
    CUSTOMER = "customer"  #: their newest message
    OURS = "ours"  #: our newest reply to them, a colleague's included
    NOTES = "notes"
    FACTS = "facts"  #: what may be told
    RULES = "rules"  #: checks, brand rules and brand
    HEADS = "heads"  #: version of the learned heads; empty where they could not run


#: What to call a part in a sentence.
NAMES = {
    Part.TEXT: N_("the text"),
    Part.TARGET: N_("the message it answers"),
    Part.ACCOUNT: N_("the account it leaves from"),
    Part.WAY: N_("who can read it"),
    Part.ATTACHMENTS: N_("the attachments"),
    Part.CUSTOMER: N_("the customer's newest message"),
    Part.OURS: N_("our newest reply"),
    Part.NOTES: N_("the internal notes"),
    Part.FACTS: N_("what may be told of the notes"),
    Part.RULES: N_("the rules of the guard"),
    Part.HEADS: N_("the learned part of the guard"),
}


def seen_of(draft: str, context: ReviewContext, rules_version: str) -> tuple[tuple[str, str], ...]:
    """The marks of a draft and its surroundings, one for each Part, in their order."""
    marks = {
        Part.TEXT: _digest(draft),
        Part.TARGET: _with_id(context.target_id, context.mention),
        Part.ACCOUNT: _digest(context.channel, context.account),
        Part.WAY: _digest((ReplyWay.PRIVATE if context.private else ReplyWay.PUBLIC).value),
        Part.ATTACHMENTS: _digest(*context.attachments),
        Part.CUSTOMER: _with_id(*context.newest_message),
        Part.OURS: _with_id(*context.newest_reply),
        Part.NOTES: _digest(*sorted(context.notes)),
        Part.FACTS: _digest(*sorted(context.facts)),
        Part.RULES: _rules(rules_version, context.rules.version if context.rules else "", context.brand),
        Part.HEADS: context.learned.version if context.learned else "",
    }
    return tuple((part.value, marks[part]) for part in Part)


def changed_parts(before: Seen, after: Seen) -> tuple[Part, ...]:
    """The parts whose marks differ; all of them when the first verdict has no marks."""
    old, new = marks_of(before), marks_of(after)
    return tuple(part for part in Part if old.get(part) != new.get(part))


def marks_of(seen: Seen) -> dict[str, str]:
    """The marks by part, also of a verdict that was stored as lists."""
    return {pair[0]: pair[1] for pair in seen}


def id_in(mark: str) -> str:
    """The id before the digest; empty where there is none."""
    return mark.rpartition(":")[0]


def sentence(parts: Iterable[Part]) -> str:
    """Say what changed, for the person at the desk."""
    names = [Said(NAMES[part]) for part in parts]
    listed = names[-1]
    if len(names) > 1:
        listed = Said("{some} and {last}", some=Said.joined(names[:-1], ", "), last=names[-1])
    return Said(
        "This reply was checked before {listed} changed. Look at what is new, then check it again.", listed=listed
    )


def _with_id(identity: str, text: str) -> str:
    return f"{identity}:{_digest(text)}" if identity else ""


def _rules(version: str, rules: str, brand: Profile) -> str:
    # Where the folder of rules lies is another matter on another machine; what is in it has a version of its own.
    return f"{version}:{_digest(rules, repr(replace(brand, rules=None)))}"


def _digest(*fields: str) -> str:
    digest = hashlib.sha256()
    for field in fields:
        encoded = field.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()[:32]
