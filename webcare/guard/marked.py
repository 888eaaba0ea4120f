"""YAML read with the line of every value, for files that managers write by hand.

Plain texts stay texts: `no` is Norway and not False, `1.10` keeps its nought. Whoever needs a number or a yes asks for
one. Anchors, tags, repeated keys and endless nesting are refused: a rule file has no use for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from webcare.domain import Said
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

    def wrong(self, why: str, /, **values: object) -> SettingsError:
        """The error that names file and line; raise it. `values` fill the places of `why`."""
        return _wrong(self.source, self.line, why if isinstance(why, Said) else Said(why, **values))

    def text(self) -> str:
        """The value as text. Raises SettingsError for a list or a mapping."""
        if not isinstance(self.value, str):
            raise self.wrong("this must be a text, not a {kind}", kind=self.kind)
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
            raise self.wrong("this must be named values (key: value), not a {kind}", kind=self.kind)
        return self.value  # type: ignore[return-value]

    def yes(self) -> bool:
        """The value as true or false."""
        word = self.text().lower()
        if word not in _YES + _NO:
            raise self.wrong("this must be true or false, not {word!r}", word=self.text())
        return word in _YES

    def whole(self) -> int:
        """The value as a whole number of at most nine digits."""
        word = self.text()
        if not word.removeprefix("-").isdecimal() or not word.isascii() or len(word) > 10:
            raise self.wrong("this must be a whole number, not {word!r}", word=word)
        return int(word)


def _wrong(source: str, line: int, why: Said) -> SettingsError:
    return SettingsError("{source}, line {line}: {why}", source=source, line=line, why=why)


def read_yaml(text: str, source: str) -> Iterator[Marked]:
    """Each document of a YAML text, empty ones left out. Raises SettingsError naming `source` and the line."""
    if len(text) > _LARGEST:
        raise _wrong(source, 1, Said("the file is larger than {most:,} characters", most=_LARGEST))
    try:
        for node in yaml.compose_all(text, Loader=_LOADER):
            if node is not None and not (isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~")):
                yield _marked(node, source, 0, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise SettingsError(
            "{source}, line {line} is not valid YAML: {why}",
            source=source,
            line=line,
            why=error.problem or error.context,
        ) from error
    except yaml.YAMLError as error:
        raise SettingsError(
            "{source}, line {line} is not valid YAML: {why}", source=source, line=1, why=error
        ) from error
    except RecursionError as error:
        raise _wrong(source, 1, Said("the file is nested too deeply")) from error


def _marked(node: yaml.Node, source: str, depth: int, seen: set[int]) -> Marked:
    line = node.start_mark.line + 1
    if depth > _DEEPEST:
        raise _wrong(source, line, Said("the file is nested too deeply"))
    if id(node) in seen or not node.tag.startswith(_TAG):
        # A node met twice is an alias; a few of them can unfold into gigabytes.
        raise _wrong(source, line, Said("anchors (&, *) and tags (!) are not allowed here"))
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
            raise name.wrong("{name!r} stands here twice; keep one of them", name=name.text())
        known.add(name.text())
        yield name.text(), _marked(value, source, depth + 1, seen)
