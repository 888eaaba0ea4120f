"""The signs of a human voice: answers as desks write them, in six languages, with what is in them by hand."""

import time

import pytest

from webcare.domain import LANGUAGES
from webcare.measures.voice import ELEMENTS, GROUPS, HUMAN, read_voice, speaks

#: Language, answer, the elements somebody reading it would tick.
READ_BY_HAND = [
    ("nl", "Hoi Marieke, wat vervelend! Laat je ons even je bestelnummer weten? Fijne avond 😊 ^NS",
     "greeting name sympathy dialogue you wish emoji signature"),
    ("nl", "Geachte mevrouw, hierbij bevestigen wij dat u uw bestelling morgen krijgt. Met vriendelijke groet, Hemlund",
     "greeting you you_formal formal"),
    ("nl", "De bestelling komt morgen tussen 9 en 12 uur.", ""),
    ("nl", "Oei, sorry! Ik snap dat dit balen is. Stuur gerust een DM, dan kijk ik ff mee.",
     "interjection sorry me sympathy dialogue shortening"),
    ("nl", "Dank je voor je bericht, goed om te horen!", "thanks you"),
    ("en", "@sam Hi Sam, oops! That's so annoying, I'm sorry. Can you DM us your order number? Have a nice day! ^EK",
     "greeting name interjection sympathy me sorry shortening dialogue you wish signature"),
    ("en", "Dear customer, we regret to inform you that the store is closed. Kind regards",
     "greeting you formal"),
    ("en", "The store in Utrecht opens at 10.", ""),
    ("en", "Sooo happy to hear this!!! Enjoy your sofa ❤️", "lengthened thanks wish you emoji"),
    ("en", "See https://example.org/you?dear=me for the manual.", ""),
    ("sv", "Hej Anna! Vad tråkigt att höra, förlåt. Hör gärna av dig om något saknas. Trevlig helg! /Elin",
     "greeting name sympathy sorry dialogue you wish signature"),
    ("sv", "Vi har frågat lagret. Då kan Ni hämta varan på torsdag. Med vänlig hälsning",
     "you you_formal formal"),
    ("sv", "Varan finns i lager i Malmö.", ""),
    ("nb", "Hei! Så kjedelig, det forstår vi godt. Send oss en melding, så ser jeg på det. ^NS",
     "greeting sympathy dialogue me signature"),
    ("nb", "Tusen takk for tilbakemeldingen, så gøy! Kos deg med sofaen 🎉", "thanks wish you emoji"),
    ("nb", "Varen er på lager i Oslo.", ""),
    ("da", "Det er vi kede af. Vi har spurgt lageret og skriver til dig her, så snart de svarer. ^NS",
     "sorry you signature"),
    ("da", "Hej Mette, øv altså! Skriv endelig til os, så kigger jeg på det. God weekend!",
     "greeting name interjection dialogue me wish"),
    ("da", "Varen er på lager i Aarhus.", ""),
    ("de", "Sehr geehrter Herr Vogt, wir bitten Sie um Ihre Bestellnummer. Mit freundlichen Grüßen",
     "greeting name you you_formal formal"),
    ("de", "Hallo Lena, das tut uns leid. Meld dich gerne! Liebe Grüße - Tom",
     "greeting name sorry dialogue you signature"),
    ("de", "Ups, da ist was schiefgelaufen. Das ist ärgerlich, das kann ich gut verstehen.",
     "interjection sympathy me"),
    ("de", "Der Markt in Köln öffnet um 10 Uhr.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "expected"), READ_BY_HAND)
def test_an_answer_shows_the_signs_a_reader_would_tick(language: str, text: str, expected: str):
    assert read_voice(text, language).elements == set(expected.split())


def test_signs_stand_where_the_words_stand():
    text = "Hoi Marieke, wat vervelend!"
    found = {sign.element: text[sign.start : sign.end] for sign in read_voice(text, "nl").signs}
    assert found == {"greeting": "Hoi", "name": "Marieke", "sympathy": "wat vervelend"}


def test_the_three_groups_together_make_a_human_voice():
    assert read_voice("Hi Sam, oops, so sorry about that!", "en").is_human
    assert not read_voice("Hi Sam, so sorry about that.", "en").is_human


@pytest.mark.parametrize(
    ("text", "address", "mixed"),
    [
        ("Kunt u uw nummer sturen?", {"you_formal"}, False),
        ("Stuur je nummer maar.", {"you_informal"}, False),
        ("Kunt u je nummer sturen?", {"you_formal", "you_informal"}, True),
        ("Het komt morgen.", set(), False),
    ],
)
def test_how_the_customer_is_addressed(text: str, address: set[str], mixed: bool):
    voice = read_voice(text, "nl")
    assert voice.address == address
    assert voice.mixes_address is mixed


def test_the_customers_own_name_counts_anywhere_and_nobody_elses():
    assert "name" in read_voice("Dat zoeken we uit, Joris.", "nl", customer="Joris de Boer").elements
    assert "name" not in read_voice("Dat zoeken we uit.", "nl", customer="Joris de Boer").elements
    assert "name" not in read_voice("@joris dat zoeken we uit.", "nl", customer="Joris de Boer").elements


def test_empathy_is_an_apology_or_sympathy():
    assert read_voice("Das tut uns leid.", "de").is_empathic
    assert read_voice("Wat jammer.", "nl").is_empathic
    assert not read_voice("Thanks for asking!", "en").is_empathic


def test_every_language_has_words_for_every_listed_sign():
    for language in LANGUAGES:
        assert speaks(language)
        assert read_voice("", language).signs == ()
    assert not speaks("fr")


def test_every_element_belongs_to_a_group_and_says_what_counts():
    assert {one.group for one in ELEMENTS.values()} == set(GROUPS)
    assert set(HUMAN) < set(GROUPS)
    assert all(one.title and one.sentence.endswith(".") for one in ELEMENTS.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_text_takes_no_longer_than_its_length(language: str):
    began = time.process_time()
    for text in ("@a " * 3000, "a" * 10_000, "!? " * 3000, "so " * 3000, "'n " * 3000, "-" * 10_000, "@a@" * 3000):
        read_voice(text, language)
    assert time.process_time() - began < 20
