"""The arithmetic a desk runs gives what the library's network gives with the same weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.triage.test_encoder import texts_of_all_lengths
from tests.triage.tiny import tensors_of, tiny_network
from webcare.encoder import Encoder
from webcare.encoder.heads import pooled
from webcare.encoder.lean import build, product_of
from webcare.triage.transformer import HEADS

COUNTS = {head: len(names) for head, names in HEADS.items()}


def padded_batch() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(4, 60, (5, 24), generator=torch.Generator().manual_seed(1))
    mask = (torch.arange(24)[None] < torch.tensor([24, 17, 9, 2, 24])[:, None]).float()
    return torch.where(mask == 1, ids, 1), mask


def test_states_and_answers_are_those_of_the_library() -> None:
    card, network = tiny_network(60)
    lean = build(card.shape, COUNTS, tensors_of(network))[0]
    ids, mask = padded_batch()
    with torch.inference_mode():
        [ours], [theirs] = lean.states([(ids, mask)]), network.states([(ids, mask)])
        answers, expected = lean.answers(theirs, mask), network.answers(theirs, mask)

    text = mask.bool()
    assert torch.allclose(ours[text], theirs[text], atol=1e-5)
    assert torch.allclose(pooled(ours, mask), pooled(theirs, mask), atol=1e-5)
    for head in HEADS:
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(answers[head], expected[head], strict=True))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_a_batchs_states_are_bit_for_bit_the_same_whatever_batches_go_with_it(kind: torch.dtype) -> None:
    card, network = tiny_network(60)
    lean = build(card.shape, COUNTS, tensors_of(network), kinds=[kind])[0]
    drawn = torch.Generator().manual_seed(2)
    batches = [
        (torch.randint(4, 60, (count, length), generator=drawn), torch.ones(count, length))
        for count, length in ((1, 2), (3, 40), (2, 7), (1, 33), (5, 12))
    ]
    with torch.inference_mode():
        together = lean.states(batches)

        assert all(torch.equal(lean.states([batch])[0], found) for batch, found in zip(batches, together, strict=True))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gelu", [False, True])
def test_a_product_is_that_of_torch_whatever_rows_stand_beside_it(kind: torch.dtype, gelu: bool) -> None:
    torch.manual_seed(0)
    rows, weight, bias = torch.randn(200, 384).to(kind), torch.randn(768, 384) / 20, torch.randn(768)
    after: Callable[[torch.Tensor], torch.Tensor] = torch.nn.functional.gelu if gelu else torch.Tensor.float
    with torch.inference_mode():
        product = product_of(weight, bias, kind, gelu=gelu)
        found = product(rows)
        expected = after(torch.nn.functional.linear(rows.float(), weight.to(kind).float(), bias.to(kind).float()))

        assert torch.allclose(found.float(), expected, atol=1e-4 if kind == torch.float32 else 3e-2, rtol=1e-2)
        assert all(torch.equal(product(rows[:count]), found[:count]) for count in (2, 8, 31, 128))


def test_both_engines_answer_alike(tiny_models: Path, tiny_encoder: Encoder) -> None:
    library = Encoder.load(tiny_models, precision="fp32", device="cpu", engine="transformers")
    texts = texts_of_all_lengths(40)

    assert np.allclose(library.embed(texts), tiny_encoder.embed(texts), atol=1e-5)


def test_the_lean_engine_needs_no_transformers(tiny_models: Path) -> None:

    code = (
        "import sys; from pathlib import Path; from webcare.encoder import Encoder;"
        f"list(Encoder.load(Path({str(tiny_models)!r}), device='cpu').encode(['Hej', 'Waar?'], explain=('topic',)));"
        "sys.exit(any(name in sys.modules for name in ('transformers', 'torch._dynamo')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_weights_that_do_not_fit_are_named() -> None:
    card, network = tiny_network(60)
    tensors = tensors_of(network)
    tensors["heads.extra.bias"] = tensors.pop("heads.topic.bias")
    tensors["heads.route.query"] = np.zeros(3, dtype=np.float32)

    with pytest.raises(
        ValueError, match=r"missing: heads.topic.bias; left over: heads.extra.bias; .*heads.route.query"
    ):
        build(card.shape, COUNTS, tensors)
