"""Sealing what must not be readable in the database, with a key that only the environment holds.

WEBCARE_SECRET_KEY, or the file that WEBCARE_SECRET_KEY_FILE names, holds one key, or several with commas or blanks
between them: the first seals, all of them open. So a key is changed by putting the new one first, and taken away once
everything was sealed again. Neither a key nor what was sealed ever stands in a message.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from webcare.domain import Said
from webcare.errors import SettingsError

VARIABLE = "WEBCARE_SECRET_KEY"
_HOW = Said(
    "make one with `python -m webcare.sealing` and put it into {variable} of the console and of the jobs",
    variable=VARIABLE,
)


class Sealer:
    """Seals and opens short texts."""

    def __init__(self, keys: list[bytes]) -> None:
        self._first = Fernet(keys[0])
        self._all = MultiFernet([Fernet(key) for key in keys])

    def seal(self, plain: str) -> str:
        """The text, unreadable without a key."""
        return self._all.encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises SettingsError when none of the keys fits."""
        try:
            return self._all.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SettingsError(
                "What was entered in the browser was sealed with another key than those in {variable}; add "
                "that key after the first one, or enter it again.",
                variable=VARIABLE,
            ) from error

    def is_of_the_first_key(self, sealed: str) -> bool:
        """Whether it would still open once all keys but the first are gone."""
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True


def sealer(env: Mapping[str, str] | None = None) -> Sealer:
    """The sealer of this process. Raises SettingsError with the mend when there is no key, or one is no key."""
    env = os.environ if env is None else env
    keys = [part.encode() for part in re.split(r"[,\s]+", _keys(env)) if part]
    if not keys:
        raise SettingsError("There is no key to seal secrets with: {how}.", how=_HOW)
    try:
        return Sealer(keys)
    except ValueError as error:
        raise SettingsError("{variable} holds something that is no key: {how}.", variable=VARIABLE, how=_HOW) from error


def new_key() -> str:
    """A fresh random key."""
    return Fernet.generate_key().decode()


def _keys(env: Mapping[str, str]) -> str:
    if given := env.get(VARIABLE, "").strip():
        return given
    if not (file := env.get(f"{VARIABLE}_FILE")):
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "{variable}_FILE names {file}, which cannot be read as text", variable=VARIABLE, file=file
        ) from error


if __name__ == "__main__":
    sys.stdout.write(f"{VARIABLE}={new_key()}\n")
