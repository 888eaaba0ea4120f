"""`webcare demo`: the whole desk with one command, on sandbox networks or on the accounts that are configured.

Sandbox mode uses a database and settings of its own under `<data>/demo`, so nothing of a real desk is ever touched.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from webcare.app import App, build_app
from webcare.cli.initialise import (
    DEMO_AGENTS,
    DEMO_PASSWORD,
    add_admin,
    add_demo_agents,
    add_demo_texts,
    has_people,
    prepare,
)
from webcare.cli.processes import (
    ROOT,
    Child,
    Crew,
    answers,
    console_command,
    free_port,
    keep_running,
    script,
)
from webcare.cli.progress import Progress
from webcare.domain import Role
from webcare.errors import WebcareError
from webcare.jobs.state import scheduler_runs
from webcare.settings import load_settings, secret_variable

_HOST = "127.0.0.1"
_CONSOLE_PORT, _SANDBOX_PORT = 8501, 8600
_API_PATHS = {"x": "/x", "facebook": "/graph", "instagram": "/graph"}
_STORES = {"utrecht": ["Utrecht"], "haarlem": ["Haarlem"], "leeds": ["Leeds"], "goteborg": ["Göteborg", "Bäckebol"]}
_ROLES = {
    Role.FIRST_LINE: "first line",
    Role.SECOND_LINE: "second line",
    Role.TEAM_LEAD: "team lead",
    Role.MANAGER: "manager",
    Role.ADMIN: "administrator",
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where one demo lives and listens. `sandbox_url` is empty on real accounts."""

    folder: Path
    console_host: str
    console_port: int
    sandbox_url: str = ""

    @property
    def url(self) -> str:
        """The console's address."""
        return f"http://{self.console_host}:{self.console_port}"


def run(options: argparse.Namespace) -> int:
    """Start everything, print where it is, and stay until Ctrl-C; 1 when a part of it stopped by itself."""
    return keep_running(lambda crew, progress: _open(options, crew, progress))


def _open(options: argparse.Namespace, crew: Crew, progress: Progress) -> None:
    settings = load_settings()
    folder = (settings.desk.data_dir / "demo").absolute()
    if settings.accounts:
        _open_real(options, crew, progress, folder)
    else:
        _open_sandbox(options, crew, progress, folder)


# --- on sandbox networks ---------------------------------------------------------------------------


