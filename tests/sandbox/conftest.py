"""A running sandbox and the real client libraries pointed at it."""

from collections.abc import Iterator

import facebook
import pytest
import tweepy
from sandbox_clients import graph_client, x_client
from x_contract import DESCRIPTION, MISSING, Contract

from webcare.sandbox import Sandbox


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def judge() -> Contract | None:
    """X's description where it is at hand; every answer to the `x` client is checked against it."""
    return Contract() if DESCRIPTION.exists() else None


@pytest.fixture
def contract(judge: Contract | None) -> Contract:
    if judge is None:
        pytest.skip(MISSING)
    return judge


@pytest.fixture
def x(box: Sandbox, judge: Contract | None) -> tweepy.Client:
    return x_client(box, check=judge.check if judge else None)


@pytest.fixture
def graph(box: Sandbox) -> facebook.GraphAPI:
    return graph_client(box)
