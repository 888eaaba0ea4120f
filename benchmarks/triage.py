"""How fast the shipped model reads: `python benchmarks/triage.py [--texts 256] [--rounds 3] [--threads 2] [--busy]`.

Ours in each precision and engine this machine has, against `transformers.pipeline` with a randomly filled model of the
shape of XLM-R base (278 M parameters), one text at a time and in batches of 32 sorted by length. All read the same
texts with the same tokenizer in turn, so that a busy machine slows them alike; the figures that count are ratios of
one run. The limit is what plain matrix products of the model's own shapes reach in the same precision, best of thirty,
the threads sharing each product or with one each, whichever is more. `*` marks what the desk runs. `other labels` is
the share of texts with another label than in fp32.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webcare.domain import Triage
    from webcare.triage.transformer import TransformerClassifier

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"


def sample(count: int) -> list[str]:
    rows = [
        json.loads(line)
        for file in sorted((ROOT / "data" / "labels").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    step = max(1, len(rows) // count)
    return [row["text"] for row in rows[::step]][:count]


clock = time.perf_counter


def timed(work: Callable[[], object]) -> float:
    start = clock()
    work()
    return clock() - start


def peer(tokenizer: Any) -> Any:
    """A pipeline on a model of XLM-R base's shape; what it answers is noise, what it costs is not."""
    import torch
    from transformers import PreTrainedTokenizerFast, TextClassificationPipeline, XLMRobertaConfig
    from transformers import XLMRobertaForSequenceClassification as Model

    torch.manual_seed(0)
    config = XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, num_labels=3)
    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **marks)
    return TextClassificationPipeline(model=Model(config).eval(), tokenizer=wrapped, device="cpu")


def matrix_rate(precision: str, hidden: int, wide: int) -> float:
    """Floating-point operations a second of the layer's own matrix products, with nothing between them."""
    import torch

    from webcare.encoder.lean import product_of

    kind = torch.float32 if precision == "fp32" else torch.bfloat16
    shapes = [(hidden, 3 * hidden), (hidden, hidden), (hidden, wide), (wide, hidden)]
    rows = 512
    pairs = [
        (product_of(torch.randn(other, one), torch.zeros(other), kind), torch.randn(rows, one, dtype=kind))
        for one, other in shapes
    ]
    with torch.inference_mode():
        best = min(timed(lambda: [product(given) for product, given in pairs]) for _ in range(30))
    return sum(2 * rows * one * other for one, other in shapes) / best


def limit(precision: str, hidden: int, wide: int, threads: int) -> float:
    """What all threads reach, sharing each product or with one each, whichever is more."""
    from webcare.encoder.engine import _workers

    shared = matrix_rate(precision, hidden, wide)
    workers = _workers(threads)
    if workers is None:
        return shared
    each = workers.map(lambda _: matrix_rate(precision, hidden, wide), range(threads))
    return max(shared, sum(each))


def operations(card: Any, lengths: Sequence[int]) -> float:
    """Operations of the matrix products that reading texts of so many tokens needs."""
    shape = card.shape
    each = 2 * (4 * shape.hidden_size**2 + 2 * shape.hidden_size * shape.intermediate_size)
    products = sum(length * each + 4 * length * length * shape.hidden_size for length in lengths)
    return float(shape.num_hidden_layers * products)


@dataclass
class Row:
    """One way of running our model and what was measured of it, a figure a round."""

    name: str
    classifier: TransformerClassifier
    limit_kind: str
    rates: list[float] = field(default_factory=list)  #: texts/s
    shares: list[float] = field(default_factory=list)  #: of the matrix limit
    single_ms: list[float] = field(default_factory=list)


def ways(threads: int) -> list[Row]:
    """What this machine can run, the desk's own way first."""
    from webcare.encoder import Encoder
    from webcare.encoder.engine import best_precision, usual_precision
    from webcare.triage.transformer import TransformerClassifier

    chosen = usual_precision("cpu")
    kinds = [chosen, *(kind for kind in ("bf16", "fp32") if kind != chosen)]
    if best_precision("cpu") != "bf16":
        kinds.remove("bf16")
    rows = []
    for engine, precision in [*(("lean", kind) for kind in kinds), ("transformers", "fp32")]:
        encoder = Encoder.load(MODELS, threads=threads, precision=precision, engine=engine, device="cpu")
        name = f"{engine} {precision}{' *' if not rows else ''}"
        rows.append(Row(name, TransformerClassifier(encoder), "fp32" if precision == "fp32" else "bf16"))
    return rows


