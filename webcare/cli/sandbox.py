"""`webcare sandbox`: the stand-in networks by themselves, with their own options."""

from __future__ import annotations

import argparse
import runpy
import sys


def run(options: argparse.Namespace) -> int:
    """Run `python -m webcare.sandbox` in this process; it says itself what it offers with --help."""
    sys.argv = ["webcare sandbox", *options.rest]
    runpy.run_module("webcare.sandbox", run_name="__main__")
    return 0
