"""`webcare train triage` and `webcare evaluate triage`: the model's workshop, with its own options."""

from __future__ import annotations

import argparse

from webcare.errors import WebcareError

#: What stands behind `train triage` beside training itself.
_TENDING = ("check", "use")


def run(options: argparse.Namespace) -> int:
    """Hand the rest of the line to the workshop; 1 when `check` found something."""
    rest = list(options.rest)
    if not (options.command == "train" and rest[:1] and rest[0] in _TENDING):
        rest.insert(0, options.command)
    from webcare.triage.training.__main__ import work

    try:
        return work(rest)
    except ModuleNotFoundError as error:
        raise WebcareError(f"{error.name} is not installed; `pip install 'webcare[train]'` adds it") from error
