"""How an account's connection to the Graph API stands: whose token it is, how long it lasts, what it may do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webcare.channels.base import Health, HealthState
from webcare.channels.explain import health_state
from webcare.channels.graph_refusals import lacks_permission
from webcare.channels.graph_transport import GraphTransport, items_of, step
from webcare.channels.transport import moment, whole_number
from webcare.channels.wording import clean
from webcare.errors import AccountDisconnected, ChannelError, ChannelThrottled

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What Meta told of the token. `granted` None: it did not say."""

    expires_at: datetime | None = None
    granted: frozenset[str] | None = None


def token_facts(graph: GraphTransport) -> TokenFacts:
    """Ask `debug_token`, and where that is not ours to ask, `/me/permissions`. Raises ChannelError."""
    about: Mapping[str, Any] = {}
    try:
        about = graph.about_token()
    except ChannelError as error:
        _raise_if_serious(error)
        log.info("Meta does not say how long the token lasts: %s", error)
    scopes = about.get("scopes")
    granted = frozenset(map(str, scopes)) if isinstance(scopes, list) else _permissions(graph)
    ends = [moment(whole_number(str(about.get(name)))) for name in _ENDS if about.get(name)]
    return TokenFacts(min((one for one in ends if one is not None), default=None), granted)


#: 0 and nothing mean that the token does not expire; access to data may end before the token does.
_ENDS = ("expires_at", "data_access_expires_at")


def _permissions(graph: GraphTransport) -> frozenset[str] | None:
    try:
        entries = items_of(graph.get("me/permissions"))
    except ChannelError as error:
        _raise_if_serious(error)
        # A page's token has no such list; that is no fault.
        log.info("Meta does not say what the token may do: %s", error)
        return None
    told = [one for one in entries if isinstance(one, Mapping)]
    return frozenset(str(one.get("permission")) for one in told if one.get("status") == "granted")


def _raise_if_serious(error: ChannelError) -> None:
    if isinstance(error, ChannelThrottled) or (isinstance(error, AccountDisconnected) and not lacks_permission(error)):
        raise error


def look(
    graph: GraphTransport, *, node: str, fields: str, wanted_id: str, title: str, needed: Sequence[str], what: str
) -> Health:
    """One look at the connection: `node` with `fields` must be `wanted_id`, a `what` of `title`. Never raises."""
    try:
        payload = graph.get(step(node), fields=fields)
        found = str(payload.get("id") or "")
        name = clean(payload.get("name")) or clean(payload.get("username"))
        if not found:
            return Health(HealthState.UNREACHABLE, f"{title} did not say whose token this is.")
        if found != wanted_id:
            message = f"The token belongs to {name} ({found}), not to the {what} {wanted_id}."
            return Health(HealthState.DISCONNECTED, message, found, name)
        facts = token_facts(graph)
    except ChannelError as error:
        return Health(health_state(error), str(error))
    missing = tuple(one for one in needed if facts.granted is not None and one not in facts.granted)
    message = f"Signed in as the {what} {name}."
    if missing:
        message += f" The token lacks {', '.join(missing)}; connect the page again with them."
    return Health(HealthState.OK, message, found, name, facts.expires_at, missing)
