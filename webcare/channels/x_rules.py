"""Who may be answered on X, and how: said before anybody writes, from what is known of the post. Pure."""

from __future__ import annotations

from webcare.channels.base import Permission, ReplyTarget
from webcare.channels.x_posts import RECEIVES, WEB, names_us, post_url, quotes_us, references
from webcare.channels.x_refusals import CLOSED, GONE, NO_MESSAGES, SUMMON
from webcare.domain import MentionKind, ReplyWay

_IN_PRIVATE = "This is a direct message; it is answered with a direct message, not in public."
_OPEN_TO_ALL = (None, "", "everyone")


def permission(
    target: ReplyTarget, way: ReplyWay, *, ours: str, handle: str, needs_summon: bool, web: str = WEB
) -> Permission:
    """Whether X would take a reply this way, by its rules, without asking it."""
    if target.kind is MentionKind.DIRECT_MESSAGE:
        url = f"{web}/messages/{target.thread_id}"
        if target.gone:
            return Permission(False, GONE, url)
        return Permission(True) if way is ReplyWay.PRIVATE else Permission(False, _IN_PRIVATE, url)
    url = post_url(target.external_id, web=web)
    if target.gone:
        return Permission(False, GONE, url)
    if way is ReplyWay.PRIVATE:
        return _private(target, ours, url)
    return _public(target, ours, handle, needs_summon, url)


def _private(target: ReplyTarget, ours: str, url: str) -> Permission:
    if target.raw.get(RECEIVES) is False:
        return Permission(False, NO_MESSAGES, url)
    if not target.author_id or target.author_id == ours:
        return Permission(False, "There is nobody to write to: this post is our own.", url)
    return Permission(True)


def _public(target: ReplyTarget, ours: str, handle: str, needs_summon: bool, url: str) -> Permission:
    if target.author_id == ours:
        return Permission(True)  # A further part of our own answer.
    named = names_us(target.raw, handle=handle, ours=ours)
    if needs_summon and not (target.summons_us if named is None else named or _quoted(target, ours, handle)):
        return Permission(False, SUMMON, url)
    if named is False and target.raw.get("reply_settings") not in _OPEN_TO_ALL:
        return Permission(False, CLOSED, url)
    return Permission(True)


def _quoted(target: ReplyTarget, ours: str, handle: str) -> bool:
    """Whether the post quotes us. Where it does not say whom it quotes, X is asked by trying."""
    seen = quotes_us(target.raw, handle=handle, ours=ours)
    return "quoted" in references(target.raw) if seen is None else seen
