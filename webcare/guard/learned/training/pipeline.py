"""`webcare train guard`: from the labelled pairs and the encoder in force to `models/<version>/guard.json`."""

from __future__ import annotations

import argparse
import importlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from webcare.encoder import Encoder
from webcare.encoder.artefact import WEIGHTS, current_folder, file_digest
from webcare.encoder.pairs import FRESH_AUTHORS, FRESH_JOKERS, TEST_AUTHORS
from webcare.guard.base import HOLDS, WARNS
from webcare.guard.learned.features import (
    LIKENESS,
    PAIR,
    STRETCH,
    Floats,
    Noted,
    Read,
    Said,
    compared_rows,
    inputs_of,
    noted_rows,
    said_rows,
)
from webcare.guard.learned.inprocess import InProcess, opinions_of
from webcare.guard.learned.parameters import HUMOUR, LEAK, NOTE_LIKE, Head, Parameters, rounded, save
from webcare.guard.learned.reading import Reader, TextEncoder
from webcare.guard.learned.training.examples import (
    HARMLESS,
    REPLY,
    Example,
    Joke,
    Pair,
    Reply,
    humour_examples,
    leak_examples,
    note_like_examples,
    read_jokes,
    read_pairs,
    read_replies,
)
from webcare.guard.learned.training.fit import Flags, Plan, crossed, fit_nets, line_of, summed

log = logging.getLogger(__name__)

SEED = 4
_EVERYTHING = 1_000_000
LEAK_PLANS = (Plan(LIKENESS, 0), Plan(STRETCH, 48), Plan(PAIR, 48))
NOTE_LIKE_PLANS = (Plan(STRETCH, 0, strength=0.05), Plan(STRETCH, 48))
HUMOUR_PLANS = (Plan(STRETCH, 0, strength=0.05), Plan(STRETCH, 32))
#: Authors that are judged by networks that never saw them. The encoder has learned from all others, so that only the
#: fresh ones say what a score means; `t` is also the name of every other further reply.
FRESH = {LEAK: FRESH_AUTHORS, NOTE_LIKE: FRESH_AUTHORS, HUMOUR: FRESH_JOKERS | {"t"}}
#: Which sentence of a reply jokes is guessed by networks that never saw its author, a round each.
_JOKERS = tuple(frozenset(letters) for letters in ("a", "b", "c", "di", "gj", "lt", "m", "n"))
#: Of harmless replies a head may hold, and may warn of, this share. Those by fresh authors that stand against talk
#: among colleagues were nearly all written to sound like it (of these one in five is held); of other harmless replies
#: far fewer come as near: of test authors' 1 %, of plain ones by other hands (`data/plain`) none to 0.5 %.
HOLDS_OF = {LEAK: 0.03, NOTE_LIKE: 0.10, HUMOUR: 0.015}
WARNS_OF = {LEAK: 0.07, NOTE_LIKE: 0.16, HUMOUR: 0.05}
#: Paraphrases and translations are what nothing else catches.
_HARD = frozenset({"paraphrase", "translation"})
_HARD_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that is learned from or judged, read by the encoder once."""

    pairs: Sequence[Pair]
    jokes: Sequence[Joke]
    replies: Sequence[Reply]
    reads: Mapping[str, Read]
    reader: Reader  #: remembers all it has read
    centre: Floats


def run(arguments: Sequence[str]) -> int:
    """Fit the heads for the model in force and say how good they are."""
    # Rather missed now than after ten minutes of reading.
    importlib.import_module("sklearn.linear_model")
    parser = argparse.ArgumentParser(prog="webcare train guard", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--labels", type=Path, default=Path("data/guard"), help="folder with the labelled texts")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the models")
    parser.add_argument("--threads", type=int, default=None, help="threads of the encoder")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder = current_folder(options.models)
    encoder = Encoder.load(options.models, threads=options.threads)
    parameters = train(encoder, file_digest(folder / WEIGHTS), options.labels)
    log.info("wrote %s (%s)", save(parameters, folder), parameters.version)
    return 0


def train(encoder: TextEncoder, weights_sha256: str, labels: Path) -> Parameters:
    """Fit, calibrate and judge every head. Raises SettingsError for a label that cannot be read."""
    material = gather(encoder, labels)
    empty = Parameters(encoder.card.version, weights_sha256, rounded(material.centre), *_scales(material), heads={})
    heads, figures = {}, {}
    for name, examples in _all_examples(material, [pair for pair in material.pairs if not pair.is_test]).items():
        heads[name], figures[name] = _fit_head(name, examples, material, empty)
        log.info("%s: %s", name, figures[name])
    return replace(empty, heads=heads, figures=figures)


def gather(encoder: TextEncoder, labels: Path) -> Material:
    """Read all labelled texts, and have the encoder read every stretch of them."""
    pairs, jokes, replies = read_pairs(labels), read_jokes(labels), read_replies(labels)
    reader = Reader(encoder, kept=_EVERYTHING)
    partial = Material(pairs, jokes, replies, {}, reader, np.zeros(0, dtype=np.float32))
    examples = [one for found in _all_examples(partial, pairs).values() for one in found]
    texts = dict.fromkeys(text for one in examples for text in (one.draft, one.text, one.note) if text)
    log.info("the encoder reads %d texts", len(texts))
    reads = reader.read(texts)
    centre = np.mean([read.embedding for read in reads.values()], axis=0).astype(np.float32)
    return replace(partial, reads=reads, centre=rounded(centre))


def _all_examples(material: Material, pairs: Sequence[Pair]) -> dict[str, list[Example]]:
    jokes = [joke for joke in material.jokes if not joke.is_test or pairs is material.pairs]
    return {
        LEAK: leak_examples(pairs, material.replies, SEED),
        NOTE_LIKE: note_like_examples(pairs, material.replies),
        HUMOUR: humour_examples(jokes, material.replies),
    }


def _scales(material: Material) -> tuple[Floats, Floats]:
    examples = leak_examples([pair for pair in material.pairs if not pair.is_test], material.replies, SEED)
    said, noted = _sides(examples, material)
    compared = compared_rows(said, noted, material.centre)
    return rounded(compared.mean(axis=0)), rounded(compared.std(axis=0) + 1e-3)


def _sides(examples: Sequence[Example], material: Material) -> tuple[list[Said], list[Noted]]:
    reads = material.reads
    said = [Said(one.text, reads[one.text], reads[one.draft]) for one in examples]
    return said, [Noted(one.note, reads[one.note]) for one in examples if one.note]


def inputs_for(examples: Sequence[Example], material: Material, scales: Parameters) -> dict[str, Floats]:
    """What the networks read of each example."""
    said, noted = _sides(examples, material)
    ours = said_rows(said, scales.centre)
    if not noted:
        return {STRETCH: ours}
    compared = (compared_rows(said, noted, scales.centre) - scales.means) / scales.spreads
    return inputs_of(ours, noted_rows(noted, scales.centre), compared)


def _plans(name: str) -> tuple[Plan, ...]:
    return {LEAK: LEAK_PLANS, NOTE_LIKE: NOTE_LIKE_PLANS, HUMOUR: HUMOUR_PLANS}[name]


def _fit_head(
    name: str, examples: list[Example], material: Material, scales: Parameters
) -> tuple[Head, dict[str, Any]]:
    inputs = inputs_for(examples, material, scales)
    wanted, weights = _truth(examples, material)
    plans = _plans(name)
    if name == HUMOUR:
        weights = weights * _funniest(examples, inputs, wanted, weights)

    def score(learn: Flags, judge: Flags) -> Floats:
        nets = fit_nets(plans, _of(inputs, learn), wanted[learn], weights[learn], SEED)
        return summed(nets, _of(inputs, judge))

    unseen, judged = crossed([one.author for one in examples], (FRESH[name],), score)
    nets = tuple(fit_nets(plans, _of(inputs, ~judged), wanted[~judged], weights[~judged], SEED))
    rows = [row for row in _likest(examples, unseen) if judged[row] and weights[row] > 0]
    kept = [examples[row] for row in rows]
    opinions = opinions_for(name, kept, material)
    head = Head(nets, *line_of(unseen[rows], opinions, wanted[rows]), 1.0, 1.0)
    best = _drafts(kept, head.probability(unseen[rows], opinions), material)
    errors, warnings = _limits(name, best, material)
    return replace(head, errors_from=errors, warns_from=warnings), _figures(best, (errors, warnings), material)


def opinions_for(name: str, examples: Sequence[Example], material: Material) -> Floats:
    """What the encoder's own heads say of each example, as log-odds (N,)."""
    if name == LEAK:
        return material.reader.said_again([(one.whole, one.text) for one in examples])
    return opinions_of(name, _sides(examples, material)[0])


