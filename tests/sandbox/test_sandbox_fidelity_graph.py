"""Fidelity of the Graph side: its fields and edges are Meta's own, and Meta's own client works against it.

Meta's node descriptions lie in `../shared/contracts/meta`, which is not part of the repository; tests that read them
skip where they are absent. Three kinds of node have no description there and are named below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import facebook
import pytest
import requests
from facebook_business.adobjects.comment import Comment
from facebook_business.adobjects.igcomment import IGComment
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.unifiedthread import UnifiedThread
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from requests.adapters import HTTPAdapter
from sandbox_clients import HEMLUND_FB
from x_contract import CONTRACTS, MISSING

from webcare.channels import load_channel, names
from webcare.channels.base import AccountConfig, Budget
from webcare.sandbox import Sandbox
from webcare.sandbox.graph_fields import Field, parse_fields
from webcare.sandbox.graph_nodes import EDGES, FIELDS
from webcare.sandbox.world import World

IG = "17841400000000001"
#: Kinds of node that Meta's files here do not describe.
UNDESCRIBED = {"OpenGraphStory", "UnifiedMessage", "Permission"}
#: What hangs on one node and is another.
BELOW = {
    "feed": "PagePost",
    "posts": "PagePost",
    "published_posts": "PagePost",
    "visitor_posts": "PagePost",
    "tagged": "PagePost",
    "ratings": "Recommendation",
    "conversations": "UnifiedThread",
    "messages": "UnifiedMessage",
    "instagram_accounts": "IGUser",
    "instagram_business_account": "IGUser",
    "media": "IGMedia",
    "tags": "IGMedia",
    "replies": "IGComment",
    "mentioned_comment": "IGComment",
    "mentioned_media": "IGMedia",
    "reviewer": "User",
    "accounts": "Page",
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000")
_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "unsigned int": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    "datetime": lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
}


class Described:
    """One of Meta's files: field names with their types, edges by method."""

    def __init__(self, kind: str) -> None:
        path = CONTRACTS / "meta" / f"{kind}.json"
        if not path.exists():
            pytest.skip(MISSING)
        found = json.loads(path.read_text("utf-8"))
        self.types: dict[str, str] = {field["name"]: field["type"] for field in found["fields"]}
        self.edges = {(api.get("method", ""), api["endpoint"]) for api in found["apis"] if "endpoint" in api}

    def edge_names(self, *methods: str) -> set[str]:
        return {name for method, name in self.edges if method in methods}


def below(kind: str, name: str) -> str:
    """The kind of node that stands under `name` of another; empty where Meta's files do not tell."""
    if name in ("comments", "parent"):
        return "IGComment" if kind.startswith("IG") else "Comment"
    return "IGMedia" if (kind, name) == ("IGComment", "media") else BELOW.get(name, "")


# --- names ---------------------------------------------------------------------------------------------


@pytest.mark.contracts
@pytest.mark.parametrize("kind", sorted(set(FIELDS) - UNDESCRIBED))
def test_graph_fields_and_edges_are_a_subset_of_metas(kind: str) -> None:
    meta = Described(kind)
    assert FIELDS[kind] - set(meta.types) == set()
    assert EDGES[kind] - meta.edge_names("GET", "POST") == set()


@pytest.mark.contracts
def test_all_kinds_but_three_are_described(box: Sandbox) -> None:
    if not (CONTRACTS / "meta").exists():
        pytest.skip(MISSING)
    there = {path.stem for path in (CONTRACTS / "meta").glob("*.json")}
    assert there == set(FIELDS) - UNDESCRIBED


# --- values --------------------------------------------------------------------------------------------


