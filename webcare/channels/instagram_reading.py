"""What one poll of an Instagram account reads: its pictures with the comments under them, tags, conversations, and in
turn the answers under older comments.

An answer to an old comment moves nothing that can be listed. So with each of the newest pictures the newest comments
come along with their answers, and besides all comments of all pictures are gone through slowly, round and round.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from webcare.channels.base import BadPost, Budget, PollResult
from webcare.channels.graph_inbox import CONVERSATIONS, MESSAGES, Inbox
from webcare.channels.graph_poll import Round, first_cursor, read_cursor, to_keep
from webcare.channels.graph_transport import GraphTransport, items_of, next_token, step
from webcare.channels.instagram_posts import COMMENT_FIELDS, MEDIA_FIELDS, Us, comment_to_mention, media_to_mention
from webcare.channels.walking import OVERLAP, Page, Place, Walk, bad_post, read_posts
from webcare.channels.wording import clean, parse_moment
from webcare.domain import Mention
from webcare.errors import AccountDisconnected, ChannelError, ChannelProtocolError, TargetGone

log = logging.getLogger(__name__)

PICTURES, TAGS, COMMENTS, OLDER = "media", "tags", "comments", "older"
#: Lists that use up one limit of Meta's together.
LIMITS = ((PICTURES, TAGS, COMMENTS, OLDER), (CONVERSATIONS, MESSAGES))
#: Instagram gives no more comments than this at once.
AT_ONCE = 50
#: Comments that come along with each watched picture, and answers with each comment.
_ALONG, _ANSWERS = 10, 10
#: Pages of answers read under one comment in one go.
_ANSWER_PAGES = 10


@dataclass(frozen=True, slots=True)
class Watching:
    """The newest pictures in every poll, `older` further requests per poll for the rest, none past `older_within`."""

    posts: int
    older: int
    older_within: timedelta
    look_back: timedelta


@dataclass(frozen=True, slots=True)
class Older:
    """How far the round over all comments has come: pictures waiting, and cursors in their list and their comments."""

    before: str
    began: str
    queue: tuple[str, ...] = ()
    token: str = ""
    comments: str = ""
    last: bool = False  #: no further page of pictures follows

    @classmethod
    def of(cls, kept: Any, start: datetime, now: datetime) -> Older:
        """Read what `asdict` made of it; anything else is a first round."""
        try:
            before, began = (datetime.fromisoformat(kept[name]).isoformat() for name in ("before", "began"))
            queue = tuple(str(one) for one in kept["queue"])
            return cls(before, began, queue, str(kept["token"]), str(kept["comments"]), bool(kept["last"]))
        except (TypeError, KeyError, ValueError):
            return cls(start.isoformat(), now.isoformat())


class AccountReading:
    """Reads one account."""

    def __init__(self, graph: GraphTransport, *, us: Us, key: str, watching: Watching, inbox: Inbox | None) -> None:
        self._graph = graph
        self._us = us
        self._key = key
        self._watching = watching
        self._inbox = inbox

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Everything said to the account since `cursor`. Raises ChannelError when nothing could be read."""
        extra: dict[str, Any] = {}
        if cursor is None:
            self._own(partial(self._graph.get, step(self._us.id), fields="id,username"))
            begin = self._graph.answered_at() - self._watching.look_back
            if not self._watching.look_back:
                return PollResult((), first_cursor(PICTURES, begin))
            places = {PICTURES: Place.start(begin)}
        else:
            places, extra = read_cursor(cursor)
        if PICTURES not in places:
            raise ChannelProtocolError("The stored place of this account is not one of Instagram.")
        poll = Round(self._graph, self._key, places, Place.start(places[PICTURES].since), budget, LIMITS)
        kept = self._comments(poll, self._pictures(poll))
        if self._inbox is not None:
            kept |= self._inbox.read(poll)
        poll.read(TAGS, self._tag_page)
        older = self._older(poll, Older.of(extra.get(OLDER), places[PICTURES].since, self._graph.now()))
        return poll.result(kept, {OLDER: asdict(older)})

    def _own(self, request: Any) -> dict[str, Any]:
        """Something of the account itself; that it is not there means that it is set up wrongly."""
        try:
            answer: dict[str, Any] = request()
            return answer
        except TargetGone as error:
            raise AccountDisconnected(
                "Instagram finds no account with our id, or the token may not see it; check external_id in the "
                "settings, and that the account is linked to the page."
            ) from error

    # --- pictures and the comments under them ----------------------------------------------------------

    def _pictures(self, poll: Round) -> list[Mapping[str, Any]]:
        """Read our pictures; gives the newest of them with what came along."""
        seen: dict[str, Mapping[str, Any]] = {}

        def ask(token: str) -> dict[str, Any]:
            payload = self.pictures_page(self._watching.posts, token)
            seen.update({str(one["id"]): one for one in items_of(payload) if isinstance(one, Mapping) and "id" in one})
            return payload

        def fetch(place: Place, token: str) -> Page:
            return self._graph.page(ask(token), partial(media_to_mention, us=self._us))

        poll.read(PICTURES, fetch)
        if poll.place(PICTURES).unfinished:
            poll.ask(PICTURES, lambda: ask(""))
        return list(seen.values())

    def pictures_page(self, size: int, token: str, **more: Any) -> dict[str, Any]:
        """One page of our pictures with their newest comments. Raises ChannelError."""
        path = f"{step(self._us.id)}/media"
        request = partial(
            self._graph.listing, path, name=PICTURES, size=size, fields=_picture_fields, after=token, **more
        )
        return self._own(request)

    def _comments(self, poll: Round, pictures: list[Mapping[str, Any]]) -> dict[str, Place]:
        kept: dict[str, Place] = {}
        for picture in pictures:
            kept |= self._under(poll, picture, always=True)
        watched = {f"{COMMENTS}:{picture['id']}" for picture in pictures}
        for name in [one for one in poll.places if one.startswith(f"{COMMENTS}:") and one not in watched]:
            kept |= self._under(poll, {"id": name.partition(":")[2]})
        return kept

    def _under(self, poll: Round, picture: Mapping[str, Any], *, always: bool = False) -> dict[str, Place]:
        """Read the comments under one picture; gives its place where it must be kept."""
        name = f"{COMMENTS}:{picture['id']}"
        fetch = partial(self._comment_page, picture=picture, size=poll.budget.page_size)
        try:
            found = poll.read(name, fetch, odd={"media": picture["id"]})
        except TargetGone:
            log.info("%s: picture %s is gone, and its comments with it", self._key, picture["id"])
            return {}
        if found is None:
            return {name: poll.place(name)}
        kept = found.place if always else to_keep(poll.places.get(name), found)
        return {name: kept} if kept else {}

    def _comment_page(self, place: Place, token: str, *, picture: Mapping[str, Any], size: int) -> Page:
        along = picture.get("comments")
        if token or ("timestamp" not in picture and along is None):
            along = self.comments_page(str(picture["id"]), size, token)
        # Instagram leaves the list out where there are no comments.
        payload = along if isinstance(along, Mapping) else {"data": []}
        return self.with_answers(payload, str(picture["id"]), clean(picture.get("permalink")))

    def comments_page(self, media_id: str, size: int, token: str) -> dict[str, Any]:
        """One page of the comments under a picture, newest first, each with its first answers. Raises ChannelError."""
        return self._graph.listing(
            f"{step(media_id)}/comments",
            name=COMMENTS,
            size=min(AT_ONCE, size),
            fields=f"{COMMENT_FIELDS},replies.limit({_ANSWERS}){{{COMMENT_FIELDS}}}",
            after=token,
        )

    def with_answers(self, payload: Mapping[str, Any], media_id: str, url: str = "") -> Page:
        """Comments with all their answers; each comment stands after its answers. Raises ChannelError."""
        mentions: list[Mention] = []
        bad: list[BadPost] = []
        for comment in items_of(payload):
            good, odd = read_posts([comment], partial(comment_to_mention, us=self._us, media_id=media_id, url=url))
            if good:
                under, more = self._answers(comment, media_id, url)
                mentions += under
                odd += more
            mentions += good
            bad += odd
        return Page(tuple(mentions), tuple(bad), next_token(payload), self._graph.rate)

    def _answers(self, comment: Mapping[str, Any], media_id: str, url: str) -> tuple[list[Mention], list[BadPost]]:
        """The answers to a comment, oldest first; those that did not come along are asked for."""
        payload = comment.get("replies")
        if payload is None:
            return [], []
        above = str(comment["id"])
        read = partial(comment_to_mention, us=self._us, media_id=media_id, url=url, above=above)
        try:
            if not isinstance(payload, Mapping):
                raise ChannelProtocolError("Instagram answered without the list of answers.")
            mentions, bad = read_posts(items_of(payload), read)
            for _ in range(_ANSWER_PAGES):
                if not (token := next_token(payload)):
                    break
                payload = self.answers_page(above, token)
                good, odd = read_posts(items_of(payload), read)
                mentions, bad = [*mentions, *good], [*bad, *odd]
        except (ChannelProtocolError, TargetGone) as error:
            return [], [bad_post({"comment": above}, error)]
        return mentions, bad

    def answers_page(self, comment_id: str, token: str) -> dict[str, Any]:
        """One page of the answers to a comment, oldest first. Raises ChannelError."""
        path = f"{step(comment_id)}/replies"
        return self._graph.listing(path, name="replies", size=AT_ONCE, fields=COMMENT_FIELDS, after=token)

    # --- tags, and all comments in turn ----------------------------------------------------------------

    def _tag_page(self, place: Place, token: str) -> Page:
        return self._graph.page(self.tags_page(token), partial(media_to_mention, us=self._us, elsewhere=True))

    def tags_page(self, token: str) -> dict[str, Any]:
        """One page of pictures of others on which we are marked. Raises ChannelError."""
        path = f"{step(self._us.id)}/tags"
        return self._own(partial(self._graph.listing, path, name=TAGS, size=AT_ONCE, fields=MEDIA_FIELDS, after=token))

    def _older(self, poll: Round, round_: Older) -> Older:
        """Go on in the round over all comments; what is new there is added to the poll."""
        mentions: dict[str, Mention] = {}
        bad: list[BadPost] = []
        for _ in range(self._watching.older):
            if not poll.may_read(OLDER):
                break
            if not round_.queue:
                if round_.last:
                    round_ = Older(round_.began, self._graph.now().isoformat())
                if (listed := self._next_pictures(poll, round_)) is None:
                    break
                round_ = listed
                if round_.last and not round_.queue:
                    break
                continue
            page, round_ = self._next_comments(poll, round_)
            mentions |= {one.external_id: one for one in page.mentions}
            bad += page.bad
        since = max(poll.start.since, datetime.fromisoformat(round_.before) - OVERLAP)
        fresh = tuple(one for one in mentions.values() if one.posted_at >= since)
        if mentions or bad:
            # First, so that a comment that was also read with its picture is told from there.
            poll.walks = {f"{OLDER}:": Walk(poll.start, fresh, tuple(bad)), **poll.walks}
        return round_

    def _next_pictures(self, poll: Round, round_: Older) -> Older | None:
        path, fields = f"{step(self._us.id)}/media", "id,timestamp,comments_count"
        payload = poll.ask(
            OLDER,
            lambda: self._graph.listing(path, name=OLDER, size=AT_ONCE, fields=fields, after=round_.token),
        )
        if payload is None:
            return None
        oldest = self._graph.now() - self._watching.older_within
        entries = [one for one in payload.get("data") or [] if isinstance(one, Mapping) and one.get("id")]
        young = [one for one in entries if _made_at(one) >= oldest]
        queue = tuple(str(one["id"]) for one in young if one.get("comments_count") != 0)
        token = next_token(payload) if len(young) == len(entries) else ""
        return replace(round_, queue=queue, token=token, comments="", last=not token)

    def _next_comments(self, poll: Round, round_: Older) -> tuple[Page, Older]:
        media_id, rest = round_.queue[0], replace(round_, queue=round_.queue[1:], comments="")
        try:
            page = self.with_answers(self.comments_page(media_id, AT_ONCE, round_.comments), media_id)
        except TargetGone:
            return Page(()), rest
        except ChannelError as error:
            poll.fail(OLDER, error)
            # A cursor may have grown too old; the picture is begun again.
            again = isinstance(error, ChannelProtocolError) and not round_.comments
            return Page(()), rest if again else replace(round_, comments="")
        return page, replace(round_, comments=page.next_token) if page.next_token else rest


def _picture_fields(part: int) -> str:
    comments, under = max(1, _ALONG // part), max(1, _ANSWERS // part)
    inner = f"{COMMENT_FIELDS},replies.limit({under}){{{COMMENT_FIELDS}}}"
    return f"{MEDIA_FIELDS},comments.limit({comments}){{{inner}}}"


def _made_at(picture: Mapping[str, Any]) -> datetime:
    """When it was made; a picture without a date counts as new."""
    try:
        return parse_moment(picture.get("timestamp"))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
