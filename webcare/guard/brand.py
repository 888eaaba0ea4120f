"""The small brand file of `webcare guard --brand`: who we are, and what may be said in public.

TOML (`.toml`) or JSON (anything else), for example:

    name = "Hemlund"
    colleagues = ["Sanne de Vries", "svries"]
    queues = ["finance-nl"]
    internal_hosts = ["desk.hemlund.example"]
    shareable = ["Returns are free for 365 days with the receipt."]
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from webcare.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Brand:
    """What a brand adds to the guard's own knowledge."""

    name: str = ""
    colleagues: tuple[str, ...] = ()  #: names and user names of staff
    queues: tuple[str, ...] = ()  #: names of further queues
    internal_hosts: tuple[str, ...] = ()
    shareable: tuple[str, ...] = ()  #: facts that may stand in any reply


def load_brand(path: Path) -> Brand:
    """Read a brand file. Raises SettingsError naming the file, the line and the mend."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as text: {error}") from error
    content = _parse(path, text)
    known = {field.name for field in fields(Brand)}
    for key, value in content.items():
        if key not in known:
            names = ", ".join(sorted(known))
            raise SettingsError(f"{path}, line {_line_of(text, key)}: unknown key {key!r}; the keys are {names}")
        _check(path, text, key, value)
    lists = {key: tuple(value) for key, value in content.items() if key != "name"}
    return Brand(name=content.get("name", ""), **lists)


def _parse(path: Path, text: str) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        line = where[1] if where else len(text.splitlines())
        raise SettingsError(f"{path}, line {line} is not valid TOML: {error}") from error
    except json.JSONDecodeError as error:
        raise SettingsError(f"{path}, line {error.lineno} is not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise SettingsError(f"{path} is nested too deeply to be a brand file") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path}, line 1: a brand file holds named values, not {type(content).__name__}")
    return content


def _check(path: Path, text: str, key: str, value: Any) -> None:
    if key == "name":
        fits, want = isinstance(value, str), "a text"
    else:
        fits, want = isinstance(value, list) and all(isinstance(one, str) for one in value), "a list of texts"
    if not fits:
        raise SettingsError(f"{path}, line {_line_of(text, key)}: {key} must be {want}")


def _line_of(text: str, key: str) -> int:
    """The line a key first stands on, for people to find it."""
    for number, line in enumerate(text.splitlines(), start=1):
        if key in line:
            return number
    return 1
