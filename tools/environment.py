"""The virtual environment of one working copy: made from nothing, mended when cut off, left alone when ready.

It never installs a CUDA build, installs the versions of constraints.txt, and never takes away what an earlier,
larger set-up brought. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from progress import Step, clock, run_step, say

TORCH = "2.13.0"
# Asked on Linux only, and only when the usual index has no CPU build: the plain name means CUDA there.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
EXTRAS = {"demo": "[spelling]", "test": "[spelling,test]", "check": "[spelling,test,dev]"}
ENOUGH_FOR = {"demo": ("demo", "test", "check"), "test": ("test", "check"), "check": ("check",)}
FREE_DISK_MB = 2600

_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeoutError|Read timed out|ProtocolError|"
    r"Temporary failure in name resolution|Network is unreachable|Connection refused|ProxyError|SSLError|"
    # Every package of ours has versions, so an index that names none was not reached.
    r"\(from versions: none\)"
)
_NOT_FOUND = re.compile(r"No matching distribution found for (.+)")
_FULL_DISK = re.compile(r"No space left on device|Errno 28|Disk quota exceeded")


class SetupError(Exception):
    """A set-up that cannot go on; the message says what to do."""


class Environment:
    """The folder and the two marks in it: what was installed (stamp), and that work is under way (busy)."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = root / folder
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.stamp = self.folder / "webcare-setup.json"
        self.busy = self.folder / "webcare-setup.busy"
        self.log = self.folder / "webcare-setup.log"
        self.lock_fds: tuple[int, ...] = ()

    def wanted(self) -> dict[str, object]:
        """What a finished set-up of this tree is known by."""
        digest = hashlib.sha256(TORCH.encode())
        for name in ("pyproject.toml", "constraints.txt"):
            digest.update((self.root / name).read_bytes())
        return {"root": str(self.root), "python": list(sys.version_info[:2]), "inputs": digest.hexdigest()}

    def is_ready(self, goal: str) -> bool:
        """Whether a finished set-up for `goal`, or more, of exactly this tree is in place."""
        stamp = self._read_stamp()
        enough = stamp.pop("goal", None) in ENOUGH_FOR[goal]
        return enough and stamp == self.wanted() and self.python.exists() and not self.busy.exists()

    def is_usable(self) -> bool:
        """Whether what is there can be installed on: same place, same Python, nothing cut off half-way."""
        if self.busy.exists() or not self.python.exists():
            return False
        stamp, wanted = self._read_stamp(), self.wanted()
        return all(stamp.get(key) == wanted[key] for key in ("root", "python")) and _runs(self.python)

    def widest(self, goal: str) -> str:
        """`goal`, or the goal of the set-up before when that held more."""
        before = self._read_stamp().get("goal")
        return str(before) if before in ENOUGH_FOR[goal] else goal

    def begin(self) -> None:
        """Mark work under way: the old stamp no longer counts, and a cut-off from here on is seen next time."""
        self._write_stamp(goal=self._read_stamp().get("goal"), inputs="")
        self.busy.write_text(str(os.getpid()), encoding="utf-8")

    def pause(self) -> None:
        """Take the mark away: pip came to an end by itself, so what is there is whole, if not all of it."""
        self.busy.unlink(missing_ok=True)

    def finish(self, goal: str, *, locked: bool) -> None:
        """Write the stamp; a set-up without constraints is never taken for the real one."""
        self._write_stamp(goal=goal, **({} if locked else {"inputs": "unlocked"}))

    def _write_stamp(self, **changes: object) -> None:
        self.stamp.write_text(json.dumps({**self.wanted(), **changes}), encoding="utf-8")

    def _read_stamp(self) -> dict[str, object]:
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}


