"""Tab of the desk: its own routing rules, edited as one list and saved after a look at what they would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import deciding
from webcare.console import desk_rule_form, safe
from webcare.console.acting import change
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.desk_parts import PLACE, history, queue_titles, row
from webcare.console.desk_preview import draw_preview
from webcare.console.desk_rule_form import WHICH, sentence
from webcare.console.tongue import _, refusal
from webcare.console.trouble import alert, say
from webcare.deciding import Preview
from webcare.deciding.current import ROUTING
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.routing_rules import read_rules

_RULES, _LOOKED, _LOOK = "routing_rules", "routing_preview", "routing_look"
#: In the select box of rules.
_NEW = -1


def show() -> None:
    """Draw the rules, the form of the chosen one, and the preview."""
    rules = _rules()
    titles = queue_titles()
    safe.draw(_list(rules, titles))
    st.selectbox(
        _("Rule"), [_NEW, *range(len(rules))], format_func=lambda at: _named(rules, at), key=WHICH, on_change=_bring
    )
    chosen: int = st.session_state[WHICH]
    if chosen != _NEW:
        _buttons(rules, chosen)
    desk_rule_form.draw(titles, [*desk().settings.accounts])
    label = _("Add the rule to the list") if chosen == _NEW else _("Put the change into the list")
    st.button(safe.label(label), key="rule_put", on_click=_put)
    _last_week(rules, titles)
    history("routing")


def _list(rules: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> safe.Html:
    if not rules:
        return safe.el("p", _("There is no rule of your own yet; Webcare's own rules decide."), cls="wc-soft")
    head = row("th", "", _("Name"), _("When"), _("Then"), "")
    rows = []
    for number, rule in enumerate(rules, start=1):
        when, then = sentence(rule, titles)
        off = "" if rule.get("active", True) else _("switched off")
        name = safe.el("strong", safe.line(rule["name"]))
        cells = [str(number), name, safe.line(when, limit=400), safe.line(then, limit=300), off]
        rows.append(safe.el("tr", *(safe.el("td", cell) for cell in cells), cls="wc-soft" if off else None))
    return safe.el("table", safe.el("caption", _("Rules, in their order")), head, *rows, cls="wc-table")


def _buttons(rules: Sequence[Mapping[str, Any]], at: int) -> None:
    active = rules[at].get("active", True)
    with st.container(horizontal=True, gap="small"):
        st.button(_("Move up"), key="rule_up", on_click=_move, args=(-1,), disabled=at == 0)
        st.button(_("Move down"), key="rule_down", on_click=_move, args=(1,), disabled=at == len(rules) - 1)
        st.button(_("Switch off") if active else _("Switch on"), key="rule_switch", on_click=_switch)
        st.button(_("Delete"), key="rule_delete", type="tertiary", on_click=_delete)


def _last_week(rules: list[dict[str, Any]], titles: Mapping[str, str]) -> None:
    value = {"rules": rules}
    with desk().store.read() as session:
        kept, wanted = deciding.rules_value(session, at=now()), deciding.fingerprint(session, value, at=now())
    looked: Preview | None = st.session_state.get(_LOOKED)
    fits = looked is not None and looked.fingerprint == wanted
    new = kept != value
    if new:
        alert("info", _("These rules are not in force yet. Look at last week, then save them."))
    with st.container(horizontal=True, gap="small"):
        st.button(_("What would happen to last week"), key="rules_look", on_click=_ask)
        st.button(_("Save the rules"), key="rules_keep", type="primary", on_click=_save, disabled=not (fits and new))
        if new:
            st.button(_("Back to the rules in force"), key="rules_back", type="tertiary", on_click=_back)
    if st.session_state.pop(_LOOK, False):
        looked, fits = _replay(value), True
    if looked is not None and fits:
        draw_preview(looked, titles)
        if new and st.session_state.pop("routing_fresh", False):
            # The button above was drawn before there was anything to save by.
            st.rerun()


def _replay(value: Mapping[str, Any]) -> Preview | None:
    bar = st.progress(0.0, text=_("Routing last week's messages again …"))
    try:
        with desk().store.read() as session:
            found = deciding.preview(
                session,
                value,
                desk().settings.routing,
                unsorted_below=desk().settings.triage.unsorted_below,
                by=me_or_stop(),
                now=now(),
                progress=bar.progress,
            )
    except WebcareError as error:
        alert("bad", refusal(error))
        return None
    finally:
        bar.empty()
    st.session_state[_LOOKED], st.session_state["routing_fresh"] = found, True
    return found


def _rules() -> list[dict[str, Any]]:
    """The list being edited: what this person made of it and did not save yet, else that in force."""
    if _RULES not in st.session_state:
        with desk().store.read() as session:
            value = deciding.draft_of(session, ROUTING, by=me_or_stop()) or deciding.rules_value(session, at=now())
        st.session_state[_RULES] = list(value["rules"])
    rules: list[dict[str, Any]] = st.session_state[_RULES]
    return rules


def _named(rules: Sequence[Mapping[str, Any]], at: int) -> str:
    return _("A new rule") if at == _NEW else f"{at + 1}. {safe.line(rules[at]['name'])}"


def _bring() -> None:
    at = st.session_state[WHICH]
    desk_rule_form.bring({} if at == _NEW else _rules()[at])


def _put() -> None:
    at = st.session_state.get(WHICH, _NEW)
    rules = list(_rules())
    made = desk_rule_form.made(active=at == _NEW or rules[at].get("active", True))
    changed = [*rules, made] if at == _NEW else [*rules[:at], made, *rules[at + 1 :]]

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        read_rules({"rules": changed}, deciding.queue_names(session, at=moment))

    if change(PLACE, verb):
        _keep(changed, len(changed) - 1 if at == _NEW else at)


def _keep(rules: list[dict[str, Any]], at: int) -> None:
    st.session_state[_RULES], st.session_state[WHICH] = rules, at
    _bring()
    change(PLACE, lambda session, by, moment: _keep_draft(session, {"rules": rules}, by, moment))


def _keep_draft(session: Session, value: dict[str, Any], by: Actor, moment: datetime) -> None:
    stands = deciding.rules_value(session, at=moment) == value
    deciding.keep_draft(session, ROUTING, None if stands else value, by=by, now=moment)


def _move(step: int) -> None:
    at, rules = st.session_state[WHICH], list(_rules())
    rules.insert(at + step, rules.pop(at))
    _keep(rules, at + step)


def _switch() -> None:
    at, rules = st.session_state[WHICH], list(_rules())
    rules[at] = rules[at] | {"active": not rules[at].get("active", True)}
    _keep(rules, at)


def _delete() -> None:
    at, rules = st.session_state[WHICH], list(_rules())
    del rules[at]
    _keep(rules, _NEW)


def _ask() -> None:
    st.session_state[_LOOK] = True


def _save() -> None:
    value, looked = {"rules": _rules()}, st.session_state[_LOOKED]

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        deciding.decide_routing(session, value, previewed=looked.fingerprint, by=by, now=moment)
        deciding.keep_draft(session, ROUTING, None, by=by, now=moment)

    if change(PLACE, verb):
        say(PLACE, "good", _("Saved; the rules count for every message from now on."))
        _forget()


def _back() -> None:
    if change(PLACE, lambda session, by, moment: deciding.keep_draft(session, ROUTING, None, by=by, now=moment)):
        _forget()


def _forget() -> None:
    for key in (_RULES, _LOOKED):
        st.session_state.pop(key, None)
    st.session_state[WHICH] = _NEW
    desk_rule_form.bring({})
