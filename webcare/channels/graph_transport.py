"""Meta's Graph API through facebook-sdk, for one account: the one place that knows version, host, proofs and headers.

Of the library only `request` is used. It knows no Graph version after 3.1, drops status and headers, takes an HTTP 500
for success, and would put the token into addresses; the session below it answers for all of that. `paging.next` of an
answer holds the token and is never used: paging goes by cursors.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import facebook

from webcare.channels.base import AccountConfig, RateState
from webcare.channels.explain import Explainer, variables
from webcare.channels.graph_refusals import Tables, listen, too_much_data, usage
from webcare.channels.transport import CallFailed, NetworkSession, server_time
from webcare.channels.walking import Page, read_posts
from webcare.domain import Mention
from webcare.errors import ChannelError, ChannelProtocolError, ChannelUnavailable, OutcomeUnknown, SettingsError

log = logging.getLogger(__name__)

#: facebook-sdk writes this address into itself with a slash at the end.
ORIGIN = "https://graph.facebook.com"
#: The newest version of the Graph API this was written against; it is served until 2028 at least.
GRAPH_VERSION = "v26.0"
#: Most entries one page of a list may hold.
PAGE_AT_MOST = 100
#: A list is asked for an eighth of what we want at the least when Graph finds the answers too large.
_SMALLEST_PART = 8
SECRETS = ("page_token", "app_secret")


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the last answer told besides its content."""

    at: datetime
    read_at: float  #: our own monotonic clock when it came
    rate: RateState | None


class GraphTransport:
    """Signed requests of one account. Raises ChannelError; every method asks the network once."""

    def __init__(self, config: AccountConfig, *, title: str, tables: Tables) -> None:
        token, secret = config.secrets["page_token"], config.secrets["app_secret"]
        self._token, self._secret = token, secret
        self._app_id = _app_id(config)
        self._proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        self._session = NetworkSession(
            origin=ORIGIN,
            api_base=config.api_base,
            timeout_s=config.timeout_s,
            secrets=(token, secret, self._proof),
            bearer=token,
        )
        self._graph = facebook.GraphAPI(access_token=None, session=self._session, timeout=config.timeout_s)
        # The constructor refuses every version after 3.1.
        self._graph.version = str(config.options.get("graph_version") or GRAPH_VERSION)
        told = partial(listen, hide=self._session.redactor.hide)
        keys = variables(config, SECRETS)
        self._explain = Explainer(title, keys, told, tables.reading, tables.sending)
        self._explain_act = Explainer(title, keys, told, tables.reading, tables.acting)
        self._title = title
        self._parts: dict[str, int] = {}
        self._heard: _Heard | None = None

    # --- asking ---------------------------------------------------------------------------------------

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Read one object; parameters that are None are left out. Raises ChannelError."""
        args = {name: value for name, value in params.items() if value is not None}
        try:
            return self._call(path, args={**args, "appsecret_proof": self._proof})
        except CallFailed as failure:
            raise self._explain.read_error(failure) from failure

    def listing(
        self, path: str, *, name: str, size: int, fields: str | Callable[[int], str], after: str = "", **params: Any
    ) -> dict[str, Any]:
        """One page of a list, from its beginning or after a cursor. Raises ChannelError.

        Where Graph gives up because the answer would be too large, half as much is asked for, from then on; `fields`
        may be a function that gets the divisor. `name` is what the list is called here.
        """
        while True:
            part = self._parts.get(name, 1)
            asked = fields if isinstance(fields, str) else fields(part)
            # What comes along inside shrinks first, so that as many posts as possible stay watched.
            limit = max(1, min(PAGE_AT_MOST, size) // (part if isinstance(fields, str) else max(1, part // 4)))
            try:
                return self.get(path, fields=asked, limit=limit, after=after or None, **params)
            except ChannelUnavailable as error:
                if part >= _SMALLEST_PART or not too_much_data(error):
                    raise
                log.info("%s: %s is asked for in smaller pages: %s", self._title, name, error)
                self._parts[name] = part * 2

    def batch(self, paths: Sequence[str]) -> list[dict[str, Any] | ChannelError]:
        """Read several objects at once; each place holds what became of that path. Raises ChannelError.

        (`GET /?ids=` fails as a whole when one id does, and newer versions no longer know it.)
        """
        if not paths:
            return []
        asked = json.dumps([{"method": "GET", "relative_url": path} for path in paths])
        values = {"batch": asked, "include_headers": "false", "appsecret_proof": self._proof}
        try:
            answers = self._request("", post_args=values, method="POST")
        except CallFailed as failure:
            raise self._explain.read_error(failure) from failure
        if not isinstance(answers, list) or len(answers) != len(paths):
            raise ChannelProtocolError("{title} answered a batch with something else.", title=self._title)
        return [self._batched(one) for one in answers]

    def _batched(self, answer: Any) -> dict[str, Any] | ChannelError:
        status, body = (answer.get("code"), answer.get("body")) if isinstance(answer, Mapping) else (None, None)
        try:
            payload = json.loads(body) if isinstance(body, str) else None
        except (ValueError, RecursionError):
            payload = None
        if status == 200 and isinstance(payload, dict) and not payload.get("error"):
            return payload
        told = payload if isinstance(payload, dict) else {}
        known = status if isinstance(status, int) and status != 200 else 502
        failure = CallFailed(f"HTTP {status} in a batch", status=400 if told.get("error") else known, payload=told)
        error = self._explain.read_error(failure)
        error.__cause__ = failure
        return error

    def post(self, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write once. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        try:
            return self._call(path, post_args={**values, "appsecret_proof": self._proof}, method="POST")
        except CallFailed as failure:
            raise self._explain.send_error(failure) from failure

    def act(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> None:
        """Do what may be repeated safely. Raises ChannelError; never OutcomeUnknown."""
        given = {**(values or {}), "appsecret_proof": self._proof}
        how: dict[str, Any] = {"post_args": given} if method == "POST" else {"args": given}
        try:
            answer = self._call(path, method=method, **how)
        except CallFailed as failure:
            raise self._act_error(failure) from failure
        if answer.get("success") is not True:
            raise ChannelProtocolError("{title} did not say whether it was done.", title=self._title)

    def about_token(self) -> Mapping[str, Any]:
        """What Meta knows of our own token (`debug_token`), empty where it does not say. Raises ChannelError.

        It wants the token as a parameter; sent as a POST that stands for a GET, it stays out of every address.
        """
        values = {"input_token": self._token, "method": "GET"}
        # An app's token may ask about any token of the app; without the app's id the token is asked about itself.
        app = {"access_token": f"{self._app_id}|{self._secret}"} if self._app_id else {"appsecret_proof": self._proof}
        try:
            data = self._call("debug_token", post_args={**values, **app}, method="POST").get("data")
        except CallFailed as failure:
            raise self._explain.read_error(failure) from failure
        return data if isinstance(data, Mapping) else {}

    def _act_error(self, failure: CallFailed) -> ChannelError:
        if failure.no_answer or failure.status is None or failure.status < 400:
            return ChannelUnavailable(
                "{title} did not say whether it was done ({failure}); it can be repeated.",
                title=self._title,
                failure=failure,
            )
        return self._explain_act.send_error(failure)

    def _call(self, path: str, **how: Any) -> dict[str, Any]:
        """One request. Raises CallFailed for anything but a JSON object without an error."""
        payload = self._request(path, **how)
        if not isinstance(payload, dict) or "mime-type" in payload:
            raise CallFailed("no JSON object", status=200)
        return payload

    def _request(self, path: str, **how: Any) -> Any:
        """One request through facebook-sdk. Raises CallFailed for anything but JSON without an error."""
        try:
            payload = self._graph.request(f"{self._graph.version}/{path}", **how)
        except CallFailed as failure:
            self._note(failure.headers)
            raise
        except facebook.GraphAPIError as error:
            told = error.result if isinstance(error.result, dict) else None
            self._note(self._session.answer.headers)
            scrubbed = self._session.redactor.scrub(error)
            raise CallFailed("an error in a success", status=400 if told else 200, payload=told) from scrubbed
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise CallFailed("no JSON object", status=200) from self._session.redactor.scrub(error)
        self._note(self._session.answer.headers)
        return payload

    # --- what answers tell besides -------------------------------------------------------------------

    def _note(self, headers: Mapping[str, str]) -> None:
        at = server_time(headers)
        if at is not None or headers:
            at = at or datetime.now(UTC)
            self._heard = _Heard(at, time.monotonic(), usage(headers, at))

    def now(self) -> datetime:
        """The present by Meta's own clock: that of the last answer, and the time that has passed since."""
        if self._heard is None:
            return datetime.now(UTC)
        return self._heard.at + timedelta(seconds=time.monotonic() - self._heard.read_at)

    def answered_at(self) -> datetime:
        """When the last answer was made, in whole seconds."""
        return self._heard.at if self._heard else datetime.now(UTC)

    @property
    def rate(self) -> RateState | None:
        """What the last answer said of the limits; None when it said nothing."""
        return self._heard.rate if self._heard else None

    @property
    def pressed(self) -> bool:
        """Whether so much of a limit is used that reading must pause."""
        return self.rate is not None and self.rate.remaining == 0

    def page(self, payload: Mapping[str, Any], read: Callable[[Any], Mention]) -> Page:
        """One answer of a list, each entry read by `read`, with the limits that came along. Raises ChannelError."""
        return replace(page_of(payload, read), rate=self.rate)


