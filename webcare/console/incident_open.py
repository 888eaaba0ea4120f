"""An incident that is open, or was: who is hit, the holding text, what came of it, and the report."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import streamlit as st
from sqlmodel import Session

from webcare.cases.saved_replies import LANGUAGES
from webcare.console import banner, incident_report, safe, words
from webcare.console.acting import Verb, act, draw_everything_next
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.incident_words import HOLDING, JOKES, timeline
from webcare.console.tongue import _, counted
from webcare.console.trouble import attempt, say
from webcare.domain import Actor, Said
from webcare.incidents import hit, holding, mode, reading, texts
from webcare.incidents.hit import Hit
from webcare.incidents.reading import Whole
from webcare.incidents.texts import Wording
from webcare.people import Permission, may
from webcare.store.incident_mode import OPEN

#: Most cases that get the holding text at one press.
_AT_ONCE = 100


def show(whole: Whole, me: Actor, place: str) -> None:
    """Draw the four sides of an incident."""
    safe.draw(_tiles(whole))
    names = [_("Who is hit"), _("Holding text"), _("Outcome"), _("Timeline"), _("Report")]
    tabs = st.tabs(names, key="incident_tabs", on_change="rerun")
    for tab, panel in zip(tabs, (_hit, _texts, _outcome, _timeline, _report), strict=True):
        if tab.open:
            with tab:
                panel(whole, me, place)


def numbers(typed: str) -> tuple[int, ...]:
    """The numbers of cases in what somebody typed."""
    return tuple(int(found) for found in re.findall(r"\d{1,9}", typed))


def people(whole: Whole) -> safe.Html:
    """Everyone on the list, as a table."""
    heads = (_("Customer"), _("Wrote"), _("Holding text"), _("Outcome"))
    rows = [
        safe.el(
            "tr",
            safe.el(
                "td",
                safe.el("a", safe.name(one.customer or "?"), href=f"/case?case={one.case_id}", target="_self"),
                safe.el("small", " ", words.word(words.CHANNELS, one.channel), cls="wc-soft"),
                safe.el("div", safe.line(one.excerpt, limit=140), cls="wc-soft wc-clip", dir="auto"),
            ),
            safe.el("td", words.clock_time(one.posted_at, now=now())),
            safe.el("td", words.word(HOLDING, one.holding) if one.holding else "–"),
            safe.el("td", _standing(one)),
        )
        for one in whole.hit
    ]
    if not rows:
        return safe.el("p", _("Nobody is on the list yet."), cls="wc-soft")
    caption = counted("{count} case on the list", "{count} cases on the list", len(rows))
    table = safe.el(
        "table", safe.el("caption", caption), safe.el("tr", *(safe.el("th", name) for name in heads)), *rows,
        cls="wc-table wc-promise-table",
    )  # fmt: skip
    return safe.el("div", table, cls="wc-bulk", tabindex="0", role="region", aria_label=caption)


def _standing(one: Hit) -> safe.Html:
    if one.told_at is not None:
        told = _("told {time}").format(time=words.clock_time(one.told_at, now=now()))
        return safe.el("span", told, cls="wc-chip wc-chip-green")
    if one.is_gone:
        return safe.el("span", _("removed on request"), cls="wc-soft")
    if one.left_out:
        return safe.el("span", _("left out: {why}").format(why=safe.line(one.left_out, limit=120)), cls="wc-soft")
    return safe.el("span", _("to be told"), cls="wc-chip wc-chip-orange")


def _tiles(whole: Whole) -> safe.Html:
    got = sum(one.holding == "sent" for one in whole.hit)
    told = sum(one.told_at is not None for one in whole.hit)
    tiles = (
        (_("Cases hit"), len(whole.hit), False),
        (_("Got the holding text"), got, False),
        (_("Told the outcome"), told, False),
        (_("Still to be told"), whole.left, bool(whole.left and whole.incident.outcome_at)),
    )
    return safe.el(
        "div",
        *(
            safe.el(
                "div", safe.el("b", str(value)), safe.el("span", name), cls="wc-tile wc-late" if late else "wc-tile"
            )
            for name, value, late in tiles
        ),
        cls="wc-tiles",
    )


# --- who is hit -------------------------------------------------------------------------------------


def _hit(whole: Whole, me: Actor, place: str) -> None:
    if whole.incident.state == OPEN:
        with st.container(horizontal=True, gap="small"):
            _send(whole, me, place)
            if may(me, Permission.WORK_CASES):
                _add(whole, place)
            if may(me, Permission.RUN_INCIDENTS):
                _leave_out(whole, place)
    safe.draw(people(whole))


def _send(whole: Whole, me: Actor, place: str) -> None:
    waiting = [one.case_id for one in whole.hit if one.is_left and not one.holding][:_AT_ONCE]
    ready = any(text.approved_at is not None for text in whole.texts)
    if not may(me, Permission.SEND_REPLY) or not waiting:
        return
    label = counted("Send the holding text to {count}", "Send the holding text to {count}", len(waiting))
    st.button(
        label, key="incident_send", type="primary", icon=":material/send:", disabled=not ready,
        help=None if ready else _("No wording is approved yet; a colleague has to say yes first."),
        on_click=_do_send, args=(whole.incident.id, waiting, place),
    )  # fmt: skip


def _do_send(incident_id: int, waiting: list[int], place: str) -> None:
    attempt(place, lambda: _sent(incident_id, waiting, place))
    draw_everything_next()


def _sent(incident_id: int, waiting: list[int], place: str) -> None:
    settings = desk().settings
    done = holding.send_holding(
        desk().store,
        incident_id,
        waiting,
        by=me_or_stop(),
        now=now(),
        undo=timedelta(seconds=settings.delivery.undo_s),
        window=timedelta(minutes=settings.incidents.same_text_min),
        reviewer=desk().reviewer,
        channels=desk().channels,
    )
    gone = sum(one.done for one in done)
    say(place, "good", counted("{count} reply is on its way.", "{count} replies are on their way.", gone))
    refused: dict[str, int] = {}
    for one in done:
        if isinstance(one.refused, Said):
            told = _(one.refused.template).format(**one.refused.values)
            refused[told] = refused.get(told, 0) + 1
    for why, count in refused.items():
        said = counted("{count} case got none: {{why}}", "{count} cases got none: {{why}}", count)
        say(place, "warn", said.format(why=why))


def _add(whole: Whole, place: str) -> None:
    with st.popover(_("Add cases"), key="incident_add_menu", icon=":material/add:"):
        st.text_input(_("Numbers of the cases"), key="incident_add", placeholder="1204, 1207")

        def add(session: Session, me: Actor, moment: datetime) -> None:
            found = numbers(st.session_state["incident_add"])
            hit.link(session, whole.incident.id, found, by=me, now=moment)

        st.button(_("Put them on the list"), key="incident_add_do", on_click=act, args=(place, add))


def _leave_out(whole: Whole, place: str) -> None:
    names = {
        one.case_id: safe.label(f"{one.case_id} · {one.customer}")
        for one in whole.hit
        if one.told_at is None and not one.is_gone
    }
    with st.popover(_("Leave out"), key="incident_out_menu"):
        st.multiselect(_("Cases"), list(names), format_func=names.__getitem__, key="incident_out")
        st.text_input(
            _("Why they need not be told"), key="incident_out_why", help=_("Empty: put them back on the list.")
        )

        def out(session: Session, me: Actor, moment: datetime) -> None:
            state = st.session_state
            hit.leave_out(
                session, whole.incident.id, state["incident_out"], reason=state["incident_out_why"], by=me, now=moment
            )

        st.button(_("Save"), key="incident_out_do", on_click=act, args=(place, out))


# --- the holding text -------------------------------------------------------------------------------


def _texts(whole: Whole, me: Actor, place: str) -> None:
    told = _(
        "One answer in several wordings: no wording goes to two customers of one network within {minutes} minutes. "
        "The guard reads each of them, and a colleague says yes to it."
    )
    minutes = f"{desk().settings.incidents.same_text_min:g}"
    safe.draw(safe.el("p", told.format(minutes=minutes), cls="wc-soft"), _wordings(whole.texts))
    if whole.incident.state != OPEN:
        return
    if whole.texts:
        _decide(whole.texts, me, place)
    if may(me, Permission.EDIT_TEXTS):
        _write(whole, place)


def _wordings(found: tuple[Wording, ...]) -> safe.Html:
    if not found:
        return safe.el("p", _("No wording yet. Write at least two in each language your customers write in."))
    rows = [
        safe.el(
            "tr",
            safe.el("td", words.word(words.LANGUAGES, one.language)),
            safe.el("td", safe.said(one.text)),
            safe.el("td", safe.name(one.author)),
            safe.el(
                "td",
                safe.el("span", safe.name(one.approved_by), cls="wc-chip wc-chip-green")
                if one.approved_at is not None
                else safe.el("span", _("waits for a yes"), cls="wc-chip wc-chip-orange"),
            ),
        )
        for one in found
    ]
    heads = safe.el(
        "tr", *(safe.el("th", name) for name in (_("Language"), _("Wording"), _("Written by"), _("Yes of")))
    )
    return safe.el("table", heads, *rows, cls="wc-table wc-promise-table")


def _decide(found: tuple[Wording, ...], me: Actor, place: str) -> None:
    lines = {one.id: safe.label(f"{one.language.upper()} · {one.text}", limit=80) for one in found}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(_("Wording"), list(lines), format_func=lines.__getitem__, key="incident_text", width=420)
        one = next(text for text in found if text.id == chosen)

        def approve(session: Session, me: Actor, moment: datetime) -> None:
            texts.approve_text(session, one.id, by=me, now=moment)

        def withdraw(session: Session, me: Actor, moment: datetime) -> None:
            texts.withdraw_text(session, one.id, by=me, now=moment)

        if may(me, Permission.APPROVE_REPLY):
            mine = one.author_id == me.id
            st.button(
                _("Say yes"), key="incident_text_yes", type="primary", on_click=act, args=(place, approve),
                disabled=mine or one.approved_at is not None,
                help=_("Somebody else has to say yes to your own text.") if mine else None,
            )  # fmt: skip
        if may(me, Permission.EDIT_TEXTS):
            st.button(_("Take out of use"), key="incident_text_no", on_click=act, args=(place, withdraw))


def _write(whole: Whole, place: str) -> None:
    language = st.segmented_control(
        _("Language"), list(LANGUAGES), format_func=lambda code: words.word(words.LANGUAGES, code), required=True,
        key="incident_language", default=_spoken(whole),
    )  # fmt: skip
    st.text_area(_("One more wording"), key="incident_wording", height=110)
    st.button(
        _("Save the wording"), key="incident_wording_save", on_click=_do_write,
        args=(whole.incident.id, language or LANGUAGES[0], place),
    )  # fmt: skip


def _spoken(whole: Whole) -> str:
    """The language most of those hit write in."""
    spoken = [one.language for one in whole.hit if one.language in LANGUAGES]
    return max(LANGUAGES, key=spoken.count)


def _do_write(incident_id: int, language: str, place: str) -> None:
    def write() -> None:
        texts.write_text(
            desk().store, incident_id, language=language, text=st.session_state["incident_wording"], by=me_or_stop(),
            now=now(), reviewer=desk().reviewer,
        )  # fmt: skip
        st.session_state["incident_wording"] = ""

    attempt(place, write)
    draw_everything_next()


# --- outcome, timeline, report ----------------------------------------------------------------------


def _outcome(whole: Whole, me: Actor, place: str) -> None:
    one = whole.incident
    if one.state != OPEN or not may(me, Permission.RUN_INCIDENTS):
        told = one.outcome or _("Nobody wrote yet what came of it.")
        safe.draw(safe.said(told) if one.outcome else safe.el("p", told, cls="wc-soft"))
        return
    fields = {"incident_it_name": one.name, "incident_it_defect": one.defect, "incident_it_jokes": one.jokes}
    fields["incident_it_outcome"] = one.outcome
    if st.session_state.get("incident_it") != (one.id, one.version):
        st.session_state["incident_it"] = (one.id, one.version)
        st.session_state.update(fields)
    st.text_area(_("What came of it, for colleagues to tell everyone"), key="incident_it_outcome", height=110)
    with st.container(horizontal=True, gap="small"):
        _press(_("Save the outcome"), "outcome", place, _save_outcome(one.id), primary=not one.outcome)
        _press(_("Close the incident"), "close", place, _close(one.id), primary=bool(one.outcome and not whole.left))
    safe.draw(safe.el("div", _("About it"), cls="wc-title"))
    st.text_input(_("Name of the incident"), key="incident_it_name", max_chars=mode.MAX_NAME)
    st.text_input(_("Where it comes from"), key="incident_it_defect", placeholder=_("A defect, a ticket, a supplier"))
    st.segmented_control(
        _("Hold jokes while it is open"), list(JOKES), format_func=lambda code: _(JOKES[code]), required=True,
        key="incident_it_jokes",
    )  # fmt: skip
    _press(_("Save"), "describe", place, _describe(one.id, one.version))


def _press(label: str, key: str, place: str, verb: Verb, *, primary: bool = False) -> None:
    st.button(
        label, key=f"incident_{key}", type="primary" if primary else "secondary", on_click=act, args=(place, verb)
    )


def _save_outcome(incident_id: int) -> Verb:
    def verb(session: Session, me: Actor, moment: datetime) -> None:
        mode.tell_outcome(session, incident_id, outcome=st.session_state["incident_it_outcome"], by=me, now=moment)

    return verb


def _close(incident_id: int) -> Verb:
    def verb(session: Session, me: Actor, moment: datetime) -> None:
        mode.close_incident(session, incident_id, by=me, now=moment)
        banner.look_again()

    return verb


def _describe(incident_id: int, version: int) -> Verb:
    def verb(session: Session, me: Actor, moment: datetime) -> None:
        state = st.session_state
        mode.describe(
            session,
            incident_id,
            name=state["incident_it_name"],
            defect=state["incident_it_defect"],
            jokes=state["incident_it_jokes"] or "",
            version=version,
            by=me,
            now=moment,
        )
        banner.look_again()

    return verb


def _timeline(whole: Whole, me: Actor, place: str) -> None:
    safe.draw(timeline(whole.timeline))


def _report(whole: Whole, me: Actor, place: str) -> None:
    with_names = False
    if may(me, Permission.RUN_INCIDENTS):
        with_names = st.checkbox(
            _("With names of customers"), key="incident_names", help=_("That you took them along is written down.")
        )
    with desk().store.read() as session:
        found = reading.report(session, whole.incident.id, by=me, now=now())
    # Made here: Streamlit calls a function outside the run, where neither person, language nor zone is known.
    st.download_button(
        _("Take along as HTML"),
        _named(whole.incident.id, me) if with_names else _unnamed(incident_report.document(found)),
        f"incident-{whole.incident.id}.html", "text/html", key="incident_download", on_click="ignore",
        icon=":material/download:",
    )  # fmt: skip
    safe.draw(incident_report.body(found))


def _unnamed(document: str) -> str:
    st.session_state.pop("incident_named_report", None)
    return document


def _named(incident_id: int, me: Actor) -> str:
    """With names of customers; made, and written down, once for each time somebody asks for them."""
    known = st.session_state.get("incident_named_report")
    if known is None or known[0] != incident_id:
        with desk().store.write() as session:
            found = reading.report(session, incident_id, by=me, now=now(), with_names=True)
        known = st.session_state["incident_named_report"] = (incident_id, incident_report.document(found))
    return str(known[1])
