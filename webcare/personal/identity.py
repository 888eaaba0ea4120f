"""What proves or tells who somebody is without being a number of a person: passwords, codes, dates of birth, papers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webcare.personal.base import Span, spans_of

_IS = r"(?:is|was|are|är|er|ist|lautet|lyder|blir|bliver|nu|now|jetzt|naar|to|till?|auf|op|on|:|=)"
_PASSWORD = re.compile(
    r"\b(?:wachtwoord|password|passcode|lösenord(?:et)?|passord(?:et)?|adgangskode(?:n)?|kodeord(?:et)?|passwort|kennwort)\b"
    rf"[^.!?\n]{{0,40}}?(?:\b{_IS}|:)\s{{1,3}}[\"'“‘«]?(?P<value>(?=\S{{0,40}}\d)[^\s\"'”’»]{{4,40}})",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:pin(?:\s?-?(?:code|kode|kod)(?:n|en)?|-?nummer)?|cv[cv]2?|cvc-?(?:code|kode|kod)|"
    r"(?:inlog|verificatie|beveiligings|security |verification |login |engangs|engångs|verifierings|bekreftelses|"
    r"einmal|sicherheits|bestätigungs|sms-?)(?:code|kode|kod)(?:n|en)?)\b"
    r"[^.!?\n\d]{0,24}?(?P<value>\d{3,8})(?![\d.,:]?\d)(?!\s?(?:€|kr\b|euro|%))",
    re.IGNORECASE,
)
_PAPER = re.compile(
    r"\b(?:paspoort|passport|reisepass|rijbewijs|driving licen[cs]e|körkort|førerkort|kørekort|führerschein|"
    r"(?:personal)?ausweis|id-?kaart|identiteitskaart|identity card|id-?card|id-?kort|kenteken|number ?plate|"
    r"kennzeichen|registreringsskylt|nummerplade|pass(?=s?-?\s?(?:nummer|numret|nr|no\b)))"
    r"s?(?:e[nt])?\s?-?(?:nummer(?:et)?|numret|number|nr|no)?\.?[\s:]{1,3}(?:(?:is|är|er|ist)\s)?"
    r"(?P<value>(?-i:(?=[A-Z0-9-]{0,14}\d[A-Z0-9-]{0,14}\d)[A-Z0-9][A-Z0-9-]{4,14}))(?!\w)",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|m(?:aa|a|ä|är)?r(?:s|z|ch|t)?|apr|ma[ijy]|mei|jun|jul|aug|sep|o[kc]t|nov|de[csz])[^\W\d_]{0,7}\.?"
_YEAR = r"(?:19\d{2}|20[01]\d)"
_DATE = (
    rf"(?:\d{{1,2}}\s?[./-]\s?\d{{1,2}}\s?[./-]\s?(?:{_YEAR}|\d{{2}})|{_YEAR}[./-]\d{{1,2}}[./-]\d{{1,2}}|"
    rf"\d{{1,2}}(?:\.|st|nd|rd|th|e)?\s{_MONTH}\s{_YEAR}|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s{_YEAR})(?!\d)"
)
_BORN = re.compile(
    r"\b(?:geboortedat(?:um|a)|geboren (?:op|am)|geb\.|date of birth|birth ?date|d\.?o\.?b|birthday|born on|"
    r"födelsedat(?:um|a)|född|fødselsdato(?:en)?|født|geburtsdatum|geburtstag|verjaardag|födelsedag|bursdag|fødselsdag)(?!\w)"
    rf"[^.!?\n]{{0,40}}?(?P<value>(?<!\d){_DATE})",
    re.IGNORECASE,
)


def secrets(text: str) -> Iterator[Span]:
    """Passwords, PINs and check codes that are called so."""
    for match in _PASSWORD.finditer(text):
        value = match["value"].rstrip(".,;:)")
        yield match.start("value"), match.start("value") + len(value)
    yield from spans_of(_CODE, text, 1)


def papers(text: str) -> Iterator[Span]:
    """Numbers of passports, licences, identity cards and number plates that are called so."""
    return spans_of(_PAPER, text, 1)


def birth_dates(text: str) -> Iterator[Span]:
    """Dates of birth that are called so."""
    return spans_of(_BORN, text, 1)
