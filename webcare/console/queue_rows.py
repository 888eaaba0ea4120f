"""The lines of the queue as the browser draws them: words ready to be shown, times for the clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webcare.cases.clocks import Clock
from webcare.cases.handing_over import PING_PONG
from webcare.cases.presence import Looker
from webcare.console import safe, second_line, words
from webcare.console.desk import now
from webcare.console.own_queues import queue_name
from webcare.console.queue_filters import Chosen
from webcare.console.tongue import N_, _
from webcare.domain import ACTIVE_STATES, Actor, CaseState, Line
from webcare.store.queries import QueueItem, QueuePage
from webcare.store.search import Snippet

#: Lines of one page.
PAGE = 50
QUEUE_STATES: Mapping[str, tuple[str, ...]] = {
    "waiting": (CaseState.WAITING.value,),
    "aside": (CaseState.SNOOZED.value,),
    "done": (CaseState.RESOLVED.value,),
}
#: Tags shown on one line.
_SHOWN_TAGS = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the screen: the items in the order they were drawn, as last seen, and the page's end."""

    chosen: Chosen
    items: tuple[QueueItem, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of the cases on the screen beside their rows."""

    tags: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    lookers: Mapping[int, tuple[Looker, ...]] = field(default_factory=dict)
    solutions: Mapping[int, Clock] = field(default_factory=dict)  #: see `cases.pressing`


def as_it_is_now(shown: Shown, known: Sequence[QueueItem], page: QueuePage) -> Shown:
    """The rows on the screen in their old order, as they are now; what comes after them all may follow on the end."""
    by_id = {item.id: item for item in known}
    kept = [by_id.get(item.id, item) for item in shown.items]
    ids = {item.id for item in kept}
    last = max((place for place, item in enumerate(page.items) if item.id in ids), default=len(page.items))
    room = max(0, PAGE - len(kept))
    return Shown(shown.chosen, (*kept, *page.items[last + 1 :][:room]), shown.next or page.next)


def where_to(item: QueueItem, chosen: Chosen, queues: Sequence[str], tags: tuple[str, ...] = ()) -> str:
    """Where a case went that no longer belongs on this list; empty when it still does."""
    belongs = (
        item.state in QUEUE_STATES.get(chosen.tab, ACTIVE_STATES)
        and (chosen.tab not in queues or item.queue == chosen.tab)
        and (chosen.tab != "mine" or item.assignee_id == chosen.me)
        and chosen.lets(item, tags)
    )
    return "" if belongs else where(item)


def where(item: QueueItem) -> str:
    """The queue a case waits in, or its state when it waits in none."""
    if item.state in ACTIVE_STATES:
        return queue_name(item.queue)
    return words.word(words.STATES, item.state)


def pieces_of(snippet: Snippet) -> list[tuple[str, bool]]:
    """The words around a hit, cut where the hits begin and end."""
    pieces: list[tuple[str, bool]] = [("… ", False)] if snippet.cut_before else []
    position = 0
    for start, end in snippet.hits:
        pieces += [(snippet.text[position:start], False), (snippet.text[start:end], True)]
        position = end
    pieces += [(snippet.text[position:], False)] + ([(" …", False)] if snippet.cut_after else [])
    return [(safe.clean(text).replace("\n", " "), hit) for text, hit in pieces if text]


def row(item: QueueItem, me: Actor, beside: Beside, *, gone: str = "") -> dict[str, Any]:
    """One line."""
    active = item.state in ACTIVE_STATES and item.waiting_since is not None
    mine = item.assignee_id is not None and item.assignee_id == me.id
    network = words.word(words.CHANNELS, item.channel)
    return {
        "id": item.id,
        "channel": item.channel,
        "mark": network[:1].replace("F", "f"),
        "network": network,
        "urgency": item.urgency,
        "urgency_word": words.word(words.URGENCIES, item.urgency),
        "customer": safe.line(item.customer_name or item.customer_handle or _("Somebody"), limit=60),
        "handle": safe.line(f"@{item.customer_handle}", limit=40)
        if item.customer_handle and item.customer_name
        else "",
        "pieces": [(safe.line(item.excerpt, limit=220), False)],
        "tags": _signs(item),
        "labels": _labels(beside.tags.get(item.id, ())),
        "topic": words.word(words.TOPICS, item.topic),
        "sentiment": item.sentiment,
        "sentiment_word": words.word(words.SENTIMENTS, item.sentiment),
        "language": safe.line(item.language, limit=3),
        "language_word": words.word(words.LANGUAGES, item.language),
        "at": item.last_posted_at.isoformat(),
        "by": item.respond_by.isoformat() if active else "",
        "from": (item.waiting_since or item.opened_at).isoformat(),
        **_solution(beside.solutions.get(item.id)),
        "assignee": _("You") if mine else safe.line(item.assignee_name, limit=30),
        "lookers": [_looker(one) for one in beside.lookers.get(item.id, ())],
        "gone": _("Now: {place}").format(place=gone) if gone else "",
    }


def _solution(clock: Clock | None) -> dict[str, str]:
    """When the solution is due and from when on that is near: the browser shows it where it presses."""
    if clock is None or clock.deadline is None or clock.near_at is None:
        return {}
    return {"solve": clock.deadline.isoformat(), "solve_near": clock.near_at.isoformat()}


def _signs(item: QueueItem) -> list[str]:
    signs = []
    if item.handovers:
        signs.append(_("question") if item.line == Line.SECOND_LINE else _("back with an answer"))
    if item.handovers >= PING_PONG:
        signs.append(_("handed over {count} times").format(count=item.handovers))
    if item.reopened:
        signs.append(_("came back"))
    if item.skill:
        signs.append(second_line.skill_text(item.skill))
    if item.snoozed_until is not None and item.state == CaseState.SNOOZED:
        signs.append(_("until {time}").format(time=words.clock_time(item.snoozed_until, now=now())))
    return signs


def _labels(tags: tuple[str, ...]) -> list[str]:
    shown = [safe.line(tag, limit=40) for tag in tags[:_SHOWN_TAGS]]
    return shown + ([f"+{len(tags) - _SHOWN_TAGS}"] if len(tags) > _SHOWN_TAGS else [])


def _looker(one: Looker) -> dict[str, Any]:
    """Who is looking: the whole name to read out, the first name for the line."""
    said = _("{name} is typing") if one.typing else _("{name} is looking")
    name = safe.line(one.name, limit=30) or _("Somebody")
    return {"told": said.format(name=name), "short": said.format(name=name.split()[0]), "typing": bool(one.typing)}


_KEYS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("J", "K"), N_("Next and previous case (also the arrow keys)")),
    (("Enter",), N_("Open the case")),
    (("X",), N_("Pick the case; with Shift everything in between")),
    (("A",), N_("Assign it, or all that are picked")),
    (("R",), N_("Open it to write the reply")),
    (("N",), N_("Open it to write an internal note")),
    (("E",), N_("Open it to hand it over")),
    (("Z",), N_("Undo the last thing done from this list")),
    (("/",), N_("Search")),
    (("Esc",), N_("Pick nothing")),
    (("?",), N_("This page")),
)


def told_words() -> dict[str, Any]:
    """The words the browser needs, in the reader's language."""
    heads = (_("Answer by"), _("Urgency"), _("Customer and message"), _("Topic"), _("Mood"), _("Age"), _("With"))
    return {
        "heads": heads,
        "nobody": _("Nobody yet"),
        "lookers": _("{n} are looking"),
        "late": _("{span} late"),
        "solve": _("solve in {span}"),
        "solve_late": _("solution {span} late"),
        "moment": _("< 1 min"),
        "minutes": _("{n} min"),
        "hours": _("{n} h"),
        "hours_minutes": _("{h} h {m} m"),
        "days": _("{n} d"),
        "previous": _("‹ Previous"),
        "next": _("Next ›"),
        "pick": _("Pick"),
        "pick_all": _("All on this page"),
        "picked": _("{n} picked"),
        "clear": _("Clear"),
        "assign": _("Assign"),
        "assign_to": _("Assign to"),
        "tag": _("Tag"),
        "resolve": _("Resolve"),
        "answer": _("Answer"),
        "undo": _("Undo"),
        "close": _("Close"),
        "again": _("Try again"),
        "help": _("Keys of this page"),
        "keys": [(names, _(told)) for names, told in _KEYS],
    }
