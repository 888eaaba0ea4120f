"""The guard over JSON lines: one draft in, one verdict out, in order. What `webcare guard --json` runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

from webcare.domain import Finding, MentionKind, Verdict
from webcare.errors import SettingsError
from webcare.guard import ReviewContext, review
from webcare.guard.base import BrandRules, Customer, Learned
from webcare.guard.learned.question import Question, surroundings_of
from webcare.guard.profile import Profile

#: (used, limit) of a text by a network's own rule.
CountedLength = Callable[[str], tuple[int, int]]
#: The rule of a channel by its name; None = no limit; raises SettingsError for a channel nobody knows.
LengthOf = Callable[[str], CountedLength | None]
#: How the writer of a message is, as triage labels it.
CustomerOf = Callable[[str], Customer]


class ReadsAhead(Learned, Protocol):
    """Learned heads that read many drafts faster than one by one."""

    def read_ahead(self, questions: Iterable[Question]) -> None:
        """Read the texts of drafts that will be asked about soon."""


class _BadLine(ValueError):
    """Says what is wrong with one line, in the words of the person who wrote it."""


def guard_lines(
    lines: Iterable[str | bytes],
    *,
    brand: Profile | None = None,
    rules: BrandRules | None = None,
    length_of: LengthOf | None = None,
    customer_of: CustomerOf | None = None,
    learned: ReadsAhead | None = None,
    window: int = 1,
) -> Iterator[dict[str, Any]]:
    """Judge lines of `{id, lang, mention, notes, draft, channel?, private?}`; one answer per line, in order.

    An answer is `{id, verdict, findings: [{check, reason, level, start, end, message}]}`, and `missing` where a check
    could not run. A line that cannot be
    used gives `{"line": n, "error": ...}` (and its id where it has one) and the next line is read. Blank
    lines are passed over. `rules` are the brand's (None = those that come with Webcare); `length_of` gives the
    network's rule for a channel name, `customer_of` what triage makes of a message. `learned` reads `window` lines at
    a time, which changes no answer.
    """
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while some := list(islice(numbered, max(1, window))):
        read = [_read(number, line, brand or Profile(), rules, length_of) for number, line in some]
        if learned is not None:
            learned.read_ahead((one.draft, *surroundings_of(one.context)) for one in _drafts(read))
        for one in read:
            yield one if isinstance(one, dict) else _judged(one, customer_of, learned)


class _Read(NamedTuple):
    """A line that can be judged."""

    number: int
    identity: str | int
    draft: str
    context: ReviewContext


def _drafts(read: Iterable[_Read | dict[str, Any]]) -> Iterator[_Read]:
    return (one for one in read if not isinstance(one, dict))


def _read(
    number: int, line: str | bytes, brand: Profile, rules: BrandRules | None, length_of: LengthOf | None
) -> _Read | dict[str, Any]:
    """The id, draft and surroundings of one line, or what is wrong with it."""
    row: Any = None
    try:
        row = _parsed(line)
        context = _context(row, brand, rules, length_of)
        return _Read(number, row["id"], row["draft"], context)
    except (_BadLine, SettingsError) as error:
        return _refusal(number, error, row)


def _judged(one: _Read, customer_of: CustomerOf | None, learned: Learned | None) -> dict[str, Any]:
    context = one.context
    try:
        if customer_of is not None and context.mention.strip():
            context = replace(context, customer=customer_of(context.mention))
        return _answer(one.identity, review(one.draft, replace(context, learned=learned)))
    except Exception as error:
        # A fault of ours in one line must not cost the answers to all the others.
        fault = f"this line could not be judged, by a fault of ours ({type(error).__name__}); do not send the draft"
        return {"id": one.identity, "line": one.number, "error": fault}


def _parsed(line: str | bytes) -> dict[str, Any]:
    try:
        text = line.decode("utf-8-sig") if isinstance(line, bytes) else line.lstrip("\ufeff")
        row = json.loads(text)
    except UnicodeDecodeError as error:
        raise _BadLine(f"the line is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise _BadLine(f"the line is not valid JSON: {error.msg} at character {error.pos + 1}") from error
    except (RecursionError, ValueError) as error:
        raise _BadLine("the line holds JSON that is too deep or too large") from error
    if not isinstance(row, dict):
        raise _BadLine("the line must be a JSON object with id, lang, mention, notes and draft")
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool):
        raise _BadLine("id must be a text or a whole number")
    return row


def _context(
    row: Mapping[str, Any], brand: Profile, rules: BrandRules | None, length_of: LengthOf | None
) -> ReviewContext:
    if not isinstance(row.get("draft"), str):
        raise _BadLine("draft must be a text")
    channel = _text(row, "channel")
    rule = length_of(channel) if channel and length_of is not None else None
    return ReviewContext(
        channel=channel,
        lang=_text(row, "lang") or None,
        mention=_text(row, "mention"),
        notes=_texts(row, "notes"),
        public_texts=(brand.name, *brand.names, *brand.products, *brand.shareable),
        colleagues=brand.colleagues,
        queue_names=(*ReviewContext(channel="").queue_names, *brand.queues),
        internal_hosts=brand.internal_hosts,
        length=rule,
        private=row.get("private") is True or row.get("kind") == MentionKind.DIRECT_MESSAGE.value,
        brand=brand,
        rules=rules,
    )


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BadLine(f"{key} must be a text")
    return value


def _texts(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _BadLine(f"{key} must be a text or a list of texts")
    return tuple(value)


def _answer(identity: str | int, verdict: Verdict) -> dict[str, Any]:
    findings = [_as_row(finding) for finding in verdict.findings]
    answer = {"id": identity, "verdict": verdict.decision.value, "findings": findings}
    return {**answer, "missing": list(verdict.missing)} if verdict.missing else answer


def _as_row(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "reason": finding.reason,
        "level": finding.level.value,
        "start": finding.start,
        "end": finding.end,
        "message": finding.message,
    }


def _refusal(number: int, error: Exception, row: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"line": number, "error": str(error)}
    if isinstance(row, dict):
        answer = {"id": row["id"], **answer}
    return answer
