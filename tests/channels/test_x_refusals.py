"""What X refuses, as tables: one answer, one error of ours, for reading and for posting."""

from datetime import datetime
from typing import Any

import pytest
from stub_network import x_config

from webcare.channels.explain import Explainer, variables
from webcare.channels.transport import CallFailed
from webcare.channels.x import X
from webcare.channels.x_refusals import ACTING, READING, SENDING, listen
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

EXPLAIN = Explainer(
    "X", variables(x_config(""), X.secret_names), lambda failure: listen(failure, str), READING, SENDING
)


def failure(status: int | None, payload: dict[str, Any] | None = None, **headers: str) -> CallFailed:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return CallFailed(f"HTTP {status}", status=status, payload=payload, headers=named)


def forbidden(detail: str, **more: Any) -> dict[str, Any]:
    return {"title": "Forbidden", "type": "about:blank", "status": 403, "detail": detail, **more}


def v1(code: int, message: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message}]}


PROBLEM = "https://api.twitter.com/2/problems/"
CASES: list[tuple[int, dict[str, Any], type[ChannelError], str]] = [
    (401, {"title": "Unauthorized", "detail": "Unauthorized", "status": 401}, AccountDisconnected, "X_HEMLUND_API_KEY"),
    (401, {}, AccountDisconnected, "WEBCARE_SECRET_X_HEMLUND_ACCESS_TOKEN_SECRET"),
    (402, {"detail": "Payment required"}, ChannelThrottled, "credits"),
    (403, forbidden("You are not allowed to create a Tweet with duplicate content."), DuplicateReply, "already"),
    (403, v1(187, "Status is a duplicate."), DuplicateReply, ""),
    (403, forbidden("You attempted to reply to a Tweet that is deleted or not visible to you."), TargetGone, "deleted"),
    (400, forbidden("You attempted to reply to a Tweet that is deleted or not visible to you."), TargetGone, ""),
    (403, v1(385, "odd words"), TargetGone, ""),
    (403, v1(144, "No status found with that ID."), TargetGone, ""),
    (404, {"type": f"{PROBLEM}resource-not-found", "detail": "Could not find tweet"}, TargetGone, ""),
    (
        403,
        forbidden("You can only reply to or quote posts where you are mentioned or are the author."),
        ReplyRejected,
        "only lets us answer people who mentioned",
    ),
    (
        403,
        forbidden(
            "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
            "author of the post you are replying to."
        ),
        ReplyRejected,
        "only lets us answer people who mentioned",
    ),
    (403, v1(433, "The original Tweet author restricted who can reply to this Tweet."), ReplyRejected, "limits who"),
    (403, forbidden("Your Tweet text is too long. For more information see https://x"), ReplyRejected, "too long"),
    (403, v1(186, "Tweet needs to be a bit shorter."), ReplyRejected, "too long"),
    (403, forbidden("Some new reason of X."), ReplyRejected, "Some new reason of X"),
    (403, {}, ReplyRejected, "HTTP 403"),
    (400, {"detail": "One or more parameters to your request was invalid."}, ReplyRejected, "One or more parameters"),
    (403, forbidden("no", type=f"{PROBLEM}oauth1-permissions"), AccountDisconnected, "developer console"),
    (403, forbidden("no", type=f"{PROBLEM}client-forbidden"), AccountDisconnected, ""),
    (403, {"reason": "client-not-enrolled", "detail": "Client Forbidden"}, AccountDisconnected, ""),
    (403, forbidden("no", type=f"{PROBLEM}unsupported-authentication"), AccountDisconnected, ""),
    (403, v1(453, "You currently have access to a subset of X API"), AccountDisconnected, "subset"),
    (403, v1(64, "Your account is suspended and is not permitted to access this feature."), AccountDisconnected, ""),
    (403, v1(326, "To protect our users, this account is temporarily locked."), AccountDisconnected, "locked"),
    (429, {"title": "Too Many Requests", "detail": "Too Many Requests"}, ChannelThrottled, "wait"),
    (429, {"title": "UsageCapExceeded", "type": f"{PROBLEM}usage-capped"}, ChannelThrottled, "period"),
    (404, {}, ChannelUnavailable, "api_base"),
    (402, {"title": "CreditsDepleted", "type": f"{PROBLEM}credits"}, ChannelThrottled, "Buy credits"),
    (403, forbidden("Your account does not have any credits to fulfill this request."), ChannelThrottled, "console.x"),
    (403, forbidden("You do not have permission to DM one or more participants."), ReplyRejected, "direct messages"),
    (403, v1(349, "You cannot send messages to this user."), ReplyRejected, "direct messages"),
    (403, v1(150, "You cannot send messages to users who are not following you."), ReplyRejected, "direct messages"),
    (403, v1(476, "Sender is not verified to send message requests"), ReplyRejected, "direct messages"),
]
DOING: list[tuple[int, dict[str, Any], type[ChannelError], str]] = [
    (403, forbidden("You are not permitted to perform this action."), ReplyRejected, "conversations that we began"),
    (403, forbidden("You are not authorized to delete this Tweet."), ReplyRejected, "only our own posts"),
    (403, {}, ReplyRejected, "HTTP 403"),
    (404, {"type": f"{PROBLEM}resource-not-found", "detail": "Could not find tweet"}, TargetGone, "no longer there"),
    (404, {"title": "Not Found Error", "detail": "Could not find dm event with event_id: [1]."}, TargetGone, ""),
    (403, v1(144, "No status found with that ID."), TargetGone, ""),
    (404, {}, ChannelUnavailable, "api_base"),
    (401, {}, AccountDisconnected, "X_HEMLUND_API_KEY"),
    (402, {}, ChannelThrottled, "Buy credits"),
    (429, {}, ChannelThrottled, "wait"),
    (403, forbidden("no", type=f"{PROBLEM}oauth1-permissions"), AccountDisconnected, "developer console"),
]


