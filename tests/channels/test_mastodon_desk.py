"""A desk on Mastodon from end to end: collected, answered over a broken connection, answered back, edited, deleted.

Nothing in the desk knows the network; what is shown here is that a channel from one file is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from mastodon_mock.testing.server import MockServer
from sqlmodel import select
from stub_network import Answer, Stub
from test_mastodon_server import SEED, pass_on

from webcare.channels import load_channel
from webcare.channels.base import AccountConfig, Budget
from webcare.domain import CaseState, DeliveryState
from webcare.ingest import poll_account
from webcare.store import Store
from webcare.store.tables import AccountRow, CaseRow, MentionRow
from webcare.testing import Desk, make_desk, make_mention


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(seed=SEED, log_level="critical") as running:
        yield running


@pytest.fixture
def fedi(store: Store, server: MockServer, stub: Stub) -> Desk:
    """A desk whose account is on the server, behind a line that a test can cut."""
    stub.otherwise(Answer(act=lambda handler: pass_on(server, stub, handler)))
    ours = str(server.client("hemlund").account_verify_credentials().id)
    config = AccountConfig(
        "fedi", ours, "hemlund@social.example", stub.url, 5.0, secrets={"access_token": "hemlund_token"}
    )
    desk = make_desk(store)
    desk.account_key, desk.now = "fedi", datetime.now(UTC)
    desk.channel = load_channel("mastodon", config)  # type: ignore[assignment]
    with store.write() as session:
        session.add(AccountRow(key="fedi", channel="mastodon", external_id=ours, name="Hemlund", handle="hemlund"))
    return desk


def collect(desk: Desk) -> None:
    poll_account(
        desk.store,
        desk.channel,
        desk.classifier,
        desk.settings.routing,
        account_key="fedi",
        now=datetime.now(UTC),
        budget=Budget(),
        unsorted_below=0.0,
    )


def stored(desk: Desk) -> dict[str, MentionRow]:
    with desk.store.read() as session:
        return {row.external_id: row for row in session.exec(select(MentionRow))}


def case_of(desk: Desk, status: Any) -> CaseRow:
    return desk.case_of(make_mention(external_id=str(status.id)))


def test_a_customer_of_mastodon_is_heard_answered_once_and_heard_again(
    fedi: Desk, server: MockServer, stub: Stub
) -> None:
    anna = server.client("anna")
    collect(fedi)
    question = anna.status_post("@hemlund where is my sofa?")
    collect(fedi)
    case = case_of(fedi, question)
    assert case.state == CaseState.NEW
    reply = fedi.reply(case.id, "It arrives tomorrow between nine and noon.")
    stub.on("POST", "/api/v1/statuses", Answer(act=lambda handler: pass_on(server, stub, handler, cut=True)))
    fedi.later(seconds=fedi.settings.delivery.undo_s + 1)
    assert fedi.deliver() == 0
    assert fedi.delivery(reply.id).state == DeliveryState.UNCONFIRMED
    fedi.later(minutes=2)
    assert fedi.reconcile() == 1
    assert fedi.delivery(reply.id).state == DeliveryState.SENT
    assert len(anna.status_context(question.id).descendants) == 1
    assert len([one for one in stub.heard if one.method == "POST"]) == 1

    thanks = anna.status_post("@hemlund thank you!", in_reply_to_id=fedi.delivery(reply.id).external_id)
    collect(fedi)
    assert case_of(fedi, thanks).id == case.id
    assert len(stored(fedi)) == 3, "the question, our answer once, and the thanks"


def test_an_edit_and_a_deletion_reach_the_desk(fedi: Desk, server: MockServer) -> None:
    anna = server.client("anna")
    collect(fedi)
    edited, deleted = anna.status_post("@hemlund frist"), anna.status_post("@hemlund my number is 0612345678")
    collect(fedi)
    anna.status_update(edited.id, "@hemlund first")
    anna.status_delete(deleted.id)
    collect(fedi)
    rows = stored(fedi)
    assert rows[str(edited.id)].text == "@hemlund first"
    assert "0612345678" not in rows[str(deleted.id)].text
