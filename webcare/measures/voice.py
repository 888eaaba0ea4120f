"""How an answer sounds: the signs of a conversational human voice in it, counted by words and patterns alone. Pure.

The elements are those of the coding instrument of Liebrecht and Van Hooijdonk for webcare (personalisation, informal
speech, inviting speech) and two of our own beside them (formal speech, formal address). Word lists in six languages
stand in `voice_words.toml`, written by us; every element says in a sentence what counts. What is counted is that a sign
is there, never how good the answer is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from webcare.domain import LANGUAGES, N_

#: Raised whenever the words or patterns change, so that a trend says where it was counted differently.
VERSION = 1
_WORDS = Path(__file__).with_name("voice_words.toml")

PERSONAL, INFORMAL, INVITING, FORMAL = "personal", "informal", "inviting", "formal"
#: The three groups of the instrument, and what speaks against them.
GROUPS: Mapping[str, str] = {
    PERSONAL: N_("Personalisation"),
    INFORMAL: N_("Informal speech"),
    INVITING: N_("Inviting speech"),
    FORMAL: N_("Formal speech"),
}
#: The groups that make a human voice.
HUMAN = (PERSONAL, INFORMAL, INVITING)


@dataclass(frozen=True, slots=True)
class Element:
    """One sign: its group, its name, and the sentence that says what counts."""

    key: str
    group: str
    title: str
    sentence: str


ELEMENTS: Mapping[str, Element] = {
    one.key: one
    for one in (
        Element("greeting", PERSONAL, N_("Greeting"), N_("The answer begins with a greeting.")),
        Element("name", PERSONAL, N_("Name"), N_("The customer is called by name after the greeting or in the text.")),
        Element("you", PERSONAL, N_("Speaks to the customer"), N_("A word for “you”, informal or formal.")),
        Element("me", PERSONAL, N_("Speaks as a person"), N_("A word for “I” or “me”; “we” does not count.")),
        Element("signature", PERSONAL, N_("Signature"), N_("It ends with initials or a first name, such as ^NS.")),
        Element("emoji", INFORMAL, N_("Emoji"), N_("An emoji or a face made of signs.")),
        Element("interjection", INFORMAL, N_("Interjection"), N_("A word such as “oops” or “haha”.")),
        Element("lengthened", INFORMAL, N_("Lengthened"), N_("A letter three times or more, or several “!”.")),
        Element("shortening", INFORMAL, N_("Shortening"), N_("A word shortened as in speech or chat.")),
        Element("thanks", INVITING, N_("Thanks"), N_("It thanks for the message or says that it is good to hear.")),
        Element("sorry", INVITING, N_("Apology"), N_("It says sorry or calls something our mistake.")),
        Element("sympathy", INVITING, N_("Sympathy"), N_("It says that we understand, or that something is a pity.")),
        Element("dialogue", INVITING, N_("Opens a talk"), N_("It asks something, or invites to write again.")),
        Element("wish", INVITING, N_("Good wish"), N_("It wishes something good, such as a nice weekend.")),
        Element("formal", FORMAL, N_("Formal wording"), N_("Words of letters and contracts, such as “hereby”.")),
        Element("you_formal", FORMAL, N_("Formal address"), N_("A formal “you”, where the language has one.")),
    )
}
#: What shows that we feel with an unhappy customer.
EMPATHY = frozenset({"sorry", "sympathy"})
#: Elements whose words the lists give as they are; the others have patterns of their own below.
_LISTED = (
    *("you", "you_formal", "me", "thanks", "sorry", "sympathy", "dialogue", "wish"),
    *("interjection", "shortening", "formal"),
)
_HANDLES = r"\s*(?:@[\w.@-]+[\s,:]+)*"
_SIGNATURE = re.compile(r"(?:\^\s?[^\W\d_][\w./ -]{0,15}|(?:^|\s)[-–—/~]\s?[^\W\d_a-zåäöæøüß][^\W\d_]{0,15})\s*$")
_EMOJI = re.compile(
    "[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2764](?:[\ufe0f\u200d\U0001f3fb-\U0001f3ff\u2640\u2642]"
    "|[\U0001f300-\U0001faff\u2764])*"
    r"|(?<![\w:/])(?:[:;=]['’]?-?[)(DPpOo3/|](?![\w/])|<3|\^\^|xD\b)"
)
_LENGTHENED = re.compile(r"([^\W\d_])\1{2,}|!{2,}", re.IGNORECASE)
#: Begins where a sentence does, so that a text of any length is read once.
_QUESTION = re.compile(r"(?:^|(?<=[.!?\n]))[^.!?\n]+\?")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+")
#: A name after a greeting, perhaps behind a title; what begins the next sentence without a stop is none.
_NAME = (
    r"\s+(?:(?i:herr|frau|mr|mrs|ms|miss|meneer|mevrouw|heer|fru)\.?\s+)?"
    r"(?!(?:I|We|Wij|Vi|Wir|Thanks?|Bedankt|Dank|Tack|Takk|Tak|Danke|Sorry|What|Wat|Vad|Hva|Hvad|Customer)\b)"
    r"(?P<name>[^\W\d_a-zåäöæøüß][\w'’-]{1,30})"
)


@dataclass(frozen=True, slots=True)
class Sign:
    """One stretch of an answer that shows an element; offsets are characters of the text."""

    element: str
    start: int
    end: int

    @property
    def group(self) -> str:
        """The group of its element."""
        return ELEMENTS[self.element].group


@dataclass(frozen=True, slots=True)
class Voice:
    """All signs of one answer, by where they stand."""

    signs: tuple[Sign, ...]

    @property
    def elements(self) -> frozenset[str]:
        """The elements that are there at least once."""
        return frozenset(sign.element for sign in self.signs)

    @property
    def groups(self) -> frozenset[str]:
        """The groups with at least one sign."""
        return frozenset(sign.group for sign in self.signs)

    @property
    def is_human(self) -> bool:
        """Whether all three groups of the instrument show."""
        return set(HUMAN) <= self.groups

    @property
    def is_empathic(self) -> bool:
        """Whether it says sorry or shows understanding."""
        return bool(EMPATHY & self.elements)

    @property
    def mixes_address(self) -> bool:
        """Whether it calls the customer “you” formally and informally in one answer."""
        return {"you_informal", "you_formal"} <= self.address

    @property
    def address(self) -> frozenset[str]:
        """How it calls the customer: "you_informal", "you_formal", both or none."""
        formal = {(sign.start, sign.end) for sign in self.signs if sign.element == "you_formal"}
        informal = any(sign.element == "you" and (sign.start, sign.end) not in formal for sign in self.signs)
        return frozenset(name for name, there in (("you_formal", formal), ("you_informal", informal)) if there)


def speaks(language: str) -> bool:
    """Whether there are word lists for this language (ISO 639-1)."""
    return language in LANGUAGES


def read_voice(text: str, language: str, *, customer: str = "") -> Voice:
    """The signs in an answer, found with the words of `language`; raises KeyError for one without words (`speaks`).

    `customer` is the name the network shows; its first word counts as their name where it stands in the text.
    """
    lists, blanked = _patterns(language), _ADDRESS.sub(lambda found: " " * len(found.group()), text)
    signs = [*_opening(blanked, lists["greeting"]), *_called(blanked, customer), *_marks(blanked)]
    for element in _LISTED:
        signs += (Sign(element, *found.span()) for found in lists[element].finditer(blanked))
    signs += (Sign("you", sign.start, sign.end) for sign in tuple(signs) if sign.element == "you_formal")
    return Voice(tuple(sorted(set(signs), key=lambda sign: (sign.start, sign.end, sign.element))))


def _opening(text: str, greeting: re.Pattern[str]) -> Iterator[Sign]:
    found = greeting.match(text)
    if found is None:
        return
    yield Sign("greeting", found.start("greeting"), found.end("greeting"))
    if found.group("name") is not None:
        yield Sign("name", found.start("name"), found.end("name"))


def _called(text: str, customer: str) -> Iterator[Sign]:
    first = (customer.split() or [""])[0].strip(".,!?")
    if len(first) < 3 or not first.isalpha():
        return
    for found in re.finditer(rf"(?<![\w@]){re.escape(first)}(?!\w)", text, re.IGNORECASE):
        yield Sign("name", *found.span())


def _marks(text: str) -> Iterator[Sign]:
    """Signs that are the same in every language."""
    for element, pattern in (
        ("signature", _SIGNATURE), ("emoji", _EMOJI), ("lengthened", _LENGTHENED), ("dialogue", _QUESTION),
    ):  # fmt: skip
        for found in pattern.finditer(text):
            start = found.start() + len(found.group()) - len(found.group().lstrip())
            yield Sign(element, start, start + len(found.group().strip()))


@cache
def _patterns(language: str) -> Mapping[str, re.Pattern[str]]:
    words = _lists()[language]
    found = {name: re.compile(rf"(?<![\w@#])(?:{words[name]})(?!\w)", re.IGNORECASE) for name in _LISTED}
    opening = rf"{_HANDLES}(?P<greeting>(?i:{words['greeting']}))(?!\w)(?:{_NAME})?"
    return {**found, "greeting": re.compile(opening)}


@cache
def _lists() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))
