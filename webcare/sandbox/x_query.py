"""The search language of X, as far as a webcare desk needs it: words, phrases, OR, -, () and the usual operators.

A query becomes a test for one post and, where it can be told, the list of posts that can pass at all, so that a
search does not look at every post there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webcare.sandbox import x_text
from webcare.sandbox.values import XPost

if TYPE_CHECKING:
    from webcare.sandbox.x_network import XNetwork

MAX_LENGTH = 4096
_TOKEN = re.compile(r'\s*(\(|\)|-(?=\S)|(?:[A-Za-z_]+:)?"[^"]*"|[^\s()"]+)')
_HAS = ("links", "mentions", "hashtags", "media", "images", "videos", "video_link")
_IS = ("retweet", "reply", "quote", "verified")
Test = Callable[[XPost], bool]


class QueryError(Exception):
    """The query is not one X would take."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query ready to run: a test for one post, and lists of ids (ascending) that can pass; None: any may."""

    test: Test
    lists: tuple[Sequence[int], ...] | None = None


def parse(text: str, network: XNetwork) -> Query:
    """Read a query. Raises QueryError with the reason."""
    if not text.strip():
        raise QueryError("the query is empty")
    parser = _Parser(text, network)
    found = parser.either()
    if parser.peek() is not None:
        raise QueryError(f"no viable alternative at input '{parser.peek()}'")
    if not parser.standalone:
        raise QueryError("the query must hold at least one operator that can stand alone")
    return found


def _all_of(parts: list[Query]) -> Query:
    if len(parts) == 1:
        return parts[0]
    known = [part.lists for part in parts if part.lists is not None]
    shortest = min(known, key=lambda lists: sum(len(ids) for ids in lists), default=None)
    return Query(lambda post: all(part.test(post) for part in parts), shortest)


def _any_of(parts: list[Query]) -> Query:
    if len(parts) == 1:
        return parts[0]
    known = [part.lists for part in parts if part.lists is not None]
    lists = tuple(ids for lists in known for ids in lists) if len(known) == len(parts) else None
    return Query(lambda post: any(part.test(post) for part in parts), lists)


class _Parser:
    def __init__(self, text: str, network: XNetwork) -> None:
        self._tokens = list(_tokens(text))
        self._network = network
        self.standalone = False

    def peek(self) -> str | None:
        return self._tokens[0] if self._tokens else None

    def either(self) -> Query:
        parts = [self._together()]
        while self.peek() == "OR":
            self._tokens.pop(0)
            parts.append(self._together())
        return _any_of(parts)

    def _together(self) -> Query:
        parts = []
        while self.peek() not in (None, ")", "OR"):
            parts.append(self._one())
        if not parts:
            raise QueryError("an operator misses what it stands for")
        return _all_of(parts)

    def _one(self) -> Query:
        found = self._tokens.pop(0)
        if found == "-":
            return self._negated()
        if found != "(":
            return self._term(found)
        inner = self.either()
        if not self._tokens or self._tokens.pop(0) != ")":
            raise QueryError("a bracket is not closed")
        return inner

    def _negated(self) -> Query:
        standalone = self.standalone
        inner = self._one()
        self.standalone = standalone
        return Query(lambda post: not inner.test(post))

    def _term(self, token: str) -> Query:
        name, colon, value = token.partition(":")
        if colon and not token.startswith(('"', "@", "#")) and not value.startswith("//"):
            return self._operator(name.lower(), value.strip('"'))
        self.standalone = True
        if token.startswith("@"):
            handle = token[1:].lower()
            return Query(lambda post: handle in post.mentions, (self._network.by_mention.get(handle, ()),))
        if token.startswith("#"):
            tag = token[1:].lower()
            tagged = self._with_word(x_text.words(tag))
            return Query(lambda post: tag in (one.lower() for one in x_text.HASHTAG.findall(post.text)), (tagged,))
        return self._phrase(token.strip('"'))

    def _phrase(self, phrase: str) -> Query:
        wanted = x_text.words(phrase)
        if not wanted:
            return Query(lambda post: phrase in post.text)
        if len(wanted) == 1:
            ids = self._with_word(wanted)
            return Query(lambda post: wanted[0] in x_text.words(post.text), (ids,))
        return Query(lambda post: _holds(x_text.words(post.text), wanted), (self._with_word(wanted),))

    def _with_word(self, words: list[str]) -> Sequence[int]:
        lists: list[Sequence[int]] = [self._network.by_word.get(word, ()) for word in words]
        return min(lists, key=len, default=())

    def _operator(self, name: str, value: str) -> Query:
        if name in ("is", "has", "lang"):
            return Query(self._narrowing(name, value))
        self.standalone = True
        network = self._network
        if name == "from":
            author = self._user_id(value)
            return Query(lambda post: post.author_id == author, (network.by_author.get(author, ()),))
        if name == "to":
            return Query(self._answering(self._user_id(value)))
        if name == "url":
            return Query(lambda post: any(value.lower() in original.lower() for _, original in post.links))
        if not value.isdecimal():
            raise QueryError(f"Reference to invalid operator '{name}'.")
        number = int(value)
        if name == "conversation_id":
            return Query(lambda post: post.conversation_id == number, (network.by_conversation.get(number, ()),))
        if name == "in_reply_to_tweet_id":
            return Query(lambda post: post.in_reply_to == number, (network.by_answered.get(number, ()),))
        if name == "quotes_of_tweet_id":
            return Query(lambda post: post.quoted == number, (network.by_quoted.get(number, ()),))
        raise QueryError(f"Reference to invalid operator '{name}'.")

    def _user_id(self, value: str) -> str:
        known = self._network.world.handles.get(("x", value.lstrip("@").lower()))
        return known.id if known else value

    def _answering(self, author: str) -> Test:
        posts = self._network.posts

        def test(post: XPost) -> bool:
            parent = posts.get(post.in_reply_to) if post.in_reply_to is not None else None
            return parent is not None and parent.author_id == author

        return test

    def _narrowing(self, name: str, value: str) -> Test:
        if name == "lang":
            return lambda post: post.lang == value.lower()
        if value not in (_IS if name == "is" else _HAS):
            raise QueryError(f"Reference to invalid operator '{name}:{value}'.")
        world = self._network.world
        tests: dict[str, Test] = {
            "retweet": lambda post: post.retweeted is not None,
            "reply": lambda post: post.in_reply_to is not None,
            "quote": lambda post: post.quoted is not None,
            "verified": lambda post: world.is_brand("x", post.author_id),
            "links": lambda post: bool(post.links),
            "mentions": lambda post: bool(post.mentions),
            "hashtags": lambda post: bool(x_text.HASHTAG.search(post.text)),
            "media": lambda post: bool(post.media),
            "images": lambda post: any(kind == "photo" for kind, _ in post.media),
            "videos": lambda post: any(kind == "video" for kind, _ in post.media),
            "video_link": lambda post: any(kind == "video" for kind, _ in post.media),
        }
        return tests[value]


def _holds(words: list[str], wanted: list[str]) -> bool:
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise QueryError(f"no viable alternative at input '{text[at : at + 12]}'")
        at = match.end()
        yield match.group(1)
