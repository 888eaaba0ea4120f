"""A post or person of X as the API shows it: which fields, which expansions, in which dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webcare.sandbox import x_text
from webcare.sandbox.values import User, XPost, names
from webcare.sandbox.world import World
from webcare.sandbox.x_network import Span

PROBLEMS = "https://api.twitter.com/2/problems/"
NEW_PROBLEMS = "https://api.x.com/2/problems/"
DEFAULT_POST_FIELDS = ("id", "text", "edit_history_tweet_ids")
DEFAULT_USER_FIELDS = ("id", "name", "username")
DEFAULT_MEDIA_FIELDS = ("media_key", "type")
#: Everything 2.166 takes; fields without a value here are left out of answers, as X leaves out what is empty.
POST_FIELDS = names(
    "article attachments author_id card_uri community_id context_annotations conversation_id created_at "
    "display_text_range edit_controls edit_history_tweet_ids entities geo id in_reply_to_user_id lang "
    "matched_media_notes media_metadata non_public_metrics note_request_suggestions note_tweet organic_metrics "
    "paid_partnership possibly_sensitive promoted_metrics public_metrics referenced_tweets reply_settings scopes "
    "source suggested_source_links suggested_source_links_with_counts text withheld"
)
USER_FIELDS = names(
    "affiliation confirmed_email connection_status created_at description entities id is_identity_verified location "
    "most_recent_tweet_id name parody pinned_tweet_id profile_banner_url profile_image_url protected public_metrics "
    "receives_your_dm subscription subscription_type url username verified verified_followers_count verified_type "
    "withheld"
)
POST_EXPANSIONS = names(
    "article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet "
    "attachments.poll_ids author_id edit_history_tweet_ids entities.mentions.username geo.place_id "
    "in_reply_to_user_id entities.note.mentions.username referenced_tweets.id "
    "referenced_tweets.id.attachments.media_keys referenced_tweets.id.author_id"
)
MEDIA_FIELDS = names(
    "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url promoted_metrics "
    "public_metrics type url variants width"
)
#: The number before the post's own in a media key.
_MEDIA_KINDS = {"photo": 3, "video": 7, "animated_gif": 16}
USER_EXPANSIONS = frozenset({"affiliation.user_id", "most_recent_tweet_id", "pinned_tweet_id"})
#: The names 2.167 changed, old to new.
RENAMED = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "tweets": "posts",
    "tweet_count": "post_count",
    "retweet_count": "repost_count",
    "most_recent_tweet_id": "most_recent_post_id",
    "pinned_tweet_id": "pinned_post_id",
}
EDITABLE_FOR = timedelta(hours=1)
MAX_EDITS = 5


#: An expansion brings the field that holds the ids it expands, asked for or not.
BRINGS = {
    "author_id": "author_id",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_tweets.id.author_id": "referenced_tweets",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "attachments.media_keys": "attachments",
    "entities.mentions.username": "entities",
    "most_recent_tweet_id": "most_recent_tweet_id",
    "sender_id": "sender_id",
}


def brought(expansions: Iterable[str], fields: Iterable[str]) -> tuple[str, ...]:
    """The fields to show, with those the expansions bring."""
    return tuple(dict.fromkeys((*fields, *(BRINGS[one] for one in expansions if one in BRINGS))))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the client asked to see, in the names of 2.166."""

    post_fields: tuple[str, ...] = DEFAULT_POST_FIELDS
    user_fields: tuple[str, ...] = DEFAULT_USER_FIELDS
    media_fields: tuple[str, ...] = DEFAULT_MEDIA_FIELDS
    expansions: frozenset[str] = frozenset()


def iso(moment: datetime) -> str:
    """A time as X writes it, with milliseconds."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def not_found(kind: str, value: str, *, parameter: str) -> dict[str, Any]:
    """The entry of `errors` for something that is not there (any more)."""
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": PROBLEMS + "resource-not-found",
    }


def no_user(user: User | None, value: str, *, parameter: str) -> dict[str, Any]:
    """The entry of `errors` for a person who is not there, or whose account was closed by X."""
    found = not_found("user", value, parameter=parameter)
    if user is not None and user.suspended:
        found |= {"title": "Forbidden", "detail": f"User has been suspended: [{value}]."}
    return found


def hidden_from_us(kind: str, value: str, *, parameter: str) -> dict[str, Any]:
    """The entry of `errors` for a protected author's post."""
    return {
        "value": value,
        "detail": f"Sorry, you are not authorized to see the {kind.title()} with {parameter}: [{value}].",
        "title": "Authorization Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "section": "data" if parameter in ("id", "ids") else "includes",
        "type": PROBLEMS + "not-authorized-for-resource",
    }


