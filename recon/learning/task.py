"""What is trained: the contract between the loop and a network's own package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn


class TrainingTask(Protocol):
    """A network, its examples and its loss.

    The object is sent to worker processes (`workers` > 0), so it has to be picklable; open files lazily.
    """

    name: str
    """Name of what comes out, e.g. 'features'."""

    def network(self) -> nn.Module:
        """A freshly initialised network; the loop has seeded torch."""
        ...

    def architecture(self) -> dict[str, Any]:
        """Plain JSON values that are enough to build the network again."""
        ...

    def data(self) -> dict[str, Any]:
        """Plain JSON values for the card: which data, under which terms, how many. Part of the recipe: no folders of this machine."""
        ...

    def example(self, rng: np.random.Generator) -> Any:
        """One training example (nested dicts of tensors and numbers), a pure function of `rng`."""
        ...

    def collate(self, examples: list[Any]) -> Any:
        """A batch of the examples; `recon.learning.task.collate` is enough where all have one shape."""
        ...

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """The loss (a scalar) and what is logged besides it.

        `network` is the bare network (any method of it may be called). With precision 'bf16' all of this runs under autocast, which
        makes matrix products coarse: do geometry inside `exact()`.
        """
        ...

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Figures on data that are never trained on; the first is the score, higher is better.

        The network holds averaged weights and is in `eval` mode, without gradients. Sample pictures go into `folder`.
        """
        ...


def collate(examples: Sequence[Any]) -> Any:
    """Stacks nested dicts, tuples and lists of tensors, arrays and numbers along a new first axis; other values become lists."""
    first = examples[0]
    if isinstance(first, Tensor):
        return torch.stack(list(examples))
    if isinstance(first, np.ndarray):
        return torch.stack([torch.from_numpy(np.ascontiguousarray(example)) for example in examples])
    if isinstance(first, dict):
        return {key: collate([example[key] for example in examples]) for key in first}
    if isinstance(first, list | tuple):
        return type(first)(collate(parts) for parts in zip(*examples, strict=True))
    if isinstance(first, bool | int | float | np.generic):
        return torch.as_tensor(np.asarray(examples))
    return list(examples)


def exact(device: torch.device | str) -> torch.autocast:
    """Context in which autocast is off, for geometry: `with exact(x.device): ...`."""
    return torch.autocast(torch.device(device).type, enabled=False)
