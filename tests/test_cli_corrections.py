"""`webcare train corrections` and `--from-corrections database` on a real desk."""

import json
import shutil
from pathlib import Path

import pytest

from webcare import cases
from webcare.cli import main
from webcare.domain import Topic
from webcare.store import open_store
from webcare.testing import NOON, make_desk


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk with one corrected mention, found by the settings file in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "data" / "webcare.db")
    (tmp_path / "webcare.toml").write_text(f'[desk]\ndata_dir = "{tmp_path / "data"}"\n')
    monkeypatch.delenv("WEBCARE_CONFIG", raising=False)
    store = open_store(f"sqlite:///{tmp_path / 'data' / 'webcare.db'}")
    desk = make_desk(store)
    case_id = desk.open_case("Bel me op 06-12345678 over HL-99, waar is mijn bank?").id or 0
    with store.write() as session:
        cases.correct_triage(session, case_id, topic=Topic.ORDER, by=desk.first, now=NOON)
    store.dispose()
    return tmp_path


def test_corrections_are_written_to_a_private_file(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "corrections", "--out", "out/c.jsonl", "--order-number", r"HL-\d+"]) == 0

    row = json.loads((site / "out" / "c.jsonl").read_text())
    assert row["text"] == "Bel me op [phone] over [order], waar is mijn bank?"
    assert (row["topic"], row["provenance"]["by_role"]) == ("order", "first_line")
    assert (site / "out" / "c.jsonl").stat().st_mode & 0o077 == 0
    assert capsys.readouterr().out == "1 corrections in out/c.jsonl\n"


def test_a_candidate_from_the_desks_own_database_needs_a_model_to_start_from(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "triage", "--from-corrections", "--labels", "labels"]) == 2

    said = capsys.readouterr()
    assert "1 corrections in build/train/corrections.jsonl" in said.out
    assert "no trained model" in said.err


def test_a_file_of_corrections_that_is_not_there_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "triage", "--from-corrections=nowhere.jsonl", "--models", "models"]) == 2
    assert "webcare: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "triage", "--from-corrections", "--help"])
    assert "goes live only if" in capsys.readouterr().out
