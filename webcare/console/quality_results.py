"""Tabs of quality: results of the desk, how far reviewers agree, and one's own replies."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from webcare.console import quality_charts, safe, words
from webcare.console.desk import desk, now
from webcare.console.own_queues import queue_name
from webcare.console.quality_parts import about, means, number, period, tiles
from webcare.console.tongue import N_, _
from webcare.domain import Actor
from webcare.quality import agreement, results
from webcare.quality.results import By, Calibrated, Results, SharedReply

_SPLITS: dict[By, str] = {
    "team": N_("By team"),
    "queue": N_("By queue"),
    "topic": N_("By topic"),
    "week": N_("By week"),
}
_NOBODY = 0


def show(me: Actor) -> None:
    """Draw the results of the desk, and of one person where this reader may."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        since, until = period("quality_period")
        chosen = st.segmented_control(
            _("Split"), list(_SPLITS), format_func=lambda key: _(_SPLITS[key]), default="team", required=True,
            key="quality_split", label_visibility="collapsed",
        )  # fmt: skip
    split: By = chosen or "team"
    with desk().store.read() as session:
        found = results.team_results(session, since, until, split=split, by=me)
        people = results.readable_people(session, by=me)
        courses = results.improvement(session, since, until, by=me)
    safe.draw(tiles(found))
    left, right = st.columns(2, gap="large")
    with left:
        rows = [(_group(split, name), one) for name, one in found.groups]
        safe.draw(means(_(_SPLITS[split]), rows, of=_("Group")))
    with right:
        safe.draw(_questions(found))
    quality_charts.improvement(courses)
    safe.draw(about(found))
    if people:
        _one_person(people, me)


def _one_person(people: dict[int, str], me: Actor) -> None:
    safe.draw(safe.el("h2", _("One person"), cls="wc-part"))
    chosen = st.selectbox(
        _("Whose replies"), [_NOBODY, *people], key="quality_person", width=320,
        format_func=lambda id_: safe.label(people[id_]) if id_ else _("Choose somebody you reviewed or lead"),
    )  # fmt: skip
    if not chosen:
        return
    since, until = period("quality_person_period")
    with desk().store.read() as session:
        found = results.person_results(session, chosen, since, until, by=me)
    _weeks_and_questions(found)


def _weeks_and_questions(found: Results) -> None:
    safe.draw(tiles(found))
    left, right = st.columns(2, gap="large")
    with left:
        safe.draw(means(_("By week"), found.groups, of=_("Week")))
    with right:
        safe.draw(_questions(found))
    safe.draw(about(found))


def _questions(found: Results) -> safe.Html:
    return means(_("By question"), [(_(text), one) for _key, text, one in found.questions], of=_("Question"))


def _group(split: By, name: str) -> str:
    if split == "team":
        return words.word(words.ROLES, name)
    return queue_name(name) if split == "queue" else words.word(words.TOPICS, name) if split == "topic" else name


# --- calibration --------------------------------------------------------------------------------------------


def show_calibration(me: Actor) -> None:
    """Draw the agreement per question and the replies that several reviewed."""
    since, until = period("quality_calibration_period")
    with desk().store.read() as session:
        found = results.calibration(session, since, until, by=me)
        over_time = results.agreement_over_time(session, since, until, by=me)
        shared = results.shared_replies(session, by=me)
    safe.draw(_agreements(found))
    quality_charts.agreement_over_time(over_time)
    safe.draw(
        safe.el(
            "p",
            _(
                "Alpha is Krippendorff's, for ordered marks: 1 is full agreement, 0 what chance would give. From "
                "{reliable} on marks can be relied on; below {tentative} talk about the question before you use its "
                "scores. Where all marks are the same there is no alpha: chance cannot be told from agreement."
            ).format(reliable=agreement.RELIABLE, tentative=agreement.TENTATIVE),
            cls="wc-soft",
        )
    )
    safe.draw(_shared(shared))


