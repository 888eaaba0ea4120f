"""Child processes of `webcare demo` and `webcare run`: started, waited for, watched and stopped together.

No child outlives its parent, and none is left when another one dies.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import webcare
from webcare.cli.progress import Progress
from webcare.errors import WebcareError

#: The two scripts that stand beside the package in a working copy.
ROOT = Path(webcare.__file__).parent.parent
_START_WITHIN_S = 90.0
_STOP_WITHIN_S = 20.0
_LOOK_EVERY_S = 0.1
_TAIL_LINES = 15


class ChildDied(WebcareError):
    """One of the desk's processes ended by itself; the others were stopped."""


class Asked(BaseException):
    """Somebody asked us to stop, with Ctrl-C or SIGTERM. Not an Exception, so that no handler takes it for a fault."""


@dataclass
class Child:
    """One process. `arguments` is a module of Python's or a file, with its own arguments; output goes to `log`."""

    name: str
    arguments: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in a group of its own, so that a Ctrl-C meant for us does not reach it before we say so."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        own_group: dict[str, object] = {"start_new_session": True}
        if os.name == "nt":
            own_group = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webcare.cli.tied", *self.arguments],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.env},
                **own_group,  # type: ignore[call-overload]
            )

    @property
    def ended(self) -> bool:
        """Whether it was started and is not running any more."""
        return self.process is not None and self.process.poll() is not None

    def ask_to_stop(self) -> None:
        """Let go of it: it finishes what it is doing and ends."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def wait(self, deadline: float) -> None:
        """Wait until it ended; past the deadline (monotonic seconds) it is ended by force."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._kill()

    def tail(self) -> str:
        """The last lines of its log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return "\n".join(f"  | {line}" for line in lines[-_TAIL_LINES:]) or "  | (it wrote nothing)"

    def _kill(self) -> None:
        assert self.process is not None
        if os.name == "nt":
            self.process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Crew:
    """The children of one command. Use as a context: leaving it stops them all, newest first."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._kept = contextlib.ExitStack()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._kept.close()

    def keep(self, held: contextlib.AbstractContextManager[object]) -> None:
        """Hold something (a lock) until the last child has stopped."""
        self._kept.enter_context(held)

    def start(self, child: Child) -> Child:
        """Start a child and look after it from now on."""
        self._children.append(child)
        child.start()
        return child

    def wait_for(self, child: Child, is_ready: Callable[[], bool], *, tick: Callable[[], None]) -> None:
        """Wait until a child works, calling `tick` meanwhile. Raises ChildDied, or WebcareError past the time limit."""
        deadline = time.monotonic() + _START_WITHIN_S
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise WebcareError(
                    f"the {child.name} did not start within {_START_WITHIN_S:.0f} s; its log ({child.log}) ends:\n"
                    f"{child.tail()}"
                )
            tick()
            time.sleep(_LOOK_EVERY_S)

    def watch(self) -> None:
        """Stay until a child dies (ChildDied) or somebody asks to stop (Asked)."""
        while True:
            self.check()
            time.sleep(_LOOK_EVERY_S)

    def check(self) -> None:
        """Raise ChildDied, with the end of its log, when a child ended."""
        for child in self._children:
            if child.ended and child.process is not None:
                raise ChildDied(
                    f"the {child.name} stopped by itself ({_how(child.process.returncode)}); "
                    f"its log ({child.log}) ends:\n{child.tail()}"
                )

    def stop(self) -> None:
        """Stop every child, newest first: what depends on another goes before it. Returns when none is left."""
        deadline = time.monotonic() + _STOP_WITHIN_S
        for child in reversed(self._children):
            child.ask_to_stop()
            child.wait(deadline)
        self._children.clear()


@contextlib.contextmanager
def asked_to_stop() -> Iterator[None]:
    """Inside the block Ctrl-C and SIGTERM raise Asked, once; a second one ends the process at once."""

    def ask(number: int, _: FrameType | None) -> None:
        for known in (signal.SIGINT, signal.SIGTERM):
            signal.signal(known, signal.SIG_DFL)
        raise Asked

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keep_running(start: Callable[[Crew, Progress], None]) -> int:
    """Start a desk's processes and stay until Ctrl-C or SIGTERM, then stop them; 1 when one stopped by itself."""
    progress = Progress()
    try:
        with asked_to_stop(), Crew() as crew:
            try:
                start(crew, progress)
                crew.watch()
            except Asked:
                progress.leave("Stopping; what is running finishes first ...")
                crew.stop()
                progress.leave("Stopped.")
    except ChildDied as error:
        progress.leave("")
        print(f"webcare: {error}", file=sys.stderr)
        return 1
    return 0


def answers(url: str) -> bool:
    """Whether a server of ours gives 200 at this address on this machine."""
    try:
        # No proxy: a machine-wide one would be asked for an address only this machine knows.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=2) as response:
            return int(response.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def free_port(host: str, wanted: int, *, named_by: str = "") -> int:
    """`wanted` when nobody listens there; else another free one, or WebcareError when a person named it."""
    if _is_free(host, wanted):
        return wanted
    if named_by:
        raise WebcareError(f"port {wanted} on {host} is taken by another program; choose another with {named_by}")
    for port in range(wanted + 1, wanted + 50):
        if _is_free(host, port):
            return port
    raise WebcareError(f"no port from {wanted} to {wanted + 49} is free on {host}")


def script(name: str) -> str:
    """The path of one of the two scripts beside the package."""
    path = ROOT / name
    if not path.exists():
        raise WebcareError(f"{path} is missing; this command needs a working copy of Webcare, not only the package")
    return str(path)


def console_command(host: str, port: int) -> list[str]:
    """What starts the console."""
    return [
        "streamlit",
        "run",
        script("streamlit_app.py"),
        f"--server.address={host}",
        f"--server.port={port}",
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
    ]


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name != "nt":
            # As the servers themselves do: a port whose last owner has just gone is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
