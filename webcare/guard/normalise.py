"""Text as tokens that survive disguise, each with its place in the text as written.

Two texts that a reader would call the same words give the same tokens: case, accents, look-alike letters,
invisible characters, spaced-out letters, thousands separators and number words make no difference. The
original text is never changed; a token only points into it. Every step is linear in the text's length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from webcare.guard.numerals import HUNDREDS, NUMERALS, TENS, UNITS

# Invisible characters: soft hyphen, joiners, direction marks, variation selectors, fillers, tags.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Texts of these characters alone need no unmasking; everything else goes through it character by character.
_ORDINARY = re.compile(
    r"[\t\n\r -~\u00a0-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b4-\u00b7\u00bb\u00bf-\u0131\u0134-\u013e\u0141-\u0148"
    r"\u014a-\u017e\u2010-\u2015\u2018-\u201f\u2022\u2026\u20ac]*"
)
_INVISIBLE_CHARACTER = re.compile(f"[{_INVISIBLE}]")
_TOKEN = re.compile(
    rf"""
    (?P<link>https?://[^\s<>"]+ | www\.[^\s<>"]+ | [\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}}
        | (?:[a-z0-9-]{{1,40}}\.){{1,4}}[a-z]{{2,10}}/[^\s<>"]*)
    | (?P<number>\d{{1,3}}(?:[.,'’\u00a0\u202f\ ]\d{{3}})+(?!\d) | \d+(?:[.,:]\d{{1,2}})?(?!\d) | \d+)
    | (?P<word>[^\W\d_](?:[^\W\d_]|[{_MARKS}])*)
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+")
_EMPTY_DECIMALS = re.compile(r"[.,:]0{1,2}$")

# Letters of other scripts (and Latin oddities) that pass for a plain Latin letter on screen.
_LOOKALIKES = {
    **dict(zip("АВЕЅІЈКМНОРСТУХԚԜЗ", "ABESIJKMHOPCTYXQW3", strict=True)),
    **dict(zip("авеѕіјкмнорстухһԁԛԝѵӏгпь", "abesijkmhopctyxhdqwvlrnb", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    **dict(zip("αβγεηικνορτυχωσ", "abyenikvoptuxwo", strict=True)),
    **dict(zip("օսհոցԱՕՍ", "ouhngUOU", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **dict(zip("ɑɡıȷɩʋʏøØđĐłŁħĦŧŦ", "agijiuyoOdDlLhHtT", strict=True)),
    **{"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D"},
    **{chr(0x1F150 + n): chr(97 + n) for n in range(26)},
    **{chr(0x1F170 + n): chr(97 + n) for n in range(26)},
}
_LOOKALIKE_TABLE = str.maketrans(_LOOKALIKES)
# In the squeezed form a digit that stands for a letter is that letter.
_LEET = str.maketrans("0134578", "oieastb") | {ord("l"): "i"}


class Token(NamedTuple):
    """One word or number. `text` is compared, `word` is before number words became digits."""

    text: str
    word: str
    start: int  #: offset into the text as written
    end: int


class Unmasked(NamedTuple):
    """A text as the eye reads it, and where each of its characters stood."""

    text: str
    places: list[int] | None  #: original offset of each character; None = the same offsets

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text behind `text[start:end]` (not empty)."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of `text` in order, each inside it.

    Spans do not overlap, but for the parts of one composite character ("½" is 1 and 2).
    """
    plain = unmask(text)
    found = list(_scan(plain))
    return tuple(_join_numbers(_join_spaced(found)))


def squeeze(words: tuple[str, ...]) -> str:
    """The words without anything between them, for copies whose spacing was broken on purpose."""
    return "".join(words).replace(" ", "").translate(_LEET)


@lru_cache(maxsize=16384)
def fold(word: str) -> str:
    """Case, accents, ligatures, look-alike letters and everything but letters and digits taken off one word."""
    return "".join(character for character in _plain(word) if character.isalnum())


def _plain(word: str) -> str:
    plain = unicodedata.normalize("NFKC", word).translate(_LOOKALIKE_TABLE).casefold()
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(_plain_digit(c) for c in decomposed if not unicodedata.combining(c)).translate(_LOOKALIKE_TABLE)


def _plain_digit(character: str) -> str:
    return str(int(character)) if character.isdecimal() else character


def unmask(text: str) -> Unmasked:
    """Drop invisible characters and undo compatibility forms, remembering where each character stood."""
    if _ORDINARY.fullmatch(text):
        return Unmasked(text, None)
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        shown = _shown(character)
        characters.append(shown)
        places.extend([place] * len(shown))
    return Unmasked("".join(characters), places)


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if _INVISIBLE_CHARACTER.match(character):
        return ""
    # A letter that is only a look-alike as a symbol (circled, squared) becomes a letter before tokens are cut.
    return unicodedata.normalize("NFKC", _LOOKALIKES.get(character, character))


def _scan(plain: Unmasked) -> Iterator[Token]:
    for match in _TOKEN.finditer(plain.text):
        start, end = match.span()
        if match.lastgroup == "link":
            end = start + len(match[0].rstrip(".,;:!?)]}»”’'"))
        folded = _FOLDS[match.lastgroup or "word"](plain.text[start:end])
        if not folded:
            continue
        start, end = plain.origin(start, end)
        yield Token(NUMERALS.get(folded, folded), folded, start, end)


def _plain_number(written: str) -> str:
    """ "2.300" and "2 300" are 2300; "14:30" and "14,30" are 14.30; "49,00" is 49."""
    digits = "".join(_plain_digit(character) for character in written)
    if _THOUSANDS.fullmatch(digits):
        return re.sub(r"\D", "", digits)
    digits = _EMPTY_DECIMALS.sub("", digits)
    digits = re.sub(r"[,:]", ".", digits)
    return digits.lstrip("0") or "0"


_FOLDS: dict[str, Callable[[str], str]] = {"link": _plain, "number": _plain_number, "word": fold}


def _join_spaced(found: list[Token]) -> list[Token]:
    """Three or more letters standing alone are one spelled-out word; a wider gap ends it."""
    joined: list[Token] = []
    run: list[Token] = []
    for token in found:
        if len(token.word) == 1 and token.word.isalpha() and (not run or token.start - run[-1].end <= 4):
            run.append(token)
            continue
        joined.extend(_spelled(run))
        alone = len(token.word) == 1 and token.word.isalpha()
        run = [token] if alone else []
        if not alone:
            joined.append(token)
    joined.extend(_spelled(run))
    return joined


def _spelled(run: list[Token]) -> list[Token]:
    if len(run) < 3:
        return run
    gaps = [after.start - before.end for before, after in pairwise(run)]
    narrow = min(gaps)
    words: list[list[Token]] = [[run[0]]]
    for gap, token in zip(gaps, run[1:], strict=True):
        if gap > narrow:
            words.append([])
        words[-1].append(token)
    return [_as_one(letters) for letters in words]


def _as_one(letters: list[Token]) -> Token:
    word = "".join(letter.word for letter in letters)
    return Token(NUMERALS.get(word, word), word, letters[0].start, letters[-1].end)


def _join_numbers(found: list[Token]) -> list[Token]:
    """ "twenty five" is 25, "two hundred" is 200: number words that stand side by side become one number."""
    joined: list[Token] = []
    for token in found:
        before = joined[-1] if joined else None
        value = _sum(before, token) if before is not None else None
        if before is not None and value is not None and token.start - before.end <= 2:
            joined[-1] = Token(value, f"{before.word} {token.word}", before.start, token.end)
        else:
            joined.append(token)
    return joined


def _sum(before: Token, token: Token) -> str | None:
    if before.word in TENS and token.word in UNITS:
        return str(int(before.text) + int(token.text))
    if before.word in UNITS and token.word in HUNDREDS:
        return str(int(before.text) * HUNDREDS[token.word])
    return None
