"""Recorded situations: a file says what the network answers and what the channel must make of it.

`samples/<channel>/account.json` holds made-up secrets, a stored cursor, the reply that is sent, and what the network
answers when a situation says nothing else. Every other file is one situation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from stub_network import NOW, Answer, Stub

from webcare.channels import channel_class
from webcare.channels.base import AccountConfig, Budget, Channel
from webcare.domain import Reply

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
    """The account that a channel's samples were made for."""

    external_id: str
    handle: str
    path: str
    secrets: dict[str, str]
    cursor: str
    target: dict[str, str]
    otherwise: list[dict[str, Any]]

    @property
    def reply(self) -> Reply:
        return Reply(self.target["id"], self.target["thread"], self.target["text"])

    def connect(self, channel: str, base: str, *, timeout_s: float = 2.0, **options: Any) -> Channel:
        config = AccountConfig(
            "account", self.external_id, self.handle, base + self.path, timeout_s, options, self.secrets
        )
        return channel_class(channel).connect(config)


def account(channel: str) -> Account:
    return Account(**_json(SAMPLES / channel / "account.json"))


def situations(channel: str) -> list[Situation]:
    files = sorted((SAMPLES / channel).glob("*.json"))
    return [Situation(channel, file.stem, _json(file)) for file in files if file.stem != "account"]


def play(stub: Stub, situation: Situation) -> Channel:
    """Teach the stub the situation and connect the channel to it."""
    known = account(situation.channel)
    told = situation.told["exchanges"]
    taught = {(exchange["method"], exchange["path"]) for exchange in told}
    for exchange in [*told, *(one for one in known.otherwise if (one["method"], one["path"]) not in taught)]:
        stub.on(exchange["method"], known.path + exchange["path"], _answer(exchange))
    return known.connect(situation.channel, stub.url, **situation.told.get("options", {}))


def perform(channel: Channel, situation: Situation) -> Any:
    """Do what the situation is about."""
    known, told = account(situation.channel), situation.told
    match told["do"]:
        case "poll":
            return channel.poll(told.get("cursor", known.cursor), Budget(max_pages=told.get("max_pages", 10)))
        case "first_poll":
            return channel.poll(None, Budget())
        case "send":
            return channel.send(known.reply)
        case "verify":
            return channel.verify_sent(known.reply, since=datetime.fromisoformat(told["since"]))
        case "health":
            return channel.health()
    raise ValueError(f"{situation}: a situation does poll, first_poll, send, verify or health")


def _answer(exchange: dict[str, Any]) -> Answer:
    given = {name: exchange[name] for name in ("status", "body", "text", "headers") if name in exchange}
    plain = Answer(**given)
    return replace(plain, headers={"date": NOW, **plain.headers})


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
