"""`bench points`: time and memory of `photolith cloud refine` on a large cloud."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from recon.io.formats import read_cloud, write_cloud
from recon.scene import PointCloud
from tests.bench.support.runs import CLI, measured, used_seconds
from tests.bench.support.tables import table

WORDS = """\
`photolith cloud refine` by the network, one process: points drawn evenly from a torus with Gaussian noise of 0.3 of their distance,
with normals and colours. Peak: of the memory that the process held, reading and writing included."""


def run_large(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    rows = []
    for count in arguments.points:
        source, target = arguments.out / "points" / "large.ply", arguments.out / "points" / "large_refined.ply"
        source.parent.mkdir(parents=True, exist_ok=True)
        write_cloud(torus(count), source)
        before = used_seconds()
        seconds, peak = measured([sys.executable, "-c", CLI, "cloud", "refine", str(source), "-o", str(target)], target.with_suffix(".log"))
        rows.append([f"{count:,}", f"{len(read_cloud(target)):,}", f"{used_seconds() - before:.0f}", f"{seconds:.0f}", f"{peak:.2f}"])
        print(*rows[-1], flush=True)
        source.unlink()
        target.unlink()
    return ["## Memory of large clouds", "", WORDS, "", *table(["points", "left", "processor s", "seconds", "peak GiB"], rows), ""]


def torus(count: int) -> PointCloud:
    """Points of a torus of radii 1 and 0.4."""
    rng = np.random.default_rng(0)
    around, tube = rng.uniform(0, 2 * np.pi, (2, count)).astype(np.float32)
    side = np.stack([np.cos(around), np.sin(around), np.zeros_like(around)], 1)
    normals = np.cos(tube)[:, None] * side
    normals[:, 2] = np.sin(tube)
    spacing = float(np.sqrt(4 * np.pi**2 * 0.4 / count))
    points = side + 0.4 * normals + 0.3 * spacing * rng.standard_normal((count, 3), np.float32)
    return PointCloud(points, normals, np.full((count, 3), 0.5, np.float32))
