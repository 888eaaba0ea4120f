"""How each language says that something will happen by a time: the words of `promise_words.toml`, compiled once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from webcare.domain import LANGUAGES
from webcare.guard.days import MONTHS, PARTS_OF_TODAY, RELATIVE, WEEKDAYS

_WORDS = Path(__file__).with_name("promise_words.toml")


class Tongue(NamedTuple):
    """One language's expressions, compiled."""

    span: re.Pattern[str]
    day: re.Pattern[str]
    clock: re.Pattern[str]
    nothing: re.Pattern[str]  #: promises nothing, wherever in the clause
    whole: re.Pattern[str]  #: promises nothing in the whole sentence
    order: re.Pattern[str]
    you_do: re.Pattern[str]
    you_get: re.Pattern[str]
    negative: re.Pattern[str]
    not_later: re.Pattern[str]
    will: re.Pattern[str]
    past: re.Pattern[str]
    before: re.Pattern[str]
    ago: re.Pattern[str]
    ago_after: re.Pattern[str]
    numbers: Mapping[str, float]
    relative: Mapping[str, int]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]


@lru_cache(maxsize=len(LANGUAGES))
def tongue_of(lang: str) -> Tongue:
    """The expressions of one of our languages."""
    w = _book()[lang]
    ours = re.IGNORECASE
    numbers = {word: float(value) for word, value in w["others"].items()}
    numbers |= {word: float(value) for value, word in enumerate(w["numbers"].split(), 1)}
    return Tongue(
        span=re.compile(_span_pattern(w, numbers), ours),
        day=re.compile(_day_pattern(lang, w), ours),
        clock=re.compile(_clock_pattern(w), ours),
        nothing=re.compile(_nothing(lang, w), ours),
        whole=re.compile(_any(w, "conditional", "reported"), ours),
        order=re.compile(rf"(?:\w+[,!]\s)?(?:{w['order']})\b", ours),
        you_do=re.compile(_any(w, "you_do"), ours),
        you_get=re.compile(_any(w, "you_get"), ours),
        negative=re.compile(_any(w, "not"), ours),
        not_later=re.compile(
            r"\b(?:niet later dan|not later than|inte senare än|ikke senere en[nd]|nicht später als)\b"
        ),
        will=re.compile(rf"(?:\b|(?=['’]))(?:{w['will']})\b", ours),
        past=re.compile(_any(w, "past"), ours),
        before=re.compile(rf"\b(?:{w['before']})\s+(?:the |de |den |dem |het )?(?:next |nästa )?$", ours),
        ago=re.compile(rf"\b(?:{w['ago']})\s+(?:\w+ )?$", ours),
        ago_after=re.compile(r"\s+(?:ago|geleden|jl\b|sedan|siden)", ours),
        numbers=numbers,
        relative=RELATIVE[lang],
        weekdays=tuple(WEEKDAYS[lang].split()),
        months=tuple(MONTHS[lang].split()),
    )


@lru_cache(maxsize=1)
def _book() -> dict[str, Any]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))


def _any(w: Mapping[str, str], *names: str) -> str:
    return r"\b(?:" + "|".join(w[name] for name in names) + r")(?!\w)"


def _nothing(lang: str, w: Mapping[str, str]) -> str:
    weekday = "|".join(WEEKDAYS[lang].split())
    from_to = rf"(?:{weekday})s?\s*(?:-|–|{w['through']})\s*(?:{weekday})"
    return _any(w, "opening", "wish", "validity", "general", "habit", "unreal") + rf"|\b{from_to}"


def _longest_first(words: Mapping[str, object] | list[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len, reverse=True))


def _span_pattern(w: Mapping[str, Any], numbers: Mapping[str, float]) -> str:
    number = rf"\d{{1,3}}|{_longest_first(numbers)}"
    units = "|".join(
        rf"(?P<{name}>(?:{w[name]})\b)" for name in ("minutes", "workdays", "hours", "days", "weeks", "months")
    )
    return (
        rf"\b(?:{w['within']})\s+(?:(?P<count>{number})\s*(?:(?:-|–|{w['to']})\s*(?P<most>{number}))?\s*)?"
        rf"(?:(?:{_FULL})\s+)?(?:{units})(?!\s*\d)"
    )


#: "Within 24 full hours", "binnen één hele dag".
_FULL = "hele|full|hela|ganzen"


def _day_pattern(lang: str, w: Mapping[str, str]) -> str:
    parts = "|".join(rf"(?P<{name}>{w[name]})" for name in ("morning", "afternoon", "evening"))
    weekday = "|".join(WEEKDAYS[lang].split())
    month = "|".join(rf"{one[:3]}\w{{0,7}}\.?" for one in MONTHS[lang].split())
    year = r"(?:,?\s(?P<year>20\d\d))?"
    next_week = rf"(?:(?P<of_week>{weekday})\s+)?(?P<next_week>(?:in )?(?:{w['next']})\s+(?:{w['week']}))"
    by = rf"(?:(?:{w['by']})\s+)?(?:(?:on|op|på|am|dem|den|de|the|kommende|komende|aanstaande|coming|this)\s+){{0,3}}"
    today_part = _longest_first(list(PARTS_OF_TODAY[lang])) or "(?!)"
    return (
        rf"\b(?:{by})(?:(?P<today>{w['today']})|(?P<this_week>{w['this_week']})"
        rf"|{next_week}(?:\s+(?P<week_day>{weekday}))?|(?P<next_month>(?:{w['next']})\s+(?:{w['month']}))"
        rf"|(?P<weekend>{w['weekend']})|(?:{w['week_number']})\s*(?P<week_number>\d{{1,2}})"
        rf"|(?:(?P<relative>{_longest_first(dict(RELATIVE[lang]))})|(?P<today_part>{today_part})"
        rf"|(?:(?P<next_day>{w['next']})\s+)?(?P<weekday>{weekday})"
        rf"|(?P<date>\d{{1,2}})(?:st|nd|rd|th|\.|:e|e)?\s+(?:of\s+)?(?P<month>{month}){year}"
        rf"|(?P<month_before>{month})\s+(?P<date_after>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|[:.]\d)"
        rf"|(?<=\s)(?P<number>\d{{1,2}})[/-](?P<month_number>\d{{1,2}})(?![\d/-]))"
        rf"(?:\s*(?:nog|noch|om|in the|in de|på)?\s*(?:{parts}))?)(?!\w)"
    )


def _clock_pattern(w: Mapping[str, str]) -> str:
    lead = rf"{w['before']}|{w['by']}|{w['clock']}"
    time_ = r"\d{1,2}"
    return (
        rf"(?:(?P<from_word>\b(?:{w['between']})\s+(?:kl\.?\s*|klockan\s|klokken\s)?)|"
        rf"(?P<prefix>\b(?:{lead})\s+(?:(?:kl\.?|klockan|klokken)\s*)?))?"
        rf"(?<![\d.,:/-])(?P<hour>{time_})(?:[:.](?P<minute>\d\d))?(?:\s?(?:{w['hour']}))?"
        rf"(?:\s*(?:-|–|{w['to']}|and|en|och|og|und)\s*(?:kl\.?\s*)?(?P<until>{time_})(?:[:.](?P<until_minute>\d\d))?)?"
        rf"(?![\d/-]|[.,]\d|\s*%|\s*€)(?:\s?(?:(?P<half>[ap]m)|(?P<mark>{w['hour']}))\b)?"
        rf"(?!\s*(?:{w['days']}|{w['workdays']}|{w['weeks']}|{w['months']}|{w['minutes']})\b)"
    )
