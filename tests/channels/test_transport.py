"""What every request does on the wire, on real sockets."""

import logging
import socket
import threading
import time
import traceback

import pytest
import requests
from stub_network import Answer, Stub, close, cut_short, drip, free_port, reset, silence

from webcare.channels.leaving import only_while
from webcare.channels.transport import CallFailed, NetworkSession, Redactor, announced_limits, checked_base
from webcare.errors import SettingsError

ORIGIN = "https://api.network.example"
TOKEN = "secret-token-0123456789"


def session(base: str, *, timeout_s: float = 15.0) -> NetworkSession:
    return NetworkSession(origin=ORIGIN, api_base=base, timeout_s=timeout_s, secrets=[TOKEN], bearer=TOKEN)


def failure(base: str, method: str = "POST", **kwargs: float) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        session(base, **kwargs).request(method, f"{ORIGIN}/2/posts", data={"text": "hello"})
    return caught.value


def test_requests_to_the_public_api_go_to_api_base_with_its_path(stub: Stub) -> None:
    stub.on("GET", "/x/2/posts", Answer(body={"data": []}))
    answer = session(f"{stub.url}/x/").request("GET", f"{ORIGIN}/2/posts", params={"ids": "1,2"})
    assert answer.json() == {"data": []}
    assert stub.heard[0].target == "/x/2/posts?ids=1%2C2"
    assert stub.heard[0].headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/2/posts", "http://127.0.0.1:9/x", "http://api.network.example/2"]
)
def test_no_other_host_is_ever_asked(stub: Stub, url: str) -> None:
    with pytest.raises(CallFailed) as caught:
        session(stub.url).request("GET", url)
    assert caught.value.never_left
    assert not stub.heard


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(stub: Stub, status: int) -> None:
    stub.otherwise(Answer(status, text="", headers={"location": f"{stub.url}/elsewhere"}))
    caught = failure(stub.url)
    assert (caught.status, caught.may_have_landed) == (status, True)
    assert len(stub.heard) == 1


def test_a_refused_connection_certainly_posted_nothing() -> None:
    caught = failure(f"http://127.0.0.1:{free_port()}")
    assert (caught.status, caught.never_left, caught.may_have_landed) == (None, True, False)


def test_an_unknown_host_certainly_posted_nothing() -> None:
    caught = failure("http://no-such-host-of-ours")
    assert caught.never_left


def test_a_failed_tls_handshake_certainly_posted_nothing(stub: Stub) -> None:
    # The stub speaks no TLS, so the handshake fails before any byte of the request is written.
    caught = failure(stub.url.replace("http://", "https://"))
    assert caught.never_left
    assert not stub.heard


@pytest.mark.parametrize("act", [reset, close], ids=["reset", "closed"])
def test_a_connection_cut_after_the_request_may_have_posted(stub: Stub, act: object) -> None:
    stub.otherwise(Answer(act=act))  # type: ignore[arg-type]
    caught = failure(stub.url)
    assert (caught.status, caught.never_left, caught.may_have_landed) == (None, False, True)
    assert len(stub.heard) == 1, "the request must not be tried again"


def test_an_answer_that_breaks_off_may_have_posted(stub: Stub) -> None:
    stub.otherwise(Answer(act=cut_short))
    assert failure(stub.url).may_have_landed


def test_silence_ends_at_the_time_limit_and_may_have_posted(stub: Stub) -> None:
    stub.otherwise(Answer(act=silence(3)))
    begun = time.monotonic()
    caught = failure(stub.url, timeout_s=0.3)
    assert caught.may_have_landed
    assert time.monotonic() - begun < 1.5


def test_an_answer_that_drips_ends_at_the_time_limit(stub: Stub) -> None:
    stub.otherwise(Answer(act=drip))
    begun = time.monotonic()
    caught = failure(stub.url, "GET", timeout_s=0.4)
    assert (caught.status, str(caught)) == (None, "the answer did not end in time")
    assert time.monotonic() - begun < 2


def test_a_host_that_takes_no_connection_certainly_posted_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        caught = failure(f"http://127.0.0.1:{port}", timeout_s=0.4)
        for one in waiting:
            one.close()
    assert (caught.status, caught.never_left, str(caught)) == (None, True, "no answer in time")


@pytest.mark.parametrize(
    ("status", "may_have_landed"),
    [
        *((status, False) for status in (400, 401, 403, 404, 422, 429)),
        *((status, True) for status in (408, 409, 425, 500, 502, 503, 504)),
    ],
)
def test_only_a_clear_refusal_proves_that_nothing_was_posted(stub: Stub, status: int, may_have_landed: bool) -> None:
    stub.otherwise(Answer(status, text="<html>sorry</html>", headers={"content-type": "text/html"}))
    caught = failure(stub.url)
    assert (caught.status, caught.may_have_landed) == (status, may_have_landed)
    assert len(stub.heard) == 1


def test_each_write_has_a_connection_of_its_own_and_reads_share_one(stub: Stub) -> None:
    stub.otherwise(Answer(body={}))
    calls = session(stub.url)
    for method in ("GET", "GET", "POST", "POST", "GET"):
        calls.request(method, f"{ORIGIN}/a")
    read, read_again, written, written_again, read_last = (heard.client_port for heard in stub.heard)
    assert read == read_again == read_last
    # A kept connection that the server closed meanwhile would make a post look lost.
    assert len({read, written, written_again}) == 3


def test_a_process_that_slept_before_the_request_left_sends_nothing(stub: Stub) -> None:
    with only_while(lambda: False):
        assert failure(stub.url).never_left
    assert stub.heard == []


