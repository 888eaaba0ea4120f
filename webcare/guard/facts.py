"""May a copied run of words be told all the same, because it is a fact: a date, an hour, a price, a size, a rule?

Two things are asked of it. No word in it tells of the inside (`inner`), nor any in its clause of the note, nor is it
said to be secret or of the customer. And the learned heads vouch for it: by the words alone nobody can tell a fact from
an internal figure, so without the heads, or in doubt, it is no fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from webcare.guard.base import ReviewContext, Score
from webcare.guard.inner import is_inner, is_secret
from webcare.guard.learned.question import asked
from webcare.guard.normalise import Token
from webcare.guard.weights import Print

#: Below this score of every head a copied fact is for customers; hardly a leak held out came so low.
_SURE = 0.1
#: Straight after one of these the copied words say what the customer does. Dutch "je" is left out: it is also "your".
_YOU = frozenset(("you", "du", "ni", "dere", "jij", "u", "ge", "gij", "ihr"))
#: Words of a remark on what stands before it ("do not tell them yet").
_REMARK = 5


class Stretch(NamedTuple):
    """What the draft has in common with a note."""

    run: Sequence[Token]  #: as the draft has it
    words: Sequence[str]  #: as the note has it
    before: str  #: the word before it in the draft, or nothing


@dataclass(frozen=True)
class Heads:
    """What the learned heads say of a draft; asked once, and only when something in it is copied."""

    draft: str
    context: ReviewContext

    def worst(self, start: int, end: int) -> float | None:
        """The highest score of any head over a stretch; None where the heads say nothing of it."""
        over = [score for score in self._scores if score.start < end and start < score.end]
        return max((max(score.leak, score.note_like) for score in over), default=None)

    @cached_property
    def _scores(self) -> Sequence[Score]:
        return asked(self.draft, self.context) or ()


def is_told_as_fact(stretch: Stretch, known: Print, heads: Heads) -> bool:
    """Whether a stretch of the draft that also stands in a note may be told; see above."""
    run, words = stretch.run, stretch.words
    around = known.around(words)
    if stretch.before in _YOU or any(map(is_inner, (*words, *_forms(run), *_forms(around.clause)))):
        return False
    if any(map(is_secret, (*_forms(_short(around.next_clause)), *_forms(_short(around.next_sentence))))):
        return False
    worst = heads.worst(run[0].start, run[-1].end)
    return worst is not None and worst < _SURE


def _short(after: Sequence[Token]) -> Sequence[Token]:
    """A remark that is too short to have a matter of its own speaks of what stands before it."""
    return after if len(after) <= _REMARK else ()


def _forms(found: Iterable[Token]) -> Iterator[str]:
    for token in found:
        yield token.word
        if token.text != token.word:
            yield token.text
