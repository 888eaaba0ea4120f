"""One figure opened: what it means, how it splits, and the cases in it, still open or left out, and why."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from webcare.console import figure_reading, figure_tiles, figures_export, figures_parts, safe, words
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.figures_parts import Period
from webcare.console.manager_page import counted_at
from webcare.console.tongue import N_, _
from webcare.domain import Actor
from webcare.measures import DEFINITIONS, Definition, Fact, Figure, definition
from webcare.measures.asking import RANKED_FROM, Figures, figures, opened
from webcare.measures.definitions import EARLIER, REASONS
from webcare.measures.gathering import OTHERS
from webcare.people import Permission, require
from webcare.people.card_sharing import shared_cards

#: Facts on one page.
_AT_ONCE = 50
_USUAL, _USUAL_BY = "first_response", "channel"
#: Which facts are listed, as the address has it.
_LISTS: Mapping[str, str] = {"in": N_("In the figure"), "out": N_("Left out")}


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    me = me_or_stop()
    require(me, Permission.SEE_REPORTS)
    figures_parts.head(_("Figure"), me)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        titles = {name: _(one.title) for name, one in DEFINITIONS.items()}
        measure = figures_parts.choose_one("measure", titles, _("Figure"), _USUAL, width=290)
        shown = figures_parts.period(figures_parts.choose_period())
        where = figure_reading.chosen_filters()
        figures_export.show(shown, where, measure)
    _figure(me, measure, shown, where)


def _figure(me: Actor, measure: str, shown: Period, where: dict[str, str]) -> None:
    versions = [DEFINITIONS[measure].version, *(version for name, version in EARLIER if name == measure)]
    with desk().store.read() as session:
        found = [
            figures(session, figure_reading.query(shown, where, version=one), measures=(measure,), viewer=me)
            for one in versions
        ]
    safe.draw(
        figures_parts.missing(found[0].gaps),
        safe.el("div", figures_parts.zone_line(shown), " ", counted_at(found[0]), cls="wc-as-of"),
        safe.el(
            "div", *(_meant(measure, one, told) for one, told in zip(versions, found, strict=True)), cls="wc-meant"
        ),
    )
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        _split(me, measure, shown, where)
    with right:
        _facts(me, measure, shown, where)


def _meant(measure: str, version: int, found: Figures) -> safe.Html:
    """The number beside what it means; an earlier meaning stands beside the one of today."""
    one, meant = found.of(measure), definition(measure, version)
    number = (
        figure_tiles.tile(one)
        if one
        else safe.el("div", safe.el("b", "–"), safe.el("span", _(meant.title)), cls="wc-tile")
    )
    return safe.el("section", number, figure_tiles.about(meant), _left_out(one))


def _left_out(one: Figure | None) -> safe.Html:
    if one is None or not one.left_out:
        return safe.Html("")
    reasons = (f"{count} {_(REASONS.get(reason, reason))}" for reason, count in one.left_out.items())
    return figures_parts.small_print(_("Left out: {reasons}.").format(reasons=", ".join(reasons)))


def _split(me: Actor, measure: str, shown: Period, where: Mapping[str, str]) -> None:
    groups = {code: _(name) for code, name in figure_reading.groups().items()}
    by = figures_parts.choose_one("by", groups, _("Split by"), _USUAL_BY)
    with desk().store.read() as session:
        asked = figure_reading.query(shown, where, (by,))
        found = figures(session, asked, measures=(measure,), viewer=me)
        people = {str(id_): name for id_, name in shared_cards(session, by=me)} | {str(me.id): me.name}
    meant = DEFINITIONS[measure]
    head = safe.el("tr", *_heads(meant, groups[by]))
    rows = [_group(one, meant, by, people, shown, where) for one in found.all_of(measure)]
    nothing = [safe.el("tr", safe.el("td", _("Nothing yet in this period."), colspan="5", cls="wc-soft"))]
    safe.draw(safe.el("table", head, *(rows or nothing), cls="wc-table"))
    if by == "agent":
        told = _(
            "People are named who share their own figures. Nobody is put in an order, and nobody with fewer than "
            "{count} cases is compared."
        )
        safe.draw(figures_parts.small_print(told.format(count=RANKED_FROM)))


def _heads(meant: Definition, first: str) -> tuple[safe.Html, ...]:
    names = {
        "s": (_("Median"), _("9 of 10 within"), _("Median, opening hours"), _("Cases")),
        "share": (_("Share"), _("95 % interval"), _("Before"), _("Cases")),
    }.get(meant.unit, (_("Value"), _("Before"), _("Still open"), _("Cases")))
    return safe.el("th", first, scope="col"), *(safe.el("th", name, scope="col", cls="wc-num") for name in names)


def _group(
    one: Figure, meant: Definition, by: str, people: Mapping[str, str], shown: Period, where: Mapping[str, str]
) -> safe.Html:
    code = one.group[0]
    name = safe.name(figure_reading.group_name(by, code, people))
    opens = by in figure_reading.FILTERS
    address = figure_reading.address(one.measure, shown, {**where, by: code}) if opens else None
    first = safe.el("a", name, href=address, target="_self") if address else name
    # Nobody is measured by a handful of cases.
    few = by == "agent" and code != OTHERS and one.n < RANKED_FROM
    cells = [_("fewer than {count}").format(count=RANKED_FROM), "", ""] if few else list(_cells(one, meant))
    return safe.el(
        "tr", safe.el("td", first), *(safe.el("td", cell, cls="wc-num") for cell in (*cells, f"{one.n:.0f}"))
    )


def _cells(one: Figure, meant: Definition) -> tuple[str, str, str]:
    if meant.unit == "s":
        times = (one.median, one.p90, one.business_median)
        return figures_parts.seconds(times[0]), figures_parts.seconds(times[1]), figures_parts.seconds(times[2])
    before = figure_tiles.value(one.before, meant) if one.before is not None else "–"
    if meant.unit == "share":
        return figures_parts.percent(one.share), figures_parts.between(one.interval) or "–", before
    return figure_tiles.value(one, meant), before, str(one.open)


def _facts(me: Actor, measure: str, shown: Period, where: Mapping[str, str]) -> None:
    lists = {code: _(name) for code, name in _LISTS.items()}
    which = figures_parts.choose_one("list", lists, _("Which cases"), "in")
    after = st.query_params.get("after") or None
    with desk().store.read() as session:
        page = opened(
            session, measure, figure_reading.query(shown, where), counted=which == "in", after=after, limit=_AT_ONCE,
            viewer=me,
        )  # fmt: skip
    meant = DEFINITIONS[measure]
    value = _("Why") if which == "out" else _("Value")
    head = safe.el("tr", *(safe.el("th", name, scope="col") for name in (_("When"), _("Case"), value, _("Made of"))))
    rows = [_fact(one, meant) for one in page.facts]
    nothing = [safe.el("tr", safe.el("td", _("No case here."), colspan="4", cls="wc-soft"))]
    safe.draw(safe.el("table", head, *(rows or nothing), cls="wc-table"))
    _turn(measure, shown, where, which, after, page.after)


def _fact(one: Fact, meant: Definition) -> safe.Html:
    case = safe.el("a", str(one.case_id), href=f"/case?case={one.case_id}", target="_self")
    dims = (
        words.word(words.CHANNELS, one.dims.get("channel", "")),
        words.word(words.TOPICS, one.dims.get("topic", "")),
    )
    return safe.el(
        "tr",
        safe.el("td", words.clock_time(one.at, now=now())),
        safe.el("td", case, " ", safe.el("span", " · ".join(dims), cls="wc-soft")),
        safe.el("td", _value(one, meant)),
        safe.el("td", " ".join(one.events[:4]), cls="wc-soft"),
    )


def _value(one: Fact, meant: Definition) -> str:
    if not one.counted or one.value is None:
        return _(REASONS.get(one.reason, one.reason))
    if meant.unit == "s":
        told = figures_parts.seconds(one.value)
        if one.business is None:
            return told
        return _("{time}, {business} in opening hours").format(time=told, business=figures_parts.seconds(one.business))
    if meant.unit == "share":
        return _("yes") if one.value else _("no")
    return f"{one.value * one.share:g}"


def _turn(
    measure: str, shown: Period, where: Mapping[str, str], which: str, after: str | None, further: str | None
) -> None:
    """Links to the start and to the next page."""
    links = []
    if after:
        links.append(_link(_("From the newest"), figure_reading.address(measure, shown, where, list=which)))
    if further:
        links.append(_link(_("Older ones"), figure_reading.address(measure, shown, where, list=which, after=further)))
    if links:
        safe.draw(safe.el("p", *(piece for link in links for piece in (link, " "))))


def _link(title: str, address: str) -> safe.Html:
    return safe.el("a", title, href=address, target="_self")
