"""Batches as pure functions of the step: taking a run up again repeats nothing and skips nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from recon.learning.config import TrainConfig
from recon.learning.task import TrainingTask


class Batches(Dataset):
    """`batches[step]`: example i of it is made with the generator of [seed, rank, step, i].

    Args:
        task: Makes the examples.
        config: Its seed and batch are used.
        rank: Of this process among those that train together.
    """

    def __init__(self, task: TrainingTask, config: TrainConfig, rank: int = 0) -> None:
        self._task, self._config, self._rank = task, config, rank

    def __len__(self) -> int:
        return self._config.steps

    def __getitem__(self, step: int) -> Any:
        seed = (self._config.seed, self._rank, step)
        examples = [self._task.example(np.random.default_rng([*seed, i])) for i in range(self._config.batch)]
        return self._task.collate(examples)


@contextmanager
def batches_from(task: TrainingTask, config: TrainConfig, rank: int, start: int) -> Iterator[Iterator[Any]]:
    """The batches of steps `start`, `start` + 1, ... to the last, made in `config.workers` processes ahead of their use."""
    batches = Batches(task, config, rank)
    steps = range(start, config.steps)
    if config.workers == 0:
        yield (batches[step] for step in steps)
        return
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=steps,
        num_workers=config.workers,
        multiprocessing_context="spawn",  # a fork would copy locks of running threads, and a started CUDA
        worker_init_fn=_begin_worker,
        pin_memory=torch.cuda.is_available() and config.device in ("auto", "cuda"),
    )
    iterator: Any = iter(loader)
    try:
        yield iterator
    finally:
        iterator._shutdown_workers()  # at once: an error's traceback would keep them, and with them the end of the process


def _begin_worker(_: int) -> None:
    """Leaves Ctrl-C and SIGTERM, which reach the whole group, to the process that trains; one thread each."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a worker also ends when the training has
    cv2.setNumThreads(0)


def step_seed(seed: int, rank: int, step: int) -> int:
    """Seed of torch's own generator in a step (dropout), apart from those of the examples."""
    low, high = np.random.SeedSequence([seed, rank, step, 2**31]).generate_state(2)
    return int(high & 0x7FFFFFFF) << 32 | int(low)
