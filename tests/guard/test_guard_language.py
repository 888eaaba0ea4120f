"""The reply speaks the customer's language, greets in it and addresses them in one way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcare.domain import LANGUAGES, Finding, Level
from webcare.guard import ReviewContext
from webcare.guard.detect import (
    certain_language,
    customer_language,
    known_code,
    load_detector,
    portable,
    reply_language,
)
from webcare.guard.greetings import AT_HOME
from webcare.guard.language import Language
from webcare.guard.profile import Profile

DATA = Path(__file__).parents[2] / "data" / "guard"
CHECK = Language()
SAYS = {"wrong": "wrong_language", "greeting": "brand_word", "mixed": "mixed_language", "address": "mixed_address"}

Row = dict[str, Any]


def found(draft: str, lang: str | None = "nl", **more: Any) -> list[Finding]:
    return list(CHECK.review(draft, ReviewContext(channel="x", lang=lang, **more)))


def held(draft: str, lang: str | None = "nl", **more: Any) -> list[tuple[str, str]]:
    return [(one.reason, draft[one.start : one.end]) for one in found(draft, lang, **more) if one.level is Level.ERROR]


@pytest.mark.parametrize("lang", ["nl", "en", "nb", "de"])
def test_hej_is_held_outside_sweden_and_denmark(lang: str) -> None:
    (finding,) = found("Hej Anna!", lang)
    assert (finding.reason, finding.level) == ("brand_word", Level.ERROR)
    assert finding.fixes == ({"nl": "Hoi", "en": "Hi", "nb": "Hei", "de": "Hallo"}[lang],)


@pytest.mark.parametrize("lang", ["sv", "da"])
def test_hej_is_fine_for_swedes_and_danes(lang: str) -> None:
    assert found("Hej Anna!", lang) == []


def test_tack_goes_to_swedes_only() -> None:
    assert [lang for lang in LANGUAGES if not held("Tack!", lang)] == ["sv"]
    assert [lang for lang in LANGUAGES if not held("Takk!", lang)] == ["nb"]
    assert found("Could you tack the label onto the parcel?", "en") == []
    assert found("Die tak hoort bij de vaas.", "nl") == []


def test_a_word_inside_another_or_in_a_handle_is_no_greeting() -> None:
    assert found("De HEJNE en @hej_team en hej.example en #hej zijn van ons.") == []


def test_a_brand_may_allow_a_word_and_bring_its_own_lexicon() -> None:
    assert found("Hej Anna!", brand=Profile(spelling={"nl": ("hej",)})) == []
    own = Language({"nl": "hoi", "en": "howdy"})
    (finding,) = own.review("Howdy Anna!", ReviewContext(channel="x", lang="nl"))
    assert finding.reason == "brand_word"


def test_a_word_the_customer_used_must_only_be_acknowledged() -> None:
    (finding,) = found("Hej! Wij zijn open.", mention="Hej, zijn jullie open?")
    assert finding.level is Level.WARNING


def test_another_language_is_held_whatever_tells_the_customers() -> None:
    draft = "Your order is on its way and will arrive tomorrow."
    assert held(draft, "nl") == [("wrong_language", draft)]
    assert held(draft, None, mention="Waar blijft mijn bestelling nou eigenlijk?") == [("wrong_language", draft)]
    assert held(draft, None, market="se") == [("wrong_language", draft)]
    assert held(draft, None) == []


def test_an_answer_in_the_language_of_the_message_is_fine_whatever_the_account_says() -> None:
    draft = "Your order is on its way and will arrive tomorrow."
    assert found(draft, "nl", mention="Could you please tell me where my order is?") == []


def test_short_drafts_other_languages_and_quotations_pass() -> None:
    assert found("Top, thanks!") == []
    assert found("Votre commande arrive demain matin.", "fr") == []
    assert found("Op het kaartje staat “we are looking forward to seeing you in the shop”. Leuk hè?") == []


def test_norwegian_and_danish_count_as_one_until_words_decide() -> None:
    assert held("Varen kommer i morgen.", "da") == []
    assert held("Hva kan vi hjelpe deg med nå? Beklager, vi skjønner ikke.", "da")[0][0] == "wrong_language"
    assert held("Hvad kan vi hjælpe dig med nu? Vi er kede af det.", "nb")[0][0] == "wrong_language"


def test_the_form_of_address_must_not_change() -> None:
    (mixed,) = found("Je kunt ruilen. Neem uw bon mee.")
    assert (mixed.reason, mixed.level) == ("mixed_address", Level.WARNING)
    assert found("We zijn om 10 u open, je bent welkom.") == []
    assert found("U kunt ruilen, neem uw bon mee.") == []
    assert found("U kunt ruilen.", brand=Profile(address={"nl": "informal"}))[0].reason == "mixed_address"
    (hint,) = found("Vill Ni veta mer? Ja, du kan ringa om Ni vill.", "sv")
    assert hint.level is Level.SUGGESTION


def test_codes_are_read_in_every_spelling() -> None:
    assert [known_code(code) for code in ("no", "nn", "NL", "nl-BE", "sv_SE", "deu", "fr", "")] == [
        "nb", "nb", "nl", "nl", "sv", "de", "", ""
    ]  # fmt: skip
    assert customer_language(ReviewContext(channel="x", market="uk")) == "en"
    assert reply_language("ok", ReviewContext(channel="x")) == ""


SENTENCES = {
    "nl": "Wat vervelend dat je pakket nog niet is aangekomen.",
    "en": "We are sorry that your parcel has not arrived yet.",
    "sv": "Vad tråkigt att ditt paket inte har kommit fram än.",
    "nb": "Så kjedelig at pakken din ikke har kommet fram ennå, vi skjønner det.",
    "da": "Hvor er det ærgerligt, at din pakke ikke er kommet frem endnu.",
    "de": "Schade, dass dein Paket noch nicht angekommen ist.",
}


@pytest.mark.parametrize("load", [load_detector, portable])
def test_both_detectors_know_the_six_languages(load: Any) -> None:
    detect = load()
    assert {lang: detect(text)[0] for lang, text in SENTENCES.items()} == {lang: lang for lang in SENTENCES}
    assert {lang: certain_language(text) for lang, text in SENTENCES.items()} == {lang: lang for lang in SENTENCES}


@given(st.text(max_size=200), st.sampled_from([*LANGUAGES, None]), st.text(max_size=60))
def test_any_text_gives_findings_inside_it(draft: str, lang: str | None, mention: str) -> None:
    for one in found(draft, lang, mention=mention):
        assert 0 <= one.start <= one.end <= len(draft)


@given(st.sampled_from(LANGUAGES), st.data())
def test_no_language_holds_its_own_greetings(lang: str, data: st.DataObject) -> None:
    own = [word.strip() for homes, words in AT_HOME.items() if lang in homes.split() for word in words.split(",")]
    word = data.draw(st.sampled_from(own))
    assert [one for one in found(f"{word.capitalize()}!", lang) if one.reason == "brand_word"] == []


# --- our own held-out texts ------------------------------------------------------------------------


def rows(lang: str) -> list[Row]:
    lines = (DATA / f"language-{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_foreign_reply_sentence_and_greeting_is_held_and_no_clean_one(lang: str) -> None:
    for row in rows(lang):
        said = found(row["draft"], lang, mention=row["mention"])
        reasons = {one.reason for one in said if one.level is Level.ERROR or row["kind"] == "address"}
        if row["kind"] == "clean":
            assert said == [], row["draft"]
        else:
            # Where one sentence outweighs a short rest, the whole draft counts as foreign.
            assert reasons & {SAYS[row["kind"]], "wrong_language" if row["kind"] == "mixed" else ""}, row["draft"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_clean_replies_of_the_other_sets_are_not_held(lang: str) -> None:
    clean = [row["draft"] for row in map(json.loads, (DATA / f"spelling-{lang}.jsonl").open(encoding="utf-8"))]
    pairs = DATA / f"pairs-{lang}.jsonl"
    for row in map(json.loads, pairs.open(encoding="utf-8") if pairs.exists() else ()):
        clean += [row["reply"]] if row["kind"] in ("clean", "shared_fact") else []
    assert [draft for draft in clean if held(draft, lang)] == []
