"""Searches on X: each is read and judged before X ever sees it, in words that its writer can act on. Pure.

Facts of the language: docs.x.com, "Search operators" and "Build a query".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from webcare.channels.base import AccountConfig
from webcare.errors import SettingsError

#: Characters a search may have with pay-per-use access, and with enterprise access.
SELF_SERVE_CHARS = 512
ENTERPRISE_CHARS = 4096
#: Searches of one account: each costs at least one of the 300 requests X gives for 15 minutes, at every poll.
MOST_SEARCHES = 25
_TOKEN = re.compile(r'\s*(-?(?:\(|(?:[A-Za-z_]+:)?(?:"[^"]*"|\[[^\]]*\])|[^\s()"]+)|\))')
_OPERATOR = re.compile(r"[A-Za-z_]+:")
_PLAIN_WORD = re.compile(r"[#@$]?\w+")
_CURLY = re.compile("[\u201c\u201d\u201e\u00ab\u00bb]")

_PERSON = re.compile(r"\w{1,15}|\d{1,19}")
_NUMBER = re.compile(r"\d{1,19}")
_ANYTHING = re.compile(r".+")
_AREA = re.compile(r"\[[^\]]+\]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
#: Operators that may stand alone, and what follows them.
_STANDALONE: Mapping[str, tuple[re.Pattern[str], str]] = {
    "from": (_PERSON, "a name without @, or a user id"),
    "to": (_PERSON, "a name without @, or a user id"),
    "url": (_ANYTHING, "a part of an address"),
    "conversation_id": (_NUMBER, "the number of a post"),
    "in_reply_to_tweet_id": (_NUMBER, "the number of a post"),
    "in_reply_to_status_id": (_NUMBER, "the number of a post"),
    "quotes_of_tweet_id": (_NUMBER, "the number of a post"),
    "quotes_of_status_id": (_NUMBER, "the number of a post"),
    "context": (re.compile(r"\d+\.(\d+|\*)"), "two numbers with a dot between them"),
    "entity": (_ANYTHING, "a name"),
    "list": (_NUMBER, "the number of a list"),
    "place": (_ANYTHING, "a place"),
    "place_country": (re.compile(r"[A-Za-z]{2}"), "a country code of two letters"),
    "point_radius": (_AREA, "[longitude latitude radius]"),
    "bounding_box": (_AREA, "[west south east north]"),
}
_KINDS = ("reply", "quote", "verified", "nullcast", "retweet")
_CONTENTS = (
    "hashtags",
    "cashtags",
    "links",
    "mentions",
    "media",
    "media_link",
    "images",
    "video_link",
    "videos",
    "geo",
)
#: Operators that only narrow what another one finds.
_NARROWING: Mapping[str, tuple[re.Pattern[str], str]] = {
    "is": (re.compile("|".join(_KINDS)), "one of: " + ", ".join(_KINDS)),
    "has": (re.compile("|".join(_CONTENTS)), "one of: " + ", ".join(_CONTENTS)),
    "lang": (_LANGUAGE, "a language code such as nl, en or sv"),
    "min_likes": (_NUMBER, "a number"),
    "min_replies": (_NUMBER, "a number"),
    "min_reposts": (_NUMBER, "a number"),
}
_RETWEETS = ("retweets_of", "retweets_of_tweet_id", "retweets_of_status_id")


@dataclass(frozen=True, slots=True)
class XQuery:
    """A search that X takes, as `text`."""

    text: str

    @classmethod
    def read(cls, text: str, *, limit: int = SELF_SERVE_CHARS) -> XQuery:
        """Judge a search somebody wrote. Raises SettingsError saying what is wrong with it and how to mend it."""
        shown = " ".join(text.split())
        refuse = _refusal(shown)
        if not shown:
            refuse('is empty; write what to look for, e.g. #hemlund or "hem lund"')
        if len(shown) > limit:
            refuse(f"has {len(shown)} characters; X takes {limit}. Make two searches of it")
        if _CURLY.search(shown):
            refuse('holds curly quotation marks; X only knows straight ones: "')
        if shown.count('"') % 2:
            refuse('has a quotation mark without its partner; put " before and after the words')
        _Judge(shown, refuse).judge()
        return cls(shown)

    @classmethod
    def build(
        cls,
        *,
        any_of: Iterable[str] = (),
        all_of: Iterable[str] = (),
        none_of: Iterable[str] = (),
        languages: Iterable[str] = (),
        limit: int = SELF_SERVE_CHARS,
    ) -> XQuery:
        """Make a search of words and phrases: at least one of, each of, none of; in any of these languages.

        Raises SettingsError where X would not take what comes of it.
        """
        parts = [
            _one_of([_term(word) for word in any_of]),
            *(_term(word) for word in all_of),
            _one_of([f"lang:{code}" for code in languages]),
            *(f"-{_term(word)}" for word in none_of),
        ]
        return cls.read(" ".join(part for part in parts if part), limit=limit)


def searches(config: AccountConfig) -> tuple[XQuery, ...]:
    """The searches of option `listen`, each once. Raises SettingsError naming the one that is wrong.

    An entry is a search as X writes it, or a table with any, all, none and languages.
    """
    wanted = config.options.get("listen", [])
    name = f"accounts.{config.key}.options"
    if not isinstance(wanted, list) or len(wanted) > MOST_SEARCHES:
        raise SettingsError(f"{name}.listen must be a list of at most {MOST_SEARCHES} searches.")
    limit = config.options.get("search_chars", SELF_SERVE_CHARS)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= ENTERPRISE_CHARS:
        raise SettingsError(f"{name}.search_chars must be a whole number up to {ENTERPRISE_CHARS}.")
    found: dict[XQuery, None] = {}
    for number, entry in enumerate(wanted, 1):
        try:
            found[_entry(entry, limit)] = None
        except SettingsError as error:
            raise SettingsError(f"{name}.listen, number {number}: {error}") from error
    return tuple(found)


def _entry(entry: Any, limit: int) -> XQuery:
    if isinstance(entry, str):
        return XQuery.read(entry, limit=limit)
    parts = {"any": "any_of", "all": "all_of", "none": "none_of", "languages": "languages"}
    if not isinstance(entry, Mapping) or not set(entry) <= set(parts):
        raise SettingsError("A search is a text, or a table with any, all, none and languages.")
    if not all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in entry.values()):
        raise SettingsError("any, all, none and languages are lists of texts.")
    return XQuery.build(**{parts[key]: words for key, words in entry.items()}, limit=limit)


def in_batches(terms: Sequence[str], *, suffix: str = "", limit: int = SELF_SERVE_CHARS) -> list[str]:
    """As few searches as hold all `terms` with OR between them, `suffix` after each search."""
    batches: list[list[str]] = []
    for term in terms:
        if not batches or len(_joined([*batches[-1], term], suffix)) > limit:
            batches.append([])
        batches[-1].append(term)
    return [_joined(batch, suffix) for batch in batches]


def _joined(terms: Sequence[str], suffix: str) -> str:
    return f"{_one_of(terms)} {suffix}".strip()


def _one_of(terms: Sequence[str]) -> str:
    return f"({' OR '.join(terms)})" if len(terms) > 1 else "".join(terms)


def _term(word: str) -> str:
    """A word as it is, a phrase or anything with signs in it in quotation marks."""
    plain = " ".join(_CURLY.sub(" ", word).replace('"', " ").split())
    if not plain:
        raise SettingsError("The search holds an empty word.")
    if _PLAIN_WORD.fullmatch(plain) and plain.upper() not in ("OR", "AND", "NOT"):
        return plain
    return f'"{plain}"'


def _refusal(shown: str) -> Callable[[str], NoReturn]:
    name = shown if len(shown) <= 80 else shown[:79] + "…"

    def refuse(why: str) -> NoReturn:
        raise SettingsError(f"The search {name} {why}." if name else f"The search {why}.")

    return refuse


class _Judge:
    """Reads a search from left to right. Each part says whether it stands alone, so finds something by itself."""

    def __init__(self, text: str, refuse: Callable[[str], NoReturn]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._refuse = refuse
        self._cashtags = 0

    def judge(self) -> None:
        finds = self._either()
        if self._tokens:
            self._refuse("closes a bracket that was not opened")
        if not finds:
            self._refuse(
                "only narrows down or leaves out; each alternative needs a word, #tag, @name or the like to look for"
            )

    def _either(self) -> bool:
        finds = [self._together()]
        while self._tokens[:1] == ["OR"]:
            self._tokens.pop(0)
            finds.append(self._together())
        return all(finds)

    def _together(self) -> bool:
        finds = []
        while self._tokens and self._tokens[0] not in (")", "OR"):
            finds.append(self._one(self._tokens.pop(0)))
        if not finds:
            self._refuse("has nothing beside an OR, or between two brackets")
        return any(finds)

    def _one(self, found: str) -> bool:
        if found == "-(":
            self._refuse("leaves out a whole bracket; put a minus before each word instead: -one -two")
        if found == "(":
            finds = self._either()
            if not self._tokens:
                self._refuse("opens a bracket that is not closed")
            self._tokens.pop(0)
            return finds
        left_out = found.startswith("-")
        word = found[1:] if left_out else found
        if not word.strip('"- '):
            self._refuse("holds a lone sign; put words between quotation marks, and a minus right before a word")
        if operator := _OPERATOR.match(word):
            return self._operator(operator[0][:-1].lower(), word[operator.end() :], left_out) and not left_out
        self._word(word)
        return not left_out

    def _word(self, word: str) -> None:
        if word in ("AND", "and") or word == "&":
            self._refuse(
                f'needs no {word}: words beside each other must all be there. The word itself goes in "{word}"'
            )
        if word == "or":
            self._refuse('has a small "or"; write OR between alternatives, or "or" in quotation marks for the word')
        if word == "NOT":
            self._refuse("holds NOT; put a minus right before the word that must not be there")
        self._cashtags += word.startswith("$") and word[1:].isalpha()
        if self._cashtags > 1:
            self._refuse("holds several $cashtags; X takes one in each search")

    def _operator(self, name: str, value: str, left_out: bool) -> bool:
        """Whether it can stand alone."""
        if name in ("http", "https"):
            self._refuse(f'holds an address; write url:"{value.strip("/")}" to find posts that link there')
        if name in _RETWEETS or (name == "is" and value == "retweet" and not left_out):
            self._refuse("asks for retweets; X no longer finds them (since May 2026)")
        if (name, value, left_out) == ("is", "nullcast", False):
            self._refuse("holds is:nullcast, which X only takes with a minus: -is:nullcast")
        known = _STANDALONE.get(name) or _NARROWING.get(name)
        if known is None:
            names = ", ".join(f"{one}:" for one in sorted({**_STANDALONE, **_NARROWING}))
            self._refuse(f'holds {name}:, which X\'s API does not know. It knows {names} (words with a colon go in "")')
        pattern, wanted = known
        if not pattern.fullmatch(value.strip('"')):
            self._refuse(f"has {value or 'nothing'} after {name}:, where X wants {wanted}")
        return name in _STANDALONE
