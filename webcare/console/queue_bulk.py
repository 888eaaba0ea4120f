"""Doing the same to the picked cases: choose, see exactly what happens to each, say yes, see what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from webcare.cases.bulk import Action, Answer, Assign, Plan, Resolve, Tag
from webcare.cases.bulk_answers import SEVERAL_FROM
from webcare.cases.bulk_steps import Done, Step
from webcare.console import queue_acts, safe, words
from webcare.console.lists import lists_of
from webcare.console.queue_acts import told
from webcare.console.tongue import N_, _, counted, refusal
from webcare.console.trouble import alert
from webcare.domain import Resolution
from webcare.errors import WebcareError

_ASKED, _DONE, _PLANNED, _WORDINGS = "queue_bulk", "queue_bulk_done", "queue_bulk_plan", "queue_wordings"
_KEEP = "queue_keep"
MOST_WORDINGS = 5
_TITLES: Mapping[str, str] = {
    "assign": N_("Assign the picked cases"),
    "tag": N_("Tag the picked cases"),
    "resolve": N_("Resolve the picked cases"),
    "answer": N_("The same answer to the picked cases"),
}
#: What the button says, for one case and for more.
_YES_ONE: Mapping[str, str] = {
    "assign": N_("Assign {count} case"),
    "tag": N_("Tag {count} case"),
    "resolve": N_("Resolve {count} case"),
    "answer": N_("Send {count} answer"),
}
_YES_MANY: Mapping[str, str] = {
    "assign": N_("Assign {count} cases"),
    "tag": N_("Tag {count} cases"),
    "resolve": N_("Resolve {count} cases"),
    "answer": N_("Send {count} answers"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to do, and to which cases."""

    kind: str
    ids: tuple[int, ...]
    to: int | None = None


def ask(kind: str, ids: Sequence[int], *, to: int | None = None) -> None:
    """Open the window for these cases at the next drawing of the page."""
    if kind in _TITLES and ids:
        st.session_state[_ASKED] = Asked(kind, tuple(ids), to)
        st.session_state[_KEEP] = True
        for name in (_DONE, _PLANNED):
            st.session_state.pop(name, None)


def keeps_the_list() -> bool:
    """Whether the list under the window keeps its order for this drawing."""
    return bool(st.session_state.pop(_KEEP, False))


def show() -> None:
    """Draw the window when somebody asked for it."""
    asked: Asked | None = st.session_state.get(_ASKED)
    if asked is None:
        return
    # A slip of the finger must not cost what somebody wrote.
    closes = asked.kind != "answer"
    st.dialog(_(_TITLES[asked.kind]), width="large", dismissible=closes, on_dismiss=close)(_draw)(asked)


def close() -> None:
    """Forget what was asked; the list stays in its order."""
    for name in (_ASKED, _PLANNED):
        st.session_state.pop(name, None)
    if st.session_state.pop(_DONE, None) is None:
        st.session_state[_KEEP] = True


def _draw(asked: Asked) -> None:
    if st.session_state.get(_ASKED) != asked:
        st.rerun()  # it was closed; the page goes on without the window
    done: tuple[Done, ...] | None = st.session_state.get(_DONE)
    if done is not None:
        _results(done)
        return
    plan = None
    try:
        action = _action(asked)
        plan = _plan(action, asked.ids) if action is not None else None
    except WebcareError as error:
        alert("bad", refusal(error))
    if plan is not None:
        _preview(plan)
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button(_("Cancel"), key="bulk_cancel", on_click=close)
        if plan is not None and plan.doing:
            st.button(
                _(_YES_ONE[asked.kind]).format(count=len(plan.doing))
                if len(plan.doing) == 1
                else _(_YES_MANY[asked.kind]).format(count=len(plan.doing)),
                key="bulk_yes",
                type="primary",
                on_click=_do,
                args=(plan,),
            )


def _do(plan: Plan) -> None:
    try:
        st.session_state[_DONE] = queue_acts.carry_out(plan)
    except WebcareError as error:
        alert("bad", refusal(error))
    st.session_state.pop(_WORDINGS, None)
    st.session_state["queue_cleared"] = st.session_state.get("queue_cleared", 0) + 1


def _action(asked: Asked) -> Action | None:
    match asked.kind:
        case "assign":
            return _assign(asked)
        case "tag":
            return _tag()
        case "resolve":
            return _resolve()
    return _answer(len(asked.ids))


def _assign(asked: Asked) -> Action:
    people = {queue_acts.NOBODY: _("Nobody, back to the queue")}
    people |= {id_: safe.label(name) for id_, name in lists_of().colleagues}
    choices = list(people)
    start = choices.index(asked.to) if asked.to in choices else 0
    to = st.selectbox(_("Assign to"), choices, index=start, format_func=people.__getitem__, key="bulk_to")
    return Assign(to or None)


def _tag() -> Action | None:
    known = {tag: safe.label(tag) or tag for tag in lists_of().tags}
    left, right = st.columns(2)
    add = left.multiselect(
        _("Put on"),
        list(known),
        format_func=lambda tag: known.get(tag, safe.label(tag)),
        key="bulk_add",
        accept_new_options=True,
        placeholder=_("Choose or type a tag"),
    )
    remove = right.multiselect(
        _("Take off"),
        list(known),
        format_func=known.__getitem__,
        key="bulk_remove",
        placeholder=_("Choose a tag"),
    )
    return Tag(tuple(add), tuple(remove)) if add or remove else None


