"""The X API v2 over HTTP: signing, limits, parameters and the shapes of answers and refusals.

It answers in the words of API description 2.166 ("tweet" dialect) or in the names of 2.167 ("post" dialect).
Every refusal is a problem object, as on X; texts of refusals that were seen in the wild are kept word for word
where a client has to recognise them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webcare.sandbox import oauth, x_query, x_text, x_view
from webcare.sandbox.limits import Window
from webcare.sandbox.paging import TokenError, read_token, token_for
from webcare.sandbox.values import BrandAccount, SandboxError, User, XPost, names, snowflake, snowflake_time
from webcare.sandbox.world import World
from webcare.sandbox.x_network import Span

API_VERSION = "2.166"
WINDOW = timedelta(minutes=15)
SEARCH_REACHES = timedelta(days=7)
MENTIONS_CAP = 800
TIMELINE_CAP = 3200
_ID = re.compile(r"[0-9]{1,19}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")
_SHOW = frozenset({"tweet.fields", "user.fields", "media.fields", "poll.fields", "place.fields", "expansions"})
_LIST = frozenset({"since_id", "until_id", "start_time", "end_time", "max_results", "pagination_token"})
_POST_KEYS = names(
    "text reply quote_tweet_id reply_settings media poll geo direct_message_deep_link for_super_followers_only "
    "nullcast card_uri community_id edit_options made_with_ai paid_partnership share_with_followers"
)
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

    @property
    def me(self) -> User:
        """The signed-in brand."""
        return self.world.users[("x", self.account.user_id)]


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


# --- parameters --------------------------------------------------------------------------------------


def _number(call: Call, name: str, *, low: int, high: int, default: int) -> int:
    value = call.params.get(name)
    if value is None:
        return default
    if not value.isdecimal() or not low <= int(value) <= high:
        raise invalid(name, value, f"The `{name}` query parameter value [{value}] is not between {low} and {high}")
    return int(value)


def _post_id(name: str, value: str) -> int:
    if not _ID.fullmatch(value):
        raise invalid(name, value, f"The `{name}` query parameter value [{value}] is not valid")
    return int(value)


def _time(call: Call, name: str) -> datetime | None:
    value = call.params.get(name)
    if value is None:
        return None
    try:
        if _TIME.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass  # a date that does not exist is refused like one that is misspelt
    raise invalid(name, value, f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date-time")


def _span(call: Call) -> Span:
    given = call.params
    return Span(
        since_id=_post_id("since_id", given["since_id"]) if "since_id" in given else None,
        until_id=_post_id("until_id", given["until_id"]) if "until_id" in given else None,
        start=_time(call, "start_time"),
        end=_time(call, "end_time"),
    )


def _chosen(call: Call, name: str, known: frozenset[str], default: tuple[str, ...]) -> tuple[str, ...]:
    value = call.params.get(name)
    if value is None:
        return default
    asked = value.split(",")
    for one in asked:
        if one not in known:
            raise invalid(name, value, f"The `{name}` query parameter value [{one}] is not one of {sorted(known)}")
    return tuple(dict.fromkeys((*default, *asked)))


def _wanted(call: Call, *, expansions: frozenset[str] = x_view.POST_EXPANSIONS) -> x_view.Wanted:
    return x_view.Wanted(
        post_fields=_chosen(call, "tweet.fields", x_view.POST_FIELDS, x_view.DEFAULT_POST_FIELDS),
        user_fields=_chosen(call, "user.fields", x_view.USER_FIELDS, x_view.DEFAULT_USER_FIELDS),
        expansions=frozenset(_chosen(call, "expansions", expansions, ())),
    )


# --- people ------------------------------------------------------------------------------------------


def _me(call: Call) -> Answer:
    view = x_view.View(call.world, _wanted(call, expansions=x_view.USER_EXPANSIONS))
    return 200, {"data": view.user(call.me)}


def _user_by_name(call: Call) -> Answer:
    username = call.path["username"]
    if not _USERNAME.fullmatch(username):
        raise invalid("username", username, f"The `username` query parameter value [{username}] does not match")
    return _one_user(call, call.world.handles.get(("x", username.lower())), username, "username")


def _user_by_id(call: Call) -> Answer:
    user_id = call.path["id"]
    _post_id("id", user_id)
    return _one_user(call, call.world.users.get(("x", user_id)), user_id, "id")


def _one_user(call: Call, user: User | None, value: str, parameter: str) -> Answer:
    view = x_view.View(call.world, _wanted(call, expansions=x_view.USER_EXPANSIONS))
    if user is None or user.suspended:
        return 200, {"errors": [x_view.not_found("user", value, parameter=parameter)]}
    return 200, {"data": view.user(user)}


def _needed_user(call: Call) -> User | None:
    _post_id("id", call.path["id"])
    return call.world.users.get(("x", call.path["id"]))


def _no_such_user(call: Call) -> Answer:
    return 200, {"errors": [x_view.not_found("user", call.path["id"], parameter="id")]}


# --- lists -------------------------------------------------------------------------------------------


def _mentions(call: Call) -> Answer:
    user = _needed_user(call)
    if user is None:
        return _no_such_user(call)
    return _listed(call, call.world.x.mentions_of(user), cap=MENTIONS_CAP)


def _timeline(call: Call) -> Answer:
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


def _search(call: Call) -> Answer:
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
    start, since_id = _time(call, "start_time"), call.params.get("since_id")
    if start is not None and start < oldest:
        given, named = call.params["start_time"], "'start_time'"
        raise invalid(
            "start_time", given, f"Invalid {named}:'{given}'. {named} must be on or after {x_view.iso(oldest)}"
        )
    if since_id and snowflake_time(_post_id("since_id", since_id)) < oldest:
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
    limit = _number(call, "max_results", low=low, high=100, default=10)
    wanted, span = _wanted(call), _span(call)
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


def _lookup(call: Call) -> Answer:
    ids = call.params.get("ids", "").split(",")
    if not 1 <= len(ids) <= 100:
        raise invalid("ids", call.params["ids"], "The number of values in the `ids` query parameter is not in 1..100")
    for one in ids:
        _post_id("ids", one)
    view, x = x_view.View(call.world, _wanted(call)), call.world.x
    found = [post for one in ids if (post := x.visible(int(one))) is not None]
    answer = view.posts(found) if found else {}
    gone = [view.gone(one, parameter="ids") for one in ids if x.visible(int(one)) is None]
    if gone:
        answer["errors"] = gone + answer.get("errors", [])
    return 200, answer


def _lookup_one(call: Call) -> Answer:
    number = _post_id("id", call.path["id"])
    view, post = x_view.View(call.world, _wanted(call)), call.world.x.visible(number)
    if post is None:
        return 200, {"errors": [view.gone(call.path["id"], parameter="id")]}
    answer = view.posts([post])
    answer["data"] = answer["data"][0]
    return 200, answer


# --- writing -------------------------------------------------------------------------------------------


def _create(call: Call) -> Answer:
    text = call.body.get("text")
    unknown = sorted(set(call.body) - _POST_KEYS)
    if unknown:
        raise invalid(unknown[0], str(call.body[unknown[0]]), f"$.{unknown[0]}: is not defined in the schema")
    if not isinstance(text, str) or not text.strip():
        raise invalid("text", str(text), "$.text: must be at least 1 characters long")
    if x_text.weighted_length(text) > x_text.MAX_WEIGHT:
        raise forbidden(
            "Your Tweet text is too long. For more information see https://docs.x.com/fundamentals/counting-characters"
        )
    parent = _answered_post(call)
    if call.world.x.is_duplicate(text, author=call.me, in_reply_to=parent.id if parent else None):
        raise forbidden("You are not allowed to create a Tweet with duplicate content.")
    made = call.world.x.post(
        text,
        author=call.me,
        in_reply_to=parent.id if parent else None,
        quote=_quoted(call),
        visible_after=call.visible_after,
        reply_settings=call.body.get("reply_settings", "everyone"),
        origin="api",
    )
    return 201, {"data": {"id": str(made.id), "text": made.text}}


def _answered_post(call: Call) -> XPost | None:
    reply = call.body.get("reply")
    if reply is None:
        return None
    target = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not isinstance(target, str) or not _ID.fullmatch(target):
        raise invalid(
            "reply.in_reply_to_tweet_id", str(target), "$.reply.in_reply_to_tweet_id: does not match ^[0-9]{1,19}$"
        )
    parent = call.world.x.visible(int(target))
    if parent is None:
        raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
    if not call.world.x.may_join(call.me, parent):
        raise forbidden(
            "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged "
            "by the author of the post you are replying to."
        )
    if call.world.options.summoned_only and not call.world.x.is_summoned(call.me, parent):
        raise forbidden("You can only reply to or quote posts where you are mentioned or are the author.")
    return parent


def _quoted(call: Call) -> int | None:
    value = call.body.get("quote_tweet_id")
    if value is None:
        return None
    quoted = call.world.x.visible(_post_id("quote_tweet_id", str(value)))
    if quoted is None:
        raise forbidden("You attempted to quote a Tweet that is deleted or not visible to you.")
    return quoted.id


def _delete(call: Call) -> Answer:
    post = call.world.x.visible(_post_id("id", call.path["id"]))
    if post is None:
        raise Problem(404, x_view.not_found("tweet", call.path["id"], parameter="id") | {"status": 404})
    if post.author_id != call.account.user_id:
        raise forbidden("You are not authorized to delete this Tweet.")
    call.world.x.delete(post.id)
    return 200, {"data": {"deleted": True}}


def _hide(call: Call) -> Answer:
    hidden = call.body.get("hidden")
    if not isinstance(hidden, bool):
        raise invalid("hidden", str(hidden), "$.hidden: is missing or not a boolean")
    post = call.world.x.visible(_post_id("tweet_id", call.path["tweet_id"]))
    root = call.world.x.posts.get(post.conversation_id) if post else None
    if post is None or root is None or root.author_id != call.account.user_id or root is post:
        raise forbidden("You are not permitted to perform this action.")
    post.hidden = hidden
    call.world.touch()
    return 200, {"data": {"hidden": hidden}}


def _like(call: Call) -> Answer:
    target = str(call.body.get("tweet_id", ""))
    post = call.world.x.visible(_post_id("tweet_id", target))
    _check_self(call)
    if post is None:
        raise Problem(404, x_view.not_found("tweet", target, parameter="tweet_id") | {"status": 404})
    post.likes.add(call.account.user_id)
    call.world.touch()
    return 200, {"data": {"liked": True}}


def _unlike(call: Call) -> Answer:
    post = call.world.x.visible(_post_id("tweet_id", call.path["tweet_id"]))
    _check_self(call)
    if post is not None:
        post.likes.discard(call.account.user_id)
        call.world.touch()
    return 200, {"data": {"liked": False}}


def _check_self(call: Call) -> None:
    if call.path["id"] != call.account.user_id:
        message = "The `id` query parameter value [{0}] must be the same as the authenticating user [{1}]"
        raise invalid("id", call.path["id"], message.format(call.path["id"], call.account.user_id))


def _dm_events(call: Call) -> Answer:
    _number(call, "max_results", low=1, high=100, default=100)
    return 200, {"meta": {"result_count": 0}}


_DM_PARAMS = frozenset({"max_results", "pagination_token", "event_types", "dm_event.fields"}) | _SHOW
_USER_PARAMS = frozenset({"user.fields", "expansions", "tweet.fields"})
#: Requests per 15 minutes for a signed-in user and for an app, as X documents them.
ENDPOINTS = (
    Endpoint("GET", "/2/users/me", _me, 75, 75, _USER_PARAMS, user_only=True),
    Endpoint("GET", "/2/users/by/username/{username}", _user_by_name, 900, 300, _USER_PARAMS),
    Endpoint("GET", "/2/users/{id}", _user_by_id, 900, 300, _USER_PARAMS),
    Endpoint("GET", "/2/users/{id}/mentions", _mentions, 300, 450, _LIST | _SHOW),
    Endpoint("GET", "/2/users/{id}/tweets", _timeline, 900, 10_000, _LIST | _SHOW | {"exclude"}),
    Endpoint(
        "GET", "/2/tweets/search/recent", _search, 300, 450, _LIST | _SHOW | {"query", "next_token", "sort_order"}
    ),
    Endpoint("GET", "/2/tweets", _lookup, 5000, 3500, _SHOW | {"ids"}),
    Endpoint("GET", "/2/tweets/{id}", _lookup_one, 900, 450, _SHOW),
    Endpoint("POST", "/2/tweets", _create, 100, 100, user_only=True, needs="reply"),
    Endpoint("DELETE", "/2/tweets/{id}", _delete, 50, 50, user_only=True, needs="delete"),
    Endpoint("PUT", "/2/tweets/{tweet_id}/hidden", _hide, 50, 50, user_only=True, needs="hide"),
    Endpoint("POST", "/2/users/{id}/likes", _like, 50, 50, user_only=True, needs="like"),
    Endpoint("DELETE", "/2/users/{id}/likes/{tweet_id}", _unlike, 50, 50, user_only=True, needs="like"),
    Endpoint("GET", "/2/dm_events", _dm_events, 15, 15, _DM_PARAMS, user_only=True),
)


# --- HTTP ----------------------------------------------------------------------------------------------


def routes(world: World) -> list[Route]:
    """The endpoints, to be mounted under `/x`."""
    nonces = oauth.Nonces()
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    known = [
        Route(path, _serve(world, {e.method: e for e in group}, nonces), methods=[e.method for e in group])
        for path, group in by_path.items()
    ]
    return [*known, Route("/{rest:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]


async def _nowhere(request: Request) -> Response:
    return _response(404, {"title": "Not Found", "detail": "Not Found", "type": "about:blank", "status": 404}, {})


def _serve(
    world: World, by_method: Mapping[str, Endpoint], nonces: oauth.Nonces
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        raw = await request.body()
        endpoint = by_method["GET" if request.method == "HEAD" else request.method]
        headers: dict[str, str] = {}
        with world.lock:
            try:
                status, body = _answer(world, endpoint, request, raw, nonces, headers)
            except Problem as problem:
                status, body = problem.status, problem.body
            except SandboxError as error:
                status, body = 400, plain_problem(400, "Invalid Request", str(error)).body
            if world.options.dialect == "post":
                body = x_view.in_dialect(body)
        return _response(status, body, headers)

    return serve


def _answer(
    world: World, endpoint: Endpoint, request: Request, raw: bytes, nonces: oauth.Nonces, headers: dict[str, str]
) -> Answer:
    account, kind = _signed_in(world, request, raw, nonces)
    if endpoint.user_only and kind == "app":
        raise _wrong_kind()
    window = _count(world, endpoint, account, kind)
    headers |= {
        "x-rate-limit-limit": str(window.limit),
        "x-rate-limit-remaining": str(window.remaining),
        "x-rate-limit-reset": str(int(window.reset_at.timestamp())),
        "x-access-level": "read-write-directmessages",
    }
    if window.exceeded:
        raise plain_problem(429, "Too Many Requests", "Too Many Requests")
    if endpoint.needs in account.denied:
        raise forbidden("You are not permitted to perform this action.")
    params = _parameters(request, endpoint, world.options.dialect)
    delay = request.scope.get("state", {}).get("visible_after")
    call = Call(world, account, kind, params, dict(request.path_params), _json_body(request, raw), delay)
    return endpoint.handler(call)


def _signed_in(world: World, request: Request, raw: bytes, nonces: oauth.Nonces) -> tuple[BrandAccount, oauth.Kind]:
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    try:
        account, kind = oauth.identify(
            request.headers.get("authorization", ""),
            method=request.method,
            path=path,
            query=request.scope.get("query_string", b"").decode("ascii", "replace"),
            form=raw.decode("utf-8", "replace") if is_form else "",
            accounts=world.brands("x"),
            nonces=nonces,
        )
    except oauth.Refused as error:
        raise plain_problem(401, "Unauthorized", "Unauthorized") from error
    if account.disconnected:
        raise plain_problem(401, "Unauthorized", "Unauthorized")
    return account, kind


def _wrong_kind() -> Problem:
    detail = (
        "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
        "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
    )
    kind = x_view.PROBLEMS + "unsupported-authentication"
    return Problem(403, {"title": "Unsupported Authentication", "detail": detail, "type": kind, "status": 403})


def _count(world: World, endpoint: Endpoint, account: BrandAccount, kind: oauth.Kind) -> Window:
    limit = endpoint.user_limit if kind == "user" else endpoint.app_limit
    name = f"{account.key} {kind} {endpoint.method} {endpoint.path}"
    scaled = max(1, int(limit * world.options.limit_scale))
    return world.windows.take(name, limit=scaled, lasts=WINDOW, now=world.now())


_NEW_NAMES = {"post.fields": "tweet.fields"}


def _parameters(request: Request, endpoint: Endpoint, dialect: str) -> dict[str, str]:
    """The query, in the names of 2.166 whichever dialect it came in. The old names work in both dialects."""
    given = dict(request.query_params)
    if dialect == "post":
        given = {_NEW_NAMES.get(name, name): _old_names(name, value) for name, value in given.items()}
    for name, value in given.items():
        if name not in endpoint.params:
            allowed = ",".join(sorted(endpoint.params))
            raise invalid(name, value, f"The query parameter [{name}] is not one of [{allowed}]")
    return given


def _old_names(name: str, value: str) -> str:
    if name not in ("post.fields", "tweet.fields", "expansions"):
        return value
    old = {new: name for name, new in x_view.RENAMED.items()}
    parts = (part.split(".") for part in value.split(","))
    return ",".join(".".join([old.get(head, head), *rest]) for head, *rest in parts)


def _json_body(request: Request, raw: bytes) -> dict[str, Any]:
    if request.method not in ("POST", "PUT", "PATCH") or not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise invalid("body", "", "Requests with bodies must have content-type of application/json.") from error
    if not isinstance(body, dict):
        raise invalid("body", "", "The body must be a JSON object.")
    return body


def _response(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(
        text.encode("utf-8", "replace"),
        status,
        {"content-type": f"{kind}; charset=utf-8", "api-version": API_VERSION, "cache-control": "no-store", **headers},
    )
