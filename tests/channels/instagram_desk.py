"""An Instagram account of the sandbox, and what people and the desk do there: for the tests beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from webcare.channels.base import AccountConfig, Budget, PollResult, ReplyTarget
from webcare.channels.instagram import Instagram
from webcare.domain import Mention, MentionKind, Reply, ReplyWay
from webcare.sandbox.server import Sandbox

BUDGET = Budget()
US = "17841400000000001"
DIRECT = MentionKind.DIRECT_MESSAGE


def connect_ig(box: Sandbox, external_id: str = US, **options: object) -> Instagram:
    secrets = box.credentials("ig_hemlund")
    return Instagram.connect(AccountConfig("ig_hemlund", external_id, "hemlund", box.graph_base, 2.0, options, secrets))


def texts(result: PollResult) -> list[str]:
    return [mention.text for mention in result.mentions]


def picture(box: Sandbox, text: str = "Nieuwe bank", **more: Any) -> str:
    return box.world.instagram.post(text, author=box.world.instagram.user(US), **more).id


def comment(box: Sandbox, text: str, under: str, author: str = "lies", **more: Any) -> str:
    return box.world.instagram.comment(text, under=under, author=author, **more).id


def named(result: PollResult, text: str) -> Mention:
    return next(one for one in result.mentions if one.text == text)


def target(mention: Mention, **more: Any) -> ReplyTarget:
    ids = (mention.external_id, mention.thread_id, mention.author.external_id)
    return replace(ReplyTarget(*ids, mention.kind, mention.posted_at, raw=mention.raw), **more)


def answer(mention: Mention, text: str = "Dank je!", way: ReplyWay = ReplyWay.PUBLIC) -> Reply:
    kind = DIRECT if mention.kind is DIRECT else MentionKind.REPLY
    return Reply(mention.external_id, mention.thread_id, text, kind, way=way, to_id=mention.author.external_id)
