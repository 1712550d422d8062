"""Samplers with trained networks: 32x32 pictures of classes, against pictures that were never trained on."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generative import samplers, schedules
from generative.networks.unet2d import as_function, unet2d
from generative.priors.load import load_prior
from generative.priors.precision import in_bf16
from generative.priors.prior import GanPrior
from generative.samplers.ddim import ddim_sigma
from generative.samplers.protocols import Level
from generative.training.class_pictures import ClassPictures
from generative.training.coverage import precision_recall
from generative.training.grid import write_grid
from generative.training.noise_task import SCHEDULE
from recon.learning.card import card_path, read_card
from recon.learning.shelf import shipped
from recon.learning.weights import load_into, load_weights
from tests.bench.sampling_classifier import FEATURES, accuracy, features, trained
from tests.bench.support.machine import machine_lines
from tests.bench.support.tables import cell, table
from tests.generative.exact import Law

RESULTS = Path(__file__).parent / "results"
COUNTS = (10, 20, 50, 100)
NOISES: dict[str, dict[str, Any]] = {f"η = {eta}": {"eta": eta} for eta in (0.0, 0.2, 0.5, 1.0)} | {"σ̂": {"sigma_hat": True}}
BATCH = 64
MORE = 4
"""Times as many samples where orders are compared."""
DRAWS = 200
"""Of the bootstrap."""
WORDS = """\
Class-conditional pictures of 32x32 by `pictures-ddpm` ({ddpm}) and `pictures-gan`
({gan}), {samples} of each row, classes in turn.
Fréchet distance to the {test} test pictures, in the {width} features of a small classifier that the bench trains on the {train} training
pictures (it is right about {accuracy:.0f} % of the test pictures). Distances depend on features and number of samples: they compare rows of
this page, not with other pages. ± is a standard deviation by bootstrap ({draws} draws, the same for all rows). Trailing sub-sequences,
bfloat16, no guidance, x̂0 clamped to the range of pictures (after so short a training few steps from pure noise go astray without)."""


@dataclass(frozen=True)
class Yardstick:
    """How far pictures are from the real ones.

    Args:
        see: Pictures `[N, 3, 32, 32]` to features `[N, D]`.
        real: Features of the real pictures.
    """

    see: Callable[[Tensor], Tensor]
    real: Tensor

    def distances(self, pictures: Tensor) -> Tensor:
        """Fréchet distance, then those of the bootstrap's draws, `[1 + DRAWS]`."""
        found, law = self.see(pictures), _law(self.real)
        picks = torch.randint(len(found), (DRAWS, len(found)), generator=torch.Generator().manual_seed(1))
        return torch.tensor([_law(part).distance(law) ** 2 for part in (found, *(found[pick] for pick in picks))])

    def coverage(self, pictures: Tensor) -> tuple[float, float]:
        """Precision and recall, against as many real pictures."""
        found = self.see(pictures)
        return precision_recall(self.real[: len(found)], found)


def _law(found: Tensor) -> Law:
    return Law(found.mean(0), found.T.cov())


def run_pictures(data: Path, out: Path, samples: int, plain: bool) -> None:
    """Writes the page, and a sheet of samples to `out`."""
    folder = unpacked(data, out)
    train, test = ClassPictures(folder, "train"), ClassPictures(folder, "test")
    yardstick, right = yardstick_of(train, test)
    z, told = starts(MORE * samples, len(train.classes))

    network = trained_network("pictures-ddpm")
    gan = load_prior("pictures-gan")
    assert isinstance(gan, GanPrior)
    made, seconds = _table_of_seeds(network, z[:samples], told[:samples])
    with torch.no_grad():
        made["pictures-gan"], _ = gan.network.generator.draw(samples, torch.Generator().manual_seed(0))
    pictures, _ = _all(train)
    made["training pictures"] = pictures[torch.randperm(len(pictures), generator=torch.Generator().manual_seed(3))[:samples]]
    found = {name: yardstick.distances(part) for name, part in made.items()}

    words = WORDS.format(samples=samples, gan=about_training("pictures-gan"), **about_the_yardstick(train, test, right))
    lines = ["# Samplers with trained networks", "", *machine_lines(), "", *words.split("\n"), ""]
    lines += [
        *_distances(found, seconds),
        *_order(network, z, told, yardstick),
        *_others(made, found, yardstick),
        *_conversion(network, z, told),
    ]
    path = (RESULTS if plain else out) / "sampling_pictures.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    columns = len(train.classes)
    write_grid([part[:columns] for part in made.values()], out / "sampling_pictures.png")
    print("\n".join(lines))


