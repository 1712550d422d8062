"""What a reconstruction is measured against, read from files the user gives."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.metrics.sampling import sample_mesh
from recon.scene import TriMesh

SAMPLES = 200_000
MAX_POINTS = 50_000_000


@dataclass(frozen=True, eq=False)
class SurfaceTruth:
    """Points of the true surface.

    Args:
        points: `[N, 3]` float32, evenly distributed over the surface.
        bounds: `[2, 3]` smallest and largest coordinates that count, or None; the reconstruction is cut to them before it is measured.
        mesh: The surface itself, where it was given as triangles.
    """

    points: NDArray[np.float32]
    bounds: NDArray[np.float32] | None = None
    mesh: TriMesh | None = None

    @property
    def diagonal(self) -> float:
        """Length of the diagonal of the points' bounding box."""
        return float(np.linalg.norm(np.ptp(self.points, axis=0)))


def read_surface(path: Path, *, seed: int = 0) -> SurfaceTruth:
    """Reads a surface: `.npz` with `points` (and `bounds`), a PLY cloud, or a mesh (PLY, OBJ, GLB, STL), which is sampled by area.

    Raises:
        InputError: The file is missing, damaged, of another kind, or holds no surface.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"Cannot read the true surface '{path}'.", "There is no such file.", "Check the path.")
    truth = _read_npz(path) if path.suffix.lower() == ".npz" else _read_geometry(path, np.random.default_rng(seed))
    if len(truth.points) == 0 or not np.isfinite(truth.points).all() or not truth.diagonal > 0:
        raise InputError(f"Cannot use the true surface '{path}'.", "It has no points, or some that are not finite.", "Give another file.")
    return truth


def _read_npz(path: Path) -> SurfaceTruth:
    try:
        with np.load(path, allow_pickle=False) as data:
            sizes = {name: data.zip.getinfo(f"{name}.npy").file_size for name in data.files}
            if sizes.get("points", 0) > 24 * MAX_POINTS:
                raise ValueError(f"more than {MAX_POINTS} points")
            points = np.asarray(data["points"], np.float32).reshape(-1, 3)
            bounds = np.asarray(data["bounds"], np.float32).reshape(2, 3) if "bounds" in data.files else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"Cannot read the true surface '{path}'.", f"{error}.", "It needs an array 'points' of shape [N, 3].") from error
    return SurfaceTruth(points, bounds)


def _read_geometry(path: Path, rng: np.random.Generator) -> SurfaceTruth:
    """Points of a cloud, or a mesh and samples of it."""
    from recon.io.formats import read_cloud, read_mesh

    if path.suffix.lower() == ".ply" and not _has_faces(path):
        return SurfaceTruth(read_cloud(path).points)
    mesh = read_mesh(path)
    if len(mesh.faces) == 0:
        return SurfaceTruth(mesh.vertices)
    try:
        return SurfaceTruth(sample_mesh(mesh, SAMPLES, rng)[0], mesh=mesh)
    except ValueError as error:
        raise InputError(f"Cannot use the true surface '{path}'.", f"{error}.", "Give another file.") from error


def _has_faces(path: Path) -> bool:
    """Whether the header of a PLY file announces faces."""
    with path.open("rb") as file:
        head = file.read(65536).split(b"end_header")[0]
    for line in head.splitlines():
        words = line.split()
        if words[:2] == [b"element", b"face"] and len(words) == 3:
            return words[2] != b"0"
    return False
