"""Wrong passwords counted by the address they come from, beside the lock of each account: one address, many names."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from starlette.requests import Request

#: A whole team may sit behind one address on a Monday morning; a machine that guesses does this in seconds.
MAX_FAILURES = 40
WITHIN = timedelta(minutes=10)
#: Addresses remembered; more at once is an attack from everywhere, which the accounts' own locks must stop.
_MAX_ADDRESSES = 10_000


class Throttle:
    """How many sign-ins failed from each address lately. Kept in memory: a restart forgets, accounts stay locked."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def is_full(self, address: str, now: datetime) -> bool:
        """Whether an address has to wait."""
        with self._lock:
            return len(self._recent(address, now)) >= MAX_FAILURES

    def failed(self, address: str, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            recent = self._recent(address, now)
            recent.append(now)
            self._failures[address] = recent
            while len(self._failures) > _MAX_ADDRESSES:
                self._failures.pop(next(iter(self._failures)))

    def _recent(self, address: str, now: datetime) -> deque[datetime]:
        times = self._failures.pop(address, None) or deque(maxlen=MAX_FAILURES)
        while times and times[0] <= now - WITHIN:
            times.popleft()
        if times:
            # Put back at the end, so that what is dropped first is what was quiet longest.
            self._failures[address] = times
        return times


def address_of(request: Request, *, proxies: int) -> str:
    """Where a request comes from: the peer, or with reverse proxies in front what the outermost of them wrote down.

    Each proxy appends whom it heard from, so only the last `proxies` entries can be believed. IPv6 networks of one
    household or office (/64) count as one address.
    """
    peer = request.client.host if request.client else ""
    told = [part.strip() for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
    found = told[-proxies] if proxies and len(told) >= proxies else peer
    try:
        parsed = ip_address(found)
    except ValueError:
        return peer
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
