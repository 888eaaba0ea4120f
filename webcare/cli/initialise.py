"""`webcare init`: the database, the accounts in it, and the first colleagues."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, select

from webcare.app import App, build_app
from webcare.domain import Actor, Role
from webcare.errors import WebcareError
from webcare.guard.profile import SHIPPED
from webcare.people import MIN_PASSWORD, add_agent, colleagues
from webcare.store.tables import AgentRow


def _all_week(start: str, end: str) -> dict[str, list[list[str]]]:
    return {str(day): [[start, end]] for day in range(1, 8)}


#: The demo's colleagues. Their password is public, so they only ever exist in a demo's own database.
DEMO_PASSWORD = "hemlund-demo"  # noqa: S105 - public on purpose
DEMO_AGENTS = (
    ("sanne", "Sanne Visser", Role.FIRST_LINE),
    ("erik", "Erik Lindqvist", Role.SECOND_LINE),
    ("lotte", "Lotte Bakker", Role.SECOND_LINE),
    ("maren", "Maren Holm", Role.TEAM_LEAD),
    ("jonas", "Jonas Weber", Role.MANAGER),
    ("admin", "Desk administrator", Role.ADMIN),
)
#: What the specialists know, how much they can have at once, and when they work; everybody else takes what comes.
DEMO_WORK: Mapping[str, Mapping[str, Any]] = {
    "erik": {
        "skills": ["topic:product_fault", "topic:safety_legal", "store:goteborg"],
        "capacity": 12,
        "hours": _all_week("00:00", "24:00"),  # a demo may be started at any hour
        "timezone": "Europe/Stockholm",
    },
    "lotte": {
        "skills": ["store:utrecht", "store:haarlem", "store:leeds"],
        "capacity": 8,
        "hours": _all_week("00:00", "24:00"),
        "timezone": "Europe/Amsterdam",
    },
}
_DEMO_TEXTS = SHIPPED / "hemlund" / "saved-replies.yaml"
_INIT = Actor.system("webcare init")


def run(options: argparse.Namespace) -> int:
    """Do it and say what was done; running it again changes nothing that is right already."""
    app = build_app()
    for line in prepare(app):
        print(line)
    for line in _people(app, options):
        print(line)
    return 0


def prepare(app: App) -> list[str]:
    """Make or upgrade the database and write the configured accounts into it; gives what was done, in lines."""
    try:
        app.settings.desk.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WebcareError(f"the folder {app.settings.desk.data_dir} cannot be made: {error.strerror}") from error
    revision = app.store.upgrade()
    accounts = app.register_accounts()
    known = ", ".join(sorted(app.settings.accounts)) or "none yet; see [accounts] in webcare/defaults.toml"
    return [
        f"Database: {app.store.path or app.store.url}, at version {revision}",
        f"Accounts: {accounts} ({known})",
    ]


def add_demo_agents(app: App) -> int:
    """Add the demo's colleagues who are not there yet; gives how many."""
    with app.store.read() as session:
        names = {colleague.name for colleague in colleagues(session)}
    missing = [agent for agent in DEMO_AGENTS if agent[1] not in names]
    for username, name, role in missing:
        _add(app, username, name, role, DEMO_PASSWORD)
    with app.store.write() as session:
        new = [username for username, _, _ in missing if username in DEMO_WORK]
        for row in session.exec(select(AgentRow).where(col(AgentRow.username).in_(new))):
            for part, value in DEMO_WORK[row.username].items():
                setattr(row, part, value)
            session.add(row)
    return len(missing)


def add_demo_texts(app: App) -> int:
    """Bring in the demo brand's saved replies where there are none yet; gives how many."""
    # Here, so that commands which write no texts do not load the guard.
    from webcare.cases.saved_files import bring_in
    from webcare.cases.saved_replies import all_saved

    with app.store.write() as session:
        team = {one.name: one for one in colleagues(session)}
        writer, now = team.get(DEMO_AGENTS[0][1]), datetime.now(UTC)
        if writer is None or all_saved(session, by=writer, now=now):
            return 0
        return bring_in(session, _DEMO_TEXTS.read_bytes(), _DEMO_TEXTS.name, by=writer, now=now).added


def add_admin(app: App, username: str, name: str, password: str) -> str:
    """Add an administrator; an empty password means that one is made up. Gives the password in force."""
    password = password or secrets.token_urlsafe(12)
    _add(app, username, name or username, Role.ADMIN, password)
    return password


def has_people(app: App) -> bool:
    """Whether anybody can sign in."""
    with app.store.read() as session:
        return bool(colleagues(session))


def _people(app: App, options: argparse.Namespace) -> list[str]:
    if options.demo:
        _refuse_real_accounts(app)
        added = add_demo_agents(app)
        return [f"Colleagues: {added} of the demo's {len(DEMO_AGENTS)} added; everybody's password: {DEMO_PASSWORD}"]
    if options.username:
        return _add_named(app, options.username, options.name or options.username)
    if has_people(app):
        return ["Colleagues: there already; add an administrator with --username NAME"]
    if sys.stdin.isatty():
        username = input("User name of the first administrator [admin]: ").strip() or "admin"
        return _add_named(app, username, input(f"Name [{username}]: ").strip() or username)
    return ["Colleagues: none yet, so nobody can sign in; run `webcare init --username NAME`"]


def _add_named(app: App, username: str, name: str) -> list[str]:
    chosen = _ask_password(username) if sys.stdin.isatty() else ""
    password = add_admin(app, username, name, chosen)
    shown = "the password you chose" if chosen else f"the password {password} (shown this once; keep it safe)"
    return [f"Colleagues: administrator {username} added, with {shown}"]


def _ask_password(username: str) -> str:
    while True:
        first = getpass.getpass(f"Password for {username}, {MIN_PASSWORD} characters or more (empty: make one up): ")
        if not first:
            return ""
        if len(first) < MIN_PASSWORD:
            print("That is too short.")
        elif getpass.getpass("Once more: ") == first:
            return first
        else:
            print("The two are not the same.")


def _refuse_real_accounts(app: App) -> None:
    real = [key for key, account in app.settings.accounts.items() if not account.api_base]
    if real:
        raise WebcareError(
            f"--demo gives everybody a public password, and {', '.join(real)} can post to the real network; "
            "use --username NAME instead"
        )


def _add(app: App, username: str, name: str, role: Role, password: str) -> None:
    add_agent(app.store, username=username, name=name, role=role, password=password, by=_INIT, now=datetime.now(UTC))
