"""A desk on disk with the sandbox networks beside it, as processes of their own would find it."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from webcare.app import App, build_app
from webcare.domain import Actor, Role
from webcare.people import add_agent
from webcare.sandbox import Sandbox
from webcare.settings import load_settings, secret_variable
from webcare.testing import NOON

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a phrase for tests"
ACCOUNTS = {"x_hemlund": ("x", "3300000001"), "fb_hemlund": ("facebook", "1100000001")}


@dataclass
class Site:
    """A desk's folder, the environment its processes run in, and the networks it talks to."""

    folder: Path
    env: dict[str, str]
    box: Sandbox
    app: App
    agent: Actor


def write_settings(folder: Path, box: Sandbox, sections: dict[str, dict[str, object]]) -> Path:
    lines = []
    base = {"desk": {"data_dir": str(folder), "models_dir": str(folder / "no-models")}}
    for key, (channel, external_id) in ACCOUNTS.items():
        base[f"accounts.{key}"] = {
            "channel": channel,
            "external_id": external_id,
            "handle": "hemlund",
            "name": "Hemlund",
            "api_base": box.x_base if channel == "x" else box.graph_base,
            "timeout_s": 2,
        }
    for section, values in (base | sections).items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    lines += ["[accounts.x_hemlund.options]", "backfill_min = 60"]
    lines += ["[accounts.fb_hemlund.options]", "backfill_min = 60", "watch_posts = 100"]
    path = folder / "webcare.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Build a site: `make_site(box, polling={"every_s": 1}, ...)`."""
    made: list[Site] = []

    def make(box: Sandbox, **sections: dict[str, object]) -> Site:
        path = write_settings(tmp_path, box, sections)
        secrets = {
            secret_variable(key, name): value for key in ACCOUNTS for name, value in box.credentials(key).items()
        }
        env = {**os.environ, **secrets, "WEBCARE_CONFIG": str(path), "PYTHONUNBUFFERED": "1"}
        app = build_app(load_settings(path, env={}), env)
        app.store.upgrade()
        app.register_accounts()
        agent_id = add_agent(
            app.store,
            username="sanne",
            name="Sanne",
            role=Role.FIRST_LINE,
            password=PASSWORD,
            by=Actor.system("test"),
            now=NOON,
        )
        made.append(Site(tmp_path, env, box, app, Actor(agent_id, "Sanne", Role.FIRST_LINE)))
        return made[-1]

    yield make
    for site in made:
        site.app.store.dispose()
