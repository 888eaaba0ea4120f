"""Numbers that lead to a person: telephone, bank, card, national, order. Checksums before shapes, words before both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from webcare.personal.base import Span, harmless, near, spans_of, touches

if TYPE_CHECKING:
    from phonenumbers import PhoneNumberMatch

_FEWEST_DIGITS = 7
#: What a telephone number can be cut from, anywhere and with its area: digits and what stands between them.
_CANDIDATE = re.compile(r"\d(?:[^\w\n]{0,4}\d){6}")
_LONG_CANDIDATE = re.compile(r"(?<!\d)(?:\+|\(?0)(?:[^\w\n]{0,4}\d){8}")
#: Help lines and service numbers are written so across Europe, also where a neighbour's plan does not know them.
_SERVICE = ("0800", "0900", "116")

#: Countries whose customs a writer of a language follows; without a language all are tried.
_REGIONS = {
    "nl": ("NL", "BE"),
    "en": ("GB", "IE"),
    "sv": ("SE",),
    "nb": ("NO",),
    "da": ("DK",),
    "de": ("DE", "AT", "CH"),
}
_EVERYWHERE = ("NL", "GB", "SE", "NO", "DK", "DE")
_CALL = re.compile(
    r"\b(?:tel|tlf|telefo\w*|phone|mobil\w*|mob|handy\w*|bel|bellen|gebeld|ring|ringa|ringe|ringer|call|text|sms|app|whatsapp|"
    r"nummer|number|rufnummer|anrufen|erreichbar|nås|bereikbaar)\b",
    re.IGNORECASE,
)


def phones(text: str, lang: str | None) -> Iterator[Span]:
    """Telephone numbers valid in the writer's country; after a word like "call" or a plus also merely possible ones.

    Free and paid service numbers (help lines, 0800) belong to nobody in particular and are left out.
    """
    from phonenumbers import Leniency

    others, home = harmless(text), _REGIONS.get(lang or "", _EVERYWHERE)
    abroad = tuple(region for region in _EVERYWHERE if region not in home)
    ways: tuple[tuple[tuple[str, ...], int, re.Pattern[str], Callable[[PhoneNumberMatch], bool]], ...] = (
        (home, Leniency.VALID, _CANDIDATE, lambda match: True),
        (home, Leniency.POSSIBLE, _CANDIDATE, lambda match: match.raw_string[0] == "+" or _is_called(text, match)),
        (abroad, Leniency.VALID, _LONG_CANDIDATE, lambda match: _is_long(match.raw_string)),
    )
    left = text  # without what was read already, so that nothing is read twice
    for regions, leniency, candidate, fits in ways:
        seen: list[Span] = []
        for match in _matches(left, regions, leniency, candidate):
            span = (match.start, match.end)
            # A help line at home may look like somebody's number abroad.
            seen += [span] if leniency == Leniency.VALID else []
            if fits(match) and _is_personal(match) and not touches(span, others) and not _inside_word(text, span):
                yield span
        left = _without(left, seen)


def _matches(
    text: str, regions: tuple[str, ...], leniency: int, candidate: re.Pattern[str]
) -> Iterator[PhoneNumberMatch]:
    if candidate.search(text):
        from phonenumbers import PhoneNumberMatcher

        for region in regions:
            yield from PhoneNumberMatcher(text, region, leniency=leniency)


def _without(text: str, spans: list[Span]) -> str:
    """The text with letters where the spans stood, as long as before."""
    parts, at = [], 0
    for start, end in sorted(spans):
        parts += [text[at:start], "x" * (end - max(at, start))]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _is_called(text: str, match: PhoneNumberMatch) -> bool:
    return near(text, (match.start, match.end), _CALL)


def _is_long(written: str) -> bool:
    """Whether it is written as a number with its area, so that it is one in whatever language it stands."""
    return bool(re.match(r"\(?[0+]", written)) and sum(letter.isdigit() for letter in written) > 8


def _is_personal(match: PhoneNumberMatch) -> bool:
    digits = re.sub(r"\D", "", match.raw_string)
    if len(digits) < _FEWEST_DIGITS or digits.startswith(_SERVICE):
        return False
    return not _is_service(match)


def _is_service(match: PhoneNumberMatch) -> bool:
    from phonenumbers import PhoneNumberType as Type
    from phonenumbers import number_type

    return number_type(match.number) in (Type.TOLL_FREE, Type.PREMIUM_RATE, Type.SHARED_COST)


_SPELLED = re.compile(r"(?<![\w.,])(?:\+ ?)?\d(?:[ ._-]\d){8,14}(?![\w]|[.,]\d)")


def spelled(text: str) -> Iterator[Span]:
    """Digits one by one, "0 6 1 2 3 ...", as people write a number that a machine should not see."""
    return spans_of(_SPELLED, text)


def _inside_word(text: str, span: Span) -> bool:
    before, after = text[max(0, span[0] - 1) : span[0]], text[span[1] : span[1] + 1]
    return before.isalnum() or after.isalnum()


_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]{2,4}){3,8}(?:[ .-]?[A-Z0-9]{1,3})?(?!\w)", re.IGNORECASE)
_DUTCH_IBAN = re.compile(r"(?<!\w)NL\d{2}[ .-]?[A-Z]{4}(?:[ .-]?\d){10}(?!\w)", re.IGNORECASE)
_NORWEGIAN_ACCOUNT = re.compile(r"(?<![\d.])\d{4}[. ]\d{2}[. ]\d{5}(?!\.?\d)")
_BANK = re.compile(r"\b(?:iban|rekening\w*|kontonummer|kontonr|konto|bankgiro|clearing\w*|account)\b", re.IGNORECASE)
_SWEDISH_ACCOUNT = re.compile(r"(?<!\d)\d{4}[ ,-]{1,2}\d[\d \-]{6,16}\d(?!\d)")
_NAMED_ACCOUNT = re.compile(
    r"\b(?:(?:bank\s?)?(?:rekening|konto)\s?-?(?:nummer|numret|nummeret|nr)|account (?:number|no)|sort code|"
    r"bankgiro|plusgiro|reg\.?\s?-?nr)\.?(?:\s(?:is|är|er|ist|vårt|till|til))?[\s:]{1,3}"
    r"(?P<number>\d(?:[ .-]?\d){5,21})(?!\w)",
    re.IGNORECASE,
)


def accounts(text: str) -> Iterator[Span]:
    """Bank accounts: IBANs with a right checksum, Dutch ones also with a slip in it, and two countries' own form."""
    from stdnum import iban
    from stdnum.no import kontonr

    yield from spans_of(_DUTCH_IBAN, text)
    for start, end in spans_of(_IBAN, text):
        # The pattern may run on into the next words; the checksum says where the number ends.
        ends = [end, *(start + at for at in range(end - start - 1, 14, -1) if not text[start + at].isalnum())]
        whole = next((stop for stop in ends if iban.is_valid(text[start:stop], check_country=False)), None)
        if whole is not None:
            yield start, whole
    yield from (span for span in spans_of(_NORWEGIAN_ACCOUNT, text) if kontonr.is_valid(text[slice(*span)]))
    yield from (span for span in spans_of(_SWEDISH_ACCOUNT, text) if near(text, span, _BANK, after=0))
    yield from spans_of(_NAMED_ACCOUNT, text, 1)


