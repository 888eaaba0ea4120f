"""The encoder's arithmetic without the library around it: what a desk runs. Imports torch, not transformers.

The weights are those of `network.Network`, which defines and trains the model; `tests/triage/test_lean.py` proves that
both give the same numbers. What is saved: query, key and value are one matrix product; weights lie in the order that
the processor's kernels want, once and for all; GELU happens inside the product before it. Products may be computed in
fewer bits (`kind`); residuals, layer norms and softmax stay in fp32 always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from webcare.encoder.artefact import Floats, Shape
from webcare.encoder.heads import masked_bias

#: (T, in) to (T, out)
Product = Callable[[Tensor], Tensor]

_EMBEDDINGS = "bert.embeddings."
#: Rows that oneDNN is told to expect when it orders a weight; other numbers of rows are as right and about as fast.
_USUAL_ROWS = 512


@dataclass(frozen=True, slots=True)
class _Source:
    """The tensors whose names start alike; each is taken out once."""

    tensors: dict[str, Floats]
    name: str
    device: str

    def take(self, name: str) -> Tensor:
        return torch.from_numpy(self.tensors.pop(self.name + name)).to(self.device)

    def take_norm(self, name: str, shape: Shape) -> _Norm:
        return _Norm(self.take(f"{name}.weight"), self.take(f"{name}.bias"), shape.layer_norm_eps)

    def take_product(self, *names: str) -> tuple[Tensor, Tensor]:
        """Weight (out, in) and bias (out) of several products of the same rows, one below the other."""
        weights = [self.take(f"{name}.weight") for name in names]
        return torch.cat(weights), torch.cat([self.take(f"{name}.bias") for name in names])


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Tensor
    bias: Tensor
    eps: float

    def __call__(self, states: Tensor) -> Tensor:
        return functional.layer_norm(states, (len(self.weight),), self.weight, self.bias, self.eps)


@dataclass(frozen=True, slots=True)
class _First:
    """Token ids (B, L) to what the first layer reads (B, L, H)."""

    words: Tensor
    places: Tensor
    norm: _Norm

    @classmethod
    def taken(cls, source: _Source, shape: Shape) -> _First:
        types = source.take("token_type_embeddings.weight")
        places = source.take("position_embeddings.weight") + types[0]
        return cls(source.take("word_embeddings.weight"), places, source.take_norm("LayerNorm", shape))

    def __call__(self, ids: Tensor) -> Tensor:
        return self.norm(functional.embedding(ids, self.words) + self.places[: ids.shape[1]])


@dataclass(frozen=True, slots=True)
class _Layer:
    heads: int
    qkv: Product
    mixed: Product
    wide: Product
    narrow: Product
    after_attention: _Norm
    after_wide: _Norm


@dataclass(frozen=True, slots=True)
class _Heads:
    """All heads in one product: of each the query, then the weights for the mean, then those for its own look."""

    labels: dict[str, int]
    product: Product
    bias: Tensor
    whose: Tensor  #: the head of each label

    @classmethod
    def taken(cls, source: _Source, names: Sequence[str]) -> _Heads:
        queries = torch.stack([source.take(f"{name}.query") for name in names])
        parts = [source.take(f"{name}.weight").chunk(2, dim=1) for name in names]
        rows = torch.cat(
            [queries * queries.shape[1] ** -0.5, *(mean for mean, _ in parts), *(look for _, look in parts)]
        )
        bias = torch.cat([source.take(f"{name}.bias") for name in names])
        labels = {name: len(mean) for name, (mean, _) in zip(names, parts, strict=True)}
        whose = torch.arange(len(names)).repeat_interleave(torch.tensor(list(labels.values()))).to(bias.device)
        return cls(labels, product_of(rows, bias.new_zeros(len(rows)), torch.float32), bias, whose)

    def __call__(self, states: Tensor, mask: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """What `heads.Head` gives, for each head: logits (B, K) and each token's share in them (B, L, K)."""
        count, length, hidden = states.shape
        rows = count * length
        filled = functional.pad(states.reshape(rows, hidden), (0, 0, 0, _round_rows(rows) - rows))
        sizes = [len(self.labels), len(self.bias), len(self.bias)]
        score, by_mean, by_look = self.product(filled)[:rows].view(count, length, -1).split_with_sizes(sizes, dim=2)
        look = torch.softmax(score + masked_bias(mask)[:, 0, 0, :, None], dim=1) * mask[..., None]
        even = mask / mask.sum(dim=1, keepdim=True)
        shares = by_mean * even[..., None] + by_look * look[..., self.whose]
        counts = list(self.labels.values())
        outputs = (shares.sum(dim=1) + self.bias).split_with_sizes(counts, dim=1)
        pairs = zip(outputs, shares.split_with_sizes(counts, dim=2), strict=True)
        return dict(zip(self.labels, pairs, strict=True))


