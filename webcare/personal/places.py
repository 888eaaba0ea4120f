"""Addresses of people: a street with a house number, or a post code with something that makes it a home.

A post code alone is a neighbourhood, and a shop's town is no secret, so neither counts without a number beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from webcare.personal.base import UNITS, Span, harmless, near, spans_of, touches

_NUMBER = rf"\s{{1,3}}\d{{1,4}}(?:[a-z](?!\w)|(?-i:\s[A-H])(?!\w)|[-/]\d{{1,3}})?(?![\d:.,]?\d)(?!\s?{UNITS}(?!\w))"
#: A post code and town right after the house number belong to the address.
_TOWN = (
    r"(?:,?\s+(?:[1-9]\d{3}\s?[A-Za-z]{2}(?!\w)|\d{3}\s\d{2}|\d{4,5}|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})(?!\w)"
    r"(?:,?\s+(?:(?:Den|De|Het|Sint|Bad|Sankt|Stora|Lilla)\s)?[A-ZÅÄÖÆØÜ][\w-]{2,})?)?"
)
#: Endings that make a street in any spelling, and those that need a capital letter because everyday words share them.
_STREET = (
    r"straat|laan|gracht|plein|kade|singel|steeg|dreef|straatweg",
    r"gatan|gränd|stigen|torget|allén|vägen",
    r"gata|gate|gaten|veien|vegen|gateveien|svingen",
    r"vej|vejen|gade|gaden|stræde|vænget",
    r"straße|strasse|str\.|gasse|allee",
)
_STREET_CAPITAL = (
    r"weg|dijk|hof|pad|park|plantsoen|markt|haven|"
    r"väg|backen|plan|plats|"
    r"vei|veg|plass|plassen|bakken|stien|lia|"
    r"allé|alle|plads|torv|parken|toften|"
    r"platz|ring|damm|ufer|steig|str"
)
#: Words before the name of a street, so that the whole of them is seen.
_PARTICLE = (
    r"(?:(?-i:Van(?: de[nr]?)?|De|Den|Het|Sint|St\.|Prins|Prinses|Koning|Koningin|Burgemeester|Pastoor|Dokter|Dr\.|"
    r"Sankt|Södra|Norra|Östra|Västra|Stora|Lilla|Gamla|Gamle|Nørre|Sønder|Søndre|Nordre|Vestre|Østre|Øvre|Nedre|Gammel|"
    r"Store|Lille|Alte|Neue|Obere|Untere)\s)?"
)
_ONE_WORD = re.compile(
    rf"(?<!\w){_PARTICLE}[^\W\d_][\w'’.-]{{0,30}}?[^\W\d_](?:{'|'.join(_STREET)}){_NUMBER}{_TOWN}", re.IGNORECASE
)
_ONE_WORD_CAPITAL = re.compile(rf"(?<!\w)[A-ZÅÄÖÆØÜ][\w'’.-]{{1,30}}?(?:{_STREET_CAPITAL})(?i:{_NUMBER}){_TOWN}")
_TWO_WORDS = re.compile(
    r"(?<!\w)(?:[A-ZÅÄÖÆØÜ][\w'’.-]{1,30}\s{1,3}){1,3}(?i:gate|gata|gatan|gade|plass|plads|vei|veien|veg|vej|väg|vägen|allé|alle|straße|strasse|platz|weg|laan)"
    rf"(?i:{_NUMBER}){_TOWN}"
)
_OF = re.compile(
    rf"(?<!\w)(?:Laan|Plein|Weg|Hof|Park|Kade|Singel|Dreef|Baan)\s(?:van|der|voor|aan|over)(?:\s(?:de|den|der|het))?\s"
    rf"[A-Z][\w'’-]{{1,30}}(?i:{_NUMBER}){_TOWN}"
)
_GERMAN = re.compile(
    r"(?<!\w)(?:Am|An der|An den|Im|In der|Auf der|Auf dem|Unter den|Zum|Zur)\s[A-ZÄÖÜ][\w-]{2,30}"
    r"(?:\s[A-ZÄÖÜ][\w-]{2,30})?\s\d{1,4}\s?[a-z]?,?\s\d{5}(?!\d)(?:\s[A-ZÄÖÜ][\w-]{2,})?"
)
_NO_STREET = re.compile(
    r"^(?:onderweg|snelweg|park(?:eer)?|parkplatz|arbeitsplatz|sitzplatz|stellplatz|arbetsplats|sittplats|parkeringsplass|"
    r"sitteplass|campingplads|undervejs|motorvägen|motorveien|motorvejen|autosnelweg|hverdag\w*|markt|supermarkt|baumarkt|"
    r"undervei|halvveis|snarvei|omvej|umweg|vanlig|utland|webpark|spring|hering|feder?ring|alle|walle|falle|familia|"
    r"\w+(?:[eu]ring|ning))\b",
    re.IGNORECASE,
)
_BRITISH_WORD = r"street|road|avenue|lane|drive|close|crescent|gardens|grove|terrace|mews|square|court"
_BRITISH = re.compile(
    rf"(?<![\w.,£€])\d{{1,4}}[a-z]?,?\s+(?:(?:[A-Z][\w'’-]{{1,30}}\s{{1,3}}){{1,3}}(?:(?i:{_BRITISH_WORD})|St|Rd|Ave|Ln|Dr|Way|Row|Walk|Hill|Place)"
    rf"|[a-z]{{3,20}}\s{{1,3}}(?:street|road|avenue|lane|crescent))(?!\w){_TOWN}"
)
_NOT_A_NAME = re.compile(
    r"^\d+\s+(?:weeks?|days?|hours?|minutes?|years?|months?|times|miles?|metres?|doors?|people|busy|way|main|more|new|the|of)\b",
    re.IGNORECASE,
)
_DUTCH_CODE = r"[1-9]\d{3}\s?(?!SA|SD|SS)[A-Z]{2}"
_DUTCH_HOME = re.compile(
    rf"(?<![\w.,])(?:{_DUTCH_CODE}[\s,-]{{1,3}}(?:(?:nr|huisnummer|hnr)\.?\s?)?\d{{1,4}}\s?[a-z]?(?!\w|[.,:]\d))"
)
_CODES = re.compile(
    rf"(?<![\w.,-])(?:{_DUTCH_CODE}|[A-Z]{{1,2}}\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{{2}}|\d{{3}}\s?\d{{2}}|\d{{4,5}})(?!\w|\s?[.,–-]\s?\d)"
)
_SAYS_CODE = re.compile(
    r"(?:\bpost\s?-?code|\bzip|\bpostnummer|\bpostnr|\bplz|\bpostleitzahl)\W{0,3}(?:is|är|er|ist|:)?\s*$", re.IGNORECASE
)


def addresses(text: str) -> Iterator[Span]:
    """Streets with a house number, post codes with one, and post codes that are called so.

    All countries are read whatever the language: a Dutch customer may live in Norway.
    """
    others = harmless(text)
    for pattern in (_ONE_WORD, _ONE_WORD_CAPITAL, _TWO_WORDS, _OF, _GERMAN):
        for span in spans_of(pattern, text):
            if not _NO_STREET.match(text[slice(*span)]) and not touches(span, others):
                yield span
    yield from (span for span in spans_of(_BRITISH, text) if not _NOT_A_NAME.match(text[slice(*span)]))
    yield from spans_of(_DUTCH_HOME, text)
    yield from (span for span in spans_of(_CODES, text) if near(text, span, _SAYS_CODE, after=0))
