"""Running average of a network's weights."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn


class Average:
    """Exponential moving average of the parameters; buffers are copied.

    The decay rises with the steps, min(decay, (1 + t) / (10 + t)), so that the first weights are forgotten soon.

    Args:
        network: Its present weights are the first average.
        decay: 0 = the average is the network itself.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self._decay = decay
        ours, theirs = dict(self.network.named_parameters()), dict(network.named_parameters())
        self._parameters: tuple[list[Tensor], list[Tensor]] = ([ours[name] for name in theirs], list(theirs.values()))
        own_buffers, buffers = dict(self.network.named_buffers()), dict(network.named_buffers())
        self._buffers = ([own_buffers[name] for name in buffers], list(buffers.values()))

    def decay(self, update: int) -> float:
        """Decay of the `update`-th update, counted from 1."""
        return min(self._decay, (1 + update) / (10 + update))

    @torch.no_grad()
    def update(self, update: int) -> None:
        """average <- average + (1 - decay) (weights - average)."""
        ours, theirs = self._parameters
        torch._foreach_lerp_(ours, theirs, 1 - self.decay(update))
        for own, buffer in zip(*self._buffers, strict=True):
            own.copy_(buffer)

    @torch.no_grad()
    def restore_buffers(self) -> None:
        """Gives the network its buffers of the last update back (a step that was not finite has spoiled them)."""
        for own, buffer in zip(*self._buffers, strict=True):
            buffer.copy_(own)

    def tensors(self) -> dict[str, Tensor]:
        """State dict of the average."""
        return self.network.state_dict()