_CARD = re.compile(r"(?<![\w.])[2-6]\d{3}(?:[ .-]?\d){8,14}\d(?![\w])")


def cards(text: str) -> Iterator[Span]:
    """Payment cards: 13 to 19 digits with a right check digit."""
    from stdnum import luhn

    for start, end in spans_of(_CARD, text):
        digits = re.sub(r"\D", "", text[start:end])
        if 13 <= len(digits) <= 19 and luhn.is_valid(digits):
            yield start, end


_PERSON = re.compile(
    r"\b(?:bsn|burger\s?service\s?nummer|sofi\s?-?nummer|person\s?-?(?:nummer|nr)|pnr|fødsels?\s?-?(?:nummer|nr)|fnr|"
    r"cpr\s?-?(?:nummer|nr|no)?|steuer\s?-?(?:id|identifikationsnummer|nummer)|idnr|tax id|"
    r"national insurance|ni number|nino|social security|personal number)\b",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"(?<![\w.])\d(?:[ .+-]?\d){8,11}(?![\w])")
_SWEDISH = re.compile(r"(?<!\d)(?:(?:19|20)\d{6}[-+ ]?\d{4}|\d{6}[-+]\d{4})(?!\d)")
_NORWEGIAN = re.compile(r"(?<!\d)\d{6} ?\d{5}(?!\d)")
_DAY_FIRST = r"(?:0[1-9]|[12]\d|3[01]|[4-7]\d)(?:0[1-9]|1[0-2])\d{2}"
_YEAR_FIRST = r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]|[6-8]\d|9[01])"
#: A date and four or five figures: written so, it is a person whatever the check says.
_BORN_SO = re.compile(rf"(?<![\w.,-])(?:(?:{_DAY_FIRST}|{_YEAR_FIRST})(?:[-+ ]\d{{4}}| \d{{5}}))(?![\w-])")
_GROUPED_BSN = re.compile(r"(?<![\w.,])(?:\d{4}[. ]\d{2}[. ]\d{3}|\d{3}[. -]\d{3}[. -]\d{3})(?![\w]|[.,]\d)")
_GROUPED_TAX_ID = re.compile(r"(?<![\w.,])\d{2} \d{3} \d{3} \d{3}(?!\w)")
_BRITISH = re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)")


