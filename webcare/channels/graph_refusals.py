"""Which error codes of Meta's Graph API are which of our errors, and what its headers say of limits. Pure.

The codes and what they stand for: developers.facebook.com, "Handling errors" and "Rate limits" of the Graph API, and
"Error codes" of the Messenger Platform.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from webcare.channels.base import RateState
from webcare.channels.explain import Refusal, Said
from webcare.channels.transport import CallFailed, server_time, whole_number
from webcare.channels.wording import clean
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)

#: From this share of a limit on, in percent, the rest is kept for answers; Meta asks to slow down before the end.
PRESSED = 80
#: How long reading pauses when the limit is nearly used and Meta does not say how long.
BREATHER = timedelta(minutes=5)

_THROTTLED = (4, 9, 17, 32, 341, 613, *range(80000, 80015))
_TOKEN = (102, 190, 463, 467)
_PERMISSION = (3, 10, *range(200, 300))
_TRANSIENT = (1, 2, 1200)


def _pair(code: int, subcode: int) -> int:
    """One number for a code with its subcode; subcodes have seven digits at most."""
    return code * 10**8 + subcode


_GONE = (803, _pair(100, 33))
#: A message after the 24 hours (or 7 days) that Meta gives for an answer; 2534022 is Instagram's.
_CLOSED = (*(_pair(10, subcode) for subcode in (2018065, 2018108, 2018278, 2534022)),)
#: What a person has to do about a refused token, by subcode of code 190.
_TOKEN_CAUSES: Mapping[int, str] = {
    458: "the app was removed from the page or the person behind the token",
    459: "the person behind the token must first sign in on facebook.com and answer what is asked there",
    460: "the person behind the token changed the password",
    463: "the token has expired",
    464: "the person behind the token must first confirm the Facebook account",
    467: "the token was made invalid",
    492: "the person behind the token no longer works for the page",
}


@dataclass(frozen=True, slots=True)
class Tables:
    """The refusals of one network, for reading, for posting, and for what may be repeated safely."""

    reading: tuple[Refusal, ...]
    sending: tuple[Refusal, ...]
    acting: tuple[Refusal, ...]


def tables(*, reads: str, writes: str, messages: str) -> Tables:
    """The tables of a network; the arguments name the permissions it needs, for people."""
    always = (*_token_rows(), *_WAIT)
    lacks = Refusal(
        AccountDisconnected,
        f"The page's token lacks a permission: {{said}} The desk needs {reads}; connect the page again with them and "
        "set {keys}.",
        codes=_PERMISSION,
    )
    refused = Refusal(
        ReplyRejected,
        f"{{title}} does not let the page do this here: {{said}} The token may lack {writes} (for messages {messages}),"
        " or the author may not allow it. Open the post on {title} to do it by hand.",
        codes=_PERMISSION,
    )
    return Tables((*always, *_reading(lacks)), (*always, *_sending(refused)), (*always, *_acting(refused)))


def _token_rows() -> tuple[Refusal, ...]:
    again = "Connect the page again and set {keys}."
    causes = (
        Refusal(
            AccountDisconnected,
            f"{{title}} no longer accepts the page's token: {cause}. {again} ({{said}})",
            codes=(_pair(190, subcode),),
        )
        for subcode, cause in _TOKEN_CAUSES.items()
    )
    plain = Refusal(
        AccountDisconnected, f"{{title}} no longer accepts the page's token ({{said}}). {again}", codes=_TOKEN
    )
    proof = Refusal(
        AccountDisconnected,
        "{title} refuses the proof made with the app secret. Check that {keys} belong together.",
        words=("appsecret_proof",),
    )
    return (*causes, plain, proof)


_WAIT = (
    Refusal(ChannelThrottled, "{title} asks us to wait before the next request.", codes=_THROTTLED),
    Refusal(ChannelThrottled, "{title} asks us to wait before the next request.", statuses=(429,)),
)
_SIGNED_OUT = Refusal(AccountDisconnected, "{title} does not let us in ({said}). Set {keys}.", statuses=(401,))


def _reading(lacks: Refusal) -> tuple[Refusal, ...]:
    return (
        Refusal(TargetGone, "What we asked {title} for is no longer there, or we may not see it.", codes=_GONE),
        lacks,
        Refusal(AccountDisconnected, "{title} has blocked the page or the app for now: {said}", codes=(368,)),
        Refusal(ChannelUnavailable, "{title} has a fault of its own for the moment ({said}).", codes=_TRANSIENT),
        _SIGNED_OUT,
        Refusal(ChannelProtocolError, "{title} did not understand our request: {said}"),
    )


def _refusing(refused: Refusal) -> tuple[Refusal, ...]:
    """What is refused in the same way whether we post or act."""
    return (
        Refusal(TargetGone, "The post, comment or person you answer is no longer on {title}.", codes=_GONE),
        Refusal(
            ReplyRejected,
            "The time in which {title} lets a page answer this conversation is over ({said}). Answer it by hand in "
            "the inbox on {title}, or wait until the person writes again.",
            codes=_CLOSED,
            words=("outside of allowed window",),
        ),
        Refusal(
            ReplyRejected,
            "{title} keeps the page from posting for now, for reasons of policy: {said} "
            "Open the page's support inbox on Facebook to see why.",
            codes=(368,),
        ),
        refused,
        _SIGNED_OUT,
    )


def _sending(refused: Refusal) -> tuple[Refusal, ...]:
    return (
        # Codes 1 and 2 also come after the comment was taken.
        Refusal(OutcomeUnknown, "{title} had a fault while posting ({said}).", codes=_TRANSIENT),
        Refusal(DuplicateReply, "{title} says we have posted this text already.", codes=(506,)),
        Refusal(
            DuplicateReply,
            "{title} says this comment has had its one private reply; we look whether it is ours.",
            codes=(10900,),
            words=("already replied",),
        ),
        Refusal(
            ReplyRejected,
            "{title} takes no private reply to this ({said}); it may be older than seven days. Answer it publicly.",
            codes=(10901, 10902, 10903),
        ),
        Refusal(
            ReplyRejected,
            "This person cannot be written to on {title}: blocked, left, or closed to messages ({said}).",
            codes=(551, _pair(100, 2018001), _pair(200, 1545041)),
        ),
        *_refusing(refused),
        Refusal(ReplyRejected, "{title} refuses this reply: {said}"),
    )


def _acting(refused: Refusal) -> tuple[Refusal, ...]:
    return (
        Refusal(ChannelUnavailable, "{title} has a fault of its own for the moment ({said}).", codes=_TRANSIENT),
        *_refusing(refused),
        Refusal(ReplyRejected, "{title} refuses to do this: {said}"),
    )


# --- what an answer says --------------------------------------------------------------------------------


def listen(failure: CallFailed, hide: Callable[[str], str]) -> Said:
    """What the Graph API said about a refusal; `hide` takes secrets out of its words."""
    error = _error(failure)
    code, subcode = (whole_number(str(error.get(name))) for name in ("code", "error_subcode"))
    codes = {number for number in (code, _pair(code, subcode) if code and subcode else None) if number is not None}
    words = [error.get("error_user_msg") or error.get("message"), f"code {code}" if code else "no reason given"]
    words += [f"subcode {subcode}"] if subcode else []
    said = hide(", ".join(clean(str(word)) for word in words if word))[:500]
    retry_at = _usage_reset(failure.headers, server_time(failure.headers) or datetime.now(UTC))
    return Said(failure.status or 0, frozenset(codes), said, retry_at)


def lacks_permission(error: ChannelError) -> bool:
    """Whether this was refused because the token may not do it, rather than because it is no longer valid."""
    return _code_of(error) in _PERMISSION


def too_much_data(error: ChannelError) -> bool:
    """Whether Graph gave up on an answer because it would have been too large."""
    said = str(_error_of(error).get("message") or "").lower()
    return _code_of(error) == 1 and "reduce the amount" in said


def says_bad_field(error: ChannelError) -> bool:
    """Whether a field was asked of a node that has no such field."""
    return _code_of(error) == 100 and "nonexisting field" in str(_error_of(error).get("message") or "")


def says_invalid(error: ChannelError) -> bool:
    """Whether Graph knows nothing under what was asked for (code 100), and not merely failed to answer."""
    return _code_of(error) == 100


def never_answered(error: ChannelError) -> bool:
    """Whether nothing at all came back, so that the next request would only wait as long."""
    failure = error.__cause__
    return isinstance(failure, CallFailed) and failure.status is None


def _code_of(error: ChannelError) -> int | None:
    return whole_number(str(_error_of(error).get("code")))


def _error_of(error: ChannelError) -> Mapping[str, Any]:
    failure = error.__cause__
    return _error(failure) if isinstance(failure, CallFailed) else {}


def _error(failure: CallFailed) -> Mapping[str, Any]:
    error = failure.payload.get("error")
    return error if isinstance(error, Mapping) else {}


# --- limits ----------------------------------------------------------------------------------------------


def usage(headers: Mapping[str, str], now: datetime) -> RateState | None:
    """How much of the limits is left, as percent of 100; None when Meta did not say.

    From 80 % used on nothing is left for reading until `reset_at`: what remains is kept for answers.
    """
    percents = [_number(value) for one in _usages(headers) for name, value in one.items() if name in _SHARES]
    used = [percent for percent in percents if percent is not None]
    if not used:
        return None
    reset_at = _usage_reset(headers, now)
    if max(used) >= PRESSED:
        return RateState(100, 0, reset_at or now + BREATHER)
    return RateState(100, max(0, 100 - round(max(used))), reset_at)


_SHARES: Collection[str] = ("call_count", "total_time", "total_cputime")


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
    waits = [_number(one.get("estimated_time_to_regain_access")) or 0 for one in _usages(headers)]
    longest = max(waits, default=0)
    return now + timedelta(minutes=min(longest, 7 * 24 * 60)) if longest > 0 else None


def _number(value: Any) -> float | None:
    """A share or a wait, written as a number or as a text."""
    try:
        found = float(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found == found and abs(found) < 10**9 else None


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)
