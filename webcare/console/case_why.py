"""Why a case stands where it stands: the labels, how sure they are, which words weighed, the rule. And mending it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.console import safe, words
from webcare.console.acting import Verb, act
from webcare.console.desk import desk, now
from webcare.console.news import seen_version
from webcare.domain import Actor, Line, Sentiment, Topic, Urgency
from webcare.people import Permission, may
from webcare.store.queries import CaseDetail, CaseView, EventView, TriageView

PLACE = "case"
_BY_PERSON = "person"
Label = TypeVar("Label", Sentiment, Urgency, Topic, Line)
_ANSWER = {True: "Yes", False: "No"}


def show(view: CaseView, me: Actor) -> None:
    """Draw the reasons, the form to correct them, and the history."""
    decision = _newest(view)
    with st.expander("Why it is here", expanded=True, key="why"):
        safe.draw(_reasons(view, decision))
        if decision is not None and may(me, Permission.CORRECT_TRIAGE):
            with st.popover("Correct the labels", key=f"correct_menu_{view.case.id}"):
                _correction(view)
    with st.expander(f"History ({len(view.events)})", key="history"):
        safe.draw(_history(view.events))


def _newest(view: CaseView) -> TriageView | None:
    """What was decided about the customer's newest message that was triaged."""
    theirs = [mention for mention in view.mentions if not mention.is_ours and mention.id in view.triage]
    return view.triage[theirs[-1].id] if theirs else None


def _reasons(view: CaseView, decision: TriageView | None) -> safe.Html:
    if decision is None:
        return safe.el("p", view.case.route_reason or "This case was never triaged.")
    reason = safe.line(view.case.route_reason or decision.reason, limit=400)
    pieces = [safe.el("p", reason, cls="wc-because"), safe.el("div", *_labels(decision), cls="wc-why")]
    if decision.words:
        chips = [safe.el("bdi", safe.line(word, limit=30), cls="wc-chip") for word, _ in decision.words[:8]]
        pieces.append(safe.el("div", safe.el("span", "Words that weighed:", cls="wc-soft"), *chips, cls="wc-words"))
    by = "Corrected by a colleague" if decision.model_version == _BY_PERSON else f"Labelled by {decision.model_version}"
    when = words.clock_time(decision.decided_at, now=now())
    pieces.append(safe.el("p", safe.line(by), ", ", when, cls="wc-by"))
    return safe.el("div", *pieces)


def _labels(decision: TriageView) -> list[safe.Html]:
    labels: list[tuple[str, str, str]] = [
        ("Urgency", words.word(words.URGENCIES, decision.urgency), "urgency"),
        ("Topic", words.word(words.TOPICS, decision.topic), "topic"),
        ("Mood", words.word(words.SENTIMENTS, decision.sentiment), "sentiment"),
        ("Needs a reply", _ANSWER[decision.needs_reply], "needs_reply"),
        ("Language", words.word(words.LANGUAGES, decision.language), "language"),
        ("Who answers", words.word(words.LINES, decision.line), "route"),
    ]
    sure = {} if decision.model_version == _BY_PERSON else decision.confidence
    return [piece for name, value, key in labels for piece in _label(name, value, sure.get(key))]


def _label(name: str, value: str, probability: float | None) -> list[safe.Html]:
    shown = safe.join((safe.el("span", f"{name}: ", cls="wc-soft"), safe.el("strong", value)))
    if probability is None:
        return [safe.el("span", shown), safe.el("span", ""), safe.el("span", "")]
    percent = round(100 * min(max(probability, 0.0), 1.0))
    bar = safe.el("span", safe.el("i", "", style=f"width:{percent}%"), cls="wc-bar", aria_hidden="true")
    return [safe.el("span", shown), bar, safe.el("span", f"{percent} %", cls="wc-num")]


def _correction(view: CaseView) -> None:
    case = view.case
    choices = {
        "urgency": ("Urgency", words.URGENCIES, case.urgency),
        "topic": ("Topic", words.TOPICS, case.topic),
        "sentiment": ("Mood", words.SENTIMENTS, case.sentiment),
        "line": ("Who answers", words.LINES, case.line),
    }
    with st.form(f"correct_{case.id}", border=False):
        for field, (name, values, current) in choices.items():
            options = list(values)
            at = options.index(current) if current in options else 0
            key = f"correct_{field}_{case.id}"
            st.selectbox(name, options, index=at, format_func=values.__getitem__, key=key)
        st.checkbox("Needs a reply", value=case.needs_reply, key=f"correct_needs_reply_{case.id}")
        st.form_submit_button("Save the correction", on_click=act, args=(PLACE, _correct(view.case)))


def _correct(case: CaseDetail) -> Verb:
    def correct(session: Session, by: Actor, moment: datetime) -> None:
        def chosen(field: str) -> Any:
            value = st.session_state[f"correct_{field}_{case.id}"]
            return None if value == getattr(case, field) else value

        cases.correct_triage(
            session,
            case.id,
            by=by,
            now=moment,
            version=seen_version(case.id),
            sentiment=_as(Sentiment, chosen("sentiment")),
            urgency=_as(Urgency, chosen("urgency")),
            topic=_as(Topic, chosen("topic")),
            line=_as(Line, chosen("line")),
            needs_reply=chosen("needs_reply"),
            targets=desk().settings.routing,
        )

    return correct


def _as(kind: type[Label], value: str | None) -> Label | None:
    return None if value is None else kind(value)


def _history(events: tuple[EventView, ...]) -> safe.Html:
    moment = now()
    lines = [
        safe.el(
            "li",
            safe.el("span", words.clock_time(event.at, now=moment), cls="wc-soft"),
            safe.el("span", words.word(words.EVENTS, event.kind), ", ", safe.name(event.actor_name), _more(event)),
        )
        for event in reversed(events)
    ]
    return safe.el("ul", *lines, cls="wc-events")


def _more(event: EventView) -> str:
    detail = event.detail
    if event.kind == "assigned":
        return f" → {safe.line(str(detail.get('to_name') or 'the queue'), limit=60)}"
    if event.kind == "resolved":
        return f" ({words.word(words.RESOLUTIONS, str(detail.get('resolution', '')))})"
    if event.kind == "corrected" and isinstance(detail.get("now"), dict):
        changes = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in detail["now"].items())
        return f" ({safe.line(changes, limit=120)})"
    return ""