def yardstick_of(train: ClassPictures, test: ClassPictures) -> tuple[Yardstick, float]:
    """The distance to all test pictures, and the percentage of them that its classifier knows."""
    classifier = trained(*_all(train), len(train.classes))
    held, labels = _all(test)
    shuffled = held[torch.randperm(len(held), generator=torch.Generator().manual_seed(2))]
    return Yardstick(partial(features, classifier), features(classifier, shuffled)), 100 * accuracy(classifier, held, labels)


def about_the_yardstick(train: ClassPictures, test: ClassPictures, accuracy: float) -> dict[str, Any]:
    """What pages say of it and of the network."""
    counts = {"train": len(train), "test": len(test), "accuracy": accuracy, "draws": DRAWS, "width": FEATURES}
    return counts | {"ddpm": about_training("pictures-ddpm")}


def starts(count: int, classes: int) -> tuple[Tensor, Tensor]:
    """Noise `[count, 3, 32, 32]` and the classes in turn."""
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(0)), torch.arange(count) % classes


def _table_of_seeds(network: torch.nn.Module, z: Tensor, told: Tensor) -> tuple[dict[str, Tensor], dict[int, float]]:
    """Name -> samples, and processor seconds for each number of steps."""
    made, seconds = {}, {}
    for count in COUNTS:
        begun = time.process_time()
        for name, noise in NOISES.items():
            made[_name(name, count)] = sampled(network, z, told, steps(count), **noise)
            print(f"S = {count}, {name}: {time.process_time() - begun:.0f} s", flush=True)
        seconds[count] = (time.process_time() - begun) / len(NOISES)
    return made, seconds


def steps(count: int) -> tuple[tuple[schedules.Level, schedules.Level], ...]:
    """So many, trailing."""
    return SCHEDULE.steps(schedules.pairs(schedules.trailing(SCHEDULE.T, count)))


def sampled(network: torch.nn.Module, z: Tensor, told: Tensor, levels: Any, **noise: Any) -> Tensor:
    """Pictures in [-1, 1] by DDIM with this noise, in batches."""
    parts, generator = [], torch.Generator().manual_seed(4)
    for x, labels in zip(z.split(BATCH), told.split(BATCH), strict=True):
        denoise = samplers.Denoiser(in_bf16(as_function(network, labels)), clamp=1.0)
        parts.append(samplers.sample_ddim(denoise, x, levels, generator=generator, **noise))
    return torch.cat(parts).clamp(-1, 1)


def _distances(found: dict[str, Tensor], seconds: dict[int, float]) -> list[str]:
    """The table of Song et al. 2021, table 1."""
    rows = [[name, *(spread(found[_name(name, count)]) for count in COUNTS)] for name in NOISES]
    rows.append(["processor seconds", *(cell(seconds[count], 0) for count in COUNTS)])
    return ["## Noise and number of steps", "", *table(["", *(f"S = {count}" for count in COUNTS)], rows), ""]


def _order(network: torch.nn.Module, z: Tensor, told: Tensor, yardstick: Yardstick) -> list[str]:
    """Whether more noise is worse at few steps, in standard deviations of the difference."""
    rows, names = [], ("η = 0.0", "η = 1.0", "σ̂")
    for count in COUNTS[:2]:
        found = [yardstick.distances(sampled(network, z, told, steps(count), **NOISES[name])) for name in names]
        for (less, a), (more, b) in pairwise(zip(names, found, strict=True)):
            deviations = float((b - a)[0] / (b - a)[1:].std())
            rows.append([f"S = {count}, {more} against {less}", spread(a), spread(b), spread(b - a), cell(deviations, 1)])
    words = f"{len(z)} samples, compared on the same draws; the last column is the difference in its own standard deviations."
    return ["## Order at few steps", "", words, "", *table(["", "less noise", "more noise", "difference", "deviations"], rows), ""]


