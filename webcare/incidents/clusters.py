"""Which messages say the same, by their vectors, and the words they share. Pure.

The encoder puts messages about one matter near each other in any language, but it was made for labels: a few directions
(the topic, the mood, the language) are so strong that everybody's complaint looks alike. So what messages usually have
in common is taken away first, and the directions in which they usually differ count for less. What is usual is
learnt from the desk's own messages, and how near is near from how near those come by chance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webcare.guard.words import STOP

Floats = NDArray[np.float32]
#: Nearer to the middle than usual messages are, by so many of their deviations: of the series that rose, and of others.
RISEN, NEAR = 1.5, 5.0
#: And nearer than this part of the usual messages of the same series, where so many of them are known.
_AKIN, _AKIN_LEAST = 0.6, 8
#: How often the middle is looked for.
_ROUNDS = 3
#: Messages looked at together; bounds memory (a square of them is 4 MB).
MOST = 1_000
#: Usual messages that are enough to learn from, and fewer than these say nothing of what they have in common.
ENOUGH, _FEW = 400, 20
#: What few messages say of their directions is believed less: so many weigh as much as taking all directions alike.
_LEAN = 90.0
#: Where nothing is known of usual messages, cosines come this close by chance.
_CHANCE = 0.15
_WORD = re.compile(r"[^\W\d_]{4,}")
_PLACEHOLDER = re.compile(r"\[[^\]]{1,30}\]|[@#]\w+")
#: Words are compared by their beginnings: "charged" and "charges" are the same.
_STEM = 6
_WORDS_SHOWN = 5
#: A word is shared when so many messages, and this part of those in its language, have it.
_SHARED_BY, _SHARED_PART = 2, 0.3


@dataclass(frozen=True, slots=True)
class Cluster:
    """Messages that say the same: their places among those given, and the middle of their vectors."""

    members: tuple[int, ...]
    centre: Floats  #: (H,), length 1


@dataclass(frozen=True, slots=True)
class Ground:
    """What messages usually have in common and how they usually differ; both are taken out of vectors (N, H)."""

    middle: Floats  #: (H,)
    turn: Floats  #: (H, H), weighs the directions; (0, 0) where too little is known
    usual: Floats  #: (M, H) usual messages, as `flat` gives them
    akin: NDArray[np.bool_]  #: (M,) those of the series that rose

    @classmethod
    def of(cls, usual: Floats, akin: Sequence[bool] = ()) -> Ground:
        """Learnt from usual messages (M, H); few of them teach little, and then nothing is taken out.

        `akin` are those of the series that rose, from before it did.
        """
        few = len(usual) < _FEW
        middle = np.zeros(usual.shape[1], np.float32) if few else usual.mean(axis=0)
        turn = np.zeros((0, 0), np.float32) if few else _evened(usual - middle)
        same = np.asarray(akin, np.bool_) if len(akin) else np.zeros(len(usual), np.bool_)
        return cls(middle, turn, _flat(usual, middle, turn), same)

    def flat(self, vectors: Floats) -> Floats:
        """Vectors (N, H) without what is usual, of length 1 again."""
        return _flat(vectors, self.middle, self.turn)

    def bars(self, middle: Floats) -> tuple[float, float]:
        """How near to a middle (H,) is near: for the series that rose, and for others."""
        if len(self.usual) < _FEW:
            return _CHANCE, 3 * _CHANCE
        by_chance = self.usual @ middle
        half = float(np.median(by_chance))
        # By the median: some reports of the matter itself may be among the usual ones.
        stray = 1.4826 * float(np.median(np.abs(by_chance - half)))
        risen = half + RISEN * stray
        if self.akin.sum() >= _AKIN_LEAST:
            risen = max(risen, float(np.quantile(by_chance[self.akin], _AKIN)))
        return risen, max(risen, half + NEAR * stray)


def gather(vectors: Floats, seeds: Collection[int], ground: Ground) -> Cluster:
    """The messages that say what most of `seeds` say, whether they are among them or not.

    `vectors` (N, H) of length 1, at most MOST of them; `seeds` are places in it, most of which belong together.
    """
    places = sorted(seeds)
    flat = ground.flat(vectors)
    mine = flat[places]
    # From where it is densest: what happens to come at the same time as an incident must not pull the middle away.
    middle = mine[int((mine @ mine.T).mean(axis=1).argmax())]
    for _ in range(_ROUNDS):
        middle = _unit(mine[_nearest(mine @ middle, ground.bars(middle)[0])].mean(axis=0))
    members = _belonging(flat @ middle, np.isin(np.arange(len(flat)), places), ground.bars(middle))
    if not len(members):
        members = np.asarray(places)
    return Cluster(tuple(int(one) for one in members), _unit(vectors[members].mean(axis=0)))


def belong(vectors: Floats, core: Floats, risen: Sequence[bool], ground: Ground) -> list[int]:
    """The places of those messages (N, H) that say what the core (M, H) of a cluster says.

    `risen` are those of the series that rose, while it did.
    """
    middle = _unit(ground.flat(core).mean(axis=0))
    near = _belonging(ground.flat(vectors) @ middle, np.asarray(risen, bool), ground.bars(middle))
    return [int(one) for one in near]


def _belonging(cosines: Floats, risen: NDArray[np.bool_], bars: tuple[float, float]) -> NDArray[np.int64]:
    """Most of what came while its series rose belongs to what made it rise, so less of a likeness is enough there."""
    return np.flatnonzero(cosines >= np.where(risen, *bars))


def _nearest(cosines: Floats, bar: float) -> NDArray[np.bool_]:
    """Those over the bar, and the nearest in any case."""
    return np.asarray(cosines >= min(bar, float(cosines.max())), np.bool_)


def _evened(moved: Floats) -> Floats:
    """Weighs directions (H, H) so that messages differ alike in all; leans on taking them alike as they are."""
    spread, directions = np.linalg.eigh(moved.T @ moved / len(moved))
    spread = np.maximum(spread, 0)
    lean = max(1.0, _LEAN / len(moved)) * max(float(spread.mean()), 1e-9)
    return np.asarray(directions / np.sqrt(spread + lean), np.float32)


def _flat(vectors: Floats, middle: Floats, turn: Floats) -> Floats:
    moved = vectors - middle
    if len(turn):
        moved = moved @ turn
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6), np.float32)


def shared_words(texts: Sequence[tuple[str, str]], others: Sequence[str]) -> tuple[str, ...]:
    """The words that these messages (language, text) share and other messages rarely have, the most telling first.

    The texts must be without personal data.
    """
    usual = Counter(stem for other in others for stem in _stems(other))
    found: list[tuple[float, str]] = []
    by_language: dict[str, list[str]] = {}
    for language, text in texts:
        by_language.setdefault(language, []).append(text)
    for group in by_language.values():
        spoken = Counter(word for text in group for word in _words(text))
        count = Counter(stem for text in group for stem in _stems(text))
        for stem, times in count.items():
            if times < _SHARED_BY or times < _SHARED_PART * len(group):
                continue
            word = max((word for word in spoken if word[:_STEM] == stem), key=lambda word: (spoken[word], word))
            found.append((times / (1 + usual[stem]) * len(group) ** 0.5, word))
    return tuple(word for _, word in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:_WORDS_SHOWN])


def _words(text: str) -> list[str]:
    plain = _PLACEHOLDER.sub(" ", text.casefold())
    return [word for word in _WORD.findall(plain) if word not in STOP]


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _words(text)}


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
