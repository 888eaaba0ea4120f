"""The words for alarms and incidents: what rose, how it stands, and what happened when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from webcare.audit import Entry
from webcare.console import safe, words
from webcare.console.desk import now
from webcare.console.tongue import N_, _, counted
from webcare.incidents.reading import Incident
from webcare.wording import GROUPS

STATES: Mapping[str, str] = {
    "alarm": N_("Alarm"),
    "open": N_("Open"),
    "closed": N_("Closed"),
    "false_alarm": N_("False alarm"),
}
_COLOURS = {"alarm": "orange", "open": "red", "closed": "green"}
JOKES: Mapping[str, str] = {
    "cases": N_("On the cases that are hit"),
    "desk": N_("Everywhere"),
    "": N_("Nowhere"),
}
#: What became of the holding text on a case.
HOLDING: Mapping[str, str] = {
    "waits": N_("waits for a yes"),
    "pending": N_("about to leave"),
    "sent": N_("posted"),
    "failed": N_("refused by the network"),
    "cancelled": N_("taken back"),
}
EVENTS: Mapping[str, str] = {
    "incident_alarm": N_("Alarm raised"),
    "incident_opened": N_("Incident opened"),
    "incident_changed": N_("Incident described anew"),
    "incident_false_alarm": N_("Called a false alarm"),
    "incident_linked": N_("Cases put on the list"),
    "incident_left_out": N_("Customers left out, or put back"),
    "incident_text": N_("Wording of the holding text written"),
    "incident_text_approved": N_("Wording of the holding text approved"),
    "incident_text_withdrawn": N_("Wording of the holding text taken out of use"),
    "incident_holding": N_("Holding text sent"),
    "incident_outcome": N_("Outcome written"),
    "incident_closed": N_("Incident closed"),
    "incident_reported": N_("Report made with names of customers"),
}
#: Of an event, the words of colleagues that belong to it.
_SAID = ("outcome", "text", "reason", "name")


def about(series: str) -> str:
    """What rose, e.g. "Payment" or "Shop utrecht"."""
    kind, _colon, name = series.partition(":")
    if kind == "topic":
        return words.word(words.TOPICS, name)
    if kind == "group":
        return words.word(GROUPS, name)
    if kind == "store":
        return _("Shop {name}").format(name=name.capitalize())
    if kind == "product":
        return name.upper()
    return _("All messages") if kind == "all" else _("Opened by hand")


def title(one: Incident) -> str:
    """What people call it; an alarm is called by what rose."""
    return one.name or about(one.series)


def chip(one: Incident) -> safe.Html:
    """How it stands, as a chip."""
    colour = _COLOURS.get(one.state)
    return safe.el("span", words.word(STATES, one.state), cls=f"wc-chip wc-chip-{colour}" if colour else "wc-chip")


def risen(one: Incident) -> str:
    """Why there is an alarm, in one sentence; empty where a person opened it."""
    if one.by_hand:
        return ""
    told = counted(
        "{count} case in {{window}}; {{usual}} would be usual.",
        "{count} cases in {{window}}; {{usual}} would be usual.",
        one.count,
    )
    return told.format(window=span(one.window), usual=f"{one.expected:.1f}")


def span(window: timedelta) -> str:
    """A stretch of time, e.g. "20 min"."""
    return words.duration(window)


def timeline(entries: Sequence[Entry]) -> safe.Html:
    """What happened, the first thing first."""
    moment = now()
    rows = [
        safe.el(
            "tr",
            safe.el("td", words.clock_time(entry.at, now=moment), cls="wc-num"),
            safe.el("td", safe.el("strong", words.word(EVENTS, entry.what)), _more(entry)),
            safe.el("td", _("the desk") if entry.agent_name == "incidents" else safe.name(entry.agent_name)),
        )
        for entry in entries
    ]
    heads = safe.el("tr", *(safe.el("th", name) for name in (_("When"), _("What"), _("Who"))))
    return safe.el("table", safe.el("caption", _("Timeline")), heads, *rows, cls="wc-table")


def _more(entry: Entry) -> safe.Html:
    said = next((str(entry.after[name]) for name in _SAID if isinstance(entry.after.get(name), str)), "")
    cases = entry.after.get("cases")
    if isinstance(cases, list):
        said = counted("{count} case", "{count} cases", len(cases))
    return safe.el("div", safe.line(said, limit=300), cls="wc-soft", dir="auto") if said else safe.Html("")
