"""Settings of a training run."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass
from math import cos, pi
from typing import Any

from recon.pipeline.config import build, setting

FLOOR = 0.01
"""The rate at the last step, as a part of the highest one."""
FREE = ("steps", "minutes", "device", "workers", "threads", "compile", "log_every", "checkpoint_every", "validate_every")
"""Fields that may change when a run is taken up again; all others are part of its recipe."""


@dataclass(frozen=True)
class TrainConfig:
    """How a network is trained; equal configs, data and seed give equal weights on a CPU."""

    steps: int = setting(MISSING, "Steps of the optimizer in all; may be changed when a run is taken up again.", minimum=1, maximum=10**8)
    batch: int = setting(MISSING, "Examples in a step of each process.", minimum=1, maximum=65536)
    minutes: float = setting(0.0, "Minutes of training in all, which end it before its steps; 0 = no limit.", minimum=0.0, maximum=1e7)
    rate: float = setting(1e-3, "Highest learning rate.", minimum=0.0, maximum=10.0)
    warmup: int = setting(200, "Steps in which the rate rises from 0.", minimum=0, maximum=10**7)
    weight_decay: float = setting(1e-4, "AdamW's decay of weight matrices and kernels (not of biases and norms).", minimum=0.0, maximum=1.0)
    momentum: float = setting(0.9, "AdamW's decay of the mean gradient; 0 suits a game of two networks.", minimum=0.0, maximum=0.9999)
    ema: float = setting(0.999, "Decay of the running average of the weights; 0 = no average.", minimum=0.0, maximum=0.999999)
    clip: float = setting(1.0, "Longest gradient; longer ones are shortened. 0 = no limit.", minimum=0.0, maximum=1e9)
    seed: int = setting(0, "Fixes first weights and examples.", minimum=0, maximum=2**31 - 1)
    precision: str = setting("fp32", "Arithmetic of the network: bf16 = autocast.", choices=("fp32", "bf16"))
    device: str = setting("auto", "Where it runs.", choices=("auto", "cpu", "cuda", "mps"))
    workers: int = setting(0, "Processes that make examples ahead; 0 = made between the steps.", minimum=0, maximum=256)
    threads: int = setting(0, "Threads of torch; 0 = torch's choice.", minimum=0, maximum=1024)
    compile: bool = setting(False, "Whether torch.compile is used.")
    log_every: int = setting(50, "Steps between lines of the log.", minimum=1, maximum=10**6)
    checkpoint_every: int = setting(200, "Steps between checkpoints.", minimum=1, maximum=10**6)
    validate_every: int = setting(1000, "Steps between validations; the last step is always validated.", minimum=1, maximum=10**8)

    def checked(self) -> TrainConfig:
        """The same config, every value looked at.

        Raises:
            SettingsError: A value has the wrong type or is out of its range.
        """
        return build(TrainConfig, asdict(self))

    def recipe(self) -> dict[str, Any]:
        """The fields that decide the result, besides `steps`."""
        return {name: value for name, value in asdict(self).items() if name not in FREE}


def share_done(step: int, seconds: float, config: TrainConfig) -> float:
    """How much of a run is over, from 0 to 1: the part of its steps or of its minutes, whichever is more.

    Args:
        step: Steps done.
        seconds: Spent on training so far.
        config: Says how many there are.
    """
    spent = seconds / (60 * config.minutes) if config.minutes else 0.0
    return min(1.0, max(step / config.steps, spent))


def learning_rate(step: int, config: TrainConfig, seconds: float = 0.0) -> float:
    """Rate of `step` (counted from 0) after so many seconds: linear warm-up, then a cosine down to 1 % at the end of steps or minutes.

    The warm-up takes at most a tenth of the steps.
    """
    warmup = min(config.warmup, config.steps // 10)
    if step < warmup:
        return config.rate * (step + 1) / (warmup + 1)
    done = max((step - warmup) / max(1, config.steps - 1 - warmup), share_done(0, seconds, config))
    return config.rate * (FLOOR + (1 - FLOOR) * 0.5 * (1 + cos(pi * min(1.0, done))))
