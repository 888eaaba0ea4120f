"""Errors in the words of the person at the desk. Nobody sees a traceback; the log does, without customer text."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from webcare.console import safe, tongue
from webcare.console.tongue import _
from webcare.errors import CaseChanged, StoreUnavailable, WebcareError

_log = logging.getLogger(__name__)
_NEWS = "news"

Tone = Literal["good", "info", "warn", "bad"]
_ROLES = {"good": "status", "info": "status", "warn": "alert", "bad": "alert"}


@dataclass(frozen=True, slots=True)
class News:
    """One sentence for the person, shown once where it belongs."""

    place: str
    tone: Tone
    text: str


def say(place: str, tone: Tone, text: str) -> None:
    """Leave a sentence for the next drawing of `place`."""
    st.session_state[_NEWS] = (*st.session_state.get(_NEWS, ()), News(place, tone, text))


def show_news(place: str) -> None:
    """Draw what was left for a place, once."""
    waiting: tuple[News, ...] = st.session_state.get(_NEWS, ())
    here = [news for news in waiting if news.place == place]
    if here:
        st.session_state[_NEWS] = tuple(news for news in waiting if news.place != place)
        for news in here:
            alert(news.tone, news.text)


def keep_showing(place: str) -> None:
    """Draw what was left for a place, and again each time until something else is left there or `hush` is called."""
    waiting: tuple[News, ...] = st.session_state.get(_NEWS, ())
    if here := tuple(news for news in waiting if news.place == place):
        st.session_state[_NEWS] = tuple(news for news in waiting if news.place != place)
        st.session_state[f"kept_{place}"] = here
    for news in st.session_state.get(f"kept_{place}", ()):
        alert(news.tone, news.text)


def hush(place: str) -> None:
    """Show no more what `keep_showing` keeps."""
    st.session_state.pop(f"kept_{place}", None)


def alert(tone: Tone, *words: str) -> None:
    """A sentence in a box; untrusted words are welcome."""
    safe.draw(safe.el("div", *words, cls=f"wc-alert wc-{tone}", role=_ROLES[tone]))


def attempt(place: str, act: Callable[[], None]) -> bool:
    """Do something for a person and put whatever goes wrong into words at `place`; gives whether it was done."""
    try:
        act()
    except CaseChanged as error:
        say(place, "warn", tongue.refusal(error))
        return False
    except StoreUnavailable as error:
        kept = _("Nothing was changed; your text is still here. Try again in a moment.")
        say(place, "bad", f"{tongue.refusal(error)} {kept}")
        return False
    except WebcareError as error:
        say(place, "bad", tongue.refusal(error))
        return False
    return True


def tried(place: str, act: Callable[[], None]) -> None:
    """`attempt` as a widget's callback."""
    attempt(place, act)


def keep_customers_out_of_the_log() -> None:
    """Streamlit logs an error with its message, and that may quote a customer; `on_script_error` logs it without."""
    logging.getLogger("streamlit.error_util").addFilter(lambda record: record.exc_info is None)


def on_script_error(error: Exception) -> bool:
    """Streamlit calls this for anything no page caught: log where it happened, show a calm sentence instead."""
    if isinstance(error, WebcareError):
        alert("bad", tongue.refusal(error))
        return True
    mark = secrets.token_hex(3)
    # The message of an unknown error may quote a customer; the places in our code never do.
    frames = reversed(traceback.extract_tb(error.__traceback__))
    places = " < ".join(f"{Path(frame.filename).stem}.{frame.name}:{frame.lineno}" for frame in frames)
    _log.error("console error %s: %s at %s", mark, type(error).__name__, places)
    alert(
        "bad",
        _(
            "Something went wrong on this page (mark {mark}). What you wrote is kept. "
            "Reload the page; if it happens again, tell your administrator the mark."
        ).format(mark=mark),
    )
    return True
