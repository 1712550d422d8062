"""What a direct network sees of an object: crops of photographs and how the cube lies in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MAX_VIEWS = 8
"""Photographs of an object at most."""


class Views(NamedTuple):
    """Crops of B objects, at most V of each.

    Args:
        pictures: `[B, V, 4, S, S]` float32: red, green, blue and mask in [0, 1]; colours are 0 off the mask.
        projections: `[B, V, 3, 4]` float32, see `recon.direct.cube.projection`.
        there: `[B, V]` float32: 1 = a photograph, 0 = none, only filled up.
        known: `[B, V]` float32: 1 = its camera is known.
    """

    pictures: Tensor
    projections: Tensor
    there: Tensor
    known: Tensor

    def to(self, device: str | torch.device) -> Views:
        """The same on a device."""
        return Views(*(part.to(device) for part in self))


def one_object(crops: Sequence[NDArray[np.uint8]], projections: Sequence[NDArray[np.float32] | None], slots: int = 0) -> Views:
    """Views with B = 1.

    Args:
        crops: `[S, S, 4]` uint8 each.
        projections: `[3, 4]` each, None where the camera is not known.
        slots: V; as many as there are crops when 0.
    """
    count, size = len(crops), crops[0].shape[0]
    slots = slots or count
    pictures = np.zeros((1, slots, 4, size, size), np.float32)
    matrices = np.zeros((1, slots, 3, 4), np.float32)
    matrices[:, :, 2, 3] = 1.0
    known = np.zeros((1, slots), np.float32)
    for i, (crop, matrix) in enumerate(zip(crops, projections, strict=True)):
        pictures[0, i] = crop.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
        if matrix is not None:
            matrices[0, i], known[0, i] = matrix, 1
    there = (np.arange(slots) < count)[None].astype(np.float32)
    return Views(*(torch.from_numpy(part) for part in (pictures, matrices, there, known)))


def batch(objects: Sequence[Views]) -> Views:
    """Objects put together, filled up to the most views that one of them has."""
    most = max(views.there.shape[1] for views in objects)

    def filled(part: Tensor) -> Tensor:
        short = most - part.shape[1]
        return part if not short else torch.cat([part, torch.zeros_like(part[:, :1]).expand(-1, short, *part.shape[2:])], 1)

    return Views(*(torch.cat([filled(views[i]) for views in objects]) for i in range(4)))
