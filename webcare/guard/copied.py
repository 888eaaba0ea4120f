"""Is any part of the draft copied from an internal note?

Compares the draft with each note of the case in five ways: runs of words (slips of the pen forgiven), runs of
characters (broken spacing and look-alike digits forgiven), short notes as a whole, sentences that use most of
a note's words in another order, and numbers or addresses only a note knows. What already stands in public
proves nothing. Linear in draft plus notes, however repetitive they are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from webcare.domain import N_, Finding, Level, Override, Said
from webcare.guard.base import ReviewContext
from webcare.guard.facts import Heads, Stretch, is_told_as_fact
from webcare.guard.inner import is_inner
from webcare.guard.normalise import Token, squeeze, tokens
from webcare.guard.spans import Span, merge, quote
from webcare.guard.weights import (
    Print,
    Public,
    folded,
    is_fact,
    is_telling,
    one_slip,
    print_of,
    public_of,
    sentences,
    slips,
    weigh,
)

#: A run of this many words needs this much content to be no chance;
_RUN, _ENOUGH = 4, 1.5
#: a long one without dates, numbers or prices less;
_LONG_RUN, _LITTLE = 5, 1.0
#: a short one more, and one telling word besides.
_SHORT_RUN, _MUCH = 3, 2.0
#: Several runs of one note with this much content between them are no chance either.
_TOGETHER = 3.0
#: Characters in a row that make a hit, and that a stretch of hits needs before it is looked at.
_GRAM = 8
_STRETCH = 12
#: A sentence with this many of a note sentence's content words, and this share of them, says the same.
_SAME_WORDS = 4
_SAME_SHARE = 0.7
_SURE_WORDS = 5
_SURE_SHARE = 0.8
_LONG_NUMBER = 6
_BREAKS = ".!?:;,()[]{}<>\n\r-–—•|/*_"
#: Mailboxes of a desk, not of a person.
_ROLE_MAILBOXES = frozenset(print_of("info support service contact help mail webcare klantenservice kundservice").words)

_COPIED = N_("{quote} also stands in an internal note. Take it out, or tell the customer in words of your own.")
_ELSEWHERE = N_(
    "{quote} stands in an internal note of another case. Say it in words of your own, without what is internal."
)
_NEARLY = N_("{quote} comes close to an internal note. Check that nothing internal is said here.")
_NUMBER = N_("{quote} is known only from an internal note. Check that the customer may see it here.")


class CopiedFromNote:
    """Holds drafts that carry words of an internal note."""

    name = "copied"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors for copied runs and short notes, warnings for weaker likeness."""
        notes = [note for note in dict.fromkeys(context.notes) if note.strip()]
        others = [note for note in context.others.near(draft) if note not in notes] if context.others else []
        if not notes and not others:
            return []
        # What somebody marked as shareable may be said in the note's own words.
        public = public_of((context.mention, *context.public_texts, *context.facts))
        prepared = _prepare(draft, context, public)
        prints = [known for known in map(print_of, notes) if known.words]
        exact = merge(span for known in prints for span in _compare(prepared, known, public))
        loose = [span for known in prints for span in _same_words(prepared, known, public)]
        found = [_finding(draft, span) for span in merge([*exact, *_apart_from(loose, exact)])]
        elsewhere = merge(span for note in others for span in _runs_elsewhere(prepared, print_of(note)))
        return [*found, *(_finding(draft, span) for span in _apart_from(elsewhere, exact))]


def _apart_from(loose: Iterable[Span], exact: Sequence[Span]) -> Iterator[Span]:
    """Leave out a whole sentence where a stretch of it has been named more exactly."""
    for span in loose:
        place = bisect_left(exact, span.end, key=lambda one: one.start) - 1
        if place < 0 or exact[place].end <= span.start or exact[place].level is not Level.ERROR:
            yield span