def _open_sandbox(options: argparse.Namespace, crew: Crew, progress: Progress, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    crew.keep(_alone(folder))
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    site = _choose_ports(options, folder)
    env = _settings_of(site)
    os.environ.update(env)
    sandbox = crew.start(_sandbox(options, site))
    progress.begin("database")
    app = build_app()
    prepare(app)
    add_demo_agents(app)
    add_demo_texts(app)
    progress.begin("sandbox networks")
    crew.wait_for(sandbox, lambda: answers(site.sandbox_url), tick=progress.tick)
    _start_desk(app, crew, progress, site)
    progress.leave("")
    print(_sandbox_card(site), flush=True)


def _choose_ports(options: argparse.Namespace, folder: Path) -> Site:
    port = free_port(_HOST, options.port or _CONSOLE_PORT, named_by="--port" if options.port else "")
    named = "--sandbox-port" if options.sandbox_port else ""
    sandbox = free_port(_HOST, options.sandbox_port or _SANDBOX_PORT, named_by=named)
    return Site(folder, _HOST, port, f"http://{_HOST}:{sandbox}")


def _sandbox(options: argparse.Namespace, site: Site) -> Child:
    port = site.sandbox_url.rsplit(":", 1)[1]
    arguments = ["webcare.sandbox", "--port", port, "--state", str(site.folder / "sandbox.json")]
    arguments += ["--webhook", f"{site.url}/hooks/meta"]
    arguments += ["--speed", str(options.speed)] if options.speed else []
    return Child("sandbox", arguments, site.folder / "logs" / "sandbox.log")


def _settings_of(site: Site) -> dict[str, str]:
    """Write the demo's webcare.toml; gives the environment that names it and holds the sandbox's made-up secrets."""
    from webcare.sandbox.values import secrets_for
    from webcare.sandbox.world import DEMO_BRAND, DEMO_INSTAGRAM

    path = site.folder / "webcare.toml"
    models = load_settings().desk.models_dir
    if not models.is_dir():
        # Started outside the working copy: its own models are better than none.
        models = ROOT / "models"
    lines = [
        "# Written by `webcare demo`; the next demo writes it anew.",
        "[desk]",
        'brand = "Hemlund"',
        f"data_dir = {_quoted(site.folder)}",
        f"models_dir = {_quoted(models.absolute())}",
        "[polling]",
        "every_s = 2",
        "[delivery]",
        "undo_s = 10",
        "settle_s = 1.0",
        "[console]",
        f"port = {site.console_port}",
        # The shops that the stories name; the second line's people know them.
        *(f"[routing.stores.{key}]\nnames = {_quoted(name)}" for key, name in _STORES.items()),
    ]
    # Whoever names Hemlund elsewhere on Instagram is heard of by webhook only; the sandbox does not ask for the token.
    env = {"WEBCARE_CONFIG": str(path), secret_variable("meta_webhook", "verify_token"): secrets.token_urlsafe(16)}
    for key, network, user_id, handle, name in (*DEMO_BRAND, DEMO_INSTAGRAM):
        lines += [
            f"[accounts.{key}]",
            f"channel = {_quoted(network)}",
            f"external_id = {_quoted(user_id)}",
            f"handle = {_quoted(handle)}",
            f"name = {_quoted(name)}",
            f"api_base = {_quoted(site.sandbox_url + _API_PATHS[network])}",
            "options = { backfill_min = 15 }",
        ]
        made_up = secrets_for(key, network=network, user_id=user_id)
        env |= {secret_variable(key, name): value for name, value in made_up.items()}
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return env


def _quoted(value: object) -> str:
    # A JSON string or list of strings is one in TOML too.
    return json.dumps(value if isinstance(value, list) else str(value), ensure_ascii=False)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the demo's folder, so that a second demo does not empty it under the first one's feet."""
    lock = FileLock(folder.with_name("demo.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise WebcareError("a demo is running here already; stop it first (Ctrl-C where it was started)") from error
    try:
        yield
    finally:
        lock.release()


# --- on real accounts ------------------------------------------------------------------------------


def _open_real(options: argparse.Namespace, crew: Crew, progress: Progress, folder: Path) -> None:
    progress.begin("database")
    app = build_app()
    console = app.settings.console
    port = free_port(console.host, options.port or console.port, named_by="--port" if options.port else "")
    site = Site(folder, console.host, port)
    prepare(app)
    password = "" if has_people(app) else add_admin(app, "admin", "Desk administrator", "")
    _start_desk(app, crew, progress, site)
    progress.leave("")
    print(_real_card(app, site, password), flush=True)


# --- both ------------------------------------------------------------------------------------------


def _start_desk(app: App, crew: Crew, progress: Progress, site: Site) -> None:
    scheduler = crew.start(Child("scheduler", [script("scheduler.py")], site.folder / "logs" / "scheduler.log"))
    arguments = console_command(site.console_host, site.console_port)
    console = crew.start(Child("console", arguments, site.folder / "logs" / "console.log"))
    progress.begin("scheduler")
    crew.wait_for(scheduler, lambda: scheduler_runs(app.store), tick=progress.tick)
    progress.begin("console")
    crew.wait_for(console, lambda: answers(f"{site.url}/healthz"), tick=progress.tick)
    app.store.dispose()


def _sandbox_card(site: Site) -> str:
    width = max(len(username) for username, _, _ in DEMO_AGENTS)
    people = [f"    {username:<{width}}   {_ROLES[role]:<14} {name}" for username, name, role in DEMO_AGENTS]
    return "\n".join(
        [
            "",
            f"  The desk          {site.url}",
            f"  The public side   {site.sandbox_url}   (see the networks, post as a customer)",
            "",
            f"  Sign in as one of these; the password of all is  {DEMO_PASSWORD}",
            *people,
            "",
            f"  Logs: {site.folder / 'logs'}",
            "  Ctrl-C stops everything.",
            "",
        ]
    )


def _real_card(app: App, site: Site, password: str) -> str:
    accounts = ", ".join(app.settings.accounts)
    lines = ["", f"  The desk   {site.url}", f"  Accounts   {accounts} (the real networks: replies are public)"]
    if password:
        lines += [f"  Sign in    admin, password {password} (shown this once; keep it safe)"]
    else:
        lines += ["  Sign in    with your own user name; add people with `webcare init --username NAME`"]
    return "\n".join([*lines, "", f"  Logs: {site.folder / 'logs'}", "  Ctrl-C stops everything.", ""])
