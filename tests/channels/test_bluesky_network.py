"""The Bluesky channel against the real network in a box: data server and app view of its makers, on this machine.

Opt-in because of its size (480 MB from npm): docs/bluesky.md says how to make the folder and how to run this.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import bluesky_recorder
import pytest
import recorded
from bluesky_box import Box, Person, Refused, iso_now, wait_for, why_not
from bluesky_recorder import Proxy
from checking import check_error, check_result
from record_bluesky import Story
from stub_network import Stub, reset

from webcare.channels.base import AccountConfig, Action, Budget, Gap, GoneReason, HealthState, ReplyTarget
from webcare.channels.bluesky import Bluesky
from webcare.domain import Mention, MentionKind, Reply
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelThrottled,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)

pytestmark = [
    pytest.mark.bluesky_network,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs here"),
]
GATE = "app.bsky.feed.threadgate"
_numbers = count(1)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with Box() as running:
        yield running


@pytest.fixture
def anna(box: Box) -> Person:
    return box.person(f"anna{next(_numbers)}")


@pytest.fixture
def shop(box: Box) -> Person:
    """The shop, with an app password of its own, as an operator makes one."""
    person = box.person(f"hemlund{next(_numbers)}")
    person.app_password = person.do("com.atproto.server.createAppPassword", name="webcare")["password"]
    return person


def connect(shop: Person, url: str = "", **options: Any) -> Bluesky:
    config = AccountConfig(
        "account", shop.did, shop.handle, url or shop.url, 20.0, options, {"app_password": shop.app_password}
    )
    return Bluesky.connect(config)


@pytest.fixture
def desk(shop: Person) -> Bluesky:
    return connect(shop)


def started(desk: Bluesky) -> str:
    return desk.poll(None, Budget()).cursor


def drain(desk: Bluesky, cursor: str, budget: Budget | None = None) -> tuple[dict[str, Mention], str]:
    """Poll until the list is read to its end."""
    found: dict[str, Mention] = {}
    while True:
        result = desk.poll(cursor, budget or Budget())
        assert not result.bad
        assert not result.gaps
        found |= {one.external_id: one for one in result.mentions}
        cursor = result.cursor
        if result.complete:
            return found, cursor


def seen(desk: Bluesky, cursor: str, *posts: dict[str, str]) -> dict[str, Mention]:
    """Poll until these posts have come."""
    wanted = {one["uri"] for one in posts}
    return wait_for(lambda: found if wanted <= set(found := drain(desk, cursor)[0]) else None)


def answer(post: dict[str, str], text: str = "Hej, vi kollar!", **more: Any) -> Reply:
    return Reply(post["uri"], post["uri"], text, **more)


def written(shop: Person) -> list[str]:
    """The texts in the shop's own records."""
    records = shop.ask("com.atproto.repo.listRecords", repo=shop.did, collection="app.bsky.feed.post", limit=100)
    return [one["value"]["text"] for one in records["records"]]


# --- the shared contract ---------------------------------------------------------------------------------


