"""The one way untrusted text reaches a page: cleaned, escaped, and shut in its own direction of writing.

Everything a customer, a network or a colleague typed is untrusted. `el` builds HTML and escapes every plain string it
is given; only what `el` made passes unescaped. `draw` puts it on the page. Streamlit's markdown functions and widget
labels load images and obey directives found in their text, so untrusted words never go there (`label` for the few
names that must).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from string import Formatter
from typing import Literal
from urllib.parse import urlsplit

import streamlit as st

#: Longest text shown in one place; collected posts may be longer than any network allows.
MAX_SHOWN = 10_000
#: Combining marks kept on one letter. No language needs more; stacks of them climb over the neighbours.
_MAX_MARKS = 4
_FLAG_START = "\U0001f3f4"
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MANY_BREAKS = re.compile(r"\n{3,}")
#: Text of Western letters and plain signs alone has nothing that must go; looking at each character takes long.
_PLAIN = re.compile("[\n\t\x20-\x7e\xa0-\xac\xae-\u024f\u2010-\u2027\u2030-\u205e\u20ac]*")
_BLANK_LETTERS = str.maketrans(dict.fromkeys("\u115f\u1160\u3164\uffa0\u2800", " "))
_TAG_NAME = re.compile(r"[a-z][a-z0-9]*")
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9-]*")
_VOID = frozenset({"br", "hr", "input"})
# Letters, digits, spaces and the punctuation of names; no character here means anything to markdown.
_LABEL_PUNCTUATION = frozenset(" -'’·")


class Html(str):
    """Markup made by this module: safe to put on a page as it is."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        # Of a plain string Streamlit asks the disk whether it names a file, and looks for indented lines in it.
        return str(self)


def clean(text: str, *, limit: int = MAX_SHOWN) -> str:
    """Text without what cannot be seen or would disturb its surroundings.

    Control characters, direction marks, zero-width characters and stacked accents go; line breaks stay. Characters
    that a script or an emoji needs (joiners between letters of those scripts, flags) stay.
    """
    shown = text[: limit + 1] if len(text) <= limit else text[:limit] + "…"
    if not _PLAIN.fullmatch(shown):
        shown = _only_what_shows(_LINE_BREAKS.sub("\n", shown).translate(_BLANK_LETTERS))
    return _MANY_BREAKS.sub("\n\n", shown) if "\n\n\n" in shown else shown


def _only_what_shows(shown: str) -> str:
    kept: list[str] = []
    marks = 0
    for index, char in enumerate(shown):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MAX_MARKS and _is_shown(char, shown, index):
            kept.append(char)
    return "".join(kept)


def line(text: str, *, limit: int = 200) -> str:
    """Cleaned text on one line."""
    return " ".join(clean(text, limit=limit).split())


def label(text: str, *, limit: int = 40) -> str:
    """A name for a widget's label: letters, digits and plain punctuation only, so that markdown finds nothing in it."""
    kept = "".join(char if _is_label_char(char) else " " for char in line(text, limit=limit))
    # The only sign of markdown that handles really contain.
    return " ".join(kept.split()).replace("_", r"\_")


def el(name: str, *children: str, **attributes: str | None) -> Html:
    """An element; plain strings among the children are cleaned and escaped. `cls` gives the class.

    Attribute values are cleaned and escaped too; None leaves one out. `href` takes web addresses and our own paths.
    """
    if not _TAG_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not an element")
    opened = f"<{name}{_attributes(attributes)}>"
    if name in _VOID:
        return Html(opened)
    return Html(f"{opened}{''.join(text(child) for child in children)}</{name}>")


def text(value: str) -> Html:
    """Escape a plain string; what this module made passes as it is."""
    return value if isinstance(value, Html) else Html(escape(clean(value)))


def join(parts: Iterable[str]) -> Html:
    """Several pieces after each other."""
    return Html("".join(text(part) for part in parts))


def said(value: str, *, cls: str = "wc-said") -> Html:
    """Somebody's words as a block that keeps its line breaks and its own direction of writing."""
    return el("div", value, cls=cls, dir="auto")


def name(value: str) -> Html:
    """A person's name inside our own sentence, isolated so that its direction cannot turn the sentence."""
    return el("bdi", line(value, limit=80))


def marked(value: str, spans: Iterable[tuple[int, int, str]]) -> Html:
    """A draft with parts marked; `spans` are (start, end, class) offsets into `value` as written."""
    parts: list[str] = []
    position = 0
    for start, end, cls in sorted(spans):
        start, end = max(start, position), min(end, len(value))
        if start >= end:
            continue
        parts += [value[position:start], el("mark", value[start:end], cls=cls)]
        position = end
    parts.append(value[position:])
    return el("div", *parts, cls="wc-said", dir="auto")


def filled(template: str, **parts: str) -> Html:
    """A translated sentence with markup in its places: `filled(_("Ask {who}."), who=name(colleague))`."""
    pieces = ((said, parts.get(place or "", "")) for said, place, _, _ in Formatter().parse(template))
    return join(tuple(piece for pair in pieces for piece in pair if piece))


def nothing_here(told: str, why: str = "") -> Html:
    """What stands where a list is empty: that it is, and what would be in it."""
    return el("div", el("strong", told), *([el("p", why, cls="wc-soft")] if why else []), cls="wc-empty")


def draw(*parts: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """Put markup on the page. The only call of `st.html` with words in it."""
    st.html(join(parts), width=width)


def web_address(value: str) -> str | None:
    """The address if it is one a browser may open from here (http or https), else None."""
    try:
        parsed = urlsplit(value.strip())
    except ValueError:
        return None
    return value.strip() if parsed.scheme in ("http", "https") and parsed.netloc else None


def _attributes(attributes: dict[str, str | None]) -> str:
    rendered = ""
    for key, value in attributes.items():
        key = "class" if key == "cls" else key.rstrip("_").replace("_", "-")
        if not _ATTRIBUTE.fullmatch(key) or key.startswith("on"):
            raise ValueError(f"{key!r} is not an attribute for this page")
        if value is None or (key == "href" and not _may_link(value)):
            continue
        rendered += f' {key}="{escape(line(value, limit=2_000))}"'
    return rendered


def _may_link(address: str) -> bool:
    own = address.startswith("/") and not address.startswith(("//", "/\\"))
    return own or web_address(address) is not None


def _is_shown(char: str, around: str, index: int) -> bool:
    if char in "\n\t":
        return True
    code = ord(char)
    if char in (_ZWJ, _ZWNJ):
        return _joins(around, index)
    if 0xE0020 <= code <= 0xE007F:
        return _FLAG_START in around[max(0, index - 7) : index]
    if 0xE0100 <= code <= 0xE01EF:
        return False
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _joins(around: str, index: int) -> bool:
    """Whether a joiner stands between an emoji and something, or inside a script that uses joiners."""
    if not 0 < index < len(around) - 1:
        return False
    before, after = around[index - 1], around[index + 1]
    # Emoji may be followed by a skin colour or a variation sign, then the joiner.
    emoji = ord(before) >= 0x2190 and ord(after) >= 0x2190
    return emoji or (0x0590 <= ord(before) <= 0x0DFF and 0x0590 <= ord(after) <= 0x0DFF)


def _is_label_char(char: str) -> bool:
    return char in _LABEL_PUNCTUATION or char == "_" or unicodedata.category(char)[0] in "LMN"