def test_a_process_that_fell_asleep_between_head_and_body_sent_no_whole_request(stub: Stub) -> None:
    looks = iter([True])
    with only_while(lambda: next(looks, False)):
        assert failure(stub.url).never_left
    assert not any(heard.body for heard in stub.heard)


def test_cookies_are_neither_kept_nor_sent(stub: Stub) -> None:
    stub.otherwise(Answer(body={}, headers={"set-cookie": "guest_id=abc; Path=/"}))
    calls = session(stub.url)
    for _ in range(2):
        calls.request("GET", f"{ORIGIN}/a")
    assert "Cookie" not in stub.heard[1].headers


def test_the_last_answer_belongs_to_the_thread_that_received_it(stub: Stub) -> None:
    stub.on("GET", "/a", Answer(body={"who": "a"})).on("GET", "/b", Answer(body={"who": "b"}))
    calls = session(stub.url)
    calls.request("GET", f"{ORIGIN}/a")
    other = threading.Thread(target=calls.request, args=("GET", f"{ORIGIN}/b"))
    other.start()
    other.join()
    assert calls.answer.json() == {"who": "a"}
    with pytest.raises(LookupError):
        _ = session(stub.url).answer


def test_a_secret_in_an_answer_goes_no_further(stub: Stub) -> None:
    stub.otherwise(Answer(body={"paging": {"next": f"https://x.example/?access_token={TOKEN}&limit=2"}}))
    answer = session(stub.url).request("GET", f"{ORIGIN}/a")
    assert answer.json() == {"paging": {"next": "https://x.example/?access_token=***&limit=2"}}


def test_no_secret_reaches_a_message_a_traceback_or_a_log(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stub.otherwise(Answer(403, body={"detail": f"the token {TOKEN} is bad"}))
    for base in (stub.url, f"http://127.0.0.1:{free_port()}"):
        with pytest.raises(CallFailed) as caught:
            session(base).request("GET", f"{ORIGIN}/a", params={"access_token": TOKEN, "appsecret_proof": "0" * 64})
        written = "".join(traceback.format_exception(caught.value)) + repr(caught.value.payload)
        assert TOKEN not in written
        assert "0" * 64 not in written
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"GET /me?access_token={TOKEN}&a=1", "GET /me?access_token=***&a=1"),
        ("url: /v26.0/me?access_token=EAABother0123456&fields=id", "url: /v26.0/me?access_token=***&fields=id"),
        ("Authorization: Bearer AAAAAAAAAAAAAAAAAAAAA%3Dtail", "Authorization: Bearer ***"),
        ('OAuth oauth_token="123456789012-abcdef", oauth_nonce="9"', 'OAuth oauth_token="***", oauth_nonce="9"'),
        ("Invalid OAuth access token.", "Invalid OAuth access token."),
        ("Malformed access token pa/ss+word", "Malformed access token ***"),
        ("pa%2Fss%2Bword in an address", "*** in an address"),
        ("", ""),
    ],
)
def test_the_redactor_hides_secrets_and_leaves_the_rest(text: str, hidden: str) -> None:
    assert Redactor([TOKEN, "pa/ss+word", ""]).hide(text) == hidden


def test_scrubbing_reaches_the_errors_behind_an_error() -> None:
    inner = OSError(f"url: /me?access_token={TOKEN}")
    error = requests.ConnectionError(inner)
    error.__cause__ = inner
    Redactor([TOKEN]).scrub(error)
    assert TOKEN not in "".join(traceback.format_exception(error))


def test_a_stand_in_is_reached_without_the_proxy_of_the_environment(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    stub.otherwise(Answer(body={}))
    assert session(stub.url).request("GET", f"{ORIGIN}/a").json() == {}


def test_a_proxy_that_does_not_let_us_through_certainly_posted_nothing(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", stub.url)
    monkeypatch.setenv("NO_PROXY", "")
    caught = failure("")
    assert (caught.status, caught.never_left) == (None, True)
    assert not stub.heard


@pytest.mark.parametrize("base", ["ftp://127.0.0.1", "127.0.0.1:8600", "http://", "https://x.example/?a=1", "nonsense"])
def test_an_api_base_that_is_no_address_is_a_settings_error(base: str) -> None:
    with pytest.raises(SettingsError, match="is not an address"):
        checked_base(base)


def test_an_api_base_may_not_send_secrets_unencrypted_over_the_internet() -> None:
    with pytest.raises(SettingsError, match="unencrypted"):
        checked_base("http://api.example.com")
    for fine in (
        "http://127.0.0.1:8600/x",
        "http://localhost:1",
        "http://sandbox:8600",
        "http://10.1.2.3/x",
        "https://a.example",
    ):
        assert checked_base(fine) == fine
    assert checked_base("") == ""


def test_limits_are_read_from_headers_and_nonsense_is_none() -> None:
    announced = announced_limits(
        {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "7", "x-rate-limit-reset": "1770721200"}
    )
    assert announced is not None
    assert (announced.limit, announced.remaining) == (300, 7)
    assert announced.reset_at is not None
    assert announced.reset_at.isoformat() == "2026-02-10T11:00:00+00:00"
    odd = announced_limits(
        {"x-rate-limit-limit": "many", "x-rate-limit-reset": "9" * 30, "x-rate-limit-remaining": "0"}
    )
    assert odd is not None
    assert (odd.limit, odd.remaining, odd.reset_at) == (None, 0, None)
    assert announced_limits({}) is None
