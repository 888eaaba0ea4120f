"""Asks the learned heads about a draft, the same question whichever check asks it."""

from __future__ import annotations

from collections.abc import Sequence

from webcare.errors import ModelMissing, ModelUnusable
from webcare.guard.base import ReviewContext, Score

#: A draft, the notes, and what stands in public or may be told.
Question = tuple[str, tuple[str, ...], tuple[str, ...]]


def asked(draft: str, context: ReviewContext) -> Sequence[Score] | None:
    """What the heads say of each stretch of the draft; None where they are not here or give no answer."""
    if context.learned is None:
        return None
    try:
        return context.learned.scores(draft, *surroundings_of(context))
    except (ModelMissing, ModelUnusable):
        # Told by `missing_of`: the deterministic checks have still run.
        return None


def surroundings_of(context: ReviewContext) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The notes, and what stands in public or may be told."""
    public = dict.fromkeys((context.mention, *context.public_texts, *context.facts))
    return tuple(context.notes), tuple(text for text in public if text)


def why_missing(draft: str, context: ReviewContext) -> str:
    """Why the heads say nothing of this draft; empty where they do.

    The same words every time: a reply checked without the heads may be sent without them, if nothing else changed.
    """
    if context.learned is None:
        return "no trained model is at hand"
    return "the process with the encoder gave no answer" if asked(draft, context) is None else ""
