"""Reading the audit log, for those who may, and giving it away as a table that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from sqlmodel import Session

from webcare import audit
from webcare.audit import Chain, Entry, Wanted
from webcare.domain import Actor
from webcare.people.permissions import Permission, require

#: Rows one export holds; a longer log is exported by stretches of time.
MAX_EXPORT = 50_000
_COLUMNS = ("id", "at", "by", "what", "subject", "before", "after")
#: What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read_log(
    session: Session, wanted: Wanted, *, by: Actor, limit: int = 100, before_id: int | None = None
) -> list[Entry]:
    """The newest changes first; `before_id` pages on. Raises NotAllowed without SEE_AUDIT."""
    require(by, Permission.SEE_AUDIT)
    return audit.entries(session, limit=limit, before_id=before_id, wanted=wanted)


def log_choices(session: Session, *, by: Actor) -> tuple[list[str], list[str]]:
    """Whose changes and what sorts of change can be asked for. Raises NotAllowed without SEE_AUDIT."""
    require(by, Permission.SEE_AUDIT)
    return audit.choices(session)


def check_log(session: Session, *, by: Actor, kept: str = "") -> Chain:
    """Whether nothing in the log was changed behind its back; `kept` is a seal of an earlier look.

    Raises NotAllowed without SEE_AUDIT.
    """
    require(by, Permission.SEE_AUDIT)
    return audit.chain(session, kept=kept)


def export_log(session: Session, wanted: Wanted, *, by: Actor) -> str:
    """The log as CSV, newest first, at most MAX_EXPORT rows. Raises NotAllowed without SEE_AUDIT."""
    require(by, Permission.SEE_AUDIT)
    return as_csv(audit.entries(session, limit=MAX_EXPORT, wanted=wanted))


def as_csv(entries: Iterable[Entry]) -> str:
    """One line a change; times in UTC, both sides of the change as JSON."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for one in entries:
        sides = (json.dumps(dict(side), ensure_ascii=False, sort_keys=True) for side in (one.before, one.after))
        cells = (str(one.id), one.at.isoformat(), one.agent_name, one.what, one.subject, *sides)
        writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue()


def harmless(cell: str) -> str:
    """A cell that a spreadsheet shows instead of running it: names are typed by people."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
