"""Answers of the learned heads, kept for a while.

The heads take a tenth of a second; a database transaction must not wait for them. So a draft is scored outside, and the
transaction that approves it only recalls. The same question always has the same answer, so recalling is as good as
asking again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from webcare.errors import ModelMissing
from webcare.guard.base import Learned, Score

#: Drafts kept. One per person at the desk is enough; typing makes a few more.
_KEPT = 256

_Question = tuple[str, tuple[str, ...], tuple[str, ...]]


class Remembered:
    """Learned heads that remember what they said. Safe for threads."""

    def __init__(self, heads: Learned) -> None:
        self._heads = heads
        self._answers: OrderedDict[_Question, tuple[Score, ...]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def version(self) -> str:
        """Of the heads as they are now: those of another process may come, go and change."""
        return self._heads.version

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        """What the heads say; asks them only what they were not asked before. Raises what they raise."""
        question = (draft, tuple(notes), tuple(public))
        if (known := self.recall(question)) is not None:
            return known
        answer = tuple(self._heads.scores(draft, notes, public))
        with self._lock:
            self._answers[question] = answer
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return answer

    def recall(self, question: _Question) -> tuple[Score, ...] | None:
        """The answer given before; None for a question that is new."""
        with self._lock:
            answer = self._answers.get(question)
            if answer is not None:
                self._answers.move_to_end(question)
            return answer

    def recalling(self) -> Recalling:
        """The same heads for use inside a transaction: they answer from memory or not at all."""
        return Recalling(self)


class Recalling:
    """Learned heads that never think."""

    def __init__(self, memory: Remembered) -> None:
        self._memory = memory

    @property
    def version(self) -> str:
        """Of the heads as they are now."""
        return self._memory.version

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        """What the heads said before. Raises ModelMissing when they were not asked this."""
        answer = self._memory.recall((draft, tuple(notes), tuple(public)))
        if answer is None:
            raise ModelMissing("The learned part of the guard has not read this text with these surroundings yet.")
        return answer
