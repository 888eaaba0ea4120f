"""What a customer's message says after we asked how they found our help: a mark of one to five, or "no more". Pure.

A mark has to be one beyond doubt: "5", "4/5", stars, a face, a number in words. "4 chairs are missing" and "8/10" are
none, because a mark that nobody gave is worse than one that was not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

#: Number words in the six languages; "en" and "ein" are left to those who write nothing else.
_WORDS: Mapping[str, int] = MappingProxyType(
    {
        word: score
        for score, words in {
            1: "een één één one ett en et eins ein",
            2: "twee two två to zwei",
            3: "drie three tre drei",
            4: "vier four fyra fire",
            5: "vijf five fem fünf fuenf",
        }.items()
        for word in words.split()
    }
)
_FACES: Mapping[str, int] = MappingProxyType(
    {
        face: score
        for score, faces in {
            1: "😡😠🤬👎😤",
            2: "🙁☹😞😟😕",
            3: "😐😑",
            4: "🙂😊☺👍",
            5: "😀😃😄😁😍🤩🥰",
        }.items()
        for face in faces
    }
)
_FULL, _EMPTY = "⭐★🌟", "☆"
#: Skin tones, the choice between text and picture, and the frame of a key.
_MARKS = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f\u20e3\u200d]")
_NUMBER = "|".join(("[1-5]", *sorted(map(re.escape, _WORDS), key=len, reverse=True)))
#: "1 of 5 chairs" is none: after it the sentence is over, or the stars are named.
_OVER = r"(?=\s*(?:$|[.,;:!?)\n-]|stars?|sterren|stj|sterne))"
_OF_FIVE = rf"(?:/\s*5\b|(?:out of|of|van de|van|uit|av|af|ud af|von|på)\s*(?:5|five|vijf|fem|fünf)\b{_OVER})"
_STARS = r"(?:stars?|sterren|ster|stjärnor|stjärna|stjerner|stjerne|sterne?n?)\b"
#: Says by itself that it is a mark, so that words may stand before and after it.
_CLEAR = re.compile(rf"(?<![\w.,/])({_NUMBER})\s*(?:{_OF_FIVE}(?:\s*{_STARS})?|{_STARS})(?![/.,]?\d)")
#: A bare number, which words may follow only after a break.
_BARE = re.compile(rf"({_NUMBER})(?:$|\s*$)")
_LED = re.compile(r"([1-5])(?:\s*\n|\s*[,;!]\s+|\s+[-–—]\s+|\s*[,;!–—]\s*(?=[^\W\d]))(?!\d)")
#: What stands around a mark without saying anything.
_QUIET = re.compile(r"[\s!.,+*\"'“”„()~-]+")
_STOP = frozenset(
    {
        *("stop", "stopp", "stoppen", "unsubscribe", "opt out", "no surveys", "no more surveys", "do not ask again"),
        *("don't ask again", "afmelden", "geen enquêtes", "niet meer vragen", "vraag dit niet meer", "avregistrera"),
        *("avsluta", "avanmäl", "inga fler frågor", "fråga inte igen", "avmeld", "meld av", "ikke spør igjen"),
        *("afmeld", "frameld", "ikke spørg igen", "abmelden", "abbestellen", "keine umfragen", "nicht mehr fragen"),
    }
)


@dataclass(frozen=True, slots=True)
class Rated:
    """What was read. `score` is 1..5, None where the customer only wants no more questions."""

    score: int | None
    only: bool  #: the message says nothing else
    stop: bool = False


def read_rating(text: str) -> Rated | None:
    """What a message says to our question; None where it is an ordinary message."""
    plain = _MARKS.sub("", text).casefold().strip()
    bare = _QUIET.sub(" ", plain).strip()
    if bare in _STOP:
        return Rated(None, only=True, stop=True)
    return _pictures(plain) or _clear(plain) or _number(bare, plain)


def _pictures(plain: str) -> Rated | None:
    """Stars or one kind of face, with or without words after them."""
    stars = sum(char in _FULL for char in plain)
    rest = "".join(char for char in plain if char not in _FULL + _EMPTY)
    if 1 <= stars <= 5:
        return Rated(stars, only=not _QUIET.sub("", rest))
    faces = {_FACES[char] for char in plain if char in _FACES}
    if len(faces) == 1 and not _QUIET.sub("", "".join(char for char in plain if char not in _FACES)):
        return Rated(faces.pop(), only=True)
    return None


def _clear(plain: str) -> Rated | None:
    found = {_score(match[1]) for match in _CLEAR.finditer(plain)}
    if len(found) != 1:
        return None
    rest = "".join(char for char in _CLEAR.sub("", plain) if char not in _FACES)
    return Rated(found.pop(), only=not _QUIET.sub("", rest))


def _number(bare: str, plain: str) -> Rated | None:
    without_faces = "".join(char for char in bare if char not in _FACES).strip()
    if (match := _BARE.fullmatch(without_faces)) is not None and not re.search(r"\d[.,]\d", plain):
        return Rated(_score(match[1]), only=True)
    led = _LED.match(plain)
    return Rated(_score(led[1]), only=False) if led is not None else None


def _score(said: str) -> int:
    return int(said) if said.isdigit() else _WORDS[said]
