"""`webcare people` and `webcare audit`, run as commands on a real database."""

from pathlib import Path

import pytest
from sqlalchemy import text

from webcare.cli import main
from webcare.people.passwords import fits
from webcare.store import Store
from webcare.store.tables import AgentRow


@pytest.fixture
def desk(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Store:
    """A desk with one administrator, where commands find it."""
    monkeypatch.setenv("WEBCARE_DESK__DATABASE_URL", sqlite_store.url)
    monkeypatch.setenv("WEBCARE_DESK__DATA_DIR", str(sqlite_store.path.parent))
    assert main(["init", "--username", "jonas"]) == 0
    capsys.readouterr()
    return sqlite_store


def test_people_are_listed_and_given_new_passwords(desk: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["people", "list"]) == 0
    assert capsys.readouterr().out.split()[:3] == ["jonas", "admin", "jonas"]
    assert main(["people", "reset", "Jonas"]) == 0
    password = capsys.readouterr().out.split()[1]
    with desk.read() as session:
        row = session.get_one(AgentRow, 1)
    assert row.must_change
    assert fits(password, row.password_hash)
    assert main(["people", "reset", "nobody"]) == 2
    assert "no colleague" in capsys.readouterr().err
    assert main(["people", "reset"]) == 2


def test_a_table_is_brought_in_or_every_bad_line_named(
    desk: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "people.csv"
    table.write_text("username,name,role\nnoor,Noor,first_line\nx,X,boss\n", encoding="utf-8")
    assert main(["people", "import", str(table)]) == 2
    assert "Line 3: “boss” is no role" in capsys.readouterr().err
    table.write_text("username,name,role\nnoor,Noor,first_line\n", encoding="utf-8")
    assert main(["people", "import", str(table)]) == 0
    assert capsys.readouterr().out.startswith("1 added")
    assert main(["people", "import", str(tmp_path / "none.csv")]) == 2


def test_the_log_is_checked_and_exported(desk: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 rows, each fits")
    seal = said.split()[-1]
    assert main(["audit", "verify", "--seal", seal]) == 0
    assert main(["audit", "verify", "--seal", "f" * 64]) == 1
    capsys.readouterr()
    assert main(["audit", "export"]) == 0
    assert "person_added,person:1" in capsys.readouterr().out
    with desk.write() as session:
        session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(text("UPDATE audit SET what = 'nothing'"))
    assert main(["audit", "verify"]) == 1
    assert "row 1 does not fit" in capsys.readouterr().out