@pytest.mark.parametrize(("status", "payload", "error", "says"), CASES)
def test_a_refused_post_is_told_by_what_x_says(
    status: int, payload: dict[str, Any], error: type[ChannelError], says: str
) -> None:
    told = EXPLAIN.send_error(failure(status, payload))
    assert type(told) is error
    assert says in str(told)


@pytest.mark.parametrize(("status", "payload", "error", "says"), DOING)
def test_a_refused_action_is_told_by_what_x_says(
    status: int, payload: dict[str, Any], error: type[ChannelError], says: str
) -> None:
    told = EXPLAIN.refused(EXPLAIN.listen(failure(status, payload)), ACTING)
    assert type(told) is error
    assert says in str(told)


@pytest.mark.parametrize("status", [200, 201, 301, 408, 409, 425, 500, 502, 503, 504])
@pytest.mark.parametrize("payload", [payload for _, payload, _, _ in CASES[:6]])
def test_without_a_clear_refusal_the_outcome_is_unknown_whatever_is_said(status: int, payload: dict[str, Any]) -> None:
    assert type(EXPLAIN.send_error(failure(status, payload))) is OutcomeUnknown


def test_without_an_answer_it_depends_on_whether_the_request_left() -> None:
    assert type(EXPLAIN.send_error(CallFailed("no connection", never_left=True))) is ChannelUnavailable
    assert type(EXPLAIN.send_error(CallFailed("the connection broke"))) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "payload", "error"),
    [
        (None, {}, ChannelUnavailable),
        (500, {}, ChannelUnavailable),
        (503, forbidden("busy"), ChannelUnavailable),
        (408, {}, ChannelUnavailable),
        (200, {}, ChannelProtocolError),
        (302, {}, ChannelProtocolError),
        (400, {"detail": "bad parameter"}, ChannelProtocolError),
        (404, {}, ChannelProtocolError),
        (401, {}, AccountDisconnected),
        (403, forbidden("anything"), AccountDisconnected),
        (402, {}, ChannelThrottled),
        (429, {}, ChannelThrottled),
        (403, {"title": "UsageCapExceeded"} | forbidden("Usage cap exceeded: Monthly product cap"), ChannelThrottled),
    ],
)
def test_a_refused_read_is_told_by_what_x_says(
    status: int | None, payload: dict[str, Any], error: type[ChannelError]
) -> None:
    assert type(EXPLAIN.read_error(failure(status, payload))) is error


@pytest.mark.parametrize(
    ("headers", "retry_at"),
    [
        ({"x_rate_limit_reset": "1770721200"}, "2026-02-10T11:00:00+00:00"),
        ({"retry_after": "90", "date": "Tue, 10 Feb 2026 11:00:00 GMT"}, "2026-02-10T11:01:30+00:00"),
        (
            {
                "x_rate_limit_reset": "1770721200",
                "x_user_limit_24hour_remaining": "0",
                "x_user_limit_24hour_reset": "1770764400",
            },
            "2026-02-10T23:00:00+00:00",
        ),
        (
            {
                "x_rate_limit_reset": "1770721200",
                "x_user_limit_24hour_remaining": "5",
                "x_user_limit_24hour_reset": "1770764400",
            },
            "2026-02-10T11:00:00+00:00",
        ),
        ({"x_rate_limit_reset": "soon"}, None),
        ({"x_rate_limit_reset": "9" * 40}, None),
        ({}, None),
    ],
)
def test_a_429_says_when_to_come_back_where_x_did(headers: dict[str, str], retry_at: str | None) -> None:
    told = EXPLAIN.send_error(failure(429, {}, **headers))
    assert isinstance(told, ChannelThrottled)
    assert told.retry_at == (datetime.fromisoformat(retry_at) if retry_at else None)


@pytest.mark.parametrize(
    "payload", [{"errors": None}, {"errors": "x"}, {"errors": [None, 3]}, {"detail": 5}, {"errors": [{"code": "385"}]}]
)
def test_a_refusal_in_an_odd_shape_is_still_a_refusal(payload: dict[str, Any]) -> None:
    told = EXPLAIN.send_error(failure(403, payload))
    assert isinstance(told, (ReplyRejected, TargetGone))


def test_the_networks_words_reach_people_without_secrets_and_at_a_readable_length() -> None:
    explain = Explainer(
        "X", "KEYS", lambda failed: listen(failed, lambda text: text.replace("s3cret", "***")), READING, SENDING
    )
    told = explain.send_error(failure(403, forbidden("bad token s3cret " + "x" * 5000)))
    assert "s3cret" not in str(told)
    assert len(str(told)) < 600
