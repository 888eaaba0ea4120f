"""What Meta delivers by webhook, over real HTTP: who is believed, what is kept, and what is turned away."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from sqlmodel import select
from webhook_desk import IG_ID, KEY, PAGE, PAGE_ID, TOKEN, HookDesk, as_json, make_hook_desk, naming, served

from webcare.sandbox.hooks import signed
from webcare.sandbox.server import Sandbox
from webcare.sandbox.values import SandboxError
from webcare.store import Store
from webcare.store.hooks import close
from webcare.store.tables_hooks import HookNoticeRow
from webcare.web import hooks


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def desk(store: Store, shop: Sandbox) -> Iterator[HookDesk]:
    with served(make_hook_desk(store, shop)) as running:
        yield running


@pytest.fixture
def lite(sqlite_store: Store, shop: Sandbox) -> Iterator[HookDesk]:
    """The same on SQLite only, where the database cannot make a difference."""
    with served(make_hook_desk(sqlite_store, shop)) as running:
        yield running


def kept(desk: HookDesk) -> list[tuple[str, str, str]]:
    return [(row.kind, row.item_id, row.media_id) for row in desk.notices()]


# --- subscribing ----------------------------------------------------------------------------------------


def test_without_a_token_there_is_no_receiver(sqlite_store: Store, shop: Sandbox) -> None:
    with served(make_hook_desk(sqlite_store, shop, token="")) as desk:
        assert desk.ask("GET", f"{hooks.PATH}?{urlencode({'hub.mode': 'subscribe', 'hub.challenge': '1'})}") == 404
        assert desk.deliver(naming(("1", ""))) == 404
    assert desk.notices() == []


def test_only_who_knows_the_token_hears_the_challenge(lite: HookDesk) -> None:
    right = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": TOKEN}
    assert lite.ask("GET", f"{hooks.PATH}?{urlencode(right)}") == 200
    assert (lite.text, lite.said.headers["content-type"]) == ("1158201444", "text/plain; charset=utf-8")
    wrong = ({"hub.verify_token": "guessed"}, {"hub.verify_token": "té"}, {"hub.mode": "x"}, {"hub.challenge": ""})
    for change in (*wrong, {"hub.challenge": "9" * 600}):
        assert lite.ask("GET", f"{hooks.PATH}?{urlencode(right | change)}") == 403
    assert lite.ask("GET", hooks.PATH) == 403


def test_the_sandbox_subscribes_as_meta_does(lite: HookDesk) -> None:
    lite.box.hooks.subscribe(lite.url, TOKEN)
    for wrong in ("guessed", TOKEN.upper()):
        with pytest.raises(SandboxError, match="does not know the verify token"):
            lite.box.hooks.subscribe(lite.url, wrong)


def test_people_subscribe_through_the_control_door_and_only_on_this_machine(lite: HookDesk) -> None:
    door = http.client.HTTPConnection("127.0.0.1", lite.box.port, timeout=30)

    def ask(url: str, token: str) -> tuple[int, str]:
        body = as_json({"url": url, "verify_token": token})
        door.request("POST", "/sandbox/webhooks", body, {"Content-Type": "application/json"})
        answer = door.getresponse()
        return answer.status, answer.read().decode()

    assert ask(lite.url, TOKEN)[0] == 200
    assert "does not know the verify token" in ask(lite.url, "guessed")[1]
    assert "cannot be reached" in ask("http://127.0.0.1:1/hooks/meta", TOKEN)[1]
    assert "goes to an address like" in ask("https://desk.example/hooks/meta", TOKEN)[1]
    door.close()
    with pytest.raises(SandboxError, match="goes to an address like"):
        Sandbox(webhook="https://desk.example/hooks/meta")


# --- who is believed ------------------------------------------------------------------------------------


def test_a_signed_delivery_is_kept_and_acknowledged(desk: HookDesk) -> None:
    assert desk.deliver(naming(("111", ""), ("222", "333"))) == 200
    assert kept(desk) == [("media", "111", "111"), ("comment", "333", "222")]
    assert all(row.done_at is None for row in desk.notices())
    (heard,) = desk.heard()
    assert (heard.poll_at, heard.full_at) == (None, None)


def test_what_is_not_signed_with_our_app_secret_is_refused(lite: HookDesk) -> None:
    plain = naming(("111", ""))
    good = signed(plain, lite.box.credentials(KEY)["app_secret"]).signature
    wrong = (
        signed(plain, "another secret").signature,
        good.removeprefix("sha256="),
        good.replace("sha256=", "sha1="),
        good[:-1],
        good.upper(),
        "sha256=",
        "sha256=ééé".encode("latin-1").decode("latin-1"),
    )
    assert [lite.deliver(plain, signature=one) for one in wrong] == [403] * len(wrong)
    assert lite.ask("POST", hooks.PATH, as_json(plain)) == 403
    changed = as_json(naming(("112", "")))
    assert lite.deliver(plain, body=changed, signature=good) == 403
    assert (kept(lite), lite.heard()) == ([], [])


def test_an_app_speaks_only_of_the_accounts_that_are_connected_through_it(lite: HookDesk) -> None:
    assert lite.deliver(naming(("111", "")), key=PAGE) == 200
    assert (kept(lite), lite.heard()) == ([], [])


def test_an_account_that_is_not_connected_here_is_acknowledged_and_forgotten(lite: HookDesk) -> None:
    both = naming(("111", ""), account="999")
    both["entry"] += naming(("222", ""))["entry"]
    assert lite.deliver(both) == 200
    assert kept(lite) == [("media", "222", "222")]


def test_no_other_secret_of_ours_signs_a_delivery(lite: HookDesk) -> None:
    plain = naming(("111", ""))
    for secret in (lite.box.credentials(KEY)["page_token"], TOKEN, ""):
        assert lite.deliver(plain, signature=signed(plain, secret).signature) == 403
    assert kept(lite) == []


# --- what is kept ---------------------------------------------------------------------------------------


def test_a_replayed_delivery_counts_once_also_when_it_was_done(desk: HookDesk) -> None:
    for _ in range(3):
        assert desk.deliver(naming(("111", ""), ("111", ""), ("222", "333"))) == 200
    assert len(kept(desk)) == 2
    with desk.app.store.write() as session:
        for row in session.exec(select(HookNoticeRow)):
            close(session, row, "taken", now=desk.clock())
    assert desk.deliver(naming(("111", ""))) == 200
    assert [row.outcome for row in desk.notices()] == ["taken", "taken"]


def test_two_at_once_count_once(desk: HookDesk) -> None:
    statuses: list[int] = []

    def send() -> None:
        twin = HookDesk(desk.app, desk.box, desk.port)
        statuses.append(twin.deliver(naming(*((str(number), "") for number in range(1, 20)))))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert sorted(int(item) for _, item, _ in kept(desk)) == list(range(1, 20))


def test_too_much_is_turned_away_and_taken_when_it_comes_again(store: Store, shop: Sandbox) -> None:
    with served(make_hook_desk(store, shop), max_waiting=3) as desk:
        many = naming(*((str(number), "") for number in range(1, 6)))
        assert desk.deliver(many) == 503
        assert len(kept(desk)) == 3
        assert desk.heard()[0].full_at is not None
        assert desk.deliver(naming(("1", ""))) == 200, "what is known needs no room"
        with desk.app.store.write() as session:
            for row in session.exec(select(HookNoticeRow)):
                close(session, row, "taken", now=desk.clock())
        assert desk.deliver(many) == 200
        assert len(kept(desk)) == 5


def test_other_news_of_an_account_only_asks_for_a_poll(desk: HookDesk) -> None:
    comment = {"field": "comments", "value": {"id": "5", "text": "Waar blijft <b>mijn</b> bank?"}}
    assert desk.deliver({"object": "instagram", "entry": [{"id": IG_ID, "changes": [comment]}]}) == 200
    assert desk.deliver({"object": "page", "entry": [{"id": PAGE_ID, "messaging": [{"message": {}}]}]}, key=PAGE) == 200
    assert kept(desk) == []
    assert [row.poll_at is not None for row in desk.heard()] == [True, True]


def test_no_word_of_a_customer_is_kept(lite: HookDesk) -> None:
    told = naming(("111", "222"))
    told["entry"][0]["changes"][0]["value"] |= {"text": "geheim", "from": {"username": "lies"}}
    assert lite.deliver(told) == 200
    (row,) = lite.notices()
    assert not [value for value in row.model_dump().values() if "geheim" in str(value) or "lies" in str(value)]


@pytest.mark.parametrize("odd", ["1){id}", "-1", "", None, [], {}, True, "٣", "9" * 41, 1.5, "12\n"])
def test_a_number_that_is_none_never_becomes_part_of_an_address(lite: HookDesk, odd: object) -> None:
    told = naming(("111", ""))
    told["entry"][0]["changes"][0]["value"] = {"media_id": odd, "comment_id": odd}
    assert lite.deliver(told) == 200
    assert kept(lite) == []


# --- what is no delivery --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"{}", b'{"entry": {}}', b"[" * 5000])
def test_a_signed_body_that_is_no_delivery_is_refused(lite: HookDesk, body: bytes) -> None:
    assert lite.deliver(None, body=body, signature=_sign(lite, body)) == 400
    assert lite.heard() == []


@pytest.mark.parametrize(
    "plain",
    [
        {"object": "user", "entry": [{"id": IG_ID, "changes": [{"field": "mentions", "value": {"media_id": "1"}}]}]},
        {"object": "instagram", "entry": []},
        {"object": "instagram", "entry": ["x", None, 3, {"id": None}, {"changes": []}]},
        {"object": "instagram", "entry": [{"id": IG_ID, "changes": "x"}]},
        {"object": ["instagram"], "entry": [{"id": IG_ID}]},
    ],
)
def test_a_delivery_that_tells_nothing_is_acknowledged(lite: HookDesk, plain: object) -> None:
    assert lite.deliver(plain) == 200
    assert (kept(lite), lite.heard()) == ([], [])


def test_a_body_that_is_too_large_is_not_read(lite: HookDesk) -> None:
    body = as_json(naming(("111", ""))) + b" " * hooks.MAX_BODY
    assert lite.deliver(None, body=body, signature=_sign(lite, body)) == 413
    connection = http.client.HTTPConnection("127.0.0.1", lite.port, timeout=30)
    try:
        # Without a length the server has to count for itself.
        pieces = (body[start : start + 65536] for start in range(0, len(body), 65536))
        connection.request("POST", hooks.PATH, pieces, {"X-Hub-Signature-256": _sign(lite, body)}, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # It hung up on the rest, which is as good.
    finally:
        connection.close()
    assert status == 413
    assert kept(lite) == []


def test_a_database_that_cannot_write_asks_for_the_delivery_again(lite: HookDesk) -> None:
    path = lite.app.store.path
    assert path is not None
    hidden = path.rename(path.with_suffix(".away"))
    assert lite.deliver(naming(("111", ""))) == 503
    hidden.rename(path)
    assert lite.deliver(naming(("111", ""))) == 200
    assert kept(lite) == [("media", "111", "111")]


def _sign(desk: HookDesk, body: bytes) -> str:
    secret = desk.box.credentials(KEY)["app_secret"]
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
