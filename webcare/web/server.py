"""What `streamlit_app.py` hands to Streamlit: the routes, the middleware, and what happens at start and stop."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from webcare.app import App
from webcare.errors import WebcareError
from webcare.jobs.embedded import Scheduler
from webcare.web.doorkeeper import Doorkeeper
from webcare.web.gate import Gate
from webcare.web.headers import SecurityHeaders
from webcare.web.hooks import hook_routes
from webcare.web.identity import Login
from webcare.web.news import Mark, News
from webcare.web.sign_in import SignIn
from webcare.web.words import Say, as_written

_log = logging.getLogger(__name__)

Lifespan = Callable[[Any], AbstractAsyncContextManager[dict[str, Any] | None]]


def _no_mark(*_: object) -> str:
    return ""


def routes(app: App, *, login: Login | None = None, say: Say = as_written, mark: Mark = _no_mark) -> list[BaseRoute]:
    """Sign-in, sign-out, health and what pages ask for news, in front of Streamlit's own addresses.

    `login` asks the identity provider, None where there is none; `say` brings the languages of the pages, `mark` what
    open pages ask for, see `webcare.web.news`.
    """
    doorkeeper = Doorkeeper(app)
    sign_in = SignIn(doorkeeper, login=login, say=say)
    return [
        Route("/sign-in", sign_in.show, methods=["GET"]),
        Route("/sign-in", sign_in.enter, methods=["POST"]),
        Route("/sign-in/provider", sign_in.go, methods=["GET"]),
        Route("/sign-out", sign_in.leave, methods=["POST"]),
        Route("/new-password", sign_in.show_new_password, methods=["GET"]),
        Route("/new-password", sign_in.take_new_password, methods=["POST"]),
        Route("/desk/news", News(doorkeeper, mark).tell, methods=["GET"]),
        Route("/healthz", _health(doorkeeper), methods=["GET"]),
        *hook_routes(app),
    ]


def middleware(app: App, *, index: Path, login: Login | None = None, say: Say = as_written) -> list[Middleware]:
    """Headers on everything, then the gate in front of the pages. `index` is Streamlit's own index.html."""
    return [
        Middleware(SecurityHeaders, index=index),
        Middleware(Gate, doorkeeper=Doorkeeper(app), login=login, say=say),
    ]


def lifespan(app: App) -> Lifespan:
    """Start and stop of the console process."""

    @asynccontextmanager
    async def run(_: Any) -> AsyncIterator[None]:
        jobs = await run_in_threadpool(_start_jobs, app) if app.settings.jobs.embedded else None
        # Beside the pages, which open at once; whoever types before it is done waits as long as without it.
        Thread(target=app.warm_guard, name="webcare-guard", daemon=True).start()
        # What is loaded by now lives as long as the process; later collections need not walk through it.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            if jobs is not None:
                await run_in_threadpool(jobs.stop)
            app.store.dispose()

    return run


def _start_jobs(app: App) -> Scheduler | None:
    """The jobs beside the pages; when they cannot start, the pages still do, and their banner says so."""
    try:
        app.store.check()
        app.register_accounts()
        jobs = app.scheduler()
        jobs.start()
    except WebcareError as error:
        _log.error("the jobs cannot start: %s", error)
        return None
    return jobs


def _health(doorkeeper: Doorkeeper) -> Callable[[Request], Any]:
    async def health(_: Request) -> Response:
        try:
            await run_in_threadpool(doorkeeper.check_store)
        except WebcareError as error:
            return JSONResponse({"status": "trouble", "reason": type(error).__name__}, 503)
        return JSONResponse({"status": "ok"})

    return health
