"""What the documents promise is there: settings, commands, errors, files and addresses of our own."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from webcare import errors
from webcare.channels import names
from webcare.cli import _parser
from webcare.settings import DEFAULTS, Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def test_every_setting_stands_in_the_defaults_with_a_word_about_it() -> None:
    text = DEFAULTS.read_text(encoding="utf-8")
    shipped = tomllib.loads(text)
    known = {
        section: set(field.annotation.model_fields)  # type: ignore[union-attr]
        for section, field in Settings.model_fields.items()
        if section != "accounts"
    }
    assert {section: set(values) for section, values in shipped.items()} == known
    assert [line for line in text.splitlines() if re.match(r"\w+ = ", line) and "#" not in line] == []


def test_every_error_says_in_its_first_sentence_what_an_agent_would_read() -> None:
    classes = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]
    for error in classes:
        assert error.__doc__, error
        assert error.__doc__.strip().splitlines()[0].endswith("."), error
    assert str(errors.TargetGone()) == "The message you answer was deleted or can no longer be seen."


def test_every_command_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    subcommands = next(action for action in _parser()._actions if hasattr(action, "choices") and action.choices)
    missing = [name for name in subcommands.choices or () if f"`webcare {name}" not in readme]
    assert missing == []


def test_every_channel_of_ours_is_explained_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in names() if f'channel = "{name}"' not in readme} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_named_files_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if not link.startswith("http")]
    gone = [link for link in links if not (document.parent / link).exists()]
    code = re.findall(r"`((?:webcare|docs|tests|benchmarks|tools|models|data)/[\w./-]*\w/?)`", text)
    gone += [name for name in code if not (ROOT / name).exists()]
    assert gone == []
