"""How fast the shipped model reads: `python benchmarks/triage.py [--texts 256] [--rounds 3] [--threads 2]`.

Ours, as the desk runs it, against `transformers.pipeline` with a randomly filled model of the shape of XLM-R base
(278 M parameters), one text at a time and in batches of 32 sorted by length. All three read the same texts with the
same tokenizer in turn, so that a busy machine slows them alike; the figures that count are ratios of one run. The
limit is what plain matrix products of the model's own shapes reach in the same precision.
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
from pathlib import Path
from typing import Any

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


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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

    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    shapes = [(hidden, hidden)] * 4 + [(hidden, wide), (wide, hidden)]
    rows = 1024
    pairs = [(torch.randn(rows, one, dtype=kind), torch.randn(other, one, dtype=kind)) for one, other in shapes]
    with torch.inference_mode():
        best = min(timed(lambda: [torch.nn.functional.linear(a, b) for a, b in pairs]) for _ in range(30))
    return sum(2 * rows * one * other for one, other in shapes) / best


def operations(card: Any, lengths: Sequence[int]) -> float:
    """Operations of the matrix products that reading texts of so many tokens needs."""
    shape = card.shape
    each = 2 * (4 * shape.hidden_size**2 + 2 * shape.hidden_size * shape.intermediate_size)
    products = sum(length * each + 4 * length * length * shape.hidden_size for length in lengths)
    return float(shape.num_hidden_layers * products)


def compare(texts: list[str], rounds: int, threads: int) -> None:
    import torch

    from webcare.triage.transformer import TransformerClassifier

    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    classifier = TransformerClassifier.load(MODELS)
    encoder = classifier.encoder
    pipeline = peer(encoder._tokenizer)
    by_length = sorted(texts, key=len)
    few = texts[:: max(1, len(texts) // 48)]
    classifier.classify(texts[:64])
    pipeline(few[:4])
    ours, single, batched, limit = [], [], [], []
    for _ in range(rounds):
        ours.append(len(texts) / timed(lambda: classifier.classify(texts)))
        single.append(len(few) / timed(lambda: [pipeline(text) for text in few]))
        batched.append(len(texts) / timed(lambda: pipeline(by_length, batch_size=32)))
        limit.append(
            matrix_rate(encoder.precision, encoder.card.shape.hidden_size, encoder.card.shape.intermediate_size)
        )
    lengths = [len(encoding.ids) for encoding in encoder._tokenizer.encode_batch(texts)]
    share = [rate * operations(encoder.card, lengths) / len(texts) / top for rate, top in zip(ours, limit, strict=True)]
    one = [timed(lambda text=text: classifier.classify([text])) for text in texts[:150]]
    middle = statistics.median
    slow = sorted(one)[int(len(one) * 0.95)]
    print(f"{encoder.card.version}, {encoder.precision}, {threads} threads, texts of {middle(lengths):.0f} tokens")
    print(f"ours                          {middle(ours):8.1f} texts/s")
    print(f"pipeline, one at a time       {middle(single):8.1f} texts/s   ours x{ratio(ours, single):.1f}")
    print(f"pipeline, sorted batches of 32{middle(batched):8.1f} texts/s   ours x{ratio(ours, batched):.1f}")
    print(f"share of the matrix limit     {middle(share):8.0%}   ({middle(limit) / 1e9:.0f} GFLOP/s)")
    print(f"one mention                   {1e3 * middle(one):8.1f} ms   p95 {1e3 * slow:.1f} ms")


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def start_up() -> None:
    """Load time and memory of a process that does nothing else, measured inside it."""
    from webcare.triage.transformer import TransformerClassifier

    start = time.perf_counter()
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
    options = parser.parse_args()
    if not (MODELS / "CURRENT").exists():
        print("no trained model in models/; nothing to measure")
    elif options.start_up:
        start_up()
    else:
        compare(sample(options.texts), options.rounds, options.threads)
        subprocess.run([sys.executable, __file__, "--start-up"], check=True)


if __name__ == "__main__":
    main()
