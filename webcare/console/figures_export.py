"""Taking the figures of a page away, and the cases of their period; each export is in the audit log."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping

import streamlit as st
from sqlmodel import Session

from webcare import people
from webcare.console import desk as console_desk
from webcare.console import figure_reading, words
from webcare.console.desk import desk, now, zone
from webcare.console.figures_parts import Period
from webcare.console.tongue import N_, _
from webcare.domain import Actor
from webcare.errors import NotAllowed
from webcare.measures import Fact, Query
from webcare.measures.asking import figures, opened
from webcare.reports.export_cases import CaseFilter, case_table
from webcare.reports.export_figures import facts_table, figures_table
from webcare.reports.exporting import Format, as_bytes, export

_FORMATS: Mapping[str, str] = {"xlsx": N_("Excel"), "csv": N_("CSV"), "parquet": N_("Parquet")}
_FORM = "figures_export_form"
#: Filters of figures that the list of cases has too.
_SHARED = ("queue", "channel", "topic")
#: Facts read at once.
_AT_ONCE = 1000


def show(shown: Period, where: Mapping[str, str], measure: str = "") -> None:
    """Draw the button that opens the choice. The files are made when somebody asks for them.

    `measure` offers what one figure is made of too, with what was left out and why.
    """
    with st.popover(_("Export"), icon=":material/download:", key="figures_export"):
        chosen = st.segmented_control(
            _("Kind of file"),
            list(_FORMATS),
            format_func=lambda form: words.word(_FORMATS, form),
            default="xlsx",
            required=True,
            key=_FORM,
        )
        form = Format(str(chosen))
        _button(_("The figures"), "figures", form, _figures(shown, where, form))
        _button(_("The cases, without words of customers"), "cases", form, _cases(shown, where, form))
        if measure:
            _button(_("What this figure is made of"), "facts", form, _facts(measure, shown, where, form))


def _button(title: str, name: str, form: Format, make: Callable[[], bytes]) -> None:
    file = f"{name}-{now():%Y-%m-%d}.{form.value}"
    st.download_button(
        title, data=make, file_name=file, mime=form.mime, key=f"figures_export_{name}", on_click="ignore"
    )


def _figures(shown: Period, where: Mapping[str, str], form: Format) -> Callable[[], bytes]:
    """Streamlit calls it outside the run, where neither a person nor their zone is known."""
    query, token = figure_reading.query(shown, where), console_desk.read_session_token()

    def make() -> bytes:
        me = _me(token)
        with desk().store.read() as session:
            found = figures(session, query, viewer=me)
        gaps = [f"{gap.account_key}: {gap.since.isoformat()} to {gap.until.isoformat()}" for gap in found.gaps]
        return as_bytes(desk().store, form, figures_table(query, found.figures, gaps=gaps), by=me, now=now())

    return make


def _facts(measure: str, shown: Period, where: Mapping[str, str], form: Format) -> Callable[[], bytes]:
    query, token = figure_reading.query(shown, where), console_desk.read_session_token()

    def make() -> bytes:
        me = _me(token)
        with desk().store.read() as session:
            facts = [fact for counted in (True, False) for fact in _all(session, measure, query, me, counted=counted)]
        return as_bytes(desk().store, form, facts_table(query, facts), by=me, now=now())

    return make


def _all(session: Session, measure: str, query: Query, me: Actor, *, counted: bool) -> Iterator[Fact]:
    after = None
    while True:
        page = opened(session, measure, query, counted=counted, after=after, limit=_AT_ONCE, viewer=me)
        yield from page.facts
        if (after := page.after) is None:
            return


def _cases(shown: Period, where: Mapping[str, str], form: Format) -> Callable[[], bytes]:
    narrowed = {name: where[name] for name in _SHARED if where.get(name)}
    wanted, token, mine = CaseFilter(shown.since, shown.until, **narrowed), console_desk.read_session_token(), zone()

    def make() -> bytes:
        me, out = _me(token), io.BytesIO()
        with case_table(desk().store, wanted, zone=mine, by=me, now=now()) as table:
            export(desk().store, out, form, table, by=me, now=now(), bom=True)
        return out.getvalue()

    return make


def _me(token: str) -> Actor:
    with desk().store.read() as session:
        me = people.actor_for_token(session, token, now=now())
    if me is None:
        raise NotAllowed("You are signed out.")
    return me