def page_of(payload: Mapping[str, Any], read: Callable[[Any], Mention]) -> Page:
    """One answer of a list, each entry read by `read`. Raises ChannelProtocolError."""
    mentions, bad = read_posts(items_of(payload), read)
    return Page(tuple(mentions), tuple(bad), next_token(payload))


def items_of(payload: Mapping[str, Any]) -> list[Any]:
    """The entries of a list. Raises ChannelProtocolError for an answer that is no list."""
    items = payload.get("data")
    if not isinstance(items, list):
        raise ChannelProtocolError("Facebook answered without the list we asked for.")
    return items


def next_token(payload: Mapping[str, Any]) -> str:
    """The cursor of the next page, empty on the last one. `paging.next` itself holds the token and is never used."""
    paging = payload.get("paging")
    if not isinstance(paging, Mapping) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, Mapping) else None
    if not isinstance(after, str) or not after:
        raise ChannelProtocolError("Facebook says there is more, but not where.")
    return after


def step(external_id: str) -> str:
    """An id as a step of an address; ids come from the network."""
    return quote(external_id, safe="")


def posted_id(payload: Mapping[str, Any], name: str, title: str) -> str:
    """The id of what was just posted. Raises OutcomeUnknown for a success without one."""
    found = payload.get(name)
    if not isinstance(found, (str, int)) or isinstance(found, bool) or not str(found).strip():
        raise OutcomeUnknown("{title} answered our post with something we cannot read.", title=title)
    return str(found).strip()


def _app_id(config: AccountConfig) -> str:
    value = config.options.get("app_id", "")
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not (str(value) + "0").isdecimal():
        raise SettingsError(f"accounts.{config.key}.options.app_id must be the number of the app at Meta.")
    return str(value)
