"""What a channel that says it can do more must show: threads, limits, ways of answering, actions, refresh, backfill.

The situations that its capabilities ask for must be among its samples; they run in test_contract.py with the others.
"""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from checking import NOW
from recorded import SAMPLES, Situation, account, perform, play, situations
from stub_network import Answer, Stub

from webcare.channels import base, channel_class, names
from webcare.channels.base import Action, Budget, Capabilities, Permission, ReplyTarget
from webcare.domain import ReplyWay
from webcare.errors import ChannelError, SettingsError


def able(among: Iterable[str], ability: str) -> list[str]:
    """Those channels that say they can do this. One that cannot be loaded is told by test_contract.py."""
    found = []
    for name in among:
        with contextlib.suppress(SettingsError):
            found += [name] if getattr(channel_class(name).capabilities, ability) else []
    return found


RECORDED = [name for name in names() if (SAMPLES / name / "account.json").exists()]
THREADED, ACTING, REFRESHING = (able(RECORDED, ability) for ability in ("thread", "actions", "refresh"))
FILLING, WHISPERING = (able(RECORDED, ability) for ability in ("backfill", "reply_private"))
UNWELL = ("ChannelUnavailable", "OutcomeUnknown")
REFUSED = ("ReplyRejected", "AccountDisconnected")


def asked_for(able: Capabilities) -> dict[str, tuple[str, ...]]:
    """The situations that these capabilities ask for, and the errors each may end in (none = it must end well)."""
    wanted: dict[str, tuple[str, ...]] = {f"act_{action}": () for action in able.actions}
    if able.actions:
        wanted |= {"act_gone": ("TargetGone",), "act_refused": REFUSED, "act_server_error": UNWELL}
        wanted |= {"act_throttled": ("ChannelThrottled",)}
    if able.reply_private:
        wanted |= {"send_private_ok": (), "send_private_refused": ("ReplyRejected",), "verify_private_found": ()}
    if able.refresh:
        wanted |= {"refresh_posts": (), "refresh_gone": (), "refresh_throttled": ("ChannelThrottled",)}
    if able.backfill:
        wanted |= {"backfill_goes_on": (), "backfill_end": (), "backfill_throttled": ("ChannelThrottled",)}
    return wanted


def recorded(name: str, situation: str) -> Situation:
    return next(one for one in situations(name) if one.name == situation)


@pytest.mark.parametrize("name", RECORDED)
def test_what_a_channel_says_it_can_do_is_among_its_samples(name: str) -> None:
    wanted, known = asked_for(channel_class(name).capabilities), account(name)
    present = {situation.name: situation for situation in situations(name)}
    assert set(wanted) - set(known.never) <= set(present)
    for situation in set(wanted) & set(present):
        error = present[situation].told["expect"].get("error")
        assert error in wanted[situation] if wanted[situation] else error is None, situation


@pytest.mark.parametrize(
    ("member", "protocol", "ability"),
    [("refresh", "Refreshes", "refresh"), ("backfill", "Backfills", "backfill"), ("act", "Acts", "actions")],
)
def test_a_channel_has_the_methods_its_capabilities_promise(member: str, protocol: str, ability: str) -> None:
    wanted = inspect.signature(getattr(getattr(base, protocol), member)).parameters
    for name in able(names(), ability):
        assert set(inspect.signature(getattr(channel_class(name), member)).parameters) == set(wanted), name


# --- length rule, threads, limits, ways ------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDED)
def test_texts_are_as_long_as_the_network_says(name: str) -> None:
    length = channel_class(name).length
    for text, used in account(name).lengths:
        assert length(text).used == used, text
    limit = length("a").limit
    assert length("a" * limit).fits
    assert not length("a" * (limit + 1)).fits


@pytest.mark.parametrize("name", THREADED)
def test_an_answer_in_a_thread_names_the_thread_and_what_it_answers(name: str, stub: Stub) -> None:
    situation = recorded(name, "poll_posts")
    given = perform(play(stub, situation), situation).mentions
    inside = [one for one in given if one.thread_id != one.external_id and one.parent_id]
    assert inside, "poll_posts shows no answer inside a thread"
    threads = {one.thread_id for one in inside}
    assert threads & {one.external_id for one in given}, "no post of poll_posts begins the thread of another"


@pytest.mark.parametrize("name", RECORDED)
def test_the_limits_a_network_announces_are_passed_on(name: str, stub: Stub) -> None:
    situation = recorded(name, "poll_posts")
    rates = perform(play(stub, situation), situation).rates
    assert rates
    assert all(rate.remaining is not None for rate in rates.values())


@pytest.mark.parametrize("name", RECORDED)
def test_a_public_answer_to_a_fresh_post_is_allowed(name: str, stub: Stub) -> None:
    assert _permission(name, ReplyWay.PUBLIC, stub).allowed


@pytest.mark.parametrize("name", WHISPERING)
def test_a_private_answer_to_a_fresh_post_is_allowed_where_the_channel_can_give_one(name: str, stub: Stub) -> None:
    permission = _permission(name, ReplyWay.PRIVATE, stub)
    assert permission.allowed, permission.reason


