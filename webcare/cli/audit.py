"""`webcare audit`: whether the log of changes is whole, and the log as a table."""

from __future__ import annotations

import argparse
import sys

from webcare import people
from webcare.app import App, build_app
from webcare.cli.people import operator


def run(options: argparse.Namespace) -> int:
    """Check it (1 when it was changed behind its back) or export it."""
    app = build_app()
    app.store.check()
    if options.action == "export":
        with app.store.read() as session:
            sys.stdout.write(people.export_log(session, people.Wanted(), by=operator()))
        return 0
    return _verify(app, options.seal or "")


def _verify(app: App, kept: str) -> int:
    with app.store.read() as session:
        found = people.check_log(session, by=operator(), kept=kept)
    if found.broken_at is not None:
        print(f"the log was changed behind its back: row {found.broken_at} does not fit the one before")
        return 1
    if not found.has_seal:
        print(f"{found.rows} rows fit together, but none has the seal {kept}: rows were cut off at the end")
        return 1
    print(f"{found.rows} rows, each fits the one before; seal of the newest: {found.head}")
    return 0
