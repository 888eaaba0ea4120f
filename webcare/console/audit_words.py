"""What stands in the audit log in codes, in the reader's words: roles, rights, queues, labels, parts of rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from webcare.console import notify_words, words
from webcare.console.desk import zone
from webcare.console.tongue import N_, _
from webcare.people import PERMISSION_WORDS

#: What the codes in a part of a decision are called, by the name of the part.
_CODES: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("role", "roles"), words.ROLES),
    "grants": PERMISSION_WORDS,
    **dict.fromkeys(("topic", "topics"), words.TOPICS),
    **dict.fromkeys(("urgency", "urgencies", "from_urgency"), words.URGENCIES),
    **dict.fromkeys(("sentiment", "sentiments"), words.SENTIMENTS),
    **dict.fromkeys(("language", "languages"), words.LANGUAGES),
    **dict.fromkeys(("channel", "channels", "network"), words.CHANNELS),
    **dict.fromkeys(("kinds", "loud"), notify_words.KINDS),
    "line": words.LINES,
}
#: How the log writes moments.
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?\+00:00")
#: Parts that name queues; the desk's own have titles in each language.
_QUEUES = frozenset({"queue", "queues"})
#: Decisions of the desk, by the beginning of their name.
_POLICIES: Mapping[str, str] = {
    "routing": N_("Routing"),
    "queues": N_("Queues"),
    "targets": N_("Targets"),
    "hours": N_("Opening hours"),
    "sharing_out": N_("Giving out"),
    "skills": N_("Skills"),
    "notifications": N_("Notifications"),
    "retention": N_("Retention"),
}
#: What parts of rules and decisions are called; the others are said by their name.
_PARTS: Mapping[str, str] = {
    "rules": N_("Rules"), "rows": N_("Rows"), "queue": N_("Queue"), "queues": N_("Queues"), "roles": N_("Roles"),
    "places": N_("Places"), "topics": N_("Topics"), "urgency": N_("Urgency"), "urgencies": N_("Urgencies"),
    "sentiments": N_("Sentiments"), "languages": N_("Languages"), "channel": N_("Network"), "channels": N_("Networks"),
    "words": N_("Words"), "tags": N_("Tags"), "priority": N_("Priority"), "skill": N_("Skill"), "mode": N_("Mode"),
    "most": N_("At most"), "first": N_("First answer"), "next": N_("Next answer"), "resolution": N_("Solution"),
    "kinds": N_("Is told of"), "loud": N_("Does not wait"), "quiet_from": N_("Quiet from"),
    "quiet_until": N_("Quiet until"), "line": N_("Line"), "titles": N_("Titles"), "name": N_("name"),
    "valid_from": N_("Counts from"), "week": N_("Week"), "holidays": N_("Holidays"), "timezone": N_("Time zone"),
}  # fmt: skip


def part(name: str) -> str:
    """What a part of a decision is called."""
    return _(_PARTS.get(name, "")).lower() or _(name.replace("_", " "))


def subject(code: str, titles: Mapping[str, str]) -> str:
    """What a decision is about: "policy:hours:first_line" as "Opening hours: First line"; others as they stand."""
    kind, _colon, name = code.partition(":")
    policy, _colon, queue = name.partition(":")
    if kind != "policy" or policy not in _POLICIES:
        return code
    return _(_POLICIES[policy]) + (f": {titles.get(queue, queue)}" if queue and queue != "all" else "")


def told(name: str, value: Any, titles: Mapping[str, str]) -> str:
    """The value of a part in words. `titles` are those of the queues."""
    if isinstance(value, Mapping):
        known = titles if name in _QUEUES else _CODES.get(name, {})
        filled = {str(key): one for key, one in value.items() if one not in (None, "", [], {})}
        parts = (
            (_word(key, known, titles) if known else part(key), told(_inside(name, key), one, titles))
            for key, one in filled.items()
        )
        return "; ".join(f"{what}: {said}" for what, said in parts)
    if isinstance(value, list):
        between = " | " if any(isinstance(one, Mapping) for one in value) else ", "
        return between.join(told(name, one, titles) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return _moment(value) or _word(value, titles if name in _QUEUES else _CODES.get(name, {}), titles)
    return "" if value is None else f"{value:g}"


def _moment(text: str) -> str:
    """A moment as the reader writes it, by their clock; empty for any other text."""
    if not _MOMENT.fullmatch(text):
        return ""
    with suppress(ValueError, OverflowError):
        local = datetime.fromisoformat(text).astimezone(zone())
        return f"{words.long_day(local.date())} {local:%H:%M}"
    return ""


def _inside(name: str, key: str) -> str:
    # Under the name of a queue or role stand parts again, under that of a part its codes.
    return key if name not in _QUEUES and name not in _CODES else ""


def _word(code: str, known: Mapping[str, str], titles: Mapping[str, str]) -> str:
    found = known.get(code, code)
    return found if known is titles else _(found)
