"""Writes samples/bluesky anew from the real network in a box: run it in `unshare -n`, as docs/bluesky.md says."""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from bluesky_box import Box, Person, Refused, iso_now, wait_for, why_not
from bluesky_recorder import CREATE, FEED, HTML, NOW, RECORD, SAMPLES, WORDS, Recorder, faulty, made_up_did
from bluesky_story import Reading

from webcare.channels.base import Action, Budget, Gap
from webcare.channels.bluesky import Bluesky, name_of
from webcare.domain import Reply
from webcare.errors import ChannelError


class Story(Reading):
    """The shop answers, acts, looks again, and runs into limits."""

    def run(self, *, limits: bool = True) -> None:
        """Live through all of it. `limits`: also through what this machine is then refused for five minutes."""
        self.reading()
        self.answering()
        self.account()
        self.refusals_of_answers()
        self.acting()
        self.looking_again()
        if limits:
            self.limits()

    def answering(self) -> None:
        rec, shop, channel = self.rec, self.shop, self.channel
        reply, ago = self.reply(self.question), timedelta(seconds=90)
        verify = lambda: channel.verify_sent(reply, since=datetime.now(UTC) - ago)  # noqa: E731
        since = (NOW - ago).isoformat()
        rec.situation("verify_absent", "It does not stand there.", "verify", verify, {"found": []}, since=since)
        fake = Reply(reply.target_id.replace(self.anna.did, made_up_did("annabakker")), "", WORDS)
        name = name_of(fake, made_up_did("hemlund"))
        with rec.tape() as sent:
            posted = channel.send(reply)
        rec.names[posted.external_id.rpartition("/")[2]] = name
        body = {"repo": shop.did, "collection": "app.bsky.feed.post", "rkey": name, "record": self.record(reply)}
        rec.write("send_ok", "The reply is posted.", "send", sent, {"posted": posted.external_id, "json": body})
        self.sent, about = sent, "The same reply again: the data server has a record of that name, and fails."
        self.again = rec.situation(
            "send_again", about, "send", lambda: channel.send(reply), {"error": "OutcomeUnknown"}
        )
        rec.write("send_server_error", "The data server fails.", "send", self.again, {"error": "OutcomeUnknown"})
        page = faulty(sent, CREATE, **HTML)
        rec.write(
            "send_unreadable", "A page for people as an answer (put in).", "send", page, {"error": "OutcomeUnknown"}
        )
        nameless = faulty(sent, CREATE, status=200, body={})
        rec.write(
            "send_without_id", "A success without a name (put in).", "send", nameless, {"error": "OutcomeUnknown"}
        )
        wait_for(lambda: posted.external_id in [one.external_id for one in self.poll().mentions])
        rec.situation(
            "verify_found", "It stands there once.", "verify", verify, {"found": [posted.external_id]}, since=since
        )
        twin = shop.reply(self.question, WORDS)
        wait_for(lambda: len(verify()) == 2)
        both = {"found": [one.external_id for one in verify()]}
        assert twin["uri"] in both["found"]
        rec.situation(
            "verify_twice",
            "Somebody posted the same by hand: people must see both.",
            "verify",
            verify,
            both,
            since=since,
        )
        broken = [
            self.refused(FEED, actor=shop.did, cursor="nonsense"),
            self.refused(RECORD, repo=shop.did, collection="app.bsky.feed.post", rkey="3jui7kd54zh2z"),
        ]
        rec.write(
            "verify_unreadable",
            "The app view is not well.",
            "verify",
            broken,
            {"error": "ChannelUnavailable"},
            since=since,
        )

    def record(self, reply: Reply) -> dict[str, Any]:
        """The record that must arrive, by hand: the link starts after 36 bytes and is 32 long."""
        start = len(WORDS[: WORDS.index("https")].encode())
        feature = {"$type": "app.bsky.richtext.facet#link", "uri": "https://hemlund.example/leverans"}
        index = {"byteStart": start, "byteEnd": start + len("https://hemlund.example/leverans")}
        here = dict(self.question)
        return {
            "$type": "app.bsky.feed.post",
            "createdAt": "2026-02-10T11:00:00.000Z",
            "text": WORDS,
            "reply": {"root": here, "parent": here},
            "facets": [
                {
                    "$type": "app.bsky.richtext.facet",
                    "index": {"$type": "app.bsky.richtext.facet#byteSlice", **index},
                    "features": [feature],
                }
            ],
        }

    def refusals_of_answers(self) -> None:
        rec, shop, channel = self.rec, self.shop, self.channel
        long = self.reply(self.question, "a" * 301)
        rec.situation(
            "send_refused",
            "301 characters where 300 are taken.",
            "send",
            lambda: channel.send(long),
            {"error": "ReplyRejected", "says": ["too long"]},
            target={"text": long.text},
        )
        gone = self.anna.mention(shop, "laat maar")
        wait_for(lambda: channel.refresh([gone["uri"]]).mentions)
        self.anna.delete(gone["uri"])
        wait_for(lambda: channel.refresh([gone["uri"]]).gone)
        self.gone = gone["uri"]
        target = {"id": gone["uri"], "thread": gone["uri"]}
        rec.situation(
            "send_gone",
            "The post was deleted; the network would take an answer to it all the same.",
            "send",
            lambda: channel.send(self.reply(gone)),
            {"error": "TargetGone", "posts": 0},
            target=target,
        )
        closed = self.bob.mention(shop, "alleen ik mag antwoorden")
        self.bob.record("app.bsky.feed.threadgate", closed["uri"].rpartition("/")[2], post=closed["uri"], allow=[])
        wait_for(lambda: self.shown(closed)["viewer"].get("replyDisabled"))
        rec.situation(
            "send_closed",
            "The writer lets nobody answer; the network would take an answer and not show it.",
            "send",
            lambda: channel.send(self.reply(closed)),
            {"error": "ReplyRejected", "says": ["limits who may answer"], "posts": 0},
            target={"id": closed["uri"], "thread": closed["uri"]},
        )
        first = self.channel.send(self.reply(self.comment, "deel een"))
        part = self.reply({"uri": first.external_id}, "deel twee")
        with rec.tape() as told:
            channel.send(part)
        made = next(one for one in told if one["path"] == CREATE)["body"]["uri"]
        rec.write(
            "send_part",
            "A further part answers a post of ours that the app view has not seen yet.",
            "send",
            told,
            {"posted": made},
            target={"id": part.target_id, "thread": part.target_id, "text": part.text},
        )
        shop.do("com.atproto.server.deactivateAccount", deleteAfter=iso_now(days=-3))
        rec.situation(
            "send_token_refused",
            "The account was deactivated.",
            "send",
            lambda: channel.send(self.reply(self.question)),
            {
                "error": "AccountDisconnected",
                "posts": 0 if not any(one["path"] == CREATE for one in self._peek(channel)) else 1,
            },
        )
        shop.do("com.atproto.server.activateAccount")

    def _peek(self, channel: Bluesky) -> list[dict[str, Any]]:
        with self.rec.tape() as told, contextlib.suppress(ChannelError):
            channel.send(self.reply(self.question))
        return told

    # --- acting, looking again ------------------------------------------------------------------------

    def acting(self) -> None:
        rec, channel, uri = self.rec, self.channel, self.comment["uri"]
        for action in (Action.LIKE, Action.UNLIKE, Action.HIDE, Action.UNHIDE):
            rec.situation(
                f"act_{action}",
                f"A customer's comment: {action}.",
                "act",
                lambda one=action: channel.act(one, uri),
                {},
                action=action,
                id=uri,
            )
            wanted = action in (Action.LIKE, Action.HIDE)
            if action in (Action.LIKE, Action.UNLIKE):
                wait_for(lambda on=wanted: bool(self.shown(self.comment)["viewer"].get("like")) is on)
        own = self.answer["uri"]
        rec.situation(
            "act_delete",
            "An answer of our own is taken back.",
            "act",
            lambda: channel.act(Action.DELETE, own),
            {},
            action="delete",
            id=own,
        )
        rec.situation(
            "act_gone",
            "The post was deleted.",
            "act",
            lambda: channel.act(Action.LIKE, self.gone),
            {"error": "TargetGone"},
            action="like",
            id=self.gone,
        )
        rec.situation(
            "act_refused",
            "Only answers under our own posts can be hidden.",
            "act",
            lambda: channel.act(Action.HIDE, self.question["uri"]),
            {"error": "ReplyRejected", "says": ["under our own posts"]},
            action="hide",
            id=self.question["uri"],
        )
        rec.situation(
            "act_not_ours",
            "Only our own posts can be deleted.",
            "act",
            lambda: channel.act(Action.DELETE, uri),
            {"error": "ReplyRejected"},
            action="delete",
            id=uri,
        )
        fails = [one for one in self.again if one["path"] != CREATE] + [
            {**next(one for one in self.again if one["path"] == CREATE)}
        ]
        rec.write(
            "act_server_error", "The data server fails.", "act", fails, {"error": "ChannelUnavailable"}, action="like"
        )

    def looking_again(self) -> None:
        rec, channel = self.rec, self.channel
        asked = [self.question["uri"], self.comment["uri"]]
        rec.situation(
            "refresh_posts",
            "Both still stand there.",
            "refresh",
            lambda: channel.refresh(asked),
            {"mentions": [{"external_id": one} for one in asked], "gone": {}},
            ids=asked,
        )
        gone = [self.gone, self.question["uri"]]
        rec.situation(
            "refresh_gone",
            "One was deleted.",
            "refresh",
            lambda: channel.refresh(gone),
            {"mentions": [{"external_id": self.question["uri"]}], "gone": {self.gone: "deleted"}},
            ids=gone,
        )
        at = iso_now(seconds=5)
        same = [self.bob.mention(self.shop, f"tegelijk {number}", at=at) for number in range(3)]
        same += [self.bob.mention(self.shop, f"daarna {number}") for number in range(2)]
        wait_for(lambda: {one["uri"] for one in same} <= {one.external_id for one in self.poll().mentions})
        told: dict[str, Any] = {"source": "mentions", "since": "2026-02-10T10:00:00+00:00", "until": NOW.isoformat()}
        now = datetime.now(UTC)
        gap = Gap(now - timedelta(hours=1), now, "recorded", "mentions")
        with rec.tape() as first:
            filled = channel.backfill(gap, "", Budget(1, 3))
        ids = [{"external_id": one.external_id} for one in filled.mentions]
        assert filled.token
        assert len(ids) == 3
        rec.write(
            "backfill_goes_on",
            "A page of three, and there is more.",
            "backfill",
            first,
            {"mentions": ids, "goes_on": True},
            gap=told,
            max_pages=1,
        )
        with rec.tape() as rest:
            last = channel.backfill(gap, filled.token, Budget(10, 100))
        ids = [{"external_id": one.external_id} for one in last.mentions]
        assert {one["uri"] for one in same} <= {one.external_id for one in (*filled.mentions, *last.mentions)}
        rec.write(
            "backfill_end",
            "The rest of it.",
            "backfill",
            rest,
            {"mentions": ids, "goes_on": False},
            gap=told,
            token=filled.token,
        )
        with rec.tape() as pages:
            found = self.poll(page_size=4).mentions
        assert {one["uri"] for one in same} <= {one.external_id for one in found}
        rec.write(
            "poll_same_moment",
            "Posts of one millisecond on both sides of a page's end: none is passed over.",
            "poll",
            pages,
            {"mentions": [{"external_id": one.external_id} for one in found], "complete": True},
        )

    # --- limits: last, because they last ----------------------------------------------------------------

    def limits(self) -> None:
        rec, shop, channel = self.rec, self.shop, self.channel
        again = rec.channel(self.anna)
        again.health()
        written = {"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.like"}
        subject = {"uri": self.offer["uri"], "cid": self.offer["cid"]}
        with contextlib.suppress(Refused):
            for _ in range(20):
                value = {"$type": "app.bsky.feed.like", "subject": subject, "createdAt": iso_now()}
                self.anna.do(
                    "com.atproto.repo.applyWrites", repo=self.anna.did, writes=[{**written, "value": value}] * 100
                )
        with rec.tape() as told, contextlib.suppress(Refused):
            Person(rec.url, self.anna.did, "", self.anna.token).record("app.bsky.feed.post", text="te veel")
        assert told[-1]["status"] == 429, told[-1]
        throttled = {"error": "ChannelThrottled", "retry_at": "2026-02-10T11:10:00+00:00"}
        rec.write(
            "send_throttled",
            "The account wrote too much this hour.",
            "send",
            [*[one for one in self.sent if one["path"] != CREATE], told[-1]],
            throttled,
        )
        rec.write("act_throttled", "The account wrote too much this hour.", "act", [told[-1]], throttled, action="like")
        with contextlib.suppress(Refused):
            for _ in range(3200):
                shop.ask("com.atproto.server.getSession")
        cursor = self.cursor()
        rec.situation(
            "poll_throttled",
            "The address asked too much in five minutes.",
            "poll",
            lambda: channel.poll(cursor, Budget()),
            throttled,
        )
        rec.situation(
            "refresh_throttled",
            "The address asked too much in five minutes.",
            "refresh",
            lambda: channel.refresh([self.gone]),
            throttled,
            ids=[self.gone],
        )
        gap = Gap(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC), "recorded", "mentions")
        rec.situation(
            "backfill_throttled",
            "The address asked too much in five minutes.",
            "backfill",
            lambda: channel.backfill(gap, "", Budget()),
            throttled,
            gap={"source": "mentions", "since": "2026-02-10T10:00:00+00:00", "until": NOW.isoformat()},
        )
        rec.situation(
            "health_throttled",
            "The address asked too much in five minutes.",
            "health",
            channel.health,
            {"state": "throttled"},
        )

    def account(self) -> None:
        """The account of the samples, with the session and the post answered as they were recorded."""
        rec = self.rec
        with rec.tape() as told:
            rec.channel(self.shop).health()
        signing_in, session = told
        session = {**session, "body": {key: one for key, one in session["body"].items() if key != "didDoc"}}
        signing_in = {**signing_in, "body": {key: one for key, one in signing_in["body"].items() if key != "didDoc"}}
        empty = {"method": "GET", "path": FEED, "status": 200, "body": {"feed": []}}
        with rec.tape() as shown:
            Person(rec.url, "", "", self.shop.token).ask("app.bsky.feed.getPosts", uris=[self.question["uri"]])
        dates = {
            "since": "2026-02-01T00:00:00+00:00",
            "mark": "2026-02-10T10:40:00+00:00",
            "floor": "2026-02-10T10:25:00+00:00",
        }
        missing = self.refused(RECORD, repo=self.shop.did, collection="app.bsky.feed.post", rkey="3jui7kd54zh2z")
        rec.account(
            {
                "external_id": self.shop.did,
                "handle": "hemlund.test",
                "path": "",
                "secrets": {"app_password": "made-up-app-password"},
                "cursor": json.dumps({"mentions": dates}),
                "target": {
                    "id": self.question["uri"],
                    "thread": self.question["uri"],
                    "text": WORDS,
                    "to": self.anna.did,
                },
                "otherwise": [empty, session, missing],
                "before_send": [signing_in, *shown],
                "posting": [f"POST {CREATE}"],
                "never": {
                    "send_duplicate": "A data server answers a record whose name it has with a 500, which counts "
                    "as an unknown outcome (send_again); that it is there is then read back."
                },
                "lengths": [
                    ["Hej! 👋", 6],
                    ["👨‍👩‍👧‍👦 é 🇳🇱", 5],
                    ["https://hemlund.example/leverans", 32],
                    ["नमस्ते", 3],
                ],
            }
        )


def main() -> int:
    """Record everything. Gives 0, or 1 where the box cannot be started."""
    if why := why_not():
        print(why)
        return 1
    SAMPLES.mkdir(parents=True, exist_ok=True)
    with Box() as box:
        Story(Recorder(box)).run()
    print(f"{len(list(SAMPLES.glob('*.json')))} files in {SAMPLES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
