"""Editing the brand's rules, by those who may. What makes a rule good is the guard's matter (guard/rules)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from webcare import audit
from webcare.domain import Actor, Decision, Finding
from webcare.guard import ReviewContext, review
from webcare.guard.profile import Profile
from webcare.guard.rules.book import Kept, RuleBook
from webcare.guard.rules.escaped import Slip
from webcare.guard.rules.own_profile import ProfileTest, read_own, save_own
from webcare.guard.rules.ruleset import RuleSet
from webcare.guard.rules.saving import Others
from webcare.people import Permission, require


def try_rule(book: RuleBook, name: str, text: str, *, by: Actor) -> int:
    """Try a rule without saving it; gives how many recorded slips it was tried against.

    Raises NotAllowed, and SettingsError naming file and line of what is wrong.
    """
    require(by, Permission.EDIT_RULES)
    return book.test(name, text)


def save_rule(book: RuleBook, name: str, text: str, *, by: Actor, now: datetime) -> Kept:
    """Put a rule in force under one's name. Raises NotAllowed, and SettingsError; the old rule stays then."""
    require(by, Permission.EDIT_RULES)
    return book.save(name, text, by=by.name, now=now)


def delete_rule(book: RuleBook, name: str, *, by: Actor, now: datetime) -> None:
    """Take a rule of the desk's own away. Raises NotAllowed, and SettingsError where a slip would pass without it."""
    require(by, Permission.EDIT_RULES)
    book.delete(name, by=by.name, now=now)


def save_profile(
    session: Session,
    brand: str,
    folder: Path,
    value: Mapping[str, Any],
    tests: Sequence[ProfileTest],
    *,
    base: Profile,
    rules: RuleSet,
    slips: Sequence[Slip],
    others: Callable[[Profile], Others],
    by: Actor,
    now: datetime,
    write: bool = True,
) -> Profile:
    """Put what managers add to a brand's profile in force, with a row in the audit log; `write` False tries only.

    Raises NotAllowed, and SettingsError naming what is wrong, a failing test or a slip that would pass.
    """
    require(by, Permission.EDIT_RULES)
    before, _ = read_own(folder)
    saved = save_own(
        folder, value, tests, base=base, rules=rules, judge=_judge, slips=slips, others=others, write=write
    )
    if write:
        old, new = audit.difference(before, value)
        audit.record(session, "profile_changed", by=by, now=now, subject=f"brand:{brand}", before=old, after=new)
    return saved


def note_rule(session: Session, did: str, brand: str, name: str, *, by: Actor, now: datetime) -> None:
    """A row in the audit log for a rule that was saved or deleted; its text is in the history of its folder."""
    require(by, Permission.EDIT_RULES)
    audit.record(session, f"rule_{did}", by=by, now=now, subject=f"brand:{brand}", after={"rule": name})


def _judge(draft: str, context: ReviewContext) -> tuple[Decision, Sequence[Finding]]:
    verdict = review(draft, context)
    return verdict.decision, verdict.findings
