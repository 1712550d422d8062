"""`python -m recon.points.pack MESH... -o FOLDER`: samples meshes into the packed files that the denoiser learns from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from recon.points.neighbors import farthest_points
from recon.points.shapes import Shape, unit_sphere, write_shapes

DENSE = 48_000
EVEN = 12_000


def sample_shape(name: str, corners: NDArray[np.floating], rng: np.random.Generator, dense: int = DENSE, even: int = EVEN) -> Shape:
    """A shape from triangles `[F, 3, 3]`, scaled into the unit sphere; see `Shape`."""
    from recon.metrics.sampling import sample_triangles

    middle, radius = unit_sphere(corners.reshape(-1, 3))
    corners = (corners - middle) / radius
    points, face = sample_triangles(corners, dense, rng)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12)
    first = farthest_points(torch.from_numpy(points)[None], even)[0].numpy()
    rest = np.setdiff1d(np.arange(dense), first)
    order = np.concatenate([first, rest])
    return Shape(name, points[order], normals[face][order].astype(np.float32), even)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m recon.points.pack", description=__doc__)
    parser.add_argument("meshes", nargs="+", type=Path, help="mesh files")
    parser.add_argument("--validation", nargs="*", default=[], metavar="NAME", help="meshes kept for validation")
    parser.add_argument("--out", "-o", type=Path, required=True, help="folder for train.npz and validation.npz")
    options = parser.parse_args(argv)
    from recon.io.formats import read_mesh

    parts: dict[str, list[Shape]] = {"train": [], "validation": []}
    for path in options.meshes:
        mesh = read_mesh(path)
        rng = np.random.default_rng(crc32(path.name.encode()))
        parts["validation" if path.stem in options.validation else "train"].append(
            sample_shape(path.stem, mesh.vertices[mesh.faces].astype(np.float64), rng)
        )
        print(path.stem, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    for part, shapes in parts.items():
        if shapes:
            write_shapes(shapes, options.out / f"{part}.npz")
    return 0


if __name__ == "__main__":
    sys.exit(main())
