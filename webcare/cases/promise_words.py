"""Finds in a reply what we said would happen by a time, and when that time is. Pure; no table, no clock of its own.

Six languages, by hand: expressions of time ("binnen 2 dagen", "before Friday", "på torsdag mellan 9 och 12"), and the
signs that a sentence with one promises nothing: questions, conditions, what the customer is to do, the past, opening
hours, wishes, offers, habits. A day without a clock time is due when it ends; working days are counted where the desk
works. The words stand in `promise_words.toml`, those for days in `webcare.guard.days`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from webcare.cases.promise_patterns import Tongue, tongue_of
from webcare.domain import LANGUAGES
from webcare.guard.clauses import sentences

#: Beside the verdict of a delivery: the zone in which its days begin.
ZONE = "zone"
_MARKET_ZONES: Mapping[str, str] = {
    "nl": "Europe/Amsterdam", "be": "Europe/Brussels", "uk": "Europe/London", "gb": "Europe/London",
    "ie": "Europe/Dublin", "se": "Europe/Stockholm", "sv": "Europe/Stockholm", "no": "Europe/Oslo",
    "nb": "Europe/Oslo", "dk": "Europe/Copenhagen", "da": "Europe/Copenhagen", "de": "Europe/Berlin",
    "at": "Europe/Vienna", "ch": "Europe/Zurich", "fi": "Europe/Helsinki", "us": "America/New_York",
}  # fmt: skip
#: When a part of a day is over.
_ENDS = {"morning": time(12), "afternoon": time(18), "evening": time(23, 59)}
_DAY_ENDS = time(23, 59)
_FRIDAY, _SUNDAY = 5, 7
#: A date this many days back is meant for next year; nearer ones are past.
_LONG_PAST = 60
#: Most promises believed of one reply.
_MOST = 12
_CLAUSE = re.compile(r"[,;:–—]\s|\s[-–—]\s|\n|\b(?:but|maar|men|aber|and then|en dan|så(?= (?:vi|du|løser|löser)))\b")
#: What may stand between two expressions of the same time: "tomorrow, Wednesday 11 February, between 9 and 12".
_GLUE = re.compile(r"[\s,()]*(?:\b(?:op|on|the|den|dem|am|de|på|at|om|um|kl|nog|already)\b\.?[\s,(]*)?")

Workday = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """One promise as the words stand in the reply; offsets are characters of the text."""

    start: int
    end: int
    words: str
    sentence: str
    due_at: datetime  #: aware UTC


class _Moment(NamedTuple):
    """An expression with its day (None for a clock time alone) and time."""

    start: int
    end: int
    day: date | None
    at: time | None
    exact: datetime | None = None
    looks_back: bool = True  #: whether the same words could tell of the past
    bare: bool = False  #: a clock time alone, with no "before" or "at": a timetable more often than a promise


def weekdays_only(day: date) -> bool:
    """Monday to Friday: the working days of a desk that says nothing of its hours."""
    return day.isoweekday() <= _FRIDAY


def zone_of(market: str, otherwise: tzinfo) -> str:
    """The name of the zone a market lives in; that of the desk where the market says nothing."""
    return _MARKET_ZONES.get(market, getattr(otherwise, "key", "UTC"))


def promises_in(
    text: str, lang: str, *, said_at: datetime, zone: str = "UTC", workday: Workday = weekdays_only
) -> tuple[Said, ...]:
    """What this reply promises by when, in the order of the text; `said_at` is aware, `zone` an IANA name.

    Of a language that is none of ours every language is tried, and the first that finds something counts.
    """
    here = said_at.astimezone(ZoneInfo(zone))
    for one in (lang,) if lang in LANGUAGES else LANGUAGES:
        found = list(_in_language(text, tongue_of(one), here, workday))[:_MOST]
        if found:
            return tuple(found)
    return ()


def _in_language(text: str, tongue: Tongue, here: datetime, workday: Workday) -> Iterator[Said]:
    for stretch in sentences(text):
        sentence = text[stretch.start : stretch.end]
        if sentence.rstrip("\"'”’) ").endswith("?"):
            continue
        dues: set[datetime] = set()
        for moment in _merged(sentence, _moments(sentence, tongue, here, workday)):
            due = _due(moment, here)
            if due is None or due in dues or tongue.whole.search(_piece(sentence, moment)):
                continue
            if not _is_promised(sentence, moment, tongue):
                continue
            dues.add(due)
            words = sentence[moment.start : moment.end]
            start = stretch.start + moment.start
            yield Said(start, start + len(words), words, " ".join(sentence.split()), due)


# --- what a clause says beside the time ---------------------------------------------------------------------


def _piece(sentence: str, moment: _Moment) -> str:
    """The sentence, cut at semicolons: a condition reaches no further."""
    start = sentence.rfind(";", 0, moment.start) + 1
    end = sentence.find(";", moment.end)
    return sentence[start : end if end >= 0 else len(sentence)]


def _is_promised(sentence: str, moment: _Moment, tongue: Tongue) -> bool:
    clause = _clause_around(sentence, moment)
    said = tongue.not_later.sub(" ", clause)
    if tongue.nothing.search(clause) or tongue.negative.search(said) or tongue.order.match(_plain_start(clause)):
        return False
    if tongue.you_do.search(clause) and not tongue.you_get.search(sentence):
        return False
    if tongue.ago.search(sentence[: moment.start]) or tongue.ago_after.match(sentence[moment.end :]):
        return False
    if moment.bare and not tongue.will.search(clause):
        return False
    return not (moment.looks_back and tongue.past.search(clause) and not tongue.will.search(clause))


def _clause_around(sentence: str, moment: _Moment) -> str:
    start, end = 0, len(sentence)
    for cut in _CLAUSE.finditer(sentence):
        if cut.end() <= moment.start:
            start = cut.end()
        elif cut.start() >= moment.end:
            end = cut.start()
            break
    # A piece of a few words belongs to what stands before it.
    return sentence[start:end] if len(sentence[start:end].split()) > 3 else sentence[:end]


def _plain_start(clause: str) -> str:
    return clause.lstrip(" \"'“‘(¡¿-–•*").lower()


# --- when -----------------------------------------------------------------------------------------------------


def _due(moment: _Moment, here: datetime) -> datetime | None:
    """When it is due; None for what is over already."""
    due = moment.exact
    if due is None:
        assert moment.at is not None
        due = datetime.combine(moment.day or here.date(), moment.at, here.tzinfo)
    due = due.astimezone(UTC)
    return due if due > here else None


def _moments(sentence: str, tongue: Tongue, here: datetime, workday: Workday) -> list[_Moment]:
    found = [_span(one, tongue, here, workday) for one in tongue.span.finditer(sentence)]
    found += [_day(one, sentence, tongue, here) for one in tongue.day.finditer(sentence)]
    found += [_clock(one) for one in tongue.clock.finditer(sentence)]
    kept: list[_Moment] = []
    # "in 2 days" holds no clock time, and "12 March" no hour.
    for moment in (one for one in found if one is not None):
        if not any(other.start < moment.end and moment.start < other.end for other in kept):
            kept.append(moment)
    return sorted(kept)


def _merged(sentence: str, moments: list[_Moment]) -> Iterator[_Moment]:
    """Put together what tells of one time; a clock time belongs to the day nearest to it in its sentence."""
    joined: list[_Moment] = []
    for moment in moments:
        last = joined[-1] if joined else None
        glued = last is not None and _GLUE.fullmatch(sentence, last.end, moment.start) is not None
        if last is None or last.exact or moment.exact or not (glued or _completes(last, moment)):
            joined.append(moment)
            continue
        # "Friday 22 November": the date says which one.
        day = last.day if moment.day is None else moment.day
        at = moment.at if moment.day is None or (moment.at or _DAY_ENDS) != _DAY_ENDS else last.at
        joined[-1] = _Moment(last.start, moment.end, day, at, None, last.looks_back)
    yield from joined


def _completes(last: _Moment, moment: _Moment) -> bool:
    """A day and a clock time of one sentence, whichever comes first."""
    return (last.day is None) != (moment.day is None)


def _span(found: re.Match[str], tongue: Tongue, here: datetime, workday: Workday) -> _Moment | None:
    """ "Within 2 to 3 working days": the longer one counts."""
    count = _number(found["most"] or found["count"], tongue)
    if count is None:
        return None
    start, end = found.span()
    if found["minutes"] or found["hours"]:
        quarter = found["minutes"] is not None and found["minutes"].lower().startswith(("kwart", "kvart"))
        minutes = count * (15 if quarter else 1 if found["minutes"] else 60)
        # In UTC: within one zone Python adds hours of the wall, not of the day.
        return _Moment(start, end, None, None, here.astimezone(UTC) + timedelta(minutes=minutes))
    if found["workdays"]:
        return _Moment(start, end, _workdays_on(here.date(), count, workday), _DAY_ENDS)
    if found["months"]:
        return _Moment(start, end, _months_on(here.date(), int(count)), _DAY_ENDS)
    days = round(count * (7 if found["weeks"] else 1))
    return _Moment(start, end, here.date() + timedelta(days=days), _DAY_ENDS)


def _day(found: re.Match[str], sentence: str, tongue: Tongue, here: datetime) -> _Moment | None:
    today = here.date()
    day, looks_back = _meant(found, tongue, today)
    if day is None:
        return None
    at = _DAY_ENDS
    for part, ends in _ENDS.items():
        if found[part]:
            at = ends
    if found["today_part"]:
        at = _part_of_today(found["today_part"], tongue)
    before = tongue.before.search(sentence[: found.start()])
    start = before.start() if before else found.start()
    if before and at == _DAY_ENDS:
        day -= timedelta(days=1)
    return _Moment(start, found.end(), day, at, None, looks_back)


def _meant(found: re.Match[str], tongue: Tongue, today: date) -> tuple[date | None, bool]:
    """The day an expression names, and whether it could tell of the past."""
    monday = today - timedelta(days=today.weekday())
    if found["relative"]:
        days = tongue.relative[" ".join(found["relative"].lower().split())]
        return (today + timedelta(days=days), days == 0) if days >= 0 else (None, True)
    if found["today"] or found["today_part"]:
        return today, True
    if found["this_week"]:
        return monday + timedelta(days=_SUNDAY - 1), True
    if found["week_number"]:
        return _week(int(found["week_number"]), today), True
    if found["weekend"]:
        # Before the weekend is before Saturday; in it is before it ends.
        return monday + timedelta(days=_FRIDAY if tongue.before.search(found.string[: found.start()]) else 6), True
    if found["next_week"]:
        if found["of_week"]:
            return monday + timedelta(days=7 + _weekday(found["of_week"], tongue)), False
        return monday + timedelta(days=13), False
    if found["next_month"]:
        return _months_on(today.replace(day=1), 2) - timedelta(days=1), False
    if found["weekday"]:
        ahead = (_weekday(found["weekday"], tongue) - today.weekday() - 1) % 7 + 1
        if found["next_day"]:
            return monday + timedelta(days=7 + _weekday(found["weekday"], tongue)), False
        return today + timedelta(days=ahead), True
    return _date(found, tongue, today), True


def _week(number: int, today: date) -> date | None:
    """The Sunday of an ISO week: of this year, or of the next where it is long past."""
    for year in (today.year, today.year + 1):
        try:
            sunday = date.fromisocalendar(year, number, _SUNDAY)
        except ValueError:
            return None
        if today - sunday < timedelta(days=_LONG_PAST):
            return sunday
    return None


def _date(found: re.Match[str], tongue: Tongue, today: date) -> date | None:
    number = found["date"] or found["date_after"] or found["number"]
    name = (found["month"] or found["month_before"] or "").lower().rstrip(".")
    month = int(found["month_number"]) if found["month_number"] else 0
    for place, known in enumerate(tongue.months, 1):
        if name and known.startswith(name):
            month = place
    try:
        meant = date(today.year, month, int(number))
        if found["year"]:
            return meant.replace(year=int(found["year"]))
        return meant if today - meant < timedelta(days=_LONG_PAST) else meant.replace(year=today.year + 1)
    except ValueError:
        return None


def _clock(found: re.Match[str]) -> _Moment | None:
    """A time of the day, the later one of two; the first of "9 to 12" is not by when."""
    hour, minute, half = found["hour"], found["minute"], (found["half"] or "").lower()
    if found["until"]:
        hour, minute = found["until"], found["until_minute"]
    marked = found["prefix"] or found["mark"] or half or minute or (found["until"] and found["from_word"])
    if not marked or int(hour) > 24 or int(minute or 0) > 59:
        return None
    at = int(hour) % 24 + (12 if half == "pm" and int(hour) < 12 else 0)
    start = found.start("prefix") if found["prefix"] else found.start("from_word") if found["from_word"] else -1
    first = start if start >= 0 else found.start()
    bare = not (found["prefix"] or found["from_word"])
    return _Moment(first, found.end(), None, time(at, int(minute or 0)), bare=bare)


def _number(text: str | None, tongue: Tongue) -> float | None:
    if text is None:
        return 1.0
    text = " ".join(text.lower().split())
    return float(text) if text.isdecimal() else tongue.numbers.get(text)


def _weekday(name: str, tongue: Tongue) -> int:
    lowered = name.lower()
    return next(number for number, one in enumerate(tongue.weekdays) if lowered.startswith(one))


def _part_of_today(words: str, tongue: Tongue) -> time:
    said = words.lower()
    for name, ends in (("afternoon", _ENDS["afternoon"]), ("morning", _ENDS["morning"])):
        if any(hint in said for hint in _TODAYS[name]):
            return ends
    return _DAY_ENDS


#: What tells the parts of today apart, in all languages.
_TODAYS = {
    "afternoon": ("middag", "afternoon", "eftermiddag", "ettermiddag"),
    "morning": ("ochtend", "morning", "förmiddag", "formiddag"),
}


def _workdays_on(day: date, count: float, workday: Workday) -> date:
    left = max(1, round(count))
    # Hours that never open would count for ever.
    for _ in range(370):
        day += timedelta(days=1)
        left -= workday(day)
        if left <= 0:
            break
    return day


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(last, day.day))
        except ValueError:
            continue
    return day