def national_ids(text: str) -> Iterator[Span]:
    """National numbers. Those whose checks are weak (BSN, CPR, Steuer-ID) count beside a word that says so, or grouped.

    One random number of nine digits in eleven passes the check of a BSN; beside the word a slip in it does not matter.
    """
    from stdnum.de import idnr
    from stdnum.nl import bsn
    from stdnum.no import fodselsnummer
    from stdnum.se import personnummer

    others = harmless(text)
    yield from (span for span in spans_of(_LONG_NUMBER, text) if near(text, span, _PERSON))
    yield from (span for span in spans_of(_SWEDISH, text) if personnummer.is_valid(text[slice(*span)].replace(" ", "")))
    yield from (span for span in spans_of(_NORWEGIAN, text) if fodselsnummer.is_valid(text[slice(*span)]))
    yield from (span for span in spans_of(_BORN_SO, text) if not touches(span, others))
    for pattern, check in ((_GROUPED_BSN, bsn), (_GROUPED_TAX_ID, idnr)):
        for span in spans_of(pattern, text):
            if check.is_valid(re.sub(r"\D", "", text[slice(*span)])) and not touches(span, others):
                yield span
    yield from spans_of(_BRITISH, text)


_REFERENCE = (
    r"(?:(?:web\s?)?(?:bestel|order|ordre|bestell|auftrags|faktura|factuur|rechnungs|invoice|klant|kund|kunde|kunden|customer|"
    r"zaak|case|sak|saks|ärende|meld|ticket|track(?:ing)?|track (?:and|&|en) trace|sporings|sendings|"
    r"sändnings|sendungs|kolli|pakke|paket|pakket|parcel|referentie|referens|reference|referanse|reservering\w{0,12}|booking|boekings|bokning\w{0,12}|"
    r"contract|avtal\w{0,12}|polis)\s?-?(?:nummer|numret|nummeret|number|nr|no|id|code|kod|kode)?|"
    r"bestelling|bestellung|auftrag|beställning\w{0,12}|bestilling\w{0,12}|rechnung|sendung|ordern|ordren|ref|pnr)"
)
_NAMED_NUMBER = re.compile(
    rf"\b{_REFERENCE}\.?(?:\s?(?:is|är|er|ist|was|nr\.?|no\.?|nummer|number))?[\s:#.(-]{{1,4}}"
    r"(?P<number>(?=[A-Z/-]{0,12}\d)[A-Z0-9](?:[A-Z0-9/-]{0,30}[A-Z0-9])(?: \d{3,8}){0,3})(?![\w%€])",
    re.IGNORECASE,
)
_PARCEL = re.compile(r"(?<!\w)(?:3S[A-Z0-9]{9,13}|[A-Z]{2}\d{9}[A-Z]{2}|J[VJ][A-Z]{2}\d{12,20}|1Z[A-Z0-9]{16})(?!\w)")
_BARE = re.compile(r"(?<![\w.,+/-])#?\d{8,20}(?![\w]|[.,]\d)")
_MARKED = re.compile(r"(?<!\w)#\d{5,}(?!\w)")


def references(text: str, own: Sequence[str] = ()) -> Iterator[Span]:
    """Numbers of orders, parcels, customers and cases that are called so, or have a known form, or one of `own`.

    `own` are regular expressions of the brand's own numbers, e.g. r"HL-\\d{8}".
    """
    others = harmless(text)
    for match in _NAMED_NUMBER.finditer(text):
        if sum(letter.isdigit() for letter in match["number"]) >= 4 and not touches(match.span("number"), others):
            yield match.span("number")
    yield from spans_of(_PARCEL, text)
    yield from spans_of(_MARKED, text)
    for pattern in own:
        yield from spans_of(re.compile(pattern, re.IGNORECASE), text)


def bare_numbers(text: str) -> Iterator[Span]:
    """Long runs of digits that nothing else explains: whatever they number, somebody can look it up."""
    others = harmless(text)
    yield from (span for span in spans_of(_BARE, text) if not touches(span, others))
