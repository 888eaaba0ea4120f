"""How posts, comments and reviews of a Facebook page stand now: edited, renamed authors, gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from webcare.channels.base import GoneReason, Refreshed
from webcare.channels.facebook_posts import (
    COMMENT_FIELDS,
    POST_FIELDS,
    by_page,
    comment_to_mention,
    post_to_mention,
    story_to_mention,
)
from webcare.channels.facebook_reading import VISITORS, PageReading
from webcare.channels.graph_lookup import Lookup
from webcare.channels.graph_transport import GraphTransport
from webcare.channels.walking import read_posts
from webcare.domain import Mention

_COMMENT_FIELDS = f"{COMMENT_FIELDS},object{{id}}"
_STORY_FIELDS = "id,message,created_time,from"


class PageRefresh:
    """Looks up what stands on one page. Ids tell what they are: `page_post`, `post_comment`, or one number."""

    def __init__(self, graph: GraphTransport, page_id: str, reading: PageReading) -> None:
        self._graph = graph
        self._page_id = page_id
        self._reading = reading

    def look_up(self, external_ids: Sequence[str]) -> Refreshed:
        """Look these up. Raises ChannelError."""
        lookup = Lookup(self._graph)
        known = [one for one in dict.fromkeys(external_ids) if one.replace("_", "").isdecimal()]
        posts = [one for one in known if one.startswith(f"{self._page_id}_")]
        stories = [one for one in known if "_" not in one]
        others = [one for one in known if "_" in one and one not in posts]
        lookup.ask(posts, (POST_FIELDS,))
        # A post elsewhere that names the page looks like a comment: somebody's id, a line, a number.
        lookup.ask(others, (_COMMENT_FIELDS, POST_FIELDS))
        lookup.ask(stories, (_STORY_FIELDS,))
        lookup.confirm(lambda: self._reading.posts_page(VISITORS, 1, ""))
        mentions, _ = read_posts(lookup.found.values(), self._reader(lookup.found))
        rates = {"refresh": self._graph.rate} if known and self._graph.rate else {}
        return Refreshed(tuple(mentions), dict.fromkeys(sorted(lookup.gone), GoneReason.DELETED), rates)

    def _reader(self, found: Mapping[str, Mapping[str, Any]]) -> Callable[[Any], Mention]:
        above = {one for fields in found.values() if (one := _post_above(fields)) and one not in found}
        posts = Lookup(self._graph)
        posts.ask(sorted(above), ("from",))
        ours = {id_ for id_, fields in {**found, **posts.found}.items() if by_page(fields, self._page_id)}
        return partial(self._read, ours=ours)

    def _read(self, fields: Mapping[str, Any], *, ours: set[str]) -> Mention:
        external_id = str(fields.get("id"))
        if "_" not in external_id:
            return story_to_mention(fields, page_id=self._page_id)
        if external_id.startswith(f"{self._page_id}_"):
            return post_to_mention(fields, page_id=self._page_id)
        post_id = _post_above(fields)
        if not post_id:
            return post_to_mention(fields, page_id=self._page_id, tagged=True)
        return comment_to_mention(fields, page_id=self._page_id, post_id=post_id, on_brand_post=post_id in ours)


def _post_above(fields: Mapping[str, Any]) -> str:
    """The post a comment stands under, empty for anything else."""
    above = fields.get("object")
    return str(above.get("id") or "") if isinstance(above, Mapping) else ""
