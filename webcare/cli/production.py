"""`webcare run`: the jobs and the console of a real desk, under one command."""

from __future__ import annotations

import argparse

from webcare.app import App, build_app
from webcare.cli.initialise import has_people
from webcare.cli.processes import (
    Child,
    Crew,
    answers,
    console_command,
    free_port,
    keep_running,
    script,
)
from webcare.cli.progress import Progress
from webcare.errors import WebcareError
from webcare.jobs.state import scheduler_runs


def run(options: argparse.Namespace) -> int:
    """Start both and stay until SIGTERM or Ctrl-C; 1 when one of them stopped by itself."""
    app = build_app()
    app.store.check()
    if not has_people(app):
        raise WebcareError("nobody can sign in yet; run `webcare init --username NAME` first")
    return keep_running(lambda crew, progress: _open(app, options, crew, progress))


def _open(app: App, options: argparse.Namespace, crew: Crew, progress: Progress) -> None:
    settings = app.settings
    host = options.host or settings.console.host
    port = free_port(host, options.port or settings.console.port, named_by="--port or console.port in webcare.toml")
    logs = settings.desk.data_dir / "logs"
    if not settings.jobs.embedded:
        progress.begin("scheduler")
        scheduler = crew.start(Child("scheduler", [script("scheduler.py")], logs / "scheduler.log"))
        crew.wait_for(scheduler, lambda: scheduler_runs(app.store), tick=progress.tick)
    progress.begin("console")
    console = crew.start(Child("console", console_command(host, port), logs / "console.log"))
    near = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - an address given, not chosen
    crew.wait_for(console, lambda: answers(f"http://{near}:{port}/healthz"), tick=progress.tick)
    app.store.dispose()
    progress.leave(f"The desk is at http://{near}:{port}; logs are in {logs}")