def _likest(examples: Sequence[Example], totals: Floats) -> list[int]:
    """Of the parts of one note beside one stretch the likest, as the desk compares them."""
    best: dict[tuple[str, str, str], int] = {}
    for row, one in enumerate(examples):
        key = (one.draft, one.text, one.whole)
        if key not in best or totals[row] > totals[best[key]]:
            best[key] = row
    return list(best.values())


def _truth(examples: Sequence[Example], material: Material) -> tuple[Flags, Floats]:
    kinds = {pair.id: pair.kind for pair in material.pairs}
    weights = [_HARD_WEIGHT if kinds.get(one.source) in _HARD and one.wanted else 1.0 for one in examples]
    return np.array([one.wanted for one in examples]), np.array(weights, dtype=np.float32)


def _of(inputs: Mapping[str, Floats], rows: Flags) -> dict[str, Floats]:
    return {name: values[rows] for name, values in inputs.items()}


def _funniest(examples: Sequence[Example], inputs: dict[str, Floats], wanted: Flags, weights: Floats) -> Floats:
    """1 for every stretch without a joke and for the one most like a joke in each reply that jokes, else 0.

    Only whole replies are labelled: which sentence of them jokes is guessed by a first round on all of them.
    """
    authors = [one.author for one in examples]

    def score(learn: Flags, judge: Flags) -> Floats:
        return summed(
            fit_nets(HUMOUR_PLANS[:1], _of(inputs, learn), wanted[learn], weights[learn], SEED), _of(inputs, judge)
        )

    guesses, _ = crossed(authors, _JOKERS, score)
    kept = np.where(wanted, 0.0, 1.0).astype(np.float32)
    for rows in _by_source(examples).values():
        if wanted[rows[0]]:
            kept[max(rows, key=lambda row: guesses[row])] = 1.0
    return kept


