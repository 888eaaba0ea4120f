"""The learned heads: pieces of drafts, parameters on disk, scores, the checks, and the process that answers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from multiprocessing.connection import Client
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcare.domain import Decision, Level, Override
from webcare.encoder import Card, Encoded, Shape
from webcare.encoder.pairs import FRESH_AUTHORS, TEST_AUTHORS
from webcare.errors import ModelMissing, ModelUnusable
from webcare.guard import ReviewContext, review
from webcare.guard.base import Score
from webcare.guard.clauses import sentences, stretches
from webcare.guard.learned import NoteLike, SaidAgain, service
from webcare.guard.learned.inprocess import InProcess
from webcare.guard.learned.parameters import HEADS, LEAK, Head, Net, Parameters, load, rounded, save
from webcare.guard.learned.service import Heads, Remote, Service
from webcare.guard.learned.training import examples
from webcare.guard.remembered import Remembered
from webcare.triage.training import agent_text

WIDTH = 384


class FakeEncoder:
    """Embeddings that follow from the words alone; counts what it reads."""

    def __init__(self, version: str = "fake-1", heads: Iterable[str] = ("language", "agent_text")) -> None:
        names = {"language": ("nl", "en"), "agent_text": ("public_reply", "internal_note"), "said_again": ("no", "yes")}
        shape = Shape(**{field.name: 1 for field in dataclasses.fields(Shape)})
        self.card = Card(version, shape, 512, {head: names[head] for head in heads})
        self.read: list[str] = []

    def encode(self, texts: Iterable[str], *, for_labels: bool = True) -> Iterator[Encoded]:
        for text in texts:
            self.read.append(text)
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            vector = np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)
            logits = {head: np.array([1.0, 2.0], dtype=np.float32) for head in self.card.labels}
            yield Encoded(vector / np.linalg.norm(vector), logits)


def parameters(version: str = "fake-1") -> Parameters:
    """Heads with numbers of no meaning, in the shapes of real ones."""
    random = np.random.default_rng(1)

    def net(inputs: str, width: int, hidden: int) -> Net:
        sizes = [width, hidden, 1] if hidden else [width, 1]
        layers = tuple(
            (rounded(random.normal(0, 0.1, (below, above))), rounded(random.normal(0, 0.1, below)))
            for above, below in pairwise(sizes)
        )
        return Net(inputs, layers, 0.0, 1.0)

    heads = {name: Head((net("stretch", 769, 4), net("stretch", 769, 0)), 1.0, 0.5, 0.0, 0.8, 0.4) for name in HEADS}
    heads[LEAK] = Head((net("pair", 1932, 4), net("likeness", 1548, 0)), 1.0, 0.5, 0.0, 0.8, 0.4)
    zeros = np.zeros(WIDTH, dtype=np.float32)
    return Parameters(version, "0" * 64, zeros, np.zeros(11, np.float32), np.ones(11, np.float32), heads)


class Said:
    """Heads that say the same of every sentence."""

    version = "said-1"

    def __init__(self, **scores: float | str) -> None:
        self.scores_of = scores
        self.asked = 0

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        self.asked += 1
        return [Score(place.start, place.end, **self.scores_of) for place in sentences(draft)]  # type: ignore[arg-type]


class Silent:
    version = ""

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        raise ModelMissing("nobody is there")


# --- pieces --------------------------------------------------------------------------------------


@given(st.text(max_size=400))
def test_stretches_lie_in_the_text_in_order_and_none_twice(text: str) -> None:
    found = stretches(text)
    assert list(found) == sorted(set(found))
    for place in found:
        assert 0 <= place.start < place.end <= len(text)
        assert place.of(text) == place.of(text).strip()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Den 8. november kl. 10 kommer vi. Hilsen Anna", ["Den 8. november kl. 10 kommer vi.", "Hilsen Anna"]),
        (
            "We're on it (she's a moaner, close by five). Bye now",
            [
                "We're on it (she's a moaner, close by five).",
                "she's a moaner, close by five",
                "Bye now",
            ],
        ),
        ("Komt goed! klant zeurt weer\nGroet Kim", ["Komt goed!", "klant zeurt weer", "Groet Kim"]),
        ("Sorry, dat is niet fijn.", ["Sorry, dat is niet fijn."]),
        ("", []),
    ],
)
def test_a_draft_is_cut_into_sentences_brackets_and_lines(text: str, parts: list[str]) -> None:
    assert [place.of(text) for place in stretches(text)] == parts


# --- parameters ----------------------------------------------------------------------------------


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    made = parameters()
    save(made, tmp_path)
    found = load(tmp_path)
    assert found.version == made.version
    asked = ("Hoi Anna. Klant zeurt weer.", ("Klant zeurt.",), ())
    assert InProcess(FakeEncoder(), found).scores(*asked) == InProcess(FakeEncoder(), made).scores(*asked)


def test_changed_numbers_are_refused(tmp_path: Path) -> None:
    path = save(parameters(), tmp_path)
    content = json.loads(path.read_text())
    content["arrays"]["centre"]["f16"] = "AD" + content["arrays"]["centre"]["f16"][2:]
    path.write_text(json.dumps(content))
    with pytest.raises(ModelUnusable, match="changed"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "guard.json").write_text(text)
    with pytest.raises(ModelUnusable, match=r"guard\.json"):
        load(tmp_path)


def test_no_file_is_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="webcare train guard"):
        load(tmp_path)


def test_heads_of_another_encoder_are_refused() -> None:
    with pytest.raises(ModelUnusable, match="fake-2"):
        InProcess(FakeEncoder("fake-2"), parameters())


# --- scores --------------------------------------------------------------------------------------


def test_a_second_review_reads_nothing() -> None:
    encoder = FakeEncoder()
    heads = InProcess(encoder, parameters())
    first = heads.scores("Hoi Anna. Alles komt goed.", ("Klant zeurt.",), ())
    read = len(encoder.read)
    assert heads.scores("Hoi Anna. Alles komt goed.", ("Klant zeurt.",), ()) == first
    assert len(encoder.read) == read
    heads.scores("Hoi Anna. Alles komt wel goed.", ("Klant zeurt.",), ())
    assert encoder.read[read:] == ["Hoi Anna. Alles komt wel goed.", "Alles komt wel goed."]


def test_reading_ahead_reads_all_at_once_and_changes_nothing() -> None:
    questions = [("Hoi Anna. Tot morgen!", ("Klant zeurt.",), ("Waar is het?",)), ("Dag Kim. Goed zo.", (), ())]
    encoder, alone = FakeEncoder(), FakeEncoder()
    heads = InProcess(encoder, parameters())
    heads.read_ahead(questions)
    read = len(encoder.read)
    assert [heads.scores(*one) for one in questions] == [
        InProcess(alone, parameters()).scores(*one) for one in questions
    ]
    assert len(encoder.read) == read


def test_a_sentence_is_read_behind_the_note_likest_to_it() -> None:
    encoder = FakeEncoder(heads=("language", "agent_text", "said_again"))
    notes = ("Klant zeurt. Niet bellen.", "Chauffeur ziek.", "Marge is hoog.")
    heads = InProcess(encoder, parameters())
    scores = heads.scores("Hoi Anna. Alles komt goed.", notes, ())
    behind = [text.split(" ||| ") for text in encoder.read if " ||| " in text]
    assert {note for note, _ in behind} <= set(notes)
    assert sorted(sentence for _, sentence in behind) == ["Alles komt goed.", "Hoi Anna."]
    assert [score.leak > 0 for score in scores] == [True, True]


@pytest.mark.parametrize("heads", [("language",), ("language", "agent_text"), ("language", "said_again")])
def test_an_encoder_with_or_without_the_guards_heads_will_do(heads: tuple[str, ...]) -> None:
    scores = InProcess(FakeEncoder(heads=heads), parameters()).scores(
        "Hoi Anna. Alles komt goed.", ("Klant zeurt.",), ()
    )
    assert all(0 <= value <= 1 for score in scores for value in (score.leak, score.note_like, score.humour))


def test_what_stands_in_public_and_what_may_be_told_is_no_leak() -> None:
    heads = InProcess(FakeEncoder(), parameters())
    (said,) = heads.scores("Je bank komt donderdag.", ("Klant zeurt.",), ("Je bank komt donderdag.",))
    assert said.leak == said.note_like == 0
    (told,) = heads.scores("Je bank komt donderdag.", ("Levering donderdag.",), ("Levering donderdag.",))
    assert told.leak == 0


@given(st.text(max_size=200), st.lists(st.text(max_size=80), max_size=3))
def test_any_text_is_scored(draft: str, notes: list[str]) -> None:
    for score in InProcess(FakeEncoder(), parameters()).scores(draft, tuple(notes), ("", "x")):
        assert 0 <= score.start <= score.end <= len(draft)


# --- checks --------------------------------------------------------------------------------------


def test_a_sentence_said_again_is_held_and_only_marking_it_lets_it_go() -> None:
    context = ReviewContext(
        channel="x", notes=("Chauffeur was dronken.",), learned=Said(leak=0.9, note="Chauffeur was dronken.")
    )
    (found,) = SaidAgain().review("De bezorger had gedronken.", context)
    assert (found.level, found.reason, found.override) == (Level.ERROR, "note_leak", Override.SHAREABLE)
    assert "Chauffeur was dronken." in found.message
    assert (found.start, found.end) == (0, 26)


def test_a_doubtful_sentence_is_a_warning() -> None:
    context = ReviewContext(channel="x", learned=Said(note_like=0.3))
    (found,) = NoteLike().review("Ik kijk even met collega's.", context)
    assert (found.level, found.override) == (Level.WARNING, Override.ACKNOWLEDGE)


def test_without_notes_nothing_is_said_again() -> None:
    assert list(SaidAgain().review("Alles komt goed.", ReviewContext(channel="x", learned=Said(leak=0.9)))) == []


@pytest.mark.parametrize("learned", [None, Silent()])
def test_heads_that_do_not_answer_are_named_and_hold_nothing(learned: Silent | None) -> None:
    verdict = review("Alles komt goed.", ReviewContext(channel="x", notes=("Klant zeurt.",), learned=learned))
    assert verdict.decision is Decision.PASS
    assert {name.split(":")[0] for name in verdict.missing} >= {"said_again", "note_like"}


def test_one_review_asks_the_heads_one_question() -> None:
    heads = Said()
    asked = Remembered(heads)
    review("Alles komt goed.", ReviewContext(channel="x", notes=("Klant zeurt.",), mention="Hoi", learned=asked))
    assert heads.asked == 1


# --- the process that answers --------------------------------------------------------------------


@pytest.fixture(params=["socket file", "port"])
def data_dir(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the door is; once with socket files, once on a system without them."""
    if request.param == "port":
        monkeypatch.setattr(service, "_has_socket_files", lambda folder: False)
    return tmp_path


