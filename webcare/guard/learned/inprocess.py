"""The learned heads in the process that has the encoder: a draft and its surroundings in, scores of its parts out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from webcare.encoder.artefact import WEIGHTS, current_folder, file_digest
from webcare.errors import ModelUnusable
from webcare.guard.base import WARNS, Score
from webcare.guard.clauses import Stretch, sentences, stretches
from webcare.guard.learned.features import (
    STRETCH,
    Floats,
    Noted,
    Read,
    Said,
    centred,
    compared_rows,
    inputs_of,
    noted_rows,
    said_rows,
)
from webcare.guard.learned.parameters import HUMOUR, LEAK, NOTE_LIKE, Parameters, load
from webcare.guard.learned.question import Question
from webcare.guard.learned.reading import Reader, TextEncoder

#: A note is compared sentence by sentence and whole, but whole only up to this many characters.
_WHOLE_NOTE = 300
#: Of all notes together only so many parts are compared: the newest, as notes come oldest first.
_NOTE_PARTS = 200
#: A stretch this near to a public sentence (cosine of centred embeddings) repeats it, if no note is nearer.
_PUBLIC = 0.72
#: A part of a note this near to a fact that may be told is that fact.
_FACT = 0.9
_DRAFTS = 512
#: A stretch is read behind so many notes, those likest to it; each costs some 15 ms on Send.
_BEHIND = 1
#: The surest opinion an encoder's head is allowed, as log-odds.
_SUREST = 8.0


class _Asked(NamedTuple):
    """Stretches beside parts of notes: the networks' totals (S, P), the places to read together, and their texts."""

    totals: Floats
    places: tuple[list[int], list[int]]
    pairs: list[tuple[str, str]]


