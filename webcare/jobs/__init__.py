"""The machine's side of the day: which jobs there are, how one is run, and what runs them in time.

Every job drains: it looks in our tables for work that is due, does it, and may be run again at any moment without
harm. So nothing here has to remember what it promised; a missed run is made good by the next one.
"""

from webcare.jobs.registry import Desk, Done, JobSpec
from webcare.jobs.runner import Run, Runner
from webcare.jobs.tasks import JOBS

__all__ = ["JOBS", "Desk", "Done", "JobSpec", "Run", "Runner"]