def test_another_process_gets_the_same_scores(data_dir: Path) -> None:
    serving = Service(Said(leak=0.75, note="Klant zeurt."), data_dir)
    assert serving.start()
    try:
        remote = Remote(data_dir)
        assert remote.version == ""
        assert list(remote.scores("Alles komt goed.", ("Klant zeurt.",), ())) == [
            Score(0, 16, leak=0.75, note="Klant zeurt.")
        ]
        assert remote.version == "said-1"
        assert not Service(Said(), data_dir).start()
    finally:
        serving.close()
    with pytest.raises(ModelMissing):
        Remote(data_dir).scores("Alles komt goed.", (), ())


@pytest.mark.timeout(60)
def test_closing_waits_for_nobody_when_its_thread_is_gone_already(data_dir: Path) -> None:
    serving = Service(Said(), data_dir)
    assert serving.start()
    assert serving._thread is not None
    serving._closing.set()
    service._reach(serving._folder).close()
    serving._thread.join(30)
    assert not serving._thread.is_alive()
    serving._closing.clear()
    serving.close()
    with pytest.raises(ModelMissing):
        Remote(data_dir).scores("Hi", (), ())


def test_another_process_gets_the_same_vectors(data_dir: Path) -> None:
    texts = ("Waar blijft mijn bank?", "Hur sent har ni öppet?")
    here = InProcess(FakeEncoder(), parameters())
    serving = Service(here, data_dir)
    assert serving.start()
    try:
        version, rows = Heads(data_dir).embed(texts)
    finally:
        serving.close()
    assert (version, rows.shape, rows.dtype) == (here.version, (2, WIDTH), np.float32)
    np.testing.assert_array_equal(rows, here.embed(texts)[1])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    with pytest.raises(ModelMissing):
        Heads(data_dir).embed(texts)