class Lean:
    """Encoder and heads, ready to read; `kind` is what its matrix products are computed in."""

    def __init__(self, first: _First, layers: Sequence[_Layer], heads: _Heads, kind: torch.dtype) -> None:
        self._first = first
        self._layers = layers
        self._heads = heads
        self._kind = kind

    @property
    def device(self) -> torch.device:
        """Where token ids and masks must be handed over."""
        return self._first.words.device

    def states(self, batches: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Token ids (B, L) and mask (B, L) of 0/1 of each batch to its last states (B, L, H) in fp32.

        Batches of different lengths go through the matrix products as one: those give a row the same result whatever
        rows stand beside it, and many rows are multiplied faster than few. Only attention sees a batch by itself.
        """
        sizes = [ids.numel() for ids, _ in batches]
        rows = sum(sizes)
        found = torch.cat([self._first(ids).flatten(0, 1) for ids, _ in batches])
        found = functional.pad(found, (0, 0, 0, _round_rows(rows) - rows))
        # Always given, also where nothing is masked: another kernel would round otherwise.
        biases = [masked_bias(mask) for _, mask in batches]
        for layer in self._layers:
            found = self._through(layer, found, sizes, biases)
        parts = found[:rows].split_with_sizes(sizes)
        return [part.view(*ids.shape, -1) for part, (ids, _) in zip(parts, batches, strict=True)]

    def answers(self, states: Tensor, mask: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Logits (B, K) of each head and each token's share in them (B, L, K)."""
        return self._heads(states, mask)

    def _through(self, layer: _Layer, states: Tensor, sizes: list[int], biases: Sequence[Tensor]) -> Tensor:
        """One layer: (T, H) fp32 to the same; each batch has `sizes` of its rows, what is left over fills up."""
        attended = torch.zeros(states.shape, dtype=self._kind, device=states.device)
        parts = layer.qkv(states.to(self._kind))[: sum(sizes)].split_with_sizes(sizes)
        for place, part, bias in zip(attended[: sum(sizes)].split_with_sizes(sizes), parts, biases, strict=True):
            place.copy_(_attended(part, bias, layer.heads))
        states = layer.after_attention(states + layer.mixed(attended))
        return layer.after_wide(states + layer.narrow(layer.wide(states.to(self._kind))))


def build(
    shape: Shape,
    heads: Mapping[str, int],
    tensors: dict[str, Floats],
    *,
    kinds: Sequence[torch.dtype] = (torch.float32,),
    device: str = "cpu",
) -> list[Lean]:
    """One network for each of `kinds`, with these weights. `heads` maps a head's name to its number of labels.

    Takes the tensors out of their dictionary as it goes, so that memory never holds all of them twice.
    Raises ValueError naming tensors that are missing, left over or of the wrong size.
    """
    _check_sizes(_sizes(shape, heads), tensors)
    first = _First.taken(_Source(tensors, _EMBEDDINGS, device), shape)
    asked = _Heads.taken(_Source(tensors, "heads.", device), list(heads))
    names = [f"bert.encoder.layer.{at}." for at in range(shape.num_hidden_layers)]
    layers = [_layers(_Source(tensors, name, device), shape, kinds) for name in names]
    return [Lean(first, [layer[at] for layer in layers], asked, kind) for at, kind in enumerate(kinds)]


def _round_rows(rows: int) -> int:
    """Rows that are computed for so many tokens: the kernels for each number of rows are made anew and kept."""
    step = 8 if rows <= 128 else 32
    return -(-rows // step) * step


def _attended(qkv: Tensor, bias: Tensor, heads: int) -> Tensor:
    """Queries, keys and values (B*L, 3*H), mixed by attention to (B*L, H)."""
    rows, length = len(qkv), bias.shape[-1]
    parts = qkv.view(-1, length, 3, heads, qkv.shape[1] // (3 * heads)).permute(2, 0, 3, 1, 4)
    if qkv.is_cuda:
        query, key, value = parts.unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(qkv.dtype))
    else:
        mixed = _plain_attention(parts.float(), bias)
    return mixed.transpose(1, 2).reshape(rows, -1)


def _plain_attention(parts: Tensor, bias: Tensor) -> Tensor:
    """Queries, keys and values (3, B, heads, L, D) fp32 to (B, heads, L, D).

    Short texts make small products; torch's fused kernel takes 1.6 times as long for them (docs/adr/0007).
    """
    _, count, heads, length, width = parts.shape
    query, key, value = parts.reshape(3, count * heads, length, width).unbind(0)
    added = bias.expand(count, heads, length, length).reshape(-1, length, length)
    scores = torch.baddbmm(added, query, key.transpose(1, 2), alpha=width**-0.5)
    return torch.bmm(torch.softmax(scores, dim=-1), value).view(count, heads, length, width)


def _layers(source: _Source, shape: Shape, kinds: Sequence[torch.dtype]) -> list[_Layer]:
    """One layer in each of `kinds`."""
    qkv = source.take_product(*(f"attention.self.{part}" for part in ("query", "key", "value")))
    mixed = source.take_product("attention.output.dense")
    wide, narrow = source.take_product("intermediate.dense"), source.take_product("output.dense")
    norms = [source.take_norm(name, shape) for name in ("attention.output.LayerNorm", "output.LayerNorm")]
    return [
        _Layer(
            shape.num_attention_heads,
            product_of(*qkv, kind),
            product_of(*mixed, kind),
            product_of(*wide, kind, gelu=True),
            product_of(*narrow, kind),
            *norms,
        )
        for kind in kinds
    ]


def product_of(weight: Tensor, bias: Tensor, kind: torch.dtype, *, gelu: bool = False) -> Product:
    """The product with one weight (out, in), and GELU after it, in `kind`: oneDNN's own where torch has it.

    With oneDNN a row's result is the same to the last bit whatever rows stand beside it, on one thread or on many.
    """
    weight, bias = weight.to(kind).contiguous(), bias.to(kind)
    if weight.is_cuda or not _has_onednn(kind):
        return _plain_product(weight, bias, gelu=gelu)
    ordered = torch.ops.mkldnn._reorder_linear_weight(weight, _USUAL_ROWS)
    after, how = ("gelu", "none") if gelu else ("none", "")

    def product(rows: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(rows, ordered, bias, after, [], how)
        return found

    return product


def _plain_product(weight: Tensor, bias: Tensor, *, gelu: bool) -> Product:
    if gelu:
        return lambda rows: functional.gelu(functional.linear(rows, weight, bias))
    return lambda rows: functional.linear(rows, weight, bias)


def _has_onednn(kind: torch.dtype) -> bool:
    if not torch._C._has_mkldnn or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    return kind == torch.float32 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


# --- sizes ------------------------------------------------------------------------------------------


def _sizes(shape: Shape, heads: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Name and size of every tensor that belongs to a network."""
    hidden, wide = shape.hidden_size, shape.intermediate_size
    sizes: dict[str, tuple[int, ...]] = {
        f"{_EMBEDDINGS}word_embeddings.weight": (shape.vocab_size, hidden),
        f"{_EMBEDDINGS}position_embeddings.weight": (shape.max_position_embeddings, hidden),
        f"{_EMBEDDINGS}token_type_embeddings.weight": (shape.type_vocab_size, hidden),
        **_pair(f"{_EMBEDDINGS}LayerNorm", hidden),
    }
    for at in range(shape.num_hidden_layers):
        name = f"bert.encoder.layer.{at}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            sizes |= _pair(f"{name}attention.{part}", hidden, hidden)
        sizes |= _pair(f"{name}attention.output.LayerNorm", hidden) | _pair(f"{name}output.LayerNorm", hidden)
        sizes |= _pair(f"{name}intermediate.dense", wide, hidden) | _pair(f"{name}output.dense", hidden, wide)
    for head, labels in heads.items():
        sizes |= {f"heads.{head}.query": (hidden,), **_pair(f"heads.{head}", labels, 2 * hidden)}
    return sizes


def _pair(name: str, rows: int, *columns: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (rows, *columns), f"{name}.bias": (rows,)}


def _check_sizes(wanted: Mapping[str, tuple[int, ...]], tensors: Mapping[str, Floats]) -> None:
    missing, left_over = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    wrong = [name for name in sorted(wanted.keys() & tensors.keys()) if tensors[name].shape != wanted[name]]
    faults = {"missing": missing, "left over": left_over, "of the wrong size": wrong}
    if any(faults.values()):
        raise ValueError("; ".join(f"{what}: {', '.join(names)}" for what, names in faults.items() if names))
