"""What Facebook refuses, as tables: one error object, one error of ours, for reading and for posting."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from stub_network import fb_config

from webcare.channels.explain import Explainer, variables
from webcare.channels.facebook import Facebook
from webcare.channels.facebook_refusals import ACTING, READING, SENDING
from webcare.channels.graph_refusals import listen, usage
from webcare.channels.transport import CallFailed
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

NOW = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
KEYS = variables(fb_config(""), Facebook.secret_names)
EXPLAIN = Explainer("Facebook", KEYS, lambda failure: listen(failure, str), READING, SENDING)


def failure(status: int | None, error: Any = None, headers: dict[str, str] | None = None) -> CallFailed:
    return CallFailed(f"HTTP {status}", status=status, payload={"error": error} if error else {}, headers=headers)


def graph(code: int, message: str = "(#0) words", **more: Any) -> dict[str, Any]:
    return {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}


SENDS: list[tuple[int, dict[str, Any], type[ChannelError], str]] = [
    (400, graph(190, "Error validating access token", error_subcode=463), AccountDisconnected, "FB_HEMLUND_PAGE_TOKEN"),
    (400, graph(102), AccountDisconnected, "FB_HEMLUND_APP_SECRET"),
    (400, graph(100, "Invalid appsecret_proof provided in the API argument"), AccountDisconnected, "app secret"),
    (400, graph(4), ChannelThrottled, "wait"),
    (403, graph(17), ChannelThrottled, ""),
    (400, graph(32), ChannelThrottled, ""),
    (400, graph(613), ChannelThrottled, ""),
    (400, graph(80001), ChannelThrottled, ""),
    (429, graph(9999), ChannelThrottled, ""),
    (400, graph(506, "(#506) Duplicate status message"), DuplicateReply, "already"),
    (400, graph(100, "Unsupported post request.", error_subcode=33), TargetGone, "no longer on Facebook"),
    (404, graph(803), TargetGone, ""),
    (400, graph(368, "The action attempted has been deemed abusive"), ReplyRejected, "policy"),
    (403, graph(200, "(#200) Insufficient permission"), ReplyRejected, "pages_manage_engagement"),
    (403, graph(10), ReplyRejected, ""),
    (403, graph(230), ReplyRejected, ""),
    (400, graph(100, "(#100) Param message must be shorter"), ReplyRejected, "must be shorter"),
    (400, graph(9999, "odd", error_user_msg="Words for people."), ReplyRejected, "Words for people."),
    (400, graph(1, "An unknown error occurred"), OutcomeUnknown, ""),
    (400, graph(2, is_transient=True), OutcomeUnknown, ""),
    (401, graph(9999), AccountDisconnected, ""),
    (403, graph(10, "outside of allowed window", error_subcode=2018278), ReplyRejected, "wait until the person writes"),
    (403, graph(10, "closed", error_subcode=2534022), ReplyRejected, "wait until the person writes"),
    (400, graph(551, "This person isn't available", error_subcode=1545041), ReplyRejected, "blocked"),
    (400, graph(100, "No matching user found", error_subcode=2018001), ReplyRejected, "cannot be written to"),
    (400, graph(10900, "Activity already replied to"), DuplicateReply, "one private reply"),
    (400, graph(10902), ReplyRejected, "Answer it publicly"),
    (400, graph(10903), ReplyRejected, "Answer it publicly"),
    (400, graph(1200, "Temporary send message failure"), OutcomeUnknown, ""),
    (403, graph(80006), ChannelThrottled, "wait"),
    (400, graph(190, error_subcode=458), AccountDisconnected, "removed from the page"),
    (400, graph(190, error_subcode=459), AccountDisconnected, "sign in on facebook.com"),
    (400, graph(190, error_subcode=460), AccountDisconnected, "changed the password"),
    (400, graph(190, error_subcode=464), AccountDisconnected, "confirm the Facebook account"),
    (400, graph(190, error_subcode=467), AccountDisconnected, "made invalid"),
    (400, graph(190, error_subcode=3300), AccountDisconnected, "no longer accepts"),
    (400, graph(100, "Invalid parameter", error_subcode=3312), ReplyRejected, ""),
]

ACTS: list[tuple[int | None, dict[str, Any] | None, type[ChannelError]]] = [
    (400, graph(100, "does not exist", error_subcode=33), TargetGone),
    (403, graph(200, "(#200) Insufficient permission"), ReplyRejected),
    (400, graph(368), ReplyRejected),
    (400, graph(4), ChannelThrottled),
    (400, graph(190, error_subcode=463), AccountDisconnected),
    (400, graph(2), ChannelUnavailable),
    (400, graph(100, "odd"), ReplyRejected),
]


@pytest.mark.parametrize(("status", "error", "expected"), ACTS)
def test_a_refused_action_is_told_by_facebooks_code(
    status: int | None, error: dict[str, Any] | None, expected: type[ChannelError]
) -> None:
    acting = Explainer("Facebook", KEYS, lambda failure: listen(failure, str), READING, ACTING)
    assert type(acting.send_error(failure(status, error))) is expected


@pytest.mark.parametrize(("status", "error", "expected", "says"), SENDS)
def test_a_refused_comment_is_told_by_facebooks_code(
    status: int, error: dict[str, Any], expected: type[ChannelError], says: str
) -> None:
    told = EXPLAIN.send_error(failure(status, error))
    assert type(told) is expected
    assert says in str(told)


@pytest.mark.parametrize("status", [200, 302, 408, 500, 503])
@pytest.mark.parametrize("error", [graph(1), graph(2), graph(190), None])
def test_without_a_clear_refusal_of_facebook_the_outcome_is_unknown(status: int, error: Any) -> None:
    assert type(EXPLAIN.send_error(failure(status, error))) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (None, None, ChannelUnavailable),
        (500, None, ChannelUnavailable),
        (503, graph(2), ChannelUnavailable),
        (200, None, ChannelProtocolError),
        (400, graph(1, "Please reduce the amount of data you're asking for"), ChannelUnavailable),
        (400, graph(2), ChannelUnavailable),
        (400, graph(4), ChannelThrottled),
        (400, graph(80001), ChannelThrottled),
        (400, graph(190, error_subcode=460), AccountDisconnected),
        (403, graph(10), AccountDisconnected),
        (403, graph(283), AccountDisconnected),
        (400, graph(100, "nonexisting field (x)"), ChannelProtocolError),
        (400, graph(100, "Object with ID does not exist", error_subcode=33), TargetGone),
        (404, graph(803), TargetGone),
        (400, graph(368), AccountDisconnected),
        (400, graph(2500), ChannelProtocolError),
        (404, None, ChannelProtocolError),
    ],
)
def test_a_refused_read_is_told_by_facebooks_code(status: int | None, error: Any, expected: type[ChannelError]) -> None:
    assert type(EXPLAIN.read_error(failure(status, error))) is expected


@pytest.mark.parametrize(
    "error", ["odd", 5, ["x"], {"code": "many"}, {"code": None}, {"message": None}, {"code": True}]
)
def test_a_refusal_of_facebook_in_an_odd_shape_is_still_a_refusal(error: Any) -> None:
    assert isinstance(EXPLAIN.send_error(failure(400, error)), (ReplyRejected, OutcomeUnknown))
    assert isinstance(EXPLAIN.read_error(failure(400, error)), ChannelProtocolError | ChannelUnavailable)


def business(wait: int, **shares: int) -> dict[str, str]:
    one = {
        "type": "pages",
        "call_count": 3,
        "total_time": 1,
        "total_cputime": 1,
        "estimated_time_to_regain_access": wait,
    }
    return {"x-business-use-case-usage": json.dumps({"1100000001": [one | shares]})}


def test_the_limit_is_the_share_that_is_used_most() -> None:
    app = {"x-app-usage": json.dumps({"call_count": 28, "total_time": 91, "total_cputime": 25})}
    state = usage(app | business(0), NOW)
    assert state is not None
    # From 80 % on the rest is kept for answers, and reading pauses for a while.
    assert (state.limit, state.remaining, state.reset_at) == (100, 0, datetime(2026, 2, 10, 11, 5, tzinfo=UTC))
    below = usage({"x-app-usage": '{"call_count": 79.4, "total_time": "12"}'}, NOW)
    assert below is not None
    assert (below.remaining, below.reset_at) == (21, None)
    over = usage(business(12, call_count=130), NOW)
    assert over is not None
    assert (over.remaining, over.reset_at) == (0, datetime(2026, 2, 10, 11, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-app-usage": "no json"},
        {"x-app-usage": "[1]"},
        {"x-app-usage": '{"call_count": "x"}'},
        {"x-business-use-case-usage": '{"1": [3]}'},
    ],
)
def test_a_usage_header_that_says_nothing_is_none(headers: dict[str, str]) -> None:
    assert usage(headers, NOW) is None


def test_a_throttled_answer_says_when_to_come_back_where_facebook_did() -> None:
    told = EXPLAIN.read_error(failure(400, graph(80001), business(7) | {"date": "Tue, 10 Feb 2026 11:00:00 GMT"}))
    assert isinstance(told, ChannelThrottled)
    assert told.retry_at == datetime(2026, 2, 10, 11, 7, tzinfo=UTC)
    silent = EXPLAIN.read_error(failure(400, graph(4)))
    assert isinstance(silent, ChannelThrottled)
    assert silent.retry_at is None