def test_heads_without_vectors_say_so(tmp_path: Path) -> None:
    serving = Service(Said(), tmp_path)
    serving.start()
    try:
        with pytest.raises(ModelMissing, match="no vectors"):
            Remote(tmp_path).embed(("Waar blijft mijn bank?",))
        assert Remote(tmp_path).scores("Alles komt goed.", (), ())
    finally:
        serving.close()


def test_only_this_user_can_open_the_door(data_dir: Path) -> None:
    serving = Service(Said(), data_dir)
    serving.start()
    try:
        for path in [data_dir / "heads", *(data_dir / "heads").iterdir()]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    finally:
        serving.close()


@pytest.mark.skipif(os.name != "posix", reason="socket files")
def test_nonsense_is_answered_with_an_error_and_the_door_stays_open(tmp_path: Path) -> None:
    serving = Service(Said(), tmp_path)
    serving.start()
    try:
        for nonsense in (b"", b"\x80\x04N.", b"[]", b'{"draft": 1}', b'{"draft": "", "notes": "x", "public": []}'):
            with Client(str(tmp_path / "heads" / "door"), family="AF_UNIX") as door:
                door.send_bytes(nonsense)
                assert "error" in json.loads(door.recv_bytes())
        assert Remote(tmp_path).scores("Alles komt goed.", (), ())
    finally:
        serving.close()


