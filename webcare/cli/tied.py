"""Runs a program tied to the process that started it: when that one is gone, however it went, this one stops.

    python -m webcare.cli.tied streamlit run streamlit_app.py     a module
    python -m webcare.cli.tied scheduler.py                       a file

The starter holds the other end of our standard input; its end of file is the sign. So a `kill -9` of `webcare demo`
leaves nothing behind, on any system.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

#: A program that was asked to stop and did not within this time is ended.
_GRACE_S = 15.0


def _watch() -> None:
    while True:
        try:
            # Not sys.stdin.read(): its lock would be held for ever and spoil the interpreter's own end.
            if not os.read(0, 1):
                break
        except OSError:
            break
    # On Windows os.kill would end us at once, without the clean stop that a raised signal gives.
    if os.name == "nt":
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)


def main() -> None:
    """Run the program named by the first argument, with the rest as its own."""
    program = sys.argv[1]
    sys.argv = sys.argv[1:]
    threading.Thread(target=_watch, name="webcare-tie", daemon=True).start()
    if program.endswith(".py"):
        sys.path[0] = str(Path(program).absolute().parent)
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
