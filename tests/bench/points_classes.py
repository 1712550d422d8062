"""`bench points --classes`: chairs and monitors told apart, from points on the surfaces of voxel grids."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recon.learning.config import TrainConfig
from recon.learning.loop import train
from recon.learning.weights import load_into, load_weights
from recon.points.class_task import ClassTask
from recon.points.modelnet import ModelNet
from tests.bench.support.tables import table
from tests.off_files import write_off

CLASSES = ("chair", "monitor")
SPLITS = {"train": 120, "test": 80}
"""Meshes of each class."""
STEPS, BATCH = 80, 16
_BINS = 32
WORDS = """\
Voxel grids 32^3 of two classes, {train} of each to train on and {test} others of each to test with, their boundaries written as OFF files
in ModelNet's folders; 512 points of each. The network was trained for {steps} steps of {batch} clouds ({seconds:.0f} processor seconds),
turned at random about the vertical; the baseline takes the class whose mean histogram of distances between two random points (D2, Osada
et al. 2002) is nearest. Weights of these two classes are of no use to anybody and are not shipped."""


def run_classes(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    folder = arguments.out / "points" / "voxels"
    for name in CLASSES:
        _write(arguments.data / "shapes" / f"voxels_{name}.npz", folder / name)
    torch.manual_seed(0)
    begin = time.process_time()
    run = arguments.out / "points" / "classes"
    config = TrainConfig(STEPS, BATCH, rate=3e-3, warmup=10, ema=0.95, validate_every=STEPS, device="cpu", threads=1)
    task = ClassTask(folder)
    weights = train(task, run, config)
    seconds = time.process_time() - begin
    network = task.network()
    load_into(network, load_weights(weights)[0])
    with torch.no_grad():
        learned = task.validate(network.eval(), run, STEPS)["accuracy"]
    rows = [["nearest mean D2 histogram", f"{_nearest_mean(folder):.3f}"], ["pointnet2", f"{learned:.3f}"]]
    words = WORDS.format(**SPLITS, steps=STEPS, batch=BATCH, seconds=seconds)
    return ["## Classes", "", words, "", *table(["method", "accuracy"], rows), ""]


def _write(voxels: Path, folder: Path) -> None:
    """The first grids to train on, the next to test with; what is there stays."""
    if len(list(folder.rglob("*.off"))) == sum(SPLITS.values()):
        return
    with np.load(voxels, allow_pickle=False) as data:
        grids = data["voxels"][:, 0] > 0.5
    for i, grid in enumerate(grids[grids.any(axis=(1, 2, 3))][: sum(SPLITS.values())]):  # some are empty
        write_off(*boundary(grid), folder / ("train" if i < SPLITS["train"] else "test") / f"{i:04d}.off")


def boundary(grid: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corners `[V, 3]` and quadrilaterals `[F, 4]` between voxels that are set and others."""
    padded = np.pad(grid, 1)
    quads = []
    for axis in range(3):
        one, other = np.eye(3, dtype=np.int64)[[(axis + 1) % 3, (axis + 2) % 3]]
        corner = np.argwhere(np.diff(padded.astype(np.int8), axis=axis) != 0)
        corner[:, axis] += 1  # the face lies behind the first of both voxels
        quads.append(np.stack([corner, corner + one, corner + one + other, corner + other], 1))
    vertices, index = np.unique(np.concatenate(quads).reshape(-1, 3), axis=0, return_inverse=True)
    return vertices, index.reshape(-1, 4)


def _nearest_mean(folder: Path) -> float:
    """Accuracy of the baseline on the test split."""
    splits = {split: ModelNet(folder, split) for split in ("train", "test")}  # type: ignore[arg-type]
    histograms = {split: np.stack([_d2(data.dense(i)) for i in range(len(data))]) for split, data in splits.items()}
    labels = {split: np.array([label for _, label in data.files]) for split, data in splits.items()}
    means = np.stack([histograms["train"][labels["train"] == label].mean(0) for label in range(len(CLASSES))])
    found = np.square(histograms["test"][:, None] - means).sum(-1).argmin(1)
    return float((found == labels["test"]).mean())


def _d2(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Histogram of the distances between points and others of the list, shifted by an odd number."""
    distance = np.linalg.norm(points - np.roll(points, len(points) // 2 + 1, axis=0), axis=1)
    return np.histogram(distance, _BINS, (0, 2), density=True)[0]
