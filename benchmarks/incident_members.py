"""How many of an incident's reports are found, and how many others are listed with them.

    python benchmarks/incident_members.py [--seeds 2] [--part kept]

Reports of nine incidents in six languages (`incident_reports.jsonl`, and the demo's) are planted, forty minutes long,
among other people's complaints (the demo's, and those of the labelled texts) at a small desk and a large one. Labels
and vectors are the shipped model's; the alarm, the gathering and the joining are what the job runs. What the bars of
`clusters` were set with is the part `tuned`; the part `kept` was not looked at for that.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from webcare.app import App
from webcare.incidents import noticing
from webcare.incidents.counting import Names, series_of
from webcare.incidents.noticing import Signal
from webcare.incidents.rhythm import HOUR, WEEKS, Rhythm
from webcare.incidents.spikes import find_spikes
from webcare.settings import load_settings
from webcare.store.tables_incidents import IncidentRow
from webcare.store.vectors import packed

ROOT = Path(__file__).parents[1]
STORIES = ROOT / "webcare" / "sandbox" / "stories"
NOW = datetime(2026, 6, 10, 13, 0, tzinfo=UTC)
BEFORE, BEGAN = timedelta(hours=24), NOW - timedelta(minutes=20)
NAMES = Names.of([], {"utrecht": ["Utrecht"]})
DESKS = (6.0, 40.0)
OTHERS = 900


@dataclass
class Texts:
    """Reports and other people's complaints, each with what it counts for, its language and its vector."""

    rows: list[dict[str, str]]
    series: list[list[str]] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    vectors: list[bytes] = field(default_factory=list)

    def of(self, incident: str) -> list[int]:
        """The places of an incident's reports; of the complaints that count, for an empty name."""
        there = [at for at, row in enumerate(self.rows) if row["incident"] == incident]
        return there if incident else [at for at in there if self.series[at]]


@dataclass
class Run:
    """One incident at one desk: the cases as they came, who is really hit, and who is listed."""

    signals: list[Signal] = field(default_factory=list)
    hit: set[int] = field(default_factory=set)
    listed: set[int] = field(default_factory=set)
    core: set[int] = field(default_factory=set)
    row: IncidentRow | None = None


def main() -> None:
    """Plant each incident at each desk and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--part", choices=("kept", "tuned"), default="kept")
    options = parser.parse_args()
    texts = read()
    names = dict.fromkeys(row["incident"] for row in texts.rows if row.get("part") == options.part)
    for per_hour in DESKS:
        total: Counter[str] = Counter()
        for name in names:
            total += of_incident(texts, name, per_hour, options.seeds)
        tell(f"{per_hour:.0f} cases an hour, all", total)


def of_incident(texts: Texts, name: str, per_hour: float, seeds: int) -> Counter[str]:
    """What was found of one incident; printed too."""
    total: Counter[str] = Counter()
    for seed in range(1, seeds + 1):
        run = play(texts, name, per_hour, np.random.default_rng(seed))
        total["runs"] += 1
        if run.row is not None:
            total.update(alarms=1, hit=len(run.hit), listed=len(run.listed), right=len(run.hit & run.listed))
    tell(f"  {name}", total)
    return total


def tell(name: str, total: Counter[str]) -> None:
    """Print one line; shares are of incidents that raised an alarm."""
    recall, precision = total["right"] / max(1, total["hit"]), total["right"] / max(1, total["listed"])
    print(f"{name}: alarms {total['alarms']} of {total['runs']}, recall {recall:.2f}, precision {precision:.2f}")


def read() -> Texts:
    """Everything written, labelled and read by the shipped model."""
    app = App(load_settings(env={"WEBCARE_DESK__MODELS_DIR": str(ROOT / "models")}))
    if not app.load_heads():
        raise SystemExit("the shipped model is needed: models/")
    rows = [*_lines(Path(__file__).with_name("incident_reports.jsonl"))]
    for story in (story for path in sorted(STORIES.glob("??.jsonl")) for story in _lines(path)):
        mine = bool(story.get("incident"))
        rows.append({"incident": "demo" if mine else "", "part": "tuned" if mine else "", "text": story["text"]})
    shops = ("furniture", "fashion", "electronics")
    labelled = [row for path in sorted((ROOT / "data" / "labels").glob("*.jsonl")) for row in _lines(path)]
    labelled = [row for row in labelled if row["industry"] in shops]
    chosen = np.random.default_rng(1).permutation(len(labelled))[:OTHERS]
    rows += [{"incident": "", "part": "", "text": labelled[at]["text"]} for at in chosen]
    found = Texts(rows)
    words = [row["text"] for row in rows]
    for text, triage in zip(words, app.classifier.classify(words), strict=True):
        told = (triage.topic.value, "", triage.sentiment.value, triage.needs_reply)
        found.series.append(series_of(*told, text, NAMES))
        found.languages.append(triage.language)
    found.vectors = [packed(vector) for vector in app.learned.embed(words)[1]]
    return found


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def play(texts: Texts, name: str, per_hour: float, chance: np.random.Generator) -> Run:
    """A day of usual complaints and an incident in it; one look after each case."""
    rhythm = usual(texts, per_hour, chance)
    came = [(BEGAN + timedelta(minutes=float(chance.uniform(0, 40))), at) for at in texts.of(name)]
    others = chance.choice(texts.of(""), chance.poisson(per_hour * 26))
    came += [(BEGAN - BEFORE + timedelta(hours=float(chance.uniform(0, 26))), int(at)) for at in others]
    run, mine = Run(), set(texts.of(name))
    for case, (when, at) in enumerate(sorted(came)):
        if at in mine:
            run.hit.add(case)
        if texts.series[at]:
            run.signals.append(
                Signal(
                    case, case, when, ("x", str(case)), texts.languages[at], tuple(texts.series[at]),
                    texts.vectors[at], "shipped",
                )
            )  # fmt: skip
            if run.hit:
                look(run, rhythm, when)
    return run


def look(run: Run, rhythm: Rhythm, now: datetime) -> None:
    """What the job does after a case came."""
    if run.row is not None:
        joining = noticing._joining(run.signals, [run.row], run.listed, {1: run.core}, now)
        fresh = {case for cases in joining.values() for case in cases}
        run.listed |= fresh
        run.core |= fresh if now - run.row.found_at < noticing._SAME else set()
        return
    moments = noticing.moments(run.signals)
    found = find_spikes(moments, rhythm, now=now, since=BEGAN - BEFORE, budget=0.5, known=tuple(rhythm.counts))
    if found:
        members, centre, model = noticing.gather_around(run.signals, found[0], now)
        run.listed = {one.case_id for one in members}
        run.core = set(run.listed)
        run.row = IncidentRow(id=1, series=found[0].series, found_at=now, centre=centre, model_version=model)


def usual(texts: Texts, per_hour: float, chance: np.random.Generator) -> Rhythm:
    """Weeks of the same complaints at a steady pace."""
    complaints = texts.of("")
    shares = Counter(series for at in complaints for series in texts.series[at])
    start, hours = NOW - timedelta(weeks=WEEKS), WEEKS * 7 * 24
    counts = {
        series: {
            start + hour * HOUR: int(count)
            for hour, count in enumerate(chance.poisson(per_hour * share / len(complaints), hours))
        }
        for series, share in shares.items()
    }
    return Rhythm(counts, start, NOW, UTC)


if __name__ == "__main__":
    main()
