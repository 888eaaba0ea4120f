r"""Regular expressions of rules: RE2, so that no expression can make the desk wait, and whole words by default.

RE2 knows `\w` and `\b` for English letters only; here they mean letters of every language, as Vale's rules expect.
"""

from __future__ import annotations

from collections.abc import Iterator

import re2

from webcare.domain import Said

#: Letters, numbers and marks as ranges: \pL\pN\pM costs each expression six hundred kilobytes, these a tenth of it.
_LETTER = (
    r"0-9A-Za-z_\x{AA}\x{B5}\x{BA}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2C1}\x{300}-\x{1FFF}\x{2C00}-\x{2DFF}"
    r"\x{3040}-\x{D7FF}"
)
_LONGEST = 4000
#: Memory for one compiled expression; RE2 refuses what would need more.
_MEMORY = 4 << 20
#: Each further match costs a pass over the text, so there is an end to them.
_MOST = 1000
_HEAD, _TAIL = f"(?:^|[^{_LETTER}])", f"(?:$|[^{_LETTER}])"


class Pattern:
    """One expression; finds stretches in a text, in time proportional to the text's length."""

    def __init__(self, raw: str, *, ignorecase: bool, nonword: bool) -> None:
        """Raises ValueError, in words for the writer of the rule, for an expression that cannot be used."""
        if len(raw) > _LONGEST:
            raise ValueError(Said("the expression is longer than {most} characters", most=_LONGEST))
        inner, starts, ends = _translated(raw)
        head, tail = ("", "") if nonword else (_HEAD, _TAIL)
        head, tail = (_HEAD if starts else head), (_TAIL if ends else tail)
        self.source = f"(?{'i' if ignorecase else ''}m:{head}({inner}){tail})"
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        try:
            self._compiled = re2.compile(self.source, options=options)
            empty = re2.compile(f"(?m:(?:{inner}))", options=options).fullmatch("")
        except re2.error as error:
            raise ValueError(Said("{raw!r} is not a regular expression: {why}", raw=raw, why=_reason(error))) from error
        if empty is not None:
            raise ValueError(
                Said("{raw!r} also fits where nothing stands; make it ask for at least one character", raw=raw)
            )

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Every stretch that fits, left to right, none overlapping; the first thousand of them."""
        for start, end, _ in self.caught(text):
            yield start, end

    def caught(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Like `find`, with what the expression's first own bracket caught, or the whole stretch without one."""
        place = 0
        for _ in range(_MOST):
            found = self._compiled.search(text, place) if place <= len(text) else None
            if found is None:
                return
            start, end = found.span(1)
            inner = found[2] if self._compiled.groups > 1 else None
            yield start, end, inner if inner is not None else text[start:end]
            place = max(end, place + 1)


def _reason(error: Exception) -> str:
    why = error.args[0] if error.args else error
    return why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)


def _translated(raw: str) -> tuple[str, bool, bool]:
    r"""The expression with letters of every language, and whether it asked for a word's start and end by `\b`."""
    starts, ends = raw.startswith(r"\b"), raw.endswith(r"\b") and not raw.endswith(r"\\b")
    body = raw[2 if starts else 0 : len(raw) - (2 if ends else 0)]
    parts: list[str] = []
    in_class, place = False, 0
    while place < len(body):
        step = body[place : place + 2]
        if step[0] == "\\":
            parts.append(_escape(step, in_class=in_class))
            place += 2
            continue
        in_class = step[0] == "[" or (in_class and step[0] != "]")
        parts.append(step[0])
        place += 1
    return "".join(parts), starts, ends


def _escape(step: str, *, in_class: bool) -> str:
    if step == r"\w":
        return _LETTER if in_class else f"[{_LETTER}]"
    if step == r"\W" and not in_class:
        return f"[^{_LETTER}]"
    if step in (r"\b", r"\B", r"\W"):
        raise ValueError(
            Said(
                "{step} can only stand at the start or the end of an expression; whole words are the default", step=step
            )
        )
    return step
