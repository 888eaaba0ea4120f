"""Every field we ask a network for is one its own description names."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from stub_network import Answer, Stub, fb_config, x_config

from webcare.channels.base import Budget, Gap
from webcare.channels.facebook import Facebook
from webcare.channels.facebook_posts import COMMENT_FIELDS, POST_FIELDS, RATING_FIELDS
from webcare.channels.walking import Place, write_places
from webcare.channels.x import X
from webcare.errors import ChannelError

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts"
pytestmark = [
    pytest.mark.contracts,
    pytest.mark.skipif(not CONTRACTS.exists(), reason="the networks' descriptions in ../shared/contracts are not here"),
]


def description(name: str) -> Any:
    return json.loads((CONTRACTS / name).read_text("utf-8"))


def names(fields: str) -> set[str]:
    """The outer names of a Graph `fields` parameter."""
    while (shorter := re.sub(r"\{[^{}]*\}|\.[a-z_]+\([^()]*\)", "", fields)) != fields:
        fields = shorter
    return set(fields.split(","))


@pytest.mark.parametrize(
    ("fields", "node"), [(POST_FIELDS, "PagePost"), (COMMENT_FIELDS, "Comment"), (RATING_FIELDS, "Recommendation")]
)
def test_graph_fields_are_fields_or_edges_of_their_node(fields: str, node: str) -> None:
    told = description(f"meta/{node}.json")
    edges = {api["endpoint"] for api in told["apis"] if api.get("endpoint")}
    assert names(fields) <= {field["name"] for field in told["fields"]} | edges


def test_the_lists_of_a_page_are_edges_of_a_page(stub: Stub) -> None:
    stub.otherwise(Answer(body={"data": []}))
    fb = Facebook.connect(fb_config(f"{stub.url}/graph"))
    fb.poll(
        '{"feed": {"since": "2026-02-10T10:00:00Z", "mark": "2026-02-10T10:00:00Z", "floor": "2026-02-10T10:00:00Z"}}',
        Budget(),
    )
    told = description("meta/Page.json")
    edges = {api["endpoint"] for api in told["apis"] if api.get("endpoint") and api["method"] == "GET"}
    asked = {heard.path.rpartition("/")[2] for heard in stub.heard}
    assert asked == {"feed", "visitor_posts", "published_posts", "tagged", "ratings", "conversations"}
    assert asked <= edges


def test_requests_to_x_hold_only_what_its_description_takes(stub: Stub) -> None:
    api = description("x/openapi-2.166.json")
    stub.otherwise(Answer(body={"meta": {"result_count": 0}}))
    x = X.connect(x_config(f"{stub.url}/x", listen=["#hemlund"]))
    place = Place.start(datetime(2026, 2, 10, 10, 0, tzinfo=UTC))
    lists = ("mentions", "own", "own_posts", "messages", "listen:#hemlund")
    x.poll(write_places(dict.fromkeys(lists, place)), Budget(page_size=1000))
    gap = Gap(place.mark, datetime(2026, 2, 10, 10, 30, tzinfo=UTC), "test")
    for source in lists:
        x.backfill(replace(gap, source=source), "", Budget(page_size=1000))
    with contextlib.suppress(ChannelError):
        x.refresh(["2021157812345600000"])
    asked = set()
    for heard in stub.heard:
        path, taken = parameters(api, heard.path.removeprefix("/x"))
        asked.add(path)
        assert set(heard.query) <= set(taken)
        for name in ("tweet.fields", "dm_event.fields", "user.fields", "media.fields", "expansions", "exclude"):
            assert set(",".join(heard.query.get(name, [])).split(",")) - {""} <= set(
                taken.get(name, {}).get("items", {}).get("enum", [])
            )
        size = int(heard.query.get("max_results", ["10"])[0])
        limits = taken.get("max_results", {"minimum": 0, "maximum": 1000})
        assert limits["minimum"] <= size <= limits["maximum"]
    assert asked == {
        "/2/users/me",
        "/2/users/{id}/mentions",
        "/2/users/{id}/tweets",
        "/2/tweets/search/recent",
        "/2/dm_events",
        "/2/tweets",
    }


def parameters(api: Any, path: str) -> tuple[str, dict[str, Any]]:
    """The description's own name for a path, and the parameters it takes there, fixed paths first."""
    names = sorted(api["paths"], key=lambda name: "{" in name)
    name = next(name for name in names if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", name), path))
    taken = {}
    for parameter in api["paths"][name]["get"]["parameters"]:
        if "$ref" in parameter:
            parameter = api["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        taken[parameter["name"]] = parameter["schema"]
    return name, taken
