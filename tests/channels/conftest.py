"""Networks for the channel tests: a stub that misbehaves on purpose, and the sandbox with a clock of its own."""

from collections.abc import Iterator

import pytest
from stub_network import Clock, Stub, connect_fb, connect_x, fb_config, x_config

from webcare.channels.facebook import Facebook
from webcare.channels.x import X
from webcare.sandbox.server import Sandbox


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


@pytest.fixture
def stub_x(stub: Stub) -> X:
    return X.connect(x_config(f"{stub.url}/x"))


@pytest.fixture
def stub_fb(stub: Stub) -> Facebook:
    return Facebook.connect(fb_config(f"{stub.url}/graph"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def box_x(box: Sandbox) -> X:
    return connect_x(box, backfill_min=15)


@pytest.fixture
def box_fb(box: Sandbox) -> Facebook:
    return connect_fb(box, backfill_min=15)
