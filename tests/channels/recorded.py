"""Recorded situations: a file says what the network answers and what the channel must make of it.

`samples/<channel>/account.json` holds made-up secrets, a stored cursor, the reply that is sent, and what the network
answers when a situation says nothing else. Every other file is one situation. A further network is only a further
folder: what differs between networks stands in its `account.json` (see `Account`), not in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from stub_network import NOW, Answer, Heard, Stub

from webcare.channels import channel_class
from webcare.channels.base import AccountConfig, Action, Budget, Channel, Gap
from webcare.domain import MentionKind, Reply, ReplyWay

SAMPLES = Path(__file__).with_name("samples")


@dataclass(frozen=True)
class Situation:
    """One file."""

    channel: str
    name: str
    told: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.channel}-{self.name}"


@dataclass(frozen=True)
class Account:
    """The account that a channel's samples were made for, and in what its network differs from others."""

    external_id: str
    handle: str
    path: str
    secrets: dict[str, str]
    cursor: str
    target: dict[str, Any]  #: the post answered: id, thread, text; where needed also to, kind, raw
    otherwise: list[dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)
    #: Which requests write the post, as "POST /path" (a * at its end stands for anything); empty: every POST.
    posting: list[str] = field(default_factory=list)
    #: What is asked before the post is written (a sign-in, the post answered), and how that is answered.
    before_send: list[dict[str, Any]] = field(default_factory=list)
    #: Required situations that cannot come about on this network: why.
    never: dict[str, str] = field(default_factory=dict)
    #: Texts and how long the network says they are.
    lengths: list[tuple[str, int]] = field(default_factory=list)

    @property
    def reply(self) -> Reply:
        return Reply(
            self.target["id"], self.target["thread"], self.target["text"], to_id=str(self.target.get("to", ""))
        )

    @property
    def private_reply(self) -> Reply:
        inside = self.kind is MentionKind.DIRECT_MESSAGE
        return replace(self.reply, way=ReplyWay.PRIVATE, kind=self.kind if inside else MentionKind.REPLY)

    @property
    def kind(self) -> MentionKind:
        """What sort of post the target is."""
        return MentionKind(self.target.get("kind", "mention"))

    def connect(self, channel: str, base: str, *, timeout_s: float = 15.0, **options: Any) -> Channel:
        options = {**self.options, **options}
        config = AccountConfig(
            "account", self.external_id, self.handle, base + self.path, timeout_s, options, self.secrets
        )
        return channel_class(channel).connect(config)

    def answer_before_send(self, stub: Stub) -> None:
        """Let everything that comes before a post go well, so that only the post itself meets what is tested."""
        self.teach(stub, self.before_send)

    def teach(self, stub: Stub, exchanges: Iterable[dict[str, Any]]) -> None:
        for exchange in exchanges:
            stub.on(exchange["method"], self.path + exchange["path"], _answer(exchange), when=exchange.get("when"))

    def posted(self, heard: Iterable[Heard]) -> list[Heard]:
        """Those requests that wrote a post."""
        return [one for one in heard if self._posts(one)]

    def _posts(self, heard: Heard) -> bool:
        asked = f"{heard.method} {heard.path.removeprefix(self.path)}"
        if not self.posting:
            return heard.method == "POST"
        return any(asked.startswith(one[:-1]) if one.endswith("*") else asked == one for one in self.posting)


def account(channel: str) -> Account:
    return Account(**_json(SAMPLES / channel / "account.json"))


def situations(channel: str) -> list[Situation]:
    files = sorted((SAMPLES / channel).glob("*.json"))
    return [Situation(channel, file.stem, _json(file)) for file in files if file.stem != "account"]


def play(stub: Stub, situation: Situation) -> Channel:
    """Teach the stub the situation and connect the channel to it."""
    known = account(situation.channel)
    told = situation.told["exchanges"]
    for more in (known.otherwise, known.before_send):
        taught = {(exchange["method"], exchange["path"]) for exchange in told}
        told = [*told, *(one for one in more if (one["method"], one["path"]) not in taught)]
    known.teach(stub, told)
    return known.connect(situation.channel, stub.url, **situation.told.get("options", {}))


def perform(channel: Any, situation: Situation) -> Any:
    """Do what the situation is about. `channel` is a Channel, with what its capabilities say it can do besides."""
    known, told = account(situation.channel), situation.told
    known = replace(known, target={**known.target, **told.get("target", {})})
    reply = known.private_reply if told.get("way") == "private" else known.reply
    budget = Budget(max_pages=told.get("max_pages", 10))
    match told["do"]:
        case "poll":
            return channel.poll(told.get("cursor", known.cursor), budget)
        case "first_poll":
            return channel.poll(None, budget)
        case "send":
            return channel.send(reply)
        case "verify":
            return channel.verify_sent(reply, since=datetime.fromisoformat(told["since"]))
        case "health":
            return channel.health()
        case "act":
            return channel.act(Action(told["action"]), told.get("id", known.target["id"]))
        case "refresh":
            return channel.refresh(told["ids"])
        case "backfill":
            return channel.backfill(_gap(told["gap"]), told.get("token", ""), budget)
    raise ValueError(f"{situation}: a situation does poll, first_poll, send, verify, health, act, refresh or backfill")


def _gap(told: dict[str, str]) -> Gap:
    since, until = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
    return Gap(since, until, told.get("reason", "recorded"), told.get("source", ""))


def _answer(exchange: dict[str, Any]) -> Answer:
    given = {name: exchange[name] for name in ("status", "body", "text", "headers") if name in exchange}
    plain = Answer(**given)
    return replace(plain, headers={"date": NOW, **plain.headers})


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
