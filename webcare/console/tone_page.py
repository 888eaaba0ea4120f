"""The tone page: how the team sounds, week by week, with answers as examples. Nobody is named on it."""

from __future__ import annotations

import streamlit as st

from webcare import reports
from webcare.console import figures_parts, safe, tone_parts, words
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, zone
from webcare.console.tongue import _
from webcare.measures.voice import ELEMENTS
from webcare.people import Permission, require
from webcare.reports.tone import Wanted, tone_report

_USUAL = "28"
_SIGNS = {key: element.title for key, element in ELEMENTS.items()}


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    me = me_or_stop()
    require(me, Permission.SEE_REPORTS)
    figures_parts.head(_("Tone"), me)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name = figures_parts.choose_period(_USUAL)
        channel = figures_parts.choose("channel", words.CHANNELS, _("Network"), _("Every network"))
        topic = figures_parts.choose("topic", words.TOPICS, _("Topic"), _("Every topic"))
        language = figures_parts.choose("language", words.LANGUAGES, _("Language"), _("Every language"))
        like = figures_parts.choose("like", _SIGNS, _("Examples with"), _("All examples"))
    _report(name, Wanted(channel, topic, language), like)


def _report(name: str, wanted: Wanted, like: str) -> None:
    shown = figures_parts.period(name)
    with desk().store.read() as session:
        report = tone_report(session, since=shown.since, until=shown.until, zone=zone(), wanted=wanted, like=like)
        gaps = reports.gaps_within(session, shown.since, shown.until)
    safe.draw(figures_parts.missing(gaps), figures_parts.zone_line(shown), tone_parts.tiles(report))
    left, right = st.columns([1, 1], gap="large")
    with left:
        tone_parts.trend(report)
        safe.draw(tone_parts.signs(report))
    with right:
        safe.draw(safe.el("h2", _("Examples"), cls="wc-part"))
        safe.draw(tone_parts.legend())
        if not report.examples:
            safe.draw(safe.el("p", _("No answer of this period shows this."), cls="wc-soft"))
        safe.draw(tone_parts.examples(report.examples, named=False))
    safe.draw(tone_parts.what_counts(report))
