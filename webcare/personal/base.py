"""What a finding is, and numbers that look personal and are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """What sort of personal data it is."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"  #: a bank account, also in a country's own form
    NATIONAL_ID = "national_id"  #: BSN, personnummer, fødselsnummer, CPR, Steuer-ID, NI number, passport, licence
    BIRTH_DATE = "birth_date"
    #: A password, PIN or card check code.
    SECRET = "secret"  # noqa: S105 - a kind, not a password
    CARD = "card"
    ORDER = "order"  #: numbers of orders, parcels, invoices, customers and cases
    ADDRESS = "address"
    HANDLE = "handle"
    NAME = "name"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Personal:
    """One finding: text[start:end] is of this kind."""

    start: int
    end: int
    kind: Kind

    @property
    def placeholder(self) -> str:
        """What stands in its place in a redacted text; handles as our labelled text writes them."""
        return "@user" if self.kind is Kind.HANDLE else f"[{self.kind}]"


Span = tuple[int, int]

#: A number is not the end of an address or a telephone number when one of these follows it.
UNITS = (
    r"(?:cm|mm|km|m2|m²|m|kg|gr|gram|g|l|liter|litre|inch|watt|w|volt|v|gb|tb|mb|kr|kroner|kronor|euro|eur|€|£|%|"
    r"uur|uren|dagen|dag|weken|week|maanden|jaar|minuten|min|keer|stuks|stuk|"
    r"hours?|days?|weeks?|months?|years?|minutes?|mins?|times|pm|am|"
    r"timmar|timme|dagar|veckor|vecka|månader|år|minuter|gånger|st|"
    r"timer|time|dager|dage|uker|uger|måneder|minutter|ganger|gange|stk|"
    r"stunden|tage|tagen|wochen|monate|monaten|jahre|jahren|minuten|mal|uhr)"
)
_AMOUNT = r"\d[\d.,  ]{0,14}"
_CURRENCY = r"(?:€|£|\$|kr\.?|eur|euro|sek|nok|dkk|gbp)"
_SIZE = r"\d{1,5}(?:[.,]\d{1,3})?\s?(?:cm|mm|m)?"
_HARMLESS = (
    r"(?<![\d.])(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|1[0-2])[./-](?:19|20)?\d{2}(?![./-]?\d)",  # dates
    r"(?<!\d)(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:[0-2]\d|3[01])(?!\d)",
    r"(?<!\d)(?:19|20)\d{2}\s?[-–/]\s?(?:19|20)\d{2}(?!\d)",  # years
    r"(?<![\d.:])(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?\s?[-–]\s?(?:[01]?\d|2[0-4])[:.][0-5]\d(?![\d.:])",  # opening hours
    rf"{_CURRENCY}\s?{_AMOUNT}",
    rf"(?<![\d+]){_AMOUNT}(?:,-|:-|\s?{_CURRENCY}(?!\w))",
    rf"(?<!\d){_SIZE}\s?[x×*]\s?{_SIZE}(?:\s?[x×*]\s?{_SIZE})?(?:\s?{UNITS})?",
    r"(?<![\d.])\d{3}\.\d{3}\.\d{2}(?![\d.])",  # article numbers as furniture shops print them
)
_NOT_PERSONAL = re.compile("|".join(_HARMLESS), re.IGNORECASE)


@lru_cache(maxsize=8)
def harmless(text: str) -> tuple[Span, ...]:
    """Places of dates, opening hours, prices, measures and article numbers."""
    return tuple(match.span() for match in _NOT_PERSONAL.finditer(text))


def touches(span: Span, others: tuple[Span, ...]) -> bool:
    """Whether a span shares a character with one of the others."""
    return any(start < span[1] and span[0] < end for start, end in others)


def near(text: str, span: Span, words: re.Pattern[str], *, before: int = 30, after: int = 20) -> bool:
    """Whether one of some words stands shortly before or after a span."""
    around = (text[max(0, span[0] - before) : span[0]], text[span[1] : span[1] + after])
    return any(words.search(part) for part in around)


def spans_of(pattern: re.Pattern[str], text: str, group: int = 0) -> Iterator[Span]:
    """The place of every match."""
    return (match.span(group) for match in pattern.finditer(text))
