"""`photolith train direct-data`: photographs objects into the shards that the direct networks learn from."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recon.direct.shots import encode
from recon.direct.solid import surface
from recon.direct.studio import Studio
from recon.errors import InputError, PhotolithError, ShapeError
from recon.io.npz import DAMAGE, read_arrays
from recon.learning.shards import write_shard
from recon.synth import TexturedMesh, load_textured_mesh
from recon.synth.training.materials import plain, rich
from recon.synth.training.pool import NEVER, SUFFIXES, Pool

HELD_BACK = 12
"""Every so many-th shape is kept for validation."""
PER_SHARD = 64
_BLUR, _LEVEL = 0.6, 0.25
"""Cells by which a voxel shape is smoothed, and where its surface is put then: edges go round, bars of one cell stay."""


@dataclass(frozen=True)
class Source:
    """One shape to photograph.

    Args:
        name: Unlike any other's.
        kind: Of which source.
        path: The file.
        number: Which grid of a file of voxel grids; None = a mesh file.
        up: Axis of the file that is up.
    """

    name: str
    kind: str
    path: Path
    number: int | None = None
    up: str = "z"

    @property
    def held_back(self) -> bool:
        """Whether it is kept for validation."""
        return crc32(self.name.encode()) % HELD_BACK == 0

    def mesh(self) -> TexturedMesh:
        """Its surface."""
        return load_textured_mesh(self.path, up=self.up) if self.number is None else voxel_mesh(read_voxels(self.path)[self.number])


def mesh_sources(folder: Path) -> list[Source]:
    """The mesh files of a folder, without those that reconstructions are measured with."""
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES and path.stem not in NEVER)
    if not files:
        raise InputError(f"There are no meshes in '{folder}'.", "", f"Give a folder with {', '.join(SUFFIXES)} files.")
    return [Source(f"{folder.name}_{path.stem}", folder.name, path) for path in files]


def voxel_sources(path: Path) -> list[Source]:
    """The grids of a file that hold something."""
    filled = np.flatnonzero(read_voxels(path).any(axis=(1, 2, 3)))
    return [Source(f"{path.stem}_{i:04d}", path.stem, path, int(i)) for i in filled]


@lru_cache(maxsize=2)
def read_voxels(path: Path) -> NDArray[np.bool_]:
    """Grids `[N, X, Y, Z]` (z up) of a file.

    Raises:
        InputError: The file holds something else.
    """
    try:
        voxels = read_arrays(path)["voxels"]
        return np.asarray(voxels.reshape(-1, *voxels.shape[-3:]) > 0.5)
    except DAMAGE as error:
        raise InputError(f"'{path.name}' holds no voxel grids.", f"{error}.", "Give an .npz file with an array 'voxels'.") from error


def voxel_mesh(grid: NDArray[np.bool_]) -> TexturedMesh:
    """The surface of a grid `[X, Y, Z]`, a little smoothed, with nothing on it."""
    from scipy.ndimage import gaussian_filter

    fine = np.kron(grid.transpose(2, 1, 0), np.ones((2, 2, 2))).astype(np.float32)
    mesh = surface(gaussian_filter(np.pad(fine, 2), 2 * _BLUR), _LEVEL)
    blank = np.zeros((len(mesh.faces), 3, 2), np.float32)
    return TexturedMesh("voxels", mesh.vertices, mesh.faces, blank, np.ones((1, 1, 3), np.float32))


def chosen(sources: Sequence[Source], limit: int, seed: int) -> list[Source]:
    """At most `limit` of the sources, in random order."""
    order = np.random.default_rng(seed).permutation(len(sources))
    return [sources[i] for i in order[:limit]]


@dataclass(frozen=True)
class Job:
    """One shard to make.

    Args:
        path: Where.
        sources: What is photographed.
        size: Of the pictures, pixels.
        views: Pictures of each shape.
        seed: Of everything random.
    """

    path: Path
    sources: tuple[Source, ...]
    size: int
    views: int
    seed: int

    def run(self) -> int:
        """Makes it; the number of shapes in it. A shape depends on seed and name alone; one without a surface is left out."""
        import torch

        torch.set_num_threads(1)
        studio, sets = Studio(self.size, self.views, textures(self.seed)), {}
        for source in self.sources:
            rng = np.random.default_rng([self.seed, crc32(source.name.encode())])
            try:
                sets[source.name] = encode(studio.shoot(source.mesh(), source.kind, rng))
            except (ShapeError, InputError):
                continue
        write_shard(self.path, sets)
        return len(sets)


def textures(seed: int, count: int = 40) -> list[NDArray[np.float32]]:
    """Plain colours and patterns that shapes without texture wear."""
    rng, pool = np.random.default_rng(seed), Pool(None, None, "train")
    return [plain(rng, 64) if i % 2 else rich(pool, rng, 128) for i in range(count)]


def planned(sources: Sequence[Source], folder: Path, size: int, views: int, seed: int) -> Iterator[Job]:
    """All shards, validation first."""
    for split, held_back in (("validation", True), ("train", False)):
        rest = iter([source for source in sources if source.held_back == held_back])
        number = 0
        while some := tuple(islice(rest, PER_SHARD)):
            yield Job(folder / f"{split}_{number:03d}.zip", some, size, views, seed)
            number += 1


def make(jobs: Sequence[Job], processes: int) -> None:
    """Makes the shards that are missing."""
    missing = [job for job in jobs if not job.path.exists()]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as executor:
        for job, count in zip(missing, executor.map(Job.run, missing), strict=True):
            print(f"{job.path.name}: {count} shapes, {job.path.stat().st_size / 1e6:.1f} MB", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    parser = argparse.ArgumentParser(prog="photolith train direct-data", description="Makes the data that the direct networks learn from.")
    parser.add_argument("--meshes", type=Path, nargs="*", default=[], metavar="DIR", help="folders of meshes, z up")
    parser.add_argument(
        "--voxels", type=Path, nargs="*", default=[], metavar="FILE", help=".npz files with an array 'voxels', z last and up"
    )
    parser.add_argument("--limit", type=int, default=1000, help="shapes of a source at most (default: %(default)s)")
    parser.add_argument("--out", "-o", type=Path, required=True, help="folder for the shards; those in it are kept")
    parser.add_argument("--size", type=int, default=112, help="of the pictures, pixels (default: %(default)s)")
    parser.add_argument("--views", type=int, default=8, help="pictures of a shape (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other pictures (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="shards made side by side (default: %(default)s)")
    options = parser.parse_args(argv)
    try:
        found = [mesh_sources(folder) for folder in options.meshes] + [voxel_sources(path) for path in options.voxels]
        sources = [source for some in found for source in chosen(some, options.limit, options.seed)]
        options.out.mkdir(parents=True, exist_ok=True)
        order = chosen(sources, len(sources), options.seed)  # every shard holds some of each kind
        make(list(planned(order, options.out, options.size, options.views, options.seed)), options.processes)
    except PhotolithError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
