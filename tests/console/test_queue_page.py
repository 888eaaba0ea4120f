"""The queue page: what is listed, in which order, and what a click does."""

import json
from typing import Any

import pytest
from conftest import OpenPage, html_of
from streamlit.testing.v1 import AppTest

from webcare.domain import Role, Sentiment, Urgency
from webcare.testing import Desk, FakeClassifier, make_mention, make_triage


def list_of(test: AppTest) -> dict[str, Any]:
    """The data of the one list element."""
    return _component(test, "webcare.case_list")


def _component(test: AppTest, name: str) -> dict[str, Any]:
    found = [element.proto for element in test.get("bidi_component") if element.proto.component_name == name]
    assert len(found) == 1, f"one {name} expected, {len(found)} found"
    return json.loads(found[0].json)


def test_probe(open_page: OpenPage, desk: Desk):
    desk.open_case("Where is my sofa?")
    test = open_page()
    assert not test.exception
    print(html_of(test))
    print([type(e).__name__ + ":" + e.type for e in test.main])
    print(list_of(test))
