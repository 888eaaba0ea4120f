"""The `fields` language of the Graph API: names, nesting and modifiers, as in `comments.limit(5){id,message}`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MODIFIER = re.compile(r"\.([a-z_]+)\(([^()]*)\)")


class FieldsError(Exception):
    """The `fields` parameter cannot be read."""


@dataclass(frozen=True, slots=True)
class Field:
    """One name with what hangs on it."""

    name: str
    modifiers: dict[str, str] = field(default_factory=dict)
    inner: tuple[Field, ...] = ()


def parse_fields(text: str) -> tuple[Field, ...]:
    """Read a `fields` parameter. Raises FieldsError."""
    found, rest = _list(text.strip())
    if rest:
        raise FieldsError(
            f'Syntax error "Expected end of string instead of {rest[0]!r}." at character {len(text)}: {text}'
        )
    return found


def _list(text: str) -> tuple[tuple[Field, ...], str]:
    found: list[Field] = []
    while True:
        one, text = _one(text.lstrip())
        found.append(one)
        text = text.lstrip()
        if not text.startswith(","):
            return tuple(found), text
        text = text[1:]


def _one(text: str) -> tuple[Field, str]:
    match = _NAME.match(text)
    if match is None:
        raise FieldsError(f'Syntax error "Field names are expected." in: {text}')
    text, modifiers = text[match.end() :], {}
    while (modifier := _MODIFIER.match(text)) is not None:
        modifiers[modifier.group(1)] = modifier.group(2)
        text = text[modifier.end() :]
    if not text.startswith("{"):
        return Field(match.group(), modifiers), text
    inner, text = _list(text[1:])
    if not text.startswith("}"):
        raise FieldsError('Syntax error "Expected }"')
    return Field(match.group(), modifiers, inner), text[1:]
