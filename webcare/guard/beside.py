"""The checks beside a brand's rules, as they judge a recorded slip: with its own surroundings and nothing of a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from webcare.domain import Finding
from webcare.guard import CHECKS, ReviewContext
from webcare.guard.base import Learned, MayMiss
from webcare.guard.branded import BrandRules
from webcare.guard.lexicon import lexicon_findings
from webcare.guard.profile import Profile

Beside = Callable[[str, ReviewContext], Iterable[Finding]]


def checks_beside(brand: Profile, *, staff: Iterable[str] = (), learned: Learned | None = None) -> Beside:
    """All checks but the brand's rules, for a draft in a slip's surroundings."""

    def beside(draft: str, slip: ReviewContext) -> Iterator[Finding]:
        about = _surrounded(slip, brand, staff, learned)
        yield from lexicon_findings(draft, about)
        for check in _OTHERS:
            yield from check.review(draft, about)

    return beside


def unread(learned: Learned | None) -> str:
    """Why the learned heads judge no slip just now; empty where they do."""
    about = ReviewContext(channel="", lang="en", mention="Hello", notes=("A note.",), learned=learned)
    told = [why for check in _OTHERS if isinstance(check, MayMiss) for why in check.missing("A reply to it.", about)]
    return next((why for why in told if why.startswith("said_again")), "")


_OTHERS = tuple(check for check in CHECKS if check.name != BrandRules.name)


def _surrounded(slip: ReviewContext, brand: Profile, staff: Iterable[str], learned: Learned | None) -> ReviewContext:
    return replace(
        slip,
        public_texts=tuple(filter(None, (brand.name, *brand.names, *brand.products, *brand.shareable))),
        colleagues=(*staff, *brand.colleagues),
        queue_names=(*slip.queue_names, *brand.queues),
        internal_hosts=brand.internal_hosts,
        brand=brand,
        learned=learned,
    )
