"""Device, precision and processes of a training. One process needs torch alone; several are joined by accelerate."""

from __future__ import annotations

import gc
import os
import platform
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from recon.errors import ResourceError
from recon.learning.config import TrainConfig
from recon.pipeline.machine import resolve_device


class _Loss(nn.Module):
    """The loss as a module, so that several processes share gradients whatever methods of the network the loss calls."""

    def __init__(self, network: nn.Module, loss: Callable[..., Any]) -> None:
        super().__init__()
        self.network, self._loss = network, loss

    def forward(self, batch: Any, step: int) -> Any:
        """Scalar loss and what is logged."""
        return self._loss(self.network, batch, step)


class Hardware:
    """Where a training runs. Used in a `with`, which parts the processes at the end.

    Args:
        config: Its device, precision and threads are used.

    Raises:
        ResourceError: The device is not there, or accelerate is missing where several processes were started.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._accelerator = _accelerator(config) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else None
        if self._accelerator is None:
            self.device = torch.device(resolve_device(config.device))
            self.rank, self.processes = 0, 1
        else:
            self.device = self._accelerator.device
            self.rank, self.processes = self._accelerator.process_index, self._accelerator.num_processes
        self._bf16 = config.precision == "bf16"
        if config.threads:
            torch.set_num_threads(config.threads)
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = True  # TF32 stays off for matrix products: it moves projected pixels

    def __enter__(self) -> Hardware:
        return self

    def __exit__(self, *error: object) -> None:
        """Joins the threads of the processes' group: one left over would abort an interpreter that is closing down."""
        if self._accelerator is not None:
            gc.collect()  # what shares gradients holds the group too
            self._accelerator.end_training()

    @property
    def main(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def loss(self, network: nn.Module, loss: Callable[..., Any]) -> Callable[[Any, int], Any]:
        """`loss(network, batch, step)` as a function of batch and step, in the precision asked for."""
        module: nn.Module = _Loss(network, loss)
        if self._accelerator is not None:
            module = self._accelerator.prepare_model(module)

        def forward(batch: Any, step: int) -> Any:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
                return module(batch, step)

        return forward

    def move(self, batch: Any) -> Any:
        """The batch on the device; nested dicts, lists and tuples of tensors."""
        if isinstance(batch, Tensor):
            return batch.to(self.device, non_blocking=True)
        if isinstance(batch, dict):
            return {key: self.move(part) for key, part in batch.items()}
        if isinstance(batch, list | tuple):
            return type(batch)(self.move(part) for part in batch)
        return batch

    def any(self, *flags: bool) -> list[bool]:
        """For each flag whether it is set in any process."""
        if self._accelerator is None:
            return list(flags)
        counts = self._accelerator.reduce(torch.tensor(flags, dtype=torch.float32, device=self.device), "sum")
        return [bool(count > 0) for count in counts.tolist()]

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the processes."""
        return values if self._accelerator is None else self._accelerator.reduce(values.to(self.device), "mean")

    def wait(self) -> None:
        """Until all processes are here."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()

    def describe(self) -> dict[str, Any]:
        """For the card."""
        if self.device.type == "cuda":
            name = torch.cuda.get_device_name(self.device)
        elif self.device.type == "mps":
            name = "Apple GPU"
        else:
            name = f"{platform.machine()} processor, {torch.get_num_threads()} threads"
        return {"device": name, "processes": self.processes, "torch": torch.__version__}


def _accelerator(config: TrainConfig) -> Any:
    """accelerate's view of the processes that a launcher started."""
    try:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs
    except ImportError as error:
        why = f"Several processes were started, which accelerate has to join, and it does not load: {error}."
        raise ResourceError("The training cannot start.", why, "Install accelerate, or start one process.") from error
    handlers = [DistributedDataParallelKwargs(find_unused_parameters=True)]
    return Accelerator(cpu=config.device == "cpu", mixed_precision="no", kwargs_handlers=handlers)  # precision is our own matter
