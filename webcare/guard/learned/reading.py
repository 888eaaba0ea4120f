"""Texts to what the heads need of them, each read by the encoder once and then remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

from webcare.domain import AgentText
from webcare.encoder import Card, Encoded
from webcare.guard.learned.features import Floats, Read

_AGENT_TEXT = "agent_text"
_LANGUAGE = "language"
#: Beyond this the encoder's own head tells no more.
_SURE = 8.0
#: Texts remembered: 1.7 KB each, so 35 MB at most.
_KEPT = 20_000


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
        names = labels.get(_AGENT_TEXT, ())
        self._sides = (names.index(AgentText.INTERNAL_NOTE), names.index(AgentText.PUBLIC_REPLY)) if names else None

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

    def _as_read(self, encoded: Encoded) -> Read:
        logits = encoded.logits
        inner = 0.0
        if self._sides is not None:
            own = logits[_AGENT_TEXT]
            inner = float(np.clip(own[self._sides[0]] - own[self._sides[1]], -_SURE, _SURE))
        return Read(np.asarray(encoded.embedding, dtype=np.float32), inner, _softmax(logits[_LANGUAGE]))


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), dtype=np.float32)
