"""Editing the brand's rules, by those who may. What makes a rule good is the guard's matter (guard/rules)."""

from __future__ import annotations

from datetime import datetime

from webcare.domain import Actor
from webcare.guard.rules.book import Kept, RuleBook
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
