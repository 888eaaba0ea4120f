"""Streamlit's own login (OpenID Connect, through Authlib), as the routes around the pages use it.

Streamlit asks the provider, checks its answer (PKCE, state, signature) and leaves the claims in signed cookies. The
gate takes them from there at once and makes a sign-in of ours, so that `st.user` is never what a page goes by.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

from streamlit.auth_util import get_cookie_with_chunks, is_authlib_installed
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import TOKENS_COOKIE_NAME, USER_COOKIE_NAME

from webcare.app import App
from webcare.errors import SettingsError
from webcare.settings import Settings, account_secrets, secret_variable

_PROVIDER = "default"
_SECRET = "client_secret"  # noqa: S105 - the name of a secret


class StreamlitLogin:
    """The login of one identity provider; raises SettingsError for what is missing to ask it."""

    def __init__(self, settings: Settings) -> None:
        oidc = settings.oidc
        if not is_authlib_installed():
            raise SettingsError("signing in through an identity provider needs more: pip install 'webcare[oidc]'")
        secret = account_secrets("oidc", (_SECRET,)).get(_SECRET, "")
        if not secret:
            raise SettingsError(f"[oidc] needs its client secret in {secret_variable('oidc', _SECRET)}")
        #: What Streamlit is given as `st.secrets`.
        self.secrets: dict[str, Any] = {
            "auth": {
                "redirect_uri": f"{oidc.address.rstrip('/')}/oauth2callback",
                # The same after a restart and in every process; says nothing about the secret it comes from.
                "cookie_secret": hmac.new(secret.encode(), b"webcare sign-in cookies", hashlib.sha256).hexdigest(),
                "client_id": oidc.client_id,
                "client_secret": secret,
                "server_metadata_url": oidc.metadata,
                "client_kwargs": {"scope": "openid email profile", "prompt": "select_account"},
            }
        }

    def address(self) -> str:
        """Where to send a browser that wants to sign in: what `st.login()` would send it to."""
        return generate_login_redirect_url(_PROVIDER)

    def arrived(self, cookies: Mapping[str, str]) -> Mapping[str, Any] | None:
        """The claims Streamlit left in a browser; None when there are none, or they were not signed by us."""
        if USER_COOKIE_NAME not in cookies:
            return None
        secret = get_cookie_secret()

        def one(name: str) -> bytes | None:
            value = cookies.get(name)
            return decode_signed_value(secret, name, value.encode("latin-1", "replace")) if value else None

        found = get_cookie_with_chunks(one, USER_COOKIE_NAME)
        claims = json.loads(found) if found else None
        return claims if isinstance(claims, dict) and claims.get("is_logged_in") else None

    def leftovers(self, cookies: Iterable[str]) -> list[str]:
        """The cookies of Streamlit's login that a browser holds, all their pieces."""
        return [name for name in cookies if name.startswith((USER_COOKIE_NAME, TOKENS_COOKIE_NAME))]


def login_of(app: App) -> StreamlitLogin | None:
    """The login of the desk's identity provider, None where it has none.

    Ends the process with one sentence when it cannot be used: no page could say it.
    """
    if not app.settings.oidc.is_on:
        return None
    try:
        return StreamlitLogin(app.settings)
    except SettingsError as error:
        raise SystemExit(f"The console cannot start: {error}") from error
