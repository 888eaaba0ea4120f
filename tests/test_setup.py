"""Setting up from nothing: the lock, the Makefile, the CI entry, and a set-up that says what is wrong."""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tool(name: str) -> ModuleType:
    """A file of tools/, loaded as setup.py loads it: with its neighbours importable."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "tools"))


def our_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module == "webcare":
            found |= {f"webcare.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name for name in found if name.split(".")[0] == "webcare"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """As much of the working copy as set-up reads, somewhere else."""
    for name in ("pyproject.toml", "constraints.txt", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run_setup(copy: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")} | environment
    command = [sys.executable, "tools/setup.py", *arguments]
    return subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=120)


# --- what stands in the tree -----------------------------------------------------------------------


def test_the_two_root_scripts_only_put_parts_together():
    assert our_imports(ROOT / "scheduler.py") <= {"webcare.app", "webcare.errors", "webcare.ingest", "webcare.delivery"}
    assert our_imports(ROOT / "streamlit_app.py") <= {"webcare.app", "webcare.console", "webcare.web"}


def test_the_lock_pins_every_requirement_to_a_version_it_allows():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    wanted = [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["test"],
        *PROJECT["optional-dependencies"]["dev"],
    ]
    for requirement in map(Requirement, wanted):
        if requirement.marker and not requirement.marker.evaluate():
            continue
        version = locked.get(re.sub(r"[-_.]+", "-", requirement.name).lower())
        assert version, f"{requirement.name} is not in constraints.txt; run `make lock`"
        assert requirement.specifier.contains(version), f"constraints.txt has {requirement.name} {version}"


def test_the_lock_names_no_build_of_one_kind_of_machine():
    text = (ROOT / "constraints.txt").read_text()
    assert "+" not in "".join(line for line in text.splitlines() if not line.startswith("#"))
    assert "nvidia" not in text
    assert f"torch=={tool('environment').TORCH}" in text.splitlines()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
@pytest.mark.parametrize("target", ["demo", "test", "check", "lint", "setup", "bench", "lock", "clean", "help"])
def test_every_target_of_the_makefile_can_be_planned(target):
    planned = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert planned.returncode == 0, planned.stderr
    assert target in ("help", "clean") or "tools/setup.py" in planned.stdout


def test_ci_runs_make_test_and_is_a_script_bash_can_read():
    script = ROOT / ".ci" / "run"
    assert subprocess.run(["bash", "-n", script], capture_output=True).returncode == 0
    assert os.access(script, os.X_OK)
    assert re.search(r"^exec make .*\btest\b", script.read_text(), re.MULTILINE)


# --- which Python ----------------------------------------------------------------------------------


def test_setup_can_be_read_by_python_3_6_so_that_an_old_one_is_told_and_not_struck_by_a_syntax_error():
    ast.parse((ROOT / "tools" / "setup.py").read_text(), feature_version=(3, 6))


def test_a_python_that_is_too_old_is_told_what_to_do(monkeypatch, capsys):
    setup = tool("setup")
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    assert setup.main() == 1
    told = capsys.readouterr().err
    assert "needs Python 3.11 or newer; this one is 3.9" in told
    assert "PYTHON=" in told


def test_a_name_on_the_path_with_nothing_behind_it_is_not_taken_for_a_python(tmp_path):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert tool("setup").works(sys.executable)
    assert not tool("setup").works(str(shim))
    assert not tool("setup").works(str(tmp_path / "nothing"))


# --- when nothing, or the wrong thing, is there -----------------------------------------------------


def ready(copy: Path, **changes: object):
    """A folder as a finished set-up for the tests leaves it, without the packages."""
    environment = tool("environment")
    env = environment.Environment(copy, Path(".venv"))
    env.python.parent.mkdir(parents=True)
    env.python.symlink_to(sys.executable)
    env.stamp.write_text(json.dumps({**env.wanted(), "goal": "test", **changes}))
    return env


def test_a_finished_setup_is_left_alone_and_says_nothing(copy):
    ready(copy)
    for goal in ("demo", "test"):
        done = run_setup(copy, goal)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_setup_for_less_is_not_enough_for_more(copy):
    env = ready(copy)
    assert env.is_ready("demo")
    assert env.is_ready("test")
    assert not env.is_ready("check")
    assert env.widest("demo") == "test"


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_asks_for_a_new_setup_on_what_is_there(copy, name):
    env = ready(copy)
    (copy / name).write_text((copy / name).read_text() + "\n# changed\n")
    assert not env.is_ready("demo")
    assert env.is_usable()


def test_a_setup_that_was_killed_half_way_is_not_trusted(copy):
    env = ready(copy)
    env.begin()
    assert not env.is_ready("demo")
    assert not env.is_usable()
    env.pause()
    assert not env.is_ready("demo")
    assert env.is_usable()


def test_an_environment_that_was_moved_or_lost_its_python_is_not_used(copy):
    moved = ready(copy, root="/somewhere/else")
    assert not moved.is_ready("demo")
    assert not moved.is_usable()
    moved.stamp.write_text(json.dumps({**moved.wanted(), "goal": "test"}))
    assert moved.is_usable()
    moved.python.unlink()
    moved.python.symlink_to("/nothing/here/python3")
    assert not moved.is_ready("demo")
    assert not moved.is_usable()


def test_without_a_network_it_says_so_and_keeps_what_it_has(copy):
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    done = run_setup(copy, "demo", **nowhere)
    assert done.returncode == 1
    assert "Set-up stopped: the package index cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
    env = tool("environment").Environment(copy.resolve(), Path(".venv"))
    assert env.is_usable()
    again = run_setup(copy, "demo", **nowhere)
    assert "starting anew" not in again.stdout


def test_without_room_on_the_disk_it_says_how_much_is_needed(copy, monkeypatch):
    environment = tool("environment")
    monkeypatch.setattr(environment, "FREE_DISK_MB", 10**9)
    env = environment.Environment(copy, Path(".venv"))
    with pytest.raises(environment.SetupError, match=r"are free where .* set-up needs 1000000000 MB"):
        environment.set_up(env, "demo")
    assert not env.folder.exists()


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("WARNING: Retrying ... NewConnectionError('...'): Failed to establish", "the package index cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no build of torch==2.13.0 fits Python"),
        ("ERROR: something never seen before", "the whole log is in"),
    ],
)
def test_trouble_of_pip_is_told_in_plain_words(copy, printed, told):
    environment = tool("environment")
    assert told in environment._pip_trouble(environment.Environment(copy, Path(".venv")), printed)


def test_a_python_without_venv_is_told_which_package_brings_it(copy):
    environment = tool("environment")
    printed = "The virtual environment was not created successfully because ensurepip is not available."
    told = environment._venv_trouble(environment.Environment(copy, Path(".venv")), printed)
    assert f"apt install python3.{sys.version_info.minor}-venv" in told


def test_progress_adds_up_what_pip_downloads(capsys):
    step = tool("progress").Step("everything else")
    step.see("  Downloading pyarrow-26.0.1-cp311-cp311-manylinux_2_28_x86_64.whl (45.2 MB)\n")
    step.see("  Downloading six-1.17.0-py2.py3-none-any.whl.metadata (1.2 kB)\n")
    assert step.detail == "downloading six"
    step.see("Installing collected packages: six, pyarrow, pandas\n")
    assert step.detail == "unpacking 3 packages"
    step.done()
    assert "45 MB downloaded" in capsys.readouterr().out
