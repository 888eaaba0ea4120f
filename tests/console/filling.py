"""A desk as it looks on a working morning, filled through the real services with the demo's own stories."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pwdlib import PasswordHash
from sqlmodel import select

from webcare import cases
from webcare.channels.base import Budget
from webcare.domain import Actor, Author, Line, Mention, MentionKind, Role, Sentiment, Topic, Triage, Urgency
from webcare.ingest import poll_account
from webcare.store import Store
from webcare.store.tables import AccountRow, AgentRow, CaseRow, MentionRow, SignInRow, ThreadRow
from webcare.testing import Desk, FakeChannel, make_desk, make_mention

STORIES = Path(__file__).parents[2] / "webcare" / "sandbox" / "stories"
PASSWORD = "kom-binnen-hemlund"
NAMES = {
    Role.FIRST_LINE: ("noor", "Noor Smeets"),
    Role.SECOND_LINE: ("elin", "Elin Sandberg"),
    Role.TEAM_LEAD: ("bram", "Bram de Wit"),
    Role.MANAGER: ("ingrid", "Ingrid Moe"),
    Role.ADMIN: ("jonas", "Jonas Holm"),
}


#: What any customer may be told, by language; the guard reads these too.
ANSWERS = {
    "nl": "Wat vervelend. We zoeken het uit met het magazijn en laten het je hier weten. ^NS",
    "en": "Sorry about that. We asked the warehouse and write to you here as soon as they answer. ^NS",
    "sv": "Vad tråkigt. Vi har frågat lagret och skriver till dig här så snart de svarar. ^NS",
    "nb": "Så kjedelig. Vi har spurt lageret og skriver til deg her så snart de svarer. ^NS",
    "da": "Det er vi kede af. Vi har spurgt lageret og skriver til dig her, så snart de svarer. ^NS",
    "de": "Das tut uns leid. Wir haben im Lager nachgefragt und schreiben dir hier, sobald wir mehr wissen. ^NS",
}


class Facebook(FakeChannel):
    """The same stand-in under the other network's name."""

    name = "facebook"
    title = "Facebook"


def small_desk(store: Store) -> Desk:
    """An empty desk whose clock shows the real time, so that the console's own clock agrees with it."""
    desk = make_desk(store)
    desk.now = datetime.now(UTC)
    with store.write() as session:
        for row in session.exec(select(AgentRow)):
            row.username, row.name = NAMES[Role(row.role)]
            row.password_hash = password_hash()
        for row in session.exec(select(AccountRow)):
            row.last_polled_at = row.last_success_at = desk.now
    desk.people = {role: Actor(actor.id, NAMES[role][1], role) for role, actor in desk.people.items()}
    return desk


def token_for(desk: Desk, role: Role) -> str:
    """A signed-in browser's token, without the third of a second a password check takes."""
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    with desk.store.write() as session:
        session.add(
            SignInRow(
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                agent_id=desk.people[role].id,
                created_at=now,
                expires_at=now + timedelta(hours=12),
            )
        )
    return token


@cache
def password_hash() -> str:
    """The one password of all test people, hashed once."""
    return PasswordHash.recommended().hash(PASSWORD)


def busy_desk(store: Store) -> Desk:
    """Some eighty posts of the stories, labelled as their labels say, a few hours of work done on them."""
    desk = small_desk(store)
    moment = desk.now
    labels = {row["id"]: row for row in _rows("labels")}
    by_text: dict[str, Triage] = {}
    posts = []
    for index, story in enumerate(_some_stories()):
        posted_at = moment - timedelta(minutes=2.7 * index + 1)
        by_text[story["text"]] = _triage(story["lang"], labels[story["id"]])
        posts.append(_mention(story, posted_at))
    desk.classifier = type(desk.classifier)(lambda text: by_text[text])
    _collect(desk, [post for post in posts if post.channel == "x"], FakeChannel(clock=desk.clock), "x_hemlund")
    with store.write() as session:
        session.add(
            AccountRow(
                key="fb_hemlund",
                channel="facebook",
                external_id="1100000001",
                name="Hemlund",
                last_polled_at=moment,
                last_success_at=moment,
            )
        )
    _collect(desk, [post for post in posts if post.channel == "facebook"], Facebook(clock=desk.clock), "fb_hemlund")
    _work(desk)
    return desk


def write_again(desk: Desk, case_id: int, text: str) -> None:
    """The customer of a case writes once more in its thread."""
    with desk.store.read() as session:
        row = session.exec(select(MentionRow).where(MentionRow.case_id == case_id)).first()
        thread = session.get_one(ThreadRow, row.thread_id).external_id
    author = replace(make_mention().author, external_id=row.author_external_id)
    desk.receive(make_mention(text, thread_id=thread, author=author, posted_at=desk.later(seconds=30)))


def _some_stories() -> list[dict[str, Any]]:
    languages = [
        [row for row in _rows(lang) if row["kind"] != "comment"][:16] for lang in ("nl", "sv", "en", "nb", "da", "de")
    ]
    return [story for round_ in zip(*languages, strict=False) for story in round_]


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (STORIES / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def _mention(story: dict[str, Any], posted_at: datetime) -> Mention:
    author = story["author"]
    return Mention(
        channel=story["network"],
        external_id=story["id"],
        thread_id=story["id"],
        author=Author(f"c-{story['id']}", author.get("name", ""), author.get("handle", "")),
        text=story["text"],
        posted_at=posted_at,
        kind=MentionKind(story["kind"]),
        url=f"https://example.org/{story['id']}",
    )


def _triage(language: str, label: dict[str, Any]) -> Triage:
    sure = 0.55 + int(hashlib.sha256(label["id"].encode()).hexdigest()[:2], 16) / 600
    return Triage(
        language=language,
        sentiment=Sentiment(label["sentiment"]),
        urgency=Urgency(label["urgency"]),
        topic=Topic(label["topic"]),
        needs_reply=label["needs_reply"],
        line=Line(label["route"]),
        confidence={
            "language": 0.99,
            "sentiment": round(sure, 2),
            "urgency": round(sure - 0.1, 2),
            "topic": round(sure - 0.04, 2),
            "needs_reply": round(min(sure + 0.05, 1), 2),
            "route": round(sure - 0.2, 2),
        },
        model_version="triage-2026.11",
        words=(("wacht", 1.2), ("weken", 0.8), ("terug", 0.6)),
    )


def _collect(desk: Desk, posts: list[Mention], channel: FakeChannel, key: str) -> None:
    channel.inbox.extend(sorted(posts, key=lambda post: post.posted_at))
    poll_account(
        desk.store,
        channel,
        desk.classifier,
        desk.settings.routing,
        account_key=key,
        now=desk.now,
        budget=Budget(),
        unsorted_below=desk.settings.triage.unsorted_below,
    )


def _work(desk: Desk) -> None:
    """Some replies, notes, questions and closed cases, so that every page has something to show."""
    with desk.store.read() as session:
        found = list(session.exec(select(CaseRow).where(CaseRow.channel == "x").order_by(CaseRow.id)))
    for number, case in enumerate(found):
        assert case.id is not None
        if number % 4 == 1:
            with desk.store.write() as session:
                cases.claim(session, case.id, by=desk.people[Role.TEAM_LEAD], now=desk.now)
        if number % 5 == 2:
            desk.reply(case.id, ANSWERS.get(case.language, ANSWERS["en"]))
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    desk.deliver()
    desk.now = datetime.now(UTC)
    for case in found[7:9]:
        assert case.id is not None
        with desk.store.write() as session:
            cases.hand_over(session, case.id, question="Is the spare part in stock?", by=desk.first, now=desk.now)
