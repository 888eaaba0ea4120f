"""The refusals of the Graph API: Meta's codes, in the words and with the HTTP status they come with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class GraphError(Exception):
    """A refusal, ready to be sent: HTTP status and the contents of `error`."""

    def __init__(
        self, code: int, message: str, *, status: int = 400, kind: str = "OAuthException", **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind, "code": code, **more}


_SESSION = "Error validating access token: "
#: HTTP status and words of a code when nothing else is said about it.
WORDS: Mapping[int, tuple[int, str]] = {
    1: (500, "An unknown error has occurred."),
    2: (500, "Service temporarily unavailable"),
    3: (400, "(#3) Application does not have the capability to make this API call."),
    4: (403, "(#4) Application request limit reached"),
    10: (403, "(#10) Application does not have permission for this action"),
    17: (403, "(#17) User request limit reached"),
    32: (403, "(#32) Page request limit reached"),
    100: (400, "(#100) Invalid parameter"),
    102: (400, "Session key invalid or no longer valid"),
    190: (400, "Error validating access token"),
    200: (403, "(#200) Permissions error"),
    230: (403, "(#230) Permissions disallow message to user"),
    299: (403, "(#299) Permission denied"),
    341: (403, "(#341) Feed action request limit reached"),
    368: (400, "The action attempted has been deemed abusive or is otherwise disallowed"),
    506: (400, "(#506) Duplicate status message"),
    551: (400, "(#551) This person isn't available right now."),
    613: (403, "(#613) Calls to this api have exceeded the rate limit."),
    803: (404, "(#803) Some of the aliases you requested do not exist"),
    10900: (400, "(#10900) Activity already replied to"),
    10902: (400, "(#10902) This is not a Replyable activity"),
    10903: (400, "(#10903) This user cant reply to this activity"),
}
_SUBCODES: Mapping[int, str] = {
    33: "Unsupported request. Object with this ID does not exist, cannot be loaded due to missing permissions, or does "
    "not support this operation",
    458: _SESSION + "The user has not authorized application.",
    459: _SESSION + "The user has been checkpointed.",
    460: _SESSION
    + "The session has been invalidated because the user changed their password or Facebook has changed the session "
    "for security reasons.",
    463: _SESSION + "Session has expired.",
    464: _SESSION + "Sessions for the user are not allowed because the user is not a confirmed user.",
    467: _SESSION + "The access token has been invalidated.",
}
#: What kind of account a code of the 80000s counts, by its name in the usage header.
TOO_MANY: Mapping[int, tuple[str, str]] = {
    80001: ("pages", "Page account"),
    80002: ("instagram", "Instagram account"),
    80006: ("messenger", "Messenger account"),
}
_LIMITS = frozenset({4, 17, 32, 341, 613, *TOO_MANY})
REDUCE = "Please reduce the amount of data you're asking for, then retry your request"


def known_error(code: int, subcode: int | None = None, message: str = "") -> GraphError:
    """The refusal with this code, in Meta's words unless others are given."""
    status, words = WORDS.get(code, (400, f"(#{code}) The request was refused"))
    if code in TOO_MANY:
        words = (
            f"There have been too many calls to this {TOO_MANY[code][1]}. Wait a bit and try again. For more info, "
            "please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
        )
    more: dict[str, Any] = {} if subcode is None else {"error_subcode": subcode}
    if code in (2, 4, 17, 32, 341, 613):
        more["is_transient"] = True
    return GraphError(code, message or _SUBCODES.get(subcode or 0, "") or words, status=status, **more)


def failure(
    code: int, subcode: int | None, message: str, *, seconds: float, page_id: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a fault that answers with this code; limits say when they end."""
    error = known_error(code, subcode, message)
    headers = {"content-type": "application/json; charset=UTF-8"}
    if code in _LIMITS:
        headers["x-app-usage"] = json.dumps({"call_count": 100, "total_cputime": 25, "total_time": 25})
    if code in _LIMITS and code not in (4, 17):
        usage = {"type": TOO_MANY.get(code, ("pages", ""))[0], "call_count": 100, "total_cputime": 25, "total_time": 25}
        usage["estimated_time_to_regain_access"] = max(1, round(seconds / 60))
        headers["x-business-use-case-usage"] = json.dumps({page_id: [usage]})
    return error.status, headers, json.dumps({"error": {**error.error, "fbtrace_id": "ASandboxTrace"}}).encode()


def gone(method: str, node: str) -> GraphError:
    """There is nothing with this id, or this token may not see it: Meta does not tell which."""
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(100, message, kind="GraphMethodException", error_subcode=33)


def no_field(name: str, kind: str) -> GraphError:
    """A node of this kind has no such field or edge."""
    return GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({kind})")


def no_right(what: str) -> GraphError:
    """The token lacks a permission."""
    if what == "read":
        message = "(#10) This endpoint requires the 'pages_read_engagement' permission."
        return GraphError(10, message, status=403)
    if what in ("read_messages", "message"):
        message = "(#200) Requires pages_messaging permission to manage the object"
        return GraphError(200, message, status=403)
    if what == "human_agent":
        return known_error(10)
    return GraphError(200, "(#200) Insufficient permission to post to target on behalf of the viewer", status=403)
