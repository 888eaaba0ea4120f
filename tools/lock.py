"""Write constraints.txt from a fresh environment: the exact versions every set-up installs.

Run by `make lock`, with the Python of an environment made by `setup.py check --unlocked`.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

HEADER = """\
# The exact version of every package that `make demo`, `make test` and `make check` install. Written by `make lock`;
# do not edit. PyTorch stands here without its build's suffix, so that the CPU build and others' plain one both fit.
"""
#: Part of the environment itself, or the project.
_LEFT_OUT = {"pip", "setuptools", "wheel", "webcare"}


def locked() -> list[str]:
    """`name==version` of each installed package, sorted, without local build suffixes."""
    found = {}
    for package in distributions():
        name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
        if name not in _LEFT_OUT:
            found[name] = package.version.split("+")[0]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(HEADER + "\n".join(locked()) + "\n", encoding="utf-8")
