"""streamlit_app.py: what Streamlit must find in it, and how little it may know."""

import ast
import subprocess
import sys
from pathlib import Path

from streamlit.web.server.app_discovery import discover_asgi_app

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "streamlit_app.py"


def test_streamlit_finds_the_app_without_running_the_script():
    found = discover_asgi_app(SCRIPT)
    assert (found.is_asgi_app, found.app_name) == (True, "app")


def test_the_script_only_puts_parts_together():
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "webcare":
            imported |= {f"webcare.{name.name}" for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    assert imported == {"streamlit", "webcare.app", "webcare.console", "webcare.web"}


def test_a_broken_configuration_ends_the_start_with_one_sentence(tmp_path: Path):
    config = tmp_path / "webcare.toml"
    config.write_text('[console]\nport = "a"\n', encoding="utf-8")
    started = subprocess.run(
        [sys.executable, str(SCRIPT)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "WEBCARE_CONFIG": str(config), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode != 0
    assert started.stderr.strip().splitlines()[-1].startswith("The console cannot start: ")
    assert "console.port" in started.stderr
    assert "Traceback" not in started.stderr


def test_the_console_starts_without_what_only_the_jobs_need():
    code = (
        "import sys; from webcare import console, web, app; from webcare.console import chrome, case_page, queue_page; "
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert printed.stdout.strip() == "[]", printed.stderr
