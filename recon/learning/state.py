"""All that a run needs to go on as if it had not been interrupted, in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from recon.errors import WeightsError
from recon.learning.ema import Average
from recon.learning.weights import load_into, read_tensors, write_tensors

MAX_BYTES = 8 << 30


@dataclass
class Progress:
    """How far a run is.

    Args:
        step: Steps done.
        updates: Steps that changed the weights; the others were not finite.
        in_a_row: Steps without a finite loss since the last good one.
        best: Best score so far; None before the first validation.
        best_step: Where that was.
        seconds: Time spent in all.
    """

    step: int = 0
    updates: int = 0
    in_a_row: int = 0
    best: float | None = None
    best_step: int = 0
    seconds: float = 0.0


def save_state(path: Path, network: nn.Module, average: Average, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Writes weights, average, the optimizer's moments and the progress.

    Raises:
        ResourceError: The file cannot be written.
    """
    tensors = {f"network/{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"average/{name}": tensor for name, tensor in average.tensors().items()}
    for name, parameter in network.named_parameters():
        tensors |= {f"optimizer/{name}/{key}": torch.as_tensor(value) for key, value in optimizer.state.get(parameter, {}).items()}
    write_tensors(tensors, path, {"progress": json.dumps(asdict(progress))})


def load_state(path: Path, network: nn.Module, average: Average, optimizer: torch.optim.Optimizer) -> Progress:
    """Puts a saved state into objects that were made for the same recipe.

    Raises:
        WeightsError: The file is missing, damaged or of another network.
    """
    tensors, metadata = read_tensors(path, MAX_BYTES)
    load_into(network, _below(tensors, "network/"))
    load_into(average.network, _below(tensors, "average/"))
    for name, parameter in network.named_parameters():
        if moments := _below(tensors, f"optimizer/{name}/"):
            optimizer.state[parameter] = {key: value.to(parameter.device, copy=True) for key, value in moments.items()}
    try:
        return Progress(**json.loads(metadata["progress"]))
    except (KeyError, ValueError, TypeError) as error:
        raise WeightsError(
            f"'{path}' is no state of a training.", f"Its progress is missing: {error}.", "Start in a new folder."
        ) from error


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors under a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
