"""What surrounds every page: the look, the bar on top, who is signed in, and the page a role may open."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from webcare.console import banner, safe, words
from webcare.console.desk import desk, person
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.people import Permission, may

_HERE = Path(__file__).parent
#: The pages, as files: Streamlit reaches them by these names. Not in a folder called `pages`: Streamlit would take
#: that for an app of its older kind and run a page without what surrounds it here, the sign-in check included.
_NAMES = ("queue", "case", "manager", "guard")
QUEUE, CASE, MANAGER, GUARD = (str(_HERE / "screens" / f"{name}.py") for name in _NAMES)
EVERYWHERE = "everywhere"


def run() -> None:
    """Draw the whole page for whoever is signed in."""
    brand = safe.label(desk().settings.desk.brand)
    st.set_page_config(page_title=f"Webcare · {brand}", page_icon=str(_HERE / "icon.svg"), layout="wide")
    st.html(_HERE / "theme.css")
    me = person()
    if me is None:
        _signed_out()
        st.stop()
    pages = _pages_of(me)
    page = st.navigation([*pages.values()], position="hidden")
    _bar(pages, me)
    banner.show()
    show_news(EVERYWHERE)
    page.run()


def me_or_stop() -> Actor:
    """The person signed in, for pages and their parts that run by themselves; stops with a way back in otherwise."""
    me = person()
    if me is None:
        _signed_out()
        st.stop()
    return me


def _pages_of(me: Actor) -> dict[str, StreamlitPage]:
    """The pages this person's role opens, by the file they live in; the services check again whatever is clicked."""
    pages = {}
    if may(me, Permission.SEE_CASES):
        pages[QUEUE] = st.Page(QUEUE, title="Queues", url_path="queue", default=True)
        pages[CASE] = st.Page(CASE, title="Case", url_path="case", visibility="hidden")
    if may(me, Permission.SEE_REPORTS):
        pages[MANAGER] = st.Page(MANAGER, title="Figures", url_path="figures")
        pages[GUARD] = st.Page(GUARD, title="Guard", url_path="guard")
    return pages


def _bar(pages: dict[str, StreamlitPage], me: Actor) -> None:
    out = safe.el("form", safe.el("button", "Sign out", type="submit"), method="post", action="/sign-out")
    name = safe.el("span", safe.name(me.name), " ", safe.el("small", words.word(words.ROLES, me.role)))
    brand = safe.el("div", safe.el("i", "", aria_hidden="true"), safe.name(desk().settings.desk.brand), cls="wc-brand")
    with st.container(key="wc_bar", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            safe.draw(brand, width="content")
            for file, icon in (
                (QUEUE, ":material/inbox:"),
                (MANAGER, ":material/monitoring:"),
                (GUARD, ":material/shield:"),
            ):
                if file in pages:
                    st.page_link(pages[file], icon=icon)
        safe.draw(safe.el("div", name, out, cls="wc-me"), width="content")


def _signed_out() -> None:
    back = safe.el("a", "Sign in again", href="/sign-in", target="_self")
    safe.draw(
        safe.el(
            "div",
            "You are signed out. What you wrote on your cases is kept. ",
            back,
            cls="wc-alert wc-info",
            role="alert",
        )
    )