def _others(made: dict[str, Tensor], found: dict[str, Tensor], yardstick: Yardstick) -> list[str]:
    """The GAN and the floor beside DDIM, with coverage."""
    names = [_name("η = 0.0", COUNTS[0]), _name("η = 0.0", COUNTS[-1]), "pictures-gan", "training pictures"]
    rows = [[name, spread(found[name]), *(cell(figure, 2) for figure in yardstick.coverage(made[name]))] for name in names]
    words = "Real training pictures in the same number show what a perfect generator would get."
    return ["## Against a GAN", "", words, "", *table(["", "distance", "precision", "recall"], rows), ""]


def _conversion(network: torch.nn.Module, z: Tensor, told: Tensor) -> list[str]:
    """RDDM with DDIM's schedule converted, in float32."""
    z, labels, rows = z[:16], told[:16], []
    clamped = samplers.Denoiser(as_function(network, labels), clamp=1.0)

    def denoise(x: Tensor, t: Level) -> samplers.Prediction:
        x0 = clamped(x, t).x0
        return samplers.Prediction(x0, (x - t.signal * x0) / t.noise)

    converted = schedules.as_residual_schedule(SCHEDULE)
    levels = converted.steps(schedules.pairs(schedules.trailing(SCHEDULE.T, COUNTS[0])))
    for eta in (0.0, 1.0):
        ddim = samplers.sample_ddim(denoise, z, steps(COUNTS[0]), eta=eta, generator=torch.Generator().manual_seed(4))
        sigmas = [ddim_sigma(t, s, eta) for t, s in steps(COUNTS[0])]
        rddm = samplers.sample_rddm(
            samplers.generation_as_restoration(denoise),
            z,
            levels,
            degraded=torch.zeros_like(z),
            sigmas=sigmas,
            generator=torch.Generator().manual_seed(4),
        )
        rows.append([f"η = {eta}", f"{float((rddm - ddim).abs().max()):.1e}", f"{float(ddim.abs().max()):.1f}"])
    words = [
        f"RDDM's sampler with DDIM's schedule and σ converted against DDIM itself: S = {COUNTS[0]}, 16 pictures, float32.",
        "Both get the ε that belongs to the clamped x̂0.",
    ]
    return ["## RDDM as DDIM", "", *words, "", *table(["", "largest difference", "largest value"], rows), ""]


def _name(noise: str, count: int) -> str:
    return f"DDIM, {noise}, S = {count}"


def spread(distances: Tensor) -> str:
    """A distance and its standard deviation."""
    return f"{float(distances[0]):.2f} ± {float(distances[1:].std()):.2f}"


def trained_network(name: str) -> torch.nn.Module:
    """A shipped network."""
    tensors, card = load_weights(shipped(name))
    network = unet2d(card.architecture)
    load_into(network, tensors)
    return network.eval().requires_grad_(False)


def about_training(name: str) -> str:
    """How much of it there was."""
    card = read_card(card_path(shipped(name)))
    return f"{card.steps:,} steps, {card.hardware['hours']:.2f} hours, {card.hardware['device']}"


def _all(pictures: ClassPictures) -> tuple[Tensor, Tensor]:
    parts, labels = zip(*(pictures[i] for i in range(len(pictures))), strict=True)
    return torch.stack(parts), torch.tensor(labels)


def unpacked(data: Path, out: Path) -> Path:
    """The pictures by class, unpacked once."""
    folder = out / "cifar10"
    if not folder.is_dir():
        with tarfile.open(data / "images" / "cifar10_20000.tar.gz") as file:
            file.extractall(folder, filter="data")
    return folder
