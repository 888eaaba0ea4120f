"""A date, hour, price or rule that also stands in a note may be told; a copy that only looks like one is held."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.domain import Finding, Level
from webcare.guard import ReviewContext
from webcare.guard.base import Score
from webcare.guard.clauses import sentences
from webcare.guard.copied import CopiedFromNote
from webcare.guard.inner import is_inner, is_secret
from webcare.guard.normalise import fold


class Sure:
    """Heads that say the same of every sentence."""

    version = "sure-1"

    def __init__(self, leak: float) -> None:
        self.leak = leak
        self.asked = 0

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        self.asked += 1
        return [Score(place.start, place.end, leak=self.leak) for place in sentences(draft)]


class Other:
    """One note of another case."""

    def __init__(self, note: str) -> None:
        self.note = note

    def near(self, draft: str) -> Sequence[str]:
        return (self.note,)


def found_in(draft: str, *notes: str, leak: float | None = 0.0, other: str = "") -> list[Finding]:
    learned = None if leak is None else Sure(leak)
    context = ReviewContext(channel="x", notes=notes, learned=learned, others=Other(other) if other else None)
    return list(CopiedFromNote().review(draft, context))


def held(draft: str, *notes: str, leak: float | None = 0.0, other: str = "") -> bool:
    return any(finding.level is Level.ERROR for finding in found_in(draft, *notes, leak=leak, other=other))


FACTS = [
    ("Sal 3 åter öppen 2 maj. Skadan får inte fotograferas.", "Den 2 maj är sal 3 åter öppen. Välkommen!"),
    ("Linje 4 går via Kajen till 6 juni. Bråk med entreprenören.", "Linje 4 går via Kajen till 6 juni."),
    ("Cadeaukaart twee jaar geldig na aankoop. Bug.", "Je cadeaukaart is twee jaar geldig na aankoop."),
    ("Shelf carries 15 kilos per metre, screws separate.", "The shelf carries 15 kilos per metre, screws separate."),
    ("Posen brytes ned på 12 uker, maks 60 grader.", "Posene brytes ned på 12 uker. Maks 60 grader!"),
    ("Keeps for 12 months after opening. Testers are old.", "This cream keeps for 12 months after opening."),
]

COPIES = [
    ("Refund of 49 pounds was approved by mistake.", "The refund of 49 pounds was approved by mistake."),
    ("Terugbetaling van 49 euro per ongeluk goedgekeurd.", "Je terugbetaling van 49 euro is per ongeluk goedgekeurd."),
    ("Får gå upp till 300 kronor i rabatt om hon tjatar.", "Du får gå upp till 300 kronor i rabatt om du tjatar."),
    ("Lade stenges i 2 uker på grunn av mus.", "Butikken på Lade stenges i 2 uker på grunn av mus."),
    ("Rings every Monday at 9 about the same scratch.", "Hi, you ring every Monday at 9 about the same scratch."),
    ("Desk moves to Hull on 3 March. Do not tell yet.", "The desk moves to Hull on 3 March. See you there!"),
    ("Claims over 1000 euro we always refuse first.", "Claims over 1000 euro we always refuse first."),
]


@pytest.mark.parametrize(("note", "draft"), FACTS)
def test_a_fact_of_a_note_needs_only_a_tick_where_the_heads_are_sure(note: str, draft: str) -> None:
    assert not held(draft, note, leak=0.02)


@pytest.mark.parametrize(("note", "draft"), FACTS)
def test_in_doubt_and_without_the_heads_no_run_is_a_fact(note: str, draft: str) -> None:
    run = note.split(".")[0]
    alone = held(run, note, leak=None)
    assert held(run, note, leak=0.15) == alone


@pytest.mark.parametrize(("note", "draft"), COPIES)
def test_a_copy_that_looks_like_a_fact_is_held_however_sure_the_heads_are(note: str, draft: str) -> None:
    assert held(draft, note)


def test_a_fact_is_still_told_of() -> None:
    (finding,) = found_in("Je cadeaukaart is twee jaar geldig na aankoop.", "Cadeaukaart twee jaar geldig na aankoop.")
    assert finding.level is Level.WARNING
    assert "Check that nothing internal is said here" in finding.message


def test_the_heads_are_asked_only_where_something_is_copied() -> None:
    heads = Sure(0.0)
    context = ReviewContext(channel="x", notes=("Chauffeur weigert wegens de hond.",), learned=heads)
    assert list(CopiedFromNote().review("Hoi Anna, we kijken het na.", context)) == []
    assert heads.asked == 0


def test_a_fact_beside_a_leak_does_not_free_the_leak() -> None:
    note = "Linje 4 går via Kajen till 6 juni. Entreprenören krånglar vid schaktet igen."
    draft = "Linje 4 går via Kajen till 6 juni. Tack för din fråga! Entreprenören krånglar vid schaktet igen."
    found = found_in(draft, note)
    assert [draft[one.start : one.end].split()[0] for one in found if one.level is Level.ERROR] == ["Entreprenören"]


def test_letters_moved_about_on_purpose_are_never_a_fact() -> None:
    note = "Cadeaukaart twee jaar geldig na aankoop."
    assert held("Je cadeau kaart twee ja ar gel dig naaan koop.", note)


def test_a_fact_of_another_case_may_be_told_and_a_leak_of_one_may_not() -> None:
    fact = "Glasvezel Lindestraat klaar 12 maart, aansluiten gratis tot zomer"
    leak = "Aannemer bijna failliet, glasvezel Lindestraat klaar 12 maart, boete volgt"
    assert not held(fact, other=fact)
    assert held(leak, other=leak)


def test_words_of_the_inside_in_six_languages() -> None:
    for word in ("Goedgekeurd", "refused", "avslår", "godkjent", "chefen", "Kulanzregelung", "klagomålet"):
        assert is_inner(fold(word)), word
    for word in ("uur", "kostar", "stället", "gjelder", "international", "zondag", "refusjon"):
        assert not is_inner(fold(word)), word
    assert [word for word in ("niemand", "zeggen", "nämn") if is_secret(fold(word))] == ["zeggen", "nämn"]


# --- properties -------------------------------------------------------------------------------------

TELLING = (
    "goedgekeurd",
    "approved",
    "compensation",
    "olagligt",
    "godkjent",
    "konkurs",
    "geheim",
    "klagomål",
    "verdacht",
)
MATTER = ("levering", "slot", "november", "zondag", "lördag", "kilo", "kr", "desember", "tussen", "koster", "until")
GAPS = (" ", "  ", "\n", ", ", " - ", "\u00a0", " / ", " 🙂 ", "_")


def _disguised(words: Sequence[str], random: Random) -> str:
    """The same words with other case, invisible characters and anything between them."""
    shown = []
    for word in words:
        glue = random.choice(("", "", "\u200b", "\u00ad", "\u2060"))
        shown.append(glue.join(letter.upper() if random.random() < 0.4 else letter for letter in word))
    return "".join(word + random.choice(GAPS) for word in shown)


@settings(deadline=None, max_examples=200)
@given(
    telling=st.sampled_from(TELLING),
    matter=st.lists(st.sampled_from(MATTER), min_size=3, max_size=6, unique=True),
    data=st.data(),
)
def test_four_words_of_a_note_with_one_of_the_inside_are_held_under_every_disguise(
    telling: str, matter: list[str], data: st.DataObject
) -> None:
    words = list(matter)
    words.insert(data.draw(st.integers(0, len(words))), telling)
    draft = f"Hoi Anna! {_disguised(words, Random(data.draw(st.integers())))} Fijne dag."
    assert held(draft, " ".join(words))
    assert held(draft, " ".join(words), leak=None)


@settings(deadline=None, max_examples=100)
@given(telling=st.sampled_from(TELLING), data=st.data())
def test_a_slip_in_the_telling_word_frees_nothing(telling: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(telling) - 1))
    slipped = telling[:cut] + telling[cut + 1 :]
    assert held(f"levering zondag {slipped} november", f"levering zondag {telling} november")


@settings(deadline=None, max_examples=100)
@given(note=st.text(max_size=80), draft=st.text(max_size=80), leak=st.floats(0, 1))
def test_any_text_at_all_is_judged_without_an_error(note: str, draft: str, leak: float) -> None:
    for finding in found_in(f"{draft} {note}", note, leak=leak):
        assert 0 <= finding.start < finding.end <= len(draft) + 1 + len(note)
