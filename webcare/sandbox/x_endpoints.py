"""The endpoints of the X API that are served: where each is, who may call it, how often, and what it takes."""

from __future__ import annotations

from webcare.sandbox import x_dm, x_read, x_write
from webcare.sandbox.values import names
from webcare.sandbox.x_call import Endpoint, Handler

_SHOW = names("tweet.fields user.fields media.fields poll.fields place.fields expansions")
_LIST = names("since_id until_id start_time end_time max_results pagination_token")
_USER = names("user.fields expansions tweet.fields")
_DM_SHOW = names("dm_event.fields expansions media.fields user.fields tweet.fields")
_DM_LIST = names("max_results pagination_token event_types") | _DM_SHOW
_QUOTES = names("max_results pagination_token exclude") | _SHOW
_SEARCH = names("query next_token sort_order") | _LIST | _SHOW


def _write(method: str, path: str, handler: Handler, limit: int, *, needs: str, per_day: int = 0) -> Endpoint:
    return Endpoint(method, path, handler, limit, limit, user_only=True, needs=needs, per_day=per_day, day_of="app")


def _read_dm(path: str, handler: Handler, params: frozenset[str] = _DM_LIST) -> Endpoint:
    # X counts its three lists of messages in one window, as its recorded answers show
    return Endpoint(
        "GET", path, handler, 15, 15, params, user_only=True, needs="read_messages", pool="dm read", reads="dm_read"
    )


def _write_dm(path: str, handler: Handler) -> Endpoint:
    return Endpoint("POST", path, handler, 15, 15, user_only=True, needs="message", pool="dm write", per_day=1440)


#: Requests per 15 minutes for a signed-in user and for an app, as X documents them.
ENDPOINTS = (
    Endpoint("GET", "/2/users/me", x_read.me, 75, 75, _USER, user_only=True, reads="user_read"),
    Endpoint("GET", "/2/users/by/username/{username}", x_read.user_by_name, 900, 300, _USER, reads="user_read"),
    Endpoint("GET", "/2/users/by", x_read.users_by_name, 900, 300, _USER | {"usernames"}, reads="user_read"),
    Endpoint("GET", "/2/users", x_read.users_by_id, 900, 300, _USER | {"ids"}, reads="user_read"),
    Endpoint("GET", "/2/users/{id}", x_read.user_by_id, 900, 300, _USER, reads="user_read"),
    Endpoint("GET", "/2/users/{id}/mentions", x_read.mentions, 300, 450, _LIST | _SHOW, reads="post_read"),
    Endpoint(
        "GET", "/2/users/{id}/tweets", x_read.timeline, 900, 10_000, _LIST | _SHOW | {"exclude"}, reads="post_read"
    ),
    Endpoint("GET", "/2/tweets/search/recent", x_read.search, 300, 450, _SEARCH, reads="post_read"),
    Endpoint("GET", "/2/tweets", x_read.lookup, 5000, 3500, _SHOW | {"ids"}, reads="post_read"),
    Endpoint("GET", "/2/tweets/{id}", x_read.lookup_one, 900, 450, _SHOW, reads="post_read"),
    Endpoint("GET", "/2/tweets/{id}/quote_tweets", x_read.quotes, 75, 75, _QUOTES, reads="post_read"),
    _write("POST", "/2/tweets", x_write.create, 100, needs="reply", per_day=10_000),
    _write("DELETE", "/2/tweets/{id}", x_write.delete, 50, needs="delete"),
    _write("PUT", "/2/tweets/{tweet_id}/hidden", x_write.hide, 50, needs="hide"),
    _write("POST", "/2/users/{id}/likes", x_write.like, 50, needs="like"),
    _write("DELETE", "/2/users/{id}/likes/{tweet_id}", x_write.unlike, 50, needs="like"),
    _read_dm("/2/dm_events", x_dm.every_event),
    _read_dm("/2/dm_conversations/with/{participant_id}/dm_events", x_dm.events_with),
    _read_dm("/2/dm_conversations/{id}/dm_events", x_dm.events_in),
    _read_dm("/2/dm_events/{event_id}", x_dm.one_event, _DM_SHOW),
    _write("DELETE", "/2/dm_events/{event_id}", x_dm.delete, 300, needs="message"),
    _write_dm("/2/dm_conversations/with/{participant_id}/messages", x_dm.write_to),
    _write_dm("/2/dm_conversations/{dm_conversation_id}/messages", x_dm.write_in),
    _write_dm("/2/dm_conversations", x_dm.start),
)
