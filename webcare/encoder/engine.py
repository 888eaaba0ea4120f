"""Runs the network over any number of texts with bounded memory. Loads torch on first use, not on import.

A text's result depends on that text alone: it is computed at a length that follows from its own tokens, it shares a
batch only with texts of that length, and results come back in the order of the texts. So does the choice of precision:
which texts are read again in fp32 follows from what bf16 said of each (see `PRECISIONS` and docs/adr/0007).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from webcare.encoder.artefact import Artefact, Card, read_artefact
from webcare.encoder.decision import is_close
from webcare.errors import ModelUnusable

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from torch import Tensor, device, dtype

Floats = NDArray[np.float32]

#: - fp32 everywhere;
#: - checked: bf16, and again in fp32 where bf16 leaves a label in doubt: the labels of fp32, nearly twice as fast;
#: - bf16 and fp16 unchecked; on triage-2026.11 bf16 alone gives another label to 9 texts in 1,000;
#: - auto: checked where the processor multiplies in bf16, else fp32; fp16 on a GPU.
PRECISIONS = ("auto", "fp32", "checked", "bf16", "fp16")
#: - lean: our own arithmetic; - transformers: the library's, slower, to compare with; - auto: lean.
ENGINES = ("auto", "lean", "transformers")

#: Characters of a text that are read at all; far more than `max_tokens` can hold, so that cutting costs nothing.
MAX_CHARS = 20_000
#: Texts tokenised at a time; bounds memory, long enough to find company of equal length.
WINDOW = 2_048
#: Of a text that is too long this share of its tokens comes from the start, the rest from the end.
_HEAD_SHARE = 0.75
#: A batch of `batch_size` texts of this many tokens sets how many tokens one pass may hold.
_TYPICAL_TOKENS = 32
#: Each worker holds the states of its pass; more workers gain little, they share one interpreter.
_MOST_WORKERS = 8


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


class Reader(Protocol):
    """A network that can be run: `lean.Lean`, or `network.Network` as training left it. Safe to share."""

    @property
    def device(self) -> device:
        """Where token ids and masks must be handed over."""

    def states(self, batches: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Token ids (B, L) and mask (B, L) of 0/1 of each batch to its last states (B, L, H) in fp32."""

    def answers(self, states: Tensor, mask: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Logits (B, K) of each head and each token's share in them (B, L, K)."""


@dataclass(frozen=True, slots=True)
class _Piece:
    at: int  #: the text's place in the window
    ids: list[int]
    spans: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Batch:
    length: int  #: tokens that each of the texts is computed at
    pieces: list[_Piece]


class Encoder:
    """A trained network, its tokenizer and its card. Safe to share between threads.

    Many texts are read by several workers, a pass each: two small matrix products beside each other take less time
    than one after the other on two threads each. A single pass runs where it was asked for, on all threads.
    """

    def __init__(
        self,
        card: Card,
        network: Reader,
        tokenizer: Tokenizer,
        *,
        precision: str,
        batch_size: int,
        exact: Reader | None = None,
        length_of: Callable[[int], int] | None = None,
        workers: ThreadPoolExecutor | None = None,
    ) -> None:
        """`exact` reads again what `network` leaves in doubt; `length_of` gives the length for a number of tokens.

        `workers` share the passes of a window; without them one pass runs at a time.
        """
        self.card = card
        self.precision = precision
        self.reread = 0  #: texts that `exact` has read so far
        self._network = network
        self._exact = exact
        self._length_of = length_of or padded_length
        self._tokenizer = tokenizer
        self._tokens_a_pass = batch_size * _TYPICAL_TOKENS
        self._workers = workers
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        models_dir: Path,
        *,
        batch_size: int = 32,
        threads: int | None = None,
        precision: str = "auto",
        device: str = "auto",
        engine: str = "auto",
    ) -> Encoder:
        """Load the model in force. Raises ModelMissing or ModelUnusable, and ValueError for words not known here.

        `precision` is one of PRECISIONS, `engine` one of ENGINES, `device` what torch calls one, or auto. `threads`
        sets torch's threads for the whole process; None means OMP_NUM_THREADS, or one for each processor this process
        may use.
        """
        if precision not in PRECISIONS or engine not in ENGINES:
            raise ValueError(f"precision is one of {PRECISIONS} and engine one of {ENGINES}")
        artefact = read_artefact(models_dir)
        import torch

        threads = threads or _usual_threads()
        torch.set_num_threads(threads)
        where = _device(device)
        precision = usual_precision(where) if precision == "auto" else precision
        tokenizer = _tokenizer(artefact, models_dir)
        networks = (_library if engine == "transformers" else _lean)(artefact, models_dir, precision, where)
        return cls(
            artefact.card,
            networks[0],
            tokenizer,
            precision=precision,
            batch_size=batch_size,
            exact=networks[1] if precision == "checked" else None,
            # On a processor texts of one length need no padding; a GPU wants fewer, larger batches.
            length_of=int if engine != "transformers" and where == "cpu" else padded_length,
            workers=_workers(threads) if where == "cpu" else None,
        )

    def embed(self, texts: Sequence[str]) -> Floats:
        """Sentence embeddings, one row of length 1 a text; their dot products are cosines."""
        width = self.card.shape.hidden_size
        rows = [encoded.embedding for encoded in self.encode(texts)]
        return np.stack(rows) if rows else np.zeros((0, width), dtype=np.float32)

    def encode(
        self, texts: Iterable[str], *, explain: Sequence[str] = (), for_labels: bool = True
    ) -> Iterator[Encoded]:
        """Embedding and logits of each text, in order; takes a window of texts at a time.

        `explain` names heads whose chosen labels the words are weighed for, added together. `for_labels` False reads
        nothing again: for who wants embeddings, and no label that could tip.
        """
        source = iter(texts)
        while window := list(islice(source, WINDOW)):
            yield from self._window(window, explain, for_labels)

    def _window(self, texts: list[str], explain: Sequence[str], for_labels: bool) -> list[Encoded]:
        pieces = self._pieces(texts)
        found = self._read(self._network, pieces, explain)
        if for_labels and self._exact and (doubtful := [pieces[at] for at in self._doubtful(found)]):
            self.reread += len(doubtful)
            found |= self._read(self._exact, doubtful, explain)
        return [found[at] for at in range(len(texts))]

    def _doubtful(self, found: dict[int, Encoded]) -> list[int]:
        logits = {head: np.stack([found[at].logits[head] for at in range(len(found))]) for head in self.card.labels}
        return [int(at) for at in np.flatnonzero(is_close(self.card, logits))]

    def _read(self, network: Reader, pieces: list[_Piece], explain: Sequence[str]) -> dict[int, Encoded]:
        """What a network says of each piece, by its place in the window."""
        passes = list(self._passes(pieces))
        run = partial(self._pass, network, explain)
        if self._workers and len(passes) > 1:
            return {at: encoded for found in self._workers.map(run, passes) for at, encoded in found}
        found: dict[int, Encoded] = {}
        for batches in passes:
            with self._lock:
                found.update(run(batches))
        return found

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

    def _passes(self, pieces: list[_Piece]) -> Iterator[list[_Batch]]:
        """Batches of texts of one length, as many together as one pass may hold."""
        by_length: dict[int, list[_Piece]] = {}
        for piece in pieces:
            by_length.setdefault(self._length_of(len(piece.ids)), []).append(piece)
        together: list[_Batch] = []
        room = self._tokens_a_pass
        for length, same in sorted(by_length.items(), reverse=True):
            while same:
                taken, same = same[: max(1, room // length)], same[max(1, room // length) :]
                together.append(_Batch(length, taken))
                room -= length * len(taken)
                if room < length:
                    yield together
                    together, room = [], self._tokens_a_pass
        if together:
            yield together

    def _pass(self, network: Reader, explain: Sequence[str], batches: list[_Batch]) -> list[tuple[int, Encoded]]:
        import torch

        with torch.inference_mode():
            given = [self._tensors(batch, network.device) for batch in batches]
            states = network.states(given)
            asked = zip(batches, states, given, strict=True)
            return [row for batch, found, (_, mask) in asked for row in _rows(network, batch, found, mask, explain)]

    def _tensors(self, batch: _Batch, where: device) -> tuple[Tensor, Tensor]:
        """Token ids (B, L) and mask (B, L) of 0/1."""
        import torch

        ids = np.full((len(batch.pieces), batch.length), self.card.shape.pad_token_id, dtype=np.int64)
        mask = np.zeros(ids.shape, dtype=np.float32)
        for row, piece in enumerate(batch.pieces):
            ids[row, : len(piece.ids)] = piece.ids
            mask[row, : len(piece.ids)] = 1.0
        return torch.from_numpy(ids).to(where), torch.from_numpy(mask).to(where)


def _rows(
    network: Reader, batch: _Batch, states: Tensor, mask: Tensor, explain: Sequence[str]
) -> Iterator[tuple[int, Encoded]]:
    """Each text's place in the window and what its states (B, L, H) say."""
    embeddings, logits, shares = _told(network, states, mask, explain)
    for row, piece in enumerate(batch.pieces):
        weights = _weights(piece, shares[row]) if explain else ()
        yield piece.at, Encoded(embeddings[row], {head: values[row] for head, values in logits.items()}, weights)


def _told(
    network: Reader, states: Tensor, mask: Tensor, explain: Sequence[str]
) -> tuple[Floats, dict[str, Floats], Floats]:
    """States (B, L, H) and mask (B, L) to embeddings (B, H), logits (B, K) of each head and tokens' weights (B, L)."""
    from torch.nn.functional import normalize

    from webcare.encoder.heads import pooled

    logits: dict[str, Floats] = {}
    weighed = mask.new_zeros(mask.shape)
    for name, (outputs, shares) in network.answers(states, mask).items():
        logits[name] = outputs.cpu().numpy()
        if name in explain:
            weighed = weighed + _for_the_chosen(outputs, shares)
    embeddings = normalize(pooled(states, mask), dim=1)
    return embeddings.cpu().numpy(), logits, weighed.cpu().numpy()


def padded_length(tokens: int) -> int:
    """The length a text of so many tokens is computed at: steps of 8, then 16, then 32."""
    step = 8 if tokens <= 64 else 16 if tokens <= 128 else 32
    return -(-tokens // step) * step


def usual_precision(device: str) -> str:
    """The fastest precision whose labels are those of fp32, but for fewer than 5 texts in 1,000."""
    if device != "cpu":
        return "fp16"
    return "checked" if best_precision(device) == "bf16" else "fp32"


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


def _workers(threads: int) -> ThreadPoolExecutor | None:
    """Threads that read beside each other and share the processors: torch's setting holds for each thread alone."""
    import torch

    count = min(threads, _MOST_WORKERS)
    if count < 2:
        return None
    ready = threading.Barrier(count + 1)

    def begin() -> None:
        torch.set_num_threads(threads // count)
        ready.wait()

    workers = ThreadPoolExecutor(count, "reading", initializer=begin)
    for _ in range(count):
        workers.submit(int)
    ready.wait()
    torch.set_num_threads(threads)  # what other threads, made later, begin with
    return workers


def _device(wanted: str) -> str:
    import torch

    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def _lean(artefact: Artefact, models_dir: Path, precision: str, device: str) -> Sequence[Reader]:
    from webcare.encoder.lean import build

    heads = {head: len(names) for head, names in artefact.card.labels.items()}
    try:
        return build(artefact.card.shape, heads, artefact.tensors, kinds=_kinds(precision), device=device)
    except ValueError as error:
        raise ModelUnusable(f"the weights in {models_dir} do not fit their description: {error}") from error


def _library(artefact: Artefact, models_dir: Path, precision: str, device: str) -> Sequence[Reader]:
    from webcare.encoder.network import build

    heads = {head: len(names) for head, names in artefact.card.labels.items()}
    try:
        networks = [build(artefact.card.shape, heads, artefact.tensors) for _ in _kinds(precision)]
    except ValueError as error:
        raise ModelUnusable(f"the weights in {models_dir} do not fit their description: {error}") from error
    for network, kind in zip(networks, _kinds(precision), strict=True):
        network.bert.to(kind)
    return [network.to(device) for network in networks]


def _kinds(precision: str) -> tuple[dtype, ...]:
    """What matrix products are computed in: first for every text, then for those in doubt."""
    import torch

    kinds = {"fp32": (torch.float32,), "bf16": (torch.bfloat16,), "fp16": (torch.float16,)}
    return kinds.get(precision, (torch.bfloat16, torch.float32))


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
