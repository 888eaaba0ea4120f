"""What is saved of Streamlit's work changes nothing of what it gives."""

import json
from copy import deepcopy

import pandas as pd
import pytest
from streamlit.components.v2.bidi_component import serialization
from streamlit.cursor import RunningCursor
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements import html
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState

from tests.console.conftest import OpenPage
from webcare.testing import Desk


def held(**values: object) -> SafeSessionState:
    """A session that holds these."""
    state = SafeSessionState(SessionState(), lambda: None)
    for key, value in values.items():
        state[key] = value
    return state


def test_a_session_is_looked_up_as_its_table_says(open_page: OpenPage):
    state = held(language="nl", nothing=None)
    seen = state.filtered_state
    assert dict(seen) == state._state.filtered_state == {"language": "nl", "nothing": None}
    assert "nothing" in seen
    assert seen["nothing"] is None
    assert "gone" not in seen
    assert len(seen) == 2
    with pytest.raises(KeyError):
        seen["gone"]


def test_the_fields_of_a_page_are_in_it_by_their_keys(open_page: OpenPage, desk: Desk):
    case = desk.open_case("Where is my parcel?")
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").input("We look.").run()
    seen = test.session_state._state.filtered_state
    assert seen[f"reply_{case.id}"] == "We look."
    assert set(seen) == set(test.session_state._state._state.filtered_state)


def test_what_a_component_is_given_reaches_it_and_frames_are_still_known(open_page: OpenPage):
    given = BidiComponent()
    serialization.serialize_mixed_data({"rows": [{"id": 1}], "words": {"a": "b"}, "n": 2}, given)
    assert json.loads(given.json) == {"rows": [{"id": 1}], "words": {"a": "b"}, "n": 2}
    framed = BidiComponent()
    serialization.serialize_mixed_data({"frame": pd.DataFrame({"a": [1]})}, framed)
    assert len(framed.mixed.arrow_blobs) == 1


def test_a_copied_place_moves_on_by_itself_and_stands_in_the_copy_of_its_parent(open_page: OpenPage):
    above = DeltaGenerator(root_container=0, cursor=RunningCursor(0, (3,)), parent=None)
    place = DeltaGenerator(root_container=0, cursor=RunningCursor(0, (3, 1)), parent=above, block_type="column")
    place._cursor.lock_element()
    copied_above, copied = deepcopy((above, place))
    assert copied._parent is copied_above is not above
    assert copied._cursor.delta_path == place._cursor.delta_path == [0, 3, 1, 1]
    assert (copied._block_type, copied._root_container) == ("column", 0)
    copied._cursor.lock_element()
    assert copied._cursor.delta_path == [0, 3, 1, 2]
    assert place._cursor.delta_path == [0, 3, 1, 1]
    place._cursor.get_transient_cursor()
    place._cursor.transient_elements[0] = object()
    assert len(copied._cursor.transient_elements) == 0


def test_of_what_is_searched_for_styles_only_style_sheets_are_remembered(open_page: OpenPage):
    open_page("queue")
    for text, only_styles in (
        ("<style>.a{}</style>", True),
        ("<style>.a{}</style><p>Hi</p>", False),
        ("<p>a customer's words</p>", False),
        ("<!-- x --><style>.a{}</style>", True),
    ):
        assert html._html_only_style_tags(text) is html._html_only_style_tags(text) is only_styles
    remembered = html._html_only_style_tags.__closure__
    assert remembered is not None
    kept = next(cell.cell_contents for cell in remembered if hasattr(cell.cell_contents, "cache_info"))
    before = kept.cache_info().currsize
    html._html_only_style_tags("<p>other words</p>")
    assert kept.cache_info().currsize == before
