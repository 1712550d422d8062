"""RDDM's three samplers (SM-Res, SM-N, SM-Res-N) on one network whose two heads were trained alike: which to believe in few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.samplers import ResidualDenoiser, sample_rddm
from generative.schedules import pairs, trailing
from generative.training.class_pictures import ClassPictures
from generative.training.degraded import KINDS
from generative.training.rddm_task import RddmTask
from tests.bench.sampling_pictures import RESULTS, unpacked
from tests.bench.support.machine import machine_lines
from tests.bench.support.tables import cell, table

ARCHITECTURE = ResidualUNetArchitecture((32, 64), 1)
UPDATES, BATCH, RATE = 4000, 32, 2e-3
LAST = 0.5
"""Part of the examples at level T, where nothing is seen of the clean picture."""
TASKS = {"sr": "2x and 4x super-resolution", "inpaint": "missing pixels and holes"}
SAMPLERS = {"SM-Res": "res", "SM-N": "noise", "SM-Res-N": "res+noise"}
COUNTS = (1, 2, 3, 5, 10)
PICTURES = 256
WORDS = """\
PSNR in dB of {count} pictures of 32x32 that no training has seen, restored by RDDM (η = 0, trailing sub-sequence) with one network of
{weights:.1f} M weights. The bench trains it: {updates} updates of {batch} pictures, half of them at level T, both tasks, λ of L_auto held
at 0.5, so that both heads get the same attention, and its root mean square errors, for which scale plays no part. Beside SM-N and
SM-Res-N stands the difference to SM-Res on the same pictures, ± its standard error.

SM-N gets the residual from ε: `I_res = (I_in + β̄ ε - I_t) / (1 - ᾱ)`. An error of ε comes through multiplied by β̄ / (1 - ᾱ), here
{gain_5:.1f} in the second of five steps and {gain_2:.1f} in the second of two; SM-Res divides the other way round."""


def run_heads(data: Path, out: Path) -> None:
    """Writes the page."""
    folder = unpacked(data, out)
    network = _trained(ClassPictures(folder, "train"))
    test = ClassPictures(folder, "test")
    chosen = torch.randperm(len(test), generator=torch.Generator().manual_seed(2))[:PICTURES]
    clean = torch.stack([test[int(i)][0] for i in chosen])
    rows = [row for task, name in TASKS.items() for row in _rows(network, task, name, clean)]
    weights = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    words = WORDS.format(count=len(clean), weights=weights, updates=UPDATES, batch=BATCH, gain_5=_gain(5), gain_2=_gain(2))
    header = ["", "", *(f"S = {count}" for count in COUNTS)]
    lines = ["# RDDM: which head to believe", "", *machine_lines(), "", *words.split("\n"), "", *table(header, rows), ""]
    (RESULTS / "sampling_heads.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def _trained(pictures: ClassPictures) -> ResidualUNet:
    """The same one every time."""
    task, rng = RddmTask(None, size=32, architecture=ARCHITECTURE), np.random.default_rng(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ResidualUNet(ARCHITECTURE).train()
    network.balance.requires_grad_(False)
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, UPDATES)
    for update in range(UPDATES):
        batch = task.collate([_example(pictures, rng) for _ in range(BATCH)])
        with torch.autocast("cpu", torch.bfloat16):
            loss, logged = task.loss(network, batch, update)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if update % 250 == 249:
            print(f"{update + 1} of {UPDATES}: " + ", ".join(f"{name} {float(value):.3f}" for name, value in logged.items()), flush=True)
    return network.eval().requires_grad_(False)


def _example(pictures: ClassPictures, rng: np.random.Generator) -> dict[str, Any]:
    clean, _ = pictures.draw(rng)
    degrade = KINDS[str(rng.choice(list(TASKS)))]
    noise = torch.from_numpy(rng.standard_normal(clean.shape, np.float32))
    t = ARCHITECTURE.levels if rng.random() < LAST else int(rng.integers(1, ARCHITECTURE.levels + 1))
    return {"clean": clean, "degraded": degrade(clean, rng), "t": t, "noise": noise}


def _rows(network: ResidualUNet, task: str, name: str, clean: Tensor) -> list[list[str]]:
    """Of one task."""
    degraded = torch.stack([KINDS[task](picture, np.random.default_rng([7, i])) for i, picture in enumerate(clean)])
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    found = {
        sampler: [_psnr(sample_rddm(ResidualDenoiser(network, heads), noise, _steps(count), degraded=degraded), clean) for count in COUNTS]
        for sampler, heads in SAMPLERS.items()
    }
    rows = [[name, "degraded", *([cell(float(_psnr(degraded, clean).mean()), 2)] * len(COUNTS))]]
    for sampler, figures in found.items():
        against = found["SM-Res"]
        rows.append(["", sampler, *(_compared(a, b, sampler == "SM-Res") for a, b in zip(figures, against, strict=True))])
    return rows


def _compared(figures: Tensor, against: Tensor, itself: bool) -> str:
    if itself:
        return cell(float(figures.mean()), 2)
    difference = figures - against
    return f"{figures.mean():.2f} ({difference.mean():+.2f} ± {difference.std() / len(difference) ** 0.5:.2f})"


def _steps(count: int) -> Any:
    return ARCHITECTURE.schedule.steps(pairs(trailing(ARCHITECTURE.levels, count)))


def _gain(count: int) -> float:
    """What an error of ε is multiplied by in the residual of SM-N's second step."""
    level = _steps(count)[1][0]
    return float(level.beta_bar / (1 - level.alpha_bar))


def _psnr(a: Tensor, b: Tensor) -> Tensor:
    """Of each picture in [-1, 1], `[N]`."""
    return 10 * torch.log10(4 / (a.clamp(-1, 1) - b).square().flatten(1).mean(1).clamp(min=1e-12))