def compare(texts: list[str], rounds: int, threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    rows = ways(threads)
    encoder = rows[0].classifier.encoder
    lengths = [len(encoding.ids) for encoding in encoder._tokenizer.encode_batch(texts)]
    work = operations(encoder.card, lengths) / len(texts)
    pipeline = peer(encoder._tokenizer)
    few, by_length = texts[:: max(1, len(texts) // 48)], sorted(texts, key=len)
    pipeline(few[:4])
    labels = [row.classifier.classify(texts) for row in rows]
    exact = next(said for row, said in zip(rows, labels, strict=True) if row.name.startswith("lean fp32"))
    single, batched = [], []
    for _ in range(rounds):
        for row in rows:
            measure(row, texts, work, threads)
        single.append(len(few) / timed(lambda: [pipeline(text) for text in few]))
        batched.append(len(texts) / timed(lambda: pipeline(by_length, batch_size=32)))
    print(f"{encoder.card.version}, {threads} threads, {len(texts)} texts of {statistics.mean(lengths):.0f} tokens\n")
    print("                     texts/s  one at a time  batches of 32  of the limit  one: p50, p95 ms  other labels")
    for row, said in zip(rows, labels, strict=True):
        tell(row, single, batched, sum(map(differ, said, exact)) / len(texts))
    print(f"pipeline, single     {statistics.median(single):7.1f}")
    print(f"pipeline, batches    {statistics.median(batched):7.1f}")


def measure(row: Row, texts: list[str], work: float, threads: int) -> None:
    shape = row.classifier.encoder.card.shape
    row.rates.append(len(texts) / timed(lambda: row.classifier.classify(texts)))
    most = limit(row.limit_kind, shape.hidden_size, shape.intermediate_size, threads)
    row.shares.append(row.rates[-1] * work / most)
    few = texts[len(row.single_ms) :: max(1, len(texts) // 64)]
    row.single_ms += [1e3 * timed(lambda text=text: row.classifier.classify([text])) for text in few]


def tell(row: Row, single: list[float], batched: list[float], flips: float) -> None:
    slow = sorted(row.single_ms)[int(len(row.single_ms) * 0.95)]
    print(
        f"{row.name:20s} {statistics.median(row.rates):7.1f}  {ratio(row.rates, single):12.1f}x"
        f"  {ratio(row.rates, batched):12.1f}x  {statistics.median(row.shares):12.0%}"
        f"  {statistics.median(row.single_ms):8.1f} {slow:8.1f}  {flips:12.2%}"
    )


def differ(one: Triage, other: Triage) -> bool:
    heads = ("language", "sentiment", "urgency", "topic", "needs_reply", "line")
    return any(getattr(one, head) != getattr(other, head) for head in heads)


def on_a_gpu(count: int = 16_384) -> None:
    """One row where there is a GPU: many texts, in passes large enough to fill it."""
    import torch

    from webcare.encoder import Encoder

    if not torch.cuda.is_available():
        return
    encoder = Encoder.load(MODELS, batch_size=1024)
    texts = sample(count)
    texts = (texts * (count // len(texts) + 1))[:count]
    for _ in encoder.encode(texts[:4096]):
        pass
    seconds = timed(lambda: sum(1 for _ in encoder.encode(texts)))
    print(f"{torch.cuda.get_device_name()}, {encoder.precision}: {count / seconds:,.0f} texts/s")


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def start_up() -> None:
    """Load time and memory of a process that does nothing else, measured inside it."""
    start = time.perf_counter()
    from webcare.triage.transformer import TransformerClassifier

    classifier = TransformerClassifier.load(MODELS)
    loaded = time.perf_counter() - start
    classifier.classify(sample(256))
    print(f"loading                       {loaded:8.2f} s")
    if memory := memory_mb():
        print(f"memory of the process         {memory:8.0f} MB at most")


def memory_mb() -> float:
    """The most memory this process has held; 0 where the system does not tell. (getrusage tells the parent's too.)"""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--start-up", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--busy", action="store_true", help="count processor time: one thread on a machine with other work"
    )
    options = parser.parse_args()
    if options.busy:
        global clock
        clock, options.threads = time.process_time, 1
    if not (MODELS / "CURRENT").exists():
        print("no trained model in models/; nothing to measure")
    elif options.start_up:
        start_up()
    else:
        compare(sample(options.texts), options.rounds, options.threads)
        on_a_gpu()
        subprocess.run([sys.executable, __file__, "--start-up"], check=True)


if __name__ == "__main__":
    main()
