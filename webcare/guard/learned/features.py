"""What the heads look at: a stretch of the draft in its draft, and beside a stretch of a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from webcare.guard.normalise import tokens
from webcare.guard.weights import is_fact, print_of
from webcare.guard.words import STOP

Floats = NDArray[np.float32]

#: What a network may read: a stretch in its draft; that beside a stretch of a note; the same without the note itself.
STRETCH, PAIR, LIKENESS = "stretch", "pair", "likeness"
#: Components of a centred embedding are small; these bring them near 1, the draft's nearer to nothing.
_SCALE, _AROUND = 10.0, 5.0
_LONGEST_RUN = 8
_MANY_NUMBERS = 3


@dataclass(frozen=True, slots=True)
class Read:
    """What is kept of a text the encoder has read."""

    embedding: Floats  #: (384,), length 1
    inner: float  #: log-odds of the encoder's own head that it is a note; 0 where it has none
    again: float  #: of a sentence behind a note: log-odds that it gives the note away; 0 where it has no such head
    funny: float  #: of a whole draft: log-odds that it jokes; 0 where it has no such head
    languages: Floats  #: probabilities of the languages


class Noted(NamedTuple):
    """A part of a note."""

    text: str
    read: Read
    whole: str = ""  #: the note it is part of


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of a draft, and the draft."""

    text: str
    read: Read
    draft: Read


def said_rows(said: Sequence[Said], centre: Floats) -> Floats:
    """One row a stretch (N, 769): what it says, what the draft says, how much of it is dates, hours and prices."""
    own = noted_rows([Noted(one.text, one.read) for one in said], centre)
    around = (np.stack([one.draft.embedding for one in said]) - centre) * _AROUND
    facts = np.array([[_fact_share(one.text)] for one in said], dtype=np.float32)
    return np.hstack([own, around, facts]).astype(np.float32)


def noted_rows(noted: Sequence[Noted], centre: Floats) -> Floats:
    """One row a text (N, 384): its centred embedding."""
    return np.asarray((np.stack([one.read.embedding for one in noted]) - centre) * _SCALE, dtype=np.float32)


def compared_rows(said: Sequence[Said], noted: Sequence[Noted], centre: Floats) -> Floats:
    """How stretches and notes compare, one row a pair (N, 11), unscaled: cosine, words, numbers, lengths, language."""
    cosines = cosine_rows([one.read for one in said], [other.read for other in noted], centre)
    rows = [
        [float(cosine), *_words(one.text, other.text), float(one.read.languages @ other.read.languages)]
        for cosine, one, other in zip(cosines, said, noted, strict=True)
    ]
    return np.array(rows, dtype=np.float32)


def cosine_rows(left: Sequence[Read], right: Sequence[Read], centre: Floats) -> Floats:
    """The cosine of each pair of texts, embeddings centred."""
    ours, theirs = centred(left, centre), centred(right, centre)
    return np.asarray((ours * theirs).sum(axis=1), dtype=np.float32)


def centred(reads: Sequence[Read], centre: Floats) -> Floats:
    """Embeddings with the mean taken off, of length 1 again."""
    rows = np.stack([read.embedding for read in reads]) - centre
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def inputs_of(ours: Floats, theirs: Floats, compared: Floats) -> dict[str, Floats]:
    """Rows of pairs for the networks: stretches (N, 769), notes (N, 384) and how they compare (N, 11), scaled."""
    own = ours[:, : theirs.shape[1]]
    likeness = [ours, np.abs(own - theirs), own * theirs, compared]
    return {
        STRETCH: ours,
        LIKENESS: np.hstack(likeness).astype(np.float32),
        PAIR: np.hstack([*likeness, theirs]).astype(np.float32),
    }


@lru_cache(maxsize=4096)
def _fact_share(text: str) -> float:
    found = tokens(text)
    return sum(map(is_fact, found)) / max(1, len(found))


def _words(text: str, note: str) -> tuple[float, ...]:
    said, noted = print_of(text), print_of(note)
    shared = said.vocabulary & noted.vocabulary
    telling = _content(shared)
    return (
        telling / max(1, _content(noted.vocabulary)),
        telling / max(1, _content(said.vocabulary)),
        len(shared) / max(1, len(said.vocabulary)),
        float(min(_MANY_NUMBERS, _numbers(shared))),
        float(min(_MANY_NUMBERS, _numbers(noted.vocabulary))),
        float(min(_MANY_NUMBERS, _numbers(said.vocabulary))),
        float(_run(said.words, noted.words) if shared else 0),
        float(np.log1p(len(text))),
        float(np.log1p(len(note))),
    )


def _content(words: frozenset[str]) -> int:
    return sum(1 for word in words if word not in STOP and len(word) > 2 and not word[0].isdigit())


def _numbers(words: frozenset[str]) -> int:
    return sum(1 for word in words if word[:1].isdigit())


def _run(left: Sequence[str], right: Sequence[str]) -> int:
    """The longest run of words that both have, at most `_LONGEST_RUN`."""
    best = 0
    before = [0] * (len(right) + 1)
    for word in left:
        now = [0] * (len(right) + 1)
        for at, other in enumerate(right, start=1):
            if word == other:
                now[at] = before[at - 1] + 1
                best = max(best, now[at])
        before = now
    return min(best, _LONGEST_RUN)
