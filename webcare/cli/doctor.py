"""`webcare doctor`: looks at everything a desk needs and says how to mend what is wrong.

Each look is one line: OK, WARN (works, but you should know) or FAIL (does not work). It changes nothing, and never
prints a secret: only the name of the variable that should hold it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from webcare import reports
from webcare.app import App, account_config, build_app, utc_now
from webcare.channels import channel_class, load_channel
from webcare.channels.base import Health, HealthState
from webcare.cli.doctor_notifications import undelivered, wrong_places
from webcare.cli.initialise import has_people
from webcare.cli.processes import answers, free_port
from webcare.errors import ModelMissing, ModelUnusable, SettingsError, StoreUnavailable, WebcareError
from webcare.jobs.state import scheduler_runs
from webcare.reports.collection import TOKEN_WARNING
from webcare.settings import AccountSettings, account_secrets, secret_variable
from webcare.store import queries

_ENOUGH_DISK = 1e9


class Mark(StrEnum):
    """How a look came out."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Look:
    """One line of the report. `mend` says what to do about it."""

    mark: Mark
    what: str
    found: str
    mend: str = ""


Looks = Iterator[Look]


def run(options: argparse.Namespace) -> int:
    """Print the report; 1 when anything fails."""
    failed = warned = 0
    for look in examine():
        failed += look.mark is Mark.FAIL
        warned += look.mark is Mark.WARN
        print(f"{look.mark:<5} {look.what:<22} {look.found}", flush=True)
        if look.mend:
            print(f"{'':<28} -> {look.mend}")
    print(f"\n{failed} to mend, {warned} to know about." if failed or warned else "\nAll is well.")
    return 1 if failed else 0


def examine() -> Looks:
    """Every look, one after the other; a fault in one does not stop the rest."""
    yield from _careful("Python", _python)
    yield from _careful("packages", _packages)
    try:
        app = build_app()
    except SettingsError as error:
        yield Look(Mark.FAIL, "settings", str(error), "mend the key it names; webcare/defaults.toml lists all of them")
        return
    yield Look(Mark.OK, "settings", f"brand {app.settings.desk.brand}, {len(app.settings.accounts)} account(s)")
    for what, look in _DESK_LOOKS:
        yield from _careful(what, lambda look=look: look(app))  # type: ignore[misc]
    for key, account in app.settings.accounts.items():
        yield from _careful(f"account {key}", lambda k=key, a=account: _account(k, a))  # type: ignore[misc]


def _careful(what: str, look: Callable[[], Looks]) -> Looks:
    try:
        yield from look()
    except WebcareError as error:
        yield Look(Mark.FAIL, what, str(error))
    except Exception as error:
        # The report must reach its end; what an unknown fault says could quote anything, so only its kind is shown.
        yield Look(Mark.FAIL, what, f"could not be looked at: {type(error).__name__}")


def _python() -> Looks:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Look(Mark.OK, "Python", f"{version} at {sys.executable}")


def _packages() -> Looks:
    missing = [name for name in _required() if not _installed(name)]
    if missing:
        yield Look(Mark.FAIL, "packages", f"missing: {', '.join(missing)}", "run `make setup`")
    else:
        yield Look(Mark.OK, "packages", f"webcare {importlib.metadata.version('webcare')} and all it needs")


def _required() -> list[str]:
    lines = importlib.metadata.requires("webcare") or []
    return [
        re.split(r"[\s\[<>=!~;(]", line)[0] for line in lines if "extra ==" not in line and "sys_platform" not in line
    ]


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _disk(app: App) -> Looks:
    folder = app.settings.desk.data_dir
    if not folder.is_dir():
        yield Look(Mark.FAIL, "data folder", f"{folder} is not there", "run `webcare init`")
        return
    free = shutil.disk_usage(folder).free
    text = f"{folder.absolute()}, {free / 1e9:.1f} GB free"
    yield Look(Mark.OK if free > _ENOUGH_DISK else Mark.WARN, "data folder", text)


def _database(app: App) -> Looks:
    try:
        app.store.check()
    except StoreUnavailable as error:
        yield Look(Mark.FAIL, "database", str(error), "`webcare init` makes a new one")
        return
    with app.store.write():
        pass  # only whether our turn to write comes
    yield Look(Mark.OK, "database", f"{app.store.path or app.store.url}, can be read and written")


def _people(app: App) -> Looks:
    if has_people(app):
        yield Look(Mark.OK, "colleagues", "somebody can sign in")
    else:
        yield Look(Mark.FAIL, "colleagues", "nobody can sign in yet", "run `webcare init --username NAME`")


def _model(app: App) -> Looks:
    from webcare.encoder.artefact import current_folder

    folder, engine = app.settings.desk.models_dir, app.settings.triage.engine
    if engine == "keywords":
        yield Look(Mark.OK, "model", "not used: triage.engine is keywords")
        return
    try:
        found = current_folder(folder)
    except (ModelMissing, ModelUnusable) as error:
        mark = Mark.FAIL if engine == "transformer" else Mark.WARN
        yield Look(mark, "model", str(error), "mentions are labelled by word lists until weights are there")
        return
    yield Look(Mark.OK, "model", str(found))


def _jobs(app: App) -> Looks:
    if not scheduler_runs(app.store):
        yield Look(Mark.WARN, "jobs", "nobody runs them: nothing is collected or sent", "start `webcare run`")
        return
    with app.store.read() as session:
        runs = queries.last_runs(session)
    yield Look(Mark.OK, "jobs", "a scheduler runs them")
    for run in runs:
        if run.outcome in ("error", "crashed"):
            yield Look(
                Mark.WARN, f"job {run.job} {run.key}".strip(), f"{run.error} (since {run.started_at:%d %b %H:%M} UTC)"
            )