def _agreements(found: tuple[Calibrated, ...]) -> safe.Html:
    heads = (_("Question"), _("Replies"), _("Same mark"), _("At most one apart"), _("Alpha"), "")
    numbers = (1, 2, 3, 4)
    head = safe.el(
        "tr", *(safe.el("th", name, cls="wc-num" if at in numbers else None) for at, name in enumerate(heads))
    )
    rows = []
    for one in found:
        how = one.agreement
        cells = (_(one.text), str(how.units), _share(how.exact), _share(how.near),
                 "–" if how.alpha is None else f"{how.alpha:.2f}", _verdict(how))  # fmt: skip
        rows.append(
            safe.el(
                "tr", *(safe.el("td", cell, cls="wc-num" if at in numbers else None) for at, cell in enumerate(cells))
            )
        )
    return safe.el("table", safe.el("caption", _("Agreement by question")), head, *rows, cls="wc-table")


def _verdict(how: agreement.Agreement) -> safe.Html:
    if how.alpha is None:
        return safe.Html("")
    if how.units < results.ENOUGH:
        return safe.el("span", _("too few replies to say"), cls="wc-soft")
    if how.alpha >= agreement.RELIABLE:
        return safe.el("span", _("reliable"), cls="wc-chip wc-chip-green")
    if how.alpha >= agreement.TENTATIVE:
        return safe.el("span", _("tentative"), cls="wc-chip wc-chip-orange")
    return safe.el("span", _("talk about it"), cls="wc-chip wc-chip-red")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}".replace("%", " %")


def _shared(shared: tuple[SharedReply, ...]) -> safe.Html:
    if not shared:
        told = _("You have finished no reply yet that others review too; marks of others show after your own.")
        return safe.el("p", told, cls="wc-soft")
    moment = now()
    rows = [
        safe.el(
            "tr",
            safe.el("td", safe.el("a", words.clock_time(one.posted_at, now=moment), href=f"/case?case={one.case_id}",
                                  target="_self")),
            safe.el("td", safe.join(_told(one))),
            safe.el("td", str(one.waits_for) if one.waits_for else "–", cls="wc-num"),
        )
        for one in shared
    ]  # fmt: skip
    head = safe.el(
        "tr", safe.el("th", _("Posted")), safe.el("th", _("Scores")), safe.el("th", _("Not done yet"), cls="wc-num")
    )
    return safe.el("table", safe.el("caption", _("Replies that several reviewed")), head, *rows, cls="wc-table")


def _told(one: SharedReply) -> list[str]:
    parts: list[str] = []
    for name, score in one.scores:
        parts += [", "] if parts else []
        parts += [safe.name(name), " ", safe.el("strong", number(score))]
    return parts


# --- one's own ----------------------------------------------------------------------------------------------


def show_mine(me: Actor) -> None:
    """Draw one's own card: scores over time, by question, and what reviewers said."""
    since, until = period("quality_my_period")
    with desk().store.read() as session:
        found = results.my_results(session, since, until, by=me)
        said = results.my_comments(session, by=me)
    told = _("How fast you answer and how it sounds: My figures")
    safe.draw(safe.el("p", safe.el("a", told, href="/my-figures", target="_self")))
    _weeks_and_questions(found)
    comments = [one for one in said if one[3]]
    if comments:
        safe.draw(_comments(comments))


def _comments(said: list[tuple[datetime, int, float, str]]) -> safe.Html:
    moment = now()
    rows = [
        safe.el(
            "tr",
            safe.el("td", safe.el("a", words.clock_time(at, now=moment), href=f"/case?case={case_id}", target="_self")),
            safe.el("td", number(score), cls="wc-num"),
            safe.el("td", safe.said(comment)),
        )
        for at, case_id, score, comment in said
    ]
    head = safe.el(
        "tr", safe.el("th", _("Reply of")), safe.el("th", _("Score"), cls="wc-num"), safe.el("th", _("Said of it"))
    )
    return safe.el("table", safe.el("caption", _("What reviewers said")), head, *rows, cls="wc-table wc-promise-table")