class InProcess:
    """The heads over an encoder in this process. Safe for threads; a text it has read before costs nothing."""

    def __init__(self, encoder: TextEncoder, parameters: Parameters) -> None:
        """Raises ModelUnusable when the heads were trained on another encoder."""
        if parameters.encoder != encoder.card.version:
            raise ModelUnusable(f"the guard's heads belong to {parameters.encoder}, not to {encoder.card.version}")
        self.version = parameters.version
        self.parameters = parameters
        self._reader = Reader(encoder)
        self._answers: OrderedDict[Question, tuple[Score, ...]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(cls, encoder: TextEncoder, models_dir: Path) -> InProcess:
        """The heads of the model in force. Raises ModelMissing or ModelUnusable."""
        folder = current_folder(models_dir)
        parameters = load(folder)
        if parameters.weights_sha256 != file_digest(folder / WEIGHTS):
            raise ModelUnusable(
                f"the guard's heads in {folder} were trained on other weights; run `webcare train guard`"
            )
        return cls(encoder, parameters)

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        """Score each sentence and clause of the draft; `public` is what already stands in public or may be told."""
        question = (draft, tuple(notes), tuple(public))
        with self._lock:
            known = self._answers.get(question)
        if known is not None:
            return known
        answer = tuple(self._score(question))
        with self._lock:
            self._answers[question] = answer
            while len(self._answers) > _DRAFTS:
                self._answers.popitem(last=False)
        return answer

    def embed(self, texts: Sequence[str]) -> tuple[str, Floats]:
        """What texts are about, to find others like them: the model's name and a row (N, H) of length 1 for each."""
        reads = self._reader.read(texts)
        return self.version, centred([reads[text] for text in texts], self.parameters.centre)

    def read_ahead(self, questions: Iterable[Question]) -> None:
        """Read the texts of many drafts in one go, so that scoring them one by one finds everything known."""
        questions = list(questions)
        self._reader.read(dict.fromkeys(text for one in questions for text in _texts_of(*one)))
        asked = [self._asked(said, noted) for _, said, noted, _ in map(self._prepared, questions)]
        self._reader.said_again([pair for one in asked for pair in one.pairs])

    def _score(self, question: Question) -> Iterable[Score]:
        places, said, noted, free = self._prepared(question)
        return self._scores(places, said, noted, free) if places else []

    def _prepared(self, question: Question) -> tuple[Sequence[Stretch], list[Said], list[Noted], NDArray[np.bool_]]:
        """The stretches of the draft, as places and as read; the notes that are secret; which stretches are free."""
        draft, notes, public = question
        reads = self._reader.read(_texts_of(draft, notes, public))
        places = _places(draft)
        said = [Said(place.of(draft), reads[place.of(draft)], reads[draft]) for place in places]
        told = [reads[text] for one in public for text in _sentences_of(one)]
        noted = self._not_told([Noted(text, reads[text], whole) for text, whole in _parts_of(notes)], told)
        return places, said, noted, self._free(said, noted, told)

    def _not_told(self, noted: list[Noted], told: list[Read]) -> list[Noted]:
        """The parts of notes without what may be told anyway."""
        near = self._nearest([one.read for one in noted], told)
        return [one for one, cosine in zip(noted, near, strict=True) if cosine < _FACT]

    def _free(self, said: list[Said], noted: list[Noted], told: list[Read]) -> NDArray[np.bool_]:
        """Which stretches repeat what stands in public: those nearer to that than to any note."""
        reads = [one.read for one in said]
        public, inside = self._nearest(reads, told), self._nearest(reads, [one.read for one in noted])
        return (public >= _PUBLIC) & (public >= inside)

    def _scores(
        self, places: Sequence[Stretch], said: list[Said], noted: list[Noted], free: NDArray[np.bool_]
    ) -> Iterable[Score]:
        heads = self.parameters.heads
        ours = said_rows(said, self.parameters.centre)
        inner, funny = (
            heads[name].scores(heads[name].total({STRETCH: ours}), opinions_of(name, said))
            for name in (NOTE_LIKE, HUMOUR)
        )
        leaks, notes = self._leaks(said, noted)
        for at, place in enumerate(places):
            kept = 0.0 if free[at] else 1.0
            yield Score(
                place.start,
                place.end,
                note_like=kept * float(inner[at]),
                leak=kept * float(leaks[at]),
                note=notes[at],
                humour=float(funny[at]),
            )

    def _leaks(self, said: list[Said], noted: list[Noted]) -> tuple[Floats, list[str]]:
        """For each stretch how surely it says what a note says, and that note's words."""
        if not noted:
            return np.zeros(len(said), dtype=np.float32), [""] * len(said)
        asked = self._asked(said, noted)
        scores = np.zeros(asked.totals.shape, dtype=np.float32)
        found = self._reader.said_again(asked.pairs)
        scores[asked.places] = self.parameters.heads[LEAK].scores(asked.totals[asked.places], found)
        return scores.max(axis=1), [noted[at].text for at in scores.argmax(axis=1)]

    def _asked(self, said: list[Said], noted: list[Noted]) -> _Asked:
        """What the networks say of stretches and notes, and what the encoder is asked to read together."""
        if not said or not noted:
            return _Asked(np.zeros((len(said), len(noted)), dtype=np.float32), ([], []), [])
        head = self.parameters.heads[LEAK]
        left, right = [one for one in said for _ in noted], list(noted) * len(said)
        totals = head.total(pair_inputs(left, right, self.parameters)).reshape(len(said), len(noted))
        hopeful = head.scores(totals, np.full_like(totals, _SUREST)) >= WARNS
        chosen = [(row, at) for row in range(len(said)) for at in _best_notes(totals[row], noted) if hopeful[row, at]]
        places = ([row for row, _ in chosen], [at for _, at in chosen])
        return _Asked(totals, places, [(noted[at].whole, said[row].text) for row, at in chosen])

    def _nearest(self, reads: Sequence[Read], others: Sequence[Read]) -> Floats:
        """The cosine of each with the nearest of the others; -1 where there are none."""
        if not reads or not others:
            return np.full(len(reads), -1.0, dtype=np.float32)
        centre = self.parameters.centre
        return np.asarray((centred(reads, centre) @ centred(others, centre).T).max(axis=1), dtype=np.float32)


def opinions_of(name: str, said: Sequence[Said]) -> Floats:
    """What the encoder's own head says, as log-odds (N,): that a stretch is a note, or that its draft jokes."""
    return np.array([one.read.inner if name == NOTE_LIKE else one.draft.funny for one in said], dtype=np.float32)


def pair_inputs(said: Sequence[Said], noted: Sequence[Noted], parameters: Parameters) -> Mapping[str, Floats]:
    """What the networks read of each stretch beside the note of the same place."""
    centre = parameters.centre
    compared = (compared_rows(said, noted, centre) - parameters.means) / parameters.spreads
    return inputs_of(said_rows(said, centre), noted_rows(noted, centre), compared)


def _places(draft: str) -> Sequence[Stretch]:
    return stretches(draft) or ((Stretch(0, len(draft)),) if draft.strip() else ())


def _texts_of(draft: str, notes: Sequence[str], public: Sequence[str]) -> Iterable[str]:
    yield draft
    yield from (place.of(draft) for place in _places(draft))
    yield from (text for text, _ in _parts_of(notes))
    for one in public:
        yield from _sentences_of(one)


def _best_notes(totals: Floats, noted: Sequence[Noted]) -> list[int]:
    """Of the notes likest to a stretch the part that is likest."""
    best: dict[str, int] = {}
    for at in np.argsort(-totals, kind="stable"):
        best.setdefault(noted[at].whole, int(at))
    return list(best.values())[:_BEHIND]


def _parts_of(notes: Sequence[str]) -> list[tuple[str, str]]:
    """What of the notes is compared, sentences, clauses, and short notes whole; and the note it comes from."""
    return list({text: note for note in notes for text in note_parts(note)}.items())[-_NOTE_PARTS:]


def note_parts(note: str) -> list[str]:
    """The stretches of one note that are compared."""
    found = [place.of(note) for place in stretches(note)]
    if note.strip() and (not found or len(note) <= _WHOLE_NOTE):
        found.append(note.strip())
    return list(dict.fromkeys(found))


def _sentences_of(text: str) -> list[str]:
    return [place.of(text) for place in sentences(text)]
