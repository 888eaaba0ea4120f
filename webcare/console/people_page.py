"""People, for administrators: who works here, and everything that can be done about an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import people
from webcare.console import people_adding, safe, words
from webcare.console.acting import act
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.hours_form import read_days, show_days
from webcare.console.people_adding import PASSWORDS, PLACE, show_passwords
from webcare.console.tongue import N_, _, counted
from webcare.console.trouble import say, show_news, tried
from webcare.domain import Actor, Role
from webcare.people import PERMISSION_WORDS, PERMISSIONS, Change, Permission, Person, require

_WHO, _WHAT = "who", "do"
_VIEWS = {"all": N_("Colleagues"), "add": N_("Add somebody"), "import": N_("Import a table")}


def show() -> None:
    """Draw the page; raises NotAllowed for those who do not manage people."""
    require(me_or_stop(), Permission.MANAGE_PEOPLE)
    safe.draw(safe.el("h1", _("People"), cls="wc-page"))
    show_news(PLACE)
    show_passwords()
    view = st.segmented_control(
        _("What to do"),
        list(_VIEWS),
        default="all",
        required=True,
        format_func=lambda code: _(_VIEWS[code]),
        key=_WHAT,
        label_visibility="collapsed",
    )
    if view == "add":
        people_adding.show_adding()
    elif view == "import":
        people_adding.show_import()
    else:
        _colleagues()


def _colleagues() -> None:
    with desk().store.read() as session:
        found = people.everybody(session, by=me_or_stop(), now=now())
    by_id = {one.id: one for one in found}
    left, right = st.columns([3, 2], gap="large")
    with right:
        chosen = st.selectbox(
            _("Colleague"),
            list(by_id),
            index=None,
            format_func=lambda one: safe.label(f"{by_id[one].name} · {by_id[one].username}", limit=80),
            placeholder=_("Choose somebody to change"),
            key=_WHO,
        )
        if chosen in by_id:
            _one(by_id[chosen])
    with left:
        safe.draw(_table(found))


def _table(found: Sequence[Person]) -> safe.Html:
    names = (_("Name"), _("User name"), _("Role"), _("Signs in with"), _("Last seen"), _("Browsers"))
    head = safe.el("tr", *(safe.el("th", name) for name in names))
    moment = now()
    rows = [_row(one, moment) for one in found]
    active = sum(one.active for one in found)
    caption = safe.el("caption", counted("{count} colleague", "{count} colleagues", active))
    return safe.el("table", caption, head, *rows, cls="wc-table wc-people")


def _row(one: Person, moment: datetime) -> safe.Html:
    role = words.word(words.ROLES, one.role) + (f" + {len(one.grants)}" if one.grants else "")
    cells = (
        safe.join((safe.name(one.name), *_marks(one, moment))),
        safe.line(one.username),
        role,
        _("organisation") if one.from_provider else _("password"),
        words.clock_time(one.seen_at, now=moment) if one.seen_at else "–",
        str(one.sign_ins or "–"),
    )
    return safe.el("tr", *(safe.el("td", cell) for cell in cells), cls=None if one.active else "wc-left")


def _marks(one: Person, moment: datetime) -> list[str]:
    told = (
        (not one.active, _("closed"), ""),
        (one.supervised, _("supervised"), " wc-chip-orange"),
        (bool(one.locked_until and one.locked_until > moment), _("locked"), " wc-chip-red"),
        (one.must_change and one.active, _("new password due"), " wc-chip-blue"),
        (bool(one.away_until and one.away_until > moment), _("away"), ""),
    )
    shown = [safe.el("span", word, cls=f"wc-chip{colour}") for holds, word, colour in told if holds]
    return [part for chip in shown for part in (" ", chip)]


def _one(one: Person) -> None:
    _buttons(one)
    with st.form(f"person_{one.id}", border=True):
        st.text_input(_("Name"), value=one.name, key=f"p_name_{one.id}", max_chars=80)
        st.text_input(_("E-mail"), value=one.email, key=f"p_email_{one.id}", max_chars=254)
        people_adding.role_box(f"p_role_{one.id}", one.role)
        if one.from_provider:
            told = _("Their organisation decides on the role, at every sign-in anew.")
            safe.draw(safe.el("p", told, cls="wc-soft"))
        st.multiselect(
            _("May also"),
            [code for code in PERMISSION_WORDS if code not in PERMISSIONS[one.role]],
            default=sorted(one.grants & (PERMISSION_WORDS.keys() - PERMISSIONS[one.role])),
            format_func=lambda code: _(PERMISSION_WORDS[code]),
            key=f"p_grants_{one.id}",
            placeholder=_("nothing more"),
        )
        st.toggle(_("Supervised: replies wait for a colleague's yes"), value=one.supervised, key=f"p_super_{one.id}")
        people_adding.work_boxes(f"p_{one.id}", one.skills, one.capacity)
        show_days(f"p_{one.id}", one.hours)
        st.form_submit_button(_("Keep"), type="primary", on_click=act, args=(PLACE, _keep(one.id)))


def _keep(agent_id: int) -> Callable[[Session, Actor, datetime], None]:
    def keep(session: Session, by: Actor, moment: datetime) -> None:
        state = st.session_state
        change = Change(
            name=state[f"p_name_{agent_id}"],
            email=state[f"p_email_{agent_id}"],
            role=Role(state[f"p_role_{agent_id}"]),
            grants=frozenset(state[f"p_grants_{agent_id}"]),
            supervised=state[f"p_super_{agent_id}"],
            skills=tuple(state[f"p_{agent_id}_skills"].replace(",", " ").split()),
            capacity=int(state[f"p_{agent_id}_capacity"]),
            hours=read_days(f"p_{agent_id}"),
        )
        people.change_person(session, agent_id, change, by=by, now=moment)
        say(PLACE, "good", _("Kept."))

    return keep


def _buttons(one: Person) -> None:
    with st.container(horizontal=True, gap="small"):
        if not one.active:
            st.button(_("Open again"), key="p_reopen", on_click=act, args=(PLACE, _reopen(one)))
            return
        st.button(_("New password"), key="p_reset", on_click=tried, args=(PLACE, lambda: _reset(one)))
        st.button(_("Sign out everywhere"), key="p_out", on_click=act, args=(PLACE, _out(one)))
        with st.popover(_("Close the account")):
            told = _("{name} is signed out at once and cannot sign in any more. What they did stays under their name.")
            safe.draw(safe.el("p", told.format(name=safe.line(one.name, limit=80))))
            st.button(_("Close it"), key="p_close", type="primary", on_click=act, args=(PLACE, _close(one)))


def _reset(one: Person) -> None:
    password = people.reset_password(desk().store, one.id, by=me_or_stop(), now=now())
    st.session_state[PASSWORDS] = [people.Added(one.username, one.name, password)]


def _out(one: Person) -> Callable[[Session, Actor, datetime], None]:
    def out(session: Session, by: Actor, moment: datetime) -> None:
        ended = people.sign_out_everywhere(session, one.id, by=by, now=moment)
        say(PLACE, "good", counted("Signed out of {count} browser.", "Signed out of {count} browsers.", ended))

    return out


def _close(one: Person) -> Callable[[Session, Actor, datetime], None]:
    def close(session: Session, by: Actor, moment: datetime) -> None:
        people.close_person(session, one.id, by=by, now=moment)
        say(PLACE, "good", _("The account of {name} is closed.").format(name=safe.line(one.name, limit=80)))

    return close


def _reopen(one: Person) -> Callable[[Session, Actor, datetime], None]:
    def reopen(session: Session, by: Actor, moment: datetime) -> None:
        people.reopen_person(session, one.id, by=by, now=moment)
        say(PLACE, "good", _("The account of {name} is open again.").format(name=safe.line(one.name, limit=80)))

    return reopen
