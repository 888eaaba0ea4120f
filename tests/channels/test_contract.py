"""What every channel must do, whichever network it speaks to. A channel is tested here once it is installed.

Drop recorded situations into `samples/<channel>/`; each one runs by itself, and those in REQUIRED must be there. What a
channel must bring for the further things it says it can do is in test_contract_abilities.py.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import re
import traceback
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from checking import NOW, check_error, check_heard, check_result
from recorded import SAMPLES, Account, Situation, account, perform, play, situations
from stub_network import Answer, Stub, close, free_port, reset, silence

from webcare.channels import MEMBERS, channel_class, names
from webcare.channels.base import Budget, Channel, Health, HealthState, ReplyTarget
from webcare.domain import MentionKind, Reply
from webcare.errors import (
    ChannelError,
    ChannelUnavailable,
    OutcomeUnknown,
    SettingsError,
    TargetGone,
)

#: Situations every channel brings, and the errors they may end in (none = they must end well).
REQUIRED: dict[str, tuple[str, ...]] = {
    "first_start": (),
    "poll_posts": (),
    "poll_empty": (),
    "poll_bad_posts": (),
    "poll_hostile_texts": (),
    "poll_error_only": ("AccountDisconnected", "ChannelProtocolError"),
    "poll_unexpected_json": ("ChannelProtocolError",),
    "poll_html": ("ChannelProtocolError",),
    "poll_server_error": ("ChannelUnavailable",),
    "poll_token_refused": ("AccountDisconnected",),
    "poll_throttled": ("ChannelThrottled",),
    "send_ok": (),
    "send_refused": ("ReplyRejected",),
    "send_gone": ("TargetGone",),
    "send_duplicate": ("DuplicateReply",),
    "send_token_refused": ("AccountDisconnected",),
    "send_throttled": ("ChannelThrottled",),
    "send_server_error": ("OutcomeUnknown",),
    "send_unreadable": ("OutcomeUnknown",),
    "verify_found": (),
    "verify_absent": (),
    "verify_twice": (),
    "verify_unreadable": ("ChannelUnavailable", "ChannelProtocolError"),
    "health_ok": (),
    "health_token_refused": (),
}
CHANNELS = names()
RECORDED = [name for name in CHANNELS if (SAMPLES / name / "account.json").exists()]
ALL = [situation for name in RECORDED for situation in situations(name)]


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_has_everything_the_desk_asks_of_one(name: str) -> None:
    found = channel_class(name)
    assert all(hasattr(found, member) for member in MEMBERS)
    assert found.name == name
    assert found.title
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", secret) for secret in found.secret_names)
    assert found.capabilities.settle_s > 0
    for member in ("poll", "can_reply", "send", "verify_sent", "health", "length"):
        wanted = set(inspect.signature(getattr(Channel, member)).parameters)
        assert set(inspect.signature(getattr(found, member)).parameters) == wanted, member


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_counts_texts_without_an_account(name: str) -> None:
    length = channel_class(name).length
    assert length("hello").fits
    assert not length("").fits
    assert not length("å" * 200_000).fits
    assert length("a" * 40).used > length("a" * 20).used


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_has_its_recorded_situations(name: str) -> None:
    if name not in RECORDED:
        pytest.skip(f"channel {name} comes from outside and brought no folder tests/channels/samples/{name}")
    present = {situation.name for situation in situations(name)}
    never = account(name).never
    assert set(REQUIRED) - set(never) <= present
    assert set(never) <= set(REQUIRED) - present
    assert all(never.values()), "what cannot come about needs its reason"


@pytest.mark.parametrize("name", RECORDED)
def test_a_missing_secret_or_id_is_told_with_the_variable_to_set(name: str) -> None:
    known = account(name)
    for secret in channel_class(name).secret_names:
        poorer = {other: value for other, value in known.secrets.items() if other != secret}
        with pytest.raises(SettingsError, match=f"WEBCARE_SECRET_ACCOUNT_{secret.upper()}"):
            _with(known, secrets=poorer).connect(name, "")
    with pytest.raises(SettingsError, match="external_id"):
        _with(known, external_id=" ").connect(name, "")


@pytest.mark.parametrize("situation", ALL, ids=str)
def test_a_recorded_situation_ends_as_it_says(situation: Situation, stub: Stub) -> None:
    expected = situation.told["expect"]
    channel = play(stub, situation)
    if "error" in expected:
        with pytest.raises(ChannelError) as caught:
            perform(channel, situation)
        check_error(caught.value, expected)
    else:
        check_result(perform(channel, situation), expected, situation.channel)
    known = account(situation.channel)
    check_heard(stub.heard, expected.get("heard", ()), known.path)
    if situation.told["do"] == "send":
        assert len(known.posted(stub.heard)) == expected.get("posts", 1), "a post is tried once"


@pytest.mark.parametrize("situation", [one for one in ALL if one.name in REQUIRED], ids=str)
def test_a_required_situation_ends_in_one_of_the_errors_for_it(situation: Situation) -> None:
    expected = situation.told["expect"].get("error")
    assert expected in REQUIRED[situation.name] if REQUIRED[situation.name] else expected is None


@pytest.mark.parametrize("situation", ALL, ids=str)
def test_no_secret_shows_up_in_any_message_log_address_or_result(
    situation: Situation, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = play(stub, situation)
    written = [repr(channel), str(vars(channel).get("_config", ""))]
    try:
        written.append(repr(perform(channel, situation)))
    except ChannelError as error:
        written += [str(error), repr(error), "".join(traceback.format_exception(error))]
    written += [caplog.text, *(heard.target for heard in stub.heard)]
    for secret in account(situation.channel).secrets.values():
        for spelling in (secret, quote(secret, safe="")):
            assert not [text for text in written if spelling in text]


@pytest.mark.parametrize("situation", [one for one in ALL if one.name in ("poll_posts", "poll_empty")], ids=str)
def test_the_new_cursor_can_be_polled_with_and_reads_again_under_its_mark(situation: Situation, stub: Stub) -> None:
    channel = play(stub, situation)
    first = perform(channel, situation)
    again = channel.poll(first.cursor, Budget())
    assert {one.external_id for one in again.mentions} <= {one.external_id for one in first.mentions}
    assert again.complete
    # The overlap: what was posted in the last quarter of an hour is given again, so that late arrivals are seen.
    recent = {one.external_id for one in first.mentions if one.posted_at > NOW - timedelta(minutes=15)}
    assert recent <= {one.external_id for one in again.mentions}


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", '{"a": 1}', "{}"])
def test_a_cursor_of_somebody_else_is_told_and_not_taken_for_a_first_start(name: str, cursor: str, stub: Stub) -> None:
    channel = play(stub, Situation(name, "cursor", {"exchanges": []}))
    with pytest.raises(ChannelError):
        channel.poll(cursor, Budget())


# --- networks that are not well -------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDED)
def test_where_nobody_listens_nothing_was_posted(name: str) -> None:
    known = account(name)
    channel = known.connect(name, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ChannelUnavailable):
        channel.send(known.reply)
    with pytest.raises(ChannelUnavailable):
        channel.poll(known.cursor, Budget())
    with pytest.raises(ChannelUnavailable):
        channel.poll(None, Budget())
    with pytest.raises(ChannelUnavailable):
        channel.verify_sent(known.reply, since=NOW)
    assert channel.health().state is HealthState.UNREACHABLE


@pytest.mark.parametrize("name", RECORDED)
def test_a_failed_handshake_posted_nothing(name: str, stub: Stub) -> None:
    known = account(name)
    with pytest.raises(ChannelUnavailable):
        known.connect(name, stub.url.replace("http://", "https://")).send(known.reply)
    assert not stub.heard


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("act", [reset, close, silence(2.0)], ids=["reset", "closed", "silent"])
def test_after_a_lost_answer_the_outcome_is_unknown_and_nothing_is_sent_twice(name: str, act: Any, stub: Stub) -> None:
    known = account(name)
    known.answer_before_send(stub)
    stub.otherwise(Answer(act=act))
    channel = known.connect(name, stub.url, timeout_s=0.4)
    with pytest.raises(OutcomeUnknown):
        channel.send(known.reply)
    assert len(known.posted(stub.heard)) == 1
    with pytest.raises(ChannelUnavailable):
        channel.poll(known.cursor, Budget())
    assert channel.health().state is HealthState.UNREACHABLE


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("status", [200, 204, 301, 307, 408, 409, 425, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("body", ["<html>sorry</html>", "", "[]", "null", '"ok"', "{}", "[" * 20_000])
def test_an_unclear_answer_to_a_post_is_an_unknown_outcome(name: str, status: int, body: str, stub: Stub) -> None:
    kinds = ("application/json", "text/html", "")
    known = account(name)
    known.answer_before_send(stub)
    for kind in kinds:
        stub.otherwise(
            Answer(status, text="" if status == 204 else body, headers={"content-type": kind, "location": "/x"})
        )
        with pytest.raises(OutcomeUnknown):
            known.connect(name, stub.url).send(known.reply)


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 402, 403, 404, 418, 429, 500, 503])
@pytest.mark.parametrize(
    "body", ["<html>sorry</html>", "", "[]", "null", "{}", '{"error": "x"}', '{"errors": 3, "error": null}']
)
def test_whatever_is_answered_only_errors_of_the_closed_set_come_out(
    name: str, status: int, body: str, stub: Stub
) -> None:
    known = account(name)
    stub.otherwise(Answer(status, text=body))
    channel = known.connect(name, stub.url)
    for ask in (
        lambda: channel.poll(known.cursor, Budget()),
        lambda: channel.poll(None, Budget()),
        lambda: channel.send(known.reply),
        lambda: channel.verify_sent(known.reply, since=NOW),
    ):
        with contextlib.suppress(ChannelError):
            ask()
            assert status == 200, "a refusal was taken for a success"
    assert isinstance(channel.health(), Health)


@pytest.mark.parametrize("name", RECORDED)
def test_a_channel_is_built_without_a_network_call(name: str, stub: Stub) -> None:
    account(name).connect(name, stub.url)
    assert not stub.heard


@pytest.mark.parametrize("name", RECORDED)
def test_whether_a_reply_is_allowed_is_said_without_asking_the_network(name: str, stub: Stub) -> None:
    known = account(name)
    channel = known.connect(name, stub.url)
    target = ReplyTarget(known.target["id"], known.target["thread"], "42", MentionKind.MENTION, NOW)
    assert channel.can_reply(target).allowed
    refused = channel.can_reply(ReplyTarget("1", "1", "42", MentionKind.DIRECT_MESSAGE, NOW))
    if not channel.capabilities.reply_private:
        assert not refused.allowed
        assert refused.reason
        assert refused.open_url.startswith("https://")
    assert not stub.heard


@pytest.mark.parametrize("name", RECORDED)
def test_what_cannot_be_sent_yet_is_refused_before_the_network_hears_of_it(name: str, stub: Stub) -> None:
    known = account(name)
    channel = known.connect(name, stub.url)
    reply = Reply(known.reply.target_id, known.reply.thread_id, "hi", attachments=("photo.jpg",))
    with pytest.raises(ChannelError) as caught:
        channel.send(reply)
    assert not isinstance(caught.value, OutcomeUnknown | TargetGone)
    assert not stub.heard


def _with(known: Account, **changes: Any) -> Account:
    return Account(**{**vars(known), **changes})


@pytest.mark.parametrize("situation", [one for one in ALL if one.name == "send_ok"], ids=str)
def test_a_reply_arrives_at_the_network_as_written(situation: Situation, stub: Stub) -> None:
    channel = play(stub, situation)
    perform(channel, situation)
    heard = account(situation.channel).posted(stub.heard)[0]
    expected = situation.told["expect"]
    if "json" in expected:
        assert json.loads(heard.body) == expected["json"]
    else:
        assert dict(parse_qsl(heard.body)).items() >= expected["form"].items()
