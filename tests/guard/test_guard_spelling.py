"""Clear slips are held with their correction, names and the brand's words never; and it says what it lacks."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.domain import LANGUAGES, Finding, Level, Override
from webcare.guard import ReviewContext, dictionaries, review
from webcare.guard.base import Customer
from webcare.guard.dictionaries import dictionary_path, distance, edits, is_common
from webcare.guard.profile import Profile
from webcare.guard.slips import SLIPS, SPLIT
from webcare.guard.spelling import Spelling, suggest

DATA = Path(__file__).parents[2] / "data" / "guard"
CHECK = Spelling()
pytestmark = pytest.mark.skipif(
    any(dictionary_path(lang) is None for lang in LANGUAGES),
    reason="needs the dictionaries: pip install -e '.[spelling]'",
)

Row = dict[str, Any]


def found(draft: str, lang: str = "nl", **more: Any) -> list[Finding]:
    return list(CHECK.review(draft, ReviewContext(channel="x", lang=lang, **more)))


def errors(draft: str, lang: str = "nl", **more: Any) -> list[tuple[str, str]]:
    held = [one for one in found(draft, lang, **more) if one.level is Level.ERROR]
    return [(draft[one.start : one.end], one.fixes[0]) for one in held]


SLIPS_AND_MENDS = [
    ("nl", "Je bestelling is vertraagt, dat is vervelent.",
     [("vertraagt", "vertraagd"), ("vervelent", "vervelend")]),
    ("nl", "Dat is mischien een ideeen.", [("mischien", "misschien"), ("ideeen", "ideeën")]),
    ("nl", "Het pakket word morgen bezorgd.", [("word", "wordt")]),
    ("nl", "Dat begrijp ik, ik wordt er ook niet blij van.", [("wordt", "word")]),
    ("nl", "Word je morgen gebeld? Dan vind je de code in de mail.", []),
    ("nl", "Bel onze klanten service even.", [("klanten service", "klantenservice")]),
    ("en", "We recieved it and its definately fine.", [("recieved", "received"), ("definately", "definitely")]),
    ("en", "You should of recieved it on wendesday.",
     [("of", "have"), ("recieved", "received"), ("wendesday", "Wednesday")]),
    ("en", "I dont think so, your welcome!", [("dont", "don't"), ("your", "you're")]),
    ("sv", "Tyvär är varan slut.", [("Tyvär", "Tyvärr")]),
    ("sv", "Ring vår kund tjänst.", [("kund tjänst", "kundtjänst")]),
    ("nb", "Desverre er den utsolgt.", [("Desverre", "Dessverre")]),
    ("da", "Det er ærgeligt, men vi har desvære ikke flere.", [("ærgeligt", "ærgerligt"), ("desvære", "desværre")]),
    ("nl", "Het bedrag is terug gestort en de kast is uit verkocht.",
     [("terug gestort", "teruggestort"), ("uit verkocht", "uitverkocht")]),
    ("nl", "De bestelling is vandaag nog bezorgt, er is geen schadde.",
     [("bezorgt", "bezorgd"), ("schadde", "schade")]),
    ("sv", "Frakt kostnaden och leverans tiden ser du i kassan.",
     [("Frakt kostnaden", "Fraktkostnaden"), ("leverans tiden", "leveranstiden")]),
    ("nb", "Vi bekklager, innboksenn er full og nyhets brevet stoppet.",
     [("bekklager", "beklager"), ("innboksenn", "innboksen"), ("nyhets brevet", "nyhetsbrevet")]),
    ("da", "Garantien er fantastik, og leverings aftalen gælder.",
     [("fantastik", "fantastisk"), ("leverings aftalen", "leveringsaftalen")]),
    ("nl", "Onze groentseoorten staan in de gids, de twlefoonlijnen zijn weer open.",
     [("groentseoorten", "groentesoorten"), ("twlefoonlijnen", "telefoonlijnen")]),
    ("nb", "Vi leste doktoarvhandlingen, og vannkokere har vi nok av.",
     [("doktoarvhandlingen", "doktoravhandlingen")]),
    ("sv", "Läs om verksamhetsstyrmingen och premiäormgången.",
     [("verksamhetsstyrmingen", "verksamhetsstyrningen"), ("premiäormgången", "premiäromgången")]),
    ("de", "Deine bestellung ist leider noch nicht da.", [("bestellung", "Bestellung")]),
    ("de", "Vielen Dank, das ist garnicht so schlimm. Viele Grüsse", [("garnicht", "gar nicht"), ("Grüsse", "Grüße")]),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "draft", "mends"), SLIPS_AND_MENDS)
def test_a_slip_is_held_with_its_correction(lang: str, draft: str, mends: list[tuple[str, str]]) -> None:
    assert errors(draft, lang) == mends


def test_one_click_mends_the_slip_and_a_tick_overrides_it() -> None:
    draft = "Sorry voor de vertraaging!"
    (finding,) = found(draft)
    assert (finding.reason, finding.override) == ("misspelt", Override.ACKNOWLEDGE)
    mended = draft[: finding.start] + finding.fixes[0] + draft[finding.end :]
    assert mended == "Sorry voor de vertraging!"
    assert found(mended) == []


LEFT_ALONE = [
    ("nl", "@vervelent #mischien https://ideeen.example/mischien mischien@ideeen.example shop.mischien.nl"),
    ("nl", "De BILLY en de BESTA staan op [mischien] en {{vervelent}}, 3x4mm 😀"),
    ("nl", "Je kunt betalen met Klarna, iDEAL of Tikkie. PostNL komt langs."),
    ("nl", "Sjoukje, wat vervelend! We vragen het even aan Gjalt in Warfhuizen."),
    ("en", "I'll DM you about your iPhone app, Siobhan."),
    ("nb", "Noen poeng på sofaen hos naboen, og fakturaen gjelder to sofaer."),
    ("nl", "Hej Anna, en tack! Viele Grüße"),
    ("nl", "Je retourzending zit in het keukenkastlade-pakket."),
    ("nl", "Waar je op gewacht hebt is er: iets duurders, zegt Mr. Boufal van de herenafd."),
    ("nb", "Beregn fem dager. Varen har stått i lager siden mai, og brosjyra er her."),
    ("sv", "Skriv butik och dag, så ses vi på öppet hus i Femtorp."),
    ("nl", "De poefjes hebben een afritsbare hoes, en het schoenenrek is vochtwerend gelakt."),
    ("de", "Hinterlass uns den Namen; der Topper ist aus Viscoschaum, sagt Frau Marnten."),
    ("da", "Kunne du sende os dit ordrenr?"),
    ("de", "Der Paketbote von Hermes klingelte bei Frau Yildirim."),
]


@pytest.mark.parametrize(("lang", "draft"), LEFT_ALONE)
def test_what_is_no_word_or_a_name_is_left_alone(lang: str, draft: str) -> None:
    assert errors(draft, lang) == []


def test_words_of_the_brand_the_customer_and_the_colleagues_are_right() -> None:
    draft = "De bolmma staat naast de vikdal, vraag het maar aan jorinde. Bolmmas zijn er ook."
    assert len(errors(draft)) + sum(one.level is Level.SUGGESTION for one in found(draft)) >= 3
    brand = Profile(products=("Bolmma",), spelling={"nl": ("vikdal",)})
    more = {"brand": brand, "colleagues": ("Jorinde Vos",)}
    assert found(draft, **more) == []
    assert found("De zwiepert is er nog.", mention="Hebben jullie de zwiepert nog?") == []
    assert found("Dag Xandrea, fijn!", customer=Customer(name="Xandrea")) == []
    assert list(Spelling({"Vikdal"}).review("De vikdal is er.", ReviewContext(channel="x", lang="nl"))) == []


@pytest.mark.parametrize(
    ("text", "lang", "common"),
    [
        ("kundtjänst", "sv", True),  # on the list
        ("leveringstidspunkt", "da", True),  # two parts on the list
        ("gar nicht", "de", True),
        ("oloid", "nl", False),
        ("innbokset", "nb", False),  # "set" is too short to be a part
    ],
)
def test_a_common_correction_is_on_the_list_or_made_of_such_words(text: str, lang: str, common: bool) -> None:
    assert is_common(text, lang) is common


def test_an_unknown_word_without_a_sure_correction_is_only_said() -> None:
    (finding,) = found("Wij noemen dat een flabberdoedel.")
    assert (finding.level, finding.reason, finding.fixes) == (Level.SUGGESTION, "unknown_word", ())
    assert suggest("bestelng", "nl")[0]


def test_the_reply_is_spelt_in_its_own_language() -> None:
    draft = "We will send you a new shelf tomorrow, thanks for waiting."
    assert found(draft, "nl") == []
    assert errors("We will send you a new shelf tommorow, thanks for waiting.", "nl") == [("tommorow", "tomorrow")]


# --- without a dictionary --------------------------------------------------------------------------


def test_a_language_without_a_dictionary_is_said_and_nothing_else_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionaries, "_READ", {"nl": None})
    context = ReviewContext(channel="x", lang="nl")
    assert list(CHECK.review("Dat is vervelent.", context)) == []
    assert list(CHECK.missing("Dat is vervelent.", context)) == [
        "spelling: no nl dictionary is installed (pip install 'webcare[spelling]')"
    ]
    assert set(CHECK.missing("Dat is vervelent.", context)) <= set(review("Dat is vervelent.", context).missing)
    assert suggest("vervelent", "nl") == ()


def test_nothing_is_missing_where_a_dictionary_is_there() -> None:
    assert list(CHECK.missing("Dat is fijn.", ReviewContext(channel="x", lang="nl"))) == []


def test_no_dictionary_is_found_in_empty_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dictionaries, "_FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(dictionaries, "_PACKAGE", "no_such_package_here")
    monkeypatch.delenv("HUNSPELL_DATA", raising=False)
    assert dictionary_path("nl") is None
    for ending in (".aff", ".dic"):
        (tmp_path / f"nl_NL{ending}").write_text("0\n", encoding="utf-8")
    assert dictionary_path("nl") == tmp_path / "nl_NL"


# --- properties ------------------------------------------------------------------------------------


@settings(deadline=None)  # a language's dictionary is read with its first text
@given(st.text(max_size=120), st.sampled_from(LANGUAGES))
def test_any_text_gives_findings_inside_it_and_the_same_ones_twice(draft: str, lang: str) -> None:
    first = found(draft, lang)
    assert first == found(draft, lang)
    for one in first:
        assert 0 <= one.start < one.end <= len(draft)
        assert draft[one.start : one.end] not in one.fixes


@given(st.sampled_from(("bestelling", "kast", "wij")), st.data())
def test_every_edit_is_one_slip_away(word: str, data: st.DataObject) -> None:
    every = [other for other, _ in edits(word, "abcë")]
    other = data.draw(st.sampled_from(every))
    assert distance(word, other) <= 2
    assert abs(len(word) - len(other)) <= 1


def test_many_threads_get_what_one_gets() -> None:
    drafts = [row["draft"] for lang in ("nl", "sv") for row in rows(lang)][:80]
    alone = [found(draft) for draft in drafts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(found, drafts)) == alone


def test_the_lists_hold_no_word_that_mends_itself() -> None:
    for lang in LANGUAGES:
        assert [wrong for wrong, right in SLIPS[lang].items() if wrong == right] == []
        assert all(len(pair) == 2 for pair in SPLIT[lang])


# --- our own held-out texts ------------------------------------------------------------------------


def rows(lang: str) -> list[Row]:
    lines = (DATA / f"spelling-{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


#: Share of the test authors' slips held: all of them, and those with a common correction. Measured, less two slips.
HELD = {
    "nl": (0.91, 0.91),
    "en": (0.95, 0.97),
    "sv": (0.86, 0.90),
    "nb": (0.85, 0.88),
    "da": (0.85, 0.90),
    "de": (0.86, 0.92),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_slips_of_the_test_authors_are_held(lang: str) -> None:
    every, common = [], []
    for row in (row for row in rows(lang) if row["part"] == "test"):
        held = [one for one in found(row["draft"], lang) if one.level is Level.ERROR]
        for slip in row["slips"]:
            hit = any(one.start < slip["end"] and slip["start"] < one.end for one in held)
            every.append(hit)
            if is_common(slip["correct"], lang):
                common.append(hit)
    assert sum(every) / len(every) >= HELD[lang][0]
    assert sum(common) / len(common) >= HELD[lang][1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_slips_are_marked_where_they_stand(lang: str) -> None:
    for row in rows(lang):
        assert row["part"] == ("tune" if row["author"] in "abe" else "test")
        for slip in row["slips"]:
            assert row["draft"][slip["start"] : slip["end"]] not in ("", slip["correct"])


@pytest.mark.parametrize("lang", ["nl", "en", "sv", "nb"])
def test_clean_replies_are_not_held(lang: str) -> None:
    lines = (DATA / f"pairs-{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [row for row in map(json.loads, lines) if row["kind"] in ("clean", "shared_fact")]
    clean = [row["reply"] for row in pairs] + [row["draft"] for row in rows(lang) if not row["slips"]]
    assert sum(bool(errors(draft, lang)) for draft in clean) / len(clean) <= 0.01
