"""The report of `webcare evaluate triage`: every question, language and slice, with pictures that are linked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.triage.tiny import SENTENCES, write_tiny
from webcare.domain import LANGUAGES
from webcare.settings import load_settings
from webcare.triage.keywords import default_classifier
from webcare.triage.training.__main__ import main
from webcare.triage.training.booklet import Booklet, head_figures, quoted, sure_figures, write
from webcare.triage.training.data import Row
from webcare.triage.training.evaluate import Answers, ask
from webcare.triage.training.gold import freeze
from webcare.triage.training.public import markdown, scores
from webcare.triage.transformer import HEADS, TransformerClassifier

pytest.importorskip("matplotlib", reason="matplotlib comes with the train extra")


def rows(count: int = 60) -> list[Row]:
    found = []
    for at in range(count):
        labels = {head: names[at % len(SENTENCES) % len(names)] for head, names in HEADS.items()}
        found.append(
            Row(
                f"r{at}", f"{SENTENCES[at % len(SENTENCES)]} |{at}|", labels["language"], labels, "own", f"s{at % 20}",
                network="x" if at % 2 else "facebook", industry="bank", tags=("sarcasm", "hard")[at % 2 : at % 2 + 1],
            )
        )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on a tiny model beside the word lists."""
    place = tmp_path_factory.mktemp("report")
    write_tiny(place / "models")
    classifiers = {"tiny": TransformerClassifier.load(place / "models"), "word lists": default_classifier()}
    answers = {name: ask(classifier, rows()) for name, classifier in classifiers.items()}
    write(Booklet(classifiers, answers, load_settings(env={}), "the frozen gold set", resamples=60), place / "out")
    return place / "out"


def test_every_picture_is_linked_and_every_link_is_a_picture(folder: Path) -> None:
    linked = re.findall(r"!\[[^]]+\]\(([^)]+)\)", (folder / "triage.md").read_text())

    drawn = {f"{kind}-{head}.png" for kind in ("reliability", "confusion") for head in HEADS} | {"coverage.png"}
    assert set(linked) == drawn == {path.name for path in folder.glob("*.png")}
    assert all((folder / name).read_bytes()[:4] == b"\x89PNG" for name in drawn)


def test_every_question_has_a_figure_with_its_interval_for_every_language(folder: Path) -> None:
    kept = json.loads((folder / "triage.json").read_text())

    assert set(kept["heads"]) == set(HEADS)
    assert all(set(parts) == {"all", *LANGUAGES} for parts in kept["heads"].values())
    assert set(kept["overall"]) == {"tiny", "word lists"}
    assert {"sarcasm", "hard", "short (under 60 letters)", "network x", "industry bank"} <= set(kept["slices"])
    value, low, high = kept["heads"]["topic"]["all"][1]["macro-F1"]
    assert 0 <= low <= value <= high <= 1


def test_errors_and_missed_critical_mentions_are_quoted_without_breaking_the_table(folder: Path) -> None:
    words = (folder / "triage.md").read_text()
    errors = words.split("errors it was surest of")[1].strip().splitlines()[2:]

    assert 0 < len(errors) <= 20
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in errors)
    assert re.search(r"\d+ of 20 critical mentions are tagged normal or low", words)
    assert quoted("a|b\n*c* <d> [e](f)") == r"a\|b \*c\* \<d\> \[e\](f)"


def test_an_interval_is_wide_where_the_text_is_of_few_scenarios() -> None:
    texts = rows(60)
    truth = {head: np.array([names.index(row.labels[head]) for row in texts]) for head, names in HEADS.items()}
    said = {head: np.where(np.arange(60) % 20 < 10, values, -1) for head, values in truth.items()}
    answers = Answers(texts, truth, said, dict.fromkeys(HEADS, np.full(60, 0.5)))
    alone = Answers([replace(row, scenario=row.id) for row in texts], truth, said, answers.sure)

    def right(found: Answers) -> dict[str, float]:
        return {"right": head_figures(found, "topic")["right"]}

    together, apart = sure_figures(answers, right, 300)["right"], sure_figures(alone, right, 300)["right"]
    assert together[0] == apart[0] == 0.5
    assert together[2] - together[1] > apart[2] - apart[1]


def test_the_command_reports_on_the_frozen_set_and_says_when_it_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny(tmp_path / "models")
    labels = tmp_path / "labels"
    labels.mkdir()
    lines = [
        {"id": row.id, "scenario": f"x{at}", "lang": row.lang, "text": row.text, "needs_reply": at % 4 > 0}
        | {head: row.labels[head] for head in ("sentiment", "urgency", "topic", "route")}
        for at, row in enumerate(rows(80))
    ]
    (labels / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert main(["evaluate", "--labels", "labels", "--out", "out", "--resamples", "9", "--floors"]) == 0
    assert "which is not the frozen gold set" in capsys.readouterr().out
    freeze(labels)
    assert main(["evaluate", "--labels", "labels", "--out", "out", "--resamples", "9"]) == 0
    assert "(the frozen gold set)" in capsys.readouterr().out
    assert (tmp_path / "out" / "triage.md").exists()


# --- public sets --------------------------------------------------------------------------------------


def test_a_public_test_that_is_not_at_hand_is_named_and_what_is_published_stands_beside(tmp_path: Path) -> None:
    (tmp_path / "lcc").mkdir()
    texts = [("Det er godt!", "positiv"), ("Det er skidt!", "negativ"), ("Det er en bil.", "neutral")]
    said = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in texts)
    (tmp_path / "lcc" / "test.jsonl").write_text(said)
    (tmp_path / "lcc" / "train.jsonl").write_text("")

    lines = markdown({"word lists": default_classifier()}, tmp_path)

    by_name = {line.split("|")[1].strip(): line for line in lines[2:]}
    assert "| not at hand |" in by_name["reviews nl"]
    assert "XLM-T .773" in by_name["tweets de: UMSAB, test part"]
    assert "| 3 | " in next(line for name, line in by_name.items() if "LCC" in name)


def test_macro_recall_weighs_every_label_alike() -> None:
    class Negative:
        version = "n"

        def classify(self, texts, langs=None):  # type: ignore[no-untyped-def]
            from webcare.testing import make_triage

            return [make_triage(sentiment="negative") for _ in texts]

    texts = [Row("a", "a", "en", {"sentiment": "negative"}, "x")] * 8 + [
        Row("b", "b", "en", {"sentiment": "neutral"}, "x")
    ]

    assert scores({"n": Negative()}, texts)["n"][1] == pytest.approx(0.5)
