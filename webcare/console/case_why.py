"""Why a case stands where it stands: what they ask, the labels and how sure they are, the words that weighed, the rule.

Every label is a menu: one click on another value corrects it, which is kept as training data and can be undone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases.surveys import heard_of
from webcare.console import case_reasons, safe, survey_words, words
from webcare.console.acting import act
from webcare.console.desk import desk, now
from webcare.console.news import seen_version
from webcare.console.tongue import N_, _
from webcare.domain import Actor, Line, Sentiment, Topic, Urgency
from webcare.guard.asking import sentences
from webcare.people import Permission, may
from webcare.store.queries import CaseDetail, CaseView, MentionView, TriageView

PLACE = "case"
_BY_PERSON = "person"
#: Questions shown, and the longest one, in characters.
_ASKED, _ASKED_CHARS = 6, 240
#: Words that weighed which are shown and marked.
_WEIGHED = 8
_ANSWERS: Mapping[str, str] = {"yes": N_("Yes"), "no": N_("No")}
#: Label -> its name, its words, the head that is as sure as it says.
_LABELS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "urgency": (N_("Urgency"), words.URGENCIES, "urgency"),
    "topic": (N_("Topic"), words.TOPICS, "topic"),
    "sentiment": (N_("Mood"), words.SENTIMENTS, "sentiment"),
    "needs_reply": (N_("Needs a reply"), _ANSWERS, "needs_reply"),
    "line": (N_("Who answers"), words.LINES, "route"),
}
_KINDS = {"urgency": Urgency, "topic": Topic, "sentiment": Sentiment, "line": Line}


def show(view: CaseView, me: Actor) -> None:
    """Draw the questions, the reasons, and a menu per label for those who may correct it."""
    if asked := _questions(view):
        safe.draw(asked)
    _how_we_helped(view)
    decision = _newest(view)
    if decision is None:
        safe.draw(
            safe.el(
                "p", case_reasons.told(view.case.route_reason) or _("This case was never triaged."), cls="wc-because"
            )
        )
        return
    because = case_reasons.told(view.case.route_reason or decision.reason)
    safe.draw(safe.el("p", safe.line(because, limit=400), cls="wc-because"))
    may_correct = may(me, Permission.CORRECT_TRIAGE)
    with st.container(key="wc_labels", gap=None):
        for field in _LABELS:
            _label(view.case, decision, field, may_correct=may_correct)
        safe.draw(_bar(_("Language"), decision.confidence.get("language"), words.own_name(decision.language)))
    safe.draw(_by(decision))


def _how_we_helped(view: CaseView) -> None:
    """What the customer said when they were asked, or why they are not."""
    with desk().store.read() as session:
        heard = heard_of(session, view.case.id)
    if heard is not None:
        safe.draw(safe.el("p", survey_words.standing(heard, now()), cls="wc-because"))


def weighing(view: CaseView) -> dict[int, list[tuple[int, int, str]]]:
    """Where the words that weighed stand in the customer's newest message, by mention: (start, end, class)."""
    decision = _newest(view)
    if decision is None or decision.model_version == _BY_PERSON:
        return {}
    text = next(one.text for one in view.mentions if one.id == decision.mention_id)
    spans: list[tuple[int, int, str]] = []
    for word, _weight in decision.words[:_WEIGHED]:
        found = re.finditer(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE) if word.strip() else ()
        spans += [(one.start(), one.end(), "wc-weighed") for one in found]
    return {decision.mention_id: spans}


def _newest(view: CaseView) -> TriageView | None:
    """What was decided about the customer's newest message that was triaged."""
    theirs = [mention for mention in view.mentions if not mention.is_ours and mention.id in view.triage]
    return view.triage[theirs[-1].id] if theirs else None


def _questions(view: CaseView) -> safe.Html:
    asked = [question for mention in _unanswered(view) for question in _asked(mention.text)][-_ASKED:]
    if not asked:
        return safe.Html("")
    lines = [safe.el("li", safe.line(one, limit=_ASKED_CHARS), dir="auto") for one in asked]
    return safe.el("div", safe.el("h2", _("What they ask")), safe.el("ul", *lines), cls="wc-asked")


def _unanswered(view: CaseView) -> list[MentionView]:
    """The customer's messages of this case since we last answered."""
    ours = max((one.posted_at for one in view.mentions if one.is_ours), default=None)
    return [
        one
        for one in view.mentions
        if not one.is_ours
        and one.deleted_at is None
        and one.case_id == view.case.id
        and (ours is None or one.posted_at > ours)
    ]


def _asked(text: str) -> list[str]:
    said = (text[part.start : part.end] for part in sentences(text))
    return [sentence for sentence in said if "?" in sentence and any(char.isalpha() for char in sentence)]


def _label(case: CaseDetail, decision: TriageView, field: str, *, may_correct: bool) -> None:
    """A label's name, how sure the model was of it, and its value as a menu of the others."""
    name, choices, head = _LABELS[field]
    value = _code(getattr(decision, field))
    sure = None if decision.model_version == _BY_PERSON else decision.confidence.get(head)
    shown = words.word(choices, value)
    if not may_correct:
        safe.draw(_bar(_(name), sure, shown))
        return
    with st.container(key=f"wc_label_{field}", horizontal=True, vertical_alignment="center", gap="small"):
        safe.draw(_bar(_(name), sure))
        st.menu_button(
            words.word(choices, value),
            [code for code in choices if code != value],
            key=f"correct_{field}_{case.id}",
            format_func=lambda code: words.word(choices, code),
            help=_("Wrong? Choose what it should be."),
            type="tertiary",
            on_click=_correct,
            args=(case.id, field),
        )


def _bar(name: str, probability: float | None, value: str = "") -> safe.Html:
    """The name of a label, a bar as long as the model was sure, and the number."""
    percent = None if probability is None else round(100 * min(max(probability, 0.0), 1.0))
    fill = safe.el("i", "", style=f"width:{percent or 0}%")
    return safe.el(
        "div",
        safe.el("span", name, cls="wc-soft"),
        safe.el("span", fill, cls="wc-bar" if percent is not None else "wc-bar wc-none", aria_hidden="true"),
        safe.el("span", "" if percent is None else f"{percent} %", cls="wc-num"),
        *([safe.el("strong", value)] if value else []),
        cls="wc-label",
    )


def _by(decision: TriageView) -> safe.Html:
    """The words that weighed, and who decided when."""
    chips = [safe.el("bdi", safe.line(word, limit=30), cls="wc-chip") for word, _weight in decision.words[:_WEIGHED]]
    weighed = safe.el("div", safe.el("span", _("Words that weighed:"), cls="wc-soft"), *chips, cls="wc-words")
    said = (
        _("Corrected by a colleague")
        if decision.model_version == _BY_PERSON
        else _("Labelled by {model}").format(model=safe.line(decision.model_version, limit=60))
    )
    when = words.clock_time(decision.decided_at, now=now())
    return safe.join([*([weighed] if chips else []), safe.el("p", said, ", ", when, cls="wc-by")])


def _correct(case_id: int, field: str) -> None:
    chosen = st.session_state.get(f"correct_{field}_{case_id}")
    if chosen is None:
        return
    value: Any = chosen == "yes" if field == "needs_reply" else _KINDS[field](chosen)

    def correct(session: Session, by: Actor, moment: datetime) -> None:
        cases.correct_triage(
            session,
            case_id,
            by=by,
            now=moment,
            version=seen_version(case_id),
            targets=desk().settings.routing,
            **{field: value},
        )

    act(PLACE, correct)


def _code(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
