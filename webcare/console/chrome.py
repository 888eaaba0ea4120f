"""What surrounds every page: the look, the bar on top, who is signed in, and the page a role may open."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from webcare.console import banner, safe, words
from webcare.console.desk import desk, person
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.people import Permission, may

_HERE = Path(__file__).parent
#: The pages, as files: Streamlit reaches them by these names.
QUEUE, CASE, MANAGER = (str(_HERE / "pages" / f"{name}.py") for name in ("queue", "case", "manager"))
EVERYWHERE = "everywhere"


def run() -> None:
    """Draw the whole page for whoever is signed in."""
    brand = safe.label(desk().settings.desk.brand)
    st.set_page_config(page_title=f"Webcare · {brand}", page_icon=":material/forum:", layout="wide")
    st.html(_HERE / "theme.css")
    me = person()
    if me is None:
        _signed_out()
        st.stop()
    page = st.navigation(_pages_of(me), position="top")
    _who_is_here(me)
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


def _pages_of(me: Actor) -> list[st.Page]:
    pages = []
    if may(me, Permission.SEE_CASES):
        pages.append(st.Page(QUEUE, title="Queues", icon=":material/inbox:", url_path="queue", default=True))
        pages.append(st.Page(CASE, title="Case", url_path="case", visibility="hidden"))
    if may(me, Permission.SEE_REPORTS):
        pages.append(st.Page(MANAGER, title="Figures", icon=":material/monitoring:", url_path="figures"))
    return pages


def _who_is_here(me: Actor) -> None:
    out = safe.el("form", safe.el("button", "Sign out", type="submit"), method="post", action="/sign-out")
    name = safe.el("span", safe.name(me.name), " ", safe.el("small", words.word(words.ROLES, me.role)))
    with st.container(key="wc_me"):
        safe.draw(safe.el("div", name, out, cls="wc-me"))


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
