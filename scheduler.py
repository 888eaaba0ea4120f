"""One process that runs the desk's jobs: collecting, sending, waking, tidying. No rules here.

Start it as often as you like: one of them works, the others wait to take over. SIGTERM or Ctrl-C stops it after the
running jobs have finished.
"""

import logging
import sys

from webcare.app import build_app
from webcare.errors import WebcareError


def main() -> int:
    """Run until stopped; 0 after a clean stop, 2 when the desk cannot start (told on standard error)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    try:
        build_app().run_jobs()
    except WebcareError as error:
        print(f"The jobs cannot start: {error}", file=sys.stderr)  # noqa: T201 - the one line an operator sees
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
