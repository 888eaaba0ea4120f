"""The sandbox as a server on this machine only: both networks, their public page and the control door.

`Sandbox` runs it in a thread, for tests and for anything that wants a network in the same process;
`python -m webcare.sandbox` runs it on its own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount
from uvicorn.protocols.http.h11_impl import H11Protocol

from webcare.sandbox import control, graph_api, oauth, page, x_api
from webcare.sandbox.fault_events import carry_out
from webcare.sandbox.fault_server import App, FaultyNetworks, Message, Receive, Scope, Send
from webcare.sandbox.faults import Faults, Rule
from webcare.sandbox.hooks import Webhooks
from webcare.sandbox.script import Player
from webcare.sandbox.storybook import load_stories
from webcare.sandbox.values import Clock, SandboxError, utc_now
from webcare.sandbox.world import World

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
#: How often a changed world is written to its file, in seconds.
SAVE_EVERY_S = 2.0
STOP_WITHIN_S = 10.0
#: How long answers on their way may take to finish when it stops, in seconds.
FINISH_WITHIN_S = 1.0


class _Connections:
    """The open connections by client address, so that a fault can break one."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}

    def cut(self, scope: Scope) -> None:
        """Break the connection this request came by, without an answer."""
        self.open[tuple(scope["client"])].abort()

    def protocol(self) -> type[H11Protocol]:
        """The HTTP protocol of uvicorn, made to note its connections here."""
        connections = self.open

        class Noted(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client is not None:
                    connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    connections.pop(self.client, None)
                super().connection_lost(exc)

        return Noted


class _Server(uvicorn.Server):
    """Stops as soon as it is told: uvicorn's own stop takes two naps, and tests start and stop it hundreds of times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self) -> None:
        """Ask it to stop; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=FINISH_WITHIN_S)
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol):
                connection.transport.close()


class _Local:
    """Refuses everybody but this machine, under a local name: no other site may reach the sandbox by a trick."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_local(scope):
            return await self._app(scope, receive, send)
        response = JSONResponse({"error": "the sandbox answers only on this machine"}, 403)
        return await response(scope, receive, send)


class _Dated:
    """Puts the world's own time into the Date header: clients go by it, and the world may have a clock of its own."""

    def __init__(self, app: App, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = format_datetime(self._world.now().astimezone(UTC), usegmt=True)
                message = {**message, "headers": [*message.get("headers", []), (b"date", now.encode())]}
            await send(message)

        return await self._app(scope, receive, dated)


def _is_local(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1").rpartition(":")[0] or headers.get(b"host", b"").decode("latin-1")
    client = scope.get("client") or ("", 0)
    try:
        near = ip_address(client[0]).is_loopback
    except ValueError:
        near = False
    return near and host.strip("[]") in ("127.0.0.1", "localhost", "::1")


def build(world: World, faults: Faults, player: Player | None, connections: _Connections) -> App:
    """The whole sandbox as one ASGI application."""
    parts: list[BaseRoute] = [
        Mount("/x", routes=x_api.routes(world)),
        Mount("/graph", routes=graph_api.routes(world)),
        Mount("/sandbox", routes=control.routes(world, faults, player)),
        *page.routes(world),
    ]
    app = Starlette(routes=parts, exception_handlers={SandboxError: _refuse})
    pages = world.brands("facebook")
    faulty = FaultyNetworks(
        app,
        faults,
        connections.cut,
        clock=world.now,
        act=partial(carry_out, world),
        page_id=pages[0].user_id if pages else "0",
    )
    return _Local(_Dated(faulty, world))


async def _refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


class Sandbox:
    """A running sandbox: `with Sandbox() as box: ...`.

    `speed` is in simulated minutes per real second; None lets the player choose. `script=False` (the default here)
    leaves the networks silent until somebody posts. Options of `World` (dialect, summoned_only, visible_delay_s,
    limit_scale, ...) may be given by name.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = HOST,
        clock: Clock = utc_now,
        state: Path | None = None,
        script: bool = False,
        stories: Path | None = None,
        speed: float | None = None,
        faults: Iterable[Rule] = (),
        seed: int = 0,
        demo: bool = True,
        webhook: str = "",
        **options: Any,
    ) -> None:
        self.world = World(clock=clock, demo=demo, **options)
        self._state = state
        if state is not None and state.exists():
            self.world.load(state)
        self.faults = Faults(seed=seed, clock=self.world.now)
        self.world.late = self.faults.late
        self.faults.replace(list(faults))
        self.hooks = Webhooks(self.world)
        if webhook:
            self.hooks.point_at(webhook)
        self.player = Player(self.world, load_stories(stories), speed=speed, seed=seed) if script else None
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        connections = _Connections()
        config = uvicorn.Config(
            build(self.world, self.faults, self.player, connections),
            http=connections.protocol(),
            lifespan="off",
            log_level="critical",
            access_log=False,
            date_header=False,
            ws="none",
        )
        self._server = _Server(config)

    @property
    def url(self) -> str:
        """Where it answers, e.g. http://127.0.0.1:8600."""
        return f"http://{HOST}:{self.port}"

    @property
    def x_base(self) -> str:
        """What stands for https://api.twitter.com."""
        return f"{self.url}/x"

    @property
    def graph_base(self) -> str:
        """What stands for https://graph.facebook.com."""
        return f"{self.url}/graph"

    def credentials(self, key: str) -> dict[str, str]:
        """The secrets of an account, by the names the channels use. Raises SandboxError."""
        return dict(self.world.account(key).secrets)

    def user_token(self, key: str) -> str:
        """The OAuth 2.0 token with which a client acts as this X account's user. Raises SandboxError."""
        return oauth.user_token(self.world.account(key))

    def start(self) -> Self:
        """Start answering, and playing if there is a script. Raises SandboxError if it does not come up."""
        self._run(self._serve, "sandbox")
        until = time.monotonic() + STOP_WITHIN_S
        while not self._server.started:
            if time.monotonic() > until or not self._threads[0].is_alive():
                raise SandboxError("the sandbox did not start")
            time.sleep(0.005)
        self._run(partial(self.hooks.run, self._stopping), "sandbox-webhooks")
        if self._state is not None:
            self._run(partial(self._keep, self._state), "sandbox-state")
        if self.player is not None:
            self._run(partial(self.player.run, self._stopping), "sandbox-script")
        return self

    def stop(self) -> None:
        """Stop answering, and write the state once more."""
        self._stopping.set()
        self._server.tell()
        self.hooks.close()
        for thread in self._threads:
            thread.join(STOP_WITHIN_S)
        self._socket.close()
        if self._state is not None:
            self.world.save(self._state)

    def tell(self) -> None:
        """Ask it to stop, from anywhere, a signal handler too; `wait` then returns."""
        self._stopping.set()

    def wait(self) -> None:
        """Block until `tell` or `stop` is called."""
        # a wait without a limit would not let Python run a signal handler on every platform
        while not self._stopping.wait(0.5):
            pass

    def _run(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _keep(self, path: Path) -> None:
        saved = -1
        while not self._stopping.wait(SAVE_EVERY_S):
            version = self.world.version
            if version == saved:
                continue
            try:
                self.world.save(path)
                saved = version
            except SandboxError as error:
                logger.warning("%s; trying again", error)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket on this machine. Raises SandboxError in one line if the port is taken."""
    if not ip_address(host).is_loopback:
        raise SandboxError(f"the sandbox listens on this machine only, not on {host}")
    # named as TCP outright, because asyncio turns off Nagle's algorithm (40 ms an answer) only then
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SandboxError(f"port {port} on {host} is in use or not allowed; choose another with --port") from error
    return listener
