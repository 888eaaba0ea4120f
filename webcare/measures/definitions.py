"""Every measure of the desk: what it is called, what it counts, how it is dated. The sentences are what people read.

A meaning is never changed in place. The new one gets the next version and the old one stays beside it in `wordings`,
where it stays computable: `facts_of(..., wanted=VERSIONS)` gives both, so that a report can show them side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webcare.domain import N_
from webcare.measures.values import Definition
from webcare.measures.wordings import FIGURES, REASONS

__all__ = ["DEFINITIONS", "DIMENSIONS", "EARLIER", "REASONS", "VERSIONS", "definition"]

#: What facts can be filtered and grouped by. Each fact has the first eight; the others where they mean something.
DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "account": N_("Account"),
        "channel": N_("Network"),
        "market": N_("Market"),
        "queue": N_("Queue"),
        "topic": N_("Topic"),
        "urgency": N_("Urgency"),
        "language": N_("Language"),
        "sentiment": N_("Sentiment"),
        "wait": N_("First answer or a later one"),
        "way": N_("Public or private"),
        "part": N_("Wrote, checked or approved"),
        "question": N_("Label"),
        "class": N_("What the model said"),
        "confidence": N_("How sure the model was"),
        "check": N_("Check of the guard"),
        "resolution": N_("Why it was closed"),
        "consulted": N_("Asked the second line"),
    }
)


def _current() -> Mapping[str, Definition]:
    found = {
        name: Definition(name, version, unit, dating, title, sentence, better)
        for name, version, unit, dating, better, title, sentence in FIGURES
        if version == max(other[1] for other in FIGURES if other[0] == name)
    }
    return MappingProxyType(found)


def _earlier() -> Mapping[tuple[str, int], Definition]:
    every = [
        Definition(name, version, unit, dating, title, sentence, better)
        for name, version, unit, dating, better, title, sentence in FIGURES
    ]
    return MappingProxyType({one.key: one for one in every if DEFINITIONS[one.name].version != one.version})


#: The measures as they are meant now, by name.
DEFINITIONS: Mapping[str, Definition] = _current()
#: What they meant before, by name and version.
EARLIER: Mapping[tuple[str, int], Definition] = _earlier()
#: Both.
VERSIONS: Mapping[tuple[str, int], Definition] = MappingProxyType(
    {one.key: one for one in DEFINITIONS.values()} | dict(EARLIER)
)


def definition(name: str, version: int | None = None) -> Definition:
    """A measure's definition, the current one unless a version is named. Raises KeyError."""
    return DEFINITIONS[name] if version is None else VERSIONS[name, version]
