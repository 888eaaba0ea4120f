"""The search language of X, as far as a webcare desk needs it: words, phrases, OR, -, () and the usual operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webcare.sandbox import x_text
from webcare.sandbox.values import XPost

if TYPE_CHECKING:
    from webcare.sandbox.x_network import XNetwork

MAX_LENGTH = 4096
_TOKEN = re.compile(r'\s*(\(|\)|-(?=\S)|(?:[A-Za-z_]+:)?"[^"]*"|[^\s()"]+)')
_WORD = re.compile(r"\w+")
_HAS = ("links", "mentions", "hashtags", "media", "images", "videos")
_IS = ("retweet", "reply", "quote", "verified")
Test = Callable[[XPost], bool]


class QueryError(Exception):
    """The query is not one X would take."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query ready to run: a test for one post, and the conversation it is limited to, if any."""

    test: Test
    conversation_id: int | None


def parse(text: str, network: XNetwork) -> Query:
    """Read a query. Raises QueryError with the reason."""
    if not text.strip():
        raise QueryError("the query is empty")
    parser = _Parser(text, network)
    test = parser.either()
    if parser.peek() is not None:
        raise QueryError(f"no viable alternative at input '{parser.peek()}'")
    if not parser.standalone:
        raise QueryError("the query must hold at least one operator that can stand alone")
    only = parser.conversations[0] if len(parser.conversations) == 1 and parser.alternatives == 0 else None
    return Query(test, only)


class _Parser:
    def __init__(self, text: str, network: XNetwork) -> None:
        self._tokens = list(_tokens(text))
        self._network = network
        self.standalone = False
        self.alternatives = 0
        self.conversations: list[int] = []

    def peek(self) -> str | None:
        return self._tokens[0] if self._tokens else None

    def either(self) -> Test:
        parts = [self._together()]
        while self.peek() == "OR":
            self._tokens.pop(0)
            self.alternatives += 1
            parts.append(self._together())
        return parts[0] if len(parts) == 1 else lambda post: any(part(post) for part in parts)

    def _together(self) -> Test:
        parts = []
        while self.peek() not in (None, ")", "OR"):
            parts.append(self._one())
        if not parts:
            raise QueryError("an operator misses what it stands for")
        return parts[0] if len(parts) == 1 else lambda post: all(part(post) for part in parts)

    def _one(self) -> Test:
        found = self._tokens.pop(0)
        if found == "-":
            return self._negated()
        if found != "(":
            return self._term(found)
        inner = self.either()
        if not self._tokens or self._tokens.pop(0) != ")":
            raise QueryError("a bracket is not closed")
        return inner

    def _negated(self) -> Test:
        standalone, conversations = self.standalone, list(self.conversations)
        inner = self._one()
        self.standalone, self.conversations = standalone, conversations
        return lambda post: not inner(post)

    def _term(self, token: str) -> Test:
        name, colon, value = token.partition(":")
        if colon and not token.startswith(('"', "@", "#")) and not value.startswith("//"):
            return self._operator(name.lower(), value.strip('"'))
        self.standalone = True
        if token.startswith("@"):
            return lambda post: token[1:].lower() in post.mentions
        if token.startswith("#"):
            return lambda post: token[1:].lower() in (tag.lower() for tag in x_text.HASHTAG.findall(post.text))
        return _words_in(token.strip('"'))

    def _operator(self, name: str, value: str) -> Test:
        if name in ("is", "has", "lang"):
            return self._narrowing(name, value)
        self.standalone = True
        if name == "from":
            return lambda post: value.lower() in (self._network.author(post).handle.lower(), post.author_id)
        if name == "to":
            return lambda post: self._answers(post, value)
        if name == "conversation_id" and value.isdecimal():
            self.conversations.append(int(value))
            return lambda post: post.conversation_id == int(value)
        if name == "url":
            return lambda post: any(value.lower() in original.lower() for _, original in post.links)
        raise QueryError(f"Reference to invalid operator '{name}'.")

    def _narrowing(self, name: str, value: str) -> Test:
        if name == "lang":
            return lambda post: post.lang == value.lower()
        if value not in (_IS if name == "is" else _HAS):
            raise QueryError(f"Reference to invalid operator '{name}:{value}'.")
        return {
            "retweet": lambda post: post.retweeted is not None,
            "reply": lambda post: post.in_reply_to is not None,
            "quote": lambda post: post.quoted is not None,
            "links": lambda post: bool(post.links),
            "mentions": lambda post: bool(post.mentions),
            "hashtags": lambda post: bool(x_text.HASHTAG.search(post.text)),
        }.get(value, lambda _: False)

    def _answers(self, post: XPost, value: str) -> bool:
        parent = self._network.posts.get(post.in_reply_to) if post.in_reply_to is not None else None
        if parent is None:
            return False
        return value.lower() in (self._network.author(parent).handle.lower(), parent.author_id)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise QueryError(f"no viable alternative at input '{text[at : at + 12]}'")
        at = match.end()
        yield match.group(1)


def _words_in(phrase: str) -> Test:
    wanted = _WORD.findall(phrase.lower())

    def test(post: XPost) -> bool:
        words = _WORD.findall(post.text.lower())
        return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))

    return test if wanted else lambda post: phrase in post.text