def _port(app: App) -> Looks:
    console = app.settings.console
    try:
        free_port(console.host, console.port, named_by="console.port in webcare.toml")
    except WebcareError as error:
        ours = answers(f"http://{console.host}:{console.port}/healthz")
        yield (
            Look(Mark.OK, "console", f"runs on port {console.port}") if ours else Look(Mark.FAIL, "console", str(error))
        )
        return
    yield Look(Mark.OK, "console", f"port {console.port} on {console.host} is free")


def _accounts(app: App) -> Looks:
    if not app.settings.accounts:
        mend = "add one under [accounts] in webcare.toml, or try the desk with `webcare demo`"
        yield Look(Mark.WARN, "accounts", "none is configured", mend)


def _collecting(app: App) -> Looks:
    with app.store.read() as session:
        found = reports.collection(session, app.settings, now=utc_now(), receiving=bool(app.hook_token))
    for account in found:
        what = f"collecting {account.key}"
        yield Look(Mark.OK, what, _collected(account))
        for advice in account.advice:
            yield Look(_MARKS[advice.tone], what, advice.what, advice.todo)


_MARKS = {"info": Mark.OK, "warn": Mark.WARN, "bad": Mark.FAIL}


def _collected(account: reports.AccountHealth) -> str:
    last = f"{account.last_success_at:%d %b %H:%M:%S} UTC" if account.last_success_at else "never"
    told = [f"last success {last}"]
    if account.lag_median is not None and account.lag_p99 is not None:
        told.append(
            f"lag {account.lag_median.total_seconds():.0f} s, 99 of 100 {account.lag_p99.total_seconds():.0f} s"
        )
    if account.token_days is not None:
        told.append(f"access ends in {account.token_days} day(s)")
    if account.spending.month:
        day, month = (
            reports.money(one, account.currency) for one in (account.spending.today, account.spending.month_forecast)
        )
        told.append(f"spent today {day}, this month will come to {month}")
    return ", ".join(told)


def _brands(app: App) -> Looks:
    for key in app.settings.accounts or ("",):
        what = f"brand of {key}" if key else "brand"
        try:
            brand = app.brand_of(key)
        except SettingsError as error:
            yield Look(Mark.FAIL, what, str(error), "mend the line named; `webcare rules test` runs all rules")
            continue
        name = brand.profile.name or "without a name"
        yield Look(Mark.OK, what, f"{name}, {len(brand.rules.rules)} rules")


def _account(key: str, account: AccountSettings) -> Looks:
    what = f"account {key}"
    needed = channel_class(account.channel).secret_names
    held = account_secrets(key, needed)
    if missing := [secret_variable(key, name) for name in needed if name not in held]:
        mend = "set them in the environment, or NAME_FILE with the path of a file that holds it"
        yield Look(Mark.FAIL, what, f"secrets missing: {', '.join(missing)}", mend)
        return
    health = load_channel(account.channel, account_config(key, account)).health()
    where = account.api_base or "the real network"
    if health.external_id not in ("", account.external_id):
        text = health.message or f"signed in as {health.external_id}, but external_id is {account.external_id}"
        yield Look(Mark.FAIL, what, text, f"set external_id of [accounts.{key}] to the account these secrets are for")
        return
    match health.state:
        case HealthState.OK:
            yield Look(
                Mark.OK, what, f"signed in to {account.channel} as {health.name or health.external_id} ({where})"
            )
            yield from _access(what, health)
        case HealthState.THROTTLED:
            yield Look(Mark.WARN, what, health.message or "the network asks us to wait", "it goes on by itself")
        case HealthState.DISCONNECTED:
            mend = "make new access for this account and set its secrets again; README, part Connect your accounts"
            yield Look(Mark.FAIL, what, health.message or "the network refuses our access", mend)
        case HealthState.UNREACHABLE:
            mend = f"check the connection of this machine to {where}"
            yield Look(Mark.FAIL, what, health.message or "the network cannot be reached", mend)


def _access(what: str, health: Health) -> Looks:
    """What will end or is lacking although the network answers."""
    mend = "make new access for this account and set its secrets again; everything collected stays"
    if health.token_expires_at is not None and health.token_expires_at - utc_now() < TOKEN_WARNING:
        yield Look(Mark.WARN, what, f"its access ends on {health.token_expires_at:%d %b %H:%M} UTC", mend)
    if health.missing:
        lacking = ", ".join(health.missing)
        yield Look(Mark.WARN, what, f"permissions are missing: {lacking}", "grant them to the app and connect again")


def _notifications(app: App) -> Looks:
    found = list(wrong_places(app))
    for wrong, mend in found:
        yield Look(Mark.WARN, "notifications", wrong, mend)
    if dead := undelivered(app):
        yield Look(Mark.WARN, "notifications", f"{dead} did not arrive", "look under Desk, Notifications")
    if not found and not dead:
        yield Look(Mark.OK, "notifications", f"{len(app.settings.notifications.places)} place(s)")


_DESK_LOOKS: tuple[tuple[str, Callable[[App], Looks]], ...] = (
    ("data folder", _disk),
    ("database", _database),
    ("colleagues", _people),
    ("model", _model),
    ("jobs", _jobs),
    ("console", _port),
    ("accounts", _accounts),
    ("collecting", _collecting),
    ("brand", _brands),
    ("notifications", _notifications),
)
