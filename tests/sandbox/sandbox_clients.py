"""The unmodified client libraries, redirected to a sandbox at transport level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import facebook
import requests
import tweepy
from requests.adapters import HTTPAdapter

from webcare.sandbox import Sandbox

HEMLUND_X = "3300000001"
HEMLUND_FB = "1100000001"
Check = Callable[[requests.Response], None]


class Redirect(HTTPAdapter):
    """Sends what was meant for a network to the sandbox, after the client has signed it."""

    def __init__(self, base: str, check: Check | None = None) -> None:
        self._base = base
        self._check = check
        self.timeout = 10.0
        self.answers: list[requests.Response] = []
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url)
        request.url = self._base + str(request.url)[len(f"{parts.scheme}://{parts.netloc}") :]
        kwargs["timeout"] = self.timeout
        answer = super().send(request, *args, **kwargs)
        self.answers.append(answer)
        if self._check is not None:
            self._check(answer)
        return answer


def x_client(
    box: Sandbox, *, key: str = "x_hemlund", check: Check | None = None, bearer: str | None = None, **changed: str
) -> tweepy.Client:
    secrets = {**box.credentials(key), **changed}
    client = tweepy.Client(
        bearer_token=bearer or secrets["bearer_token"],
        consumer_key=secrets["api_key"],
        consumer_secret=secrets["api_secret"],
        access_token=secrets["access_token"],
        access_token_secret=secrets["access_token_secret"],
    )
    client.session.mount("https://api.twitter.com", Redirect(box.x_base, check))
    return client


def graph_client(box: Sandbox, *, key: str = "fb_hemlund", token: str | None = None) -> facebook.GraphAPI:
    client = facebook.GraphAPI(token or box.credentials(key)["page_token"], timeout=10)
    client.version = "v26.0"
    client.session.mount("https://graph.facebook.com", Redirect(box.graph_base))
    return client


def last_answer(client: Any) -> requests.Response:
    """The raw answer to the last request of a client made here."""
    return redirect(client).answers[-1]


def redirect(client: Any) -> Redirect:
    """What sends a client made here to the sandbox."""
    host = "https://api.twitter.com" if isinstance(client, tweepy.Client) else "https://graph.facebook.com"
    adapter = client.session.get_adapter(host + "/")
    assert isinstance(adapter, Redirect)
    return adapter


def graph_error(error: facebook.GraphAPIError) -> tuple[Any, Any, Any]:
    found = error.result["error"]
    return found["code"], found.get("error_subcode"), found["type"]
