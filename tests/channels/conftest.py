"""Networks for the channel tests: a stub that misbehaves on purpose, and the sandbox."""

from collections.abc import Iterator

import pytest
from stub_network import Stub, fb_config, x_config

from webcare.channels.base import AccountConfig
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
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def box_x(box: Sandbox) -> X:
    secrets = box.credentials("x_hemlund")
    return X.connect(
        AccountConfig("x_hemlund", "3300000001", "hemlund", box.x_base, 3.0, {"backfill_min": 15}, secrets)
    )


@pytest.fixture
def box_fb(box: Sandbox) -> Facebook:
    secrets = box.credentials("fb_hemlund")
    options = {"backfill_min": 15}
    return Facebook.connect(AccountConfig("fb_hemlund", "1100000001", "hemlund", box.graph_base, 3.0, options, secrets))
