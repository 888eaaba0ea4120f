"""`webcare db upgrade`: bring the database to this version of Webcare."""

from __future__ import annotations

import argparse

from webcare.app import build_app


def run(options: argparse.Namespace) -> int:
    """Upgrade and say to what; a database that holds data is copied first."""
    store = build_app().store
    revision = store.upgrade()
    print(f"{store.path or store.url} is at version {revision}")
    return 0