def _by_source(examples: Sequence[Example]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, one in enumerate(examples):
        if one.source:
            rows.setdefault(one.source, []).append(row)
    return rows


def _drafts(examples: Sequence[Example], scores: Floats, material: Material) -> dict[str, float]:
    """The highest score of each labelled reply, unseen by what scored it; notes of other cases do not count."""
    notes = {pair.id: pair.note for pair in material.pairs}
    best: dict[str, float] = {}
    for source, rows in _by_source(examples).items():
        own = [
            row
            for row in rows
            if not examples[row].whole or examples[row].whole == notes.get(source, examples[row].whole)
        ]
        if own:
            best[source] = max(float(scores[row]) for row in own)
    return best


def _limits(name: str, best: Mapping[str, float], material: Material) -> tuple[float, float]:
    """The probabilities from which a reply is held, and warned of."""
    harmless = _harmless(name, best, material)
    errors, warnings = (float(np.quantile(harmless, 1 - of[name])) for of in (HOLDS_OF, WARNS_OF))
    return errors, min(warnings, errors)


def _harmless(name: str, best: Mapping[str, float], material: Material) -> list[float]:
    """The scores of replies that may go out."""
    if name == HUMOUR:
        clean = [joke.id for joke in material.jokes if not joke.is_joke]
    else:
        clean = [pair.id for pair in material.pairs if pair.kind in HARMLESS]
    further = [source for source in best if source.startswith(REPLY)]
    return [best[source] for source in [*clean, *further] if source in best]


def _figures(best: Mapping[str, float], limits: tuple[float, float], material: Material) -> dict[str, Any]:
    """Of the replies nobody's networks had seen, by kind: how many are held, and held or warned of."""
    kinds = {pair.id: pair.kind for pair in material.pairs}
    kinds |= {joke.id: "joke" if joke.is_joke else "no joke" for joke in material.jokes}
    kinds |= {source: "further reply" for source in best if source.startswith(REPLY)}
    return {
        kind: share_over([value for source, value in best.items() if kinds[source] == kind], limits)
        for kind in sorted({kinds[source] for source in best})
    }


def share_over(values: Iterable[float], limits: tuple[float, float]) -> dict[str, Any]:
    """How many there are, and which share reaches each limit."""
    found = np.array(list(values))
    return {
        "replies": len(found),
        "held": round(float((found >= limits[0]).mean()), 3),
        "held_or_warned": round(float((found >= limits[1]).mean()), 3),
    }


def left_out(encoder: TextEncoder, labels: Path, heads: InProcess) -> Iterator[tuple[str, str]]:
    """For each language the figures of networks trained without it, on its replies by test authors, same limits.

    Only the networks are trained anew: the encoder below them has read the language.
    """
    material = replace(gather(encoder, labels), centre=heads.parameters.centre)
    tested = [pair for pair in material.pairs if pair.is_test]
    for lang in sorted({pair.lang for pair in tested}):
        there = [pair for pair in tested if pair.lang == lang]
        said = [_left_out(name, lang, there, material, heads.parameters) for name in (LEAK, NOTE_LIKE)]
        yield lang, "; ".join(said)


def _left_out(name: str, lang: str, there: Sequence[Pair], material: Material, parameters: Parameters) -> str:
    taught = TEST_AUTHORS | FRESH_AUTHORS
    pairs = [pair for pair in material.pairs if pair.author not in taught and lang not in (pair.lang, pair.note_lang)]
    without = replace(material, replies=[one for one in material.replies if one.lang != lang])
    examples = _all_examples(without, pairs)[name]
    wanted, weights = _truth(examples, material)
    nets = fit_nets(_plans(name), inputs_for(examples, material, parameters), wanted, weights, SEED)
    head = replace(parameters.heads[name], nets=tuple(nets))
    judged = _all_examples(replace(material, replies=[]), there)[name]
    totals = head.total(inputs_for(judged, material, parameters))
    rows = _likest(judged, totals)
    kept = [judged[row] for row in rows]
    best = _drafts(kept, head.scores(totals[rows], opinions_for(name, kept, material)), material)
    kinds = {pair.id: pair.kind for pair in there}
    leaks = [value for source, value in best.items() if kinds[source] not in HARMLESS]
    if name == NOTE_LIKE:
        leaks = [value for source, value in best.items() if kinds[source] in ("copied", "notelike")]
    harmless = [value for source, value in best.items() if kinds[source] in HARMLESS]
    caught, wrong = share_over(leaks, (HOLDS, WARNS)), share_over(harmless, (HOLDS, WARNS))
    return (
        f"{name} held {caught['held']:.0%} (with warnings {caught['held_or_warned']:.0%}) of {caught['replies']}, "
        f"wrongly {wrong['held']:.1%} of {wrong['replies']}"
    )
