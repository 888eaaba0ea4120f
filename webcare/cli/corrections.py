"""`webcare train corrections --out FILE`: what staff corrected, as training rows without personal data."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from webcare.errors import WebcareError

#: What stands for the desk's own database where a file could be named.
DATABASE = "database"


def run(arguments: Sequence[str]) -> int:
    """Write the file and say how many rows it holds."""
    parser = argparse.ArgumentParser(prog="webcare train corrections", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON lines, as in data/labels/")
    parser.add_argument(
        "--order-number", action="append", default=[], metavar="REGEX", help="form of the brand's numbers"
    )
    options = parser.parse_args(arguments)
    write(options.out, order_numbers=options.order_number)
    return 0


def write(out: Path, *, order_numbers: Sequence[str] = ()) -> int:
    """Export the corrections in the desk's database to a file that only this user reads; gives the number of rows."""
    from webcare.app import build_app
    from webcare.cases.corrections import export_corrections

    store = build_app().store
    store.check()
    with store.read() as session:
        found = export_corrections(session, order_numbers=order_numbers)
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # Personal data is removed by rules, and no rule finds everything.
        with open(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in found.rows)
        os.replace(partial, out)
    except OSError as error:
        raise WebcareError(f"{out} cannot be written: {error}") from error
    print(f"{len(found.rows)} corrections in {out}")
    for reason, count in found.left_out.items():
        print(f"left out: {count} {reason}")
    return len(found.rows)
