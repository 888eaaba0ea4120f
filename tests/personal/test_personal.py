"""Personal data is found in every language of the desk, and numbers that only look like it are left alone.

Every number here is made up: national numbers and accounts are the ones their issuers publish as examples, or pass the
check by construction and belong to nobody we know of.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.personal import Kind, find_personal, redacted


@pytest.mark.parametrize(
    ("lang", "text", "without"),
    [
        ("nl", "mail me op jan.de-vries+web@voorbeeld.nl aub", "mail me op [email] aub"),
        ("en", "write to jane (at) example (dot) com", "write to [email]"),
        ("en", "it's jane at example dot com", "it's [email]"),
        ("nl", "janpiet apenstaartje gmail punt com", "[email]"),
        ("sv", "maila anna snabel-a exempel punkt se", "maila [email]"),
        ("en", "jane @ gmail . com please", "[email] please"),
        ("nl", "Bel me op 06-12345678 na vijven", "Bel me op [phone] na vijven"),
        ("nl", "020 - 624 11 11 graag", "[phone] graag"),
        ("en", "my number is 07700 900123", "my number is [phone]"),
        ("sv", "ring 070-174 06 05", "ring [phone]"),
        ("nb", "tlf 412 34 567, ring gjerne", "tlf [phone], ring gjerne"),
        ("da", "Ring til mig på 20 12 34 56", "Ring til mig på [phone]"),
        ("de", "Tel. 0151 23456789, danke", "Tel. [phone], danke"),
        ("en", "promised on 06-12345678 by noon", "promised on [phone] by noon"),
        (None, "call +46 70 174 06 05", "call [phone]"),
        ("nl", "terugstorten op NL91 ABNA 0417 1643 00 graag", "terugstorten op [iban] graag"),
        ("nl", "NL91ABNA0417164301 klopt toch?", "[iban] klopt toch?"),
        ("de", "IBAN DE89370400440532013000 bitte", "IBAN [iban] bitte"),
        ("nb", "kontonummer 8601.11.17947", "kontonummer [iban]"),
        ("nl", "mijn bsn is 111222333", "mijn bsn is [national_id]"),
        ("nl", "BSN: 123456789 (met een tikfout)", "BSN: [national_id] (met een tikfout)"),
        ("sv", "mitt personnummer är 811228-9874", "mitt personnummer är [national_id]"),
        ("sv", "jag är 19811228-9874", "jag är [national_id]"),
        ("nb", "fødselsnummer 15108695088", "fødselsnummer [national_id]"),
        ("da", "cpr 211062-5629", "cpr [national_id]"),
        ("de", "Meine Steuer-ID: 36 574 261 809", "Meine Steuer-ID: [national_id]"),
        ("en", "NI number AB 12 34 56 C", "NI number [national_id]"),
        ("en", "card 4111 1111 1111 1111 was charged twice", "card [card] was charged twice"),
        ("nl", "bestelnummer 88214563 is kwijt", "bestelnummer [order] is kwijt"),
        ("nb", "Etterlyser refusjon, ordre 55120-7. Takk", "Etterlyser refusjon, ordre [order]. Takk"),
        ("sv", "Faktura 20871 till er", "Faktura [order] till er"),
        ("de", "Bestellnr. 1234-5678", "Bestellnr. [order]"),
        ("nl", "pakket 3SABCD1234567 zoek", "pakket [order] zoek"),
        ("en", "order number is HL-2026-0099", "order number is [order]"),
        ("en", "where is #4455667", "where is [order]"),
        ("nl", "Dorpsstraat 12a, 1234 AB Ons Dorp", "[address] Dorp"),
        ("nl", "ik woon op 1234AB 12", "ik woon op [address]"),
        ("en", "I live at 14 Baker Street, London", "I live at [address], London"),
        ("en", "postcode: M1 1AE", "postcode: [address]"),
        ("sv", "Storgatan 5, 123 45 Storstad", "[address]"),
        ("nb", "bor i Storgata 5B, 0155 Oslo", "bor i [address]"),
        ("nb", "Karl Johans gate 12", "[address]"),
        ("da", "Vestergade 12, 8000 Aarhus", "[address]"),
        ("de", "Lessingstraße 12, 10115 Berlin", "[address]"),
        ("de", "Hauptstr. 7b", "[address]"),
        ("nl", "@hemlund en @jan_de_vries kijk", "@user en @user kijk"),
        ("en", "see https://shop.example/orders?id=99 please", "see [link] please"),
        ("nl", "nummer 123456789012 staat erop", "nummer [order] staat erop"),
    ],
)
def test_personal_data_is_taken_out(lang: str | None, text: str, without: str) -> None:
    assert redacted(text, lang) == without


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("nl", "Kost € 1.299,00 of 1299,- en met korting 24.500 euro"),
        ("sv", "Den kostar 12 995 kr, förr 14 995:-"),
        ("nb", "1 299 kr per stk, 12 995,- til sammen"),
        ("nl", "artikel 002.638.50 en 302.638.50 zijn er niet"),
        ("da", "varenummer 302.638.50 og 80 x 202 x 28 cm"),
        ("nl", "De kast is 80x202x28 cm en weegt 35 kg"),
        ("nb", "Åpent 10.00-20.00, lørdag 10-18.00"),
        ("de", "geöffnet 09:00 - 20:00 Uhr am 24.12.2026"),
        ("da", "bestilt 21.11.2026, leveret 2026-11-28"),
        ("en", "in 2019-2024 it was fine"),
        ("nl", "Ik wacht al drie weken, sinds dag 12, en ben vandaag weg 10 uur"),
        ("de", "Parkplatz 3 war voll, wir sind 20 Minuten unterwegs"),
        ("nb", "Montering 21. juni, på vei 2 timer"),
        ("en", "our page at example.com says 2 weeks down the road"),
        ("nl", "bel 113 of 0800-0113, dag en nacht"),
        ("nl", "Storing in postcode 3511-3526"),
        ("en", "a Galaxy S10 4GB and 12 busy weeks"),
        ("sv", "100 kr rabatt och 3 st kvar i lager"),
        ("en", "order two of the 2026 model, order it now"),
        ("nl", "123456782 stuks? dat is geen bsn"),
    ],
)
def test_prices_measures_articles_dates_and_hours_stand(lang: str, text: str) -> None:
    numbers = [Kind.PHONE, Kind.IBAN, Kind.NATIONAL_ID, Kind.CARD, Kind.ADDRESS, Kind.EMAIL]
    assert find_personal(text, lang, kinds=numbers) == ()


def test_people_are_found_by_the_names_one_knows() -> None:
    text = "Sanne de Vries zei dat sanne het regelt; SANNE belde, en svries ook. De vries kou."

    assert redacted(text, "nl", names=["Sanne de Vries", "svries"]) == (
        "[name] zei dat sanne het regelt; [name] belde, en [name] ook. De vries kou."
    )


def test_the_brands_own_numbers_are_found_and_its_own_contacts_stand() -> None:
    text = "HL99-A1 via 085 123 45 67, +31 85 1234567, care@hemlund.example, @Hemlund of 06-12345678"
    ours = ["085-1234567", "hemlund.example", "@hemlund"]

    assert redacted(text, "nl", order_numbers=[r"HL\d{2}-\w\d"], ours=ours) == (
        "[order] via 085 123 45 67, +31 85 1234567, care@hemlund.example, @Hemlund of [phone]"
    )


def test_one_asks_for_some_kinds_only() -> None:
    text = "a@b.example 06-12345678"

    assert [one.kind for one in find_personal(text, "nl", kinds={Kind.PHONE})] == [Kind.PHONE]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from([None, "nl", "en", "sv", "nb", "da", "de", "xx"]))
def test_any_text_is_read_and_findings_stand_in_order_without_overlap(text: str, lang: str | None) -> None:
    found = find_personal(text, lang, names=["Ada Lovelace"])

    ends = [0, *(one.end for one in found)]
    assert all(before <= one.start < one.end <= len(text) for before, one in zip(ends, found, strict=False))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["1", "a ", "@", ".", " ", "-", "NL", "at ", "straat ", "12 "]), max_size=4000))
def test_hostile_repetition_is_read_in_time(parts: list[str]) -> None:
    find_personal("".join(parts), "nl")
