"""Reading from the X API: people, lists, search, look-ups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice, takewhile
from typing import Any

from webcare.sandbox import x_query, x_view
from webcare.sandbox.paging import token_for
from webcare.sandbox.values import User, XPost, snowflake, snowflake_time
from webcare.sandbox.x_call import (
    Answer,
    Call,
    Problem,
    invalid,
    number,
    post_id,
    read_page_token,
    span_of,
    time_of,
    wanted_of,
)
from webcare.sandbox.x_network import MAX_ID, Span

SEARCH_REACHES = timedelta(days=7)
#: Search takes no time nearer to now than this.
SEARCH_SETTLES = timedelta(seconds=10)
MENTIONS_CAP = 800
TIMELINE_CAP = 3200
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")


# --- people ------------------------------------------------------------------------------------------


def me(call: Call) -> Answer:
    """The signed-in account."""
    return _one_user(call, call.me, call.me.id, "id")


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


def users_by_id(call: Call) -> Answer:
    """Up to a hundred people by id."""
    ids = _several(call, "ids")
    for one in ids:
        post_id("ids", one)
    return _users(call, {one: call.world.users.get(("x", one)) for one in ids}, "ids")


def users_by_name(call: Call) -> Answer:
    """Up to a hundred people by @name."""
    usernames = _several(call, "usernames")
    for one in usernames:
        if not _USERNAME.fullmatch(one):
            raise invalid("usernames", one, f"The `usernames` query parameter value [{one}] does not match")
    return _users(call, {one: call.world.handles.get(("x", one.lower())) for one in usernames}, "usernames")


def _several(call: Call, name: str) -> list[str]:
    given = call.params.get(name, "")
    values = given.split(",") if given else []
    if not 1 <= len(values) <= 100:
        raise invalid(name, given, f"The number of values in the `{name}` query parameter is not in 1..100")
    return values


def _users(call: Call, found: dict[str, User | None], parameter: str) -> Answer:
    view = _user_view(call)
    shown = [user for user in found.values() if user is not None and not user.suspended]
    missing = [
        x_view.no_user(user, value, parameter=parameter)
        for value, user in found.items()
        if user is None or user.suspended
    ]
    return 200, view.users(shown) | ({"errors": missing} if missing else {})


def _one_user(call: Call, user: User | None, value: str, parameter: str) -> Answer:
    view = _user_view(call)
    if user is None or user.suspended:
        return 200, {"errors": [x_view.no_user(user, value, parameter=parameter)]}
    answer = view.users([user])
    answer["data"] = answer["data"][0]
    return 200, answer


def _user_view(call: Call) -> x_view.View:
    return x_view.View(call.world, wanted_of(call, expansions=x_view.USER_EXPANSIONS), viewer=call.me)


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
    return _listed(call, call.world.x.by_author.get(user.id, []), cap=TIMELINE_CAP, match=_left_out(call))


def _left_out(call: Call) -> Callable[[XPost], bool]:
    left_out = call.chosen("exclude", frozenset({"replies", "retweets"}))

    def match(post: XPost) -> bool:
        is_reply, is_retweet = post.in_reply_to is not None, post.retweeted is not None
        return not ((is_reply and "replies" in left_out) or (is_retweet and "retweets" in left_out))

    return match


def quotes(call: Call) -> Answer:
    """Posts quoting one post, newest first."""
    quoted = post_id("id", call.path["id"])
    if call.world.x.visible(quoted) is None:
        gone = x_view.View(call.world, wanted_of(call)).gone(call.path["id"], parameter="id")
        return 200, {"errors": [gone]}
    ids = call.world.x.by_quoted.get(quoted, [])
    return _listed(call, ids, low=10, match=_left_out(call), marks=False, backward=False)


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
    if call.params.get("sort_order", "recency") not in ("recency", "relevancy"):
        raise invalid("sort_order", call.params["sort_order"], "The `sort_order` is recency or relevancy")
    if "next_token" in call.params:
        call.params["pagination_token"] = call.params.pop("next_token")
    now, span = call.world.now(), span_of(call)
    span = replace(span, start=max(now - SEARCH_REACHES, span.start or now - SEARCH_REACHES))
    if call.world.options.search_lag_s:
        newest = now - timedelta(seconds=call.world.options.search_lag_s)
        span = replace(span, end=min(newest, span.end or newest))
    ids, *others = (call.world.x.ids,) if query.lists is None else query.lists

    def match(post: XPost) -> bool:
        # since May 2026 retweets are no longer in the search index
        return post.retweeted is None and query.test(post)

    return _listed(call, ids, span, low=10, match=match, backward=False, more=others)


def _check_reach(call: Call) -> None:
    now = call.world.now()
    oldest, newest = now - SEARCH_REACHES, now - SEARCH_SETTLES
    start, end, since_id = time_of(call, "start_time"), time_of(call, "end_time"), call.params.get("since_id")
    if start is not None and start < oldest:
        raise _bad_time(call, "start_time", f"must be on or after {x_view.iso(oldest)}")
    for name, moment in (("start_time", start), ("end_time", end)):
        if moment is not None and moment > newest:
            raise _bad_time(call, name, "must be a minimum of 10 seconds prior to the request time.")
    if start is not None and end is not None and start >= end:
        raise _bad_time(call, "start_time", "must be before 'end_time'")
    if since_id and snowflake_time(post_id("since_id", since_id)) < oldest:
        message = (
            f"'since_id' must be a tweet id created after [{x_view.iso(oldest)}]. "
            f"Please use a 'since_id' that is larger than {snowflake(oldest)}"
        )
        raise invalid("since_id", since_id, message)


def _bad_time(call: Call, name: str, what: str) -> Problem:
    given = call.params[name]
    return invalid(name, given, f"Invalid '{name}':'{given}'. '{name}' {what}")


def _listed(
    call: Call,
    ids: Sequence[int],
    span: Span | None = None,
    *,
    low: int = 5,
    cap: int | None = None,
    match: Callable[[XPost], bool] | None = None,
    marks: bool = True,
    backward: bool = True,
    more: Sequence[Sequence[int]] = (),
) -> Answer:
    limit = number(call, "max_results", low=low, high=100, default=10)
    wanted, span = wanted_of(call), span or span_of(call)
    limit = limit if call.page_size is None else min(limit, call.page_size)
    newest = partial(call.world.x.newest, ids, span, cap=cap, match=match, more=more)
    page, older = _page(call, newest, limit)
    meta: dict[str, Any] = {"result_count": len(page)}
    if older and not page:  # an empty page that leads on, to where it began itself
        meta["next_token"] = call.params.get("pagination_token") or token_for("older", MAX_ID)
    if page:
        if marks:
            meta |= {"newest_id": str(page[0].id), "oldest_id": str(page[-1].id)}
        if older:
            meta["next_token"] = token_for("older", page[-1].id)
        if backward and "pagination_token" in call.params:
            meta["previous_token"] = token_for("newer", page[0].id)
    return 200, {**(x_view.View(call.world, wanted).posts(page) if page else {}), "meta": meta}


def _page(call: Call, newest: Callable[..., Iterator[XPost]], limit: int) -> tuple[list[XPost], bool]:
    """The posts of one page of a list that gives its newest first, and whether older ones follow."""
    token, before = call.params.get("pagination_token"), None
    if token is not None:
        way, at = read_page_token(token)
        if way == "newer":
            newer = takewhile(lambda post: post.id > at, newest())
            return list(newer)[-limit:], True
        before = at
    found = list(islice(newest(before=before), limit + 1))
    return found[:limit], len(found) > limit


# --- looking posts up ----------------------------------------------------------------------------------


def lookup(call: Call) -> Answer:
    """Up to a hundred posts by id."""
    ids = _several(call, "ids")
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
