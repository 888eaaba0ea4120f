"""From the HTML in which some networks give posts to plain text. Pure; the HTML is a stranger's and never trusted.

Nothing of the markup survives but what people read: paragraphs and lines, list marks, and where a link leads. Python's
own parser takes minutes for 100 KB of markup made to be slow, so the tags are found here, in one pass.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

#: Longer markup is cut: posts are a few kilobytes.
MOST_CHARACTERS = 100_000
#: What is longer than this is no tag that people's posts hold, and is read as text.
_LONGEST_TAG = 4_000
_LINES = frozenset({"br", "tr", "dt", "dd"})
_BLOCKS = frozenset({"p", "div", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "table", "hr"})
#: What stands between these tags was never written for people.
_UNSEEN = frozenset({"script", "style", "template", "head", "title", "noscript"})
_NAME = re.compile(r"(/?)([A-Za-z][A-Za-z0-9]*)")
_ATTRIBUTE = re.compile(r"""([A-Za-z][\w-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""")
_SPACE = re.compile(r"[ \t\r\f\v]+")
_BREAKS = re.compile(r"\n{3,}")
_SCHEME = re.compile(r"(?i)^https?://(?:www\.)?")

#: Says of a link's attributes whether its own words are enough (a name, a hashtag), so that no address is added.
Plain = Callable[[dict[str, str]], bool]


def plain_text(markup: str, *, named: Plain = lambda attributes: False) -> str:
    """The text people would read. A link keeps its words, with its address behind them where the two differ."""
    reader = _Reader(named)
    for words, tag in _pieces(markup[:MOST_CHARACTERS]):
        reader.take(words, tag)
    return _tidy("".join(reader.parts))


class _Reader:
    def __init__(self, named: Plain) -> None:
        self.parts: list[str] = []
        self._named = named
        self._unseen = ""
        self._links: list[tuple[int, str]] = []

    def take(self, words: str, tag: str) -> None:
        """Read a stretch of text and the inside of the tag behind it."""
        if words and not self._unseen:
            self.parts.append(html.unescape(words))
        found = _NAME.match(tag)
        if not found:
            return
        closing, name = bool(found[1]), found[2].lower()
        if self._unseen:
            self._unseen = "" if closing and name == self._unseen else self._unseen
        elif closing:
            self._close(name)
        else:
            self._open(name, tag)

    def _open(self, name: str, tag: str) -> None:
        if name in _UNSEEN:
            self._unseen = name
        elif name in _LINES:
            self.parts.append("\n")
        elif name in _BLOCKS:
            self.parts.append("\n\n")
        elif name == "li":
            self.parts.append("\n- ")
        elif name == "a":
            given = _attributes(tag)
            self._links.append((len(self.parts), "" if self._named(given) else given.get("href", "")))

    def _close(self, name: str) -> None:
        if name in _BLOCKS:
            self.parts.append("\n\n")
        elif name == "a" and self._links:
            start, address = self._links.pop()
            shown = "".join(self.parts[start:])
            if _SCHEME.match(address) and _bare(shown) != _bare(address):
                self.parts.append(f" ({address})" if shown.strip() else address)


def _pieces(markup: str) -> Iterator[tuple[str, str]]:
    """Stretches of text, each with the inside of the tag that follows it; empty where none does."""
    at, words = 0, ""
    while (start := markup.find("<", at)) >= 0:
        words += markup[at:start]
        if markup.startswith("<!--", start):
            end = markup.find("-->", start)
            at = end + 3 if end >= 0 else len(markup)
            continue
        end = markup.find(">", start, start + _LONGEST_TAG)
        if end < 0 or not (_NAME.match(markup, start + 1) or markup[start + 1] in "!?"):
            words, at = words + "<", start + 1
            continue
        yield words, markup[start + 1 : end]
        words, at = "", end + 1
    yield words + markup[at:], ""


def _attributes(tag: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(tag)
    return {one[1].lower(): html.unescape(one[2] or one[3] or one[4] or "") for one in found}


def _bare(address: str) -> str:
    return _SCHEME.sub("", address.strip()).rstrip("/").lower()


def _tidy(text: str) -> str:
    lines = (_SPACE.sub(" ", line).strip() for line in text.replace("\u00a0", " ").split("\n"))
    return _BREAKS.sub("\n\n", "\n".join(lines)).strip()
