"""Photographs restored, learned against classical: `photolith bench restore [--size 128] [--only NAME] [--prior FILE] [--previews]`.

Central crops of the 24 Kodak pictures, which no training has seen. 'degraded' is the picture as it comes, holes filled with grey; A⁺y the
pseudo-inverse of what was done to it. Tables go to tests/bench/results/restore.md, with other options to out/bench/; with --previews
the pictures go to out/bench/restore/.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generative.priors.load import load_prior
from generative.priors.prior import DiffusionPrior, ResidualPrior
from generative.tasks.problem import Problem
from generative.tasks.restore import METHODS, PRIORS, Recipe, restore
from generative.training.grid import write_grid
from recon.errors import WeightsError
from recon.metrics.images import psnr, ssim
from recon.photos import read_image
from tests.bench.restore_cases import CASES, Case
from tests.bench.support.machine import machine_lines
from tests.bench.support.tables import cell, table

ROOT = Path(__file__).resolve().parents[2]
Way = Callable[[Problem], Tensor]
WORDS = """\
Central {size}x{size} crops of {count} Kodak pictures, spoilt, stored with 8 bits and given to the program as it is used: the level of noise
is estimated, not told. Means over the pictures; seconds are processor seconds a picture. rddm: one step and three of the residual alone
(SM-Res, SM-N and SM-Res-N by what its training settled on), one network for all tasks, which is told neither task nor strength."""


def ways(task: str, given: str) -> dict[str, Way]:
    """Name -> how a problem is solved."""
    found: dict[str, Way] = {"degraded": lambda p: p.finished(p.degraded)}
    if task != "denoise":
        found["A⁺y"] = lambda p: p.finished(p.operator.A_pinv(p.y))
    if task == "inpaint":
        found["biharmonic"] = _biharmonic
    for method, tasks in METHODS.items():
        if task not in tasks:
            continue
        prior = None
        if method in PRIORS:
            prior = _prior(given if given and _suits(given, method) else PRIORS[method])
            if prior is None:
                continue
        for steps in (1, 3) if method == "rddm" else (None,):
            name = method if steps is None else f"{method}, {steps} step{'s' * (steps > 1)}"
            found[name] = lambda p, method=method, prior=prior, steps=steps: restore(p, prior, Recipe(method, steps))  # type: ignore[misc]
    return found


def _suits(given: str, method: str) -> bool:
    return isinstance(_prior(given), ResidualPrior) == (method == "rddm")


def _prior(name: str) -> DiffusionPrior | ResidualPrior | None:
    """None where it is not shipped."""
    try:
        return load_prior(name)
    except WeightsError:
        return None


def _biharmonic(problem: Problem) -> Tensor:
    from skimage.restoration import inpaint_biharmonic

    missing = (problem.operator.singular_values == 0).numpy()
    filled = inpaint_biharmonic(_array(problem.y), missing, channel_axis=2)
    return problem.finished(torch.from_numpy(filled).permute(2, 0, 1)[None].float() * 2 - 1)


def _array(picture: Tensor) -> np.ndarray:
    """`[H, W, 3]` in [0, 1]."""
    return ((picture[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).double().numpy()


def measure(case: Case, pictures: list[Tensor], given: str, shown: Path | None) -> list[list[str]]:
    """Rows of one case."""
    figures: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    kept: dict[str, list[Tensor]] = defaultdict(list)
    for i, clean in enumerate(pictures):
        problem = case.make(clean, np.random.default_rng([5, i]))
        for name, way in ways(problem.task, given).items():
            begun = time.process_time()
            result = way(problem)
            spent = time.process_time() - begun
            figures[name].append((psnr(_array(result), _array(clean)), ssim(_array(result), _array(clean)), spent))
            kept[name].append(result[0])
    if shown is not None:
        write_grid([*(torch.stack(some[:8]) for some in kept.values()), torch.cat(pictures[:8])], shown / f"{case.name}.png")
    means = {name: np.mean(values, 0) for name, values in figures.items()}
    rows = [["" if i else case.name, name, cell(m[0], 2), cell(m[1]), cell(m[2], 2)] for i, (name, m) in enumerate(means.items())]
    print("\n".join(" ".join(row) for row in rows), flush=True)
    return rows


def central(path: Path, size: int) -> Tensor:
    """The middle of a picture, `[1, 3, size, size]` in [-1, 1]."""
    picture = torch.from_numpy(read_image(path)).permute(2, 0, 1)[None].float() / 127.5 - 1
    top, left = ((side - size) // 2 for side in picture.shape[-2:])
    return picture[..., top : top + size, left : left + size]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="side of the crops")
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--only", default="", metavar="NAME", help="only cases whose name contains NAME")
    parser.add_argument("--prior", default="", help="weights instead of the shipped ones")
    parser.add_argument("--previews", action="store_true", help="writes the pictures too")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PHOTOLITH_DATA") or ROOT.parent / "shared" / "data"))
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    arguments = parser.parse_args()
    files = sorted((arguments.data / "images" / "test" / "kodak").glob("*.*"))[: arguments.pictures]
    if not files:
        print(f"The data for this bench are not in '{arguments.data}'. Set PHOTOLITH_DATA or give --data.", file=sys.stderr)
        return 3
    pictures = [central(file, arguments.size) for file in files]
    shown = arguments.out / "restore" if arguments.previews else None
    rows = [row for case in CASES if arguments.only in case.name for row in measure(case, pictures, arguments.prior, shown)]
    words = WORDS.format(size=arguments.size, count=len(files))
    lines = ["# Restored photographs", "", *machine_lines(), "", words, "", *table(["", "method", "PSNR dB", "SSIM", "s"], rows), ""]
    plain = (arguments.size, arguments.pictures, arguments.only, arguments.prior) == (128, 24, "", "")
    folder = Path(__file__).parent / "results" if plain else arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "restore.md").write_text("\n".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
