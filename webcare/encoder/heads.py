"""The questions asked of a text: small heads that read the encoder's last states. Imports torch, not transformers.

A head looks at the mean of all token states and at its own weighted mean of them. Because it is linear in both, what
each token adds to an output is known exactly and costs nothing to read off: that is how words are explained.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """The mean of the states that are text: (B, L, H) and (B, L) to (B, H)."""
    return (states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def masked_bias(mask: Tensor) -> Tensor:
    """What attention adds to the scores of tokens (B, L): 0 for text, far below zero for padding; (B, 1, 1, L)."""
    return (1.0 - mask)[:, None, None, :] * -1e4
