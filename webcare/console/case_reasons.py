"""Why a case was routed as it was, as plain sentences in the reader's language.

`webcare.routing` writes the reason with codes, for whoever looks into rules and logs; nobody at the desk reads those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from webcare.console import own_queues, words
from webcare.console.tongue import N_, _

#: What `webcare.routing` writes, part by part, and what a person is told instead. `{sure}` and `{limit}` are
#: probabilities there and percentages here.
PARTS: Mapping[str, str] = {
    "late, recovered from a gap": N_("Collected late: it was found after a gap."),
    "critical: at once to the people with the facts": N_("Critical: goes to the second line at once."),
    "unsorted: a person sorts this by hand": N_("Not sure enough who answers: a person sorts it by hand."),
    "safety_legal: always second line": N_("Safety or law: always goes to the second line."),
    "high: a deadline or a loss": N_("High: a deadline or a loss is at stake."),
    "no_answer_needed: low priority": N_("Seems to need no answer: low priority."),
    "review: low priority, nobody is waiting": N_("A review: low priority, nobody waits for an answer."),
    "line: as triaged": N_("Goes where its labels say."),
    "saw urgency {urgency} ({sure})": N_("The model read the urgency as {urgency}, {sure} % sure."),
    "saw urgency {urgency}, but {level} with probability {sure}": N_(
        "The model read the urgency as {urgency}, but {level} is likely enough to look at once: {sure} %."
    ),
    "saw {line} with probability {sure}, below {limit}": N_(
        "The model would choose: {line}, only {sure} % sure; it takes {limit} %."
    ),
    "saw topic {topic} ({sure})": N_("The model read the topic as: {topic}, {sure} % sure."),
    "saw needs_reply false ({sure})": N_("The model is {sure} % sure that nobody waits for an answer."),
    "saw a review with urgency {urgency}": N_("The model read the urgency as {urgency}."),
    "saw {line} ({sure}), urgency {urgency}, topic {topic}": N_(
        "The model chose: {line}, {sure} % sure; urgency: {urgency}, topic: {topic}."
    ),
    "rule “{rule}”: {did}": N_("This desk's rule “{rule}”: {did}."),
    "tagged by “{rule}”": N_("Tagged by this desk's rule “{rule}”."),
}
#: What a rule of the desk's own did.
_DID: Mapping[str, str] = {
    "queue {queue}": N_("queue: {queue}"),
    "priority stays {number}, danger never waits": N_("priority stays {number}, danger never waits"),
    "priority {number}": N_("priority {number}"),
    "skill {skill}": N_("skill: {skill}"),
}
_CODES: Mapping[str, Mapping[str, str]] = {
    "urgency": words.URGENCIES,
    "level": words.URGENCIES,
    "topic": words.TOPICS,
    "line": words.LINES,
}
Shapes = tuple[tuple[re.Pattern[str], str], ...]
_PLACE = re.compile(r"\{(\w+)\}")
#: A comma between two things a rule did, not the one within "priority stays 1, danger never waits".
_COMMA = re.compile(r", (?=queue |priority |skill )")


def told(reason: str) -> str:
    """The reason of a route for the person at the screen; what we do not know, as it was written."""
    return " ".join(_said(part, _SENTENCES) for part in reason.split("; ")) if reason else ""


def _said(part: str, known: Shapes) -> str:
    for shape, plain in known:
        if found := shape.fullmatch(part):
            return _(plain).format(**{name: _value(name, value) for name, value in found.groupdict().items()})
    return part


def _value(name: str, value: str) -> str:
    if name in _CODES:
        return words.word(_CODES[name], value).lower()
    return _SHOWN[name](value) if name in _SHOWN else value


def _percent(value: str) -> str:
    try:
        return f"{100 * float(value):.0f}"
    except ValueError:
        return value


def _deeds(value: str) -> str:
    return ", ".join(_said(one, _DEEDS) for one in _COMMA.split(value))


_SHOWN: Mapping[str, Callable[[str], str]] = {
    "sure": _percent,
    "limit": _percent,
    "did": _deeds,
    "queue": own_queues.queue_name,
}


def _by_shape(sentences: Mapping[str, str]) -> Shapes:
    made = []
    for written, plain in sentences.items():
        shape = "".join(
            f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece)
            for number, piece in enumerate(_PLACE.split(written))
        )
        made.append((re.compile(shape, re.DOTALL), plain))
    return tuple(made)


_SENTENCES, _DEEDS = _by_shape(PARTS), _by_shape(_DID)
