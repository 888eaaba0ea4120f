"""Tab of quality: the questions of the scorecard, and how samples are drawn. For those who decide policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare.console import safe, words
from webcare.console.acting import change
from webcare.console.desk import desk, now
from webcare.console.desk_parts import history, row
from webcare.console.quality_parts import PLACE
from webcare.console.tongue import N_, _
from webcare.console.trouble import say
from webcare.domain import Actor
from webcare.quality import sampling, scorecards
from webcare.quality.scorecards import Card, Question

_NAME = "card_name"
#: Rows for questions that are not there yet.
_FREE = 2
_BY = {"person": N_("person"), "queue": N_("queue"), "topic": N_("topic")}
_ALWAYS = {sampling.OVERRIDE: N_("sent in spite of the guard"), sampling.SLIP: N_("reported as a slip")}


def show(me: Actor) -> None:
    """Draw the editor of the card, its versions, and the rule of the sample."""
    with desk().store.read() as session:
        card, older = scorecards.current(session), scorecards.versions(session)
        rule = sampling.rule_in_force(session, at=now())
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        _questions(card)
        _versions(older)
    with right:
        _sample(rule)
        history(sampling.POLICY)


def _questions(card: Card) -> None:
    safe.draw(safe.el("h2", _("Questions"), cls="wc-part"))
    st.text_input(_("Name of the card"), value=_(card.name), key=f"{_NAME}_{card.version}", max_chars=60, width=320)
    for index in range(min(len(card.questions) + _FREE, scorecards.MAX_QUESTIONS)):
        _row(card, index)
    safe.draw(
        safe.el(
            "p",
            _(
                "Marks run from 0 to the highest; 1 is no or yes. A question whose words change keeps its results over "
                "time; for another question, empty the row and write it in a free one."
            ),
            cls="wc-soft",
        )
    )
    st.button(_("Save as the next version"), key="card_save", type="primary", on_click=_save, args=(card,))


def _row(card: Card, index: int) -> None:
    """One question; a free row where the card has no more."""
    one = card.questions[index] if index < len(card.questions) else Question("", "")
    seen: Any = {"label_visibility": "visible" if index == 0 else "collapsed"}
    said, weight, top = st.columns([5, 1, 1], gap="small")
    with said:
        st.text_input(
            _("Question"), value=_(one.text), key=_key(card, index, "text"), max_chars=scorecards.MAX_TEXT,
            placeholder=_("Another question"), **seen,
        )  # fmt: skip
    with weight:
        st.number_input(_("Weight"), 1, scorecards.MAX_WEIGHT, one.weight, key=_key(card, index, "weight"), **seen)
    with top:
        scales = list(scorecards.SCALES)
        st.selectbox(_("Highest mark"), scales, index=scales.index(one.top), key=_key(card, index, "top"), **seen)


def _key(card: Card, index: int, what: str) -> str:
    return f"card_{card.version}_{index}_{what}"


def _save(card: Card) -> None:
    name = str(st.session_state.get(f"{_NAME}_{card.version}", ""))
    # The words Webcare comes with are kept in English, so that every reader gets them in their own language.
    name = card.name if name == _(card.name) else name
    questions = [one for index in range(scorecards.MAX_QUESTIONS) if (one := _written(card, index)).text]

    def save(session: Session, me: Actor, moment: datetime) -> None:
        scorecards.save_card(session, name, questions, seen=card.version, by=me, now=moment)

    if change(PLACE, save):
        say(PLACE, "good", _("Saved; reviews that are begun from now on go by it."))


def _written(card: Card, index: int) -> Question:
    """The question of a row as it stands on the page; without words where the row is empty."""
    state, old = st.session_state, card.questions[index] if index < len(card.questions) else None
    text = str(state.get(_key(card, index, "text"), "")).strip()
    text = old.text if old is not None and text == _(old.text) else text
    weight, top = (int(state.get(_key(card, index, what), 0)) for what in ("weight", "top"))
    return Question(old.key if old else "", text, weight, top)


def _versions(older: list[Card]) -> None:
    if not older:
        safe.draw(safe.el("p", _("Nobody changed the card yet; it is the one Webcare comes with."), cls="wc-soft"))
        return
    moment = now()
    lines = [
        row("td", str(one.version), _(one.name), str(len(one.questions)), words.clock_time(one.made_at, now=moment))
        for one in older[:8]
        if one.made_at is not None
    ]
    head = row("th", _("Version"), _("Name"), _("Questions"), _("Saved"))
    safe.draw(safe.el("table", safe.el("caption", _("Versions")), head, *lines, cls="wc-table"))


def _sample(rule: sampling.Rule) -> None:
    safe.draw(safe.el("h2", _("Sample"), cls="wc-part"))
    with st.form("sampling", border=False):
        st.number_input(_("Replies a week"), 0, sampling.MOST, rule.per_week, key="sampling_per_week", width=160)
        st.selectbox(
            _("Of each"), list(_BY), index=list(_BY).index(rule.by), format_func=lambda by: _(_BY[by]),
            key="sampling_by", width=220,
        )  # fmt: skip
        st.multiselect(
            _("And always those"), list(_ALWAYS), default=list(rule.always), format_func=lambda why: _(_ALWAYS[why]),
            key="sampling_always",
        )  # fmt: skip
        st.number_input(
            _("Replies a week that several review"), 0, sampling.MOST_SHARED, rule.shared, key="sampling_shared",
            width=160,
        )  # fmt: skip
        st.number_input(
            _("By how many reviewers"), 2, sampling.MOST_REVIEWERS, rule.reviewers, key="sampling_reviewers", width=160
        )
        st.number_input(
            _("Seed"), 0, 10**9, rule.seed, key="sampling_seed", width=160,
            help=_("The same seed draws the same replies; that is how a sample can be checked."),
        )  # fmt: skip
        st.form_submit_button(_("Save the sample"), on_click=_keep_sample)


def _keep_sample() -> None:
    state = st.session_state
    names = ("per_week", "by", "always", "shared", "reviewers", "seed")
    value = {name: state[f"sampling_{name}"] for name in names}

    def decide(session: Session, me: Actor, moment: datetime) -> None:
        sampling.decide_sampling(session, value, by=me, now=moment)

    if change(PLACE, decide):
        say(PLACE, "good", _("Saved; it counts from this week on."))
