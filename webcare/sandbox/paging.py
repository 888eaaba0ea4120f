"""Opaque page tokens and cursors: clients hand them back unread, and made-up ones are refused."""

from __future__ import annotations

import base64
import binascii
import hashlib


class TokenError(Exception):
    """This is not a token we handed out."""


def _check(text: str) -> str:
    return hashlib.sha256(f"webcare sandbox token {text}".encode()).hexdigest()[:6]


def token_for(way: str, at: int | str) -> str:
    """A token of letters and digits for "the page `way` from `at`"; never shorter than 16 characters."""
    text = f"{way}|{at}"
    return base64.b32encode(f"{_check(text)}|{text}".encode()).decode().rstrip("=").lower()


def read_token(token: str) -> tuple[str, int]:
    """Direction and X id of a token. Raises TokenError."""
    way, at = read_text_token(token)
    if not at.isdecimal():
        raise TokenError(token)
    return way, int(at)


def read_text_token(token: str) -> tuple[str, str]:
    """Direction and place of a token. Raises TokenError."""
    try:
        text = base64.b32decode(token.upper() + "=" * (-len(token) % 8)).decode()
    except (binascii.Error, ValueError) as error:
        raise TokenError(token) from error
    check, _, rest = text.partition("|")
    way, _, at = rest.partition("|")
    if check != _check(rest):
        raise TokenError(token)
    return way, at
