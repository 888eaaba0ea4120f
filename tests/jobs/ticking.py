"""A process that runs one job, ten times a second, and writes each run to a file: started by test_embedded.py."""

import logging
import os
import sys
import time
from pathlib import Path

from webcare.jobs import Done, JobSpec
from webcare.jobs.embedded import run_until_stopped
from webcare.settings import load_settings
from webcare.store import open_store


class Desk:
    def __init__(self, url: str, lease_s: str) -> None:
        self.settings = load_settings(env={"WEBCARE_JOBS__LEASE_S": lease_s})
        self.store = open_store(url)
        self.channels = {}
        self.classifier = None


def main(url: str, lease_s: str, out: str, work_s: str = "0") -> None:
    def tick(desk, key, clock):
        with Path(out).open("a") as file:
            file.write(f"begin {os.getpid()} {time.time()}\n")
        time.sleep(float(work_s))
        with Path(out).open("a") as file:
            file.write(f"end {os.getpid()} {time.time()}\n")
        return Done(0)

    logging.basicConfig(filename=f"{out}.{os.getpid()}.log", level=logging.INFO)
    job = JobSpec("tick", tick, lambda settings: 0.1, "default")
    run_until_stopped(Desk(url, lease_s), jobs=[job])


if __name__ == "__main__":
    main(*sys.argv[1:])
