"""Adding people, one by a form or many from a table, and the passwords for their first sign-in, shown once."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from webcare import people
from webcare.console import safe, words
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.tongue import _, counted, said
from webcare.console.trouble import say, tried
from webcare.domain import Role
from webcare.errors import WebcareError
from webcare.people import COLUMNS, Added, NewPerson, TableRefused

PLACE = "people"
#: Passwords to be read out now; in this browser's memory until they are hidden.
PASSWORDS = "people_passwords"
_TABLE, _FILE, _PROBLEMS = "people_table", "people_file", "people_problems"
_EXAMPLE = "username,name,role,email,skills,capacity\nnoor,Noor Smeets,first_line,noor@example.org,topic:delivery,30"


def show_passwords() -> None:
    """Draw the passwords somebody just made, until they say that they have them."""
    made: Sequence[Added] = st.session_state.get(PASSWORDS, ())
    if not made:
        return
    rows = [
        safe.el(
            "tr",
            safe.el("td", safe.name(one.name)),
            safe.el("td", safe.line(one.username)),
            safe.el("td", safe.el("code", one.password, cls="wc-once")),
        )
        for one in made
    ]
    head = safe.el("tr", *(safe.el("th", name) for name in (_("Name"), _("User name"), _("First password"))))
    told = _("Shown only now: give each person theirs. It works once, then they choose their own.")
    safe.draw(
        safe.el("div", told, cls="wc-alert wc-good", role="status"), safe.el("table", head, *rows, cls="wc-table")
    )
    st.button(_("I have noted them"), key="people_noted", on_click=_hide)


def show_adding() -> None:
    """Draw the form for one person."""
    with st.form("people_add", border=True, width=640):
        st.text_input(_("User name"), key="n_username", max_chars=80)
        st.text_input(_("Name"), key="n_name", max_chars=80)
        st.text_input(_("E-mail"), key="n_email", max_chars=254)
        role_box("n_role", Role.FIRST_LINE)
        st.toggle(_("Supervised: replies wait for a colleague's yes"), key="n_super")
        work_boxes("n", (), 0)
        st.form_submit_button(_("Add"), type="primary", on_click=tried, args=(PLACE, _add))


def show_import() -> None:
    """Draw where a table is brought in, what is wrong with it, and who would be added."""
    known = ", ".join(COLUMNS)
    told = _(
        "A table as CSV with a head. Columns: {names}; the first three are needed. Skills are separated by spaces."
    )
    safe.draw(safe.el("p", told.format(names=known), cls="wc-soft"), safe.el("pre", _EXAMPLE, cls="wc-yaml"))
    st.file_uploader(_("File"), type=["csv", "txt"], key=_FILE, on_change=_bring)
    st.text_area(_("Or paste it here"), key=_TABLE, height=160, max_chars=200_000)
    for problem in _problems():
        line = _("Line {number}: {text}").format(number=problem.line, text=safe.line(said(problem.text)))
        safe.draw(safe.el("div", line, cls="wc-alert wc-bad", role="alert"))
    st.button(_("Add these people"), key="people_import", type="primary", on_click=tried, args=(PLACE, _import))


def role_box(key: str, chosen: Role) -> None:
    """The choice of a role."""
    roles = [role.value for role in Role if role is not Role.SYSTEM]
    st.selectbox(
        _("Role"), roles, index=roles.index(chosen), format_func=lambda role: words.word(words.ROLES, role), key=key
    )


def work_boxes(place: str, skills: Sequence[str], capacity: int) -> None:
    """Skills and capacity."""
    st.text_input(
        _("Skills"), value=" ".join(skills), key=f"{place}_skills", placeholder="topic:delivery market:nl store:utrecht"
    )
    st.number_input(
        _("Most cases at once (0 = no limit)"), value=capacity, min_value=0, max_value=1000, key=f"{place}_capacity"
    )


def _add() -> None:
    state = st.session_state
    new = NewPerson(
        state["n_username"],
        state["n_name"],
        Role(state["n_role"]),
        email=state["n_email"],
        supervised=state["n_super"],
        skills=tuple(state["n_skills"].replace(",", " ").split()),
        capacity=int(state["n_capacity"]),
    )
    _id, password = people.add_person(desk().store, new, by=me_or_stop(), now=now())
    state[PASSWORDS] = [Added(new.username.strip().lower(), new.name, password)]
    for key in ("n_username", "n_name", "n_email", "n_skills"):
        state[key] = ""
    say(PLACE, "good", _("{name} is added.").format(name=safe.line(new.name, limit=80)))


def _bring() -> None:
    file = st.session_state.get(_FILE)
    if file is None:
        return
    try:
        st.session_state[_TABLE] = file.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError:
        say(PLACE, "bad", _("This file is no UTF-8 text; save it as “CSV UTF-8”."))


def _import() -> None:
    st.session_state.pop(_PROBLEMS, None)
    try:
        added = people.add_people(desk().store, st.session_state.get(_TABLE, ""), by=me_or_stop(), now=now())
    except TableRefused as refused:
        st.session_state[_PROBLEMS] = refused.problems
        raise WebcareError("Nobody was added: mend the lines below, then try again.") from refused
    st.session_state[PASSWORDS] = added
    st.session_state[_TABLE] = ""
    say(PLACE, "good", counted("{count} colleague is added.", "{count} colleagues are added.", len(added)))


def _problems() -> Sequence[people.Problem]:
    found: Sequence[people.Problem] = st.session_state.get(_PROBLEMS, ())
    return found


def _hide() -> None:
    st.session_state.pop(PASSWORDS, None)