def test_nobody_there_is_said_at_once(tmp_path: Path) -> None:
    remote = Remote(tmp_path)
    began = time.monotonic()
    for _ in range(50):
        with pytest.raises(ModelMissing):
            remote.scores("Alles komt goed.", (), ())
    assert time.monotonic() - began < 1


def test_a_slow_answer_is_not_waited_for(tmp_path: Path) -> None:
    done = threading.Event()

    class Slow(Said):
        def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
            done.wait(5)
            return ()

    serving = Service(Slow(), tmp_path)
    serving.start()
    try:
        with pytest.raises(ModelMissing, match="slow"):
            Remote(tmp_path, deadline_s=0.05).scores("Alles komt goed.", (), ())
    finally:
        done.set()
        serving.close()


@pytest.mark.skipif(os.name != "posix", reason="socket files")
def test_a_door_left_by_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "heads").mkdir()
    (tmp_path / "heads" / "door").touch()
    serving = Service(Said(), tmp_path)
    assert serving.start()
    serving.close()


def test_heads_brought_here_are_asked_first(tmp_path: Path) -> None:
    heads = Heads(tmp_path)
    with pytest.raises(ModelMissing):
        heads.scores("Alles komt goed.", (), ())
    assert heads.version == ""
    heads.here = Said(leak=0.5)
    assert heads.scores("Alles komt goed.", (), ())[0].leak == 0.5
    assert heads.version == "said-1"


# --- training ------------------------------------------------------------------------------------


def test_the_encoder_and_the_heads_leave_the_same_authors_out() -> None:
    letters = "abcdefghijklmnopqrstuvwABK"
    parts = {letter: agent_text.part_of_author(letter) for letter in letters}
    assert {letter for letter, part in parts.items() if part == "test"} == TEST_AUTHORS
    assert {letter for letter, part in parts.items() if part == "dev"} == FRESH_AUTHORS


def test_no_test_author_is_learned_from() -> None:
    folder = Path(__file__).parents[2] / "data" / "guard"
    pairs = [pair for pair in examples.read_pairs(folder) if not pair.is_test]
    found = examples.leak_examples(pairs, [], 1)
    assert {one.author for one in found}.isdisjoint(TEST_AUTHORS)
    assert {one.wanted for one in found} == {True, False}


def test_a_copied_date_needs_only_a_tick_where_the_heads_are_sure() -> None:
    note = draft = "Nieuwe levering donderdag 14 november tussen 9 en 13 uur, garantie verlengd tot 2028."
    alone = review(draft, ReviewContext(channel="x", lang="nl", notes=(note,)))
    sure = review(draft, ReviewContext(channel="x", lang="nl", notes=(note,), learned=Said(leak=0.05)))
    unsure = review(draft, ReviewContext(channel="x", lang="nl", notes=(note,), learned=Said(leak=0.2)))
    assert (alone.decision, sure.decision, unsure.decision) == (Decision.BLOCK, Decision.WARN, Decision.BLOCK)


def test_copied_talk_stays_held_however_sure_the_heads_are() -> None:
    note = "Chauffeur weigert terug te gaan vanwege de hond."
    context = ReviewContext(channel="x", lang="nl", notes=(note,), learned=Said(leak=0.0))
    assert review(note, context).decision is Decision.BLOCK


def test_a_joke_to_somebody_who_plays_along_is_not_held_as_talk_among_colleagues() -> None:
    heads = Said(note_like=0.9)
    draft = "Die kat heeft hier duidelijk de leiding overgenomen."
    playful = ReviewContext(channel="x", lang="nl", mention="Mijn kat heeft jullie doos veroverd 😂", learned=heads)
    plain = ReviewContext(channel="x", lang="nl", mention="Wanneer komt mijn kast?", learned=heads)
    assert [found.level for found in NoteLike().review(draft, playful)] == [Level.WARNING]
    assert [found.level for found in NoteLike().review(draft, plain)] == [Level.ERROR]
