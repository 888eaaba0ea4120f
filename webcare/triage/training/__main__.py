"""The workshop behind `webcare train triage` and `webcare evaluate triage`.

`python -m webcare.triage.training check | train | mix | candidate | evaluate | use | rollback | freeze`
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from webcare.errors import WebcareError

if TYPE_CHECKING:
    from webcare.triage.training.data import Row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        return work(arguments)
    except WebcareError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def work(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code. Raises WebcareError where it is told what is wrong."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    code: int = options.run(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m webcare.triage.training", description=(__doc__ or "").splitlines()[0]
    )
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser(
        "check", prog="webcare train triage check", help="look for contradictions and near-duplicates in labelled text"
    )
    check.set_defaults(run=_check)
    train = _add_train(commands)
    evaluate = commands.add_parser(
        "evaluate", prog="webcare evaluate triage", help="figures of the model in force on text it never saw"
    )
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("--out", type=Path, default=Path("build/evaluation"))
    evaluate.add_argument("--floors", action="store_true", help="also train TF-IDF on the same text")
    evaluate.add_argument("--public", type=Path, help="folder with the public sets, for their sentiment tests")
    evaluate.add_argument("--resamples", type=int, default=1_000, help="of the bootstrap behind the intervals")
    use = commands.add_parser("use", prog="webcare train triage use", help="put a version in force, also an older one")
    use.set_defaults(run=_use)
    use.add_argument("version")
    back = commands.add_parser(
        "rollback", prog="webcare train triage rollback", help="put the version before in force again"
    )
    back.set_defaults(run=_rollback)
    freeze = commands.add_parser(
        "freeze", prog="webcare train triage freeze", help="write down which rows candidates are examined on"
    )
    freeze.set_defaults(run=_freeze)
    mix = commands.add_parser(
        "mix", prog="webcare train triage mix", help="make a new version, the mean of the weights of others"
    )
    mix.set_defaults(run=_mix)
    mix.add_argument("parts", nargs="+", type=_part, metavar="FOLDER:SHARE", help="a models folder and its weight")
    candidate = _add_candidate(commands)
    for command in (train, mix):
        command.add_argument("--version", required=True, help="name of the new version, e.g. triage-2026.11")
        command.add_argument(
            "--public", type=Path, help="folder with the public sets; without it only our own text is used"
        )
        command.add_argument("--agent-text", type=Path, default=Path("data/guard"), help="pairs of notes and replies")
        command.add_argument("--work", type=Path, default=Path("build/train"), help="checkpoints and downloads")
    for command in (check, train, mix, evaluate, freeze, candidate):
        command.add_argument("--labels", type=Path, default=Path("data/labels"))
    for command in (train, mix, evaluate, use, back, candidate):
        command.add_argument("--models", type=Path, default=Path("models"))
    return parser


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    train = commands.add_parser(
        "train", prog="webcare train triage", help="make a new version in models/, not yet in force"
    )
    train.set_defaults(run=_train)
    train.add_argument(
        "--start",
        type=Path,
        help="go on from the version in force of a models folder, or from weights an earlier run left (public.pt)",
    )
    train.add_argument("--new", default="", help="pattern of the ids of our own rows that are all read, with --again")
    train.add_argument("--again", type=float, default=1.0, help="share of our own other rows that is read again")
    train.add_argument("--head-rate", type=float, default=1e-3, help="learning rate of the heads")
    train.add_argument("--replay", type=float, default=0.15, help="share of the public text read again with our own")
    train.add_argument("--base", default="auto", help="auto, hub, wheel, or a path")
    train.add_argument("--epochs", type=int, default=7, help="times our own text is read")
    train.add_argument("--public-epochs", type=int, default=1)
    train.add_argument("--tokens-a-batch", type=int, default=1_024, help="smaller batches, more steps")
    train.add_argument("--learning-rate", type=float, default=2e-4, help="of the top layer, on our own text")
    train.add_argument("--threads", type=int, default=2)
    train.add_argument("--seed", type=int, default=11)
    return train


def _add_candidate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    candidate = commands.add_parser(
        "candidate",
        prog="webcare train triage --from-corrections FILE",
        help="let the model in force learn from corrections",
        description="Let the model in force learn from corrections; it goes live only if that made it better.",
    )
    candidate.set_defaults(run=_candidate)
    candidate.add_argument("corrections", type=Path, help="rows written by `webcare train corrections`")
    candidate.add_argument(
        "--version", default="", help="name of the candidate (default: the present one and a number)"
    )
    candidate.add_argument("--work", type=Path, default=Path("build/train"), help="checkpoints and refused candidates")
    candidate.add_argument("--agent-text", type=Path, default=Path("data/guard"), help="pairs of notes and replies")
    candidate.add_argument("--replay", type=float, default=0.5, help="share of our own text that is read again beside")
    candidate.add_argument("--weight", type=float, default=2.0, help="of a correction against a row of our own text")
    candidate.add_argument("--epochs", type=int, default=2)
    candidate.add_argument("--learning-rate", type=float, default=2e-5, help="of the top layer")
    candidate.add_argument("--threads", type=int, default=2)
    candidate.add_argument("--seed", type=int, default=11)
    return candidate


def _check(options: argparse.Namespace) -> int:
    from webcare.triage.training.data import read_labels
    from webcare.triage.training.labels import problems

    rows = read_labels(options.labels)
    found = list(problems(rows))
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    sys.stdout.write(f"{len(rows)} rows, {len(found)} problems\n")
    return 1 if found else 0


def _train(options: argparse.Namespace) -> int:
    from webcare.triage.training.pipeline import Job, run
    from webcare.triage.training.train import Plan

    plan = Plan(seed=options.seed, threads=options.threads)
    job = Job(
        labels=options.labels,
        models=options.models,
        work=options.work,
        version=options.version,
        public=options.public,
        agent_text=options.agent_text,
        base=options.base,
        start=options.start,
        new=options.new,
        again=options.again,
        replay=options.replay,
        first=replace(plan, epochs=options.public_epochs, max_tokens=64),
        second=replace(
            plan,
            epochs=options.epochs,
            tokens_a_batch=options.tokens_a_batch,
            learning_rate=options.learning_rate,
            head_rate=options.head_rate,
        ),
    )
    run(job)
    return 0


def _part(said: str) -> tuple[Path, float]:
    folder, _, share = said.rpartition(":")
    try:
        found = float(share)
    except ValueError:
        found = 0.0
    if not folder or not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{said!r} is not FOLDER:SHARE, e.g. models:0.3")
    return Path(folder), found


def _mix(options: argparse.Namespace) -> int:
    from webcare.triage.training.pipeline import Job, mix

    told = ("labels", "models", "work", "version", "public", "agent_text")
    mix(Job(**{name: getattr(options, name) for name in told}), options.parts)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from webcare.settings import load_settings
    from webcare.triage.base import Classifier
    from webcare.triage.keywords import default_classifier
    from webcare.triage.training.booklet import Booklet, write
    from webcare.triage.training.data import TRAIN, only, read_labels
    from webcare.triage.training.evaluate import ask
    from webcare.triage.transformer import TransformerClassifier

    model = TransformerClassifier.load(options.models)
    classifiers: dict[str, Classifier] = {model.version: model, "word lists": default_classifier()}
    if options.floors:
        from webcare.triage.training.floors import TfidfClassifier

        classifiers["TF-IDF"] = TfidfClassifier(only(read_labels(options.labels), part=TRAIN))
    test, name = _test_rows(options.labels)
    answers = {label: ask(classifier, test) for label, classifier in classifiers.items()}
    booklet = Booklet(classifiers, answers, load_settings(), name, options.public, options.resamples)
    sys.stdout.write(write(booklet, options.out))
    sys.stderr.write(f"{options.out / 'triage.md'}\n")
    return 0


def _test_rows(labels: Path) -> tuple[list[Row], str]:
    """The frozen gold set, or the test part as it stands where that is not whole; and what to call it."""
    from webcare.triage.training.data import TEST, only, read_labels
    from webcare.triage.training.gold import frozen

    rows = read_labels(labels)
    try:
        return frozen(labels, rows), "the frozen gold set"
    except WebcareError as error:
        logging.getLogger(__name__).warning("%s", error)
        return only(rows, part=TEST), "the test part as it stands, which is not the frozen gold set"


def _use(options: argparse.Namespace) -> int:
    from webcare.triage.training.force import put_in_force

    put_in_force(options.models, options.version, now=datetime.now(UTC), why="chosen by hand")
    return 0


def _rollback(options: argparse.Namespace) -> int:
    from webcare.triage.training.force import roll_back

    sys.stdout.write(f"{roll_back(options.models, now=datetime.now(UTC))} is in force again\n")
    return 0


def _freeze(options: argparse.Namespace) -> int:
    from webcare.triage.training.gold import GOLD, freeze

    sys.stdout.write(f"{freeze(options.labels)} rows stand in {options.labels / GOLD}\n")
    return 0


def _candidate(options: argparse.Namespace) -> int:
    """0 when the candidate went live, 1 when it was refused."""
    from webcare.triage.training.candidate import Job, grow
    from webcare.triage.training.train import Plan

    plan = Plan(
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        head_rate=options.learning_rate * 10,
        tokens_a_batch=1_024,
        seed=options.seed,
        threads=options.threads,
    )
    job = Job(
        corrections=options.corrections,
        labels=options.labels,
        models=options.models,
        work=options.work,
        now=datetime.now(UTC),
        version=options.version,
        agent_text=options.agent_text,
        replay=options.replay,
        weight=options.weight,
        plan=plan,
    )
    outcome = grow(job)
    sys.stdout.write(outcome.words)
    sys.stdout.write(f"\n{outcome.version} {'is in force' if outcome.folder else 'was refused; nothing changed'}\n")
    return 0 if outcome.folder else 1


if __name__ == "__main__":
    sys.exit(main())
