"""The `webcare` command: what it offers, and how it tells what went wrong.

Only this file is read at every start, so it imports nothing heavy; each command's own module loads when it is asked
for. Exit codes: 0 done, 1 `doctor` or `demo` found trouble, 2 told on standard error, 3 a fault of ours, 130 stopped.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from webcare import __version__
from webcare.errors import WebcareError

#: Command -> the module of ours that does it; the module has `run(options) -> int`.
_MODULES = {
    "init": "initialise",
    "demo": "demo",
    "run": "production",
    "poll": "polling",
    "triage": "lines",
    "guard": "lines",
    "rules": "rules",
    "train": "workshop",
    "evaluate": "workshop",
    "doctor": "doctor",
    "sandbox": "sandbox",
    "db": "database",
    "people": "people",
    "audit": "audit",
    "export": "exporting",
    "digest": "exporting",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    options = _parser().parse_args(argv)
    if options.config is not None:
        # Child processes and everything below find it where they look anyway.
        os.environ["WEBCARE_CONFIG"] = str(options.config.absolute())
    try:
        command: Callable[[argparse.Namespace], int] = importlib.import_module(
            f"webcare.cli.{_MODULES[options.command]}"
        ).run
        return command(options)
    except WebcareError as error:
        return _say(f"webcare: {error}", 2)
    except KeyboardInterrupt:
        return _say("webcare: stopped", 130)
    except BrokenPipeError:
        return _nobody_reads()
    except Exception:
        return _say(f"webcare: a fault of ours; the details are in {_write_down()}", 3)


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


def _nobody_reads() -> int:
    """The reader of our output went away (`| head`), which is its right; keep Python's exit from complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _write_down() -> Path | str:
    """Append the traceback to a file that only this user may read: it can quote customers. Gives the file."""
    import tempfile
    import traceback
    from datetime import UTC, datetime

    for folder in (Path("data"), Path(tempfile.gettempdir())):
        path = folder / "webcare-faults.log"
        try:
            with open(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a", encoding="utf-8") as file:
                file.write(f"--- {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, webcare {__version__}\n")
                file.write(traceback.format_exc())
        except OSError:
            continue
        return path.absolute()
    return f"no file, as none can be written: {traceback.format_exc(limit=-1)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="webcare", description="The desk of a brand's social-media care team.")
    parser.add_argument("--version", action="version", version=f"webcare {__version__}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (default: ./webcare.toml)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_starting(commands)
    _add_working(commands)
    _add_tending(commands)
    _add_taking_away(commands)
    return parser


def _add_starting(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    init = commands.add_parser("init", help="make or bring up to date the database, and add the first colleague")
    init.add_argument("--demo", action="store_true", help="add the demo's colleagues with well-known passwords")
    init.add_argument("--username", help="user name of an administrator to add")
    init.add_argument("--name", help="that person's name (default: the user name)")
    demo = commands.add_parser("demo", help="the whole desk on sandbox networks, or on your accounts if configured")
    demo.add_argument("--keep", action="store_true", help="go on with the cases of the last demo")
    demo.add_argument("--port", type=_port, help="port of the console (default: 8501, or a free one)")
    demo.add_argument("--sandbox-port", type=_port, help="port of the sandbox networks (default: 8600, or a free one)")
    demo.add_argument("--speed", type=float, metavar="N", help="simulated minutes of customers in one second")
    run = commands.add_parser("run", help="the desk on your accounts: the jobs and the console")
    run.add_argument("--port", type=_port, help="port of the console (default: console.port)")
    run.add_argument("--host", help="address it listens on (default: console.host)")


def _add_working(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    poll = commands.add_parser("poll", help="collect mentions now, without the scheduler")
    poll.add_argument("--once", action="store_true", required=True, help="until nothing new is waiting, then stop")
    poll.add_argument("account", nargs="*", help="account keys (default: all)")
    triage = commands.add_parser("triage", help="label texts: JSON lines {id, text, lang?} in, JSON lines out")
    triage.add_argument("--json", action="store_true", required=True, help="read and write JSON lines")
    guard = commands.add_parser(
        "guard", help="check drafts: JSON lines {id, lang, mention, notes, draft, channel?} in, JSON lines out"
    )
    guard.add_argument("--json", action="store_true", required=True, help="read and write JSON lines")
    guard.add_argument("--no-model", action="store_true", help="only the checks that need no trained model")
    guard.add_argument("--brand", metavar="FILE", help="brand file, or the name of a shipped brand (default: hemlund)")
    _add_rules(commands)


def _add_rules(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    rules = commands.add_parser("rules", help="test the brand's rules and the recorded slips; save or delete a rule")
    rules.add_argument(
        "action",
        choices=["test", "save", "delete"],
        help="save and delete: a rule of this desk's own, if no slip passes",
    )
    rules.add_argument(
        "what",
        nargs="*",
        type=Path,
        help="test: folders of rules (default: those of every brand in use); save: a YAML file, - for standard input; "
        "delete: the rule's name",
    )
    rules.add_argument("--name", help="save: the rule's name (default: that of the file)")
    rules.add_argument(
        "--brand", metavar="FILE", help="brand file, or the name of a shipped brand (default: guard.brand)"
    )
    rules.add_argument(
        "--slips", type=Path, metavar="FOLDER", action="append",
        help="test: reported slips; may be given again (default: the desk's own and those that come with Webcare)",
    )  # fmt: skip


def _add_tending(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands.add_parser("doctor", help="say what is misconfigured and how to mend it")
    # with "-" for a prefix, argparse would keep options such as --faults from the sandbox's own parser
    sandbox = commands.add_parser(
        "sandbox", help="stand-ins for X and Facebook on this machine", add_help=False, prefix_chars="\0"
    )
    sandbox.add_argument("rest", nargs=argparse.REMAINDER)
    train = commands.add_parser(
        "train", help="train a model on labelled text, look the text over, or go back a version"
    )
    evaluate = commands.add_parser("evaluate", help="how good the model is on text that it never saw")
    for workshop, what in ((train, ["triage", "corrections", "guard"]), (evaluate, ["triage", "guard"])):
        workshop.add_argument("what", choices=what)
        workshop.add_argument("rest", nargs=argparse.REMAINDER, help="see `triage --help`, `guard --help`")
    database = commands.add_parser("db", help="tend the database")
    database.add_argument("action", choices=["upgrade"], help="upgrade: bring it to this version, after a copy")
    people = commands.add_parser("people", help="who may sign in; a new password, or people from a table")
    people.add_argument("action", choices=["list", "reset", "import"])
    people.add_argument("what", nargs="?", help="reset: a user name; import: a CSV file (docs/sign-in.md)")
    audit = commands.add_parser("audit", help="whether the log of changes is whole, and the log as a table")
    audit.add_argument("action", choices=["verify", "export"])
    audit.add_argument("--seal", help="verify: a seal of an earlier look that must still be among the rows")


def _add_taking_away(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = commands.add_parser("export", help="figures or cases as a file; each export is in the audit log")
    export.add_argument("what", choices=["figures", "cases"])
    export.add_argument("--format", choices=["csv", "xlsx", "parquet"], default="csv")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    export.add_argument("--since", metavar="DAY", help="first day, as 2026-11-01 (figures: 28 days before the end)")
    export.add_argument("--until", metavar="DAY", help="the day after the last (default: now)")
    export.add_argument("--queue", help="only this queue")
    export.add_argument("--channel", help="only this network")
    export.add_argument("--by", metavar="NAMES", help="figures: groups with commas between them, e.g. queue,week")
    export.add_argument("--measure", action="append", help="figures: only this one; may be given again")
    export.add_argument("--state", help="cases: only in this state")
    export.add_argument("--customer-text", action="store_true", help="cases: with names and newest messages")
    export.add_argument("--bom", action="store_true", help="CSV: begin with the mark that Excel knows UTF-8 by")
    export.add_argument("--semicolon", action="store_true", help="CSV: semicolons, as Excel of many countries wants")
    digest = commands.add_parser("digest", help="the figures of a week or day as a page")
    when = digest.add_mutually_exclusive_group(required=True)
    when.add_argument("--week", metavar="YEAR-WEEK", help="an ISO week, as 2026-46")
    when.add_argument("--day", metavar="DAY", help="a day, as 2026-11-21")
    digest.add_argument("--language", choices=("en", "nb", "nl", "sv"), help="of the page; usually that of the desk")
    digest.add_argument("--out", type=Path, required=True, metavar="FILE")


def _port(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 1 to 65535")
    return number
