"""What a good password is, and how one is kept: argon2id, some 0.3 s a check, always outside a transaction."""

from __future__ import annotations

import re
import secrets
from functools import cache
from pathlib import Path

from pwdlib import PasswordHash

from webcare.errors import WebcareError

MIN_PASSWORD = 10
#: Longer ones only cost time; nobody types them.
MAX_PASSWORD = 500
_COMMON = Path(__file__).with_name("common_passwords.txt")
#: Without letters that are taken for each other when read aloud or from paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
# What people put before and after a word to satisfy a rule.
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_REPEATED = re.compile(r"^(.+?)\1+$")
_LOOKS_LIKE = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})


def check_password(password: str, *, username: str, name: str = "") -> None:
    """Raise WebcareError saying what is wrong with a new password.

    Length counts, not which characters: it must not be the person's own name nor one of the thousand commonest, with
    or without figures and signs around it.
    """
    if len(password) < MIN_PASSWORD:
        raise WebcareError(
            "The password of {username} is too short; use at least {count} characters.",
            username=username,
            count=MIN_PASSWORD,
        )
    if len(password) > MAX_PASSWORD:
        raise WebcareError("This password is too long; at most {count} characters fit.", count=MAX_PASSWORD)
    said = password.casefold()
    own = {part for part in (username.casefold(), *name.casefold().split()) if part}
    if {said, *_cores(said)} & own:
        raise WebcareError("A name is no password: choose something that others do not know of you.")
    if len(set(said)) < 4 or {said, *_cores(said)} & _common():
        raise WebcareError("This is one of the passwords tried first by anybody; choose a few words of your own.")


def one_time_password() -> str:
    """A password to be read out once and changed at the first sign-in; 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """The argon2id hash that is kept; takes some 0.3 s and 64 MiB."""
    return hasher().hash(password)


def fits(password: str, hashed: str) -> bool:
    """Whether a password is right; costs the same time where there is none to compare with."""
    right = hasher().verify(password, hashed or _dummy_hash())
    return bool(hashed) and right


@cache
def hasher() -> PasswordHash:
    """The one hasher, with pwdlib's recommended parameters."""
    return PasswordHash.recommended()


@cache
def _dummy_hash() -> str:
    # An unknown name costs as much time as a wrong password.
    return hasher().hash(secrets.token_urlsafe(16))


def _cores(said: str) -> set[str]:
    """The word inside "!welcome2026", also when figures stand for letters or the word stands there more than once."""
    bare = _AROUND.sub("", said)
    words = {bare, bare.translate(_LOOKS_LIKE), said.translate(_LOOKS_LIKE)}
    return {once for word in words for once in (word, _REPEATED.sub(r"\1", word)) if once}


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text(encoding="utf-8").split())
