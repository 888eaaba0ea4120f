"""Personal data, requests for it and links: what is held, what may stand, and what is offered instead.

Every number is made up. National numbers, accounts and cards are generated so that their checks hold; they belong to
nobody we know of.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.domain import Finding, Level, Override
from webcare.guard.asking import asks
from webcare.guard.base import ReviewContext
from webcare.guard.links import Links
from webcare.guard.personal_data import PersonalData
from webcare.guard.platform import Platform
from webcare.guard.profile import Profile
from webcare.guard.stream import guard_lines

DATA = Path(__file__).parents[2] / "data" / "guard"
LANGUAGES = ("nl", "en", "sv", "nb", "da", "de")
BRAND = Profile(
    name="Hemlund",
    names=("hemlund", "@hemlund", "hemlund.nl"),
    domains=("hemlund.example",),
    phones=(
        "+31 20 555 01 23",
        "+44 20 7946 0123",
        "+46 8 465 004 12",
        "+47 21 00 55 23",
        "+45 70 20 55 23",
        "+49 30 23125 123",
    ),
    order_numbers=("HL-[0-9]{8}",),
)
CONTEXT = ReviewContext(channel="facebook", lang="nl", brand=BRAND)

Row = dict[str, Any]


def found(draft: str, lang: str = "nl", **changes: Any) -> list[Finding]:
    context = replace(CONTEXT, lang=lang, **changes)
    return [one for check in (PersonalData(), Links(), Platform()) for one in check.review(draft, context)]


def held(draft: str, lang: str = "nl", **changes: Any) -> list[Finding]:
    return [one for one in found(draft, lang, **changes) if one.level is Level.ERROR]


def quoted(draft: str, findings: list[Finding]) -> list[str]:
    return [draft[one.start : one.end] for one in findings]


# --- the labelled drafts ------------------------------------------------------------------------------


def rows(lang: str, part: str | None = None) -> list[Row]:
    lines = (DATA / f"personal-{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    return [row for row in read if part in (None, row["part"])]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_row_is_well_formed(lang: str) -> None:
    read = rows(lang)
    assert len(read) >= 70
    assert len({row["id"] for row in read}) == len({row["draft"] for row in read}) == len(read)
    assert sum(row["clean"] for row in read) >= 0.4 * len(read)
    for row in read:
        assert row["lang"] == lang
        assert row["clean"] == (not row["spans"] and not row["asks"])
        assert row["part"] == ("test" if row["author"] in "de" else "tune")
        for span in row["spans"]:
            text = row["draft"][span["start"] : span["end"]]
            assert text
            assert text.strip() == text


@pytest.mark.parametrize("part", ["tune", "test"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_personal_data_is_held_where_it_stands(lang: str, part: str) -> None:
    missed = []
    for row in rows(lang, part):
        places = {(one.start, one.end) for one in held(row["draft"], lang, mention=row["mention"])}
        missed += [row["id"] for span in row["spans"] if (span["start"], span["end"]) not in places]
    assert missed == []


@pytest.mark.parametrize("part", ["tune", "test"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_requests_in_public_are_held_or_warned_of(lang: str, part: str) -> None:
    asking = [row for row in rows(lang, part) if row["asks"]]
    assert [row["id"] for row in asking if not asks(row["draft"], lang)] == []
    assert [row["id"] for row in asking if not row.get("soft") and not held(row["draft"], lang)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_clean_reply_is_held(lang: str) -> None:
    clean = [row for row in rows(lang) if row["clean"]]
    assert [row["id"] for row in clean if held(row["draft"], lang, mention=row["mention"])] == []


def test_replies_of_the_other_collections_are_not_held_whoever_the_brand_is() -> None:
    drafts = [
        (row["lang"], row["reply"])
        for lang in ("nl", "en", "sv", "nb")
        for row in map(json.loads, (DATA / f"pairs-{lang}.jsonl").read_text(encoding="utf-8").splitlines())
        if row["kind"] in ("clean", "shared_fact")
    ]
    assert len(drafts) > 700
    for brand in (BRAND, Profile()):
        assert [draft for lang, draft in drafts if held(draft, lang, brand=brand)] == []


# --- requests -----------------------------------------------------------------------------------------

REQUESTS = {
    "nl": [
        "Kun je je rekeningnummer even doorgeven?",
        "Mogen we je telefoonnummer?",
        "Wat is je mailadres?",
        "Laat je 06 achter, dan bellen we.",
        "We hebben je geboortedatum nodig om verder te kunnen.",
        "Stuur je adres even door!",
        "Zou je je postcode en huisnummer willen sturen?",
        "Reageer met je klantnummer.",
        "Geef hier je bestelnummer door.",
        "Noem even je IBAN, dan maken we het over.",
        "Plaats een foto van je paspoort in de reacties.",
        "Onder welk e-mailadres heb je besteld?",
        "Om je te helpen hebben we je BSN nodig.",
        "Mag ik je adres?",
        "Graag je telefoonnummer, dan bellen we terug.",
        "zet ff je nummer en adres onder dit bericht",
        "Wilt u uw burgerservicenummer hieronder plaatsen?",
        "Je kunt je kaartnummer gewoon als reactie geven",
        "Deel je bankgegevens hieronder",
        "Kan je je wachtwoord even sturen?",
    ],
    "en": [
        "Could you share your account number?",
        "Can we have your phone number?",
        "What's your email address?",
        "Leave your mobile number and we'll call.",
        "We need your date of birth to continue.",
        "Send your address over!",
        "Would you mind sending your postcode and house number?",
        "Reply with your customer number.",
        "Post your order number here.",
        "Tell us your IBAN and we'll transfer it.",
        "Put a photo of your passport in the comments.",
        "Which email did you order with?",
        "To help you we need your National Insurance number.",
        "May I have your address?",
        "Your phone number please, then we'll ring back.",
        "pop your number and address under this post",
        "Post your card number below",
        "You can just reply with your card details",
        "Share your bank details below",
        "Can you send us your password?",
        "Please provide your full address and phone number so we can look into this.",
        "Comment with your phone number",
        "Could you please confirm your date of birth?",
    ],
    "sv": [
        "Kan du ge oss ditt kontonummer?",
        "Får vi ditt telefonnummer?",
        "Vad är din mejladress?",
        "Lämna ditt mobilnummer så ringer vi.",
        "Vi behöver ditt födelsedatum för att gå vidare.",
        "Skicka din adress bara!",
        "Skriv ditt personnummer här",
        "Svara med ditt kundnummer.",
        "Lägg ordernumret här.",
        "Uppge ditt IBAN så för vi över det.",
        "Lägg upp en bild på ditt pass i kommentarerna.",
        "Vilken e-post beställde du med?",
        "För att hjälpa dig behöver vi ditt personnummer.",
        "Får jag din adress?",
        "Gärna ditt telefonnummer så ringer vi upp.",
        "skriv numret och adressen under inlägget",
        "Skriv ditt kortnummer nedan",
        "Dela dina kontouppgifter nedan",
        "Kan du skicka ditt lösenord?",
    ],
    "nb": [
        "Kan du gi oss kontonummeret ditt?",
        "Får vi telefonnummeret ditt?",
        "Hva er e-postadressen din?",
        "Legg igjen mobilnummeret ditt, så ringer vi.",
        "Vi trenger fødselsdatoen din for å gå videre.",
        "Bare send adressen din!",
        "Skriv personnummeret ditt her",
        "Svar med kundenummeret ditt.",
        "Skriv ordrenummeret her.",
        "Oppgi IBAN, så overfører vi.",
        "Legg ut et bilde av passet ditt i kommentarfeltet.",
        "Hvilken e-post bestilte du med?",
        "For å hjelpe deg trenger vi fødselsnummeret ditt.",
        "Kan jeg få adressen din?",
        "Gjerne telefonnummeret ditt, så ringer vi opp.",
        "skriv adressen under innlegget",
        "Skriv kortnummeret ditt nedenfor",
        "Del kontoopplysningene dine nedenfor",
        "Kan du sende passordet ditt?",
    ],
    "da": [
        "Kan du give os dit kontonummer?",
        "Må vi få dit telefonnummer?",
        "Hvad er din mailadresse?",
        "Læg dit mobilnummer, så ringer vi.",
        "Vi skal bruge din fødselsdato for at komme videre.",
        "Send bare din adresse!",
        "Skriv dit cpr-nummer her",
        "Svar med dit kundenummer.",
        "Skriv ordrenummeret her.",
        "Oplys dit kontonummer, så overfører vi.",
        "Læg et billede af dit pas i kommentarerne.",
        "Hvilken mail bestilte du med?",
        "For at hjælpe dig har vi brug for dit cpr-nummer.",
        "Må jeg få din adresse?",
        "Gerne dit telefonnummer, så ringer vi.",
        "skriv adressen under opslaget",
        "Skriv dit kortnummer nedenfor",
        "Del dine kontooplysninger herunder",
        "Kan du sende din adgangskode?",
    ],
    "de": [
        "Kannst du uns deine Kontonummer geben?",
        "Dürfen wir deine Telefonnummer haben?",
        "Wie ist deine Mailadresse?",
        "Lass deine Handynummer da, dann rufen wir an.",
        "Wir brauchen dein Geburtsdatum, um weiterzumachen.",
        "Schick einfach deine Adresse!",
        "Schreib deine Ausweisnummer hier hin",
        "Antworte mit deiner Kundennummer.",
        "Schreib die Bestellnummer hier rein.",
        "Nenn uns deine IBAN, dann überweisen wir.",
        "Stell ein Foto von deinem Ausweis in die Kommentare.",
        "Mit welcher E-Mail hast du bestellt?",
        "Um dir zu helfen, brauchen wir deine Steuernummer.",
        "Darf ich deine Adresse haben?",
        "Gern deine Telefonnummer, dann rufen wir zurück.",
        "schreib die adresse unter den beitrag",
        "Poste deine Kartennummer unten",
        "Teile deine Bankdaten in den Kommentaren",
        "Kannst du dein Passwort schicken?",
        "Bitte teilen Sie uns Ihre Telefonnummer mit.",
        "Geben Sie bitte Ihre Anschrift an.",
    ],
}

NO_REQUESTS = {
    "nl": [
        "Stuur je bestelnummer via DM, dan kijken we mee.",
        "Je adres hoeven we niet te weten.",
        "We hebben je adres aangepast.",
        "Je vindt je klantnummer op de factuur.",
        "Heb je je bestelnummer bij de hand als je belt? 0800-1122.",
        "Je kunt je adres wijzigen in je account.",
        "Wat is het adres van onze winkel? Dat staat op de site.",
        "We mailen je zodra hij er is.",
        "Je ontvangt een mail met je track & trace-code.",
        "Check even of je e-mailadres klopt in de app.",
        "Geef je telefoonnummer nooit aan onbekenden.",
        "Welke kleur heb je?",
        "Stuur ons een foto van de kast!",
        "Laat je weten of het lukt?",
        "Neem je kassabon mee naar de winkel.",
        "Stuur ons een privébericht met je naam, adres en ordernummer.",
        "Mag ik vragen in welke winkel je was?",
        "We sturen je een nieuwe schroef toe, is het adres in je account nog juist?",
        "De pincode van je pas kun je bij je bank wijzigen.",
        "Fijn dat je ons je bestelnummer stuurde!",
    ],
    "en": [
        "Send your order number by DM and we'll look.",
        "No need to tell us your address.",
        "We've updated your address.",
        "You'll find your customer number on the invoice.",
        "Have your order number ready when you call us.",
        "You can change your address in your account.",
        "We'll email you once it's back.",
        "You'll get an email with your tracking number.",
        "Check in the app whether your email address is right.",
        "Never give your phone number to strangers.",
        "Which colour do you have?",
        "Send us a photo of the wardrobe!",
        "Let us know how you get on!",
        "Bring your receipt to the store.",
        "Please DM us your full name, address and order number.",
        "May I ask which store you visited?",
        "Thanks for sending your order number!",
        "Could you send us a private message with your phone number?",
        "What a lovely room, thanks for sharing!",
        "Please address any questions to us here.",
    ],
    "sv": [
        "Skicka ordernumret i DM så kollar vi.",
        "Du behöver inte ge oss din adress.",
        "Vi har ändrat din adress.",
        "Kundnumret står på fakturan.",
        "Ha ordernumret till hands när du ringer.",
        "Du kan ändra adressen på ditt konto.",
        "Vi mejlar när den är tillbaka.",
        "Du får ett mejl med spårningsnummer.",
        "Kolla i appen att mejladressen stämmer.",
        "Ge aldrig ut ditt telefonnummer.",
        "Vilken färg har du?",
        "Skicka en bild på skåpet!",
        "Skicka ett privat meddelande med namn, adress och ordernummer.",
        "Tack för att du skickade ordernumret!",
    ],
    "nb": [
        "Send ordrenummeret på DM, så sjekker vi.",
        "Du trenger ikke gi oss adressen din.",
        "Vi har endret adressen din.",
        "Kundenummeret står på fakturaen.",
        "Ha ordrenummeret for hånden når du ringer.",
        "Du kan endre adressen på Min side.",
        "Du får en e-post når den er tilbake.",
        "Du får en e-post med sporingsnummer.",
        "Sjekk i appen at e-postadressen stemmer.",
        "Gi aldri ut telefonnummeret ditt.",
        "Hvilken farge har du?",
        "Send oss et bilde av skapet!",
        "Send en privat melding med navn, adresse og ordrenummer.",
        "Takk for at du sendte ordrenummeret!",
    ],
    "da": [
        "Send ordrenummeret på DM, så kigger vi.",
        "Du behøver ikke give os din adresse.",
        "Vi har rettet din adresse.",
        "Kundenummeret står på fakturaen.",
        "Hav ordrenummeret klar, når du ringer.",
        "Du kan rette adressen på din konto.",
        "Vi sender en mail, når den er tilbage.",
        "Du får en mail med sporingsnummer.",
        "Tjek i appen, at mailadressen passer.",
        "Giv aldrig dit telefonnummer til fremmede.",
        "Hvilken farve har du?",
        "Send os et billede af skabet!",
        "Send en privat besked med navn, adresse og ordrenummer.",
        "Tak, fordi du sendte ordrenummeret!",
    ],
    "de": [
        "Schick uns die Bestellnummer per DM, dann schauen wir.",
        "Deine Adresse brauchen wir nicht.",
        "Wir haben deine Adresse geändert.",
        "Die Kundennummer steht auf der Rechnung.",
        "Halte deine Bestellnummer bereit, wenn du anrufst.",
        "Du kannst die Adresse in deinem Kundenkonto ändern.",
        "Wir mailen dir, sobald er wieder da ist.",
        "Du bekommst eine E-Mail mit der Sendungsnummer.",
        "Prüf in der App, ob deine Mailadresse stimmt.",
        "Gib deine Telefonnummer nie an Fremde weiter.",
        "Welche Farbe hast du?",
        "Schick uns ein Foto vom Schrank!",
        "Schick uns eine private Nachricht mit Name, Adresse und Bestellnummer.",
        "Danke, dass du uns die Bestellnummer geschickt hast!",
    ],
}


@pytest.mark.parametrize(("lang", "draft"), [(lang, draft) for lang in LANGUAGES for draft in REQUESTS[lang]])
def test_a_request_for_data_in_public_is_seen_and_another_one_by_message_is_offered(lang: str, draft: str) -> None:
    seen = [one for one in found(draft, lang) if one.reason == "asks_in_public"]
    assert len(seen) == 1
    (fix,) = seen[0].fixes
    assert asks(fix, lang) == []
    assert found(fix, lang) == []


@pytest.mark.parametrize(("lang", "draft"), [(lang, draft) for lang in LANGUAGES for draft in NO_REQUESTS[lang]])
def test_what_asks_for_nothing_or_by_message_passes(lang: str, draft: str) -> None:
    assert [one for one in found(draft, lang) if one.level is not Level.SUGGESTION] == []


def test_an_order_number_asked_without_a_place_is_a_warning_and_below_this_post_an_error() -> None:
    (soft,) = found("Wat is je bestelnummer?")
    assert (soft.level, soft.override) == (Level.WARNING, Override.ACKNOWLEDGE)
    (hard,) = found("Zet je bestelnummer hieronder.")
    assert (hard.level, hard.override) == (Level.ERROR, Override.JUSTIFICATION)
    (grave,) = found("Zet je BSN hieronder.")
    assert (grave.level, grave.override) == (Level.ERROR, Override.NONE)


def test_below_or_by_message_leaves_the_door_to_the_public_open() -> None:
    assert held("Zet je adres hieronder of stuur ons een DM.")
    assert not held("Niet hieronder zetten, maar stuur ons een DM met je adres.")


def test_in_a_direct_message_one_may_ask() -> None:
    assert found("Wat is je geboortedatum en adres?", private=True) == []


def test_the_offered_request_follows_the_form_of_address() -> None:
    formal = replace(BRAND, address={"nl": "formal"})
    (finding,) = found("Wat is uw adres?", brand=formal)
    assert finding.fixes == ("Stuurt u ons uw adres in een privébericht, dan kijken we met u mee.",)


NEEDLESS = {
    "nl": ("Hoe duur is de Bolma?", "Stuur ons een privébericht, dan helpen we je."),
    "en": ("How much is the Bolma?", "Send us a DM and we'll help."),
    "sv": ("Vad kostar Bolma?", "Skicka ett privat meddelande så hjälper vi dig."),
    "nb": ("Hva koster Bolma?", "Send oss en privat melding, så hjelper vi deg."),
    "da": ("Hvad koster Bolma?", "Send os en privat besked, så hjælper vi dig."),
    "de": ("Was kostet Bolma?", "Schick uns eine private Nachricht, dann helfen wir dir."),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_message_nobody_needs_is_said_softly(lang: str) -> None:
    mention, draft = NEEDLESS[lang]
    (finding,) = found(draft, lang, mention=mention)
    assert (finding.reason, finding.level) == ("needless_message", Level.SUGGESTION)


def test_a_message_about_an_order_is_not_needless() -> None:
    mention = "Hoe laat komt mijn bestelling? Is er nog voorraad?"
    assert found("Stuur ons een privébericht, dan kijken we mee.", mention=mention) == []


# --- generated numbers --------------------------------------------------------------------------------

FRAMES = {
    "nl": ("We hebben {} in het systeem gezet.", "Klopt het dat {} van jou is?", "Geregeld voor {}, fijne dag!"),
    "en": ("We've put {} into the system.", "Is it right that {} is yours?", "All sorted for {}, have a good day!"),
    "sv": ("Vi har lagt in {} i systemet.", "Stämmer det att {} är ditt?", "Fixat för {}, ha en fin dag!"),
    "nb": ("Vi har lagt inn {} i systemet.", "Stemmer det at {} er ditt?", "Ordnet for {}, ha en fin dag!"),
    "da": ("Vi har lagt {} ind i systemet.", "Passer det, at {} er dit?", "Ordnet for {}, hav en god dag!"),
    "de": ("Wir haben {} eingetragen.", "Stimmt es, dass {} dir gehört?", "Erledigt für {}, schönen Tag!"),
}
digits = st.text("0123456789", min_size=1)
day = st.integers(1, 28)
month = st.integers(1, 12)
year = st.integers(0, 99)


def run(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=size, max_size=size)


def luhn_digit(number: str) -> str:
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number)))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


@st.composite
def cards(draw: st.DrawFn) -> str:
    body = draw(st.sampled_from(["4", "51", "55", "37", "22"]))
    size = 14 if body == "37" else 15
    number = body + draw(run(size - len(body)))
    number += luhn_digit(number)
    gap = draw(st.sampled_from(["", " ", "-"]))
    return gap.join(number[at : at + 4] for at in range(0, len(number), 4))


@st.composite
def bsns(draw: st.DrawFn) -> str:
    body = draw(run(8).filter(lambda text: text[0] != "0" and weigh(text) % 11 < 10))
    number = body + str(weigh(body) % 11)
    return draw(
        st.sampled_from(
            [number, f"{number[:4]}.{number[4:6]}.{number[6:]}", f"{number[:3]} {number[3:6]} {number[6:]}"]
        )
    )


def weigh(text: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(text, range(9, 1, -1), strict=True))


@st.composite
def personnummer(draw: st.DrawFn) -> str:
    born = f"{draw(year):02}{draw(month):02}{draw(day):02}"
    body = born + draw(run(3))
    number = body + luhn_digit(body)
    return draw(st.sampled_from([f"{number[:6]}-{number[6:]}", f"19{number[:6]}-{number[6:]}", f"19{number}"]))


@st.composite
def fodselsnummer(draw: st.DrawFn) -> str:
    # 1940 to 1999 have the individual numbers 000 to 499.
    body = f"{draw(day):02}{draw(month):02}{draw(st.integers(40, 99)):02}{draw(st.integers(0, 499)):03}"
    first = -sum(int(d) * w for d, w in zip(body, (3, 7, 6, 1, 8, 9, 4, 5, 2), strict=True)) % 11
    second = -sum(int(d) * w for d, w in zip(f"{body}{first % 10}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
    number = f"{body}{first % 10}{second % 10}"
    return draw(st.sampled_from([number, f"{number[:6]} {number[6:]}"]))


@st.composite
def cprs(draw: st.DrawFn) -> str:
    return f"{draw(day):02}{draw(month):02}{draw(year):02}-{draw(run(4))}"


@st.composite
def ibans(draw: st.DrawFn) -> str:
    country, size = draw(st.sampled_from([("NL", 10), ("GB", 14), ("SE", 20), ("NO", 11), ("DK", 14), ("DE", 18)]))
    body = {"NL": "ABNA", "GB": "NWBK"}.get(country, "") + draw(run(size))
    number = int("".join(str(int(letter, 36)) for letter in f"{body}{country}00"))
    iban = f"{country}{98 - number % 97:02}{body}"
    gap = draw(st.sampled_from(["", " "]))
    return gap.join(iban[at : at + 4] for at in range(0, len(iban), 4))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(cards(), bsns(), personnummer(), fodselsnummer(), cprs(), ibans()),
    st.sampled_from(LANGUAGES),
    st.integers(0, 2),
)
def test_a_valid_number_is_held_in_any_sentence_of_any_language(number: str, lang: str, frame: int) -> None:
    draft = FRAMES[lang][frame].format(number)
    covered = {place for one in held(draft, lang) for place in range(one.start, one.end)}
    start = draft.index(number)
    assert set(range(start, start + len(number))) <= covered


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 99_999), st.integers(0, 99), st.sampled_from(LANGUAGES))
def test_prices_sizes_and_article_numbers_never_are(amount: int, cents: int, lang: str) -> None:
    article = f"{amount:05}{cents:02}1"
    article = f"{article[:3]}.{article[3:6]}.{article[6:]}"
    draft = f"€ {amount:,.2f} / {amount},{cents:02} kr / {amount % 400} x {cents} cm / {article}"
    assert held(draft, lang) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from([None, *LANGUAGES, "no", "xx"]), st.booleans())
def test_any_text_is_judged_the_same_way_twice_with_spans_inside_it(text: str, lang: str | None, private: bool) -> None:
    context = replace(CONTEXT, lang=lang, private=private, mention=text[:50], channel="x")
    for check in (PersonalData(), Links(), Platform()):
        findings = list(check.review(text, context))
        assert findings == list(check.review(text, context))
        assert all(0 <= one.start < one.end <= len(text) for one in findings)


# --- whose data it is ---------------------------------------------------------------------------------


def test_a_number_the_customer_posted_is_still_held() -> None:
    draft = "We bellen je op 06-12345678."
    (finding,) = held(draft, mention="Bel me: 0612345678")
    assert "posted it" in finding.message
    assert quoted(draft, [finding]) == ["06-12345678"]


@pytest.mark.parametrize(
    ("lang", "draft"),
    [
        ("nl", "Bel ons op 020-5550123 of mail zorg@hemlund.example."),
        ("nl", "Onze winkel: Beneluxlaan 901, 3526 KK Utrecht."),
        ("nl", "Het afhaalpunt zit in de Dorpsstraat 5."),
        ("en", "Our store is at 12 Canal Street, LS1 4AB."),
        ("nl", "Je ticketnummer is 48213."),
        ("nl", "EAN 4006381333931, KvK 34281927."),
        ("de", "Unsere Hotline: 0800 4422110."),
        ("nl", "Kijk op www.hemlund.example/retour of hemlund.nl."),
    ],
)
def test_what_is_the_brands_own_may_stand(lang: str, draft: str) -> None:
    assert held(draft, lang) == []


def test_a_shop_that_sends_something_to_an_address_does_not_make_the_address_a_shops() -> None:
    assert held("We sturen hem vanuit de winkel naar Molenstraat 14.")
    assert held("De winkel brengt hem naar jouw adres, Molenstraat 14.")


def test_a_firms_mailbox_is_a_warning_and_a_private_one_an_error() -> None:
    (finding,) = found("Mail naar info@meubelmaker.nl.")
    assert (finding.level, finding.override) == (Level.WARNING, Override.ACKNOWLEDGE)
    assert held("Mail naar info.jansen@gmail.com.")


def test_the_brands_own_numbers_and_shareable_facts_count() -> None:
    assert quoted("Order HL-20931144.", held("Order HL-20931144.")) == ["HL-20931144"]
    open_line = replace(BRAND, shareable=("Bel de monteur op 06-11223344.",))
    assert held("Bel de monteur op 06 11 22 33 44.", brand=open_line) == []
    assert held("Bel de monteur op 06 11 22 33 44.")


def test_in_a_direct_message_the_customers_own_data_may_stand_and_others_may_not() -> None:
    mention = "Mijn adres is Molenstraat 14 en mijn bsn 111222333."
    assert found("We hebben Molenstraat 14 genoteerd, BSN 111222333 ook.", mention=mention, private=True) == []
    assert held("Het staat bij je buurman op Molenstraat 16.", mention=mention, private=True)
    assert held("Is je BSN 123456782?", mention=mention, private=True)
    (unsure,) = found("Woon je op Kerkweg 22?", mention=mention, private=True)
    assert unsure.level is Level.WARNING
    assert found("Je bestelnummer is 88214563.", private=True) == []


def test_disguises_do_not_help() -> None:
    for draft in (
        "Mail naar jan (at) voorbeeld (punt) nl",
        "Mail naar ｊａｎ＠ｖｏｏｒｂｅｅｌｄ．ｎｌ",
        "Bel 0 6 1 2 3 4 5 6 7 8",
        "Bel 06\u200b12345678",
        "jan@gmail",
    ):
        assert held(draft), draft


def test_a_secret_is_not_repeated_in_the_message() -> None:
    (finding,) = held("Je pincode is 4471.")
    assert "4471" not in finding.message
    assert finding.override is Override.NONE


def test_the_sentence_with_the_data_can_be_replaced_by_one_that_moves_to_a_message() -> None:
    draft = "Wat vervelend! We bellen je op 06-12345678. Tot zo!"
    (offer,) = [one for one in found(draft) if one.reason == "move_to_message"]
    assert quoted(draft, [offer]) == ["We bellen je op 06-12345678."]
    mended = draft[: offer.start] + offer.fixes[0] + draft[offer.end :]
    assert mended == "Wat vervelend! De details sturen we je in een privébericht. Tot zo!"
    assert held(mended) == []


# --- links --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "reason", "text"),
    [
        ("Zie https://marktplaats.nl/kast.", "link_outside", "https://marktplaats.nl/kast"),
        ("Zie concurrent.com/kast!", "link_outside", "concurrent.com/kast"),
        ("Zie bit.ly/3xAbc", "link_shortened", "bit.ly/3xAbc"),
        ("Zie https://hemlund-outlet.com", "link_lookalike", "https://hemlund-outlet.com"),
        ("Zie www.hemIund.example", "link_lookalike", "www.hemIund.example"),
        ("Zie hemlumd.com/actie", "link_lookalike", "hemlumd.com/actie"),
        ("Zie https://xn--hemlnd-4ya.example/", "link_lookalike", "https://xn--hemlnd-4ya.example/"),
        ("Zie https://hemlund.example@evil.com/", "link_lookalike", "https://hemlund.example@evil.com/"),
        ("Zie https://hеmlund.example/", "link_lookalike", "https://hеmlund.example/"),
        ("Zie http://203.0.113.9/kast", "link_address", "http://203.0.113.9/kast"),
        (
            "Zie https://hemlund.example/orders/88214563",
            "link_personal",
            "https://hemlund.example/orders/88214563",
        ),
        ("Zie https://hemlund.example.evil.com/x", "link_outside", "https://hemlund.example.evil.com/x"),
    ],
)
def test_links_that_do_not_lead_to_us_are_held(draft: str, reason: str, text: str) -> None:
    (finding,) = [one for one in held(draft) if one.check == "links"]
    assert (finding.reason, draft[finding.start : finding.end], finding.fixes) == (reason, text, ())


@pytest.mark.parametrize(
    "draft",
    [
        "Zie hemlund.example, https://www.hemlund.example/kast-002.638.50 en shop.hemlund.example.",
        "Stuur een bericht via https://m.me/hemlund",
        "T/m 31.12. incl. btw, o.a. in wit. Enz.",
        "Bedankt.Groetjes van ons",
        "Versie 10.24.3 en 3.5 meter",
        "Mail zorg@hemlund.example",
    ],
)
def test_our_links_and_what_is_no_link_pass(draft: str) -> None:
    assert [one for one in found(draft) if one.check == "links"] == []


def test_our_name_under_another_ending_is_a_warning() -> None:
    (finding,) = found("Zie hemlund.se/kast")
    assert (finding.reason, finding.level) == ("link_named", Level.WARNING)


def test_a_fixed_line_after_call_is_hardly_a_persons() -> None:
    (finding,) = found("Bel 085-1234567, dan helpen we je.")
    assert finding.level is Level.WARNING
    assert found("Bel 085-1234567, dan helpen we je.", brand=Profile()) == []
    assert held("Bel 06-12345678, dan helpen we je.", brand=Profile())


def test_a_missing_blank_is_a_warning() -> None:
    (finding,) = found("Hij komt.de kast is mooi")
    assert (finding.reason, finding.level) == ("link_maybe", Level.WARNING)


def test_without_any_domain_only_what_is_bad_for_everybody_is_held() -> None:
    assert held("Zie https://winkel.nl/kast", brand=Profile()) == []
    assert held("Zie https://bit.ly/3x", brand=Profile())


# --- platform and stream ------------------------------------------------------------------------------


def test_on_x_the_name_before_a_reply_can_go() -> None:
    (finding,) = found("@anna_b Dank je wel!", channel="x", mention="Leuk!")
    assert (finding.reason, finding.level, finding.fixes) == ("leading_name", Level.SUGGESTION, ("",))
    assert (finding.start, finding.end) == (0, 8)
    assert found("@anna_b Dank je wel!", mention="Leuk!") == []


def test_hashtags_beyond_two_are_said() -> None:
    draft = "Mooi! #wonen #hemlund #kast #wit"
    (finding,) = found(draft)
    assert (finding.reason, draft[finding.start : finding.end]) == ("hashtags", "#kast #wit")
    assert found("Mooi! #wonen #hemlund, artikel #1") == []


def test_characters_x_refuses_are_held_there() -> None:
    assert [one.reason for one in held("Hoi\ufffe", channel="x")] == ["refused_character"]


def test_the_stream_reads_whether_the_reply_is_private() -> None:
    row = {"id": 1, "lang": "nl", "mention": "Mijn nummer is 06-12345678", "draft": "We bellen 06-12345678."}
    lines = [json.dumps(row), json.dumps({**row, "private": True}), json.dumps({**row, "kind": "direct_message"})]
    assert [answer["verdict"] for answer in guard_lines(lines, brand=BRAND)] == ["block", "pass", "pass"]