def _finding(draft: str, span: Span) -> Finding:
    message = Said(span.message, quote=quote(draft, span.start, span.end))
    # A note of another case is about another customer: nothing in it becomes shareable here.
    override = Override.NONE if span.message is _ELSEWHERE else Override.SHAREABLE
    return Finding("copied", span.level, "note_leak", message, span.start, span.end, override=override)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A draft made ready once for all notes."""

    text: str
    found: tuple[Token, ...]
    weights: list[float]
    telling: list[bool]
    vocabulary: frozenset[str]
    slips: dict[str, list[str]]  #: one-letter-less form -> the draft's words it may come from
    squeezed: str
    homes: list[int]  #: for each squeezed character, the token it belongs to
    grams: dict[str, list[int]]  #: character gram -> its places in `squeezed`
    sentences: list[tuple[int, int]]  #: first and last token of each
    heavy: frozenset[str]  #: its words that weigh most
    heads: Heads

    def span(self, first: int, last: int, level: Level, message: str) -> Span:
        """Tokens `first` to `last`, both included, as a stretch of the draft."""
        return Span(self.found[first].start, self.found[last].end, level, message)

    def is_inner_at(self, first: int, words: Sequence[str]) -> bool:
        """Whether one of these words of a note, which the draft has from token `first` on, tells of the inside."""
        return any(is_inner(word) and self.weights[place] >= 1 for place, word in enumerate(words, start=first))

    def is_fact(self, first: int, last: int, known: Print, words: Sequence[str]) -> bool:
        """Whether tokens `first` to `last`, which are these words of a note, may be told to the customer."""
        before = self.found[first - 1].word if first else ""
        return is_told_as_fact(Stretch(self.found[first : last + 1], words, before), known, self.heads)


def _prepare(draft: str, context: ReviewContext, public: Public) -> _Draft:
    found = tokens(draft)
    words = tuple(token.text for token in found)
    written = tuple(token.word for token in found)
    squeezed = squeeze(written)
    telling = [is_telling(token, draft, context.lang) and token.text not in public.vocabulary for token in found]
    weights = weigh(found, public)
    return _Draft(
        text=draft,
        found=found,
        weights=weights,
        telling=telling,
        vocabulary=frozenset(words),
        slips=_forms(words),
        squeezed=squeezed,
        homes=[place for place, word in enumerate(written) for letter in word if letter != " "],
        grams=_grams(squeezed),
        sentences=list(_sentence_bounds(draft, found)),
        heavy=frozenset(word for word, weight in zip(words, weights, strict=True) if weight >= 1),
        heads=Heads(draft, context),
    )


def _forms(words: Iterable[str]) -> dict[str, list[str]]:
    forms: dict[str, list[str]] = {}
    for word in dict.fromkeys(words):
        for form in slips(word):
            forms.setdefault(form, []).append(word)
    return forms


def _grams(squeezed: str) -> dict[str, list[int]]:
    grams: dict[str, list[int]] = {}
    for place in range(len(squeezed) - _GRAM + 1):
        grams.setdefault(squeezed[place : place + _GRAM], []).append(place)
    return grams


def _sentence_bounds(draft: str, found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    first = 0
    for sentence in sentences(draft, found):
        yield first, first + len(sentence) - 1
        first += len(sentence)


def _compare(draft: _Draft, known: Print, public: Public) -> Iterator[Span]:
    mapped = _in_words_of(draft, known)
    yield from _word_runs(draft, known, mapped)
    yield from _character_runs(draft, known, public)
    if len(known.words) <= _SHORT_RUN:
        yield from _whole_note(draft, known, mapped)
    yield from _numbers(draft, known, public)


def _in_words_of(draft: _Draft, known: Print) -> list[str | None]:
    """Each word of the draft as the note spells it, or None when the note does not have it."""
    near: dict[str, str] = {}
    for word in sorted(known.vocabulary - draft.vocabulary):
        for form in slips(word) & draft.slips.keys():
            for candidate in draft.slips[form]:
                if candidate not in known.vocabulary and one_slip(candidate, word):
                    near.setdefault(candidate, word)
    vocabulary = known.vocabulary
    return [token.text if token.text in vocabulary else near.get(token.text) for token in draft.found]


def _word_runs(draft: _Draft, known: Print, mapped: Sequence[str | None]) -> Iterator[Span]:
    grams = known.grams()
    hits = [place for place, gram in enumerate(zip(mapped, mapped[1:], mapped[2:], strict=False)) if gram in grams]
    runs = [(first, last, _run_weight(draft, first, last)) for first, last in _stretches(hits, _SHORT_RUN)]
    # Many short pieces of one note prove as much as one long piece.
    together = sum(weight for _, _, weight in runs if weight >= 1) >= _TOGETHER
    for first, last, weight in runs:
        run, words = draft.found[first : last + 1], [word or "" for word in mapped[first : last + 1]]
        level = _run_level(run, weight, draft.telling[first : last + 1])
        if (together and weight >= 1) or (len(run) >= _RUN and draft.is_inner_at(first, words)):
            level = Level.ERROR
        if level is Level.ERROR and draft.is_fact(first, last, known, words):
            level = Level.WARNING
        if level is not None:
            yield draft.span(*_trimmed(draft, first, last), level, _COPIED if level is Level.ERROR else _NEARLY)


def _runs_elsewhere(draft: _Draft, known: Print) -> Iterator[Span]:
    """Runs of a note that is not of this case: long ones with much content only, for there are many such notes."""
    grams = known.grams()
    words = [token.text for token in draft.found]
    hits = [place for place, gram in enumerate(zip(words, words[1:], words[2:], strict=False)) if gram in grams]
    for first, last in _stretches(hits, _SHORT_RUN):
        if last - first + 1 >= _LONG_RUN and _run_weight(draft, first, last) >= _MUCH:
            fact = draft.is_fact(first, last, known, words[first : last + 1])
            level, message = (Level.WARNING, _NEARLY) if fact else (Level.ERROR, _ELSEWHERE)
            yield draft.span(*_trimmed(draft, first, last), level, message)


def _run_weight(draft: _Draft, first: int, last: int) -> float:
    return sum(draft.weights[first : last + 1])


def _run_level(run: Sequence[Token], weight: float, telling: Sequence[bool]) -> Level | None:
    if len(run) >= _RUN and weight >= _ENOUGH:
        return Level.ERROR
    if len(run) >= _LONG_RUN and weight >= _LITTLE and not any(map(is_fact, run)):
        return Level.ERROR
    if weight >= _MUCH:
        return Level.ERROR if any(telling) else Level.WARNING
    return None


def _trimmed(draft: _Draft, first: int, last: int) -> tuple[int, int]:
    """Leave mortar and public words at the ends out, so that the finding points at what must go."""
    while first < last and draft.weights[first] == 0:
        first += 1
    while last > first and draft.weights[last] == 0:
        last -= 1
    return first, last


def _stretches(hits: Sequence[int], width: int) -> Iterator[tuple[int, int]]:
    """Runs of hits in a row, as first and last place covered when each hit is `width` wide."""
    start = previous = None
    for hit in hits:
        if previous is None or hit != previous + 1:
            if start is not None and previous is not None:
                yield start, previous + width - 1
            start = hit
        previous = hit
    if start is not None and previous is not None:
        yield start, previous + width - 1


def _character_runs(draft: _Draft, known: Print, public: Public) -> Iterator[Span]:
    # Every stretch long enough to matter holds a gram that begins at one of these places; most notes share none.
    if draft.grams.keys().isdisjoint(_grams_of(known.squeezed, _STRETCH - _GRAM + 1)):
        return
    shared = draft.grams.keys() & _grams_of(known.squeezed, 1)
    hits = sorted(place for gram in shared for place in draft.grams[gram])
    for first, last in _stretches(hits, _GRAM):
        if last - first + 1 >= _STRETCH and _is_disguised_copy(draft, known, public, first, last):
            yield draft.span(draft.homes[first], draft.homes[last], Level.ERROR, _COPIED)


def _grams_of(squeezed: str, step: int) -> set[str]:
    return {squeezed[place : place + _GRAM] for place in range(0, len(squeezed) - _GRAM + 1, step)}


def _is_disguised_copy(draft: _Draft, known: Print, public: Public, first: int, last: int) -> bool:
    """Weigh a stretch by the note's own words, since the draft's may be cut up beyond recognition."""
    around = draft.found[draft.homes[first] : draft.homes[last] + 1]
    if all(token.text in known.vocabulary for token in around):
        return False  # whole words: the word runs have judged it
    place = known.squeezed.find(draft.squeezed[first : last + 1])
    if place < 0:
        return False
    inside = _words_between(known, place, place + last - first + 1)
    if not _weighs_as_copy(inside, weigh(inside, public)):
        return False
    # Words cut up or changed on purpose are never a fact; only those at the ends may be another form of the note's.
    plain = all(token.text in known.vocabulary for token in around[1:-1])
    return not (plain and draft.is_fact(draft.homes[first], draft.homes[last], known, [token.text for token in inside]))


def _weighs_as_copy(inside: Sequence[Token], weights: Sequence[float]) -> bool:
    if len(inside) >= _RUN and any(
        is_inner(token.text) and weight >= 1 for token, weight in zip(inside, weights, strict=True)
    ):
        return True
    telling = [is_telling(token, token.word, None) for token in inside]
    return len(inside) >= _SHORT_RUN and _run_level(inside, sum(weights), telling) is Level.ERROR


def _words_between(known: Print, begin: int, end: int) -> list[Token]:
    """The note's words that lie wholly in `squeezed[begin:end]`."""
    inside = []
    place = 0
    for word, written in zip(known.words, known.written, strict=True):
        width = len(written.replace(" ", ""))
        if place >= begin and place + width <= end:
            inside.append(Token(word, written, 0, width))
        place += width
    return inside


