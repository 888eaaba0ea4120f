"""What the queue remembers in one browser for some seconds, so that lists of the whole desk are read less often."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

Value = TypeVar("Value")


def kept(name: str, seconds: float, read: Callable[[], Value]) -> Value:
    """What `read` gave at most so many seconds ago."""
    memory: dict[str, tuple[float, Any]] = st.session_state.setdefault("queue_memory", {})
    until, value = memory.get(name, (0.0, None))
    if time.monotonic() >= until:
        value = read()
        memory[name] = (time.monotonic() + seconds, value)
    found: Value = value
    return found


def forget(name: str) -> None:
    """Read it again next time."""
    st.session_state.get("queue_memory", {}).pop(name, None)
