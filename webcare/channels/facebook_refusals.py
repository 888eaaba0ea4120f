"""Which of Facebook's error codes is which of our errors, and what its headers say of limits. Pure.

The codes and what they stand for: developers.facebook.com, "Handling errors" and "Rate limits" of the Graph API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from webcare.channels.base import RateState
from webcare.channels.explain import Refusal, Said
from webcare.channels.transport import CallFailed, server_time, whole_number
from webcare.channels.wording import clean
from webcare.errors import (
    AccountDisconnected,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)

_THROTTLED = (4, 17, 32, 341, 613, *range(80000, 80015))
_TOKEN = (102, 190, 463, 467)
_PERMISSION = (3, 10, *range(200, 300))
_TRANSIENT = (1, 2)
_ALWAYS = (
    Refusal(
        AccountDisconnected,
        "Facebook no longer accepts the page's token ({said}). Connect the page again and set {keys}.",
        codes=_TOKEN,
    ),
    Refusal(
        AccountDisconnected,
        "Facebook refuses the proof made with the app secret. Check that {keys} belong together.",
        words=("appsecret_proof",),
    ),
    Refusal(ChannelThrottled, "Facebook asks us to wait before the next request.", codes=_THROTTLED),
    Refusal(ChannelThrottled, "Facebook asks us to wait before the next request.", statuses=(429,)),
)
READING = (
    *_ALWAYS,
    Refusal(TargetGone, "What we asked Facebook for is no longer there, or we may not see it.", codes=(803,)),
    Refusal(TargetGone, "What we asked Facebook for is no longer there, or we may not see it.", words=("subcode 33",)),
    Refusal(
        AccountDisconnected,
        "The page's token lacks a permission: {said} The desk needs pages_read_engagement and "
        "pages_read_user_content; connect the page again with them and set {keys}.",
        codes=_PERMISSION,
    ),
    Refusal(AccountDisconnected, "Facebook has blocked the page or the app for now: {said}", codes=(368,)),
    Refusal(ChannelUnavailable, "Facebook has a fault of its own for the moment ({said}).", codes=_TRANSIENT),
    Refusal(AccountDisconnected, "Facebook does not let us in ({said}). Set {keys}.", statuses=(401,)),
    Refusal(ChannelProtocolError, "Facebook did not understand our request: {said}"),
)
SENDING = (
    *_ALWAYS,
    # Codes 1 and 2 also come after the comment was taken.
    Refusal(OutcomeUnknown, "Facebook had a fault while posting ({said}).", codes=_TRANSIENT),
    Refusal(DuplicateReply, "Facebook says we have posted this text already.", codes=(506,)),
    Refusal(TargetGone, "The post or comment you answer is no longer on Facebook.", codes=(803,)),
    Refusal(TargetGone, "The post or comment you answer is no longer on Facebook.", words=("subcode 33",)),
    Refusal(
        ReplyRejected,
        "Facebook keeps the page from posting for now, for reasons of policy: {said} "
        "Open the page's support inbox on Facebook to see why.",
        codes=(368,),
    ),
    Refusal(
        ReplyRejected,
        "Facebook does not let the page answer here: {said} The token may lack pages_manage_engagement, or the author "
        "may not allow it. Open the post on Facebook to answer it by hand.",
        codes=_PERMISSION,
    ),
    Refusal(AccountDisconnected, "Facebook does not let us in ({said}). Set {keys}.", statuses=(401,)),
    Refusal(ReplyRejected, "Facebook refuses this reply: {said}"),
)


def listen(failure: CallFailed, hide: Callable[[str], str]) -> Said:
    """What Facebook said about a refusal; `hide` takes secrets out of its words."""
    error = failure.payload.get("error")
    error = error if isinstance(error, Mapping) else {}
    code, subcode = (whole_number(str(error.get(name))) for name in ("code", "error_subcode"))
    # Code 100 is said of many faults; only with this subcode does it mean that the object is gone.
    codes = frozenset() if code is None or (code == 100 and subcode == 33) else frozenset({code})
    words = [error.get("error_user_msg") or error.get("message"), f"code {code}" if code else "no reason given"]
    words += [f"subcode {subcode}"] if subcode else []
    said = hide(", ".join(clean(str(word)) for word in words if word))[:500]
    retry_at = _usage_reset(failure.headers, server_time(failure.headers) or datetime.now(UTC))
    return Said(failure.status or 0, codes, said, retry_at)


def usage(headers: Mapping[str, str], now: datetime) -> RateState | None:
    """How much of the page's limit is used, as percent left of 100; None when Facebook did not say."""
    percents = [whole_number(str(value)) for one in _usages(headers) for name, value in one.items() if name in _SHARES]
    used = [percent for percent in percents if percent is not None]
    if not used:
        return None
    return RateState(100, max(0, 100 - max(used)), _usage_reset(headers, now))


_SHARES = ("call_count", "total_time", "total_cputime")


def _usages(headers: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The usage objects of both headers: one of the app, and one per kind of use of each page."""
    found: list[Any] = []
    for name in ("x-app-usage", "x-business-use-case-usage"):
        try:
            told = json.loads(headers.get(name, "{}"))
        except ValueError:
            continue
        found.append(told)
        found += [one for value in told.values() if isinstance(value, list) for one in value] if _is_map(told) else []
    return [one for one in found if _is_map(one)]


def _usage_reset(headers: Mapping[str, str], now: datetime) -> datetime | None:
    waits = [whole_number(str(one.get("estimated_time_to_regain_access"))) or 0 for one in _usages(headers)]
    longest = max(waits, default=0)
    return now + timedelta(minutes=min(longest, 7 * 24 * 60)) if longest > 0 else None


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)
