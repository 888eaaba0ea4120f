"""Reading from the X API: people, lists, search, look-ups."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any

from webcare.sandbox import x_query, x_view
from webcare.sandbox.paging import TokenError, read_token, token_for
from webcare.sandbox.values import User, XPost, snowflake, snowflake_time
from webcare.sandbox.x_call import Answer, Call, invalid, number, post_id, span_of, time_of, wanted_of
from webcare.sandbox.x_network import Span

SEARCH_REACHES = timedelta(days=7)
MENTIONS_CAP = 800
TIMELINE_CAP = 3200
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")


# --- people ------------------------------------------------------------------------------------------


def me(call: Call) -> Answer:
    """The signed-in account."""
    view = x_view.View(call.world, wanted_of(call, expansions=x_view.USER_EXPANSIONS))
    return 200, {"data": view.user(call.me)}


def user_by_name(call: Call) -> Answer:
    """A person by @name."""
    username = call.path["username"]
    if not _USERNAME.fullmatch(username):
        raise invalid("username", username, f"The `username` query parameter value [{username}] does not match")
    return _one_user(call, call.world.handles.get(("x", username.lower())), username, "username")


def user_by_id(call: Call) -> Answer:
    """A person by id."""
    user_id = call.path["id"]
    post_id("id", user_id)
    return _one_user(call, call.world.users.get(("x", user_id)), user_id, "id")


def _one_user(call: Call, user: User | None, value: str, parameter: str) -> Answer:
    view = x_view.View(call.world, wanted_of(call, expansions=x_view.USER_EXPANSIONS))
    if user is None or user.suspended:
        return 200, {"errors": [x_view.not_found("user", value, parameter=parameter)]}
    return 200, {"data": view.user(user)}


def _needed_user(call: Call) -> User | None:
    post_id("id", call.path["id"])
    return call.world.users.get(("x", call.path["id"]))


def _no_such_user(call: Call) -> Answer:
    return 200, {"errors": [x_view.not_found("user", call.path["id"], parameter="id")]}


# --- lists -------------------------------------------------------------------------------------------


def mentions(call: Call) -> Answer:
    """Posts naming a person; only the newest 800 can be reached."""
    user = _needed_user(call)
    if user is None:
        return _no_such_user(call)
    return _listed(call, call.world.x.mentions_of(user), cap=MENTIONS_CAP)


def timeline(call: Call) -> Answer:
    """A person's own posts."""
    user = _needed_user(call)
    if user is None:
        return _no_such_user(call)
    left_out = set(filter(None, call.params.get("exclude", "").split(",")))
    if not left_out <= {"replies", "retweets"}:
        raise invalid(
            "exclude", call.params["exclude"], "The `exclude` query parameter is not one of [replies,retweets]"
        )

    def match(post: XPost) -> bool:
        is_reply, is_retweet = post.in_reply_to is not None, post.retweeted is not None
        return not ((is_reply and "replies" in left_out) or (is_retweet and "retweets" in left_out))

    return _listed(call, call.world.x.by_author.get(user.id, []), cap=TIMELINE_CAP, match=match)


def search(call: Call) -> Answer:
    """Posts of the last seven days that fit a query."""
    text = call.params.get("query", "")
    if not 1 <= len(text) <= x_query.MAX_LENGTH:
        raise invalid(
            "query", text, f"The `query` query parameter can not be empty or longer than {x_query.MAX_LENGTH}"
        )
    try:
        query = x_query.parse(text, call.world.x)
    except x_query.QueryError as error:
        raise invalid("query", text, str(error)) from error
    _check_reach(call)
    if "next_token" in call.params:
        call.params["pagination_token"] = call.params.pop("next_token")
    since = call.world.now() - SEARCH_REACHES
    if query.conversation_id is not None:
        ids = [n for n in call.world.x.by_conversation.get(query.conversation_id, []) if n > snowflake(since)]
    else:
        ids = call.world.x.since(since)
    # since May 2026 retweets are no longer in the search index
    return _listed(call, ids, low=10, match=lambda post: post.retweeted is None and query.test(post), backward=False)


