"""What messages have in common, by the vectors of the shipped encoder, on the demo's own incident in six languages."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from webcare.app import App
from webcare.incidents import clusters
from webcare.settings import load_settings

ROOT = Path(__file__).parents[2]
STORIES = ROOT / "webcare" / "sandbox" / "stories"
REPORTS = ROOT / "benchmarks" / "incident_reports.jsonl"


@pytest.fixture(scope="session")
def app() -> App:
    """The shipped encoder."""
    app = App(load_settings(env={"WEBCARE_DESK__MODELS_DIR": str(ROOT / "models")}))
    assert app.load_heads(), "the shipped weights are part of the repository"
    return app


@pytest.fixture(scope="session")
def posts(app: App) -> tuple[list[dict[str, Any]], Any, clusters.Ground]:
    """The demo's messages of the hour around its incident, their vectors, and what came in the hours before."""
    rows = [json.loads(line) for path in STORIES.glob("??.jsonl") for line in path.read_text("utf-8").splitlines()]
    near = sorted((row for row in rows if 370 <= row["at_min"] <= 436), key=lambda row: row["at_min"])
    before = [row["text"] for row in rows if 100 <= row["at_min"] < 370]
    _, vectors = app.learned.embed([*(row["text"] for row in near), *before])
    return near, vectors[: len(near)], clusters.Ground.of(vectors[len(near) :])


def test_reports_of_one_fault_are_gathered_whatever_their_language(posts: Any) -> None:
    rows, vectors, ground = posts
    truly = {at for at, row in enumerate(rows) if row.get("incident")}
    seeds = sorted(truly)[:8] + [at for at in range(len(rows)) if at not in truly][:2]
    found = clusters.gather(vectors, seeds, ground)
    right = truly & set(found.members)
    assert len(right) >= 12
    assert len(right) / len(found.members) >= 0.8
    assert len({rows[at]["lang"] for at in right}) >= 3
    assert float(np.linalg.norm(found.centre)) == pytest.approx(1, abs=1e-4)


def test_later_reports_join_and_others_rarely_do(posts: Any) -> None:
    rows, vectors, ground = posts
    truly = [at for at, row in enumerate(rows) if row.get("incident")]
    risen = [bool(row.get("incident")) for row in rows]
    joined = set(clusters.belong(vectors, vectors[truly[:10]], risen, ground))
    assert len(joined & set(truly)) >= 16
    assert len(joined - set(truly)) <= 4


def test_shared_words_tell_what_it_is_about(posts: Any) -> None:
    rows, _, _ = posts
    mine = [(row["lang"], row["text"]) for row in rows if row.get("incident")]
    words = clusters.shared_words(mine, [row["text"] for row in rows if not row.get("incident")])
    assert {"twee", "betaal", "betaald", "keer", "app", "payment", "charged"} & set(words)
    assert not {word for word in words if word.startswith("@")}


def test_words_that_everybody_uses_are_not_shared_words() -> None:
    mine = [("en", "the sofa leaks oil"), ("en", "my sofa leaks too")]
    assert clusters.shared_words(mine, ["my sofa is late", "a sofa please", "sofa colours"])[0] == "leaks"


def test_few_messages_without_any_other_make_a_cluster_too() -> None:
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 1]]
    assert set(clusters.gather(vectors, [0, 1, 2], clusters.Ground.of(vectors)).members) >= {0, 1}


@pytest.mark.parametrize("incident", ["giftcard", "mixup", "lamp", "shut", "code"])
def test_reports_that_nobody_tuned_on_are_found_among_other_complaints(app: App, posts: Any, incident: str) -> None:
    reports = [json.loads(line) for line in REPORTS.read_text("utf-8").splitlines()]
    mine = [one["text"] for one in reports if one["incident"] == incident]
    others = [one["text"] for one in reports if one["part"] == "tuned"]
    _, vectors = app.learned.embed([*mine, *others])
    joined = clusters.belong(vectors, vectors[:6], [False] * len(vectors), posts[2])
    right = [place for place in joined if place < len(mine)]
    assert len(right) >= 0.6 * len(mine)
    # Codes that do not work stand beside logins that do not: the hardest pair has 0.73.
    assert len(right) >= 0.7 * len(joined), "beside as many complaints about other incidents"


def test_few_usual_messages_teach_nothing_and_break_nothing() -> None:
    vectors = np.eye(6, dtype=np.float32)
    for known in (0, 1, 19, 25):
        usual = np.tile(vectors, (5, 1))[:known]
        ground = clusters.Ground.of(usual)
        assert np.isfinite(ground.flat(vectors)).all()
        assert 0 in clusters.belong(vectors, vectors[:1], [True] * 6, ground)