def _whole_note(draft: _Draft, known: Print, mapped: Sequence[str | None]) -> Iterator[Span]:
    """A note of up to three words: an error where it stands as a clause of its own."""
    width = len(known.words)
    for first in range(len(mapped) - width + 1):
        if tuple(mapped[first : first + width]) != known.words:
            continue
        last = first + width - 1
        weight = sum(draft.weights[first : last + 1])
        if weight >= 1 and _stands_alone(draft, first, last):
            yield draft.span(first, last, Level.ERROR, _COPIED)
        elif weight >= _MUCH:
            yield draft.span(first, last, Level.WARNING, _NEARLY)


def _stands_alone(draft: _Draft, first: int, last: int) -> bool:
    text = draft.text
    before_from = draft.found[first - 1].end if first else 0
    after_to = draft.found[last + 1].start if last + 1 < len(draft.found) else len(text)
    before = text[before_from : draft.found[first].start]
    after = text[draft.found[last].end : after_to]
    opened = first == 0 or any(mark in before for mark in _BREAKS)
    return opened and (last + 1 == len(draft.found) or any(mark in after for mark in _BREAKS))


def _same_words(draft: _Draft, known: Print, public: Public) -> Iterator[Span]:
    """A sentence of the draft that uses most of the words of a note, or of one sentence in it."""
    heavy = draft.heavy & known.vocabulary
    if len(heavy) < _SAME_WORDS:
        return
    parts = [(_content(part, public), [token.text for token in part]) for part in known.sentences]
    parts.append((frozenset().union(*(content for content, _ in parts)), list(known.words)))
    parts = [(content, words) for content, words in parts if len(content & heavy) >= _SAME_WORDS]
    for first, last in draft.sentences if parts else ():
        said = heavy.intersection(token.text for token in draft.found[first : last + 1])
        levels = [(_likeness(said, content), words) for content, words in parts]
        if any(level is Level.ERROR and not draft.is_fact(first, last, known, words) for level, words in levels):
            yield draft.span(first, last, Level.ERROR, _COPIED)
        elif any(level is not None for level, _ in levels):
            yield draft.span(first, last, Level.WARNING, _NEARLY)


def _likeness(said: AbstractSet[str], words: frozenset[str]) -> Level | None:
    shared = len(said & words)
    share = shared / len(words)
    if shared >= _SURE_WORDS and share >= _SURE_SHARE:
        return Level.ERROR
    return Level.WARNING if shared >= _SAME_WORDS and share >= _SAME_SHARE else None


def _content(sentence: Sequence[Token], public: Public) -> frozenset[str]:
    weights = weigh(sentence, public)
    return frozenset(token.text for token, weight in zip(sentence, weights, strict=True) if weight >= 1)


def _numbers(draft: _Draft, known: Print, public: Public) -> Iterator[Span]:
    """Long numbers and mail addresses that only the note knows."""
    for place, token in enumerate(draft.found):
        if token.text in known.vocabulary and token.text not in public.vocabulary and _identifies(token.text):
            yield draft.span(place, place, Level.WARNING, _NUMBER)


def _identifies(word: str) -> bool:
    if word.isdecimal():
        return len(word) >= _LONG_NUMBER
    return "@" in word and folded(word.split("@")[0]) not in _ROLE_MAILBOXES
