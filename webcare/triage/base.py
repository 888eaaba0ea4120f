"""What a classifier is. Implementations: `keywords` (always works) and `transformer` (needs weights)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from webcare.domain import Triage


class Classifier(Protocol):
    """Labels mentions by `docs/labelling.md`."""

    @property
    def version(self) -> str:
        """Stored with every decision, e.g. "triage-2026.11" or "keywords-1"."""

    def classify(self, texts: Sequence[str], langs: Sequence[str | None] | None = None) -> list[Triage]:
        """Label each text; result i belongs to texts[i]. `langs` are hints of the network, may be None.

        Never raises on any text (empty, 10,000 characters, control characters).
        """
