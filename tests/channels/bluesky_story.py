"""What happens to one shop in the box while its posts are read, told in situations; record_bluesky.py goes on."""

from __future__ import annotations

import contextlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from bluesky_box import Person, Refused, iso_now, wait_for
from bluesky_recorder import FEED, HTML, LIST, POSTS, WORDS, Recorder, faulty, link, picture

from webcare.channels.base import Budget
from webcare.domain import Reply


class Reading:
    """What happens to one shop in the box, told in situations."""

    def __init__(self, recorder: Recorder) -> None:
        self.rec = recorder
        self.shop, self.anna, self.bob = (recorder.person(name) for name in ("hemlund", "annabakker", "bobdevries"))
        self.channel = recorder.channel(self.shop)
        self.channel.health()

    def cursor(self) -> str:
        at = datetime.now(UTC)
        dates = {
            "since": at - timedelta(days=1),
            "mark": at - timedelta(minutes=20),
            "floor": at - timedelta(minutes=35),
        }
        return json.dumps({"mentions": {name: date.isoformat() for name, date in dates.items()}})

    def poll(self, **how: Any) -> Any:
        return self.channel.poll(self.cursor(), Budget(**how))

    def reply(self, target: dict[str, str], text: str = WORDS) -> Reply:
        return Reply(target["uri"], target["uri"], text)

    # --- reading --------------------------------------------------------------------------------------

    def reading(self) -> None:
        rec = self.rec
        rec.situation(
            "first_start",
            "A desk that begins: it asks who it is, and answers nothing old.",
            "first_poll",
            lambda: self.channel.poll(None, Budget()),
            {"mentions": [], "complete": True},
        )
        empty = rec.situation("poll_empty", "Nobody said anything.", "poll", self.poll, {"mentions": [], "bad": 0})
        self.refusals_of_reading(empty)
        self.posts()

    def refusals_of_reading(self, empty: list[dict[str, Any]]) -> None:
        rec, refused = self.rec, self.refused
        rec.write(
            "poll_error_only",
            "The request is refused as a whole.",
            "poll",
            [refused(LIST, limit=1000)],
            {"error": "ChannelProtocolError", "says": ["maximum 100"]},
        )
        rec.write(
            "poll_server_error",
            "The app view is not well: the answer to a broken cursor.",
            "poll",
            [refused(LIST, cursor="nonsense")],
            {"error": "ChannelUnavailable"},
        )
        rec.write(
            "poll_html",
            "A page for people where a list was asked for (the recording with that put in).",
            "poll",
            faulty(empty, LIST, **HTML),
            {"error": "ChannelProtocolError"},
        )
        rec.write(
            "poll_unexpected_json",
            "An answer without its list (the recording with that put in).",
            "poll",
            faulty(empty, LIST, status=200, body={"seenAt": iso_now()}),
            {"error": "ChannelProtocolError"},
        )
        wrong = rec.channel(self.shop, "wrong-app-password")
        rec.situation(
            "poll_token_refused",
            "The app password was withdrawn.",
            "poll",
            lambda: wrong.poll(self.cursor(), Budget()),
            {"error": "AccountDisconnected", "says": ["app password", "WEBCARE_SECRET_ACCOUNT_APP_PASSWORD"]},
        )
        rec.situation(
            "health_token_refused",
            "The app password was withdrawn.",
            "health",
            wrong.health,
            {"state": "disconnected", "says": ["app password"]},
        )
        rec.situation(
            "health_ok",
            "Everything is well.",
            "health",
            self.channel.health,
            {"state": "ok", "external_id": self.shop.did, "says": ["@hemlund.test"]},
        )

    def refused(self, path: str, **params: Any) -> dict[str, Any]:
        """What the network says to this read of the shop's."""
        asking = Person(self.rec.url, self.shop.did, "", self.shop.token)
        with self.rec.tape() as told, contextlib.suppress(Refused):
            asking.ask(path.removeprefix("/xrpc/"), **params)
        assert told[-1]["status"] >= 400, told
        return told[-1]

    def posts(self) -> None:
        """A mention with a link and a picture, an answer to ours, a quote, our own posts."""
        shop, anna, bob = self.shop, self.anna, self.bob
        self.offer = shop.post("Nieuw: de Ekeby kast. Vragen? Wij zijn er.", langs=["nl"])
        name, shown, uri = f"@{shop.handle}", "hemlund.example/order/4…", "https://hemlund.example/order/4711?a=1&b=2"
        text = f"{name} waar blijft mijn kast? {shown} 😡"
        who = {
            "index": {"byteStart": 0, "byteEnd": len(name)},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": shop.did}],
        }
        blob = anna.upload(picture(), "image/png")
        embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "een scheve kast", "image": blob}]}
        self.question = anna.post(text, facets=[who, link(text, shown, uri)], embed=embed, langs=["nl"])
        self.comment = bob.reply(self.offer, "Finns den i björk?", langs=["sv-SE"])
        card = {
            "$type": "app.bsky.embed.external",
            "external": {"uri": "https://blog.example/kast", "title": "Kast", "description": "Test"},
        }
        quote = {
            "$type": "app.bsky.embed.recordWithMedia",
            "media": card,
            "record": {"$type": "app.bsky.embed.record", "record": self.offer},
        }
        self.quote = anna.post("Deze dus, niet kopen", embed=quote)
        self.answer = shop.reply(self.comment, "Ja, det gör den.", root=self.offer)
        order = [self.offer, self.question, self.comment, self.quote, self.answer]
        wait_for(lambda: len(self.poll().mentions) == len(order))
        expected = [{"external_id": one["uri"]} for one in order]
        expected[0] |= {"is_ours": True, "kind": "mention", "lang": "nl"}
        expected[1] |= {
            "text": f"{name} waar blijft mijn kast? {uri} 😡",
            "kind": "mention",
            "lang": "nl",
            "is_ours": False,
            "author.handle": "annabakker.test",
            "author.external_id": anna.did,
            "thread_id": self.question["uri"],
            "media": [["photo", self.shown(self.question)["embed"]["images"][0]["fullsize"]]],
            "url": "https://bsky.app/profile/" + self.question["uri"][5:].replace("app.bsky.feed.post", "post"),
        }
        expected[2] |= {"thread_id": self.offer["uri"], "parent_id": self.offer["uri"], "kind": "reply", "lang": "sv"}
        offer_url = "https://bsky.app/profile/" + self.offer["uri"][5:].replace("app.bsky.feed.post", "post")
        expected[3] |= {"media": [["post", offer_url], ["link", "https://blog.example/kast"]], "parent_id": None}
        expected[4] |= {"thread_id": self.offer["uri"], "parent_id": self.comment["uri"], "is_ours": True}
        told = self.rec.situation(
            "poll_posts",
            "A question with a link and a picture, an answer to ours, a quote, and our own posts.",
            "poll",
            self.poll,
            {"mentions": expected, "bad": 0, "complete": True},
        )
        self.bad_posts(told)
        self.hostile_texts()

    def shown(self, post: dict[str, str]) -> dict[str, Any]:
        return self.shop.ask("app.bsky.feed.getPosts", uris=[post["uri"]])["posts"][0]

    def bad_posts(self, told: list[dict[str, Any]]) -> None:
        """The recording with half of its posts broken, one in each way."""
        told = deepcopy(told)
        posts = next(one for one in told if one["path"] == LIST)["body"]["notifications"]
        good = next(one for one in posts if one["uri"] == self.comment["uri"])
        broken: list[Any] = [deepcopy(good) for _ in range(4)]
        for number, one in enumerate(broken):
            one["uri"] = f"{good['uri'][:-2]}{number}z"
        del broken[0]["record"]["text"], broken[1]["author"], broken[2]["indexedAt"]
        broken[3]["record"] = "text"
        told = faulty(told, LIST, status=200, body={"notifications": [*broken, 7, None, good]})
        told = faulty(told, FEED, status=200, body={"feed": [{"post": "?"}, "nothing"]})
        self.rec.write(
            "poll_bad_posts",
            "One good post between posts that cannot be read (put into the recording).",
            "poll",
            told,
            {"mentions": [{"external_id": good["uri"]}], "bad": 8},
        )

    def hostile_texts(self) -> None:
        """Texts that are meant to break something; the network keeps all but the empty character and half ones."""
        text = "<script>alert(1)</script> \u202egnitset\u202c ' OR 1=1 -- {{7*7}} [x](javascript:x) "
        text += "e\u0301 \U0001f469\u200d\U0001f680"
        post = self.anna.mention(self.shop, text, langs=["xx-long-nonsense", "no"])
        far = {
            "index": {"byteStart": 5, "byteEnd": 99_999},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "javascript:x"}],
        }
        odd = self.bob.mention(self.shop, "links that point nowhere")
        odd = self.bob.reply(odd, "@hemlund.test", facets=[far])
        wait_for(lambda: post["uri"] in [one.external_id for one in self.poll().mentions])
        with self.rec.tape() as told:
            self.poll()
        told = [one for one in told if one["path"] != FEED]
        listed = next(one for one in told if one["path"] == LIST)["body"]["notifications"]
        next(one for one in listed if one["uri"] == post["uri"])["author"]["displayName"] = "A\u0000B\ud800"
        shown = next(one for one in told if one["path"] == POSTS)["body"]["posts"]
        for one in shown:
            if one["uri"] == post["uri"]:
                one["author"]["displayName"] = "A\u0000B\ud800"
                one["record"]["text"] = "\u0000" + one["record"]["text"]
        wanted = [{"external_id": post["uri"], "text": f"@{self.shop.handle} {text}", "author.name": "AB"}]
        keep = lambda one: one["uri"] == post["uri"]  # noqa: E731
        for one in told:
            for name in ("notifications", "posts"):
                if name in one.get("body", {}):
                    one["body"][name] = [each for each in one["body"][name] if keep(each)]
        self.rec.write(
            "poll_hostile_texts",
            "Texts that are meant to break something (the empty character and half a "
            "character are put into the recording).",
            "poll",
            told,
            {"mentions": wanted, "bad": 0},
        )
