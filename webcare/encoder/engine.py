"""Runs the network over any number of texts with bounded memory. Loads torch on first use, not on import.

A text's result depends on that text alone: it is padded to a length that follows from its own tokens, it shares a
batch only with texts of the same padded length, and results come back in the order of the texts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from webcare.encoder.artefact import Artefact, Card, read_artefact
from webcare.errors import ModelUnusable

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from torch import Tensor

    from webcare.encoder.network import Network

Floats = NDArray[np.float32]

#: Characters of a text that are read at all; far more than `max_tokens` can hold, so that cutting costs nothing.
MAX_CHARS = 20_000
#: Texts tokenised at a time; bounds memory, long enough to find company of equal length.
WINDOW = 2_048
#: Of a text that is too long this share of its tokens comes from the start, the rest from the end.
_HEAD_SHARE = 0.75
#: A batch of `batch_size` texts of this many tokens sets how many tokens one pass may hold.
_TYPICAL_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a stretch of a text spoke for the label a head chose, in units of its logits."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the network said of one text. `embedding` has length 1; `weights` is empty unless asked for."""

    embedding: Floats
    logits: dict[str, Floats]
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    at: int  #: the text's place in the window
    ids: list[int]
    spans: list[tuple[int, int]]


class Encoder:
    """A trained network, its tokenizer and its card. Safe to share between threads; one pass runs at a time."""

    def __init__(self, card: Card, network: Network, tokenizer: Tokenizer, *, precision: str, batch_size: int) -> None:
        self.card = card
        self.precision = precision
        self._network = network
        self._tokenizer = tokenizer
        self._tokens_a_pass = batch_size * _TYPICAL_TOKENS
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        models_dir: Path,
        *,
        batch_size: int = 32,
        threads: int | None = None,
        precision: str = "fp32",
        device: str = "auto",
    ) -> Encoder:
        """Load the model in force. Raises ModelMissing or ModelUnusable.

        `precision` is fp32, bf16 (about twice as fast where the processor computes in it, but on triage-2026.11 it
        gives another label to 9 texts in 1,000) or auto (bf16 where the processor has it). `threads` sets torch's
        threads for the whole process; None means OMP_NUM_THREADS, or one for each processor this process may use.
        """
        artefact = read_artefact(models_dir)
        import torch

        torch.set_num_threads(threads or _usual_threads())
        where = _device(device)
        precision = best_precision(where) if precision == "auto" else precision
        network = _network(artefact, models_dir)
        network.bert.to(torch.bfloat16 if precision == "bf16" else torch.float32)
        network.to(where)
        tokenizer = _tokenizer(artefact, models_dir)
        return cls(artefact.card, network, tokenizer, precision=precision, batch_size=batch_size)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Sentence embeddings, one row of length 1 a text; their dot products are cosines."""
        width = self.card.shape.hidden_size
        rows = [encoded.embedding for encoded in self.encode(texts)]
        return np.stack(rows) if rows else np.zeros((0, width), dtype=np.float32)

    def encode(self, texts: Iterable[str], *, explain: Sequence[str] = ()) -> Iterator[Encoded]:
        """Embedding and logits of each text, in order; takes a window of texts at a time.

        `explain` names heads whose chosen labels the words are weighed for, added together.
        """
        source = iter(texts)
        while window := list(islice(source, WINDOW)):
            yield from self._window(window, explain)

    def _window(self, texts: list[str], explain: Sequence[str]) -> list[Encoded]:
        found: list[Encoded | None] = [None] * len(texts)
        for batch, length in self._batches(self._pieces(texts)):
            for piece, encoded in zip(batch, self._pass(batch, length, explain), strict=True):
                found[piece.at] = encoded
        return [encoded for encoded in found if encoded is not None]

    def _pieces(self, texts: list[str]) -> list[_Piece]:
        tokenized = self._tokenizer.encode_batch([_readable(text) for text in texts])
        return [self._piece(at, encoding) for at, encoding in enumerate(tokenized)]

    def _piece(self, at: int, encoding: Encoding) -> _Piece:
        ids, spans = encoding.ids, encoding.offsets
        most = self.card.max_tokens
        if len(ids) > most:
            head = int(most * _HEAD_SHARE)
            ids, spans = ids[:head] + ids[head - most :], spans[:head] + spans[head - most :]
        return _Piece(at, ids, spans)

    def _batches(self, pieces: list[_Piece]) -> Iterator[tuple[list[_Piece], int]]:
        by_length: dict[int, list[_Piece]] = {}
        for piece in pieces:
            by_length.setdefault(padded_length(len(piece.ids)), []).append(piece)
        for length, same in sorted(by_length.items(), reverse=True):
            size = max(1, self._tokens_a_pass // length)
            for start in range(0, len(same), size):
                yield same[start : start + size], length

    def _pass(self, batch: list[_Piece], length: int, explain: Sequence[str]) -> Iterator[Encoded]:
        import torch

        ids = np.full((len(batch), length), self.card.shape.pad_token_id, dtype=np.int64)
        mask = np.zeros((len(batch), length), dtype=np.float32)
        for row, piece in enumerate(batch):
            ids[row, : len(piece.ids)] = piece.ids
            mask[row, : len(piece.ids)] = 1.0
        with self._lock, torch.inference_mode():
            embeddings, logits, shares = self._run(torch.from_numpy(ids), torch.from_numpy(mask), explain)
        for row, piece in enumerate(batch):
            weights = _weights(piece, shares[row]) if explain else ()
            yield Encoded(embeddings[row], {head: values[row] for head, values in logits.items()}, weights)

    def _run(self, ids: Tensor, mask: Tensor, explain: Sequence[str]) -> tuple[Floats, dict[str, Floats], Floats]:
        from torch.nn.functional import normalize

        from webcare.encoder.network import pooled

        where = next(self._network.parameters()).device
        ids, mask = ids.to(where), mask.to(where)
        states = self._network.states(ids, mask)
        logits: dict[str, Floats] = {}
        weighed = mask.new_zeros(mask.shape)
        for name, head in self._network.heads.items():
            outputs, shares = head(states, mask)
            logits[name] = outputs.cpu().numpy()
            if name in explain:
                weighed = weighed + _for_the_chosen(outputs, shares)
        embeddings = normalize(pooled(states, mask), dim=1)
        return embeddings.cpu().numpy(), logits, weighed.cpu().numpy()


def padded_length(tokens: int) -> int:
    """The length a text of so many tokens is computed at: steps of 8, then 16, then 32."""
    step = 8 if tokens <= 64 else 16 if tokens <= 128 else 32
    return -(-tokens // step) * step


def best_precision(device: str) -> str:
    """bf16 where the processor multiplies in it, else fp32; emulated bf16 is slower than fp32."""
    if device != "cpu":
        return "bf16"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "fp32"
    return "bf16" if {"amx_bf16", "avx512_bf16"} & set(flags.split()) else "fp32"


def _usual_threads() -> int:
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _device(wanted: str) -> str:
    import torch

    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def _network(artefact: Artefact, models_dir: Path) -> Network:
    from webcare.encoder.network import build

    heads = {head: len(names) for head, names in artefact.card.labels.items()}
    try:
        return build(artefact.card.shape, heads, artefact.tensors)
    except ValueError as error:
        raise ModelUnusable(f"the weights in {models_dir} do not fit their description: {error}") from error


def _tokenizer(artefact: Artefact, models_dir: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(artefact.tokenizer)
    except Exception as error:  # the library raises bare Exception for whatever it cannot read
        raise ModelUnusable(f"the tokenizer in {models_dir} cannot be read: {error}") from error
    if tokenizer.get_vocab_size() > artefact.card.shape.vocab_size:
        raise ModelUnusable(f"the tokenizer in {models_dir} knows more pieces than the weights do")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _readable(text: str) -> str:
    """The part of a text that is read, with half characters replaced: the tokenizer refuses those."""
    return text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")


def _for_the_chosen(outputs: Tensor, shares: Tensor) -> Tensor:
    """What each token adds to the chosen label above what it adds to the others on average."""
    chosen = outputs.argmax(dim=1)
    above = shares - shares.mean(dim=2, keepdim=True)
    picked: Tensor = above.gather(2, chosen[:, None, None].expand(-1, above.shape[1], 1))
    return picked[..., 0]


def _weights(piece: _Piece, shares: NDArray[Any]) -> tuple[Weight, ...]:
    spans = zip(piece.spans, shares[: len(piece.ids)], strict=True)
    return tuple(Weight(start, end, float(share)) for (start, end), share in spans if end > start)
