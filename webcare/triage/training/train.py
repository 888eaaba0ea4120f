"""Teaches one encoder all questions at once, without letting it forget what texts mean.

Every row teaches the heads it has labels for. Beside that the encoder keeps to the sentence embeddings of the base it
came from, because search, note comparison and incident detection use the same weights. Word embeddings stay frozen.
A run is seeded, shows its progress, and goes on from its last checkpoint when it was interrupted.
"""

from __future__ import annotations

import logging
import math
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from webcare.domain import Urgency
from webcare.encoder.engine import best_precision, padded_length
from webcare.encoder.network import Network, pooled
from webcare.errors import SettingsError
from webcare.triage.training.agent_text import TRAINED_HEADS
from webcare.triage.training.base import PREFIX, Base
from webcare.triage.training.data import Row, roughen

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_log = logging.getLogger(__name__)

#: What a mistake of each head counts. Urgency and topic are hardest and matter most to the desk.
HEAD_WEIGHT = {
    "sentiment": 1.0,
    "urgency": 1.3,
    "topic": 1.5,
    "needs_reply": 0.5,
    "route": 0.7,
    "language": 0.25,
    "agent_text": 1.0,
    "said_again": 1.0,
    "humour": 1.0,
}
#: The file in a run's folder with the sentence embeddings it keeps to.
GOALS = "goals.npy"
_SMOOTHING = 0.05
_ORDINAL = 0.4  # weight of the squared distance on the urgency scale
_NO_LABEL = -100


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run may be told; the same plan, rows and base give the same weights on one machine."""

    epochs: int = 4
    tokens_a_batch: int = 2_048
    max_tokens: int = 96
    learning_rate: float = 5e-5
    head_rate: float = 1e-3
    layer_decay: float = 0.9
    warm_up: float = 0.06
    weight_decay: float = 0.01
    dropout: float = 0.1
    average: float = 0.995  #: the shipped weights are a running mean over the steps; this share of it stays each step
    faithful: float = 1.0  #: weight of staying close to the base's sentence embeddings
    seed: int = 11
    threads: int = 2
    save_every: int = 200
    steps: int = 0  #: stop after so many steps; 0 = when the epochs are done


@dataclass(frozen=True, slots=True)
class _Batch:
    ids: Tensor
    mask: Tensor
    labels: dict[str, Tensor]
    weights: Tensor
    rows: list[int]


def train(
    base: Base, rows: Sequence[Row], plan: Plan, work: Path, *, start: Mapping[str, Tensor] | None = None
) -> Network:
    """Run the plan over the rows and give the trained network; `work` holds checkpoints and the base's embeddings.

    `start` is the state of an earlier network on the same base to go on from; a head it lacks starts anew.
    Raises SettingsError where it belongs to another shape.
    """
    torch.set_num_threads(plan.threads)
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = base.tokenizer()
    goals = base_embeddings(base, tokenizer, [row.text for row in rows], work / GOALS)
    run = _Run(base, rows, goals, tokenizer, plan, work)
    if start is not None:
        run.start_from(start)
    run.resume()
    run.go()
    return run.averaged()


def start_network(base: Base, *, dropout: float = 0.0) -> Network:
    """The base with new heads."""
    network = Network(base.shape, {head: len(names) for head, names in TRAINED_HEADS.items()}, dropout=dropout)
    given = {name: torch.from_numpy(np.array(tensor)) for name, tensor in base.tensors.items()}
    network.bert.load_state_dict(given, strict=True)
    network.bert.embeddings.requires_grad_(False)
    return network


def base_embeddings(base: Base, tokenizer: Tokenizer, texts: Sequence[str], cache: Path) -> Tensor:
    """Sentence embeddings (N, H) of length 1 as the untouched base makes them; kept in a file for a resumed run."""
    if cache.exists():
        kept = np.load(cache)
        if kept.shape == (len(texts), base.shape.hidden_size):
            return torch.from_numpy(kept).float()
    network = start_network(base).eval()
    found = np.zeros((len(texts), base.shape.hidden_size), dtype=np.float16)
    encoded = [encoding.ids[:96] for encoding in tokenizer.encode_batch([PREFIX + text for text in texts])]
    order = sorted(range(len(texts)), key=lambda at: len(encoded[at]))
    progress = _Progress("reading the base", len(texts))
    with torch.inference_mode(), _autocast():
        for start in range(0, len(order), 64):
            members = order[start : start + 64]
            ids, mask = _padded([encoded[at] for at in members], base.shape.pad_token_id)
            rows = functional.normalize(pooled(network.read(ids, mask), mask), dim=1)
            found[members] = rows.float().numpy()
            progress.tell(start + len(members))
    partial = cache.with_suffix(".partial.npy")
    np.save(partial, found)
    os.replace(partial, cache)
    return torch.from_numpy(found).float()


class _Run:
    def __init__(
        self, base: Base, rows: Sequence[Row], goals: Tensor, tokenizer: Tokenizer, plan: Plan, work: Path
    ) -> None:
        torch.manual_seed(plan.seed)
        self.network = start_network(base, dropout=plan.dropout).train()
        self._rows, self._goals, self._tokenizer, self._plan = rows, goals, tokenizer, plan
        self._pad = base.shape.pad_token_id
        self._checkpoint = work / "checkpoint.pt"
        self._done = 0
        self._total = plan.steps or plan.epochs * len(self._lengths(0)[1])
        self._optimizer = torch.optim.AdamW(
            _groups(self.network, plan), betas=(0.9, 0.98), weight_decay=plan.weight_decay
        )
        self._rates = [group["lr"] for group in self._optimizer.param_groups]
        self._trained: list[Tensor] = [weight for weight in self.network.parameters() if weight.requires_grad]
        self._mean = [weight.detach().clone() for weight in self._trained]

    def start_from(self, state: Mapping[str, Tensor]) -> None:
        """Take up the weights of an earlier network."""
        try:
            found = self.network.load_state_dict(state, strict=False)
        except RuntimeError as error:
            raise SettingsError(f"the weights to start from have another shape: {error}") from error
        absent = [name for name in found.missing_keys if not name.startswith("heads.")]
        if absent or found.unexpected_keys:
            raise SettingsError(f"the weights to start from do not fit: {[*absent, *found.unexpected_keys][:5]}")
        self._mean = [weight.detach().clone() for weight in self._trained]

    def averaged(self) -> Network:
        """The network with the running mean of its weights, which errs less than those of any one step."""
        with torch.no_grad():
            for weight, mean in zip(self._trained, self._mean, strict=True):
                weight.copy_(mean)
        return self.network.eval()

    def go(self) -> None:
        """Take the steps that are left."""
        progress = _Progress("training", self._total, self._done)
        losses: list[float] = []
        for batch in self._batches():
            losses.append(self._step(batch))
            self._done += 1
            progress.tell(self._done, f"loss {np.mean(losses[-100:]):.3f}")
            if self._done % self._plan.save_every == 0 or self._done == self._total:
                self._save()
            if self._done >= self._total:
                return

    def resume(self) -> None:
        """Take up the last checkpoint of the same plan, if there is one."""
        if not self._checkpoint.exists():
            return
        kept = torch.load(self._checkpoint, weights_only=True)
        if kept["plan"] != asdict(self._plan) or kept["rows"] != len(self._rows):
            _log.warning("%s belongs to another plan or other rows; starting anew", self._checkpoint)
            return
        self.network.load_state_dict(kept["network"])
        self._optimizer.load_state_dict(kept["optimizer"])
        self._mean = kept["mean"]
        torch.set_rng_state(kept["chance"])
        self._done = kept["done"]
        _log.info("going on from step %d", self._done)

    def _save(self) -> None:
        partial = self._checkpoint.with_suffix(".partial")
        kept = {
            "plan": asdict(self._plan),
            "rows": len(self._rows),
            "network": self.network.state_dict(),
            "mean": self._mean,
            "optimizer": self._optimizer.state_dict(),
            "chance": torch.get_rng_state(),
            "done": self._done,
        }
        torch.save(kept, partial)
        os.replace(partial, self._checkpoint)

    def _step(self, batch: _Batch) -> float:
        self._set_rates()
        with _autocast():
            states = self.network.read(batch.ids, batch.mask)
        loss = self._loss(states, batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self._remember()
        return float(loss.detach())

    def _remember(self) -> None:
        # Few steps in, the mean still holds weights that knew nothing; it forgets those faster.
        kept = min(self._plan.average, (1 + self._done) / (10 + self._done))
        with torch.no_grad():
            torch._foreach_lerp_(self._mean, self._trained, 1 - kept)

    def _set_rates(self) -> None:
        warm = max(1, int(self._total * self._plan.warm_up))
        left = max(0.0, (self._total - self._done) / max(1, self._total - warm))
        share = (self._done + 1) / warm if self._done < warm else left
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * min(1.0, share)

    def _loss(self, states: Tensor, batch: _Batch) -> Tensor:
        total = states.new_zeros(())
        for name, head in self.network.heads.items():
            logits, _ = head(states, batch.mask)
            total = total + HEAD_WEIGHT[name] * head_loss(name, logits, batch.labels[name], batch.weights)
        embeddings = functional.normalize(pooled(states, batch.mask), dim=1)
        return total + self._plan.faithful * faithful_loss(embeddings, self._goals[batch.rows])

    def _lengths(self, epoch: int) -> tuple[list[list[int]], list[list[int]]]:
        """Token ids of every row as this epoch's hand types it, and the rows of each batch."""
        chance = random.Random(f"{self._plan.seed}-{epoch}")
        texts = [roughen(row.text, chance) for row in self._rows]
        ids = [_cut(encoding.ids, self._plan.max_tokens) for encoding in self._tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda at: (padded_length(len(ids[at])), chance.random()))
        batches: list[list[int]] = []
        for at in order:
            length = padded_length(len(ids[at]))
            if not batches or length * (len(batches[-1]) + 1) > self._plan.tokens_a_batch:
                batches.append([])
            batches[-1].append(at)
        chance.shuffle(batches)
        return ids, batches

    def _batches(self) -> Iterator[_Batch]:
        step, epoch = 0, 0
        while step < self._total:
            ids, batches = self._lengths(epoch)
            for members in batches:
                if step >= self._done:
                    yield self._batch(members, [ids[at] for at in members])
                step += 1
            epoch += 1

    def _batch(self, members: list[int], ids: list[list[int]]) -> _Batch:
        padded, mask = _padded(ids, self._pad)
        rows = [self._rows[at] for at in members]
        labels = {head: torch.tensor([_index(row, head) for row in rows]) for head in TRAINED_HEADS}
        return _Batch(padded, mask, labels, torch.tensor([row.weight for row in rows]), members)


