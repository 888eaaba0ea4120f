"""What a recorded situation says must come of it, held against what the channel made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from stub_network import Heard

from webcare.channels.base import Filled, Health, PollResult, Refreshed
from webcare.domain import Mention, Posted
from webcare.errors import ChannelError, ChannelThrottled

#: The stub's present, in which the samples play.
NOW = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)


def check_error(error: ChannelError, expected: dict[str, Any]) -> None:
    assert type(error).__name__ == expected["error"], error
    for words in expected.get("says", ()):
        assert words in str(error)
    if "retry_at" in expected:
        assert isinstance(error, ChannelThrottled)
        assert error.retry_at == (datetime.fromisoformat(expected["retry_at"]) if expected["retry_at"] else None)


def check_heard(heard: Iterable[Heard], wanted: Iterable[Sequence[str]], path: str) -> None:
    """Whether these requests, each a method and a path, were made in this order; others may lie between them."""
    made = iter([(one.method, one.path.removeprefix(path)) for one in heard])
    for method, asked in wanted:
        assert (method, asked) in made, f"{method} {asked} was not asked, or not in this order"


def check_result(result: Any, expected: dict[str, Any], channel: str) -> None:
    """Hold what a channel gave against what the situation expects. Raises AssertionError."""
    if isinstance(result, PollResult):
        _check_poll(result, expected, channel)
    elif isinstance(result, Refreshed):
        _check_mentions(result.mentions, expected["mentions"], channel)
        assert {id_: reason.value for id_, reason in result.gone.items()} == expected["gone"]
    elif isinstance(result, Filled):
        _check_mentions(result.mentions, expected["mentions"], channel)
        assert bool(result.token) is expected["goes_on"]
        assert len(result.left) == expected.get("left", 0)
        dates = [one.posted_at for one in result.mentions]
        assert dates == sorted(dates, reverse=True), "a backfill gives its newest posts first"
    elif isinstance(result, Posted):
        assert result.external_id == expected["posted"]
        assert abs(result.posted_at - NOW) < timedelta(seconds=5)
        assert result.url.startswith("https://")
    elif isinstance(result, Health):
        assert result.state.value == expected["state"]
        assert result.external_id == expected.get("external_id", result.external_id)
        assert all(words in result.message for words in expected.get("says", ()))
        assert result.message
    elif result is None:
        assert "found" not in expected
    else:
        assert [one.external_id for one in result] == expected["found"]


def _check_poll(result: PollResult, expected: dict[str, Any], channel: str) -> None:
    _check_mentions(result.mentions, expected["mentions"], channel)
    assert len(result.gaps) == expected.get("gaps", len(result.gaps))
    assert all(gap.since < gap.until and gap.reason for gap in result.gaps)
    assert list(result.gone) == expected.get("gone", list(result.gone))
    assert len(result.bad) == expected.get("bad", len(result.bad))
    assert result.complete is expected.get("complete", result.complete)
    if "remaining" in expected:
        assert next(iter(result.rates.values())).remaining == expected["remaining"]
    json.loads(result.cursor)
    assert [one.posted_at for one in result.mentions] == sorted(one.posted_at for one in result.mentions)
    for bad in result.bad:
        assert bad.error
        bad.raw.encode()


def _check_mentions(mentions: Sequence[Mention], wanted: Sequence[Mapping[str, Any]], channel: str) -> None:
    for want, mention in zip(wanted, mentions, strict=True):
        for name, value in want.items():
            found: Any = mention
            for step in name.split("."):
                found = getattr(found, step)
            found = [[one.kind, one.url] for one in found] if name == "media" else found
            assert found == value, (want["external_id"], name)
    assert len({one.external_id for one in mentions}) == len(mentions)
    for mention in mentions:
        assert mention.channel == channel
        assert mention.thread_id
        assert mention.posted_at.utcoffset() == timedelta(0)
        json.dumps(mention.raw).encode()
        (mention.text + mention.author.name + mention.author.handle).encode()
        assert "\x00" not in mention.text
