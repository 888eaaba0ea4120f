"""The frozen gold set: the test part of our labelled text as it stood on a day, row by row.

`gold.tsv` beside the labels lists the id and checksum of every row of it. Rows written later join no comparison by
themselves, and a row that was changed is told, because two models may only be compared on the same questions.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from webcare.errors import SettingsError
from webcare.triage.training.data import TEST, Row, only, read_labels

GOLD = "gold.tsv"


def freeze(folder: Path) -> int:
    """Write the list anew from the test part as it stands; gives the number of rows."""
    rows = only(read_labels(folder), part=TEST)
    if not rows:
        raise SettingsError(f"{folder} holds no labelled text of the test part")
    lines = sorted(f"{row.id}\t{checksum(row)}\n" for row in rows)
    partial = folder / f".{GOLD}.partial"
    partial.write_text("".join(lines), encoding="utf-8")
    os.replace(partial, folder / GOLD)
    return len(lines)


def frozen(folder: Path, rows: Sequence[Row] | None = None) -> list[Row]:
    """The rows of the list, in its order. Raises SettingsError where it is missing or a row is not what it was."""
    path = folder / GOLD
    if not path.is_file():
        raise SettingsError(f"{path} does not exist; `webcare train triage freeze` writes it")
    by_id = {row.id: row for row in (read_labels(folder) if rows is None else rows)}
    listed = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if any(len(entry) != 2 for entry in listed):
        raise SettingsError(f"{path} is damaged: every line must hold an id, a tab and a checksum")
    other = [key for key, digest in listed if key not in by_id or checksum(by_id[key]) != digest]
    if other:
        raise SettingsError(
            f"{len(other)} rows of the gold set were changed or are gone ({', '.join(other[:5])}); put them back, or "
            "run `webcare train triage freeze` if the change is meant: figures from before no longer compare then"
        )
    return [by_id[key] for key, _ in listed]


def checksum(row: Row) -> str:
    """SHA-256 of what a row asks and which answers it expects."""
    written = json.dumps([row.text, row.lang, sorted(row.labels.items())], ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8")).hexdigest()
