"""Texts and times as networks write them: reading them safely, counting them, and telling whether two are the same.

Pure functions; nothing here knows a network's address or an account.
"""

from __future__ import annotations

import importlib.resources
import re
import sys
import threading
import types
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

#: X's limit for a post, in its weighted characters.
X_LIMIT = 280
_COUNTED_AT_MOST = 10_000
#: Networks nest a post about eight deep; a hostile answer could otherwise exhaust the stack.
_DEEPEST = 40
_LEADING_NAMES = re.compile(r"^(?:[@＠]\w{1,50}\s+)+")
_SCHEME = re.compile(r"(?i)\bhttps?://(?:www\.)?")
_HALF = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff\u00ad]")
#: NUL and lone surrogates can be stored by no database; the other control characters only garble a page.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LEGACY_DATE = "%a %b %d %H:%M:%S %z %Y"


def parse_moment(value: object) -> datetime:
    """A network's date as aware UTC: ISO 8601 with a zone, or the `Wed Jan 06 18:40:40 +0000 2021` of X's older API.

    Raises ValueError for anything else; a date without a zone is refused, not guessed.
    """
    if not isinstance(value, str) or not value:
        raise ValueError(f"no date: {value!r}")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = datetime.strptime(value, _LEGACY_DATE)  # noqa: DTZ007 - the format holds the zone
    if moment.tzinfo is None:
        raise ValueError(f"the date {value!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"the date {value!r} is out of range") from error


def identifier(value: object) -> str:
    """An id as text; networks send them as strings or as numbers. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise ValueError(f"no id: {value!r}")
    return str(value).strip()


def clean(value: object) -> str:
    """A text field without the characters no database keeps; anything but text becomes empty."""
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else ""


def clean_raw(value: Any, depth: int = 0) -> Any:
    """A payload with every text in it cleaned; what lies deeper than any post goes is left out."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean_raw(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean_raw(inner, depth + 1) for inner in value]
    return value


def unescape(text: str) -> str:
    """Undo the three entities X writes; a general unescape would also eat `&copy=1` in an address."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def comparable(text: str) -> str:
    """`text` in the form in which two copies of one post are equal.

    Entities undone, NFC, no leading @names, no invisible characters, links without scheme, spaces collapsed.
    """
    text = unicodedata.normalize("NFC", unescape(text))
    text = _INVISIBLE.sub("", text)
    text = _LEADING_NAMES.sub("", text.lstrip())
    words = (_SCHEME.sub("", word) for word in text.split())
    return " ".join(word.rstrip("/") if "/" in word else word for word in words)


def x_weight(text: str) -> int:
    """The length of a reply as X counts it: NFC, any link 23, most emoji 2, leading @names free.

    A text far beyond any post is not parsed, only measured: counting 200,000 characters takes seconds.
    """
    if len(text) > _COUNTED_AT_MOST:
        return len(text)
    text = _LEADING_NAMES.sub("", unicodedata.normalize("NFC", text).strip())
    # The parser cannot take half a character; whatever stands for it counts as one.
    whole = _HALF.sub("\ufffd", text)
    return int(_parser().parse_tweet(whole).weightedLength) if whole else 0


_import_lock = threading.Lock()


@cache
def _parser() -> Any:
    """twitter-text-parser 3.0.0, which reads one file of its own through `pkg_resources`.

    setuptools 82 dropped that module, so a stand-in with the one function it calls is there during the import.
    """
    with _import_lock:
        ours = "pkg_resources" not in sys.modules
        if ours:
            stand_in = types.ModuleType("pkg_resources")
            stand_in.resource_string = _resource_string  # type: ignore[attr-defined]
            sys.modules["pkg_resources"] = stand_in
        try:
            import twitter_text
        finally:
            if ours:
                sys.modules.pop("pkg_resources", None)
    return twitter_text


def _resource_string(module: str, name: str) -> bytes:
    return importlib.resources.files(module.rpartition(".")[0]).joinpath(name).read_bytes()


def expand_links(text: str, urls: object) -> str:
    """Put the addresses behind X's short links back, and take away the ones that only stand for an attached picture."""
    for entity in urls if isinstance(urls, list) else []:
        with suppress(AttributeError, TypeError):
            short, full = entity.get("url"), entity.get("expanded_url")
            if short and full:
                text = text.replace(short, "" if entity.get("media_key") else full)
    return text
