"""No part of a note gets out; facts and courtesies do."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.domain import Decision, Finding, Level
from webcare.guard import ReviewContext, review

Row = dict[str, Any]


def _table(name: str) -> list[Row]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


#: Drafts that carry a piece of a note, in six languages and every disguise we know of.
LEAKS = _table("leaks.jsonl")
#: Replies that are fine to post, many of them about the very things the notes speak of.
CLEAN = _table("clean.jsonl")


def found_in(
    draft: str, *notes: str, mention: str = "", public: tuple[str, ...] = (), lang: str = "nl"
) -> list[Finding]:
    context = ReviewContext(channel="x", lang=lang, mention=mention, notes=notes, public_texts=public)
    return [finding for finding in review(draft, context).findings if finding.check == "copied"]


def quoted(draft: str, *notes: str, **surroundings: str) -> list[tuple[str, str]]:
    found = found_in(draft, *notes, **surroundings)  # type: ignore[arg-type]
    return [(finding.level.value, draft[finding.start : finding.end]) for finding in found]


@pytest.mark.parametrize("row", LEAKS, ids=lambda row: f"{row['lang']} {row['disguise']}")
def test_a_draft_with_a_piece_of_a_note_is_held(row: Row) -> None:
    found = found_in(row["draft"], row["note"], mention=row.get("mention", ""), lang=row["lang"])
    assert Level.ERROR in {finding.level for finding in found}


@pytest.mark.parametrize("row", CLEAN, ids=lambda row: f"{row['lang']} {row['draft'][:40]}")
def test_a_clean_reply_passes(row: Row) -> None:
    context = ReviewContext(
        channel="x",
        lang=row["lang"],
        mention=row.get("mention", ""),
        notes=tuple(row.get("notes", ())),
        public_texts=tuple(row.get("public", ())),
    )
    verdict = review(row["draft"], context)
    assert verdict.decision is not Decision.BLOCK
    # How a reply sounds is for other checks; nothing in it may be taken for a note.
    assert [finding for finding in verdict.findings if finding.check not in ("tone", "answering")] == []


def test_the_tables_hold_every_language() -> None:
    assert len({row["draft"] for row in CLEAN}) >= 80
    assert {row["lang"] for row in CLEAN} == {row["lang"] for row in LEAKS} == {"nl", "en", "sv", "nb", "da", "de"}


def test_the_finding_covers_exactly_the_copied_words() -> None:
    note = "Buurman heeft de levering geweigerd wegens ruzie over de schutting."
    draft = "Hoi Els! Excuses. De bezorging is (wegens RUZIE over de schutting) mislukt."
    assert quoted(draft, note) == [("error", "wegens RUZIE over de schutting")]


def test_the_message_quotes_the_part_and_says_what_to_do() -> None:
    (finding,) = found_in("Prima, wegens ruzie over de schutting.", "wegens ruzie over de schutting")
    assert finding.reason == "note_leak"
    assert finding.message == (
        "“wegens ruzie over de schutting” also stands in an internal note. "
        "Take it out, or tell the customer in words of your own."
    )


def test_two_leaks_are_two_findings_in_order() -> None:
    note = "Magazijn verloor de pallet met spiegels. Leverancier weigert elke schadevergoeding structureel."
    draft = "Magazijn verloor de pallet, sorry. Wij helpen je. Leverancier weigert elke schadevergoeding."
    assert [text for _, text in quoted(draft, note)] == [
        "Magazijn verloor de pallet",
        "Leverancier weigert elke schadevergoeding",
    ]


def test_overlapping_leaks_from_two_notes_are_one_finding() -> None:
    draft = "Klopt, onze chauffeur sliep tijdens pauze achter het stuur"
    found = quoted(draft, "chauffeur sliep tijdens pauze", "sliep tijdens pauze achter het stuur")
    assert found == [("error", "chauffeur sliep tijdens pauze achter het stuur")]


def test_words_the_customer_wrote_are_not_a_leak() -> None:
    note = "Klant schrijft dat de chauffeur tegen de voordeur schopte en schreeuwde."
    draft = "Je schrijft dat de chauffeur tegen de voordeur schopte en schreeuwde. Daar schrikken we van."
    mention = "jullie chauffeur tegen de voordeur schopte en schreeuwde!!"
    assert quoted(draft, note, mention=mention) == []
    assert quoted(draft, note)[0][0] == "error"


def test_a_fact_that_stands_in_public_already_is_not_a_leak() -> None:
    note = "Terugroepactie betreft fluitketels met partijnummer 8812 uit Vietnam."
    draft = "De terugroepactie betreft fluitketels met partijnummer 8812."
    assert quoted(draft, note)[0][0] == "error"
    assert found_in(draft, note, public=("Terugroepactie betreft fluitketels met partijnummer 8812.",)) == []


def test_a_price_may_be_told_and_a_compensation_may_not() -> None:
    assert quoted("De kast kost 249 euro.", "De kast kost 249 euro") == []
    assert quoted("Je krijgt coulance tot 50 euro.", "Coulance tot 50 euro")[0][0] == "error"


def test_a_number_only_the_note_knows_is_a_warning() -> None:
    assert quoted("Bel ons op 0612345678", "Privénummer klant 06-12345678 of 0612345678") == [("warning", "0612345678")]
    assert quoted("Je nummer 0612345678 klopt", "Tel 0612345678", mention="mijn nummer is 0612345678") == []


def test_a_private_mail_address_only_the_note_knows_is_a_warning() -> None:
    note = "Klant bereikbaar op e.bakker81@post.example, info@hemlund.example stuurde haar weg."
    assert quoted("We mailen e.bakker81@post.example vandaag.", note) == [("warning", "e.bakker81@post.example")]
    assert quoted("Mail gerust naar info@hemlund.example.", note) == []


def test_a_short_note_inside_a_longer_sentence_is_no_leak() -> None:
    assert quoted("Je krijgt gratis bezorging bij deze actie.", "gratis bezorging") == []


def test_a_sentence_with_nearly_all_words_of_a_note_in_another_order_is_held() -> None:
    note = "Bezorgdienst verloor sleutel waardoor appartement opengebroken werd door slotenmaker."
    draft = "Een slotenmaker heeft je appartement opengebroken, want de sleutel verloor onze bezorgdienst."
    assert quoted(draft, note)[0][0] == "error"


def test_notes_that_hold_no_words_compare_with_nothing() -> None:
    assert found_in("Hallo allemaal, wat een mooie bank", "", "   ", "!!!", "🙂", "\u200b") == []


# --- properties -------------------------------------------------------------------------------------

SYLLABLES = ("bra", "vel", "kon", "tis", "mur", "gad", "pol", "zen", "fik", "rog", "dul", "hap")
_word = st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=4).map("".join)
_words = st.lists(_word, min_size=4, max_size=12, unique=True)
MORTAR = ("Hoi Anna, wat fijn dat je er bent.", "Thanks for your message!", "Vi hjälper dig gärna.", "")


def _noisy(run: list[str], random: Random) -> str:
    """The same words in any case, with anything between them and invisible characters inside."""
    gaps = (" ", "  ", "\n", "\t", ", ", " - ", " … ", "\u00a0", " / ", " 🙂 ", "_", ". ")
    noisy = []
    for word in run:
        letters = [letter.upper() if random.random() < 0.4 else letter for letter in word]
        glue = random.choice(("", "", "\u200b", "\u00ad", "\u2060"))
        noisy.append(glue.join(letters))
    return "".join(word + random.choice(gaps) for word in noisy)


@settings(deadline=None, max_examples=150)
@given(note=_words, data=st.data())
def test_any_run_of_four_content_words_of_a_note_is_held_whatever_the_noise(
    note: list[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(note) - 4))
    last = data.draw(st.integers(first + 4, len(note)))
    noise = _noisy(note[first:last], Random(data.draw(st.integers())))
    before, after = data.draw(st.sampled_from(MORTAR)), data.draw(st.sampled_from(MORTAR))
    draft = f"{before} {noise} {after}"
    found = found_in(draft, f"Achtergrond: {' '.join(note)}.", mention="Wanneer komt mijn kast?")
    assert Level.ERROR in {finding.level for finding in found}


@settings(deadline=None, max_examples=100)
@given(note=_words, data=st.data())
def test_a_run_with_one_slip_of_the_pen_is_held(note: list[str], data: st.DataObject) -> None:
    run = list(note)
    place = data.draw(st.integers(0, len(run) - 1))
    cut = data.draw(st.integers(1, len(run[place]) - 1))
    run[place] = run[place][:cut] + run[place][cut + 1 :]
    found = found_in(" ".join(run), " ".join(note))
    assert Level.ERROR in {finding.level for finding in found}


@settings(deadline=None, max_examples=100)
@given(note=_words, gap=st.sampled_from([" ", ".", "-", "\u200b ", "·"]))
def test_spelled_out_letters_are_held(note: list[str], gap: str) -> None:
    draft = "   ".join(gap.join(word) for word in note[:4])
    assert Level.ERROR in {finding.level for finding in found_in(draft, " ".join(note))}


@settings(deadline=None, max_examples=100)
@given(note=_words, draft=st.lists(_word, min_size=1, max_size=12))
def test_findings_never_overlap_and_lie_inside_the_draft(note: list[str], draft: list[str]) -> None:
    text = " ".join([*draft, *note, *draft])
    end = 0
    for finding in found_in(text, " ".join(note), " ".join(reversed(note))):
        assert end <= finding.start < finding.end <= len(text)
        end = finding.end
