"""How X treats the text of a post: who is named in it, how links are shortened, how long it counts.

Written from the published counting rules, on purpose apart from the library the desk counts with: two counts that
share no code check each other.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any

MAX_WEIGHT = 280
#: X counts every link as this many characters, whatever its real length.
LINK_WEIGHT = 23
#: Code points outside the ranges that weigh one; each weighs two.
_HEAVY = re.compile("[^\\u0000-\\u10ff\\u2000-\\u200d\\u2010-\\u201f\\u2032-\\u2037]")

MENTION = re.compile(r"(?<![A-Za-z0-9_@/])[@＠]([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])")
HASHTAG = re.compile(r"(?<![\w&/])[#＃]((?=\w*[^\W\d_])\w+)")
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}'…]")
_WORD = re.compile(r"\w+")
_PICTO = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2190-\u21ff\u2300-\u23ff\u25a0-\u25ff\u2b00-\u2bff\u3030\u303d\u3297\u3299]"
)
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    f"|{_PICTO}[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d{_PICTO}[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)


def words(text: str) -> list[str]:
    """The words search looks at, lower case, in order."""
    return _WORD.findall(text.lower())


def mentioned(text: str) -> tuple[str, ...]:
    """The @names in `text`, lower case, each once, in order."""
    return tuple(dict.fromkeys(found.lower() for found in MENTION.findall(text)))


def weighted_length(text: str) -> int:
    """How many characters X counts for `text`; a link counts 23 and an emoji two."""
    text = unicodedata.normalize("NFC", text)
    text, links = LINK.subn("", text)
    text, emoji = _EMOJI.subn("", text)
    return links * LINK_WEIGHT + emoji * 2 + len(text) + len(_HEAVY.findall(text))


def shorten(text: str, *, salt: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Replace each link by a short one, as X does; returns the text and the pairs (short, original)."""
    links: list[tuple[str, str]] = []

    def short(match: re.Match[str]) -> str:
        link = match.group()
        code = hashlib.sha256(f"{salt} {len(links)} {link}".encode()).hexdigest()[:10]
        links.append((f"https://t.co/{code}", link))
        return links[-1][0]

    return LINK.sub(short, text), tuple(links)


def escaped(text: str) -> str:
    """The three characters X's API writes as HTML entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def with_names(text: str, names: list[str]) -> str:
    """Put the people being answered in front, leaving out those the text already begins with."""
    missing = [name for name in names if name.lower() not in mentioned(text)]
    return " ".join([*(f"@{name}" for name in missing), text]) if missing else text


def entities(text: str, *, links: tuple[tuple[str, str], ...], ids: dict[str, str]) -> dict[str, Any]:
    """The `entities` object of a post; `ids` gives the user id of a lower-case @name."""
    mentions = []
    for match in MENTION.finditer(text):
        entity: dict[str, Any] = {"start": match.start(), "end": match.end(), "username": match.group(1)}
        if match.group(1).lower() in ids:
            entity["id"] = ids[match.group(1).lower()]
        mentions.append(entity)
    hashtags = [{"start": m.start(), "end": m.end(), "tag": m.group(1)} for m in HASHTAG.finditer(text)]
    urls = [_url_entity(text, short, original) for short, original in links if short in text]
    found = {"mentions": mentions, "hashtags": hashtags, "urls": urls}
    return {name: value for name, value in found.items() if value}


def _url_entity(text: str, short: str, original: str) -> dict[str, Any]:
    start = text.index(short)
    shown = re.sub(r"^https?://(www\.)?", "", original)
    display = shown if len(shown) <= 27 else shown[:26] + "…"
    return {
        "start": start,
        "end": start + len(short),
        "url": short,
        "expanded_url": original,
        "display_url": display,
    }
