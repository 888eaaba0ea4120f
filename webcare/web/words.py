"""The words of the pages before Streamlit: marked here for the catalogues, said in the browser's language."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

#: Gives a message in the language of a browser: `say(message, "nl-NL")`.
Say = Callable[[str, str], str]


def as_written(message: str, language: str) -> str:
    """English for everybody; what is used where nobody brings catalogues."""
    return message


def language_of(request: Request) -> str:
    """The language a browser asks for first, as it writes it; empty when it does not say."""
    return request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()[:20]
