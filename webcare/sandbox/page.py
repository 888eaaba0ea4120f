"""The public side of the networks, for people to look at: threads, and a form to write as a customer.

Scripts, styles and connections are allowed from this address only; `page_html.py` escapes what people wrote.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from webcare.sandbox import page_acts
from webcare.sandbox.page_html import NETWORKS, threads_html, whole
from webcare.sandbox.page_threads import threads
from webcare.sandbox.values import Network, SandboxError
from webcare.sandbox.world import World

ASSETS = Path(__file__).parent / "assets"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}


def routes(world: World) -> list[Route]:
    """The page, its moving part, its form and its files."""
    return [
        Route("/", _page(world), methods=["GET"]),
        Route("/timeline", _timeline(world), methods=["GET"]),
        Route("/post", _posted(world), methods=["POST"]),
        Route("/remove", _removed(world), methods=["POST"]),
        Route("/assets/{name}", _asset, methods=["GET"]),
    ]


# --- requests ------------------------------------------------------------------------------------------


def _page(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        network = _network(request.query_params.get("network"))
        with world.lock:
            brands = world.brands(network)
            brand = world.users[(network, brands[0].user_id)].name if brands else "the brand"
            html = whole(
                threads(world, network),
                network=network,
                brand=brand,
                tag=f'"{network}-{world.version}"',
                query=dict(request.query_params),
            )
        return _html(html)

    return page


def _timeline(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def timeline(request: Request) -> Response:
        network = _network(request.query_params.get("network"))
        with world.lock:
            tag = f'"{network}-{world.version}"'
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers={"etag": tag, **HEADERS})
            html = threads_html(threads(world, network), network)
        return _html(html, etag=tag)

    return timeline


def _posted(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def post(request: Request) -> Response:
        form = await _form(request)
        network = _network(form.get("network"))
        try:
            _check_origin(request)
            page_acts.write(world, network, form)
        except SandboxError as error:
            return _back(network, form, problem=str(error))
        return _back(network, {"author": form.get("author", "")})

    return post


def _removed(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def remove(request: Request) -> Response:
        form = await _form(request)
        network = _network(form.get("network"))
        try:
            _check_origin(request)
            page_acts.remove(world, network, form.get("id", ""))
        except SandboxError as error:
            return _back(network, {}, problem=str(error))
        return _back(network, {"author": form.get("author", "")})

    return remove


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        return Response("Not found", 404, HEADERS)
    return FileResponse(ASSETS / name, media_type=_ASSETS[name], headers=HEADERS)


async def _form(request: Request) -> dict[str, str]:
    raw = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(raw, keep_blank_values=True).items()}


def _network(text: str | None) -> Network:
    return next((one for one in NETWORKS if one == text), "x")


def _check_origin(request: Request) -> None:
    """Only this page's own form may post: browsers say where a form comes from."""
    origin = request.headers.get("origin")
    if origin not in (None, f"http://{request.headers.get('host')}"):
        raise SandboxError("this form belongs to another site")


def _back(network: Network, keep: dict[str, str], *, problem: str = "") -> Response:
    kept = {name: keep[name] for name in ("author", "text", "reply_to", "kind") if keep.get(name)}
    query = urlencode({"network": network, **kept, **({"problem": problem} if problem else {})})
    return RedirectResponse(f"/?{query}", 303, HEADERS)


def _html(text: str, *, etag: str = "") -> Response:
    headers = {**HEADERS, "etag": etag} if etag else HEADERS
    return Response(text.encode("utf-8", "replace"), media_type="text/html; charset=utf-8", headers=headers)
