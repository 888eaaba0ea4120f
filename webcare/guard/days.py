"""Does "tomorrow, Tuesday" still hold today? Drafts wait, are scheduled and copied from yesterday's notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from webcare.domain import Finding, Level, Override, Said
from webcare.guard.base import ReviewContext

#: Words that count from today, by language, and by how many days.
RELATIVE = {
    "nl": {"eergisteren": -2, "gisteren": -1, "vandaag": 0, "morgen": 1, "overmorgen": 2},
    "en": {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1},
    "sv": {
        "i går": -1,
        "igår": -1,
        "i dag": 0,
        "idag": 0,
        "i kväll": 0,
        "i morgon": 1,
        "imorgon": 1,
        "i övermorgon": 2,
    },
    "nb": {"i går": -1, "i dag": 0, "i kveld": 0, "i morgen": 1, "imorgen": 1, "i overmorgen": 2},
    "da": {"i går": -1, "i dag": 0, "i aften": 0, "i morgen": 1, "imorgen": 1, "i overmorgen": 2},
    "de": {"gestern": -1, "heute": 0, "morgen": 1, "übermorgen": 2},
}
#: Parts of a day that only mean something on that day.
PARTS_OF_TODAY = {
    "nl": ("vanochtend", "vanmiddag", "vanavond", "vannacht"),
    "en": ("this morning", "this afternoon", "this evening"),
    "sv": ("i förmiddag", "i eftermiddag", "i natt"),
    "nb": ("i formiddag", "i ettermiddag", "i natt"),
    "da": ("i formiddag", "i eftermiddag", "i nat"),
    "de": (),
}
WEEKDAYS = {
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "sv": "måndag tisdag onsdag torsdag fredag lördag söndag",
    "nb": "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "da": "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
}
MONTHS = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "january february march april may june july august september october november december",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "nb": "januar februar mars april mai juni juli august september oktober november desember",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
}
_SHORTEST_MONTH = 3


class StaleDay:
    """Warns when a word such as "tomorrow" stands beside a day or date that it is not, counted from today."""

    name = "days"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """A finding per pair that does not fit; the weekday that does is its fix. None where today is unknown."""
        if context.today is None:
            return
        seen: set[int] = set()
        for lang in (context.lang, *RELATIVE) if context.lang in RELATIVE else tuple(RELATIVE):
            assert lang is not None
            for finding in _stale(draft, lang, context.today):
                if finding.start not in seen:
                    seen.add(finding.start)
                    yield finding


def days_counted_from_today(draft: str, lang: str | None) -> tuple[str, ...]:
    """The words of a draft that mean another day tomorrow, as written; read in every language where `lang` is none."""
    known = (lang,) if lang in RELATIVE else tuple(RELATIVE)
    words = {word for one in known if one for word in (*RELATIVE[one], *PARTS_OF_TODAY[one])}
    pattern = "|".join(re.escape(word).replace(r"\ ", r"\s") for word in sorted(words, key=len, reverse=True))
    return tuple(found.group() for found in re.finditer(rf"\b(?:{pattern})\b", draft, re.IGNORECASE))


def _stale(draft: str, lang: str, today: date) -> Iterator[Finding]:
    weekdays, months = WEEKDAYS[lang].split(), MONTHS[lang].split()
    for found in _pattern(lang).finditer(draft):
        meant = today + timedelta(days=RELATIVE[lang][" ".join(found["word"].lower().split())])
        fits = weekdays[meant.weekday()]
        if found["weekday"]:
            wrong = found["weekday"].lower() != fits
        else:
            month = _month(found["month"] or found["second"] or "", months)
            wrong = (int(found["day"]), month) != (meant.day, meant.month)
        if wrong:
            fixes = (_like(fits, found["weekday"]),) if found["weekday"] else ()
            shown = fits.capitalize() if lang in ("en", "de") else fits
            day = f"{shown} {meant.day} {months[meant.month - 1]}"
            message = Said(
                "“{word}” is {day}, which is not what stands here. Put the right day.", word=found["word"], day=day
            )
            start, end = found.span("weekday") if found["weekday"] else found.span()
            yield Finding("days", Level.WARNING, "stale_day", message, start, end, fixes, Override.ACKNOWLEDGE)


def _like(word: str, seen: str) -> str:
    return word.capitalize() if seen[:1].isupper() else word


def _month(text: str, months: list[str]) -> int:
    if text.isdecimal():
        return int(text)
    found = [number for number, month in enumerate(months, 1) if month.startswith(text.lower().rstrip("."))]
    return found[0] if found else 0


def _pattern(lang: str) -> re.Pattern[str]:
    if lang not in _PATTERNS:
        words = "|".join(
            re.escape(word).replace(r"\ ", r"\s") for word in sorted(RELATIVE[lang], key=len, reverse=True)
        )
        months = "|".join(f"{month[:_SHORTEST_MONTH]}\\w*" for month in MONTHS[lang].split())
        _PATTERNS[lang] = re.compile(
            rf"\b(?P<word>{words})[,]?\s*\(?(?:op\s|on\s|the\s|den\s|dem\s|am\s|de\s)?(?:"
            rf"(?P<weekday>{WEEKDAYS[lang].replace(' ', '|')})\b"
            rf"|(?P<day>\d{{1,2}})(?:[/-](?P<second>\d{{1,2}})\b|(?:st|nd|rd|th|\.|:e)?\s(?P<month>{months})))",
            re.IGNORECASE,
        )
    return _PATTERNS[lang]


_PATTERNS: dict[str, re.Pattern[str]] = {}
