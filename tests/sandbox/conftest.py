"""A running sandbox and the real client libraries pointed at it."""

from collections.abc import Iterator

import facebook
import pytest
import tweepy
from sandbox_clients import graph_client, x_client
from x_contract import DESCRIPTION, MISSING, Contract, Recorder

from webcare.sandbox import Sandbox, server


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def recorder(judge: Contract | None) -> Iterator[Recorder | None]:
    """Behind every sandbox of these tests: each answer of the X side is held against X's own description."""
    if judge is None:
        yield None
        return
    found = Recorder(judge)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "x_api", found)
        yield found


@pytest.fixture(autouse=True)
def every_answer_fits(recorder: Recorder | None) -> Iterator[None]:
    yield
    if recorder is not None:
        assert recorder.judged() == [], "answers that X's own description does not know"


@pytest.fixture(scope="session")
def judge() -> Contract | None:
    """X's description where it is at hand."""
    return Contract() if DESCRIPTION.exists() else None


@pytest.fixture
def contract(judge: Contract | None) -> Contract:
    if judge is None:
        pytest.skip(MISSING)
    return judge


@pytest.fixture
def x(box: Sandbox) -> tweepy.Client:
    return x_client(box)


@pytest.fixture
def graph(box: Sandbox) -> facebook.GraphAPI:
    return graph_client(box)
