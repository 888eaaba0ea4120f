"""The network itself: BERT from transformers, and small heads that read its last states. Imports torch.

A head looks at the mean of all token states and at its own weighted mean of them. Because it is linear in both, what
each token adds to an output is known exactly and costs nothing to read off: that is how words are explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import torch
from torch import Tensor, nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertModel

from webcare.encoder.artefact import Floats, Shape


class Head(nn.Module):
    """Outputs of one question from the token states."""

    def __init__(self, hidden: int, labels: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(hidden))
        self.weight = nn.Parameter(torch.empty(labels, 2 * hidden).normal_(std=0.02))
        self.bias = nn.Parameter(torch.zeros(labels))

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, L, H) and mask (B, L) of 0/1 to logits (B, K) and each token's share in them (B, L, K)."""
        score = states @ self.query * states.shape[-1] ** -0.5
        look = torch.softmax(score.masked_fill(mask == 0, -1e4), dim=1) * mask
        even = mask / mask.sum(dim=1, keepdim=True)
        by_mean, by_look = self.weight.chunk(2, dim=1)
        shares = (states @ by_mean.T) * even[..., None] + (states @ by_look.T) * look[..., None]
        return shares.sum(dim=1) + self.bias, shares


class Network(nn.Module):
    """Encoder and heads. `heads` maps a head's name to its number of labels."""

    def __init__(self, shape: Shape, heads: Mapping[str, int], *, dropout: float = 0.0) -> None:
        super().__init__()
        self.bert = BertModel(bert_config(shape, dropout=dropout), add_pooling_layer=False)
        self.heads = nn.ModuleDict({name: Head(shape.hidden_size, count) for name, count in heads.items()})

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token ids (B, L) and mask (B, L) to the last states (B, L, H) in fp32."""
        # The mask is always handed over ready-made: left to itself the library drops it for batches without
        # padding and takes another kernel, and a text's result would depend on its neighbours.
        bias = (1.0 - mask)[:, None, None, :] * -1e4
        found = self.bert(input_ids=ids, attention_mask=bias.to(self.bert.dtype))
        states: Tensor = found.last_hidden_state
        return states.float()

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Give mean-pooled embeddings (B, H), not normalised, and the logits of each head."""
        states = self.states(ids, mask)
        return pooled(states, mask), {name: head(states, mask)[0] for name, head in self.heads.items()}


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """The mean of the states that are text."""
    return (states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def bert_config(shape: Shape, *, dropout: float = 0.0) -> BertConfig:
    """The library's configuration of our encoder."""
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
