"""Whether somebody runs the jobs: what the start of a desk waits for and `webcare doctor` looks at."""

from __future__ import annotations

import time

from webcare.jobs.embedded import LEADER
from webcare.store import Store
from webcare.store.tables import LeaseRow

#: Clocks of two hosts differ a little; so much is not yet a dead scheduler.
_SKEW_S = 2.0


def scheduler_runs(store: Store) -> bool:
    """Whether a living process leads the jobs of this desk, as far as its lease tells."""
    with store.read() as session:
        lease = session.get(LeaseRow, LEADER)
        return lease is not None and lease.expires > time.time() - _SKEW_S