def test_the_shared_contract_holds_for_what_the_network_says_now(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every situation is lived through anew, and the contract is held against what was said."""
    monkeypatch.setattr(bluesky_recorder, "SAMPLES", tmp_path / "bluesky")
    (tmp_path / "bluesky").mkdir()
    kept = {one.name: one for one in recorded.situations("bluesky")}
    # The last part uses up the limits of this address, which the other tests need.
    Story(bluesky_recorder.Recorder(box)).run(limits=False)
    monkeypatch.setattr(recorded, "SAMPLES", tmp_path)
    fresh = recorded.situations("bluesky")
    assert len(fresh) >= 40
    for situation in fresh:
        assert _answers(situation) == _answers(kept[situation.name]), situation
        assert set(situation.told["expect"]) == set(kept[situation.name].told["expect"]), situation
        expected = situation.told["expect"]
        with Stub() as stub:
            channel = recorded.play(stub, situation)
            try:
                check_result(recorded.perform(channel, situation), expected, "bluesky")
                assert "error" not in expected, situation
            except ChannelError as error:
                check_error(error, expected)


def _answers(situation: Any) -> set[tuple[str, str, int]]:
    """What was asked, and what kind of answer came."""
    return {(one["method"], one["path"], one["status"]) for one in situation.told["exchanges"]}


# --- reading ---------------------------------------------------------------------------------------------


def test_the_first_start_gives_nothing_old_and_then_only_what_is_new(shop: Person, anna: Person, desk: Bluesky) -> None:
    anna.mention(shop, "from before", at=iso_now(hours=1))
    cursor = started(desk)
    new = anna.mention(shop, "waar blijft mijn kast?")
    found = seen(desk, cursor, new)
    assert [one.text for one in found.values()] == [f"@{shop.handle} waar blijft mijn kast?"]
    assert json.loads(cursor)["mentions"]["since"]


def test_a_flood_larger_than_the_budget_comes_over_several_polls_without_a_loss(
    shop: Person, anna: Person, desk: Bluesky
) -> None:
    cursor = started(desk)
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": shop.did}
    who = [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [feature]}]
    create = {"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.post"}
    # Three to a millisecond, so that pages end between posts of the same moment.
    at = [iso_now(milliseconds=-(number // 3)) for number in range(90)]
    post = {"$type": "app.bsky.feed.post", "facets": who}
    values = [post | {"text": f"shop {number}", "createdAt": moment} for number, moment in enumerate(at)]
    anna.do("com.atproto.repo.applyWrites", repo=anna.did, writes=[{**create, "value": one} for one in values])
    wait_for(lambda: len(drain(desk, cursor)[0]) == 90)
    found, _ = drain(desk, cursor, Budget(max_pages=2, page_size=10))
    assert {one.text for one in found.values()} == {f"shop {n}" for n in range(90)}


def test_a_post_dated_before_the_mark_is_seen_although_it_comes_late(shop: Person, anna: Person) -> None:
    desk = connect(shop, backfill_min=60)
    cursor = desk.poll(None, Budget()).cursor
    first = anna.mention(shop, "op tijd")
    _, after = drain(desk, cursor) if seen(desk, cursor, first) else ({}, "")
    late = anna.mention(shop, "uit de trein", at=iso_now(minutes=10))
    assert seen(desk, after, late)[late["uri"]].posted_at < datetime.now(UTC) - timedelta(minutes=9)


def test_a_backfill_brings_a_stretch_again(shop: Person, anna: Person, desk: Bluesky) -> None:
    posts = [anna.mention(shop, f"uur {n}", at=iso_now(hours=n)) for n in range(6)]
    wait_for(lambda: len(shop.ask("app.bsky.notification.listNotifications")["notifications"]) == 6)
    now = datetime.now(UTC)
    gap = Gap(now - timedelta(hours=4.5), now - timedelta(hours=1.5), "test", "mentions")
    found, token = [], ""
    while True:
        filled = desk.backfill(gap, token, Budget(max_pages=1, page_size=2))
        found += [one.external_id for one in filled.mentions]
        if not (token := filled.token):
            break
    assert list(dict.fromkeys(found)) == [one["uri"] for one in posts[2:5]]


def test_threads_kinds_and_answers_given_elsewhere_are_told(shop: Person, anna: Person, desk: Bluesky) -> None:
    cursor = started(desk)
    offer = shop.post("Nieuw: de Ekeby kast")
    comment = anna.reply(offer, "Finns den i björk?")
    ours = shop.reply(comment, "Ja.", root=offer)
    again = anna.reply(ours, "Tack!", root=offer)
    found = seen(desk, cursor, offer, comment, ours, again)
    assert {one.thread_id for one in found.values()} == {offer["uri"]}
    told = {one.text: (one.kind, one.parent_id, one.is_ours) for one in found.values()}
    assert told["Ja."] == (MentionKind.REPLY, comment["uri"], True)
    assert told["Tack!"] == (MentionKind.REPLY, ours["uri"], False)
    assert told["Nieuw: de Ekeby kast"] == (MentionKind.MENTION, None, True)


def test_what_is_deleted_is_listed_no_more_and_gone_when_looked_up(shop: Person, anna: Person, desk: Bluesky) -> None:
    cursor = started(desk)
    post, stays = anna.mention(shop, "laat maar"), anna.mention(shop, "deze blijft")
    seen(desk, cursor, post, stays)
    anna.delete(post["uri"])
    refreshed = wait_for(lambda: one if (one := desk.refresh([post["uri"], stays["uri"]])).gone else None)
    assert refreshed.gone == {post["uri"]: GoneReason.DELETED}
    assert [one.external_id for one in refreshed.mentions] == [stays["uri"]]
    wait_for(lambda: post["uri"] not in drain(desk, cursor)[0])


def test_a_new_name_of_a_writer_is_seen_and_a_closed_account_shows_nothing(
    box: Box, shop: Person, anna: Person, desk: Bluesky
) -> None:
    post = anna.mention(shop, "hej")
    anna.do("com.atproto.identity.updateHandle", handle=f"renamed-{anna.handle}")
    wait_for(lambda: desk.refresh([post["uri"]]).mentions[0].author.handle == f"renamed-{anna.handle}")
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": anna.did}
    box.admin("com.atproto.admin.updateSubjectStatus", subject=subject, takedown={"applied": True, "ref": "1"})
    gone = wait_for(lambda: desk.refresh([post["uri"]]).gone)
    assert set(gone) == {post["uri"]}


def test_searches_find_what_names_nobody(shop: Person, anna: Person) -> None:
    word = f"ekeby{next(_numbers)}"
    desk = connect(shop, listen=[word])
    cursor = started(desk)
    post = anna.post(f"mijn {word} is stuk")
    assert seen(desk, cursor, post)[post["uri"]].text == f"mijn {word} is stuk"


# --- answering -------------------------------------------------------------------------------------------


def test_an_answer_reaches_its_reader_in_the_thread_with_its_links(shop: Person, anna: Person, desk: Bluesky) -> None:
    first = anna.mention(shop, "help")
    second = anna.reply(first, "nogmaals", root=first)
    text = f"Hej @{anna.handle}! Se https://hemlund.example/help #kast 👍"
    posted = desk.send(Reply(second["uri"], first["uri"], text))
    asked = lambda: anna.ask("app.bsky.notification.listNotifications")["notifications"]  # noqa: E731
    told = wait_for(lambda: [one for one in asked() if one["uri"] == posted.external_id])[0]
    assert told["reason"] in ("reply", "mention")
    record = told["record"]
    assert (record["reply"]["root"], record["reply"]["parent"]) == (first, second)
    cut = [text.encode()[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode() for one in record["facets"]]
    assert cut == [f"@{anna.handle}", "https://hemlund.example/help", "#kast"]
    assert desk.verify_sent(Reply(second["uri"], first["uri"], text), since=posted.posted_at) == (posted,)


def test_the_same_answer_is_posted_once_however_often_and_by_however_many_it_is_sent(
    shop: Person, anna: Person, desk: Bluesky
) -> None:
    post = anna.mention(shop, "help")
    reply = answer(post)
    desks = [desk, connect(shop), connect(shop), connect(shop)]

    def send(one: Bluesky) -> str:
        try:
            return one.send(reply).external_id
        except OutcomeUnknown:
            return ""

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(send, desks * 3))
    assert len([one for one in sent if one]) == 1
    assert written(shop) == [reply.text]
    found = desk.verify_sent(reply, since=datetime.now(UTC) - timedelta(minutes=1))
    assert [one.external_id for one in found] == [one for one in sent if one]


def test_an_answer_whose_proof_was_lost_is_found_and_one_that_never_left_is_not(shop: Person, anna: Person) -> None:
    post, since = anna.mention(shop, "help"), datetime.now(UTC)
    with cutting(shop.url) as url:
        desk = connect(shop, url)
        with pytest.raises(OutcomeUnknown):
            desk.send(answer(post))
        (found,) = desk.verify_sent(answer(post), since=since)
        assert not desk.verify_sent(answer(post, "something else"), since=since)
    assert written(shop) == [answer(post).text]
    assert found.external_id.startswith(f"at://{shop.did}/")


@contextlib.contextmanager
def cutting(target: str) -> Iterator[str]:
    """The way to the box, cut after a record was written and before that is told."""

    class Cutter(Proxy):
        said: list[dict[str, Any]] = []  # noqa: RUF012

        def send_response(self, code: int, message: str | None = None) -> None:
            if self.path.endswith("createRecord"):
                reset(self)
                raise ConnectionResetError
            super().send_response(code, message)

        def handle(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().handle()

    Cutter.target = target
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cutter)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_several_parts_follow_each_other_without_waiting_for_the_app_view(
    shop: Person, anna: Person, desk: Bluesky
) -> None:
    post, target = anna.mention(shop, "help"), ""
    for number in range(desk.capabilities.parts):
        target = desk.send(Reply(target or post["uri"], post["uri"], f"deel {number}")).external_id
    thread = lambda: shop.ask("app.bsky.feed.getPostThread", uri=target)["thread"]  # noqa: E731
    found = wait_for(lambda: one if (one := _try(thread)) and one.get("parent") else None)
    assert found["post"]["record"]["reply"]["root"] == post
    assert found["parent"]["post"]["record"]["text"] == f"deel {desk.capabilities.parts - 2}"


def _try(ask: Any) -> Any:
    try:
        return ask()
    except Refused:
        return None


def test_nothing_is_posted_where_nobody_would_see_it(shop: Person, anna: Person, box: Box, desk: Bluesky) -> None:
    gone = anna.mention(shop, "weg")
    anna.delete(gone["uri"])
    wait_for(lambda: desk.refresh([gone["uri"]]).gone)
    with pytest.raises(TargetGone):
        desk.send(answer(gone))
    closed = anna.mention(shop, "gesloten")
    anna.record(GATE, closed["uri"].rpartition("/")[2], post=closed["uri"], allow=[])
    wait_for(lambda: not _allowed(desk, closed))
    with pytest.raises(ReplyRejected, match="limits who may answer"):
        desk.send(answer(closed))
    angry = box.person(f"angry{next(_numbers)}")
    post = angry.mention(shop, "nooit meer")
    angry.record("app.bsky.graph.block", subject=shop.did)
    wait_for(lambda: not shop.ask("app.bsky.feed.getPosts", uris=[post["uri"]])["posts"])
    with pytest.raises(TargetGone):
        desk.send(answer(post))
    assert not written(shop)


def _allowed(desk: Bluesky, post: dict[str, str]) -> bool:
    """Whether the channel would let an agent write, by the post as it is shown now."""
    (mention,) = desk.refresh([post["uri"]]).mentions
    target = ReplyTarget(
        post["uri"], post["uri"], mention.author.external_id, mention.kind, mention.posted_at, raw=mention.raw
    )
    return desk.can_reply(target).allowed


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300,
        "a" * 301,
        "å" * 301,
        "e\u0301" * 300,
        "e\u0301" * 301,
        "👍🏽" * 300,
        "👍🏽" * 301,
        "👨‍👩‍👧‍👦" * 120,
        "👨‍👩‍👧‍👦" * 121,
        "🇳🇱" * 300,
        "🇳🇱" * 301,
        "\r\n" * 150 + "a" * 150,
        "נ" * 300,
        "한" * 301,
        "نَ" * 300,
        "1️⃣" * 300,
    ],
)
def test_a_text_is_as_long_as_the_network_says(shop: Person, anna: Person, desk: Bluesky, text: str) -> None:
    reply = answer(anna.mention(shop, "help"), text)
    if Bluesky.length(text).fits:
        assert desk.send(reply)
    else:
        with pytest.raises(ReplyRejected, match="too long"):
            desk.send(reply)


def test_actions_are_seen_on_the_network_and_may_be_repeated(shop: Person, anna: Person, desk: Bluesky) -> None:
    offer = shop.post("Nieuw")
    rude, other = anna.reply(offer, "lelijk"), anna.reply(offer, "stom")
    shown = lambda post: shop.ask("app.bsky.feed.getPosts", uris=[post["uri"]])["posts"]  # noqa: E731
    for action, likes in ((Action.LIKE, 1), (Action.UNLIKE, 0)):
        desk.act(action, rude["uri"])
        desk.act(action, rude["uri"])
        wait_for(lambda likes=likes: shown(rude)[0]["likeCount"] == likes)
    named = {"repo": shop.did, "collection": GATE, "rkey": offer["uri"].rpartition("/")[2]}
    gate = lambda: shop.ask("com.atproto.repo.getRecord", **named)  # noqa: E731
    for post in (rude, other, rude):
        desk.act(Action.HIDE, post["uri"])
    assert sorted(gate()["value"]["hiddenReplies"]) == sorted([rude["uri"], other["uri"]])
    desk.act(Action.UNHIDE, rude["uri"])
    assert gate()["value"]["hiddenReplies"] == [other["uri"]]
    posted = desk.send(answer(rude))
    for _ in range(2):
        desk.act(Action.DELETE, posted.external_id)
    assert written(shop) == ["Nieuw"]
    with pytest.raises(ReplyRejected):
        desk.act(Action.DELETE, rude["uri"])
    # What was taken back may be said again, in other words or the same.
    assert desk.send(answer(rude)).external_id == posted.external_id


# --- access and limits -------------------------------------------------------------------------------------


def test_a_withdrawn_app_password_is_told_with_what_to_do(shop: Person) -> None:
    desk = connect(shop)
    assert desk.health().state is HealthState.OK
    shop.do("com.atproto.server.revokeAppPassword", name="webcare")
    health = connect(shop).health()
    assert health.state is HealthState.DISCONNECTED
    assert "WEBCARE_SECRET_ACCOUNT_APP_PASSWORD" in health.message


def test_an_account_that_was_closed_is_told_and_not_taken_for_silence(box: Box, shop: Person) -> None:
    desk = connect(shop)
    cursor = started(desk)
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": shop.did}
    box.admin("com.atproto.admin.updateSubjectStatus", subject=subject, takedown={"applied": True, "ref": "1"})
    # The app view hears of it a moment later, and then shows empty lists.
    wait_for(lambda: _disconnected(desk, cursor))
    with pytest.raises(AccountDisconnected):
        started(connect(shop))
    assert connect(shop).health().state is HealthState.DISCONNECTED


def _disconnected(desk: Bluesky, cursor: str) -> bool:
    try:
        desk.poll(cursor, Budget())
    except AccountDisconnected:
        return True
    return False


def test_limits_are_read_and_too_many_sign_ins_are_told(shop: Person, desk: Bluesky) -> None:
    rates = desk.poll(started(desk), Budget()).rates
    assert rates["mentions"].limit == 3000
    assert 0 < (rates["mentions"].remaining or 0) < 3000
    assert rates["mentions"].reset_at
    with pytest.raises(ChannelThrottled) as caught:
        _ = [started(connect(shop)) for _ in range(40)]
    assert caught.value.retry_at
    assert timedelta(0) < caught.value.retry_at - datetime.now(UTC) <= timedelta(minutes=5, seconds=5)
    # The desk that has its session is not concerned.
    assert desk.health().state is HealthState.OK


def test_a_channel_under_another_account_says_so(shop: Person, anna: Person) -> None:
    wrong = replace(shop, did=anna.did, app_password=shop.app_password)
    assert connect(wrong).health().state is HealthState.DISCONNECTED
