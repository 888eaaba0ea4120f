"""`webcare people`: who may sign in, for whoever may read the database anyway."""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime
from pathlib import Path

from webcare import people
from webcare.app import App, build_app
from webcare.domain import Actor, Role
from webcare.errors import WebcareError


def run(options: argparse.Namespace) -> int:
    """List them, give one a new password, or add those of a table."""
    app = build_app()
    app.store.check()
    if options.action == "list":
        lines = _list(app)
    elif options.what is None:
        raise WebcareError(f"`webcare people {options.action}` needs {_NEEDS[options.action]}")
    elif options.action == "reset":
        lines = [_reset(app, options.what)]
    else:
        lines = _import(app, options.what)
    print("\n".join(lines))
    return 0


_NEEDS = {"reset": "a user name", "import": "a CSV file"}


def operator() -> Actor:
    """Whoever runs the command: they may read and write the database, so nothing can be kept from them."""
    return Actor(None, f"{getpass.getuser()} at the command line", Role.ADMIN)


def _list(app: App) -> list[str]:
    with app.store.read() as session:
        found = people.everybody(session, by=operator(), now=datetime.now(UTC))
    return [_line(one) for one in found] or ["nobody yet; `webcare init --username NAME` adds an administrator"]


def _line(one: people.Person) -> str:
    more = [
        "" if one.active else "closed",
        "through the organisation" if one.from_provider else "",
        "new password due" if one.must_change else "",
        f"{one.sign_ins} signed in" if one.sign_ins else "",
    ]
    told = ", ".join(part for part in more if part)
    return f"{one.username:<20} {one.role.value:<12} {one.name}" + (f" ({told})" if told else "")


def _reset(app: App, username: str) -> str:
    with app.store.read() as session:
        found = people.everybody(session, by=operator(), now=datetime.now(UTC))
    person = next((one for one in found if one.username == username.strip().lower()), None)
    if person is None:
        raise WebcareError(f"there is no colleague with the user name {username}")
    password = people.reset_password(app.store, person.id, by=operator(), now=datetime.now(UTC))
    return f"{person.username}: {password} (shown this once; to be changed at the first sign-in)"


def _import(app: App, file: str) -> list[str]:
    try:
        table = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WebcareError(f"{file} cannot be read as text: {error}") from error
    added = people.add_people(app.store, table, by=operator(), now=datetime.now(UTC))
    told = f"{len(added)} added, with a password each for the first sign-in (shown this once):"
    return [told, *(f"{one.username}: {one.password}" for one in added)]
