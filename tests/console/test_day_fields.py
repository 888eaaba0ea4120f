"""Fields for days are written as the reader writes them."""

import ast
from pathlib import Path

import pytest

import webcare.console
from tests.console.conftest import OpenPage
from webcare.console import tongue
from webcare.domain import Role
from webcare.languages import TONGUES


def test_a_day_is_asked_for_in_the_readers_form(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nb")
    page = open_page("audit", Role.ADMIN)
    assert not page.exception
    assert {field.proto.format for field in page.date_input} == {"DD.MM.YYYY"}


def test_every_field_for_days_has_it() -> None:
    missing = []
    for path in sorted(Path(webcare.console.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = {one.arg for one in node.keywords}
                if node.func.attr in ("date_input", "datetime_input") and "format" not in named:
                    missing.append(f"{path.name}:{node.lineno}")
    assert missing == []


def test_every_language_has_a_form(monkeypatch: pytest.MonkeyPatch) -> None:
    for language in TONGUES:
        monkeypatch.setattr(tongue, "speaking", lambda spoken=language: spoken)
        assert set(tongue.day_format()) == set("DMY" + {"en": "/", "nl": "-", "sv": "-", "nb": "."}[language])
