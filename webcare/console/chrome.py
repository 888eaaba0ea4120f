"""What surrounds every page: the look, the bar on top, who is signed in, and the page a role may open."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage
from streamlit.runtime.scriptrunner import get_script_run_ctx

from webcare.console import banner, presence_line, safe, signed_out, tongue, waiting, words
from webcare.console.desk import desk, person, show_times_in
from webcare.console.tongue import N_, _, counted
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.people import Permission, may

_HERE = Path(__file__).parent
#: The pages, as files: Streamlit reaches them by these names. Not in a folder called `pages`: Streamlit would take
#: that for an app of its older kind and run a page without what surrounds it here, the sign-in check included.
_SCREENS = _HERE / "screens"
QUEUE, CASE, MANAGER, GUARD, CHANNELS, PEOPLE, AUDIT, ACCOUNT, APPROVALS, TEXTS, DESK, PROMISES = (
    str(_SCREENS / f"{name}.py")
    for name in (
        "queue", "case", "manager", "guard", "channels", "people", "audit", "account", "approvals", "texts", "desk",
        "promises",
    )
)  # fmt: skip
WALLBOARD, TONE, MINE, FIGURE, STAFFING = (
    str(_SCREENS / f"{name}.py") for name in ("wallboard", "tone", "mine", "figure", "staffing")
)
QUALITY, DEFECTS = (str(_SCREENS / f"{name}.py") for name in ("quality", "defects"))
INCIDENTS = str(_SCREENS / "incidents.py")
EVERYWHERE = "everywhere"
#: Pages as Streamlit knows them, by file and language of the title.
_made: dict[tuple[str, str], StreamlitPage] = {}


class Door(NamedTuple):
    """One page, what it takes to open it, and where it stands in the bar."""

    file: str
    title: str
    path: str
    needs: Permission | None = None
    icon: str = ""
    place: Literal["bar", "menu", "hidden"] = "bar"


_DOORS = (
    Door(QUEUE, N_("Queues"), "queue", Permission.SEE_CASES, ":material/inbox:"),
    Door(CASE, N_("Case"), "case", Permission.SEE_CASES, place="hidden"),
    Door(APPROVALS, N_("Approvals"), "approvals", Permission.APPROVE_REPLY, ":material/approval_delegation:"),
    Door(PROMISES, N_("Promises"), "promises", Permission.SEE_CASES, ":material/event_available:"),
    Door(INCIDENTS, N_("Incidents"), "incidents", Permission.SEE_CASES, ":material/crisis_alert:"),
    Door(TEXTS, N_("Texts"), "texts", Permission.EDIT_TEXTS, ":material/quick_phrases:"),
    Door(MANAGER, N_("Figures"), "figures", Permission.SEE_REPORTS, ":material/monitoring:"),
    Door(WALLBOARD, N_("Wallboard"), "wallboard", Permission.SEE_CASES, place="hidden"),
    Door(TONE, N_("Tone"), "tone", Permission.SEE_REPORTS, place="hidden"),
    Door(STAFFING, N_("Staffing"), "staffing", Permission.SEE_REPORTS, place="hidden"),
    Door(FIGURE, N_("Figure"), "figure", Permission.SEE_REPORTS, place="hidden"),
    Door(MINE, N_("My figures"), "my-figures", Permission.SEE_CASES, place="hidden"),
    Door(QUALITY, N_("Quality"), "quality", Permission.SEE_CASES, ":material/grading:", "menu"),
    Door(DEFECTS, N_("Defects"), "defects", Permission.SEE_CASES, ":material/bug_report:", "menu"),
    Door(GUARD, N_("Guard"), "guard", Permission.SEE_REPORTS, ":material/shield:", "menu"),
    Door(CHANNELS, N_("Channels"), "channels", Permission.SEE_REPORTS, ":material/cell_tower:", "menu"),
    Door(DESK, N_("Desk settings"), "desk", Permission.EDIT_POLICIES, ":material/tune:", "menu"),
    Door(PEOPLE, N_("People"), "people", Permission.MANAGE_PEOPLE, ":material/group:", "menu"),
    Door(AUDIT, N_("Audit log"), "audit", Permission.SEE_AUDIT, ":material/history:", "menu"),
    Door(ACCOUNT, N_("My account"), "account", place="hidden"),
)


def run() -> None:
    """Draw the whole page for whoever is signed in."""
    brand = safe.label(desk().settings.desk.brand)
    st.set_page_config(page_title=f"Webcare · {brand}", page_icon=str(_HERE / "icon.svg"), layout="wide")
    st.html(_HERE / "theme.css")
    me = person()
    if me is None:
        signed_out.show()
        st.stop()
    tongue.speak(me.language)
    show_times_in(me.timezone)
    pages = _pages_of(me)
    page = st.navigation([*pages.values()], position="hidden")
    _bar(pages, me, here=page.url_path)
    # The wall shows incidents itself, in the size of a wall.
    banner.show(incidents=page.url_path != "wallboard")
    show_news(EVERYWHERE)
    if page.url_path != "case":
        presence_line.left_elsewhere(None, me)
    page.run()


def me_or_stop() -> Actor:
    """The person signed in, for pages and their parts that run by themselves; stops with a way back in otherwise."""
    me = person()
    if me is None:
        signed_out.show()
        st.stop()
    return me


def _pages_of(me: Actor) -> dict[str, StreamlitPage]:
    """The pages this person's role opens, by the file they live in; the services check again whatever is clicked."""
    allowed = (door for door in _DOORS if door.needs is None or may(me, door.needs))
    # Streamlit notes on a page that it may be run, once: each run has its own.
    return {door.file: copy(_page(door, tongue.speaking())) for door in allowed}


