"""The limits networks announce, as kept on the account, and what they leave for the next request.

Pure. One entry for each list or endpoint a channel names, under what it is used for; moments as ISO text, because the
column is JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from webcare.channels.base import RateState
from webcare.errors import believable

Use = Literal["poll", "refresh", "backfill"]
Known = Mapping[str, Any]

#: How long a list with nothing left is let alone when the network does not say until when.
DEFAULT_REST = timedelta(minutes=1)
_NONE = timedelta(0)


def remember_rates(known: Known, told: Mapping[str, RateState], *, use: Use, now: datetime) -> dict[str, Any]:
    """What is known of the limits after a call that announced `told`."""
    fresh = {f"{use}:{name}": _entry(known.get(f"{use}:{name}"), rate, now) for name, rate in told.items()}
    return {**known, **fresh}


def close_until(known: Known, name: str, *, use: Use, until: datetime | None, now: datetime) -> dict[str, Any]:
    """The same after the network refused a call for asking too often."""
    rate = RateState(remaining=0, reset_at=until or now + DEFAULT_REST)
    return remember_rates(known, {name: rate}, use=use, now=now)


def closed_lists(known: Known, *, use: Use, now: datetime, every_s: float = 0) -> frozenset[str]:
    """The lists that are not asked now: nothing is left of their window, or so little that it has to be spread.

    `every_s` is how often one could ask; a spread list whose turn comes before the middle of two is asked now.
    """
    early = timedelta(seconds=every_s / 2)
    found = _of(known, use).items()
    return frozenset(
        name for name, one in found if (at := opens_at(one)) and at - (early if one["remaining"] > 0 else _NONE) > now
    )


def resting_until(known: Known, *, use: Use, now: datetime, every_s: float = 0) -> datetime | None:
    """When the first list can be asked again, if all that are known are closed; None when one is open."""
    entries = _of(known, use)
    closed = closed_lists(known, use=use, now=now, every_s=every_s)
    if not entries or len(closed) < len(entries):
        return None
    return min(at for one in entries.values() if (at := opens_at(one)))


def opens_at(entry: Known) -> datetime | None:
    """When one list may be asked again; None when it always may."""
    remaining, asked = entry.get("remaining"), _moment(entry.get("at"))
    reset = _moment(entry.get("reset_at"))
    if remaining is None or asked is None:
        return None
    if remaining <= 0:
        return reset or asked + DEFAULT_REST
    if reset is None or reset <= asked:
        return None
    # The rest of the window must last: as many calls as are left, evenly over the time that is left.
    share: float = max(1, entry.get("used", 1)) / remaining
    return asked + (reset - asked) * share


def _of(known: Known, use: Use) -> dict[str, Known]:
    """The lists of one use. What is left of a window is what was told last, whatever it was told to."""
    found: dict[str, Known] = {}
    for key, own in known.items():
        its_use, _, name = key.partition(":")
        if its_use == use:
            told = max((one for other, one in known.items() if other.partition(":")[2] == name), key=_told_at)
            merged = {**own, **{part: told.get(part) for part in ("limit", "remaining", "reset_at")}}
            if (told.get("remaining") or 0) <= 0:
                merged["at"] = told.get("at")
            found[name] = merged
    return found


def _told_at(entry: Known) -> str:
    return str(entry.get("at") or "")


def _entry(before: Known | None, rate: RateState, now: datetime) -> dict[str, Any]:
    reset_at = believable(rate.reset_at, now)
    return {
        "limit": rate.limit,
        "remaining": rate.remaining,
        "reset_at": reset_at.astimezone(UTC).isoformat() if reset_at else None,
        "at": now.astimezone(UTC).isoformat(),
        "used": _used(before, rate),
    }


def _used(before: Known | None, rate: RateState) -> int:
    """Requests one call took, as far as two answers of one window tell; other programs may use the same window."""
    if before is None or rate.remaining is None or before.get("remaining") is None:
        return 1
    reset = _moment(before.get("reset_at"))
    # Networks round the end of a window, so two answers of one may differ by some seconds.
    same = reset and rate.reset_at and abs(reset - rate.reset_at) < timedelta(seconds=10)
    return max(1, int(before["remaining"]) - rate.remaining) if same else max(1, int(before.get("used", 1)))


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
