"""`webcare poll --once`: collect what is new right now, in this process."""

from __future__ import annotations

import argparse
import logging
import sys

from webcare.app import App, build_app
from webcare.errors import WebcareError
from webcare.jobs import Run, Runner
from webcare.jobs.tasks import POLL

#: Runs in a row for one account, so that a network that always has more cannot keep us here for ever.
_AT_MOST = 100


def run(options: argparse.Namespace) -> int:
    """Poll each account until nothing is waiting; 0 when all of them could be asked, else 1."""
    # Failures are told below, in their own line.
    logging.getLogger("webcare.jobs").setLevel(logging.CRITICAL)
    app = build_app()
    app.store.check()
    app.register_accounts()
    runner = Runner(app)
    try:
        ended = [_poll(app, runner, key) for key in _chosen(app, options.account)]
    finally:
        runner.close()
    return 0 if all(run.outcome in ("ok", "idle") for run in ended) else 1


def _chosen(app: App, wanted: list[str]) -> list[str]:
    known = list(app.settings.accounts)
    if unknown := [key for key in wanted if key not in known]:
        have = ", ".join(known) or "none"
        raise WebcareError(f"there is no account {', '.join(unknown)} in the settings; there are: {have}")
    if not known:
        raise WebcareError("no account is configured; add one under [accounts] in webcare.toml")
    return wanted or known


def _poll(app: App, runner: Runner, key: str) -> Run:
    stored = 0
    for _ in range(_AT_MOST):
        ended = runner.run(POLL, key)
        stored += ended.handled
        if not ended.again:
            break
    match ended.outcome:
        case "error":
            print(f"{key}: {ended.error}", file=sys.stderr)
        case "busy":
            print(f"{key}: another process is polling it right now", file=sys.stderr)
        case _:
            print(f"{key}: {stored} new")
    return ended
