"""The search in a generator's latent space that inversions share (Zhu et al. 2016)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from generative.samplers.protocols import OnStep

SEARCH = 0.5
"""Part of the steps that goes into finding the classes."""
RATE = 0.1
"""Of Adam."""


def find_latents(
    make: Callable[[Tensor, Tensor], Tensor],
    misfit: Callable[[Tensor], Tensor],
    of_each: Callable[[Tensor], Tensor],
    begin: Tensor,
    classes: int,
    steps: int,
    on_step: OnStep,
) -> tuple[Tensor, Tensor]:
    """`argmin misfit(make(z, c)) + ‖z‖²` over z by Adam, and over the classes c by trying each for a while.

    Args:
        make: Latents `[P, latent]` and classes `[P]` to a signal.
        misfit: A signal to how badly it explains what was measured; any shape, the sum counts.
        of_each: A misfit to what each latent has to answer for, `[P]`.
        begin: Where z begins, `[P, latent]`.
        classes: How many there are.
        steps: Of Adam altogether; at least one for each class and one more.
        on_step: Told of every step; an exception from it ends the search.

    Returns:
        The latents `[P, latent]` and their classes `[P]`.
    """
    trial = max(round(SEARCH * steps / classes), 1)
    total, done = max(steps, classes * trial + 1), 0

    def search(start: Tensor, labels: Tensor, count: int) -> Tensor:
        """Better z for these classes."""
        nonlocal done
        z = start.clone().requires_grad_(True)
        adam = torch.optim.Adam([z], RATE)
        for _ in range(count):
            x = make(z, labels)
            adam.zero_grad()
            (misfit(x).sum() + z.square().sum()).backward()
            adam.step()
            done += 1
            on_step(done, total, x.detach())
        return z.detach()

    places = torch.arange(len(begin), device=begin.device)
    tried = []
    for c in range(classes):
        labels = torch.full_like(places, c)
        z = search(begin, labels, trial)
        with torch.no_grad():
            tried.append((of_each(misfit(make(z, labels))) + z.square().sum(1), z))
    labels = torch.stack([left for left, _ in tried]).argmin(0)
    z = torch.stack([z for _, z in tried])[labels, places]
    return search(z, labels, total - done), labels
