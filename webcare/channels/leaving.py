"""The last look at the clock before a write leaves this machine.

A process may be frozen at any moment: a laptop asleep, a machine out of memory. When it wakes up in the middle of a
call, another process may have settled the same reply already, so what it was about to write must not leave any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_in_time: ContextVar[Callable[[], bool]] = ContextVar("in_time", default=lambda: True)


@contextmanager
def only_while(in_time: Callable[[], bool]) -> Iterator[None]:
    """In this block requests leave only while `in_time()` is true, asked right before their first byte does."""
    token = _in_time.set(in_time)
    try:
        yield
    finally:
        _in_time.reset(token)


def may_leave() -> bool:
    """Whether what is about to be sent may leave now."""
    return _in_time.get()()
