"""The notes of all cases, looked up: what is proposed, what is too common, what is public, and what it costs."""

import random
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from webcare.domain import Level, Override
from webcare.guard import ReviewContext
from webcare.guard.copied import CopiedFromNote
from webcare.guard.index import NoteIndex, shingles

NOTE = "Klant belde drie keer, chauffeur Bert vond de bel niet en liet de kast bij de buren op nummer twaalf achter."
COPY = "Hoi! Onze chauffeur Bert vond de bel niet en liet de kast elders."


def index_of(*notes: str) -> NoteIndex:
    index = NoteIndex()
    index.add_notes(notes)
    return index


def words(count: int, seed: int) -> list[str]:
    letters = random.Random(seed)
    return ["".join(letters.choices("abdefgiklmnoprstu", k=7)) for _ in range(count)]


def test_a_run_of_five_words_of_another_cases_note_is_proposed() -> None:
    assert index_of("Iets anders.", NOTE).near("Hoi! Chauffeur BERT vond de bél niet, sorry.") == (NOTE,)


def test_four_words_are_not_enough() -> None:
    assert index_of(NOTE).near("Hoi! Vond de bel niet, sorry.") == ()


def test_what_three_notes_say_is_a_manner_of_speaking() -> None:
    twice = index_of(NOTE, f"Zelfde: {NOTE}")
    assert len(twice.near(COPY)) == 2
    twice.add_notes([f"Alweer: {NOTE}"])
    assert twice.near(COPY) == ()


def test_what_was_ever_published_is_no_secret() -> None:
    index = index_of(NOTE)
    index.add_public([COPY])
    assert index.near(COPY) == ()


def test_short_and_empty_texts_are_nothing() -> None:
    index = index_of("", "ok", "x y z")
    index.add_public([])
    assert len(index) == 3
    assert index.near("") == index.near("x y z") == ()


def test_the_longest_run_comes_first_and_eight_are_enough() -> None:
    parts = words(80, 1)
    notes = [" ".join(parts[at * 8 : at * 8 + 5 + at % 4]) for at in range(10)]
    found = index_of(*notes).near(" ".join(parts))
    assert len(found) == 8
    assert len(found[0].split()) == 8


@given(st.lists(st.lists(st.sampled_from(words(12, 2)), max_size=12).map(" ".join), max_size=30), st.data())
def test_adding_one_by_one_finds_what_adding_at_once_finds(notes: list[str], data: st.DataObject) -> None:
    draft = " ".join(data.draw(st.lists(st.sampled_from(words(12, 2)), max_size=20)))
    one_by_one = NoteIndex()
    for note in notes:
        one_by_one.add_notes([note])
    assert one_by_one.near(draft) == index_of(*notes).near(draft)


@given(st.text(max_size=200))
def test_any_text_can_be_added_and_asked(text: str) -> None:
    index = index_of(text, NOTE)
    assert set(index.near(text)) <= {text, NOTE}


def test_shingles_know_the_order_of_words() -> None:
    assert not np.intersect1d(shingles("een twee drie vier"), shingles("vier drie twee een")).size
    assert len(shingles("een twee drie")) == 0


def test_the_copied_check_holds_a_run_of_another_cases_note_for_good() -> None:
    context = ReviewContext(channel="x", lang="nl", others=index_of(NOTE))
    (finding,) = CopiedFromNote().review(COPY, context)
    assert (finding.level, finding.reason, finding.override) == (Level.ERROR, "note_leak", Override.NONE)
    assert COPY[finding.start : finding.end] == "chauffeur Bert vond de bel niet en liet de kast"
    assert "another case" in finding.message


def test_ordinary_words_of_another_cases_note_are_let_through() -> None:
    note = "Gevraagd: wil je ons een foto sturen van de kast, dan kijken we er naar. Klant boos."
    draft = "Wil je ons een foto sturen van de tafel? Dan kijken we er naar."
    assert not list(CopiedFromNote().review(draft, ReviewContext(channel="x", lang="nl", others=index_of(note))))


def test_ten_thousand_notes_take_little_room_and_time() -> None:
    vocabulary = words(3000, 3)
    dice = random.Random(4)
    index = index_of(*(" ".join(dice.choices(vocabulary, k=42)) for _ in range(10_000)))
    assert index.size() < 10_000_000
    began = time.perf_counter()
    for _ in range(20):
        index.near(COPY)
    assert (time.perf_counter() - began) / 20 < 0.02


def test_public_texts_too_short_for_a_run_of_words_trouble_no_later_look() -> None:
    index = NoteIndex()
    index.add_notes(["The driver stood before a closed gate and went back to the depot."])
    index.add_public(["Thanks!"])
    assert index.near("The driver stood before a closed gate and went back to the depot.")
