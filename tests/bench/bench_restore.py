"""Photographs restored, learned against classical: `photolith bench restore [--diffusion] [--patches] [--only NAME] [--previews]`.

Central crops of the 24 Kodak pictures, which no training has seen; or (--patches) patches as the priors were trained on, of photographs
that were held back from the training. 'degraded' is the picture as it comes, holes filled with grey; A⁺y the pseudo-inverse of what was
done to it. Tables go to tests/bench/results/: restore.md; with the methods that have a diffusion prior (--diffusion, an hour on one core;
patches a quarter of that) restore_diffusion.md; of patches the same names with _patches. With other options they go to out/bench/, and with
--previews the pictures to out/bench/restore/.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generative.training.grid import write_grid
from generative.training.pictures import Crops
from recon.metrics.images import psnr, ssim
from recon.photos import read_image
from tests.bench.restore_cases import CASES, Case
from tests.bench.restore_ways import DRAWS, PUBLISHED, Way, array, diffused, older, ours
from tests.bench.support.machine import machine_lines
from tests.bench.support.options import bench_parser, need_data
from tests.bench.support.tables import cell, table

ROOT = Path(__file__).resolve().parents[2]
SIDE, PATCH = 128, 64
CROPS = "Central {size}x{size} crops of {count} Kodak pictures"
PATCHES = "{count} patches of {size}x{size} of photographs held back from the training, reduced as there"
WORDS = """\
{what}, spoilt, stored with 8 bits and given to the program as it is used: the level of noise
is estimated, not told. Means over the pictures; seconds are processor seconds a picture. classical: thresholds of cosine coefficients.
rddm: one step and three of the residual alone (SM-Res, SM-N and SM-Res-N by what its training settled on), and the mean over the picture
turned and mirrored in 8 ways; one network for all tasks, which is told neither task nor strength. Non-local means, biharmonic and
Richardson-Lucy (30 iterations) are those of scikit-image, Navier-Stokes that of OpenCV."""
DIFFUSED = """
Methods with a diffusion prior take 20 steps and are judged by one sample, some also by the mean of {draws}. DDNM and DDRM draw all
noise anew in every step (η = 1, the program's default), where without noise they are the same; so of DDRM only η = {published} is shown
there, as published, beside DDNM's. DDNM+ is left out: without noise it is DDNM, with noise DDRM."""


def measure(case: Case, pictures: dict[int, Tensor], ways: dict[str, Way], shown: Path | None) -> list[list[str]]:
    """Rows of one case; pictures by number."""
    figures: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    kept: dict[str, list[Tensor]] = defaultdict(list)
    for i, clean in pictures.items():
        problem = case.make(clean, np.random.default_rng([5, i]))
        for name, way in ways.items():
            begun = time.process_time()
            result = way(problem)
            spent = time.process_time() - begun
            figures[name].append((psnr(array(result), array(clean)), ssim(array(result), array(clean)), spent))
            kept[name].append(result[0])
    if shown is not None:
        write_grid([*(torch.stack(some[:8]) for some in kept.values()), torch.cat([*pictures.values()][:8])], shown / f"{case.name}.png")
    means = {name: np.mean(values, 0) for name, values in figures.items()}
    rows = [["" if i else case.name, name, cell(m[0], 2), cell(m[1]), cell(m[2], 2)] for i, (name, m) in enumerate(means.items())]
    print("\n".join(" ".join(row) for row in rows), flush=True)
    return rows


def central(path: Path, size: int) -> Tensor:
    """The middle of a picture, `[1, 3, size, size]` in [-1, 1]."""
    picture = torch.from_numpy(read_image(path)).permute(2, 0, 1)[None].float() / 127.5 - 1
    top, left = ((side - size) // 2 for side in picture.shape[-2:])
    return picture[..., top : top + size, left : left + size]


def held_back_patches(folder: Path, size: int, count: int) -> dict[int, Tensor]:
    """Patches as trainings draw them, `[1, 3, size, size]` each, of photographs that no training draws."""
    crops = Crops(folder, "validation", size)
    return {i: crops.draw(np.random.default_rng([7, i]))[None] for i in range(count)}


def main() -> int:
    """Command line."""
    parser = bench_parser(__doc__)
    parser.add_argument("--size", type=int, default=0, help="side of the crops; 128, patches 64")
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only cases whose name contains NAME")
    parser.add_argument("--prior", default="", help="weights instead of the shipped ones")
    parser.add_argument("--diffusion", action="store_true", help="the methods with a diffusion prior too")
    parser.add_argument("--patches", action="store_true", help="patches as the priors were trained on, instead of crops")
    parser.add_argument("--previews", action="store_true", help="writes the pictures too")
    arguments = parser.parse_args()
    images, size = arguments.data / "images", arguments.size or (PATCH if arguments.patches else SIDE)
    files = sorted((images / "test" / "kodak").glob("*.*"))[: arguments.pictures]
    need_data(arguments, bool(files))
    if arguments.patches:
        pictures, what = held_back_patches(images / "train", size, arguments.pictures), PATCHES
    else:
        pictures, what = {i: central(file, size) for i, file in enumerate(files)}, CROPS
    shown = arguments.out / "restore" if arguments.previews else None
    rows = []
    for case in CASES:
        if not arguments.only or any(name in case.name for name in arguments.only):
            found = older(case.task)
            if arguments.diffusion:
                found |= ours(case.task, arguments.prior) | diffused(case.task, arguments.prior)
            else:
                found |= ours(case.task, arguments.prior)
            rows += measure(case, pictures, found, shown)
    words = WORDS.format(what=what.format(size=size, count=len(pictures))) + (
        DIFFUSED.format(draws=DRAWS, published=PUBLISHED) if arguments.diffusion else ""
    )
    header = ["", "method", "PSNR dB", "SSIM", "s"]
    lines = ["# Restored photographs", "", *machine_lines(), "", words, "", *table(header, rows), ""]
    plain = (arguments.size, arguments.pictures, arguments.only, arguments.prior) == (0, 24, [], "")
    folder = Path(__file__).parent / "results" if plain else arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    name = f"restore{'_diffusion' * arguments.diffusion}{'_patches' * arguments.patches}.md"
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
