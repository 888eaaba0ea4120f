"""Which of X's refusals is which of our errors, and when X wants to be asked again. Pure.

X's v2 API gives few codes: most refusals are told apart by the words and the `type` of its problem objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from webcare.channels.explain import Refusal, Said
from webcare.channels.transport import CallFailed, moment, server_time, whole_number
from webcare.channels.x_posts import problems, said_in
from webcare.errors import (
    AccountDisconnected,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    ReplyRejected,
    TargetGone,
)

SUMMON = (
    "X only lets us answer people who mentioned or quoted us, and this person did not. "
    "Open the post on X to answer it by hand."
)
CLOSED = "The author limits who may answer this conversation on X, and we are not among them."
GONE = "The post was deleted or can no longer be seen on X; it cannot be answered."
NO_MESSAGES = (
    "This person does not take direct messages from us. Ask them in public to write to us, or to open their messages."
)
_ACCESS = (
    "X does not allow our app to do this: {said} Check the app's access and permissions in the X developer console, "
    "then set new keys in {keys}."
)
_CREDITS = (
    "The credits for the X API are used up; nothing is read or posted until they are topped up. Buy credits or raise "
    "the spending limit in the X developer console (console.x.com); then it goes on by itself. X says: {said}"
)
_ALWAYS = (
    Refusal(
        AccountDisconnected,
        "X no longer accepts our keys. Make new ones in the X developer console and set {keys}.",
        statuses=(401,),
    ),
    Refusal(ChannelThrottled, _CREDITS, statuses=(402,)),
    Refusal(ChannelThrottled, _CREDITS, words=("problems/credits", "does not have any credits")),
    Refusal(
        ChannelThrottled,
        "The X project has read as many posts as X allows in this period. Wait for the next one, or ask X for a higher "
        "cap in the X developer console. X says: {said}",
        words=("usage-capped", "usagecapexceeded", "usage cap exceeded"),
    ),
    Refusal(ChannelThrottled, "X asks us to wait before the next request.", statuses=(429,)),
    Refusal(
        AccountDisconnected,
        _ACCESS,
        codes=(453,),
        words=("client-not-enrolled", "client-forbidden", "unsupported-authentication", "oauth1-permissions"),
    ),
    Refusal(
        AccountDisconnected,
        "X has suspended or locked our account: {said} Sign in on x.com to see what X asks for.",
        statuses=(403,),
        codes=(64, 326),
        words=("account is suspended", "account is temporarily locked", "account has been suspended"),
    ),
)
READING = (
    *_ALWAYS,
    Refusal(AccountDisconnected, _ACCESS, statuses=(403,)),
    Refusal(ChannelProtocolError, "X did not understand our request: {said}"),
)
SENDING = (
    *_ALWAYS,
    Refusal(
        DuplicateReply,
        "X says we have posted this text already.",
        codes=(187,),
        words=("duplicate content", "status is a duplicate"),
    ),
    Refusal(
        TargetGone,
        "The post you answer was deleted or can no longer be seen on X.",
        codes=(144, 385),
        words=("deleted or not visible", "no status found", "resource-not-found"),
    ),
    Refusal(
        ReplyRejected,
        NO_MESSAGES,
        codes=(150, 349, 476),
        words=("permission to dm", "cannot send messages to this user", "cannot send messages to users who are not"),
    ),
    Refusal(
        ReplyRejected,
        SUMMON,
        words=("you are mentioned or are the author", "have not been mentioned or otherwise engaged"),
    ),
    Refusal(ReplyRejected, CLOSED, codes=(433,), words=("restricted who can reply", "conversation is not allowed")),
    Refusal(ReplyRejected, "X says the reply is too long.", codes=(186,), words=("too long",)),
    Refusal(
        ChannelUnavailable, "X does not know the address we posted to; check api_base. Nothing was posted.", (404,)
    ),
    Refusal(ReplyRejected, "X refuses this reply: {said}"),
)
#: For what is done to a post beside answering it.
ACTING = (
    *_ALWAYS,
    Refusal(
        TargetGone,
        "The post is no longer there on X, or cannot be seen by us.",
        codes=(34, 144),
        words=("resource-not-found", "could not find"),
    ),
    Refusal(ChannelUnavailable, "X does not know the address we asked; check api_base. Nothing was done.", (404,)),
    Refusal(
        ReplyRejected,
        "X does not let us do this: {said} Replies can be hidden in conversations that we began, only our own posts "
        "can be deleted, and liking through the API takes enterprise access.",
    ),
)


def listen(failure: CallFailed, hide: Callable[[str], str]) -> Said:
    """What X said about a refusal; `hide` takes secrets out of its words."""
    codes = {whole_number(str(one.get("code"))) for one in problems(failure.payload)}
    said = hide(said_in(failure.payload))
    return Said(failure.status or 0, frozenset(code for code in codes if code), said, _retry_at(failure.headers))


def _retry_at(headers: Mapping[str, str]) -> datetime | None:
    """When the window that is used up opens again; the daily ones count before the one of 15 minutes."""
    for window in ("x-app-limit-24hour", "x-user-limit-24hour"):
        if headers.get(f"{window}-remaining") == "0" and (
            daily := moment(whole_number(headers.get(f"{window}-reset")))
        ):
            return daily
    if reset := moment(whole_number(headers.get("x-rate-limit-reset"))):
        return reset
    wait = whole_number(headers.get("retry-after"))
    return None if wait is None else (server_time(headers) or datetime.now(UTC)) + timedelta(seconds=max(0, wait))
