"""One signed request to the X API: its refusals and its parameters.

Every refusal is a problem object, as on X; texts of refusals that were seen in the wild are kept word for word
where a client has to recognise them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from webcare.sandbox import fault_answers, oauth, x_view
from webcare.sandbox.paging import TokenError, read_token
from webcare.sandbox.values import BrandAccount, User
from webcare.sandbox.world import World
from webcare.sandbox.x_network import Span

ID = re.compile(r"[0-9]{1,19}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
Answer = tuple[int, dict[str, Any]]


class Problem(Exception):
    """A refusal, ready to be sent."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("detail", ""))
        self.status = status
        self.body = body


def plain_problem(status: int, title: str, detail: str) -> Problem:
    """A refusal of the general kind, `about:blank`."""
    return Problem(status, {"title": title, "type": "about:blank", "status": status, "detail": detail})


def usage_capped() -> Problem:
    """429 that no window explains: the posts of the month are used up."""
    return Problem(429, json.loads(fault_answers.usage_capped()[2]))


def credits_gone() -> Problem:
    """402: nothing is paid for any more."""
    return Problem(402, json.loads(fault_answers.credits_gone()[2]))


def forbidden(detail: str) -> Problem:
    """403 with a reason."""
    return plain_problem(403, "Forbidden", detail)


def invalid(parameter: str, value: str, message: str) -> Problem:
    """400 for a parameter X would not take."""
    return Problem(
        400,
        {
            "errors": [{"parameters": {parameter: [value]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": x_view.PROBLEMS + "invalid-request",
        },
    )


@dataclass(slots=True)
class Call:
    """One signed request being answered."""

    world: World
    account: BrandAccount
    kind: oauth.Kind
    params: dict[str, str]
    path: dict[str, str]
    body: dict[str, Any]
    visible_after: float | None
    page_size: int | None = None  #: the most posts a list may hold now, whatever is asked for

    @property
    def me(self) -> User:
        """The signed-in brand."""
        return self.world.users[("x", self.account.user_id)]

    def chosen(self, name: str, known: frozenset[str], default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The values of a list parameter, after the ones that always come. Raises Problem."""
        value = self.params.get(name)
        if value is None:
            return default
        asked = value.split(",")
        for one in asked:
            if one not in known:
                raise invalid(name, value, f"The `{name}` query parameter value [{one}] is not one of {sorted(known)}")
        return tuple(dict.fromkeys((*default, *asked)))


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of the API: where it is, what it costs, which parameters it takes."""

    method: str
    path: str
    handler: Handler
    user_limit: int
    app_limit: int
    params: frozenset[str] = frozenset()
    user_only: bool = False
    needs: str = "read"
    #: What its answer costs: a name of x_usage.PRICES; empty: nothing, or the handler counts itself.
    reads: str = ""
    #: Endpoints of one pool share their window; empty: a window of its own.
    pool: str = ""
    #: Requests per 24 hours, and by whom they are counted; 0: as many as the windows let through.
    per_day: int = 0
    day_of: Literal["user", "app"] = "user"


# --- parameters --------------------------------------------------------------------------------------


def number(call: Call, name: str, *, low: int, high: int, default: int) -> int:
    """A whole number within bounds. Raises Problem."""
    value = call.params.get(name)
    if value is None:
        return default
    if not value.isdecimal() or not low <= int(value) <= high:
        raise invalid(name, value, f"The `{name}` query parameter value [{value}] is not between {low} and {high}")
    return int(value)


def post_id(name: str, value: str) -> int:
    """An id of X. Raises Problem."""
    if not ID.fullmatch(value):
        raise invalid(name, value, f"The `{name}` query parameter value [{value}] is not valid")
    return int(value)


def time_of(call: Call, name: str) -> datetime | None:
    """A moment as X writes it, if given. Raises Problem."""
    value = call.params.get(name)
    if value is None:
        return None
    # A date that does not exist is refused like one that is misspelt.
    with suppress(ValueError):
        if _TIME.fullmatch(value):
            return datetime.fromisoformat(value)
    raise invalid(name, value, f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date-time")


def span_of(call: Call) -> Span:
    """Which part of a list is asked for. Raises Problem."""
    given = call.params
    return Span(
        since_id=post_id("since_id", given["since_id"]) if "since_id" in given else None,
        until_id=post_id("until_id", given["until_id"]) if "until_id" in given else None,
        start=time_of(call, "start_time"),
        end=time_of(call, "end_time"),
    )


def read_page_token(token: str) -> tuple[str, int]:
    """Direction and id of a page token. Raises Problem."""
    try:
        return read_token(token)
    except TokenError as error:
        message = f"The `pagination_token` query parameter value [{token}] is not valid"
        raise invalid("pagination_token", token, message) from error


def wanted_of(call: Call, *, expansions: frozenset[str] = x_view.POST_EXPANSIONS) -> x_view.Wanted:
    """Which fields and expansions are asked for. Raises Problem."""
    asked = call.chosen("expansions", expansions)
    post_fields = call.chosen("tweet.fields", x_view.POST_FIELDS, x_view.DEFAULT_POST_FIELDS)
    user_fields = call.chosen("user.fields", x_view.USER_FIELDS, x_view.DEFAULT_USER_FIELDS)
    # lists of people expand what people hold, lists of posts and messages what those hold
    of_people = expansions is x_view.USER_EXPANSIONS
    return x_view.Wanted(
        post_fields=post_fields if of_people else x_view.brought(asked, post_fields),
        user_fields=x_view.brought(asked, user_fields) if of_people else user_fields,
        media_fields=call.chosen("media.fields", x_view.MEDIA_FIELDS, x_view.DEFAULT_MEDIA_FIELDS),
        expansions=frozenset(asked),
    )