def head_loss(name: str, logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross-entropy of the rows that have a label; on the urgency scale a far miss costs more."""
    known = labels != _NO_LABEL
    if not bool(known.any()):
        return logits.sum() * 0.0
    logits, labels, weights = logits[known], labels[known], weights[known]
    losses = functional.cross_entropy(logits, labels, reduction="none", label_smoothing=_SMOOTHING)
    if name == "urgency":
        scale = torch.arange(len(Urgency), dtype=logits.dtype)
        apart = (scale[None] - labels[:, None]) ** 2
        losses = losses + _ORDINAL * (torch.softmax(logits, dim=1) * apart).sum(dim=1)
    return (losses * weights).sum() / weights.sum().clamp(min=1.0)


def faithful_loss(embeddings: Tensor, goals: Tensor) -> Tensor:
    """How far the sentence embeddings (B, H) have moved from the base's, one by one and among each other."""
    apart = (1 - (embeddings * goals).sum(dim=1)).mean()
    if len(embeddings) < 3:
        return apart
    # E5's cosines live between 0.7 and 1; a low temperature spreads them out.
    ours, theirs = embeddings @ embeddings.T / 0.05, goals @ goals.T / 0.05
    own = torch.eye(len(embeddings), dtype=torch.bool)
    ours, theirs = ours.masked_fill(own, -1e4), theirs.masked_fill(own, -1e4)
    among = functional.kl_div(
        functional.log_softmax(ours, dim=1),
        functional.log_softmax(theirs, dim=1),
        log_target=True,
        reduction="batchmean",
    )
    return apart + among


def _groups(network: Network, plan: Plan) -> list[dict[str, Any]]:
    """Later layers learn faster than earlier ones, and new heads much faster than either."""
    layers = network.bert.config.num_hidden_layers
    groups: list[dict[str, Any]] = [{"params": list(network.heads.parameters()), "lr": plan.head_rate}]
    for at, layer in enumerate(network.bert.encoder.layer):
        rate = plan.learning_rate * plan.layer_decay ** (layers - 1 - at)
        groups.append({"params": list(layer.parameters()), "lr": rate})
    return groups


def _index(row: Row, head: str) -> int:
    label = row.labels.get(head)
    return _NO_LABEL if label is None else TRAINED_HEADS[head].index(label)


def _cut(ids: list[int], most: int) -> list[int]:
    return ids if len(ids) <= most else ids[: most * 3 // 4] + ids[most * 3 // 4 - most :]


def _padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    length = padded_length(max(len(row) for row in rows))
    ids = torch.full((len(rows), length), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), length))
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = 1.0
    return ids, mask


def _autocast() -> torch.autocast:
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=best_precision("cpu") == "bf16")


class _Progress:
    def __init__(self, what: str, total: int, done: int = 0) -> None:
        self._what, self._total, self._first = what, total, done
        self._began = self._told = time.monotonic()

    def tell(self, done: int, more: str = "") -> None:
        now = time.monotonic()
        if now - self._told < 10 and done < self._total:
            return
        self._told = now
        left = (now - self._began) / max(1, done - self._first) * (self._total - done)
        _log.info("%s: %d of %d, %s left %s", self._what, done, self._total, _clock(left), more)


def _clock(seconds: float) -> str:
    return f"{math.ceil(seconds / 60)} min" if seconds > 90 else f"{seconds:.0f} s"
