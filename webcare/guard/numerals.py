"""Number words of the six languages as digits, spelled the way `normalise.fold` leaves them.

Built once from the short lists below. A word that is a number in one language and something else in another
("fire", "to", "ni") is still mapped: both sides of a comparison are, so nothing is lost by it.
"""

from __future__ import annotations

_SMALL = {
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien "
    "zeventien achttien negentien",
    "de": "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn "
    "siebzehn achtzehn neunzehn",
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen",
    "sv": "noll ett tva tre fyra fem sex sju atta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "nb": "null en to tre fire fem seks sju atte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "da": "nul et to tre fire fem seks syv otte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
}
_TENS = {
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "de": "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio attio nittio",
    "nb": "tjue tretti forti femti seksti sytti atti nitti",
    "da": "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
}
#: The word between unit and ten where the unit comes first; "" where the ten comes first and is joined.
_LINK = {"nl": "en", "de": "und", "da": "og", "sv": "", "nb": ""}
_HUNDRED = {
    "nl": ("honderd", "duizend"),
    "de": ("hundert", "tausend"),
    "en": ("hundred", "thousand"),
    "sv": ("hundra", "tusen"),
    "nb": ("hundre", "tusen"),
    "da": ("hundrede", "tusind"),
}
#: Other spellings. Articles count as one: "een keer" is "1 keer".
_EXTRA = {
    "ein": "1",
    "eine": "1",
    "einen": "1",
    "en": "1",
    "et": "1",
    "zwo": "2",
    "syv": "7",
    "tyve": "20",
    "tredve": "30",
}


def _joined(lang: str, unit: str, ten: str) -> str:
    if _LINK[lang]:
        # German "ein" loses its s in compounds; Danish writes "enogtyve".
        stem = {"eins": "ein", "et": "en"}.get(unit, unit)
        return f"{stem}{_LINK[lang]}{ten}"
    return f"{ten}{unit}"


def _language(lang: str) -> dict[str, str]:
    small, tens = _SMALL[lang].split(), _TENS[lang].split()
    table = {word: str(value) for value, word in enumerate(small)}
    table |= {word: str(value * 10) for value, word in enumerate(tens, start=2)}
    hundred, thousand = _HUNDRED[lang]
    table |= {hundred: "100", thousand: "1000"}
    if lang != "en":
        for value, ten in enumerate(tens, start=2):
            table |= {_joined(lang, small[unit], ten): str(value * 10 + unit) for unit in range(1, 10)}
        table |= {f"{small[unit]}{hundred}": str(unit * 100) for unit in range(2, 10)}
        table |= {f"{small[unit]}{thousand}": str(unit * 1000) for unit in range(2, 10)}
    return table


def _all() -> dict[str, str]:
    table: dict[str, str] = {}
    for lang in _SMALL:
        table |= _language(lang)
    return table | _EXTRA


NUMERALS = _all()
#: Tens that may be followed by a unit as a word of its own ("twenty five", "tjue fem").
TENS = frozenset(word for lang in ("en", "sv", "nb") for word in _TENS[lang].split())
UNITS = frozenset(word for lang in _SMALL for word in _SMALL[lang].split()[1:10])
HUNDREDS = {word: int(value) for pair in _HUNDRED.values() for word, value in zip(pair, ("100", "1000"), strict=True)}
