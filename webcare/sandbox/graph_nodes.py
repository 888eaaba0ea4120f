"""The kinds of node there are, with the field names Meta's own descriptions give them, and picking from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webcare.sandbox.graph_errors import no_field
from webcare.sandbox.graph_fields import Field
from webcare.sandbox.values import names

Edge = Callable[[Field], dict[str, Any]]
#: Field names per kind of node; those without a value here are simply left out of answers.
FIELDS: Mapping[str, frozenset[str]] = {
    "Page": names(
        "about access_token category category_list connected_instagram_account fan_count followers_count has_added_app "
        "id instagram_business_account is_published link name overall_star_rating rating_count unread_message_count "
        "unread_notif_count unseen_message_count username verification_status website emails phone location"
    ),
    "PagePost": names(
        "actions admin_creator application backdated_time can_reply_privately child_attachments created_time from "
        "full_picture icon id is_expired is_hidden is_inline_created is_popular is_published is_spherical message "
        "message_tags parent_id permalink_url picture place privacy promotable_id properties scheduled_publish_time "
        "shares status_type story story_tags subscribed target timeline_visibility updated_time via width height"
    ),
    "Comment": names(
        "admin_creator application attachment can_comment can_hide can_like can_remove can_reply_privately "
        "comment_count created_time from id is_hidden is_private like_count live_broadcast_timestamp message "
        "message_tags object parent permalink_url private_reply_conversation user_likes"
    ),
    "Recommendation": names(
        "created_time has_rating has_review open_graph_story rating recommendation_type review_text reviewer"
    ),
    "User": names("id name first_name last_name link"),
    "OpenGraphStory": names("id message created_time from type data"),
    "UnifiedThread": names(
        "can_reply folder former_participants id is_owner is_subscribed link linked_group message_count name "
        "participants scoped_thread_key senders snippet unread_count updated_time wallpaper"
    ),
    "UnifiedMessage": names(
        "attachments created_time from id is_unsupported message reactions reply_to shares sticker story tags "
        "thread_id to"
    ),
    "IGUser": names(
        "biography followers_count follows_count has_profile_pic id ig_id is_published legacy_instagram_user_id "
        "media_count mentioned_comment mentioned_media name owner_business profile_picture_url username website"
    ),
    "IGMedia": names(
        "alt_text caption comments_count id ig_id is_comment_enabled is_shared_to_feed legacy_instagram_media_id "
        "like_count media_product_type media_type media_url owner permalink shortcode thumbnail_url timestamp username "
        "video_title view_count"
    ),
    "IGComment": names(
        "from hidden id legacy_instagram_comment_id like_count media parent_id text timestamp user username"
    ),
    "Permission": names("permission status"),
}
#: Lists that hang on a node, besides its fields.
EDGES: Mapping[str, frozenset[str]] = {
    "Page": names(
        "conversations feed instagram_accounts messages picture posts published_posts ratings tagged visitor_posts"
    ),
    "PagePost": names("attachments comments likes reactions sharedposts to"),
    "Comment": names("comments likes reactions"),
    "Recommendation": frozenset(),
    "User": names("accounts permissions picture"),
    "OpenGraphStory": names("comments likes reactions"),
    "UnifiedThread": names("messages"),
    "UnifiedMessage": frozenset(),
    "IGUser": names("media mentions tags"),
    "IGMedia": names("children comments"),
    "IGComment": names("replies"),
    "Permission": frozenset(),
}
_NAMES = {kind: FIELDS[kind] | EDGES[kind] for kind in FIELDS}
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "Page": ("name", "id"),
    "PagePost": ("created_time", "message", "id"),
    "Comment": ("created_time", "from", "message", "id"),
    "Recommendation": ("created_time", "recommendation_type", "review_text"),
    "User": ("name", "id"),
    "OpenGraphStory": ("id", "created_time", "type"),
    "UnifiedThread": ("id", "link", "updated_time"),
    "UnifiedMessage": ("id", "created_time"),
    "IGUser": ("id",),
    "IGMedia": ("id",),
    "IGComment": ("timestamp", "text", "id"),
    "Permission": ("permission", "status"),
}


def picked(
    kind: str, facts: Mapping[str, Any], fields: Sequence[Field], edges: Mapping[str, Edge] | None = None
) -> dict[str, Any]:
    """What was asked of a node, or what Meta shows when nothing was. Raises GraphError for a name it does not have."""
    shown: dict[str, Any] = {}
    known = _NAMES[kind]
    for one in fields or [Field(name) for name in DEFAULTS[kind]]:
        if one.name not in known:
            raise no_field(one.name, kind)
        value = edges[one.name](one) if edges and one.name in edges else _narrowed(facts.get(one.name), one)
        # Meta leaves out a list inside an object when it is empty and nothing else was asked of it
        if value not in (None, {"data": []}):
            shown[one.name] = value
    if "id" in facts and "id" not in shown:
        shown["id"] = facts["id"]
    return shown


def _narrowed(value: Any, asked: Field) -> Any:
    if not asked.inner:
        return value
    wanted = [one.name for one in asked.inner]
    if isinstance(value, list):
        return [_narrowed(one, asked) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"data"}:
        return {"data": _narrowed(value["data"], asked)}
    return {name: value[name] for name in wanted if name in value}
