"""For developers: `python -m webcare.store.migrations "what changes"` writes the next revision from `tables.py`.

Read the file it writes before you commit it: a new NOT NULL column needs a `server_default`, and renamings look like
a removal and an addition.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from webcare.store import migrations, open_store


def main(message: str) -> None:
    """Compare a fresh database at the newest revision with the tables and write down the difference."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'compare.db'}")
        known = migrations.revisions()
        if known:
            store.upgrade()
        made = migrations.config()
        with store.write() as session:
            made.attributes["connection"] = session.connection()
            command.revision(made, message, autogenerate=True, rev_id=f"{len(known) + 1:04d}")
        store.dispose()


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
