"""YAML read with the line of every value, for files that managers write by hand.

Plain texts stay texts: `no` is Norway and not False, `1.10` keeps its nought. Whoever needs a number or a yes asks for
one. Anchors, tags, repeated keys and endless nesting are refused: a rule file has no use for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from webcare.errors import SettingsError

_DEEPEST = 20
_LARGEST = 1_000_000
_TAG = "tag:yaml.org,2002:"
# The C loader is ten times faster; wheels of PyYAML have it, some builds do not.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_YES, _NO = ("true", "yes"), ("false", "no")


@dataclass(frozen=True, slots=True)
class Marked:
    """A value and the line it stands on, counted from 1. A mapping holds (key, value) pairs, a list values."""

    value: str | tuple[Marked, ...] | tuple[tuple[str, Marked], ...]
    line: int
    kind: str  #: "text", "list" or "mapping"
    source: str  #: name of the file, for messages
    quoted: bool = False

    def wrong(self, why: str) -> SettingsError:
        """The error that names file and line; raise it."""
        return SettingsError(f"{self.source}, line {self.line}: {why}")

    def text(self) -> str:
        """The value as text. Raises SettingsError for a list or a mapping."""
        if not isinstance(self.value, str):
            raise self.wrong(f"this must be a text, not a {self.kind}")
        return self.value

    def is_nothing(self) -> bool:
        """True for a value left out, such as `tokens:` with nothing behind it."""
        return self.kind == "text" and not self.quoted and self.value in ("", "null", "~")

    def items(self) -> tuple[Marked, ...]:
        """The values of a list; one text counts as a list of one. Raises SettingsError for a mapping."""
        if self.is_nothing():
            return ()
        if self.kind == "text":
            return (self,)
        if self.kind != "list":
            raise self.wrong("this must be a list, not a mapping")
        return self.value  # type: ignore[return-value]

    def texts(self) -> tuple[str, ...]:
        """The texts of a list; one text counts as a list of one."""
        return tuple(item.text() for item in self.items())

    def pairs(self) -> tuple[tuple[str, Marked], ...]:
        """The keys and values of a mapping. Raises SettingsError for anything else."""
        if self.is_nothing():
            return ()
        if self.kind != "mapping":
            raise self.wrong(f"this must be named values (key: value), not a {self.kind}")
        return self.value  # type: ignore[return-value]

    def yes(self) -> bool:
        """The value as true or false."""
        word = self.text().lower()
        if word not in _YES + _NO:
            raise self.wrong(f"this must be true or false, not {self.text()!r}")
        return word in _YES

    def whole(self) -> int:
        """The value as a whole number of at most nine digits."""
        word = self.text()
        if not word.removeprefix("-").isdecimal() or not word.isascii() or len(word) > 10:
            raise self.wrong(f"this must be a whole number, not {word!r}")
        return int(word)


def read_yaml(text: str, source: str) -> Iterator[Marked]:
    """Each document of a YAML text, empty ones left out. Raises SettingsError naming `source` and the line."""
    if len(text) > _LARGEST:
        raise SettingsError(f"{source}, line 1: the file is larger than {_LARGEST:,} characters")
    try:
        for node in yaml.compose_all(text, Loader=_LOADER):
            if node is not None and not (isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~")):
                yield _marked(node, source, 0, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise SettingsError(f"{source}, line {line} is not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{source}, line 1 is not valid YAML: {error}") from error
    except RecursionError as error:
        raise SettingsError(f"{source}, line 1: the file is nested too deeply") from error


def _marked(node: yaml.Node, source: str, depth: int, seen: set[int]) -> Marked:
    line = node.start_mark.line + 1
    if depth > _DEEPEST:
        raise SettingsError(f"{source}, line {line}: the file is nested too deeply")
    if id(node) in seen or not node.tag.startswith(_TAG):
        # A node met twice is an alias; a few of them can unfold into gigabytes.
        raise SettingsError(f"{source}, line {line}: anchors (&, *) and tags (!) are not allowed here")
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return Marked(node.value, line, "text", source, quoted=bool(node.style))
    if isinstance(node, yaml.SequenceNode):
        return Marked(tuple(_marked(item, source, depth + 1, seen) for item in node.value), line, "list", source)
    return Marked(tuple(_pairs(node, source, depth, seen)), line, "mapping", source)


def _pairs(node: yaml.Node, source: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Marked]]:
    known: set[str] = set()
    for key, value in node.value:
        name = _marked(key, source, depth + 1, seen)
        if name.text() in known:
            raise name.wrong(f"{name.text()!r} stands here twice; keep one of them")
        known.add(name.text())
        yield name.text(), _marked(value, source, depth + 1, seen)
