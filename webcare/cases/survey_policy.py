"""Who is asked how they found our help, when and in which words: what the desk decided. Off until somebody decides.

The decision is the policy "survey" (webcare.policies), so that it has a first day and stands in the audit log. Only
cases closed while it counts are asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from webcare import policies
from webcare.deciding import from_day
from webcare.domain import LANGUAGES, Actor, Said
from webcare.errors import WebcareError
from webcare.people import Permission, require
from webcare.store.tables_desk import PolicyRow

#: The name of the policy.
SURVEY = "survey"
#: A mark counts if it comes within so long of the question.
ANSWER_WITHIN = timedelta(hours=72)
#: Nobody is asked about a case that was closed longer ago.
ASK_WITHIN = timedelta(hours=72)
MOST_WAIT_MIN, MOST_DAYS, MOST_TEXT, MOST_TAGS = 24 * 60, 730, 500, 50
#: The question in our own words; a brand may have others.
TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "nl": "Hoe goed hebben we je geholpen? Stuur een cijfer van 1 (slecht) tot 5 (heel goed). Het hoeft niet, en "
        "na STOP vragen we het niet meer.",
        "en": "How well did we help you? Send a number from 1 (badly) to 5 (very well). You don't have to, and after "
        "STOP we won't ask again.",
        "sv": "Hur bra hjälpte vi dig? Skicka en siffra från 1 (dåligt) till 5 (mycket bra). Du behöver inte svara, "
        "och efter STOPP frågar vi inte igen.",
        "nb": "Hvor godt hjalp vi deg? Send et tall fra 1 (dårlig) til 5 (veldig godt). Du trenger ikke å svare, og "
        "etter STOPP spør vi ikke igjen.",
        "da": "Hvor godt hjalp vi dig? Send et tal fra 1 (dårligt) til 5 (rigtig godt). Du behøver ikke at svare, og "
        "efter STOP spørger vi ikke igen.",
        "de": "Wie gut haben wir dir geholfen? Schick uns eine Zahl von 1 (schlecht) bis 5 (sehr gut). Du musst nicht "
        "antworten, und nach STOPP fragen wir nicht mehr.",
    }
)


class Asked(StrEnum):
    """Whose cases are asked about."""

    PRIVATE = "private"  #: those that were private themselves
    CONVERSATION = "conversation"  #: public ones too, of customers with a private conversation that is open


@dataclass(frozen=True, slots=True)
class SurveyPolicy:
    """What is decided. `since` is the moment from which it counts, `by` who decided it."""

    on: bool = False
    who: Asked = Asked.PRIVATE
    wait_min: int = 60  #: minutes from the closing to the question
    once_in_days: int = 90
    after_anger: bool = False  #: ask where the customer was negative, but not after our answer any more
    never_tags: frozenset[str] = frozenset({"bot", "crisis", "employee"})
    languages: frozenset[str] = frozenset(LANGUAGES)
    own_texts: Mapping[str, str] = field(default_factory=dict)  #: by language, where ours is not good enough
    since: datetime | None = None
    by: tuple[int | None, str] = (None, "")

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> SurveyPolicy:
        """Read a policy's value; what is not said is as by default. Raises WebcareError for what cannot be meant."""
        if unknown := set(value) - set(cls().as_value()):
            raise WebcareError("The survey has no setting called “{name}”.", name=sorted(unknown)[0])
        kept = {**cls().as_value(), **value}
        try:
            return cls(
                _yes(kept["on"]),
                Asked(kept["who"]),
                _whole(kept["wait_min"], 1, MOST_WAIT_MIN),
                _whole(kept["once_in_days"], 1, MOST_DAYS),
                _yes(kept["after_anger"]),
                frozenset(_tags(kept["never_tags"])),
                frozenset(_language(one) for one in kept["languages"]),
                {_language(name): _text(text) for name, text in kept["own_texts"].items() if str(text).strip()},
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise WebcareError("These settings of the survey cannot be used: {why}.", why=Said.of(error)) from error

    def as_value(self) -> dict[str, Any]:
        """As a policy keeps it."""
        return {
            "on": self.on,
            "who": self.who.value,
            "wait_min": self.wait_min,
            "once_in_days": self.once_in_days,
            "after_anger": self.after_anger,
            "never_tags": sorted(self.never_tags),
            "languages": sorted(self.languages),
            "own_texts": dict(sorted(self.own_texts.items())),
        }

    def text(self, language: str) -> str:
        """The question in a language; empty where nobody is asked in it."""
        if language not in self.languages:
            return ""
        return self.own_texts.get(language) or TEXTS[language]


def policy_at(session: Session, *, now: datetime) -> SurveyPolicy:
    """What is decided, or off where nobody decided."""
    query = (
        select(PolicyRow)
        .where(PolicyRow.name == SURVEY, PolicyRow.valid_from <= now)
        .order_by(col(PolicyRow.valid_from).desc(), col(PolicyRow.id).desc())
        .limit(1)
    )
    row = session.exec(query).first()
    if row is None:
        return SurveyPolicy()
    read = SurveyPolicy.from_value(row.value)
    values = {name: getattr(read, name) for name in read.as_value()}
    return SurveyPolicy(**values, since=row.valid_from, by=(row.agent_id, row.agent_name))


def decide_survey(
    session: Session, value: Mapping[str, Any], *, first_day: date, zone: ZoneInfo, by: Actor, now: datetime
) -> None:
    """Decide anew who is asked, from a day on. Raises NotAllowed without EDIT_POLICIES, WebcareError for what is wrong.

    The texts count as approved by whoever decides.
    """
    require(by, Permission.EDIT_POLICIES)
    kept = SurveyPolicy.from_value(value).as_value()
    policies.decide(session, SURVEY, kept, valid_from=from_day(first_day, zone, now=now), by=by, now=now)


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(Said("yes or no is wanted"))
    return value


def _whole(value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(Said("a number from {least} to {most} is wanted", least=least, most=most))
    return value


def _language(value: Any) -> str:
    if value not in LANGUAGES:
        raise ValueError(Said("there is no language “{name}” here", name=str(value)[:20]))
    return str(value)


def _text(value: Any) -> str:
    text = " ".join(str(value).split())
    if len(text) > MOST_TEXT:
        raise ValueError(Said("a question may have {most} characters", most=MOST_TEXT))
    if "1" not in text or "5" not in text:
        raise ValueError(Said("the question has to say that it asks for a number from 1 to 5"))
    if "STOP" not in text.upper():
        raise ValueError(Said("the question has to say that STOP ends the questions"))
    return text


def _tags(values: Iterable[str]) -> list[str]:
    found = [str(one).strip().lower() for one in values]
    if isinstance(values, str) or len(found) > MOST_TAGS:
        raise ValueError(Said("at most {most} tags, as a list", most=MOST_TAGS))
    return [one for one in found if one]
