"""How matrices are kept small on disk. Two ways, told apart by the dimensions of their scales:

- rows: each weight in twelve bits, one fp32 scale a row. Eight bits are not enough for a triage model: measured on
  ours, they changed a label in several of a hundred texts, most of all where two labels were about as likely.
- blocks: four bits a weight and one fp16 scale for 32 of them, only where that brings back every weight exactly. So
  are word embeddings that came from a 4-bit base and stayed as they were.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_MOST = 2047  # twelve bits, as far below zero as above
_BLOCK = 32


def can_pack(matrix: Floats) -> bool:
    """Whether this is a matrix whose columns come in pairs."""
    return matrix.ndim == 2 and matrix.shape[1] % 2 == 0


def pack(matrix: Floats) -> tuple[Bytes, NDArray[Any]]:
    """The bytes of a matrix and the scales that `unpack` needs."""
    return as_blocks(matrix) or as_rows(matrix)


def unpack(stored: Bytes, scale: NDArray[Any]) -> Floats:
    """The matrix that `pack` stored. Raises ValueError when the two do not belong together."""
    return _from_blocks(stored, scale) if scale.ndim == 2 else _from_rows(stored, scale)


# --- rows -------------------------------------------------------------------------------------------


def as_rows(matrix: Floats) -> tuple[Bytes, Floats]:
    """Three bytes for two weights, and one scale a row."""
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-12).astype(np.float32) / np.float32(_MOST)
    levels = np.clip(np.rint(matrix / scale[:, None]), -_MOST, _MOST).astype(np.int16) + (_MOST + 1)
    first, second = levels[:, 0::2], levels[:, 1::2]
    parts = np.stack([first & 255, (first >> 8) | ((second & 15) << 4), second >> 4], axis=2)
    return parts.astype(np.uint8).reshape(len(matrix), -1), scale


def _from_rows(stored: Bytes, scale: NDArray[Any]) -> Floats:
    parts = stored.reshape(len(scale), -1, 3).astype(np.int16)
    wide = np.empty((*parts.shape[:2], 2), dtype=np.float32)
    wide[..., 0] = parts[..., 0] | ((parts[..., 1] & 15) << 8)
    wide[..., 1] = (parts[..., 1] >> 4) | (parts[..., 2] << 4)
    wide -= _MOST + 1
    wide *= scale[:, None, None]
    return wide.reshape(len(scale), -1)


# --- blocks -----------------------------------------------------------------------------------------


def as_blocks(matrix: Floats) -> tuple[Bytes, NDArray[np.float16]] | None:
    """Half a byte a weight and a scale a block, or None where a single weight would come back changed."""
    if matrix.shape[1] % _BLOCK:
        return None
    blocks = matrix.reshape(-1, _BLOCK)
    # Most matrices fail in their first row already.
    found = _levels(blocks[: matrix.shape[1] // _BLOCK]) and _levels(blocks)
    if not found:
        return None
    levels, scale = found
    pairs = (levels + 8).astype(np.uint8).reshape(len(matrix), -1, 2)
    packed = (pairs[..., 0] | (pairs[..., 1] << 4)).astype(np.uint8)
    return packed, scale.reshape(len(matrix), -1)


def snap(matrix: Floats) -> Floats:
    """The nearest matrix that `as_blocks` can hold; one that it can hold already stays as it is."""
    if matrix.shape[1] % _BLOCK or as_blocks(matrix):
        return matrix
    blocks = matrix.reshape(-1, _BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)
    scale = (largest / -8).astype(np.float16).astype(np.float32)
    levels = np.clip(np.rint(blocks / np.where(scale, scale, 1)), -8, 7)
    return (levels * scale).astype(np.float32).reshape(matrix.shape)


def _levels(blocks: Floats) -> tuple[NDArray[np.int8], NDArray[np.float16]] | None:
    """Whole numbers from -8 to 7 (N, 32) and the scales (N,) whose products are exactly these weights."""
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)[:, 0]
    levels = np.zeros(blocks.shape, dtype=np.int8)
    scales = np.zeros(len(blocks), dtype=np.float16)
    left = np.flatnonzero(largest)
    for step in (-8, *range(7, 0, -1), *range(-7, 0)):  # the level that the largest weight may stand on
        scale = (largest[left] / step).astype(np.float16)
        wide = scale.astype(np.float32)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            tried = np.rint(blocks[left] / wide)
        exact = ((tried >= -8) & (tried <= 7) & (tried * wide == blocks[left])).all(axis=1)
        levels[left[exact]], scales[left[exact]] = tried[exact], scale[exact]
        left = left[~exact]
        if not len(left):
            return levels, scales
    return None


def _from_blocks(stored: Bytes, scale: NDArray[Any]) -> Floats:
    wide = np.empty((*stored.shape, 2), dtype=np.float32)
    wide[..., 0], wide[..., 1] = stored & 15, stored >> 4
    wide -= 8
    blocks = wide.reshape(*scale.shape, _BLOCK)
    blocks *= scale[..., None].astype(np.float32)
    return blocks.reshape(len(scale), -1)