def _check_reach(call: Call) -> None:
    oldest = call.world.now() - SEARCH_REACHES
    start, since_id = time_of(call, "start_time"), call.params.get("since_id")
    if start is not None and start < oldest:
        given, named = call.params["start_time"], "'start_time'"
        raise invalid(
            "start_time", given, f"Invalid {named}:'{given}'. {named} must be on or after {x_view.iso(oldest)}"
        )
    if since_id and snowflake_time(post_id("since_id", since_id)) < oldest:
        message = (
            f"'since_id' must be a tweet id created after [{x_view.iso(oldest)}]. "
            f"Please use a 'since_id' that is larger than {snowflake(oldest)}"
        )
        raise invalid("since_id", since_id, message)


def _listed(
    call: Call,
    ids: list[int],
    *,
    low: int = 5,
    cap: int | None = None,
    match: Callable[[XPost], bool] | None = None,
    backward: bool = True,
) -> Answer:
    limit = number(call, "max_results", low=low, high=100, default=10)
    wanted, span = wanted_of(call), span_of(call)
    page, more = _page(call, ids, span, limit=limit, cap=cap, match=match)
    meta: dict[str, Any] = {"result_count": len(page)}
    if page:
        meta |= {"newest_id": str(page[0].id), "oldest_id": str(page[-1].id)}
        if more:
            meta["next_token"] = token_for("older", page[-1].id)
        if backward and "pagination_token" in call.params:
            meta["previous_token"] = token_for("newer", page[0].id)
    return 200, {**(x_view.View(call.world, wanted).posts(page) if page else {}), "meta": meta}


def _page(
    call: Call, ids: list[int], span: Span, *, limit: int, cap: int | None, match: Callable[[XPost], bool] | None
) -> tuple[list[XPost], bool]:
    """The posts of one page, and whether older ones follow."""
    newest = call.world.x.newest(ids, span, cap=cap, match=match)
    token = call.params.get("pagination_token")
    if token is not None:
        way, at = _read_token(token)
        if way == "newer":
            return [post for post in newest if post.id > at][-limit:], True
        newest = (post for post in newest if post.id < at)
    found = list(islice(newest, limit + 1))
    return found[:limit], len(found) > limit


def _read_token(token: str) -> tuple[str, int]:
    try:
        return read_token(token)
    except TokenError as error:
        message = f"The `pagination_token` query parameter value [{token}] is not valid"
        raise invalid("pagination_token", token, message) from error


# --- looking posts up ----------------------------------------------------------------------------------


def lookup(call: Call) -> Answer:
    """Up to a hundred posts by id."""
    ids = call.params.get("ids", "").split(",")
    if not 1 <= len(ids) <= 100:
        raise invalid("ids", call.params["ids"], "The number of values in the `ids` query parameter is not in 1..100")
    for one in ids:
        post_id("ids", one)
    view, x = x_view.View(call.world, wanted_of(call)), call.world.x
    found = [post for one in ids if (post := x.visible(int(one))) is not None]
    answer = view.posts(found) if found else {}
    gone = [view.gone(one, parameter="ids") for one in ids if x.visible(int(one)) is None]
    if gone:
        answer["errors"] = gone + answer.get("errors", [])
    return 200, answer


def lookup_one(call: Call) -> Answer:
    """One post by id."""
    wanted_id = post_id("id", call.path["id"])
    view, post = x_view.View(call.world, wanted_of(call)), call.world.x.visible(wanted_id)
    if post is None:
        return 200, {"errors": [view.gone(call.path["id"], parameter="id")]}
    answer = view.posts([post])
    answer["data"] = answer["data"][0]
    return 200, answer


def dm_events(call: Call) -> Answer:
    """Direct messages: none yet."""
    number(call, "max_results", low=1, high=100, default=100)
    return 200, {"meta": {"result_count": 0}}
