"""Device, precision and processes of a training. One process needs torch alone; several are joined by accelerate."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from recon.errors import ResourceError
from recon.learning.config import TrainConfig
from recon.pipeline.machine import resolve_device


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
            self._accelerator.end_training()

    @property
    def main(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def loss(self, network: nn.Module, loss: Callable[..., Any]) -> Callable[[Any, int], Any]:
        """`loss(network, batch, step)` as a function of batch and step, in the precision asked for."""

        def forward(batch: Any, step: int) -> Any:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
                return loss(network, batch, step)

        return forward

    def share_gradients(self, network: nn.Module) -> None:
        """Puts the mean over the processes in place of each gradient; a parameter that no process used keeps none."""
        if self._accelerator is None:
            return
        parameters = [p for p in network.parameters() if p.requires_grad]
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        used = torch.tensor([p.grad is not None for p in parameters], device=self.device)
        together = self.mean(torch.cat([gradient.flatten().float() for gradient in own] + [used.float()]))
        *means, used = together.split([p.numel() for p in parameters] + [len(parameters)])
        for p, mean, share in zip(parameters, means, used.tolist(), strict=True):
            p.grad = mean.view_as(p).to(p.dtype) if share > 0 else None

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
        import torch.distributed.nn.functional  # noqa: F401  (imported after the group began, its defaults would keep the group alive)
        from accelerate import Accelerator
    except ImportError as error:
        why = f"Several processes were started, which accelerate has to join, and it does not load: {error}."
        raise ResourceError("The training cannot start.", why, "Install accelerate, or start one process.") from error
    return Accelerator(cpu=config.device == "cpu", mixed_precision="no")  # precision is our own matter
