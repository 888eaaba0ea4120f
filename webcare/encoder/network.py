"""The network as it is defined and trained: BERT from transformers, with our heads on its last states.

Only training and comparisons make one: transformers takes seconds to import, and is imported then. What a desk runs is
`lean`, which does the same arithmetic with the same weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from webcare.encoder.artefact import Floats, Shape
from webcare.encoder.heads import Head, masked_bias, pooled

if TYPE_CHECKING:
    from transformers.models.bert.configuration_bert import BertConfig

__all__ = ["Network", "bert_config", "build", "pooled"]


class Network(nn.Module):
    """Encoder and heads. `heads` maps a head's name to its number of labels."""

    def __init__(self, shape: Shape, heads: Mapping[str, int], *, dropout: float = 0.0) -> None:
        from transformers.models.bert.modeling_bert import BertModel

        super().__init__()
        self.bert = BertModel(bert_config(shape, dropout=dropout), add_pooling_layer=False)
        self.heads = nn.ModuleDict({name: Head(shape.hidden_size, count) for name, count in heads.items()})

    @property
    def device(self) -> torch.device:
        """Where token ids and masks must be handed over."""
        return next(self.parameters()).device

    def states(self, batches: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Token ids (B, L) and mask (B, L) of each batch to its last states (B, L, H) in fp32."""
        return [self.read(ids, mask) for ids, mask in batches]

    def read(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token ids (B, L) and mask (B, L) of one batch to its last states (B, L, H) in fp32."""
        # The mask is always handed over ready-made: left to itself the library drops it for batches without
        # padding and takes another kernel, and a text's result would depend on its neighbours.
        found = self.bert(input_ids=ids, attention_mask=masked_bias(mask).to(self.bert.dtype))
        states: Tensor = found.last_hidden_state
        return states.float()

    def answers(self, states: Tensor, mask: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Logits (B, K) of each head and each token's share in them (B, L, K)."""
        return {name: head(states, mask) for name, head in self.heads.items()}

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Give mean-pooled embeddings (B, H), not normalised, and the logits of each head."""
        states = self.read(ids, mask)
        return pooled(states, mask), {name: outputs for name, (outputs, _) in self.answers(states, mask).items()}


def bert_config(shape: Shape, *, dropout: float = 0.0) -> BertConfig:
    """The library's configuration of our encoder."""
    from transformers.models.bert.configuration_bert import BertConfig

    return BertConfig(
        **asdict(shape), hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, hidden_act="gelu"
    )


def build(shape: Shape, heads: Mapping[str, int], tensors: Mapping[str, Floats]) -> Network:
    """A network holding exactly these tensors, without ever filling it with random numbers first.

    Raises ValueError naming tensors that are missing, left over or of the wrong size.
    """
    with torch.device("meta"):
        network = Network(shape, heads)
    given = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
    try:
        network.load_state_dict(given, strict=True, assign=True)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    embeddings = network.bert.embeddings
    embeddings.position_ids = torch.arange(shape.max_position_embeddings)[None]
    embeddings.token_type_ids = torch.zeros_like(embeddings.position_ids)
    return network.eval().requires_grad_(False)
