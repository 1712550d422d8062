"""How a photograph is restored: the methods, what each can do, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

from generative.tasks.problem import TASKS
from recon.errors import SettingsError

METHODS = {
    "classical": ("denoise", "inpaint", "sr", "deblur", "cs"),
    "rddm": ("denoise", "inpaint", "sr", "deblur"),
    "ddnm": ("inpaint", "sr", "colorize", "cs"),
    "ddnm+": TASKS,
    "ddrm": TASKS,
    "sdedit": ("denoise", "sr", "deblur"),
    "ddpm": ("denoise",),
    "ddim": ("denoise",),
    "cold": ("inpaint", "sr", "deblur"),
    "gan-inversion": TASKS,
}
"""Method -> tasks it can do. DDNM and Cold Diffusion know of no noise; they are left to the tasks that are usually without."""
PRIORS = {"rddm": "photo-rddm", "cold": "photo-cold", "gan-inversion": "pictures-gan"} | dict.fromkeys(
    ("ddnm", "ddnm+", "ddrm", "sdedit", "ddpm", "ddim"), "photo-prior"
)
"""Method -> the prior it takes when none is named."""
BEST = {"denoise": "rddm", "inpaint": "classical", "sr": "rddm", "deblur": "classical", "colorize": "ddnm", "cs": "classical"}
"""Task -> the method that did best in tests/bench/results/restore.md with what is shipped; colours need a prior, RDDM is told no kernel."""
OPTIONS = {
    "steps": tuple(PRIORS),
    "eta": ("rddm", "ddnm", "ddnm+", "ddrm", "sdedit", "ddim"),
    "t0": ("sdedit", "ddnm", "ddnm+"),
    "travel": ("ddnm", "ddnm+"),
    "samples": ("rddm", "ddnm", "ddnm+", "ddrm"),
}
"""Option of a recipe -> methods that know it."""
STEPS = {"rddm": 1, "cold": 3, "gan-inversion": 300}
"""Usual number of steps, where it is not 20."""
STARTS = {"colorize": 0.8}
"""Usual t0 of DDNM and DDNM+, where it is not 1: of colours in pure noise the shipped prior has no good idea."""
SAMPLES = {"colorize": 8}
"""Usual number of samples, where it is not 1: the colours of one sample are a guess, the mean of several is nearer to the truth."""


@dataclass(frozen=True)
class Recipe:
    """How a photograph is restored; None: what is usual.

    Args:
        method: A key of METHODS.
        steps: Of the sampler; 1 for RDDM and 3 for Cold Diffusion, which need no more, 300 for the search of an inversion, else 20.
        eta: Part of the noise that is drawn anew in a step, see each sampler; DDNM, DDNM+, DDRM and SDEdit 1, others 0.
        t0: Where SDEdit begins, 0 to 1; 0.4. Where DDNM and DDNM+ begin, likewise from the picture as it is, with noise on it; 1, which is
            noise alone, but 0.8 for colours.
        travel: Length and repeats of time travel (DDNM, DDNM+); none.
        samples: Of the posterior, whose mean is the result: nearer to the truth than one, and smoother; 8 for colours, else 1. RDDM
            sees the picture turned and mirrored for each, in 8 ways.
        seed: Of all noise.
        memory: Bytes the network may take at once. The result does not depend on it in float32; in bfloat16 it can, by a few grey levels.
    """

    method: str
    steps: int | None = None
    eta: float | None = None
    t0: float | None = None
    travel: tuple[int, int] | None = None
    samples: int | None = None
    seed: int = 0
    memory: int = 2 << 30

    @property
    def step_count(self) -> int:
        """Steps asked for, or the usual number."""
        return self.steps or STEPS.get(self.method, 20)

    def start(self, task: str) -> float:
        """t0 asked for, or the usual one."""
        if self.t0 is not None:
            return self.t0
        if self.method == "sdedit":
            return 0.4
        return STARTS.get(task, 1.0) if self.method in OPTIONS["t0"] else 1.0

    def sample_count(self, task: str) -> int:
        """Samples asked for, or the usual number."""
        return self.samples or (SAMPLES.get(task, 1) if self.method in OPTIONS["samples"] else 1)

    def check(self, task: str) -> None:
        """Whether the method can do the task and knows the options.

        Raises:
            SettingsError: It cannot or does not; says which can.
        """
        if self.method not in METHODS:
            raise SettingsError(f"There is no method '{self.method:.40}'.", f"There are: {', '.join(METHODS)}.", "Choose one of them.")
        if task not in TASKS:
            raise SettingsError(f"There is no task '{task:.40}'.", f"There are: {', '.join(TASKS)}.", "Choose one of them.")
        if task not in METHODS[self.method]:
            able = ", ".join(name for name, tasks in METHODS.items() if task in tasks)
            raise SettingsError(f"'{self.method}' cannot do '{task}'.", f"These can: {able}.", "Choose one of them.")
        for option, methods in OPTIONS.items():
            if getattr(self, option) is not None and self.method not in methods:
                why = f"These have: {', '.join(methods)}."
                raise SettingsError(f"'{self.method}' has no '{option}'.", why, f"Leave --{option} out, or choose another method.")
