"""Tab of the desk: which customers are asked how we helped them, when, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare.cases.survey_policy import (
    MOST_DAYS,
    MOST_TEXT,
    MOST_WAIT_MIN,
    SURVEY,
    TEXTS,
    Asked,
    SurveyPolicy,
    decide_survey,
)
from webcare.console import safe, words
from webcare.console.acting import change
from webcare.console.desk_parts import (
    PLACE,
    changes,
    chosen_day,
    desk_zone,
    draw_changes,
    first_day,
    history,
    value_on,
)
from webcare.console.survey_words import ASKED
from webcare.console.tongue import _, refusal
from webcare.console.trouble import alert, say
from webcare.domain import LANGUAGES, Actor
from webcare.errors import WebcareError

_DAY, _SHOWN, _ON, _WHO = "survey_day", "survey_shown", "survey_on", "survey_who"
_WAIT, _DAYS, _ANGER, _TAGS, _LANGUAGES = (
    *("survey_wait", "survey_days", "survey_anger", "survey_tags"),
    "survey_languages",
)
_TEXT = "survey_text_{}"


def show() -> None:
    """Draw the form, what it changes, and who decided before."""
    first_day(_DAY)
    _bring()
    st.toggle(_("Ask customers how we helped"), key=_ON)
    if st.session_state.get(_ON):
        _who()
        _words()
    wrong = ""
    try:
        after = SurveyPolicy.from_value(_value())
    except WebcareError as error:
        after, wrong = _before(), refusal(error)
        alert("warn", wrong)
    found = changes(_told(_before()), _told(after))
    draw_changes(found)
    disabled = bool(wrong) or not found
    st.button(_("Save who is asked"), key="survey_save", type="primary", on_click=_save, disabled=disabled)
    history(SURVEY)


def _who() -> None:
    st.radio(_("Who is asked"), list(ASKED), format_func=lambda code: words.word(ASKED, code), key=_WHO)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(_("Minutes after closing"), min_value=1, max_value=MOST_WAIT_MIN, step=5, key=_WAIT)
        st.number_input(_("At most once in so many days"), min_value=1, max_value=MOST_DAYS, step=1, key=_DAYS)
    st.text_input(_("Never on cases with one of these tags"), key=_TAGS, help=_("Separated by commas"))
    st.checkbox(_("Ask customers who were negative before our answer, and not after it"), key=_ANGER)
    left_out = _(
        "Never asked: about danger or legal matters, in an incident that is going on, colleagues and accounts of ours, "
        "customers who sent STOP, and those who are negative. The figures say how many were left out and why: what "
        "those say who are asked is not what everybody thinks."
    )
    safe.draw(safe.el("p", left_out, cls="wc-soft"))


def _words() -> None:
    st.multiselect(
        _("Languages"), list(LANGUAGES), format_func=words.own_name, key=_LANGUAGES, placeholder=_("none chosen")
    )
    for language in st.session_state.get(_LANGUAGES) or ():
        st.text_area(
            _("Question: {language}").format(language=safe.label(words.own_name(language))),
            key=_TEXT.format(language),
            max_chars=MOST_TEXT,
            height=80,
        )


def _bring() -> None:
    """Fill the fields with what counts on the day, once: what somebody chooses there stays."""
    day = chosen_day(_DAY)
    if st.session_state.get(_SHOWN) == day and _ON in st.session_state:
        _keep()
        return
    kept = _before()
    st.session_state[_SHOWN] = day
    st.session_state[_ON], st.session_state[_WHO] = kept.on, kept.who.value
    st.session_state[_WAIT], st.session_state[_DAYS] = kept.wait_min, kept.once_in_days
    st.session_state[_ANGER], st.session_state[_TAGS] = kept.after_anger, ", ".join(sorted(kept.never_tags))
    st.session_state[_LANGUAGES] = [one for one in LANGUAGES if one in kept.languages]
    for language in LANGUAGES:
        st.session_state[_TEXT.format(language)] = kept.own_texts.get(language) or TEXTS[language]


def _keep() -> None:
    """Fields that are not drawn just now keep what is in them."""
    for key in (_WHO, _WAIT, _DAYS, _ANGER, _TAGS, _LANGUAGES, *map(_TEXT.format, LANGUAGES)):
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def _before() -> SurveyPolicy:
    return SurveyPolicy.from_value(value_on(SURVEY, chosen_day(_DAY)))


def _value() -> dict[str, Any]:
    given = st.session_state
    texts = {one: " ".join(str(given.get(_TEXT.format(one)) or "").split()) for one in LANGUAGES}
    return {
        "on": bool(given.get(_ON)),
        "who": given.get(_WHO, Asked.PRIVATE.value),
        "wait_min": int(given.get(_WAIT) or 1),
        "once_in_days": int(given.get(_DAYS) or 1),
        "after_anger": bool(given.get(_ANGER)),
        "never_tags": [tag.strip() for tag in str(given.get(_TAGS, "")).split(",") if tag.strip()],
        "languages": list(given.get(_LANGUAGES) or ()),
        "own_texts": {name: text for name, text in texts.items() if text != TEXTS[name]},
    }


def _told(policy: SurveyPolicy) -> Mapping[str, str]:
    if not policy.on:
        return {_("Ask customers how we helped"): _("No")}
    found = {
        _("Ask customers how we helped"): _("Yes"),
        _("Who is asked"): words.word(ASKED, policy.who.value),
        _("Minutes after closing"): str(policy.wait_min),
        _("At most once in so many days"): str(policy.once_in_days),
        _("Never on cases with one of these tags"): ", ".join(sorted(policy.never_tags)),
        _("Ask customers who were negative before our answer, and not after it"): _("Yes")
        if policy.after_anger
        else _("No"),
    }
    for language in (one for one in LANGUAGES if one in policy.languages):
        name = _("Question: {language}").format(language=words.own_name(language))
        found[name] = safe.line(policy.text(language), limit=MOST_TEXT)
    return found


def _save() -> None:
    value, day = _value(), chosen_day(_DAY)

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        decide_survey(session, value, first_day=day, zone=desk_zone(), by=by, now=moment)

    if change(PLACE, verb):
        say(PLACE, "good", _("Saved; it counts for cases closed from {day} on.").format(day=day.isoformat()))
