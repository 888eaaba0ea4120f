"""What Streamlit 1.67 does again and again in one run of a page, done as seldom as it is needed, with the same outcome.

1. Every text box and every list to choose from asks for a table of the whole session (`filtered_state`), only to look
   one key up in it: the more cases somebody has opened that day, the longer each of them takes. Here the key is looked
   up, and the table made for whoever wants all of it.
2. Every part of a page (`st.fragment`) copies the places it stands in with Python's general copier, each place with
   all those around it once more. Here each is copied once, by its fields.
3. Every run of a whole page looks up each colour and font of the theme, which is settled when the server starts.
4. Every list and table that a component of ours is given is examined for being a data frame. None of ours ever is one.
5. Every run searches the whole style sheet for anything that is no style. Here the outcome is remembered by the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy, deepcopy
from functools import lru_cache, wraps
from typing import Any

from streamlit.components.v2.bidi_component import serialization
from streamlit.cursor import Cursor, SparseList
from streamlit.dataframe_util import is_dataframe_like
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements import html
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState


def save_work() -> None:
    """Do all of it in this process, once."""
    if not hasattr(app_session._populate_theme_msg, "__wrapped__"):
        app_session._populate_theme_msg = _remembered(app_session._populate_theme_msg)
        html._html_only_style_tags = _style_sheets_remembered(html._html_only_style_tags)  # type: ignore[assignment]
    SafeSessionState.filtered_state = property(_filtered_state)  # type: ignore[assignment,method-assign]
    Cursor.__deepcopy__ = _copied_cursor  # type: ignore[attr-defined]
    serialization.is_dataframe_like = _is_frame  # type: ignore[assignment,attr-defined]
    DeltaGenerator.__deepcopy__ = _copied_place  # type: ignore[assignment,method-assign]


class Looked(Mapping[str, Any]):
    """The keys and values of a session as they are now; the table of all of them is made when it is asked for."""

    def __init__(self, state: SafeSessionState) -> None:
        self._safe = state

    def __contains__(self, key: object) -> bool:
        with self._safe._lock:
            return key in self._state

    def __getitem__(self, key: str) -> Any:
        with self._safe._lock:
            return self._state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    @property
    def _state(self) -> SessionState:
        return self._safe._state

    def _all(self) -> dict[str, Any]:
        with self._safe._lock:
            return self._state.filtered_state


def _remembered(populate: Any) -> Any:
    """The function that writes a section of the theme into a message, which looks it up once."""
    made: dict[str, CustomThemeConfig] = {}

    @wraps(populate)
    def fill(message: CustomThemeConfig, section: str = "theme") -> None:
        if section not in made:
            found = CustomThemeConfig()
            populate(found, section)
            made[section] = found
        message.MergeFrom(made[section])

    return fill


def _style_sheets_remembered(only_styles: Callable[[str], bool]) -> Callable[[str], bool]:
    """Only what begins as one is kept: all else may be what a customer wrote, which is nobody's to keep."""
    remembered = lru_cache(maxsize=4)(only_styles)
    return lambda text: remembered(text) if text.startswith("<style>") else only_styles(text)


def _is_frame(value: object) -> bool:
    return not isinstance(value, (list, dict)) and is_dataframe_like(value)


def _filtered_state(state: SafeSessionState) -> Looked:
    return Looked(state)


def _copied_cursor(cursor: Cursor, memo: dict[int, Any]) -> Cursor:
    made = copy(cursor)
    # All else in it is numbers, and tuples of them.
    made._transient_elements = SparseList()
    made._transient_elements._data = dict(cursor._transient_elements._data)
    return made


def _copied_place(place: DeltaGenerator, memo: dict[int, Any]) -> DeltaGenerator:
    made = DeltaGenerator(
        root_container=place._root_container,
        cursor=deepcopy(place._cursor, memo),
        parent=deepcopy(place._parent, memo),
        block_type=place._block_type,
    )
    made._form_data = place._form_data
    made._creating_fragment_id = place._creating_fragment_id
    return made
