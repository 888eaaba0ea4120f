"""A draft as the rules see it: its tokens, its sentences and what can be counted in it. Built once per review."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from webcare.guard.literals import Token, cut

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_LINK = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
#: The end of a sentence: closing marks before a space, an emoji counts as a mark, or a line's end.
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|\n+|[\U0001f300-\U0001faff☀-➿]+(?=\s)")
_EMOJI = re.compile(r"[\U0001f300-\U0001faff☀-➿]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
#: LIX counts words of more than six letters as long.
_LONG = 6
#: In fewer words one long one would decide.
_MEASURED = 12


@dataclass(frozen=True)
class Text:
    """A draft; `draft` is never changed, and every place points into it."""

    draft: str

    @cached_property
    def plain(self) -> str:
        """The draft without half characters, which regular expressions cannot take; same length."""
        return _LONE_SURROGATE.sub("\ufffd", self.draft)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Words and marks in order."""
        return tuple(cut(self.draft))

    @cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """Where each sentence starts and ends, blanks at either side left out."""
        return tuple(_stretches(self.draft, _SENTENCE_END))

    @cached_property
    def paragraphs(self) -> tuple[tuple[int, int], ...]:
        """The same for paragraphs, which a blank line ends."""
        return tuple(_stretches(self.draft, re.compile(r"\n\s*\n")))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words, without links, handles and numbers."""
        return tuple(_WORD.findall(_LINK.sub(" ", self.draft)))

    def stretches(self, scope: str) -> tuple[tuple[int, int], ...]:
        """The parts of a scope: draft, paragraph or sentence."""
        if scope == "sentence":
            return self.sentences
        return self.paragraphs if scope == "paragraph" else ((0, len(self.draft)),)


def _stretches(draft: str, ends: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for place in [*(found.end() for found in ends.finditer(draft)), len(draft)]:
        part = draft[start:place]
        if part.strip():
            left = len(part) - len(part.lstrip())
            yield start + left, start + len(part.rstrip())
        start = place


# --- what formulas may count ---------------------------------------------------------------------------


def lix(text: Text) -> float:
    """How hard the text is to read: words a sentence plus the share of long words in percent (Björnsson, 1968).

    0 for a text too short to measure.
    """
    words = text.words
    if len(words) < _MEASURED:
        return 0.0
    return len(words) / max(1, len(text.sentences)) + 100 * sum(len(word) > _LONG for word in words) / len(words)


def _longest_sentence(text: Text) -> float:
    return max((len(_WORD.findall(text.draft[start:end])) for start, end in text.sentences), default=0)


def _capitals(text: Text) -> float:
    return sum(len(word) > 1 and word.isupper() for word in text.words)


#: Name in a formula -> what it counts.
COUNTS: Mapping[str, Callable[[Text], float]] = {
    "characters": lambda text: len(text.draft),
    "words": lambda text: len(text.words),
    "sentences": lambda text: len(text.sentences),
    "paragraphs": lambda text: len(text.paragraphs),
    "long_words": lambda text: sum(len(word) > _LONG for word in text.words),
    "capitals": _capitals,
    "exclamations": lambda text: text.draft.count("!"),
    "questions": lambda text: sum("?" in text.draft[start:end][-4:] for start, end in text.sentences),
    "emoji": lambda text: len(_EMOJI.findall(text.draft)),
    "longest_sentence": _longest_sentence,
    "lix": lix,
}