@pytest.fixture
def places(box: Sandbox) -> dict[str, str]:
    """Paths at which each kind of node is to be seen, in a lively world."""
    world = box.world
    post = world.post_fb("Nieuw!", kind="post")
    post.media = (("photo", "https://cdn.example/1.jpg"),)
    top = world.comment_fb("mooi", under=post.id, author="Jan")
    comment = world.comment_fb("vind ik ook", under=top.id, author="Piet")
    comment.media = (("photo", "https://cdn.example/2.jpg"),)
    comment.replied_privately = True
    world.post_fb("waar?", author="Jan")
    world.review_fb("goed", author="Jan", positive=True)
    message = world.inbox.receive("Hallo", author="Jan")
    media = world.instagram.post("Nieuw", author=world.instagram.user(IG))
    first = world.instagram.comment("Mooi @hemlund", under=media.id, author="jan_j")
    answer = world.instagram.comment("Dank", under=first.id, author=world.instagram.user(IG))
    return {
        "Page": "me",
        "PagePost": post.id,
        "Comment": comment.id,
        "Recommendation": "me/ratings",
        "UnifiedThread": message.conversation_id,
        "IGUser": IG,
        "IGMedia": media.id,
        "IGComment": answer.id,
    }


@pytest.mark.contracts
@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("Page", 10),
        ("PagePost", 9),
        ("Comment", 19),
        ("Recommendation", 6),
        ("UnifiedThread", 12),
        ("IGUser", 9),
        ("IGMedia", 12),
        ("IGComment", 9),
    ],
)
def test_graph_answers_hold_described_fields_of_the_described_kind(
    graph: facebook.GraphAPI, places: dict[str, str], kind: str, least: int
) -> None:
    meta = Described(kind)
    # these two want an id of their own
    asked = FIELDS[kind] - {"mentioned_comment", "mentioned_media"}
    found = graph.get_object(places[kind], fields=",".join(sorted(asked)))
    for shown in found.get("data", [found]):
        assert set(shown) - set(meta.types) == set()
        assert len(shown) >= least
        wrong = {name: shown[name] for name in shown if not _CHECKS.get(meta.types[name], _is_object)(shown[name])}
        assert wrong == {}


def _is_object(value: Any) -> bool:
    return isinstance(value, dict | list)


# --- what our channels ask -----------------------------------------------------------------------------


