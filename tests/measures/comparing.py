"""Laying the real figures beside the reference's."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random
from typing import Any

from tests.measures.made_up import made_up_clocks, made_up_history
from tests.measures.reference import Reference, Row
from webcare.measures import VERSIONS, Fact
from webcare.measures.facts import facts_of
from webcare.measures.lives import CaseHistory

#: Dimensions that are laid side by side too.
_DETAILS = {"handled": ("part",), "corrected": ("question", "class")}


def real(history: CaseHistory, clocks: Any, at: datetime) -> Counter[Row]:
    """The facts of a case in the reference's form."""
    return Counter(_row(fact) for fact in facts_of(history, clocks, at=at, wanted=VERSIONS))


def _row(fact: Fact) -> Row:
    details = tuple(fact.dims[name] for name in _DETAILS.get(fact.measure, ()) if fact.counted or name != "part")
    value = (fact.measure, fact.version, fact.at, fact.value, fact.business, fact.agent_id, round(fact.share, 9))
    return (*value, fact.counted, fact.reason, fact.changes_at, tuple(details))


def differences(chance: Random, number: int) -> tuple[Counter[Row], Counter[Row], int]:
    """(only in the real figures, only in the reference, facts compared) of one made-up case."""
    clocks = made_up_clocks(number)
    history, at = made_up_history(chance, number)
    ours, theirs = real(history, clocks, at), Reference(history, clocks, at).all()
    return ours - theirs, theirs - ours, sum(theirs.values())
