"""The audit log: who changed what about the desk and when, from what to what, and whether the log itself is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from webcare import people
from webcare.audit import Chain, Entry, Wanted
from webcare.console import audit_words, incident_words, notify_words, safe, words
from webcare.console import desk as console_desk
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now, zone
from webcare.console.desk_parts import queue_titles
from webcare.console.tongue import N_, _, counted, day_format
from webcare.console.trouble import alert
from webcare.errors import NotAllowed
from webcare.people import Permission, require

_PAGE = 100
_BEFORE, _PERSON, _WHAT, _SINCE, _UNTIL = "audit_before", "audit_person", "audit_what", "audit_since", "audit_until"
WHAT: Mapping[str, str] = {
    "person_added": N_("Person added"),
    "person_changed": N_("Person changed"),
    "person_closed": N_("Account closed"),
    "person_reopened": N_("Account opened again"),
    "person_linked": N_("Account linked to the organisation's"),
    "person_shut_out": N_("Shut out: no group any more"),
    "role_changed": N_("Rights changed"),
    "password_changed": N_("Password changed"),
    "password_reset": N_("Password given anew"),
    "account_locked": N_("Account locked after wrong passwords"),
    "signed_out_everywhere": N_("Signed out everywhere"),
    "signed_out_elsewhere": N_("Signed out of other browsers"),
    "hours_changed": N_("Working hours changed"),
    "away_changed": N_("Away changed"),
    "card_sharing_changed": N_("Sharing of one's own figures changed"),
    "policy_changed": N_("Decision changed"),
    "rule_saved": N_("Brand rule saved"),
    "rule_deleted": N_("Brand rule deleted"),
    "profile_changed": N_("Brand profile changed"),
    "account_paused": N_("Network account paused"),
    "account_resumed": N_("Network account resumed"),
    "access_renewed": N_("Access to a network renewed"),
    "saved_reply_added": N_("Saved reply added"),
    "saved_reply_changed": N_("Saved reply changed"),
    "saved_reply_deleted": N_("Saved reply deleted"),
    "view_saved": N_("Shared view saved"),
    "view_renamed": N_("Shared view renamed"),
    "view_deleted": N_("Shared view deleted"),
    "person_erased": N_("A customer's words erased"),
    "person_exported": N_("A customer's words exported"),
    "reply_reviewed": N_("Reply reviewed"),
    "sample_drawn": N_("Replies drawn for review"),
    "scorecard_saved": N_("Scorecard saved"),
    "coaching_note_written": N_("Coaching note written"),
    "defect_settled": N_("Said what becomes of a defect"),
    **notify_words.EVENTS,
    **incident_words.EVENTS,
}
#: What is written down about people, part by part; the parts of other decisions are shown as the log has them.
_PARTS = (
    N_("username"), N_("name"), N_("role"), N_("email"), N_("grants"), N_("supervised"), N_("skills"), N_("capacity"),
    N_("hours"), N_("away until"), N_("signed out"), N_("browsers"), N_("linked"), N_("until"),
)  # fmt: skip


def show() -> None:
    """Draw the page; raises NotAllowed for those who may not see the log."""
    me = me_or_stop()
    require(me, Permission.SEE_AUDIT)
    safe.draw(safe.el("h1", _("Audit log"), cls="wc-page"))
    with desk().store.read() as session:
        names, kinds = people.log_choices(session, by=me)
    _filters(names, kinds)
    wanted = _wanted()
    with desk().store.read() as session:
        found = people.read_log(session, wanted, by=me, limit=_PAGE + 1, before_id=st.session_state.get(_BEFORE))
        about = people.names_of(session)
    safe.draw(_table(found[:_PAGE], about, queue_titles()))
    _turning(found, wanted)
    st.fragment(_check)()


def _filters(names: Sequence[str], kinds: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            _("Who"),
            ["", *names],
            format_func=lambda name: safe.line(name, limit=80) or _("Everybody"),
            key=_PERSON,
            on_change=_from_the_start,
            width=220,
        )
        st.selectbox(
            _("What"),
            ["", *kinds],
            format_func=lambda what: words.word(WHAT, what) if what else _("Everything"),
            key=_WHAT,
            on_change=_from_the_start,
            width=260,
        )
        st.date_input(_("From"), value=None, key=_SINCE, format=day_format(), on_change=_from_the_start, width=150)
        st.date_input(
            _("Up to and with"), value=None, key=_UNTIL, format=day_format(), on_change=_from_the_start, width=150
        )


def _from_the_start() -> None:
    st.session_state.pop(_BEFORE, None)


def _wanted() -> Wanted:
    state = st.session_state
    until: date | None = state.get(_UNTIL)
    return Wanted(
        person=state.get(_PERSON, ""),
        what=state.get(_WHAT, ""),
        since=_midnight(state.get(_SINCE)),
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), zone()) if day else None


def _table(found: Sequence[Entry], about: Mapping[str, str], titles: Mapping[str, str]) -> safe.Html:
    names = (_("When"), _("Who"), _("What"), _("About"), _("From what to what"))
    head = safe.el("tr", *(safe.el("th", name) for name in names))
    moment = now()
    rows = [_row(one, moment, about, titles) for one in found]
    if not rows:
        rows = [safe.el("tr", safe.el("td", _("Nothing was changed here."), colspan="5", cls="wc-soft"))]
    return safe.el("table", head, *rows, cls="wc-table wc-log")


def _row(one: Entry, moment: datetime, about: Mapping[str, str], titles: Mapping[str, str]) -> safe.Html:
    when = one.at.astimezone(zone()).isoformat(sep=" ", timespec="seconds")
    return safe.el(
        "tr",
        safe.el("td", words.clock_time(one.at, now=moment), cls="wc-when", title=when),
        safe.el("td", safe.name(one.agent_name)),
        safe.el("td", words.word(WHAT, one.what)),
        safe.el("td", safe.line(about.get(one.subject) or audit_words.subject(one.subject, titles))),
        safe.el("td", _change(one, titles)),
    )


def _change(one: Entry, titles: Mapping[str, str]) -> safe.Html:
    parts: list[safe.Html] = []
    for name in sorted({*one.before, *one.after}):
        if not one.before.get(name) and not one.after.get(name):
            continue  # nothing before and nothing after: an empty list of somebody new
        sides = []
        if name in one.before:
            sides.append(safe.el("del", _said(name, one.before[name], titles)))
        if name in one.after:
            sides.append(safe.el("ins", _said(name, one.after[name], titles)))
        parts += [
            safe.el("dt", safe.line(audit_words.part(name))),
            safe.el("dd", safe.Html(" → ".join(sides))),
        ]
    return safe.el("dl", *parts) if parts else safe.Html("")


def _said(name: str, value: Any, titles: Mapping[str, str]) -> str:
    return safe.line(audit_words.told(name, value, titles), limit=300) or "–"


def _turning(found: Sequence[Entry], wanted: Wanted) -> None:
    with st.container(horizontal=True, gap="small"):
        if st.session_state.get(_BEFORE) is not None:
            st.button(_("Newest"), key="audit_newest", on_click=_from_the_start)
        if len(found) > _PAGE:
            st.button(_("Older"), key="audit_older", on_click=_older, args=(found[_PAGE - 1].id,))
        st.download_button(
            _("Export as CSV"),
            data=_exporting(wanted),
            file_name=f"audit-{now():%Y-%m-%d}.csv",
            mime="text/csv",
            key="audit_export",
            on_click="ignore",
        )


def _older(last: int) -> None:
    st.session_state[_BEFORE] = last


def _exporting(wanted: Wanted) -> Callable[[], bytes]:
    """Makes the file when the button is pressed; Streamlit calls it outside the run, where nobody is known."""
    token = console_desk.read_session_token()

    def export() -> bytes:
        with desk().store.read() as session:
            me = people.actor_for_token(session, token, now=now())
            if me is None:
                raise NotAllowed("You are signed out.")
            # The sign tells spreadsheets that it is UTF-8.
            return people.export_log(session, wanted, by=me).encode("utf-8-sig")

    return export


def _check() -> None:
    """The seals are worked out on demand: a log of years takes some seconds."""
    if st.button(_("Check that nothing was changed afterwards"), key="audit_check"):
        with desk().store.read() as session:
            _tell(people.check_log(session, by=me_or_stop()))


def _tell(chain: Chain) -> None:
    if chain.broken_at is not None:
        told = _("The log was changed behind its back: entry {number} does not fit the one before.")
        alert("bad", told.format(number=chain.broken_at))
        return
    whole = counted(
        "The log is whole: {count} entry, each sealed with the one before.",
        "The log is whole: {count} entries, each sealed with the one before.",
        chain.rows,
    )
    alert("good", whole, " ", _("Seal of the newest: {seal}").format(seal=chain.head[:16]))