@pytest.mark.parametrize("name", RECORDED)
def test_a_post_that_is_gone_is_not_answered(name: str, stub: Stub) -> None:
    for way in ReplyWay:
        permission = _permission(name, way, stub, gone=True)
        assert not permission.allowed
        assert permission.reason
        assert permission.open_url.startswith("https://")


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in WHISPERING])
def test_a_private_answer_is_refused_in_words_where_the_channel_cannot_give_one(name: str, stub: Stub) -> None:
    permission = _permission(name, ReplyWay.PRIVATE, stub)
    assert not permission.allowed
    assert permission.reason


def _permission(name: str, way: ReplyWay, stub: Stub, *, gone: bool = False) -> Permission:
    """What the channel says, by the clock of the answer it got just before, about a post five minutes old."""
    known, situation = account(name), recorded(name, "poll_empty")
    channel = play(stub, situation)
    perform(channel, situation)
    asked, written = len(stub.heard), NOW - timedelta(minutes=5)
    target = ReplyTarget(
        known.target["id"],
        known.target["thread"],
        str(known.target.get("to", "42")),
        known.kind,
        written,
        last_customer_message_at=written,
        gone=gone,
        raw=known.target.get("raw", {}),
    )
    permission = channel.can_reply(target, way)
    assert len(stub.heard) == asked, "the network was asked"
    return permission


@pytest.mark.parametrize("name", RECORDED)
def test_lists_without_requests_left_are_not_asked_and_keep_their_place(name: str, stub: Stub) -> None:
    situation = recorded(name, "poll_posts")
    channel = play(stub, situation)
    first = perform(channel, situation)
    asked = len(stub.heard)
    again = channel.poll(first.cursor, Budget(closed=frozenset(first.rates)))
    assert len(stub.heard) == asked, [heard.target for heard in stub.heard[asked:]]
    assert json.loads(again.cursor) == json.loads(first.cursor)
    assert not again.mentions


# --- actions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTING)
def test_doing_an_action_twice_is_as_doing_it_once(name: str) -> None:
    for action in sorted(channel_class(name).capabilities.actions):
        if f"act_{action}" in account(name).never:
            continue
        situation = recorded(name, f"act_{action}")
        assert Action(situation.told["action"]) is action
        # Some networks have one address for everything, so each action gets a stub of its own.
        with Stub() as stub:
            channel: Any = play(stub, situation)
            for _ in range(2):
                assert perform(channel, situation) is None


@pytest.mark.parametrize("name", ACTING)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("body", ["<html>sorry</html>", "", "[]", "{}", '{"error": 3}'])
def test_whatever_is_answered_actions_raise_only_errors_of_the_closed_set(
    name: str, status: int, body: str, stub: Stub
) -> None:
    known = account(name)
    stub.otherwise(Answer(status, text=body))
    channel: Any = known.connect(name, stub.url)
    for action in channel_class(name).capabilities.actions:
        with contextlib.suppress(ChannelError):
            channel.act(action, known.target["id"])
            assert status == 200, "a refusal was taken for a success"


# --- refresh and backfill --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFRESHING)
@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 410, 429, 500, 503])
@pytest.mark.parametrize("body", ["<html>sorry</html>", "", "[]", "{}"])
def test_no_post_counts_as_gone_because_the_network_is_unwell(name: str, status: int, body: str, stub: Stub) -> None:
    """Posts that are gone lose their text for good; a wrong address or a proxy's own page must not do that."""
    known = account(name)
    stub.otherwise(Answer(status, text=body, headers={"content-type": "text/html"}))
    channel: Any = known.connect(name, stub.url)
    with contextlib.suppress(ChannelError):
        assert not channel.refresh([known.target["id"]]).gone


@pytest.mark.parametrize("name", REFRESHING)
def test_refreshing_nothing_asks_nothing(name: str, stub: Stub) -> None:
    channel: Any = account(name).connect(name, stub.url)
    refreshed = channel.refresh([])
    assert not refreshed.mentions
    assert not refreshed.gone
    assert not stub.heard


@pytest.mark.parametrize("name", FILLING)
def test_a_backfill_goes_on_from_its_token_and_is_no_poll(name: str, stub: Stub) -> None:
    situation = recorded(name, "backfill_goes_on")
    channel = play(stub, situation)
    filled = perform(channel, situation)
    assert filled.token
    assert isinstance(filled.token, str)
    end = recorded(name, "backfill_end")
    assert not perform(play(stub, end), end).token


@pytest.mark.parametrize("name", FILLING)
def test_a_backfill_with_a_token_of_somebody_else_is_told(name: str, stub: Stub) -> None:
    situation = recorded(name, "backfill_goes_on")
    stub.otherwise(Answer(400, text="{}"))
    channel: Any = account(name).connect(name, stub.url)
    told = situation.told["gap"]
    gap = base.Gap(NOW - timedelta(hours=1), NOW, "test", told.get("source", ""))
    with pytest.raises(ChannelError):
        channel.backfill(gap, "nonsense ][", Budget())