def _resolve() -> Action:
    reasons = {one.value: words.word(words.RESOLUTIONS, one.value) for one in Resolution}
    reason = st.selectbox(_("Why are these done?"), list(reasons), format_func=reasons.__getitem__, key="bulk_reason")
    return Resolve(Resolution(reason))


def _answer(count: int) -> Action | None:
    told_why = _(
        "Networks suspend who posts one text many times, so the wordings below are spread over the cases. The guard "
        "reads each answer for the case it goes to."
    )
    safe.draw(safe.el("p", told_why, cls="wc-soft"))
    texts: list[str] = st.session_state.setdefault(_WORDINGS, [""] * (2 if count >= SEVERAL_FROM else 1))
    for number in range(len(texts)):
        key = f"wording_{number}"
        st.session_state.setdefault(key, texts[number])
        st.text_area(
            _("Wording {number}").format(number=len(texts[: number + 1])),
            key=key,
            height=88,
            on_change=_keep,
            args=(number,),
        )
    if len(texts) < MOST_WORDINGS:
        st.button(_("One more wording"), key="bulk_more", type="tertiary", icon=":material/add:", on_click=_one_more)
    return Answer(tuple(texts)) if any(text.strip() for text in texts) else None


def _keep(number: int) -> None:
    texts = list(st.session_state[_WORDINGS])
    texts[number] = st.session_state[f"wording_{number}"]
    st.session_state[_WORDINGS] = texts


def _one_more() -> None:
    st.session_state[_WORDINGS] = [*st.session_state[_WORDINGS], ""]


def _plan(action: Action, ids: tuple[int, ...]) -> Plan:
    """Planned once for each choice, not at each drawing: the guard reads every answer."""
    known: tuple[Action, tuple[int, ...], Plan] | None = st.session_state.get(_PLANNED)
    if known is not None and known[:2] == (action, ids):
        return known[2]
    plan = queue_acts.planned(action, ids)
    st.session_state[_PLANNED] = (action, ids, plan)
    return plan


def _preview(plan: Plan) -> None:
    out = len(plan.steps) - len(plan.doing)
    text = counted("{count} case will change.", "{count} cases will change.", len(plan.doing))
    if out:
        text += " " + counted(
            "{count} is left out, for the reason beside it.", "{count} are left out, for the reasons beside them.", out
        )
    _table(text, [_line(step, _what(plan.action, step), "wc-out" if step.left_out else "") for step in plan.steps])


def _results(done: tuple[Done, ...]) -> None:
    did = queue_acts.last()
    lines = [_line(one.step, *_became(one)) for one in done]
    _table(did.text if did else "", lines)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if did is not None and did.can_undo:
            st.button(_("Undo"), key="bulk_undo", icon=":material/undo:", on_click=_undo)
        st.button(_("Close"), key="bulk_close", type="primary", on_click=close)


def _undo() -> None:
    st.session_state[_DONE] = queue_acts.undo_last()


def _became(one: Done) -> tuple[str, str]:
    if one.refused is not None:
        return f"✕ {told(one.refused)}", "wc-out"
    if one.approval_id is not None:
        return _("Waits for a colleague's yes"), ""
    return "✓", ""


def _table(title: str, lines: list[safe.Html]) -> None:
    head = safe.el("tr", safe.el("th", _("Case")), safe.el("th", _("What happens")))
    caption = safe.el("caption", title)
    table = safe.el("table", caption, safe.el("thead", head), safe.el("tbody", *lines), cls="wc-table")
    safe.draw(safe.el("div", table, cls="wc-bulk", tabindex="0", role="region", aria_label=title))


def _line(step: Step, what: str, look: str) -> safe.Html:
    name = safe.name(step.customer or _("Somebody"))
    network = safe.el("small", words.word(words.CHANNELS, step.channel)) if step.channel else safe.Html("")
    case = safe.el("div", name, " ", network, safe.el("div", safe.line(step.excerpt, limit=90), cls="wc-soft wc-clip"))
    return safe.el("tr", safe.el("td", case), safe.el("td", what, _remark(step)), cls=look or None)


def _remark(step: Step) -> safe.Html:
    if step.remark is None or step.left_out is not None:
        return safe.Html("")
    return safe.el("div", told(step.remark), cls="wc-soft")


def _what(action: Action, step: Step) -> str:
    """What happens to one case, in words."""
    if step.left_out is not None:
        return _("Left out: {reason}").format(reason=told(step.left_out))
    match action:
        case Assign(to):
            names = dict(lists_of().colleagues)
            person = safe.line(names.get(to or 0, ""), limit=60) if to else _("nobody, back to the queue")
            before = safe.line(step.assignee_name, limit=60) or _("nobody")
            return _("From {before} to {person}").format(before=before, person=person)
        case Tag():
            return " ".join([*(f"+ {tag}" for tag in step.added), *(f"− {tag}" for tag in step.removed)])
        case Resolve(resolution):
            return _("Resolved: {reason}").format(reason=words.word(words.RESOLUTIONS, resolution.value))
    return step.text
