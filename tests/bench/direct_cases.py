"""What `bench direct` compares, and how it is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from recon.direct.crop import FILLED
from recon.direct.cube import SIDE, cell_centers
from recon.direct.examples import framed, framed_alone, occupied, shown, surface_in_cube
from recon.direct.lifting import hull
from recon.direct.shape import POINTS, VOXELS, load_network
from recon.direct.shots import ShapeSet
from recon.direct.solid import surface
from recon.direct.views import Views
from recon.metrics.clouds import chamfer, f_score
from recon.metrics.sampling import sample_mesh

COUNTS = (1, 2, 4, 8)
"""Pictures of a shape."""
NEAR = 0.05
_SAMPLES = 4096
_MEAN_OF = 100
"""Training shapes that the mean shape is made of."""
Found = tuple[NDArray[np.float32] | None, NDArray[np.floating]]
"""Cells `[Z, Y, X]` as values that are above 0 where full, or None; points of the surface `[N, 3]`."""
Way = Callable[[Views, bool], Found]


@dataclass(frozen=True)
class Score:
    """One way on one shape; `iou` is None for clouds."""

    way: str
    kind: str
    name: str
    count: int
    chamfer: float
    f: float
    iou: float | None


def contenders(data: Path, voxels: str, points: str) -> dict[str, Way]:
    """Name -> what it makes of views, and whether their cube is that of a camera which is not known."""
    voxel_network, point_network = load_network(VOXELS, voxels), load_network(POINTS, points)
    means = {alone: mean_shape(data, alone) for alone in (True, False)}

    def by_points(views: Views, alone: bool) -> Found:
        return None, point_network(views)[-1][0].numpy()

    def by_first_camera(views: Views, alone: bool) -> Found:
        return by_points(views._replace(known=views.known * (torch.arange(views.known.shape[1]) == 0)), alone)

    return {
        "voxels": lambda views, alone: of_cells(voxel_network(views)[0].numpy()),
        "points": by_points,
        "points, no cameras": by_first_camera,
        "visual hull": lambda views, alone: of_cells(hull(views, cell_centers()[None])[0].view(SIDE, SIDE, SIDE).numpy() - 0.5),
        "mean shape": lambda views, alone: of_cells(means[alone]),
    }


def of_cells(values: NDArray[np.float32]) -> Found:
    """Cells and points of their surface."""
    mesh = surface(values, 0.0)
    if not len(mesh.faces):
        return values, np.zeros((1, 3), np.float32)
    return values, sample_mesh(mesh, _SAMPLES, np.random.default_rng(0))[0]


def mean_shape(data: Path, alone: bool) -> NDArray[np.float32]:
    """How many of the training shapes fill each cell, less the share at which the mean shape has the best IoU with them."""
    shapes, grids = ShapeSet(data, "train"), []
    for i in range(min(_MEAN_OF, len(shapes))):
        shots = shapes[i]
        framing = framed_alone(shots, 0, FILLED)[0] if alone else framed(shots, range(4), FILLED)
        grids.append(occupied(shots, framing.world_from_cube))
    full = torch.stack(grids)
    mean = full.float().mean(0)

    def quality(share: float) -> float:
        guess = mean > share
        return float(((guess & full).sum((1, 2, 3)) / (guess | full).sum((1, 2, 3)).clamp(min=1)).mean())

    return (mean - max(np.linspace(0.05, 0.6, 23), key=quality)).numpy()


def measured(data: Path, limit: int, ways: dict[str, Way]) -> list[Score]:
    """All ways on the shapes of the validation split."""
    shapes = ShapeSet(data, "validation")
    scores: list[Score] = []
    for i in range(min(limit, len(shapes))):
        scores += _shape(shapes, i, ways)
    return scores


def _shape(shapes: ShapeSet, index: int, ways: dict[str, Way]) -> Iterator[Score]:
    shots, name = shapes[index], shapes.names[index]
    rng = np.random.default_rng(crc32(name.encode()))
    order = [int(i) for i in rng.permutation(len(shots.views)) if shots.masks[i].any()]
    for count in COUNTS:
        if count == 1:
            framing, crop = framed_alone(shots, order[0], FILLED)
        else:
            framing, crop = framed(shots, order[:count], FILLED), None
        views, truth = shown(shots, framing, crop), surface_in_cube(shots, framing.world_from_cube)
        solid = occupied(shots, framing.world_from_cube).numpy()
        for way, find in ways.items():
            with torch.no_grad():
                cells, points = find(views, framing.alone)
            full = None if cells is None else cells > 0
            iou = None if full is None else float((full & solid).sum() / max(1, (full | solid).sum()))
            yield Score(way, shots.kind, name, count, chamfer(points, truth), f_score(points, truth, [NEAR])[0].f, iou)


def kinds(scores: Sequence[Score]) -> list[str]:
    """Sources of the shapes, sorted."""
    return sorted({score.kind for score in scores})
