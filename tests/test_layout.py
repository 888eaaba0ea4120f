"""What may not be loaded, and what every function owes its reader."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: A migration is a list of columns, not logic.
SOURCES = sorted(path for path in (ROOT / "webcare").rglob("*.py") if "versions" not in path.parts)
LONGEST = 60


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"torch", "transformers", "streamlit", "sqlalchemy", "pydantic", "tweepy", "numpy"}
    assert not heavy & loaded_by("import webcare")


@pytest.mark.parametrize(
    "statement",
    [
        "import webcare.console.case_page, webcare.console.queue_page, webcare.console.manager_page",
        "import webcare.app",
        "import webcare.cli",
    ],
)
def test_no_page_and_no_command_loads_the_encoder_to_start(statement: str) -> None:
    assert not {"torch", "transformers"} & loaded_by(statement)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_longer_than_a_screen(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    long = {node.name: size for node in functions if (size := (node.end_lineno or 0) - node.lineno + 1) > LONGEST}
    assert not long
