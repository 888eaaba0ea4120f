"""Security headers on every answer of the console server."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """Middleware that says what a page of ours may load, and who may frame it.

    `index` is Streamlit's page; the few inline scripts in it are allowed by their hash, no others. Components v2
    run from `blob:` addresses, and the page's style sheets are made while it runs, hence the two exceptions.
    """

    def __init__(self, app: ASGIApp, *, index: Path) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": page_policy(index),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            # `no-referrer` would make browsers send `Origin: null` with our own forms.
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add what its answer lacks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@cache
def page_policy(index: Path) -> str:
    """The content security policy of the console's pages."""
    inline = " ".join(sha256_source(script) for script in _inline_scripts(index))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {inline}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "media-src 'none'",
            "object-src 'none'",
            "frame-src 'none'",
            "worker-src 'self' blob:",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def sha256_source(text: str) -> str:
    """The source expression that allows exactly this inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inline_scripts(index: Path) -> list[str]:
    return _INLINE_SCRIPT.findall(index.read_text(encoding="utf-8")) if index.is_file() else []
