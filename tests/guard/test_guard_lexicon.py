"""The brand file's own words, and each wrong word told once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.channels import channel_class
from webcare.domain import Decision, Finding, Level, Override
from webcare.errors import SettingsError
from webcare.guard import ReviewContext, review
from webcare.guard.branded import joined
from webcare.guard.profile import Profile, load_profile
from webcare.guard.rules import RuleSet
from webcare.guard.rules.brands import load_brand

HEMLUND = load_brand("hemlund")
anything = st.characters(exclude_categories=())
OWN = Profile(
    name="Lampkoning",
    lexicon={
        "nl": {"klant": "gast", "probleem": "", "klantenservice team": "gastenteam"},
        "sv": {"kund": "gäst"},
        "any": {"ticket": "message"},
    },
)


def words(draft: str, **context: object) -> list[Finding]:
    about = ReviewContext(channel="x", brand=OWN, rules=RuleSet([]), **context)  # type: ignore[arg-type]
    return [one for one in review(draft, about).findings if one.reason == "brand_word"]


def test_a_word_of_the_lexicon_is_held_with_a_correction():
    (found,) = words("Hoi! Elke Klant krijgt antwoord.", lang="nl", mention="Krijg ik nog antwoord?")
    assert (found.check, found.level, found.fixes) == ("brand", Level.ERROR, ("Gast",))
    assert found.override is Override.JUSTIFICATION
    assert (found.start, found.end) == (10, 15)


def test_a_word_without_a_better_one_is_held_too_and_the_longest_counts():
    assert [one.fixes for one in words("Dit probleem lost ons klantenservice team op.", lang="nl")] == [
        (),
        ("gastenteam",),
    ]


@pytest.mark.parametrize(
    ("lang", "market", "draft", "held"),
    [
        ("nl", "", "Elke klant krijgt antwoord van ons.", 1),
        ("nl", "be", "Elke klant krijgt antwoord van ons.", 1),  # by its language
        ("en", "uk", "Every klant gets an answer from us.", 0),
        ("sv", "nl", "Varje kund får ett svar av oss här.", 1),  # a Swede on the Dutch account
        ("sv", "nl", "Varje klant får ett svar av oss här.", 0),
        ("en", "", "We close the ticket now.", 1),  # any
        ("nl", "nl", "Klantvriendelijk zijn we graag.", 0),  # whole words
    ],
)
def test_words_count_in_their_market_or_language(lang: str, market: str, draft: str, held: int):
    assert len(words(draft, lang=lang, market=market)) == held


@pytest.mark.parametrize(
    ("lang", "draft"),
    [
        ("nl", "Hej Anna, je bank komt morgen."),
        ("en", "Hej Anna, your sofa comes tomorrow."),
        ("de", "Hej Anna, dein Sofa kommt morgen."),
        ("nb", "Hejsan Anna, sofaen kommer i morgen."),
        ("da", "Hei Anna, sofaen kommer i morgen."),
        ("sv", "Hei Anna, soffan kommer i morgon."),
    ],
)
def test_a_foreign_greeting_is_told_once(lang: str, draft: str):
    brand = load_brand("hemlund")
    verdict = review(draft, ReviewContext(channel="x", lang=lang, brand=brand.profile, rules=brand.rules))
    told = [one for one in verdict.findings if one.reason == "brand_word"]
    assert verdict.decision is Decision.BLOCK
    assert len(told) == 1
    assert told[0].fixes


def test_dutch_heath_and_an_english_tack_are_no_greetings():
    brand = load_brand("hemlund")
    for lang, draft in (
        ("nl", "Leuk, een foto van je Bolma op de hei!"),
        ("en", "Try a different tack: turn the screw left first."),
    ):
        context = ReviewContext(channel="x", lang=lang, brand=brand.profile, rules=brand.rules)
        assert not [one for one in review(draft, context).findings if one.reason == "brand_word"]


spans = st.tuples(st.integers(0, 30), st.integers(1, 10))


@given(
    st.lists(
        st.builds(
            lambda check, level, reason, span: Finding(check, level, reason, "m", span[0], span[0] + span[1]),
            st.sampled_from(["brand", "language", "copied"]),
            st.sampled_from(list(Level)),
            st.sampled_from(["brand_word", "note_leak"]),
            spans,
        ),
        max_size=8,
    )
)
def test_joining_loses_no_level_no_other_finding_and_leaves_no_overlap(findings: list[Finding]):
    kept = joined(findings)
    assert [one for one in kept if one.reason != "brand_word"] == [
        one for one in findings if one.reason != "brand_word"
    ]
    told = [one for one in kept if one.reason == "brand_word"]
    for one in findings:
        if one.reason == "brand_word":
            near = [other for other in told if one.start < other.end and other.start < one.end]
            assert any(list(Level).index(other.level) <= list(Level).index(one.level) for other in near)
    assert all(one is other or one.end <= other.start or other.end <= one.start for one in told for other in told)


def test_a_lexicon_with_an_empty_word_is_refused_with_its_line(tmp_path: Path):
    file = tmp_path / "brand.yaml"
    file.write_text('name: A\nlexicon:\n  nl:\n    hej: hoi\n    "  ": hoi\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"brand\.yaml, line 5"):
        load_profile(file)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(["Hej", "HL-12345678", "https://", "je", "\ud83d"]), st.text(anything, max_size=20))
    ),
    st.sampled_from(["nl", "en", "sv", "nb", "da", "de"]),
)
def test_any_draft_is_judged_under_the_whole_brand_half_characters_too(parts: list[str], lang: str):
    draft = " ".join(parts)
    count = channel_class("x").length
    verdict = review(
        draft,
        ReviewContext(
            channel="x",
            lang=lang,
            mention=draft[::-1],
            notes=(draft[:20],),
            brand=HEMLUND.profile,
            rules=HEMLUND.rules,
            length=lambda text: ((length := count(text)).used, length.limit),
        ),
    )
    assert all(0 <= one.start <= one.end <= len(draft) for one in verdict.findings)
