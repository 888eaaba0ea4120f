"""Set up Webcare's own Python environment in `.venv`, from nothing, with progress.

    python3 tools/setup.py demo     what the desk needs to run
    python3 tools/setup.py test     the same and what the tests need
    python3 tools/setup.py check    the same and the linters and the type checker

This file only makes sure of the Python version, so it keeps to what Python 3.6 can read; the work is in
environment.py. Standard library only: it runs before anything is installed.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
#: Tried in this order when `python3` is too old.
KNOWN = ("python3.13", "python3.12", "python3.11")


def main():
    """Go on under a Python that is new enough, or say which one is needed; returns the exit code."""
    if sys.version_info[:2] >= OLDEST:
        from environment import run

        return run(sys.argv[1:])
    for name in KNOWN:
        found = shutil.which(name)
        if found and works(found):
            sys.stdout.flush()
            return subprocess.call([found, os.path.abspath(__file__), *sys.argv[1:]])
    sys.stderr.write(
        "Webcare needs Python 3.11 or newer; this one is {}.{}. Install a newer one (Debian, Ubuntu: apt install "
        "python3.11 python3.11-venv; macOS: brew install python@3.13), or say where it is: "
        "make demo PYTHON=/path/to/python3\n".format(*sys.version_info[:2])
    )
    return 1


def works(python):
    """Whether this really is a Python that is new enough: a name on the PATH may be a shim with nothing behind it."""
    code = "import sys; sys.exit(sys.version_info[:2] < (3, 11))"
    try:
        return subprocess.call([python, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