def _page(door: Door, language: str) -> StreamlitPage:
    """A page with its title in a language; making one asks the disk for its file."""
    if (kept := _made.get((door.file, language))) is not None:
        return kept
    made = st.Page(
        door.file,
        title=_(door.title),
        url_path=door.path,
        default=door.file == QUEUE,
        visibility="hidden" if door.place == "hidden" else "visible",
    )
    # Outside a run of the script Streamlit makes half of one.
    if get_script_run_ctx(suppress_warning=True) is not None:
        _made[door.file, language] = made
    return made


def _bar(pages: dict[str, StreamlitPage], me: Actor, *, here: str) -> None:
    brand = safe.el("div", safe.el("i", "", aria_hidden="true"), safe.name(desk().settings.desk.brand), cls="wc-brand")
    with st.container(key="wc_bar", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            safe.draw(brand, width="content")
            _links(pages, "bar", _counts(me))
            if any(door.file in pages for door in _DOORS if door.place == "menu"):
                # On another page it is another menu, which is closed: an open one would lie over what was asked for.
                count = waiting.for_quality(me)
                with st.popover(
                    counted("Desk · {count}", "Desk · {count}", count) if count else _("Desk"),
                    icon=":material/tune:",
                    type="tertiary",
                    key=f"wc_menu_{here}",
                ):
                    _links(pages, "menu", {QUALITY: count})
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            if MINE in pages and MANAGER not in pages:
                # Who sees reports finds theirs beside the others.
                st.page_link(pages[MINE], icon=":material/insights:")
            st.page_link(pages[ACCOUNT], icon=":material/account_circle:")
            safe.draw(_me(me), width="content")


def _links(pages: dict[str, StreamlitPage], place: str, counts: Mapping[str, int] = MappingProxyType({})) -> None:
    for door in _DOORS:
        if door.place == place and door.file in pages:
            count = counts.get(door.file, 0)
            label = f"{words.word({door.title: door.title}, door.title)} · {count}" if count else None
            st.page_link(pages[door.file], icon=door.icon, label=label)


def _counts(me: Actor) -> dict[str, int]:
    """What waits behind a page, told beside its name."""
    counts = {PROMISES: waiting.late_promises()}
    if may(me, Permission.APPROVE_REPLY):
        counts[APPROVALS] = waiting.waiting_for(me)
    return counts


def _me(me: Actor) -> safe.Html:
    out = safe.el("form", safe.el("button", _("Sign out"), type="submit"), method="post", action="/sign-out")
    name = safe.el("span", safe.name(me.name), " ", safe.el("small", words.word(words.ROLES, me.role)))
    return safe.el("div", name, out, cls="wc-me")
