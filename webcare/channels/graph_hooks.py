"""What Meta tells by webhook: whether a delivery is Meta's, and which posts it names. Pure; nothing is asked here.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started and the "Webhooks" pages of Instagram. A
delivery holds numbers of posts and sometimes their words; only the numbers are taken, the post itself is read through
the Graph API.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from webcare.errors import ChannelProtocolError

#: The header in which Meta signs the bytes it sends.
SIGNATURE = "x-hub-signature-256"
#: Our channels by the name Meta gives what a delivery is about.
CHANNELS = {"instagram": "instagram", "page": "facebook"}
_BEGINS = "sha256="
#: Longer is no number of Meta's.
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Told:
    """What a delivery tells about one account: a post that names it, or only that something of its own changed."""

    channel: str
    external_id: str  #: Meta's number of the account
    media_id: str = ""
    comment_id: str = ""

    @property
    def names_us(self) -> bool:
        """Whether it is a post to look up; else a poll finds what it is about."""
        return bool(self.media_id or self.comment_id)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether exactly these bytes were signed with this app secret. Takes the same time for every wrong signature."""
    made = _BEGINS + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made.encode(), signature.encode("utf-8", "replace"))


def told(body: bytes) -> tuple[Told, ...]:
    """What a signed delivery tells, each thing once; what we do not know is left out.

    Raises ChannelProtocolError when it is no delivery at all.
    """
    try:
        plain = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ChannelProtocolError("{title} delivered something that is no JSON.", title="Meta") from error
    if not isinstance(plain, dict) or not isinstance(plain.get("entry"), list):
        raise ChannelProtocolError("{title} delivered something without entries.", title="Meta")
    channel = CHANNELS.get(str(plain.get("object")))
    return tuple(dict.fromkeys(_entries(channel, plain["entry"]))) if channel else ()


def _entries(channel: str, entries: list[Any]) -> Iterator[Told]:
    for entry in entries:
        if not isinstance(entry, Mapping) or not (account := _number(entry.get("id"))):
            continue
        changes = entry.get("changes")
        for change in changes if isinstance(changes, list) else ():
            yield _change(channel, account, change)
        if any(entry.get(name) for name in ("messaging", "standby")):
            yield Told(channel, account)


def _change(channel: str, account: str, change: Any) -> Told:
    value = change.get("value") if isinstance(change, Mapping) else None
    if channel != "instagram" or not isinstance(value, Mapping) or change.get("field") != "mentions":
        return Told(channel, account)
    return Told(channel, account, _number(value.get("media_id")), _number(value.get("comment_id")))


def _number(value: Any) -> str:
    """A number of Meta's as text, empty for anything else: it becomes a part of addresses."""
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else ""
