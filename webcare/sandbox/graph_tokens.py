"""Tokens of the Graph API: whose they are, whether they still work, what they may do, and what Meta tells of them.

A page's token knows no /me/permissions, as Meta has it: its permissions stand in the answer of /debug_token.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from webcare.sandbox.graph_call import Call
from webcare.sandbox.graph_errors import GraphError, known_error, no_field
from webcare.sandbox.graph_nodes import picked
from webcare.sandbox.values import BrandAccount, User, names
from webcare.sandbox.world import World

APP_ID = "900100200300400"
_SUBCODES: Mapping[str, int] = {"expired": 463, "password_changed": 460, "revoked": 458, "invalidated": 467}
#: Meta's permissions, and the rights here that each of them stands for.
SCOPES: Mapping[str, frozenset[str]] = {
    "pages_show_list": frozenset(),
    "pages_read_engagement": names("read"),
    "pages_read_user_content": names("read"),
    "pages_manage_engagement": names("reply hide like delete"),
    "pages_manage_metadata": frozenset(),
    "pages_messaging": names("read_messages message"),
    "instagram_basic": names("read"),
    "instagram_manage_comments": names("reply hide delete"),
    "instagram_manage_messages": names("read_messages message"),
    "business_management": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Signed:
    """Who a token belongs to."""

    account: BrandAccount
    kind: Literal["page", "user"]


def user_token(account: BrandAccount) -> str:
    """The token of the person who manages this account; with it, Meta tells permissions and pages."""
    return "SBXEAU" + hashlib.sha256(f"webcare sandbox {account.key} user_token".encode()).hexdigest()[:32]


def signed_in(world: World, token: str) -> Signed:
    """Whose token this is. Raises GraphError if there is none, or it does not work any more."""
    if not token:
        raise GraphError(2500, "An active access token must be used to query information about the current user.")
    found = _known(world, token)
    if found is None:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
    _check_alive(world, found.account)
    return found


def _known(world: World, token: str) -> Signed | None:
    for account in (*world.brands("facebook"), *world.brands("instagram")):
        if hmac.compare_digest(token.encode(), account.secrets["page_token"].encode()):
            return Signed(account, "page")
        if hmac.compare_digest(token.encode(), user_token(account).encode()):
            return Signed(account, "user")
    return None


def _check_alive(world: World, account: BrandAccount) -> None:
    if account.disconnected:
        raise known_error(190, _SUBCODES.get(account.disconnected, 463))
    if account.expires_at is not None and world.now() >= account.expires_at:
        ended, now = (moment.strftime("%A, %d-%b-%y %H:%M:%S %Z") for moment in (account.expires_at, world.now()))
        message = f"Error validating access token: Session has expired on {ended}. The current time is {now}."
        raise known_error(190, 463, message)


def check_proof(account: BrandAccount, token: str, proof: str | None) -> None:
    """Raises GraphError if the proof is wrong, or missing where the app demands it."""
    if proof is None:
        if account.require_proof:
            message = "API calls from the server require an appsecret_proof argument"
            raise GraphError(100, message, kind="GraphMethodException")
        return
    expected = hmac.new(account.secrets["app_secret"].encode(), token.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(proof.encode(), expected.encode()):
        raise GraphError(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")


# --- what Meta tells of tokens -------------------------------------------------------------------------


def is_app_token(world: World, token: str) -> bool:
    """Whether this is "id|secret" of one of the apps."""
    app, _, secret = token.partition("|")
    known = (account.secrets.get("app_secret", "") for account in world.accounts.values())
    return app == APP_ID and any(hmac.compare_digest(secret.encode(), one.encode()) for one in known if one)


def debug(world: World, token: str, asked: str) -> dict[str, Any]:
    """GET /debug_token: about the token `asked`, for the app or for that token itself. Raises GraphError."""
    if not asked:
        raise GraphError(100, "(#100) The parameter input_token is required.")
    if token != asked and not is_app_token(world, token):
        message = (
            "(#100) You must provide an app access token, or a user access token that is an owner or developer of the "
            "app"
        )
        raise GraphError(100, message)
    found = _known(world, asked)
    if found is None:
        error = {"code": 190, "message": "Malformed access token"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    return {"data": _told(world, found)}


def _told(world: World, found: Signed) -> dict[str, Any]:
    account = found.account
    granted = [scope for scope, rights in SCOPES.items() if not rights & account.denied]
    told: dict[str, Any] = {
        "app_id": APP_ID,
        "type": found.kind.upper(),
        "application": "Webcare sandbox",
        "data_access_expires_at": 0,
        "expires_at": _seconds(account.expires_at),
        "is_valid": True,
        "issued_at": _seconds(world.users[(account.network, account.user_id)].created_at),
        "scopes": granted,
        "granular_scopes": [{"scope": scope} for scope in granted],
        "user_id": _manager(account),
    }
    if found.kind == "page":
        told["profile_id"] = account.linked or account.user_id
    try:
        _check_alive(world, account)
    except GraphError as error:
        told |= {
            "is_valid": False,
            "error": {"code": 190, "message": str(error), "subcode": error.error["error_subcode"]},
        }
    return told


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


def _manager(account: BrandAccount) -> str:
    return "10" + str(int(hashlib.sha256(f"webcare sandbox {account.key} manager".encode()).hexdigest()[:12], 16))


def read_user(call: Call) -> dict[str, Any]:
    """GET of what the person behind a user token may see: themselves, their permissions, their pages."""
    if call.node not in ("me", _manager(call.account)):
        raise GraphError(100, "(#100) Use the page's own token for this", error_subcode=33)
    if not call.edge:
        return picked("User", {"id": _manager(call.account), "name": "Sandbox Manager"}, call.fields)
    if call.edge == "permissions":
        rights = SCOPES.items()
        told = [(scope, "declined" if needed & call.account.denied else "granted") for scope, needed in rights]
        return {"data": [{"permission": scope, "status": status} for scope, status in told]}
    if call.edge == "accounts":
        return {"data": [_page(call, call.page)]}
    raise no_field(call.edge, "User")


def _page(call: Call, page: User) -> dict[str, Any]:
    instagram = call.instagram_id
    facts = {
        "id": page.id,
        "name": page.name,
        "access_token": call.account.secrets["page_token"],
        "category": "Furniture store",
        "instagram_business_account": {"id": instagram} if instagram else None,
    }
    shown = call.fields
    return (
        picked("Page", facts, shown)
        if shown
        else {name: facts[name] for name in ("access_token", "category", "name", "id")}
    )
