from __future__ import annotations

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.triage.tiny import SENTENCES
from webcare.encoder import Encoded, Encoder
from webcare.encoder.engine import WINDOW, best_precision, padded_length, usual_precision

HOSTILE = ["", " ", "\x00\x01", "\ud800", "👍", "a" * 30_000, "kast " * 5_000, "שלום 你好", "\u202egnirts"]


def texts_of_all_lengths(count: int, *, seed: int = 3) -> list[str]:
    chance = random.Random(seed)
    words = " ".join(SENTENCES).split()
    return [" ".join(chance.choices(words, k=chance.randint(1, 40))) for _ in range(count)]


def same(one: Encoded, other: Encoded) -> bool:
    equal = all(np.array_equal(one.logits[head], other.logits[head]) for head in one.logits)
    return equal and np.array_equal(one.embedding, other.embedding)


def test_a_texts_result_is_bit_for_bit_the_same_in_any_company_and_order(tiny_encoder: Encoder) -> None:
    texts = texts_of_all_lengths(150)
    together = list(tiny_encoder.encode(texts))
    order = random.Random(5).sample(range(len(texts)), len(texts))
    shuffled = list(tiny_encoder.encode([texts[at] for at in order]))

    assert all(same(together[at], shuffled[place]) for place, at in enumerate(order))
    assert all(same(together[at], next(tiny_encoder.encode([texts[at]]))) for at in range(0, 150, 7))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_batch_size_changes_nothing(tiny_models: Path, tiny_encoder: Encoder, batch_size: int) -> None:
    other = Encoder.load(tiny_models, precision="fp32", device="cpu", batch_size=batch_size)
    texts = texts_of_all_lengths(60)

    assert all(same(a, b) for a, b in zip(tiny_encoder.encode(texts), other.encode(texts), strict=True))


def test_the_number_of_threads_changes_nothing(tiny_models: Path) -> None:
    texts = texts_of_all_lengths(60)
    before = torch.get_num_threads()
    try:
        one = list(Encoder.load(tiny_models, precision="fp32", device="cpu", threads=1).encode(texts))
        two = list(Encoder.load(tiny_models, precision="fp32", device="cpu", threads=2).encode(texts))
    finally:
        torch.set_num_threads(before)

    assert all(same(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("threads", [1, 3])
def test_many_may_ask_at_once(tiny_models: Path, threads: int) -> None:
    before = torch.get_num_threads()
    try:
        encoder = Encoder.load(tiny_models, precision="fp32", device="cpu", threads=threads, batch_size=2)
        asked = [texts_of_all_lengths(20, seed=seed) for seed in range(6)]
        alone = [list(encoder.encode(texts)) for texts in asked]
        with ThreadPoolExecutor(6) as askers:
            at_once = list(askers.map(lambda texts: list(encoder.encode(texts)), asked))
    finally:
        torch.set_num_threads(before)

    pairs = zip(chain(*alone), chain(*at_once), strict=True)
    assert all(same(a, b) for a, b in pairs)


def test_embeddings_have_length_one_and_follow_the_texts(tiny_encoder: Encoder) -> None:
    rows = tiny_encoder.embed([SENTENCES[0], SENTENCES[3], SENTENCES[0]])

    assert rows.shape == (3, 32)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1], atol=1e-3)


def test_no_texts_give_no_results(tiny_encoder: Encoder) -> None:
    assert tiny_encoder.embed([]).shape == (0, 32)
    assert list(tiny_encoder.encode([])) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_gives_finite_numbers(tiny_encoder: Encoder, text: str) -> None:
    found = next(tiny_encoder.encode([text], explain=("urgency",)))

    assert all(np.isfinite(values).all() for values in found.logits.values())
    assert np.isfinite(found.embedding).all()


def test_of_a_long_text_the_start_and_the_end_are_read(tiny_encoder: Encoder) -> None:
    middle = "kast " * 400
    plain, other_end, other_start, other_middle = tiny_encoder.encode(
        [
            f"Waar {middle} {middle} lamp",
            f"Waar {middle} {middle} burned",
            f"burned {middle} {middle} lamp",
            f"Waar {middle} burned {middle} lamp",
        ]
    )

    assert not same(plain, other_end)
    assert not same(plain, other_start)
    assert same(plain, other_middle)


def test_an_endless_stream_is_taken_a_window_at_a_time(tiny_encoder: Encoder) -> None:
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield SENTENCES[taken % len(SENTENCES)]

    found = list(islice(tiny_encoder.encode(endless()), 10))

    assert len(found) == 10
    assert taken == WINDOW


def test_what_the_tokens_add_sums_to_the_output(tiny_encoder: Encoder) -> None:
    ids = torch.tensor([[0, 7, 9, 11, 2, 1, 1, 1], [0, 12, 8, 2, 1, 1, 1, 1]])
    mask = (ids != 1).float()
    network = tiny_encoder._network
    with torch.inference_mode():
        outputs, shares = network.answers(network.states([(ids, mask)])[0], mask)["topic"]
    left = outputs - shares.sum(dim=1)

    assert torch.allclose(left[0], left[1], atol=1e-5)  # the head's bias, which no token adds
    assert torch.all(shares[0, 5:] == 0)


def test_weights_point_into_the_text(tiny_encoder: Encoder) -> None:
    text = SENTENCES[1]
    found = next(tiny_encoder.encode([text], explain=("urgency", "topic")))

    assert found.weights
    assert all(0 <= weight.start < weight.end <= len(text) for weight in found.weights)
    assert next(tiny_encoder.encode([text])).weights == ()


def test_reduced_precision_stays_close_to_full(tiny_models: Path, tiny_encoder: Encoder) -> None:
    reduced = Encoder.load(tiny_models, precision="bf16", device="cpu")
    texts = texts_of_all_lengths(40)

    assert np.allclose(reduced.embed(texts), tiny_encoder.embed(texts), atol=0.03)


def test_texts_in_doubt_are_read_again_in_fp32(
    tiny_models: Path, tiny_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = Encoder.load(tiny_models, precision="checked", device="cpu")
    texts = texts_of_all_lengths(30)
    monkeypatch.setattr("webcare.encoder.engine.is_close", lambda card, logits: np.arange(len(texts)) % 2 == 0)
    found = list(checked.encode(texts))

    assert checked.reread == 15
    assert [same(a, b) for a, b in zip(found, tiny_encoder.encode(texts), strict=True)] == [True, False] * 15


@pytest.mark.parametrize("wrong", [{"precision": "int4"}, {"engine": "abacus"}])
def test_an_unknown_precision_or_engine_is_refused(tiny_models: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="precision is one of"):
        Encoder.load(tiny_models, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tokens", "length"), [(1, 8), (8, 8), (9, 16), (64, 64), (65, 80), (128, 128), (129, 160), (256, 256)]
)
def test_padding_follows_from_a_texts_own_tokens(tokens: int, length: int) -> None:
    assert padded_length(tokens) == length


def test_bf16_is_taken_only_where_the_processor_has_it() -> None:
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    has_it = "amx_bf16" in flags or "avx512_bf16" in flags

    assert best_precision("cpu") == ("bf16" if has_it else "fp32")
    assert usual_precision("cpu") == ("checked" if has_it else "fp32")
    assert usual_precision("cuda") == "fp16"


def test_importing_the_encoder_and_triage_loads_no_torch() -> None:
    code = (
        "import sys, webcare.encoder, webcare.triage, webcare.triage.stream, webcare.triage.keywords, webcare.routing;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'tokenizers')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
