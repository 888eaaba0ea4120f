"""Everything that happened to a case, newest last, by day: who, what, and the words. One element however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

import streamlit as st

from webcare.console import safe, words
from webcare.console.desk import now, zone
from webcare.console.tongue import N_, _, counted
from webcare.domain import Actor
from webcare.store.queries import MAX_HISTORY, CaseView, EventView

#: Longest words of one event that are shown, in characters.
_WORDS = 400
#: Kinds of events that can be looked at by themselves. What is in none stands under All only.
_FILTERS: Mapping[str, frozenset[str]] = {
    N_("All"): frozenset(),
    N_("Customer"): frozenset(
        {"opened", "joined", "edited", "message_gone", "reopened", "customer_linked", "customer_unlinked"}
        | {"rated", "survey_stopped"}
    ),
    N_("Replies"): frozenset(
        {"answered_by_hand", "retraction_asked", "action_asked", "action_done", "action_failed", "slip_reported"}
    ),
    N_("Notes"): frozenset({"noted", "marked_shareable", "fact_seconded", "fact_withdrawn"}),
    N_("Who has it"): frozenset(
        {"claimed", "assigned", "handed_over", "handed_back", "snoozed", "woken", "resolved", "reopened", "undone"}
    ),
    N_("Labels"): frozenset({"corrected", "tagged"}),
}
#: Events of replies are many, and more come; they are known by how their names begin.
_BEGINNINGS: Mapping[str, tuple[str, ...]] = {
    "Replies": ("reply_", "approval_", "promise_"),
    "Who has it": ("handover_", "question_", "handed_"),
}
#: Parts of an event's detail that hold words of a colleague or of the network, most telling first.
_SAID = ("question", "words", "reason", "error", "text")


def show(view: CaseView, me: Actor) -> None:
    """Draw the filter and the events."""
    key = f"history_{view.case.id}"
    chosen = st.segmented_control(
        _("Show"), list(_FILTERS), format_func=_, default="All", required=True, key=key, label_visibility="collapsed"
    )
    events = [event for event in view.events if _is_wanted(event.kind, str(chosen))]
    safe.draw(_days(view, events, me))


def _is_wanted(kind: str, chosen: str) -> bool:
    return chosen == "All" or kind in _FILTERS[chosen] or kind.startswith(_BEGINNINGS.get(chosen, ("\0",)))


def _days(view: CaseView, events: Iterable[EventView], me: Actor) -> safe.Html:
    moment, said = now(), _Said(view)
    days = [
        safe.el(
            "section", safe.el("h3", words.day(day, now=moment)), safe.el("ul", *(_line(one, said, me) for one in on))
        )
        for day, on in groupby(events, key=lambda event: event.at.astimezone(zone()).date())
    ]
    if not days:
        return safe.el("p", _("Nothing of this kind happened."), cls="wc-soft")
    if len(view.events) >= MAX_HISTORY:
        days.insert(0, safe.el("p", counted("The newest {count} event.", "The newest {count} events.", MAX_HISTORY)))
    box = safe.el("div", *days)
    return safe.el("div", box, cls="wc-timeline", tabindex="0", role="log", aria_label=_("History"))


def _line(event: EventView, said: _Said, me: Actor) -> safe.Html:
    who = _("you") if event.actor_id is not None and event.actor_id == me.id else event.actor_name
    told = said.of(event)
    return safe.el(
        "li",
        safe.el("time", f"{event.at.astimezone(zone()):%H:%M}", datetime=event.at.isoformat()),
        safe.el(
            "div",
            safe.el("span", safe.el("strong", words.word(words.EVENTS, event.kind)), ", ", safe.name(who)),
            *([safe.el("div", told, cls="wc-words-said", dir="auto")] if told else []),
        ),
    )


class _Said:
    """The words that belong to an event: of the note, the reply or the message it is about, or its own."""

    def __init__(self, view: CaseView) -> None:
        self._notes = {note.id: note.text for note in view.notes}
        self._replies = {one.id: one.text for one in view.deliveries}
        self._posts = {one.external_id: one.text for one in view.mentions}

    def of(self, event: EventView) -> str:
        """The words, cut to a line or two; empty when there are none."""
        detail = event.detail
        own = _OWN.get(event.kind)
        told = own(detail) if own else ""
        told = (
            told or self._notes.get(detail.get("note_id", 0), "") or self._replies.get(detail.get("delivery_id", 0), "")
        )
        told = told or self._posts.get(str(detail.get("post", "")), "")
        told = told or next((str(detail[name]) for name in _SAID if isinstance(detail.get(name), str)), "")
        return safe.line(told, limit=_WORDS)


def _assigned(detail: Mapping[str, Any]) -> str:
    return _("to {name}").format(name=detail["to_name"]) if detail.get("to_name") else _("to the queue")


def _resolved(detail: Mapping[str, Any]) -> str:
    return words.word(words.RESOLUTIONS, str(detail.get("resolution", "")))


def _snoozed(detail: Mapping[str, Any]) -> str:
    until = _moment(detail.get("until"))
    return _("until {time}").format(time=words.clock_time(until, now=now())) if until else ""


def _corrected(detail: Mapping[str, Any]) -> str:
    was, became = detail.get("was") or {}, detail.get("now") or {}
    return ", ".join(
        f"{_label(name, '')}: {_label(name, was.get(name))} → {_label(name, value)}" for name, value in became.items()
    )


def _label(field: str, value: object) -> str:
    names = {
        "urgency": "Urgency",
        "topic": "Topic",
        "sentiment": "Mood",
        "needs_reply": "Needs a reply",
        "line": "Who answers",
    }
    if value == "":
        return _(names.get(field, field))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    tables = {"urgency": words.URGENCIES, "topic": words.TOPICS, "sentiment": words.SENTIMENTS, "line": words.LINES}
    return words.word(tables.get(field, {}), str(value))


def _undone(detail: Mapping[str, Any]) -> str:
    return words.word(words.EVENTS, str(detail.get("of", "")))


def _tagged(detail: Mapping[str, Any]) -> str:
    return " ".join(
        [*(f"+{tag}" for tag in detail.get("added", ())), *(f"-{tag}" for tag in detail.get("removed", ()))]
    )


def _network(detail: Mapping[str, Any]) -> str:
    account = detail.get("linked") or detail.get("unlinked") or {}
    return words.word(words.CHANNELS, str(account.get("channel", "")))


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def _rated(detail: Mapping[str, Any]) -> str:
    return _("{score} of 5").format(score=detail.get("score", ""))


_OWN = {
    "rated": _rated,
    "assigned": _assigned,
    "resolved": _resolved,
    "snoozed": _snoozed,
    "corrected": _corrected,
    "undone": _undone,
    "tagged": _tagged,
    "customer_linked": _network,
    "customer_unlinked": _network,
}