class View:
    """Builds answers for one request. Use with the world's lock held."""

    def __init__(self, world: World, wanted: Wanted, *, viewer: User | None = None) -> None:
        self._world = world
        self._wanted = wanted
        self._viewer = viewer

    def posts(self, posts: Sequence[XPost]) -> dict[str, Any]:
        """`data`, and `includes` and `errors` where there are any."""
        shown = [self.post(post) for post in posts]
        users, tweets, errors = self._expanded(posts)
        media = self._media(posts) if "attachments.media_keys" in self._wanted.expansions else []
        includes = _without_empty({"users": users, "tweets": tweets, "media": media})
        return _without_empty({"data": shown, "includes": includes, "errors": errors})

    def users(self, users: Sequence[User]) -> dict[str, Any]:
        """`data`, and `includes` with their last posts where asked for."""
        asked, latest = self._wanted.expansions, []
        if "most_recent_tweet_id" in asked:
            latest = [post for user in users if (post := self._latest(user)) is not None]
        includes = _without_empty({"tweets": [self.post(post) for post in latest]})
        return _without_empty({"data": [self.user(user) for user in users], "includes": includes})

    def post(self, post: XPost) -> dict[str, Any]:
        """One post with the fields asked for."""
        return _picked(self._post_facts(post), self._wanted.post_fields)

    def user(self, user: User) -> dict[str, Any]:
        """One person with the fields asked for."""
        return _picked(self._user_facts(user), self._wanted.user_fields)

    def gone(self, post_id: str, *, parameter: str) -> dict[str, Any]:
        """Why this id cannot be shown."""
        post = self._world.x.posts.get(int(post_id)) if post_id.isdecimal() else None
        if post is not None and not post.deleted and self._world.x.author(post).protected:
            return hidden_from_us("tweet", post_id, parameter=parameter)
        return not_found("tweet", post_id, parameter=parameter)

    # --- facts ---------------------------------------------------------------------------------------

    def _post_facts(self, post: XPost) -> dict[str, Any]:
        wanted = self._wanted.post_fields
        shown, note = _cut(post)
        facts: dict[str, Any] = {
            "id": str(post.id),
            "text": shown,
            "edit_history_tweet_ids": [str(version) for version in post.history],
            "author_id": post.author_id,
            "conversation_id": str(post.conversation_id),
            "created_at": iso(post.posted_at),
            "lang": post.lang,
            "possibly_sensitive": False,
            "reply_settings": post.reply_settings,
            "note_tweet": {"text": note} if note else None,
            "referenced_tweets": _references(post),
            "attachments": {"media_keys": _media_keys(post)} if post.media else None,
        }
        if "in_reply_to_user_id" in wanted and post.in_reply_to in self._world.x.posts:
            facts["in_reply_to_user_id"] = self._world.x.posts[post.in_reply_to].author_id
        if "entities" in wanted:
            ids = {handle: found.id for handle in post.mentions if (found := self._handle(handle))}
            facts["entities"] = x_text.entities(shown, links=post.links, ids=ids)
        if "public_metrics" in wanted:
            facts["public_metrics"] = _metrics(post, quotes=len(self._world.x.by_quoted.get(post.id, ())))
        if "edit_controls" in wanted:
            facts["edit_controls"] = _edit_controls(post, self._world.now())
        if "display_text_range" in wanted:
            facts["display_text_range"] = [len(_names_in_front(post)), len(shown)]
        return facts

    def _handle(self, handle: str) -> User | None:
        return self._world.handles.get(("x", handle))

    def _user_facts(self, user: User) -> dict[str, Any]:
        wanted, latest = self._wanted.user_fields, None
        if "most_recent_tweet_id" in wanted:
            latest = self._latest(user)
        brand = self._world.is_brand("x", user.id)
        return {
            "id": user.id,
            "name": user.name,
            "username": user.handle,
            "created_at": iso(user.created_at),
            "protected": user.protected,
            "verified": brand,
            "verified_type": "business" if brand else "none",
            "description": "Furniture and home" if brand else "",
            "most_recent_tweet_id": str(latest.id) if latest else None,
            "profile_image_url": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
            "receives_your_dm": self._viewer is not None and self._world.x_messages.may_write(self._viewer, user),
            "public_metrics": self._user_metrics(user) if "public_metrics" in wanted else None,
        }

    def _user_metrics(self, user: User) -> dict[str, int]:
        return {
            "followers_count": 48210 if self._world.is_brand("x", user.id) else int(user.id[-3:]),
            "following_count": int(user.id[-2:]),
            "tweet_count": len(self._world.x.by_author.get(user.id, [])),
            "listed_count": 0,
            "like_count": 0,
        }

    def _latest(self, user: User) -> XPost | None:
        x = self._world.x
        return next(x.newest(x.by_author.get(user.id, []), Span()), None)

    # --- expansions ----------------------------------------------------------------------------------

    def _expanded(self, posts: Sequence[XPost]) -> tuple[list[Any], list[Any], list[Any]]:
        asked = self._wanted.expansions
        if not asked:
            return [], [], []
        known = {post.id for post in posts}
        referenced, errors = self._referenced(posts) if "referenced_tweets.id" in asked else ([], [])
        if "edit_history_tweet_ids" in asked:
            referenced += [self._world.x.posts[v] for post in posts for v in post.history if v not in known]
        users = self._people(posts, referenced)
        unique = {post.id: post for post in referenced}.values()
        return [self.user(user) for user in users], [self.post(post) for post in unique], errors

    def _referenced(self, posts: Sequence[XPost]) -> tuple[list[XPost], list[Any]]:
        found, errors = [], []
        for number in dict.fromkeys(number for post in posts for _, number in _reference_ids(post)):
            target = self._world.x.visible(number)
            if target is not None:
                found.append(target)
            else:
                errors.append(self.gone(str(number), parameter="referenced_tweets.id"))
        return found, errors

    def _media(self, posts: Sequence[XPost]) -> list[dict[str, Any]]:
        return [
            _picked(_media_facts(key, kind, url), self._wanted.media_fields)
            for post in posts
            for key, (kind, url) in zip(_media_keys(post), post.media, strict=True)
        ]

    def _people(self, posts: Sequence[XPost], referenced: Iterable[XPost]) -> list[User]:
        asked, x = self._wanted.expansions, self._world.x
        ids: list[str] = []
        for post in posts:
            if "author_id" in asked:
                ids.append(post.author_id)
            if "in_reply_to_user_id" in asked and post.in_reply_to in x.posts:
                ids.append(x.posts[post.in_reply_to].author_id)
            if "entities.mentions.username" in asked:
                ids += [user.id for handle in post.mentions if (user := self._handle(handle))]
        if "referenced_tweets.id.author_id" in asked:
            ids += [post.author_id for post in referenced] or [post.author_id for post in self._referenced(posts)[0]]
        return [self._world.users[("x", user_id)] for user_id in dict.fromkeys(ids)]


