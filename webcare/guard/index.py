"""The notes of all cases, looked up by rare runs of words; a hundred thousand of them in a few arrays.

A run of five words or more counts when every four in a row of it stand in at most two notes and in nothing that was
ever published: then it is no manner of speaking but that very note. Words are compared without case, accents and
punctuation. The index only proposes; the copied check judges.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webcare.guard.normalise import unmask

#: Words in a shingle; two rare ones of one note in a row are a run of five.
_WIDTH = 4
_IN_A_ROW = 2
#: Notes a rare shingle stands in at most: a note is often written twice, hardly ever three times.
_RARE = 2
#: Notes proposed at most, those with the longest run first.
_PROPOSED = 8
#: Texts longer than this, in characters, are cut: no note is, but a pasted mail may be.
_LONGEST = 20_000
#: New shingles wait in a small segment; a segment is merged with one at most this many times its size.
_GROWTH = 4

_WORD = re.compile(rb"[a-z0-9]+")
Hashes = NDArray[np.uint32]


class NoteIndex:
    """Every note that was added, and what stands in public. Safe for threads; lookups never wait for long."""

    def __init__(self) -> None:
        self._texts = _Texts()
        self._notes: list[tuple[Hashes, Hashes]] = []  # (sorted shingles, note of each), largest segment first
        self._public: list[Hashes] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._texts)

    def add_notes(self, texts: Iterable[str]) -> None:
        """Learn internal notes. Call it with many at once when there are many."""
        with self._lock:
            parts, owners = [], []
            for text in texts:
                found = np.unique(shingles(text))
                parts.append(found)
                owners.append(np.full(len(found), self._texts.add(text), dtype=np.uint32))
            if parts:
                hashes, owned = np.concatenate(parts), np.concatenate(owners)
                order = np.argsort(hashes, kind="stable")
                self._notes = _merged_pairs([*self._notes, (hashes[order], owned[order])])

    def add_public(self, texts: Iterable[str]) -> None:
        """Learn what stands in public: published replies, templates, sentences that may be told."""
        parts = [shingles(text) for text in texts]
        if parts:
            with self._lock:
                self._public = _merged([*self._public, np.unique(np.concatenate(parts))])

    def near(self, draft: str) -> tuple[str, ...]:
        """The notes that share a telling run of words with the draft, the longest run first; at most eight."""
        asked = shingles(draft)
        if len(asked) < _IN_A_ROW:
            return ()
        notes, public = self._notes, self._public
        hit = [() if known else rare for known, rare in zip(_stands(asked, public), _owners(asked, notes), strict=True)]
        runs = _longest_runs(hit)
        found = sorted((note for note, run in runs.items() if run >= _IN_A_ROW), key=lambda note: (-runs[note], note))
        return tuple(self._texts[note] for note in found[:_PROPOSED])

    def size(self) -> int:
        """Bytes the index takes."""
        arrays = [*(array for pair in self._notes for array in pair), *self._public]
        return sum(array.nbytes for array in arrays) + self._texts.size()


def shingles(text: str) -> Hashes:
    """The hash of every four words in a row, in order."""
    plain = unicodedata.normalize("NFKD", unmask(text[:_LONGEST]).text).encode("ascii", "ignore").lower()
    words = np.fromiter(map(crc32, _WORD.findall(plain)), dtype=np.uint32)
    if len(words) < _WIDTH:
        return words[:0]
    mixed = np.zeros(len(words) - _WIDTH + 1, dtype=np.uint32)
    with np.errstate(over="ignore"):
        for place in range(_WIDTH):
            # A polynomial in the words: their order counts, and each step is one pass over an array.
            mixed = mixed * np.uint32(0x9E3779B1) + words[place : place + len(mixed)]
        return mixed ^ (mixed >> np.uint32(15))


class _Texts:
    """Many texts behind each other in one piece of memory."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = np.zeros(1024, dtype=np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> str:
        start = int(self._ends[number - 1]) if number else 0
        return self._bytes[start : int(self._ends[number])].decode("utf-8", "surrogatepass")

    def add(self, text: str) -> int:
        """Keep a text; gives its number."""
        self._bytes += text[:_LONGEST].encode("utf-8", "surrogatepass")
        if self._count == len(self._ends):
            self._ends = np.concatenate([self._ends, np.zeros_like(self._ends)])
        self._ends[self._count] = len(self._bytes)
        self._count += 1
        return self._count - 1

    def size(self) -> int:
        return len(self._bytes) + self._ends.nbytes


def _merged_pairs(segments: list[tuple[Hashes, Hashes]]) -> list[tuple[Hashes, Hashes]]:
    while len(segments) > 1 and len(segments[-2][0]) <= _GROWTH * len(segments[-1][0]):
        (left, left_owners), (right, right_owners) = segments[-2], segments[-1]
        hashes, owners = np.concatenate([left, right]), np.concatenate([left_owners, right_owners])
        order = np.argsort(hashes, kind="stable")
        segments = [*segments[:-2], (hashes[order], owners[order])]
    return segments


def _merged(segments: list[Hashes]) -> list[Hashes]:
    while len(segments) > 1 and len(segments[-2]) <= _GROWTH * len(segments[-1]):
        segments = [*segments[:-2], np.union1d(segments[-2], segments[-1])]
    return segments


def _stands(asked: Hashes, segments: Sequence[Hashes]) -> Iterator[bool]:
    known = np.zeros(len(asked), dtype=bool)
    for segment in segments:
        if not len(segment):
            continue  # a post of two words has no run of words
        places = np.minimum(np.searchsorted(segment, asked), len(segment) - 1)
        known |= segment[places] == asked
    return iter(known.tolist())


def _owners(asked: Hashes, segments: Sequence[tuple[Hashes, Hashes]]) -> Iterator[tuple[int, ...]]:
    """For each shingle the notes it stands in; none when it is not rare."""
    bounds = [
        (np.searchsorted(hashes, asked, "left"), np.searchsorted(hashes, asked, "right"), owners)
        for hashes, owners in segments
    ]
    for place in range(len(asked)):
        count = sum(int(right[place] - left[place]) for left, right, _ in bounds)
        rare = 0 < count <= _RARE
        yield tuple(int(note) for left, right, owners in bounds for note in owners[left[place] : right[place]] if rare)


def _longest_runs(hit: Sequence[tuple[int, ...]]) -> Counter[int]:
    """The longest run of shingles in a row of each note."""
    longest: Counter[int] = Counter()
    running: dict[int, int] = {}
    for notes in hit:
        running = {note: running.get(note, 0) + 1 for note in notes}
        for note, length in running.items():
            longest[note] = max(longest[note], length)
    return longest
