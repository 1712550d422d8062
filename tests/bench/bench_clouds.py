"""A GAN of clouds: `photolith bench clouds [--weights clouds-gan] [--clouds 96]`.

How much of the held-back shapes it makes, against figures of baselines, and how well it completes halves of them.
The page goes to tests/bench/results/, with other options to out/bench/.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from generative.networks.cloud_gan import CloudGan
from generative.priors.load import load_prior
from generative.priors.prior import CloudGanPrior
from generative.tasks.cloud_inversion import invert_cloud, missing
from generative.training.chamfer import all_chamfer, chamfer, one_sided
from generative.training.class_clouds import ClassClouds
from generative.training.cloud_task import cloud_figures
from generative.training.grid import write_grid
from generative.training.scatter import drawn
from recon.learning.card import card_path, read_card
from recon.learning.shelf import shipped
from tests.bench.support.machine import machine_lines
from tests.bench.support.options import bench_parser, parse
from tests.bench.support.tables import cell, table

ROOT = Path(__file__).resolve().parents[2]
POINTS, HALVES, STEPS, CLOUDS = 256, 16, 200, 96
FIGURES = ("precision", "recall", "f_score", "coverage", "mmd")
WORDS = """\
`clouds-gan` ({steps:,} steps, {hours} hours, {device}) on voxel grids of {classes}: {train} to train on, every eighth held back. {clouds}
clouds of each row against as many held-back ones, {points} points each, by Chamfer distance (mean squared nearest distances both ways, unit
sphere). Precision: made clouds among the real ones; recall: real ones among the made (Kynkäänniemi et al. 2019); coverage and minimum
matching distance (MMD) as in Achlioptas et al. 2018. Training clouds show what a perfect generator would get; the middle cloud of each
class (nearest to all others), over and over, what a collapsed one gets."""
HALF_WORDS = """\
{halves} held-back clouds, of which the half to one side is left. Chamfer distance x 1000 of the half with what was added to the whole,
mean and median. Nearest training cloud: the one of {train} whose points are nearest to the half, added where the half is not. Inversion:
{steps} steps, {seconds:.1f} processor seconds a cloud, the half where it stands in the whole; and moved and scaled into the unit sphere by
itself."""


def every(data: ClassClouds, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """`count` clouds `[count, POINTS, 3]` of different shapes, and their classes."""
    clouds, labels = (torch.from_numpy(part) for part in data.all(POINTS, seed))
    chosen = torch.randperm(len(clouds), generator=torch.Generator().manual_seed(seed))[:count]
    return clouds[chosen], labels[chosen]


def middle(clouds: Tensor, labels: Tensor) -> Tensor:
    """One cloud for each class: that nearest to all others of it, `[classes, POINTS, 3]`."""
    parts = [clouds[labels == label] for label in labels.unique()]
    return torch.stack([part[all_chamfer(part, part).sum(1).argmin()] for part in parts])


def generation(gan: CloudGan, train: tuple[Tensor, Tensor], held: Tensor) -> tuple[list[str], dict[str, Tensor]]:
    """The table of what is made, and the clouds of each row."""
    count = len(held)
    with torch.no_grad():
        made, _ = gan.generator.draw(count, torch.Generator().manual_seed(0), POINTS)
    again = middle(train[0][:count], train[1][:count])
    rows = {"clouds-gan": made, "training clouds": train[0][:count], "middle cloud of each class": again[torch.arange(count) % len(again)]}
    figures = {name: cloud_figures(held, clouds) for name, clouds in rows.items()}
    lines = [[name, *(cell(found[key], 4 if key == "mmd" else 2) for key in FIGURES)] for name, found in figures.items()]
    return table(["", *FIGURES], lines), rows


def completion(gan: CloudGan, train: Tensor, wholes: Tensor) -> tuple[list[str], float, list[Tensor]]:
    """The table of halves, seconds of an inversion, and clouds to look at."""
    halves = torch.stack([cloud[(cloud @ side).argsort()[: POINTS // 2]] for cloud, side in zip(wholes, _sides(len(wholes)), strict=True)])
    nearest = torch.stack([train[one_sided(half.expand(len(train), -1, -1), train).argmin()] for half in halves])
    begun = time.process_time()
    placed = inverted(gan, halves)
    seconds = (time.process_time() - begun) / len(halves)
    centre = (halves.amax(1, keepdim=True) + halves.amin(1, keepdim=True)) / 2
    size = (halves - centre).norm(dim=2).amax(1)[:, None, None]
    moved = inverted(gan, (halves - centre) / size) * size + centre
    rows = {"nothing": halves, "nearest training cloud": nearest, "inversion": placed, "inversion, moved and scaled": moved}
    lines, completed = [], {}
    for name, clouds in rows.items():
        completed[name] = [torch.cat([half, missing(half, cloud)]) for half, cloud in zip(halves, clouds, strict=True)]
        off = torch.stack([1000 * chamfer(a[None], b[None])[0] for a, b in zip(completed[name], wholes, strict=True)])
        lines.append([name, cell(float(off.mean()), 1), cell(float(off.median()), 1)])
    return table(["added", "mean", "median"], lines), seconds, [halves, placed, wholes]


def inverted(gan: CloudGan, halves: Tensor) -> Tensor:
    """What the generator makes of halves."""
    return invert_cloud(gan, halves, partial=True, steps=STEPS, generator=torch.Generator().manual_seed(0), points=POINTS)


def _sides(count: int) -> Tensor:
    """Horizontal directions, evenly."""
    angles = torch.arange(count) * (2 * torch.pi / count)
    return torch.stack([angles.cos(), angles.sin(), torch.zeros(count)], 1)


def main() -> int:
    """Command line."""
    parser = bench_parser(__doc__)
    parser.add_argument("--weights", default="clouds-gan", help="name, or path of a .safetensors file")
    parser.add_argument("--clouds", type=int, default=CLOUDS, help="clouds of each row")
    arguments = parse(parser)
    prior = load_prior(arguments.weights)
    assert isinstance(prior, CloudGanPrior)
    path = Path(arguments.weights) if arguments.weights.endswith(".safetensors") else shipped(arguments.weights)
    card = read_card(card_path(path))
    data = {split: ClassClouds(arguments.data / "shapes", split) for split in ("train", "test")}  # type: ignore[arg-type]
    train, (held, _) = every(data["train"], len(data["train"]), 1), every(data["test"], arguments.clouds, 2)
    made, rows = generation(prior.network, train, held)
    halves, seconds, shown = completion(prior.network, train[0], held[:HALVES])

    about = {"steps": card.steps, "hours": card.hardware["hours"], "device": card.hardware["device"], "train": len(data["train"])}
    classes = " and ".join(f"{name}s" for name in data["train"].classes)
    words = WORDS.format(**about, classes=classes, clouds=len(held), points=POINTS)
    half_words = HALF_WORDS.format(halves=len(held[:HALVES]), train=len(data["train"]), steps=STEPS, seconds=seconds)
    lines = ["# Clouds made by a GAN", "", *machine_lines(), "", *words.split("\n"), "", "## Generation", "", *made, ""]
    lines += ["## Completion", "", *half_words.split("\n"), "", *halves, ""]
    plain = (arguments.weights, arguments.clouds) == ("clouds-gan", CLOUDS)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (Path(__file__).parent / "results" if plain else arguments.out).joinpath("clouds.md").write_text("\n".join(lines), encoding="utf-8")
    write_grid([drawn(clouds[i : i + 12], 128) for clouds in rows.values() for i in (0, 12)], arguments.out / "clouds.png")
    write_grid([drawn(clouds[:12], 128) for clouds in shown], arguments.out / "clouds_completed.png")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
