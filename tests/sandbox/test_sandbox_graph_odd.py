"""Odd requests to the Graph side: whatever is asked, the answer is JSON, and a refusal carries a code of Meta's."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_clients import HEMLUND_FB

from webcare.sandbox import Sandbox
from webcare.sandbox.graph_nodes import EDGES, FIELDS
from webcare.sandbox.values import names

IG = "17841400000000001"
WORDS = sorted({name for known in (*FIELDS.values(), *EDGES.values()) for name in known})
ODD = st.one_of(
    st.sampled_from(["", "0", "-1", "true", "{}", "[]", "null", "é", "%00", "a" * 300]), st.text(max_size=12)
)
PARTS = st.sampled_from([*WORDS, ".limit(2)", ".order(chronological)", "{", "}", ",", "(", ")", "id", "message", " "])
ASKED_FIELDS = st.lists(PARTS, max_size=8).map("".join)
NAMES = names(
    "limit after before since until order filter summary platform user_id folder message is_hidden hide recipient "
    "messaging_type tag media_id comment_id ids batch input_token method sender_action include_headers appsecret_proof"
)
PARAMS = st.dictionaries(st.sampled_from(sorted(NAMES)), ODD, max_size=4)


@pytest.fixture(scope="module")
def town() -> Iterator[tuple[Sandbox, requests.Session, list[str]]]:
    with Sandbox(limit_scale=1e6) as box, requests.Session() as session:
        world = box.world
        post = world.post_fb("Nieuw!", kind="post")
        comment = world.comment_fb("mooi", under=post.id, author="Jan")
        message = world.inbox.receive("Hallo", author="Jan")
        media = world.instagram.post("Nieuw", author=world.instagram.user(IG))
        below = world.instagram.comment("mooi", under=media.id, author="jan_j")
        session.headers["authorization"] = f"Bearer {box.credentials('ig_hemlund')['page_token']}"
        nodes = ["", "me", HEMLUND_FB, IG, "1_2", "debug_token", post.id, comment.id, media.id, below.id]
        yield box, session, [*nodes, message.id, message.conversation_id]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_odd_requests_are_answered_in_metas_terms(
    town: tuple[Sandbox, requests.Session, list[str]], data: st.DataObject
) -> None:
    box, session, nodes = town
    method = data.draw(st.sampled_from(["GET", "GET", "POST"]))
    node = data.draw(st.sampled_from(nodes))
    edge = data.draw(
        st.one_of(st.just(""), st.sampled_from(sorted({one for known in EDGES.values() for one in known})))
    )
    version = data.draw(st.sampled_from(["v26.0", "v22.0", "v3.1"]))
    params = {**data.draw(PARAMS), "fields": data.draw(ASKED_FIELDS)}
    where = f"{box.graph_base}/{version}/{node}/{edge}".rstrip("/")
    answer = session.request(method, where, timeout=10, **{"params" if method == "GET" else "data": params})
    found: Any = answer.json()
    if answer.status_code == 200:
        assert isinstance(found, dict | list)
        assert "error" not in found
    else:
        assert isinstance(found["error"]["code"], int)
        assert found["error"]["message"]
        assert answer.status_code in (400, 403, 404)