class Asked:
    """Everything a client asked: method, path and fields, the requests of a batch one by one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.calls: list[tuple[str, list[str], dict[str, str]]] = []

    def note(self, request: requests.PreparedRequest) -> None:
        address = urlsplit(str(request.url))
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        params = dict(parse_qsl(address.query)) | dict(parse_qsl(body))
        if "batch" in params:
            for one in json.loads(params["batch"]):
                path, _, query = one["relative_url"].partition("?")
                self._add(one["method"], path, dict(parse_qsl(query)))
        else:
            self._add(params.get("method", str(request.method)), address.path, params)

    def _add(self, method: str, path: str, params: dict[str, str]) -> None:
        parts = [part for part in path.split("/") if part and part != "graph" and not re.fullmatch(r"v\d+\.\d", part)]
        if parts and parts[0] != "debug_token":
            self.calls.append((method, parts, params))

    def kind(self, node: str) -> str:
        world = self._world
        if node in ("me", HEMLUND_FB):
            return "Page"
        if node in world.facebook.items:
            kinds = {"comment": "Comment", "review": "OpenGraphStory"}
            return kinds.get(world.facebook.items[node].kind, "PagePost")
        if node in world.instagram.items:
            return "IGMedia" if world.instagram.items[node].kind == "media" else "IGComment"
        return "UnifiedThread" if node in world.inbox.conversations else "IGUser" if node == IG else "UnifiedMessage"


def strange(kind: str, fields: Sequence[Field]) -> list[str]:
    """Names asked of a node that Meta does not give it, with those asked of what hangs on it."""
    if kind in UNDESCRIBED or not kind:
        return []
    meta = Described(kind)
    known = set(meta.types) | meta.edge_names("GET")
    found = [f"{kind}.{one.name}" for one in fields if one.name not in known]
    return found + [name for one in fields for name in strange(below(kind, one.name), one.inner)]


@pytest.fixture
def asked(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Listens to what goes to the sandbox; every request is still sent."""
    heard, send = Asked(box.world), HTTPAdapter.send

    def listening(adapter: HTTPAdapter, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        if str(request.url).startswith(box.graph_base):
            heard.note(request)
        return send(adapter, request, **how)

    monkeypatch.setattr(HTTPAdapter, "send", listening)
    return heard


@pytest.mark.contracts
@pytest.mark.parametrize(
    ("name", "key", "user_id"), [("facebook", "fb_hemlund", HEMLUND_FB), ("instagram", "ig_hemlund", IG)]
)
def test_a_channel_asks_only_for_what_meta_describes(
    box: Sandbox, asked: Asked, places: dict[str, str], name: str, key: str, user_id: str
) -> None:
    if name not in names():
        pytest.skip(f"no channel {name!r} is installed")
    options = {"page_id": HEMLUND_FB} if name == "instagram" else {}
    config = AccountConfig(key, user_id, "hemlund", box.graph_base, 5.0, options, box.credentials(key))
    channel: Any = load_channel(name, config)
    cursor = channel.poll(None, Budget()).cursor
    result = channel.poll(cursor, Budget())
    assert result.bad == ()
    channel.health()
    if channel.capabilities.refresh:
        channel.refresh([places["Comment"], places["PagePost"]] if name == "facebook" else [places["IGComment"]])
    assert len(asked.calls) >= 5
    for method, (node, *edge), params in asked.calls:
        of = asked.kind(node)
        if edge and of not in UNDESCRIBED:
            assert (method, edge[0]) in Described(of).edges
        fields = parse_fields(params["fields"]) if params.get("fields") else ()
        assert strange(below(of, edge[0]) if edge else of, fields) == [], (method, node, edge)


# --- Meta's own client ---------------------------------------------------------------------------------


@pytest.fixture
def meta(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> FacebookAdsApi:
    """`facebook-business`, unmodified but for the address it writes to; it proves its app secret on every call."""
    monkeypatch.setattr(FacebookSession, "GRAPH", box.graph_base)
    box.world.account("fb_hemlund").require_proof = True
    secrets = box.credentials("fb_hemlund")
    session = FacebookSession("900100200300400", secrets["app_secret"], secrets["page_token"], timeout=10)
    return FacebookAdsApi(session, api_version="v25.0")


def error_of(act: Callable[[], Any]) -> tuple[int, int | None, bool]:
    with pytest.raises(FacebookRequestError) as raised:
        act()
    found = raised.value
    return found.api_error_code(), found.api_error_subcode(), bool(found.api_transient_error())


def test_metas_client_reads_a_feed_over_several_pages(box: Sandbox, meta: FacebookAdsApi) -> None:
    for number in range(5):
        box.world.post_fb(f"nr {number}", author="Jan")
    page = Page(HEMLUND_FB, api=meta)
    assert page.api_get(fields=["name", "fan_count"])["name"] == "Hemlund"
    feed = list(page.get_feed(fields=["message", "from", "created_time"], params={"limit": 2}))
    assert [post["message"] for post in feed] == [f"nr {number}" for number in (4, 3, 2, 1, 0)]
    assert isinstance(feed[0], PagePost)
    assert [post["message"] for post in page.get_visitor_posts(fields=["message"])] == [
        f"nr {number}" for number in (4, 3, 2, 1, 0)
    ]
    box.world.review_fb("goed", author="Jan", positive=True)
    assert page.get_ratings(fields=["recommendation_type"])[0]["recommendation_type"] == "positive"


def test_metas_client_answers_hides_likes_and_deletes(box: Sandbox, meta: FacebookAdsApi) -> None:
    post = PagePost(box.world.post_fb("Nieuw!", kind="post").id, api=meta)
    made = box.world.comment_fb("Mooi", under=post["id"], author="Jan")
    comment = Comment(made.id, api=meta)
    answer = comment.create_comment(params={"message": "Dank!"})
    found = list(post.get_comments(fields=["message", "parent"], params={"filter": "stream"}))
    assert [one["message"] for one in found] == ["Mooi", "Dank!"]
    assert found[1]["parent"]["id"] == made.id
    comment.api_update(params={"is_hidden": True})
    comment.create_like()
    shown = comment.api_get(fields=["is_hidden", "user_likes"])
    assert (shown["is_hidden"], shown["user_likes"]) == (True, True)
    comment.delete_likes()
    comment.api_update(params={"is_hidden": False})
    assert (made.hidden, made.likes) == (False, set())
    Comment(answer["id"], api=meta).api_delete()
    assert error_of(Comment(answer["id"], api=meta).api_get) == (100, 33, False)
    assert error_of(lambda: comment.create_comment(params={"message": "  "}))[0] == 100


# The client was made from files that hold no fields of a message.
@pytest.mark.filterwarnings("ignore:messages does not allow field")
def test_metas_client_reads_and_writes_messages(box: Sandbox, meta: FacebookAdsApi) -> None:
    box.world.inbox.receive("Waar blijft mijn bank?", author="Jan")
    person = box.world.user("facebook", "Jan")
    page = Page(HEMLUND_FB, api=meta)
    sent = page.create_message(
        params={"recipient": {"id": person.id}, "message": {"text": "Morgen"}, "messaging_type": "RESPONSE"}
    )
    assert sent["recipient_id"] == person.id
    threads = page.get_conversations(fields=["participants", "can_reply"], params={"platform": "MESSENGER"})
    assert threads[0]["can_reply"] is True
    talk = list(UnifiedThread(threads[0]["id"], api=meta).get_messages(fields=["message", "from"]))
    assert [one["message"] for one in talk] == ["Morgen", "Waar blijft mijn bank?"]
    assert talk[1]["from"]["id"] == person.id


def test_metas_client_works_on_instagram(box: Sandbox, meta: FacebookAdsApi) -> None:
    media = box.world.instagram.post("Nieuw", author=box.world.instagram.user(IG))
    comment = box.world.instagram.comment("Mooi", under=media.id, author="jan_j")
    account = Page(HEMLUND_FB, api=meta).api_get(fields=["instagram_business_account"])["instagram_business_account"]
    user = IGUser(account["id"], api=meta)
    assert [one["caption"] for one in user.get_media(fields=["caption"])] == ["Nieuw"]
    found = IGMedia(media.id, api=meta).get_comments(fields=["text", "username"])
    assert [(one["text"], one["username"]) for one in found] == [("Mooi", "jan_j")]
    answer = IGComment(comment.id, api=meta).create_reply(params={"message": "Dank"})
    assert [one["id"] for one in IGComment(comment.id, api=meta).get_replies()] == [answer["id"]]
    IGComment(comment.id, api=meta).api_update(params={"hide": True})
    assert comment.hidden
    IGComment(comment.id, api=meta).api_delete()
    assert list(IGMedia(media.id, api=meta).get_comments()) == []


def test_metas_client_batches_what_is_there_and_what_is_gone(box: Sandbox, meta: FacebookAdsApi) -> None:
    post = box.world.post_fb("een", author="Jan")
    told: list[tuple[str, Any]] = []
    batch = meta.new_batch()
    for post_id in (post.id, "1_2"):
        PagePost(post_id, api=meta).api_get(
            fields=["message"],
            batch=batch,
            success=lambda answer: told.append(("found", answer.json()["message"])),
            failure=lambda answer: told.append(("gone", answer.error().api_error_subcode())),
        )
    assert batch.execute() is None
    assert told == [("found", "een"), ("gone", 33)]


def test_metas_client_understands_every_refusal(box: Sandbox, meta: FacebookAdsApi) -> None:
    page = Page(HEMLUND_FB, api=meta)
    for code, subcode, transient in ((190, 463, False), (32, None, True), (368, None, False), (2, None, True)):
        box.faults.add("GET /graph/*", "refused", code=code, subcode=subcode, count=1)
        assert error_of(page.api_get) == (code, subcode, transient)
    box.faults.add("GET /graph/*", "refused", code=80001, count=1, seconds=300)
    with pytest.raises(FacebookRequestError) as raised:
        page.api_get()
    usage = json.loads(raised.value.http_headers()["x-business-use-case-usage"])
    assert usage[HEMLUND_FB][0]["estimated_time_to_regain_access"] == 5
    assert page.api_get(fields=["name"])["name"] == "Hemlund"
