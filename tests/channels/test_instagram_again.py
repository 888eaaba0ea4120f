"""An Instagram account looked at again: edits, deletions, stretches of time, health, options, secrets."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from instagram_desk import BUDGET, US, answer, comment, connect_ig, named, picture
from stub_network import Clock

from webcare.channels.base import Budget, Gap, GoneReason, HealthState, ReplyTarget
from webcare.channels.instagram import Instagram
from webcare.domain import Mention, MentionKind
from webcare.errors import (
    AccountDisconnected,
    ChannelUnavailable,
    SettingsError,
)
from webcare.sandbox.server import Sandbox


@pytest.fixture
def ig(box: Sandbox) -> Instagram:
    return connect_ig(box, backfill_min=15)


@pytest.fixture
def top(box: Sandbox, ig: Instagram) -> Mention:
    comment(box, "Duur!", picture(box))
    return named(ig.poll(None, BUDGET), "Duur!")


def test_edits_renames_and_deletions_on_instagram_are_seen(box: Sandbox, ig: Instagram, clock: Clock) -> None:
    post = picture(box)
    edited, gone = comment(box, "duur", post), comment(box, "weg", post, "bo")
    tag = box.world.instagram.post("Blij met @hemlund", author="dirk", tags=[US]).id
    untagged = box.world.instagram.post("Ook blij", author="eva", tags=[US]).id
    message = box.world.inbox.receive("vraag", author="piet", platform="instagram").id
    ig.poll(None, BUDGET)
    box.world.instagram.edit(edited, "toch niet duur")
    box.world.set_user("instagram", "lies", handle="lies.b")
    box.world.instagram.delete(gone)
    box.world.instagram.delete(untagged)
    again = ig.refresh([post, edited, gone, f"media:{tag}", f"media:{untagged}", message])
    found = {one.external_id: one for one in again.mentions}
    assert set(found) == {post, edited, f"media:{tag}"}
    assert (found[edited].text, found[edited].author.handle) == ("toch niet duur", "lies.b")
    assert (found[edited].thread_id, found[edited].parent_id) == (edited, post)
    assert again.gone == {gone: GoneReason.DELETED, f"media:{untagged}": GoneReason.UNSEEN}


def test_nothing_counts_as_gone_while_the_token_may_not_read(box: Sandbox, ig: Instagram) -> None:
    post = picture(box)
    said = comment(box, "hoi", post)
    box.faults.add("GET /graph/*/media", "answer", status=403, body={"error": {"code": 10, "message": "(#10) no"}})
    box.world.instagram.delete(said)
    with pytest.raises(AccountDisconnected):
        ig.refresh([said])


def test_a_stretch_of_comments_and_pictures_is_read_again(box: Sandbox, ig: Instagram, clock: Clock) -> None:
    post = picture(box, at=clock.now - timedelta(days=3))
    for number in range(60):
        comment(box, f"reactie {number}", post, at=clock.now - timedelta(days=2, minutes=number))
    ig.poll(None, BUDGET)
    begin, end = clock.now - timedelta(days=2, minutes=55), clock.now - timedelta(days=2, minutes=3)
    gap = Gap(begin, end, "test", f"comments:{post}")
    found, token = [], ""
    for _ in range(5):
        filled = ig.backfill(gap, token, Budget(max_pages=1))
        found += [one.text for one in filled.mentions]
        if not (token := filled.token):
            break
    assert sorted(found) == sorted(f"reactie {n}" for n in range(3, 56))
    pictures = ig.backfill(Gap(clock.now - timedelta(days=400), clock.now, "test", "media"), "", BUDGET)
    assert ([one.external_id for one in pictures.mentions], pictures.token) == ([post], "")


def test_health_of_instagram_tells_whose_account_it_is_how_long_and_what_is_missing(
    box: Sandbox, ig: Instagram, clock: Clock
) -> None:
    account = box.world.account("ig_hemlund")
    account.expires_at = clock.now + timedelta(days=9)
    health = ig.health()
    assert (health.state, health.external_id, health.name) == (HealthState.OK, US, "hemlund")
    assert health.token_expires_at == account.expires_at
    assert health.missing == ()
    account.denied.add("reply")
    missing = ig.health().missing
    assert missing == ("instagram_manage_comments",)
    assert not ig.can_reply(ReplyTarget("1", "1", "2", MentionKind.COMMENT, clock.now)).allowed
    account.disconnected = "expired"
    assert ig.health().state is HealthState.DISCONNECTED


def test_a_thread_of_instagram_too_long_to_read_back_is_told(
    box: Sandbox, ig: Instagram, clock: Clock, top: Mention
) -> None:
    for number in range(520):
        comment(box, f"ook {number}", top.external_id, at=clock.now)
    with pytest.raises(ChannelUnavailable, match="too long"):
        ig.verify_sent(answer(top), since=clock.now)


@pytest.mark.parametrize(
    ("option", "value"),
    [("watch_posts", 0), ("older_posts", 51), ("older_days", True), ("page_id", "x"), ("app_id", 1.5)],
)
def test_wrong_options_of_instagram_are_settings_errors(box: Sandbox, option: str, value: object) -> None:
    with pytest.raises(SettingsError, match=rf"options\.{option}"):
        connect_ig(box, **{option: value})


def test_no_log_and_no_result_of_instagram_holds_a_secret(
    box: Sandbox, ig: Instagram, top: Mention, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ig.health()
    ig.send(answer(top))
    written = caplog.text + repr(ig.poll(None, BUDGET)) + repr(ig.refresh([top.external_id]))
    for secret in box.credentials("ig_hemlund").values():
        assert secret not in written
