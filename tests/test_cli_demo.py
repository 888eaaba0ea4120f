"""`webcare demo` and `webcare run` as processes: they come up, they show what goes wrong, and leave nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
# Three processes that load a model each: ten seconds on a quiet machine, and longer than a minute on one that is also
# running two browsers. Nothing here measures speed, so the limits only end what hangs.
START_WITHIN_S = 180.0
STOP_WITHIN_S = 60.0
pytestmark = pytest.mark.timeout(600)
_NAMES = ("sandbox", "scheduler", "console")


class Command:
    """A running `webcare`, with what it has printed so far."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("WEBCARE_")} | environment
        self._out = folder / f"printed-{time.monotonic_ns()}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webcare.cli", *arguments],
            cwd=folder,
            env={**env, "PYTHONPATH": str(ROOT)},
            stdout=self._out.open("wb"),
            stderr=subprocess.STDOUT,
        )
        self.children: list[psutil.Process] = []

    @property
    def printed(self) -> str:
        return self._out.read_text()

    def wait_until_up(self) -> None:
        until(lambda: "Ctrl-C stops" in self.printed or "The desk is at" in self.printed or self.ended, START_WITHIN_S)
        assert not self.ended, self.printed
        self.children = psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        return next(child for child in self.children if any(word in part for part in child.cmdline()))

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def living(self) -> list[psutil.Process]:
        return [child for child in self.children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def until(condition, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def answer(url: str) -> int:
    with urllib.request.urlopen(url, timeout=5) as response:
        return int(response.status)


def address(printed: str, label: str) -> str:
    match = re.search(rf"{label}\s+(http://127\.0\.0\.1:\d+)", printed)
    assert match, printed
    return match[1]


@pytest.fixture
def start(tmp_path: Path):
    made: list[Command] = []

    def make(*arguments: str, **environment: str) -> Command:
        made.append(Command(tmp_path, *arguments, **environment))
        return made[-1]

    yield make
    for command in made:
        command.process.kill()
        command.process.wait()
        until(lambda command=command: not command.living(), 30)


def webcare(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("WEBCARE_")} | environment
    command = [sys.executable, "-m", "webcare.cli", *arguments]
    env["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


def test_the_demo_collects_by_itself_stands_alone_in_its_folder_and_ctrl_c_stops_all_of_it(start, tmp_path):
    demo = start("demo")
    demo.wait_until_up()
    console, public = address(demo.printed, "The desk"), address(demo.printed, "The public side")
    assert answer(f"{console}/healthz") == answer(public) == 200
    assert all(f"    {username}" in demo.printed for username in ("sanne", "erik", "maren", "jonas", "admin"))
    database = tmp_path / "data" / "demo" / "webcare.db"

    def collected() -> bool:
        from sqlalchemy import text

        from webcare.store import open_store

        with open_store(f"sqlite:///{database}").read() as session:
            query = text("SELECT DISTINCT channel FROM desk_case WHERE state = 'new'")
            return {row[0] for row in session.connection().execute(query)} == {"x", "facebook"}

    until(collected, 20)
    second = webcare(tmp_path, "demo")
    assert second.returncode == 2
    assert second.stderr.startswith("webcare: a demo is running here already")
    assert database.exists()
    assert len(demo.living()) == 3
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(STOP_WITHIN_S) == 0
    assert demo.printed.rstrip().endswith("Stopped.")
    assert demo.living() == []
    scheduler_log = (tmp_path / "data" / "demo" / "logs" / "scheduler.log").read_text()
    assert "stopping" in scheduler_log
    assert "Traceback" not in scheduler_log


@pytest.mark.parametrize("name", _NAMES)
def test_when_a_part_dies_the_demo_says_which_shows_its_log_and_stops_the_rest(start, name):
    demo = start("demo")
    demo.wait_until_up()
    word = {"sandbox": "webcare.sandbox", "scheduler": "scheduler.py", "console": "streamlit"}[name]
    demo.child(word).kill()
    assert demo.process.wait(STOP_WITHIN_S) == 1
    assert f"webcare: the {name} stopped by itself (ended by SIGKILL); its log (" in demo.printed
    assert demo.living() == []


def test_a_demo_killed_with_9_leaves_no_process_behind(start):
    demo = start("demo")
    demo.wait_until_up()
    demo.process.kill()
    until(lambda: not demo.living(), 30)


def test_taken_ports_are_stepped_over_unless_they_were_named(start, tmp_path):
    with closing(socket.socket()) as first, closing(socket.socket()) as second:
        for taken in (first, second):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        port, sandbox_port = first.getsockname()[1], second.getsockname()[1]
        refused = webcare(tmp_path, "demo", "--port", str(port))
        assert refused.returncode == 2
        assert f"port {port} on 127.0.0.1 is taken by another program; choose another with --port" in refused.stderr
        refused = webcare(tmp_path, "demo", "--sandbox-port", str(sandbox_port))
        assert refused.returncode == 2
        assert "choose another with --sandbox-port" in refused.stderr


def test_keep_goes_on_with_the_last_demo_and_without_it_a_demo_starts_fresh(start, tmp_path):
    mark = tmp_path / "data" / "demo" / "mark"
    mark.parent.mkdir(parents=True)
    mark.touch()
    demo = start("demo", "--keep")
    demo.wait_until_up()
    assert mark.exists()
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(STOP_WITHIN_S) == 0
    fresh = start("demo")
    until(lambda: not mark.exists(), START_WITHIN_S)
    assert not fresh.ended, fresh.printed


def test_with_accounts_configured_the_demo_uses_them_and_starts_no_sandbox(start, tmp_path):
    (tmp_path / "webcare.toml").write_text(
        '[accounts.x_main]\nchannel = "x"\nexternal_id = "1"\nhandle = "brand"\napi_base = "http://127.0.0.1:9"\n'
    )
    secrets = {f"WEBCARE_SECRET_X_MAIN_{name}": "made-up" for name in
               ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")}  # fmt: skip
    demo = start("demo", **secrets)
    demo.wait_until_up()
    assert "x_main (the real networks: replies are public)" in demo.printed
    assert re.search(r"admin, password \S{12,} \(shown this once", demo.printed)
    assert "hemlund-demo" not in demo.printed
    assert len(demo.living()) == 2
    assert (tmp_path / "data" / "webcare.db").exists()
    assert "made-up" not in demo.printed


def test_run_starts_jobs_and_console_and_sigterm_stops_both(start, tmp_path):
    assert "nobody can sign in yet" in _run_before_init(tmp_path)
    made = webcare(tmp_path, "init", "--username", "ada")
    assert made.returncode == 0, made.stderr
    port = _free_port()
    run = start("run", "--port", str(port))
    run.wait_until_up()
    assert answer(f"http://127.0.0.1:{port}/healthz") == 200
    assert len(run.living()) == 2
    doctor = webcare(tmp_path, "doctor", WEBCARE_CONSOLE__PORT=str(port))
    assert re.search(r"^OK +jobs +a scheduler runs them$", doctor.stdout, re.MULTILINE), doctor.stdout
    assert f"runs on port {port}" in doctor.stdout
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(STOP_WITHIN_S) == 0
    assert run.living() == []


def _run_before_init(folder: Path) -> str:
    missing = webcare(folder, "run")
    assert missing.returncode == 2
    webcare(folder, "db", "upgrade")
    without_people = webcare(folder, "run")
    assert without_people.returncode == 2
    return without_people.stderr


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
