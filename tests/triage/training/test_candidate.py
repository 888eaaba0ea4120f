"""A candidate that learned from staff goes live only when it is better; otherwise all stays as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.triage.tiny import SENTENCES, write_tiny
from webcare.encoder.artefact import current_folder
from webcare.errors import ModelUnusable, SettingsError
from webcare.triage.training.__main__ import main
from webcare.triage.training.candidate import Job, grow, read_corrections
from webcare.triage.training.data import Row
from webcare.triage.training.evaluate import Answers
from webcare.triage.training.exam import chance_of, examine
from webcare.triage.training.force import history, put_in_force, roll_back
from webcare.triage.training.gold import freeze, frozen
from webcare.triage.training.train import Plan
from webcare.triage.transformer import HEADS, TransformerClassifier

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLAN = Plan(epochs=10, tokens_a_batch=256, threads=1, head_rate=1e-2, learning_rate=1e-3, seed=5, dropout=0.0)


def labels_of(at: int) -> dict[str, str]:
    return {head: names[at % len(SENTENCES) % len(names)] for head, names in HEADS.items()}


def line(key: str, at: int, labels: dict[str, str], **more: object) -> str:
    raw = {
        "id": key,
        "scenario": f"scenario-{key}",
        "lang": labels["language"],
        "text": f"{SENTENCES[at % len(SENTENCES)]} {key}",
        **{head: labels[head] for head in ("sentiment", "urgency", "topic", "route")},
        "needs_reply": labels["needs_reply"] == "true",
    }
    return json.dumps(raw | more) + "\n"


@pytest.fixture
def workshop(tmp_path: Path) -> Job:
    """A tiny model that knows nothing, labelled text whose sentences give the answer away, and right corrections."""
    write_tiny(tmp_path / "models")
    (tmp_path / "labels").mkdir()
    own = [line(f"o{at}", at, labels_of(at)) for at in range(180)]
    (tmp_path / "labels" / "nl-a.jsonl").write_text("".join(own))
    freeze(tmp_path / "labels")
    touched = ["sentiment", "urgency", "topic", "needs_reply", "route"]
    said = [line(f"c{at}", at, labels_of(at), corrected=touched) for at in range(40)]
    (tmp_path / "corrections.jsonl").write_text("".join(said))
    return Job(
        corrections=tmp_path / "corrections.jsonl",
        labels=tmp_path / "labels",
        models=tmp_path / "models",
        work=tmp_path / "work",
        now=NOW,
        plan=PLAN,
    )


def test_a_better_candidate_goes_live_and_rolling_back_restores_the_one_before(workshop: Job) -> None:
    outcome = grow(workshop)

    assert outcome.exam.refused == ()
    assert outcome.folder == current_folder(workshop.models) == workshop.models / "tiny-1-c1"
    gold = frozen(workshop.labels)
    found = TransformerClassifier.load(workshop.models).classify([row.text for row in gold])
    assert {one.model_version for one in found} == {"tiny-1-c1"}
    right = [one.topic == row.labels["topic"] for one, row in zip(found, gold, strict=True)]
    assert np.mean(right) > 0.9
    metrics = json.loads((outcome.folder / "metrics.json").read_text())
    assert metrics["grown from"] == "tiny-1"
    assert "corrections" in (outcome.folder / "card.md").read_text()

    assert roll_back(workshop.models, now=NOW) == "tiny-1"
    assert TransformerClassifier.load(workshop.models).version == "tiny-1"


def test_a_worse_candidate_is_refused_with_its_table_and_nothing_changes(
    workshop: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    good = grow(workshop)
    wrong = [line(f"w{at}", at, labels_of(at + 1), corrected=["sentiment", "urgency", "topic"]) for at in range(60)]
    workshop.corrections.write_text("".join(wrong))
    before = {path: path.read_bytes() for path in workshop.models.rglob("*") if path.is_file()}

    outcome = grow(replace(workshop, replay=0.0))

    assert good.folder == current_folder(workshop.models)
    assert outcome.folder is None
    assert any("together are worse" in reason for reason in outcome.exam.refused)
    assert any("significantly worse in all" in reason for reason in outcome.exam.refused)
    assert "refused" in outcome.words.splitlines()[0]
    assert "| all | " in outcome.words
    assert {path: path.read_bytes() for path in workshop.models.rglob("*") if path.is_file()} == before
    options = ["--labels", str(workshop.labels), "--models", str(workshop.models), "--work", str(workshop.work)]
    tuning = ["--replay", "0", "--epochs", "3", "--learning-rate", "1e-3", "--threads", "1"]
    assert main(["candidate", str(workshop.corrections), *options, *tuning]) == 1
    assert "tiny-1-c2 was refused; nothing changed" in capsys.readouterr().out
    assert current_folder(workshop.models) == good.folder


def test_a_correction_teaches_only_what_a_person_touched_and_never_repeats_the_gold_set(workshop: Job) -> None:
    gold = frozen(workshop.labels)[0]
    lines = [
        line("c1", 1, labels_of(1), corrected=["topic"]),
        line("c2", 2, labels_of(2)),  # nobody touched anything
        line("c3", 3, labels_of(3), corrected=["topic"], text=f"@someone {gold.text.upper()}!"),
    ]
    workshop.corrections.write_text("".join(lines))

    (row,) = read_corrections(workshop.corrections, apart_from=[gold])

    assert (row.id, row.source, dict(row.labels)) == ("c1", "corrections", {"topic": labels_of(1)["topic"]})
    workshop.corrections.write_text(lines[1])
    with pytest.raises(SettingsError, match="holds no corrections"):
        read_corrections(workshop.corrections)


# --- the gold set -------------------------------------------------------------------------------------


def test_rows_written_later_do_not_join_the_frozen_set_and_changed_ones_are_told(workshop: Job) -> None:
    rows = frozen(workshop.labels)
    (workshop.labels / "nl-b.jsonl").write_text("".join(line(f"n{at}", at, labels_of(at)) for at in range(60)))
    assert frozen(workshop.labels) == rows

    file = workshop.labels / "nl-a.jsonl"
    file.write_text(file.read_text().replace(f'"id": "{rows[0].id}"', '"industry": "bank", "id": "gone"', 1))
    with pytest.raises(SettingsError, match=f"1 rows of the gold set were changed or are gone \\({rows[0].id}\\)"):
        frozen(workshop.labels)
    with pytest.raises(SettingsError, match="freeze"):
        frozen(workshop.work)


def test_the_shipped_gold_set_is_whole() -> None:
    assert len(frozen(Path(__file__).parents[3] / "data" / "labels")) > 500


# --- the rule -----------------------------------------------------------------------------------------


def answers(right: np.ndarray, *, lang: str = "nl") -> Answers:
    """Answers to as many texts as there are flags, right or wrong in every question alike; each fourth is critical."""
    rows = [Row(str(at), "t", lang, {}, "own", f"s{at}") for at in range(len(right))]
    truth = {head: np.arange(len(right)) % len(names) for head, names in HEADS.items()}
    said = {head: np.where(right, truth[head], (truth[head] + 1) % len(names)) for head, names in HEADS.items()}
    return Answers(rows, truth, said, dict.fromkeys(HEADS, np.ones(len(right))))


def share(right: int, of: int = 200) -> np.ndarray:
    return np.arange(of) < right


def test_the_rule_lets_better_ones_pass_and_says_why_it_refuses_others() -> None:
    none = answers(share(0, 0))

    assert examine(answers(share(120)), answers(share(150)), none, none).passed
    same = examine(answers(share(120)), answers(share(120)), none, none)
    assert [reason[:34] for reason in same.refused] == ["it is not significantly better: +0"]
    held = answers(share(0, 10)), answers(share(8, 10))
    assert examine(answers(share(120)), answers(share(120)), *held).passed
    worse = examine(answers(share(150)), answers(share(120)), *held)
    assert any("route is significantly worse in nl" in reason for reason in worse.refused)


def test_a_candidate_that_misses_one_more_critical_mention_is_refused_however_good() -> None:
    none = answers(share(0, 0))
    before, after = answers(share(100)), answers(share(190))
    critical = int(np.flatnonzero(before.truth["urgency"] == 0)[0])
    after.said["urgency"][before.truth["urgency"] == 0] = before.said["urgency"][before.truth["urgency"] == 0]
    after.said["urgency"][critical] = 3

    found = examine(before, after, none, none)

    assert [reason.split(",")[0] for reason in found.refused] == [
        f"it catches {found.critical[2]} critical mentions",
        "it tags 1 critical mentions low",
    ]


def test_chance_is_that_of_even_bets() -> None:
    assert chance_of(0, 0) == 1.0
    assert chance_of(0, 5) == pytest.approx(1 / 32)
    assert chance_of(3, 1) == pytest.approx(15 / 16)


# --- in force and back --------------------------------------------------------------------------------


def test_rolling_back_twice_goes_back_twice_and_no_further(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for version in ("a", "b", "c"):
        write_tiny(tmp_path, version=version)
    (tmp_path / "CURRENT").write_text("a\n")
    put_in_force(tmp_path, "b", now=NOW, why="chosen by hand")
    assert main(["use", "c", "--models", str(tmp_path)]) == 0

    assert main(["rollback", "--models", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "b is in force again\n"
    assert roll_back(tmp_path, now=NOW) == "a"
    with pytest.raises(ModelUnusable, match="no version before a"):
        roll_back(tmp_path, now=NOW)
    assert [(entry["before"], entry["version"]) for entry in history(tmp_path)] == [
        ("a", "b"),
        ("b", "c"),
        ("c", "b"),
        ("b", "a"),
    ]


def test_a_version_that_is_not_whole_is_neither_put_in_force_nor_written_down(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    with pytest.raises(ModelUnusable):
        put_in_force(tmp_path, "nothing", now=NOW, why="chosen by hand")

    assert history(tmp_path) == []
    assert current_folder(tmp_path).name == "tiny-1"