def _runs(python: Path) -> bool:
    try:
        return (
            subprocess.run([python, "-c", "import pip"], capture_output=True, timeout=60, check=False).returncode == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[tuple[int, ...]]:
    """Let one set-up of this folder run at a time; a second one waits and then finds the work done.

    Gives what a child must inherit to be counted too: a pip that outlives us still writes into the folder.
    """
    try:
        import fcntl
    except ImportError:  # Windows: two set-ups at once are not kept apart there
        yield ()
        return
    name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"webcare-setup-{name}.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another set-up of this folder is running; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield (lock.fileno(),)


# --- the steps -------------------------------------------------------------------------------------


def set_up(env: Environment, goal: str, *, locked: bool = True) -> None:
    """Make `env` ready for `goal`; `locked` False leaves constraints.txt out, to renew it. Raises SetupError."""
    began = time.monotonic()
    goal = env.widest(goal)
    version = ".".join(str(part) for part in sys.version_info[:3])
    say(f"Setting up Webcare in {env.folder} with Python {version}; the first time takes some minutes.")
    try:
        _make_environment(env)
        _install(env, goal, locked=locked)
        env.finish(goal, locked=locked)
    except OSError as error:
        raise SetupError(_disk_trouble(env, str(error))) from error
    say(f"Ready in {clock(time.monotonic() - began)}.")


def _make_environment(env: Environment) -> None:
    if env.is_usable():
        return
    _check_room(env)
    if os.path.lexists(env.folder):
        say(f"  {env.folder} was cut off or belongs to another place or Python; starting anew")
        shutil.rmtree(env.folder)
    env.folder.mkdir(parents=True)
    step = Step("[1/4] environment")
    code, printed = _marked(env, step, [sys.executable, "-m", "venv", str(env.folder)])
    if code != 0:
        raise SetupError(_venv_trouble(env, printed))
    step.done()


def _check_room(env: Environment) -> None:
    free = shutil.disk_usage(env.root).free / 1e6
    if free < FREE_DISK_MB:
        raise SetupError(
            f"{free:.0f} MB are free where {env.root} is; set-up needs {FREE_DISK_MB} MB. Make room first."
        )


def _install(env: Environment, goal: str, *, locked: bool) -> None:
    _install_torch(env)
    constraints = ["-c", str(env.root / "constraints.txt")] if locked else []
    step = Step("[3/4] everything else")
    _pip(env, step, ["install", *constraints, "-e", f"{env.root}{EXTRAS[goal]}"])
    step.done()
    step = Step("[4/4] check")
    _pip(env, step, ["check"])
    step.done()


def _install_torch(env: Environment) -> None:
    """PyTorch first and by its exact name, so that no later step can choose the CUDA build."""
    step = Step("[2/4] PyTorch for the CPU")
    if sys.platform.startswith("linux"):
        _install_torch_on_linux(env, step)
    else:
        _pip(env, step, ["install", f"torch=={TORCH}"])
    step.done()


def _install_torch_on_linux(env: Environment, step: Step) -> None:
    # --no-deps: only PyTorch itself may come from its own index; what it needs comes with the rest.
    wanted = ["install", "--no-deps", f"torch=={TORCH}+cpu"]
    code, printed = _try_pip(env, step, wanted)
    if code != 0 and _NOT_FOUND.search(printed) and not _UNREACHABLE.search(printed):
        _pip(env, step, [*wanted, "--index-url", TORCH_CPU_INDEX])
    elif code != 0:
        raise SetupError(_pip_trouble(env, printed))


def _pip(env: Environment, step: Step, arguments: list[str]) -> None:
    code, printed = _try_pip(env, step, arguments)
    if code != 0:
        raise SetupError(_pip_trouble(env, printed))


def _try_pip(env: Environment, step: Step, arguments: list[str]) -> tuple[int, str]:
    # --no-compile: compiling all of it takes longer than downloading it; Python compiles what it really uses.
    how = ["--progress-bar", "off", "--no-compile"] if arguments[0] == "install" else []
    return _marked(env, step, [str(env.python), "-m", "pip", *arguments, *how])


def _marked(env: Environment, step: Step, command: list[str]) -> tuple[int, str]:
    env.begin()
    result = run_step(step, command, env.log, keep_open=env.lock_fds)
    env.pause()
    return result


# --- what went wrong, in words ---------------------------------------------------------------------


def _venv_trouble(env: Environment, printed: str) -> str:
    if _FULL_DISK.search(printed):
        return _disk_trouble(env, printed)
    if "ensurepip" in printed or "No module named venv" in printed:
        version = ".".join(str(part) for part in sys.version_info[:2])
        return (
            f"this Python ({sys.executable}) cannot make virtual environments. "
            f"Debian, Ubuntu: apt install python{version}-venv; then run the same command again."
        )
    return "the virtual environment could not be made:\n" + _tail(printed)


def _pip_trouble(env: Environment, printed: str) -> str:
    if _FULL_DISK.search(printed):
        return _disk_trouble(env, printed)
    if _UNREACHABLE.search(printed):
        return (
            "the package index cannot be reached. Set-up needs the network this once. Check the connection (behind "
            "a proxy set HTTPS_PROXY), then run the same command again: what was downloaded is kept."
        )
    if match := _NOT_FOUND.search(printed):
        here = f"Python {sys.version_info[0]}.{sys.version_info[1]} on {sys.platform}"
        return (
            f"no build of {match[1].strip()} fits {here}. Python 3.11 to 3.13 on 64-bit Linux, Windows or a Mac "
            "with Apple silicon works; name another Python with: make demo PYTHON=/path/to/python3.12"
        )
    return f"pip could not install everything; the whole log is in {env.log}. Its end:\n{_tail(printed)}"


def _disk_trouble(env: Environment, detail: str) -> str:
    if _FULL_DISK.search(detail):
        return f"the disk is full. Set-up needs {FREE_DISK_MB} MB; make room, then run the same command again."
    return f"{env.root} cannot be used: {detail}"


def _tail(printed: str, lines: int = 12) -> str:
    return "\n".join("  " + line for line in printed.strip().splitlines()[-lines:])


# --- command line ----------------------------------------------------------------------------------


def run(arguments: list[str]) -> int:
    """Do what the command line asks; the exit code is 0, 1 (told why) or 130 (stopped)."""
    parser = argparse.ArgumentParser(prog="setup.py", description="Set up Webcare's own Python environment.")
    parser.add_argument("goal", choices=sorted(EXTRAS))
    parser.add_argument("--venv", type=Path, default=Path(".venv"), help="its folder (default: .venv)")
    parser.add_argument("--unlocked", action="store_true", help="newest allowed versions, not those of constraints.txt")
    options = parser.parse_args(arguments)
    env = Environment(Path(__file__).resolve().parent.parent, options.venv)
    # A stop asked by a program ends like Ctrl-C, so that pip is not left running alone.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _make_ready(env, options.goal, locked=not options.unlocked)
    except SetupError as error:
        sys.stderr.write(f"\nSet-up stopped: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run the same command to begin again; what was downloaded is kept.\n")
        return 130
    return 0


def _make_ready(env: Environment, goal: str, *, locked: bool) -> None:
    if locked and env.is_ready(goal):
        return
    with only_one(env.root) as env.lock_fds:
        if not (locked and env.is_ready(goal)):
            set_up(env, goal, locked=locked)
