"""Which version is in force, which was before it, and back again in one step.

`HISTORY` beside `CURRENT` has a line of JSON for every change: when, to which version, from which, and why.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from webcare.encoder.artefact import current_folder, set_current
from webcare.errors import ModelMissing, ModelUnusable

HISTORY = "HISTORY"
ROLLBACK = "rollback"


def put_in_force(models: Path, version: str, *, now: datetime, why: str) -> str:
    """Put a version in force and write it down; gives the version before, "" when there was none.

    Raises ModelUnusable when the version's files are not whole; nothing is changed or written then.
    """
    try:
        before = current_folder(models).name
    except ModelMissing:
        before = ""
    set_current(models, version)
    entry = {"at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "version": version, "before": before, "why": why}
    with (models / HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return before


def roll_back(models: Path, *, now: datetime) -> str:
    """Put the version in force that stood before the present one; gives its name.

    Called again it goes back one further. Raises ModelUnusable when nothing stood before.
    """
    now_in_force = current_folder(models).name
    ways = [entry for entry in history(models) if entry["version"] == now_in_force and entry["why"] != ROLLBACK]
    before = ways[-1]["before"] if ways else ""
    if not before or before == now_in_force:
        raise ModelUnusable(f"there is no version before {now_in_force} in {models / HISTORY}")
    put_in_force(models, before, now=now, why=ROLLBACK)
    return before


def history(models: Path) -> list[dict[str, str]]:
    """The changes so far, oldest first. Raises ModelUnusable where the file is damaged."""
    path = models / HISTORY
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"{path} cannot be read: {error}") from error
