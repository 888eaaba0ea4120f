"""Texts in the languages of the interface, and how these write days, numbers and lengths of time.

The catalogues lie with the console, whose words most of them are. What leaves the desk by mail, webhook or as a page of
figures is said through `Speech`, in the language and by the clock of whoever gets it. What waits to be said is kept as
`packed`: sentences with their places, so that each reader gets their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations

from webcare.domain import N_, Said
from webcare.errors import WebcareError

#: The languages of the interface, by their own names.
TONGUES = {"en": "English", "nl": "Nederlands", "sv": "Svenska", "nb": "Norsk (bokmål)"}
CATALOGUES = Path(__file__).parent / "console" / "languages"
#: Norwegian browsers ask for one of three.
_NEARLY = {"no": "nb", "nn": "nb"}
#: Our English is British: the day stands before the month.
_LOCALES = {"en": "en_GB"}
_UTC = ZoneInfo("UTC")


class Each(dict[str, str]):
    """A name that the desk itself gave in several languages, e.g. of a queue; "en" is always there."""

    def __str__(self) -> str:
        """The English one."""
        return self["en"]


@dataclass(frozen=True, slots=True)
class Speech:
    """How one reader is spoken to: a language of TONGUES, and the zone of their clock."""

    language: str = "en"
    zone: ZoneInfo = _UTC

    def text(self, message: str) -> str:
        """The message; as it stands where the catalogue does not know it."""
        return catalogue(self.language).gettext(message) if message else ""

    def counted(self, one: str, many: str, count: int) -> str:
        """The form for this number, with the number in its place."""
        form = catalogue(self.language).ngettext(one, many, count)
        return form.format(count=self.number(count))

    def said(self, sentence: Any) -> str:
        """A sentence or what fills a place of one, packed or not."""
        if isinstance(sentence, WebcareError):
            sentence = Said.of(sentence)
        if isinstance(sentence, Said):
            return self._filled(sentence.template, sentence.values)
        if isinstance(sentence, str) or sentence is None:
            return sentence or ""
        if isinstance(sentence, Mapping):
            return self._unpacked(sentence)
        return self._value(sentence)

    def moment(self, at: datetime) -> str:
        """E.g. "10 Feb 2026 14:05", by the reader's clock."""
        local = at.astimezone(self.zone)
        return f"{self.day(local.date())} {format_time(local, 'short', locale=self.locale)}"

    def day(self, on: date) -> str:
        """E.g. "10 Feb 2026"."""
        return format_date(on, "medium", locale=self.locale)

    def long_day(self, on: date) -> str:
        """E.g. "Tuesday, 10 February 2026"."""
        return format_date(on, "full", locale=self.locale)

    def number(self, value: float) -> str:
        """E.g. "12,345.5"."""
        return format_decimal(value, locale=self.locale)

    def signed(self, value: float) -> str:
        """E.g. "+0.25"."""
        return format_decimal(value, format="+0.00;-0.00", locale=self.locale)

    def percent(self, share: float, *, exact: bool = False) -> str:
        """E.g. "85%"; `exact` with one decimal."""
        usual = Locale.parse(self.locale).percent_formats[None].pattern
        return format_percent(share, format=usual.replace("##0", "##0.0") if exact else usual, locale=self.locale)

    def length(self, span: timedelta | None) -> str:
        """E.g. "3 h 20 min"."""
        return length(span, self.text)

    @property
    def locale(self) -> str:
        """As Babel calls it."""
        return _LOCALES.get(self.language, self.language)

    def _filled(self, template: str, values: Mapping[str, Any]) -> str:
        found = self.text(template)
        return found.format(**{name: self.said(value) for name, value in values.items()}) if values else found

    def _unpacked(self, kept: Mapping[str, Any]) -> str:
        if "said" in kept:
            return self._filled(str(kept["said"]), kept.get("with", {}))
        if "at" in kept:
            return self.moment(datetime.fromisoformat(kept["at"]))
        if "on" in kept:
            return self.day(date.fromisoformat(kept["on"]))
        if "lasting" in kept:
            return self.length(timedelta(seconds=kept["lasting"]))
        return str(kept.get(self.language) or kept.get("en", ""))

    def _value(self, value: Any) -> str:
        if isinstance(value, datetime):
            return self.moment(value)
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, timedelta):
            return self.length(value)
        return self.number(value)


#: As the code has it, by no clock in particular.
ENGLISH = Speech()


def length(span: timedelta | None, say: Callable[[str], str]) -> str:
    """ "45 s", "12 min", "3 h 20 min", "2 d 4 h", in the language that `say` speaks; a dash for none."""
    if span is None:
        return "–"
    seconds = int(abs(span.total_seconds()))
    if seconds < 60:
        return say(N_("{seconds} s")).format(seconds=seconds)
    minutes = seconds // 60
    if minutes < 60:
        return say(N_("{minutes} min")).format(minutes=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        said = say(N_("{hours} h {minutes} min") if minutes else N_("{hours} h"))
        return said.format(hours=hours, minutes=minutes)
    days, hours = divmod(hours, 24)
    return say(N_("{days} d {hours} h") if hours else N_("{days} d")).format(days=days, hours=hours)


def packed(value: Any) -> Any:
    """A sentence, or what fills a place of one, as JSON that `Speech.said` can say in any language.

    Texts, sentences, numbers, moments, days, lengths of time and names in several languages. Raises TypeError for
    anything else.
    """
    if isinstance(value, WebcareError):
        value = Said.of(value)
    if isinstance(value, Said):
        return {"said": value.template, "with": {name: packed(one) for name, one in value.values.items()}}
    if value is None or isinstance(value, str | int | float | Each):
        return value
    if isinstance(value, datetime):
        return {"at": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    if isinstance(value, timedelta):
        return {"lasting": value.total_seconds()}
    raise TypeError(f"{type(value).__name__} cannot be kept in a sentence")


def nearest(locale: str) -> str:
    """The language of ours that a browser's locale ("nn-NO", "en-GB") comes nearest to; English for all others."""
    short = locale.replace("_", "-").partition("-")[0].lower()
    short = _NEARLY.get(short, short)
    return short if short in TONGUES else "en"


@cache
def catalogue(language: str) -> NullTranslations:
    """The texts of a language; English needs none."""
    file = CATALOGUES / f"{language}.po"
    if not file.is_file():
        return NullTranslations()
    made = BytesIO()
    with file.open("rb") as opened:
        write_mo(made, read_po(opened, locale=language))
    made.seek(0)
    return Translations(made)