def in_dialect(value: Any) -> Any:
    """The same answer in the names of 2.167, whose problems have another address too."""
    if isinstance(value, dict):
        found = {RENAMED.get(name, name): in_dialect(inner) for name, inner in value.items()}
        if isinstance(kind := found.get("type"), str) and kind.startswith(PROBLEMS):
            found["type"] = NEW_PROBLEMS + kind.removeprefix(PROBLEMS)
        return found
    return [in_dialect(inner) for inner in value] if isinstance(value, list) else value


def _picked(facts: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: facts[name] for name in names if facts.get(name) not in (None, [], {})}


def _without_empty(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}


def _cut(post: XPost) -> tuple[str, str]:
    """A post over the limit shows its beginning; the whole of it goes to `note_tweet`."""
    # no character weighs more than two, so short texts need no counting
    if 2 * len(post.written) <= x_text.MAX_WEIGHT or x_text.weighted_length(post.written) <= x_text.MAX_WEIGHT:
        return post.text, ""
    return post.text[: x_text.MAX_WEIGHT - 1] + "…", post.text


def _names_in_front(post: XPost) -> str:
    if post.in_reply_to is None:
        return ""
    bare, _ = x_text.shorten(post.written, salt=str(post.id))
    return post.text.removesuffix(x_text.escaped(bare))


def _reference_ids(post: XPost) -> list[tuple[str, int]]:
    pairs = (("retweeted", post.retweeted), ("quoted", post.quoted), ("replied_to", post.in_reply_to))
    return [(kind, number) for kind, number in pairs if number is not None]


def _references(post: XPost) -> list[dict[str, str]]:
    return [{"type": kind, "id": str(number)} for kind, number in _reference_ids(post)]


def _media_keys(post: XPost) -> list[str]:
    return [f"{_MEDIA_KINDS[kind]}_{post.id + place}" for place, (kind, _) in enumerate(post.media)]


def _media_facts(key: str, kind: str, url: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"media_key": key, "type": kind, "width": 1200, "height": 800}
    if kind == "photo":
        return facts | {"url": url}
    film = {"content_type": "video/mp4", "url": url, "bit_rate": 832_000}
    return facts | {"preview_image_url": f"{url}.jpg", "variants": [film]}


def _metrics(post: XPost, *, quotes: int) -> dict[str, int]:
    return {
        "retweet_count": 0,
        "reply_count": post.reply_count,
        "like_count": len(post.likes),
        "quote_count": quotes,
        "bookmark_count": 0,
        "impression_count": 0,
    }


def _edit_controls(post: XPost, now: datetime) -> dict[str, Any]:
    until = post.posted_at + EDITABLE_FOR
    return {
        "edits_remaining": max(0, MAX_EDITS - (len(post.history) - 1)),
        "is_edit_eligible": post.in_reply_to is None,
        "editable_until": iso(until),
    }
