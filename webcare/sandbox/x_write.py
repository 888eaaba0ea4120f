"""Writing through the X API: posts, replies, hiding, likes. What is refused, and in which words."""

from __future__ import annotations

from webcare.sandbox import x_text, x_view
from webcare.sandbox.values import XPost, names
from webcare.sandbox.x_call import ID, Answer, Call, Problem, forbidden, invalid, post_id

_POST_KEYS = names(
    "text reply quote_tweet_id reply_settings media poll geo direct_message_deep_link for_super_followers_only "
    "nullcast card_uri community_id edit_options made_with_ai paid_partnership share_with_followers"
)


#: Whom an author may let answer.
REPLY_SETTINGS = names("everyone mentionedUsers following subscribers verified other")


def create(call: Call) -> Answer:
    """Post, as the signed-in brand."""
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
    settings = call.body.get("reply_settings", "everyone")
    if settings not in REPLY_SETTINGS:
        raise invalid("reply_settings", str(settings), f"$.reply_settings: is not one of {sorted(REPLY_SETTINGS)}")
    if "edit_options" in call.body:
        return _edit(call, text)
    parent = _answered_post(call)
    duplicate = call.world.x.is_duplicate(text, author=call.me, in_reply_to=parent.id if parent else None)
    if duplicate and call.world.options.refuse_x_duplicates:
        raise forbidden("You are not allowed to create a Tweet with duplicate content.")
    made = call.world.x.post(
        text,
        author=call.me,
        in_reply_to=parent.id if parent else None,
        quote=_quoted(call),
        visible_after=call.visible_after,
        reply_settings=settings,
        origin="api",
    )
    call.world.x.meter.wrote(call.account.key, _price(call, made, parent), call.world.now())
    return 201, {"data": {"id": str(made.id), "text": made.text}}


def _price(call: Call, made: XPost, parent: XPost | None) -> str:
    """A link is dear, an answer to somebody who called us is cheap."""
    if x_text.LINK.search(made.written):
        return "post_create_url"
    called = parent is not None and call.world.x.is_summoned(call.me, parent) and parent.author_id != call.me.id
    return "summoned_reply" if called else "post_create"


def _edit(call: Call, text: str) -> Answer:
    """A new version of a post of our own: for an hour, five times, and not of an answer."""
    options = call.body["edit_options"]
    previous = options.get("previous_post_id") if isinstance(options, dict) else None
    if not isinstance(previous, str) or not ID.fullmatch(previous):
        raise invalid("edit_options.previous_post_id", str(previous), "$.edit_options.previous_post_id: is not an id")
    x, now = call.world.x, call.world.now()
    old = x.visible(int(previous))
    if old is None or old.author_id != call.me.id:
        raise forbidden("You are not permitted to edit this Post.")
    first = x.need(old.history[0])
    if old.in_reply_to is not None or now >= first.posted_at + x_view.EDITABLE_FOR:
        raise forbidden("This Post can no longer be edited.")
    if len(old.history) > x_view.MAX_EDITS:
        raise forbidden("This Post has been edited as often as it may be.")
    made = x.edit(old.history[-1], text, origin="api", visible_after=call.visible_after)
    x.meter.wrote(call.account.key, _price(call, made, None), now)
    return 201, {"data": {"id": str(made.id), "text": made.text}}


def _answered_post(call: Call) -> XPost | None:
    reply = call.body.get("reply")
    if reply is None:
        return None
    target = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not isinstance(target, str) or not ID.fullmatch(target):
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
    _check_summoned(call, parent)
    return parent


def _check_summoned(call: Call, post: XPost) -> None:
    if call.world.options.summoned_only and not call.world.x.is_summoned(call.me, post):
        raise forbidden("You can only reply to or quote posts where you are mentioned or are the author.")


def _quoted(call: Call) -> int | None:
    value = call.body.get("quote_tweet_id")
    if value is None:
        return None
    quoted = call.world.x.visible(post_id("quote_tweet_id", str(value)))
    if quoted is None:
        raise forbidden("You attempted to quote a Tweet that is deleted or not visible to you.")
    _check_summoned(call, quoted)
    return quoted.id


def delete(call: Call) -> Answer:
    """Delete a post of our own."""
    post = call.world.x.visible(post_id("id", call.path["id"]))
    if post is None:
        raise Problem(404, x_view.not_found("tweet", call.path["id"], parameter="id") | {"status": 404})
    if post.author_id != call.account.user_id:
        raise forbidden("You are not authorized to delete this Tweet.")
    call.world.x.delete(post.id)
    return 200, {"data": {"deleted": True}}


def hide(call: Call) -> Answer:
    """Hide a reply under a post of our own, or show it again."""
    hidden = call.body.get("hidden")
    if not isinstance(hidden, bool):
        raise invalid("hidden", str(hidden), "$.hidden: is missing or not a boolean")
    post = call.world.x.visible(post_id("tweet_id", call.path["tweet_id"]))
    root = call.world.x.posts.get(post.conversation_id) if post else None
    if post is None or root is None or root.author_id != call.account.user_id or root is post:
        raise forbidden("You are not permitted to perform this action.")
    post.hidden = hidden
    call.world.touch()
    return 200, {"data": {"hidden": hidden}}


def like(call: Call) -> Answer:
    """Like a post."""
    target = str(call.body.get("tweet_id", ""))
    post = call.world.x.visible(post_id("tweet_id", target))
    _check_self(call)
    if post is None:
        raise Problem(404, x_view.not_found("tweet", target, parameter="tweet_id") | {"status": 404})
    post.likes.add(call.account.user_id)
    call.world.touch()
    return 200, {"data": {"liked": True}}


def unlike(call: Call) -> Answer:
    """Take a like back."""
    post = call.world.x.visible(post_id("tweet_id", call.path["tweet_id"]))
    _check_self(call)
    if post is not None:
        post.likes.discard(call.account.user_id)
        call.world.touch()
    return 200, {"data": {"liked": False}}


def _check_self(call: Call) -> None:
    if call.path["id"] != call.account.user_id:
        message = "The `id` query parameter value [{0}] must be the same as the authenticating user [{1}]"
        raise invalid("id", call.path["id"], message.format(call.path["id"], call.account.user_id))
