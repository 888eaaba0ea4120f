"""Texts to what the heads need of them, each read by the encoder once and then remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from webcare.domain import AgentText, Humour, SaidAgain
from webcare.encoder import Card, Encoded
from webcare.encoder.pairs import beside
from webcare.guard.learned.features import Floats, Read

_AGENT_TEXT = "agent_text"
_SAID_AGAIN = "said_again"
_HUMOUR = "humour"
_LANGUAGE = "language"
#: Beyond this the encoder's own head tells no more.
_SURE = 8.0
#: Texts remembered: 1.7 KB each, so 14 MB at most, and enough for four hundred drafts with their surroundings.
_KEPT = 8_000


class TextEncoder(Protocol):
    """What is needed of `webcare.encoder.Encoder`."""

    card: Card

    def encode(self, texts: Iterable[str], *, for_labels: bool = True) -> Iterable[Encoded]:
        """Embedding and logits of each text, in order."""


class Reader:
    """Reads texts with the encoder and remembers the newest. Safe for threads."""

    def __init__(self, encoder: TextEncoder, *, kept: int = _KEPT) -> None:
        self._encoder = encoder
        self._kept = kept
        self._known: OrderedDict[str, Read] = OrderedDict()
        self._lock = threading.Lock()
        labels: Mapping[str, tuple[str, ...]] = encoder.card.labels
        self._inner = _sides(labels, _AGENT_TEXT, AgentText.INTERNAL_NOTE, AgentText.PUBLIC_REPLY)
        self._again = _sides(labels, _SAID_AGAIN, SaidAgain.YES, SaidAgain.NO)
        self._funny = _sides(labels, _HUMOUR, Humour.JOKE, Humour.NONE)

    def read(self, texts: Iterable[str]) -> dict[str, Read]:
        """Every text by itself, none twice; one pass of the encoder for all that are new."""
        wanted = list(dict.fromkeys(texts))
        with self._lock:
            found = {text: self._known[text] for text in wanted if text in self._known}
            for text in found:
                self._known.move_to_end(text)
        new = [text for text in wanted if text not in found]
        fresh = (
            dict(zip(new, map(self._as_read, self._encoder.encode(new, for_labels=False)), strict=True)) if new else {}
        )
        with self._lock:
            self._known |= fresh
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
        return found | fresh

    def said_again(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Log-odds (N,) of the encoder's own head that a sentence gives a note away, for notes and sentences (N).

        0 for all where the encoder has no such head.
        """
        if self._again is None or not pairs:
            return np.zeros(len(pairs), dtype=np.float32)
        texts = [beside(note, sentence) for note, sentence in pairs]
        found = self.read(texts)
        return np.array([found[text].again for text in texts], dtype=np.float32)

    def _as_read(self, encoded: Encoded) -> Read:
        logits = encoded.logits
        inner, again, funny = (_odds(logits, sides) for sides in (self._inner, self._again, self._funny))
        embedding = np.asarray(encoded.embedding, dtype=np.float32)
        return Read(embedding, inner, again, funny, _softmax(logits[_LANGUAGE]))


_Sides = tuple[str, int, int]


def _sides(labels: Mapping[str, tuple[str, ...]], head: str, wanted: str, other: str) -> _Sides | None:
    """A head and the places of two of its labels; None where the encoder has no such head."""
    names = labels.get(head, ())
    return (head, names.index(wanted), names.index(other)) if names else None


def _odds(logits: Mapping[str, Floats], sides: _Sides | None) -> float:
    if sides is None:
        return 0.0
    head, wanted, other = sides
    return float(np.clip(logits[head][wanted] - logits[head][other], -_SURE, _SURE))


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), dtype=np.float32)
