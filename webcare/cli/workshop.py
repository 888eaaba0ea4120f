"""`webcare train` and `webcare evaluate triage`: the model's workshop, with its own options."""

from __future__ import annotations

import argparse
from pathlib import Path

from webcare.errors import WebcareError

#: What stands behind `train triage` beside training itself.
_TENDING = ("check", "mix", "use", "rollback", "freeze")
_FROM_CORRECTIONS = "--from-corrections"


def run(options: argparse.Namespace) -> int:
    """Hand the rest of the line to the workshop; 1 when `check` found something or a candidate was refused."""
    rest = list(options.rest)
    if options.what == "guard":
        from webcare.cli import guard_workshop

        return guard_workshop.run(options)
    if options.what == "corrections":
        from webcare.cli import corrections

        return corrections.run(rest)
    if options.command == "train" and any(word.split("=")[0] == _FROM_CORRECTIONS for word in rest):
        rest = _candidate(rest)
    elif not (options.command == "train" and rest[:1] and rest[0] in _TENDING):
        rest.insert(0, options.command)
    from webcare.triage.training.__main__ import work

    try:
        return work(rest)
    except ModuleNotFoundError as error:
        raise WebcareError(f"{error.name} is not installed; `pip install 'webcare[train]'` adds it") from error


def _candidate(rest: list[str]) -> list[str]:
    """The line of a candidate; without a file, or with the word "database", the desk's own corrections are exported."""
    from webcare.cli import corrections

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(_FROM_CORRECTIONS, nargs="?", const=corrections.DATABASE)
    parser.add_argument("--work", default="build/train")
    known, others = parser.parse_known_args(rest)
    file = Path(known.from_corrections)
    if known.from_corrections == corrections.DATABASE and not {"-h", "--help"} & set(others):
        file = Path(known.work) / "corrections.jsonl"
        corrections.write(file)
    return ["candidate", str(file), "--work", known.work, *others]
