"""`python -m tools.soak`: run it on one or both databases, print the table, write it where it is kept."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.soak.run import Plan, soak
from tools.soak.table import markdown


def main() -> int:
    """Run the soak as asked; 1 when a promise was broken."""
    args = _parser().parse_args()
    plan = Plan(
        items=args.items, hours=args.hours, tick_min=args.tick, seed=args.seed, replies=args.replies, runs=args.runs
    )
    results = {store: soak(plan, store, say=_say) for store in args.store or ("sqlite", "postgres")}
    table = markdown(plan, results)
    print(table)
    if args.write:
        _write(args.write, table)
    return int(any(result.verdict.faults for result in results.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("--items", type=int, default=20_000, help="posts, comments and messages customers write")
    parser.add_argument("--hours", type=float, default=72.0, help="simulated hours in which they write them")
    parser.add_argument("--tick", type=float, default=5.0, help="simulated minutes between two rounds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--replies", type=float, default=0.12, help="share of new cases that are answered, 0 to 1")
    parser.add_argument("--store", choices=("sqlite", "postgres"), action="append", help="default: both")
    parser.add_argument("--runs", action="store_true", help="also tell how often each job ran and how it ended")
    parser.add_argument("--write", type=Path, help="put the table between the markers of this file")
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


BEGIN_MARK, END_MARK = "<!-- soak -->", "<!-- end of soak -->"


def _write(path: Path, table: str) -> None:
    before, _, rest = path.read_text("utf-8").partition(BEGIN_MARK)
    _, _, after = rest.partition(END_MARK)
    path.write_text(f"{before}{BEGIN_MARK}\n\n{table}\n{END_MARK}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
