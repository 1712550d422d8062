"""Training examples: some photographs of a shape, the cube they are seen in, and what fills it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from recon.direct.crop import SIZE, Crop, around_cube, around_outline
from recon.direct.cube import REACH, SIDE, cell_centers, levelled, lone_projection, projection
from recon.direct.shots import Shots
from recon.direct.views import Views, one_object
from recon.scene import Sim3

ALONE_SHARE = 0.35
"""How often one photograph is shown without its camera."""
COUNTS, COUNT_SHARES = (2, 3, 4, 6), (0.3, 0.25, 0.25, 0.2)
"""Photographs with cameras, and how often there are so many."""
POINTS = 2048
"""Points of the true surface in an example."""


@dataclass(frozen=True)
class Framing:
    """Photographs chosen of a shape and the cube they are seen in.

    Args:
        chosen: Numbers of the photographs.
        world_from_cube: Where the cube lies in the shape's frame.
        alone: Whether the camera is held back: then there is one photograph.
    """

    chosen: tuple[int, ...]
    world_from_cube: Sim3
    alone: bool


def framed_alone(shots: Shots, number: int, filled: float, shift: tuple[float, float] = (0.0, 0.0)) -> tuple[Framing, Crop]:
    """One photograph without its camera: the cube is what the crop around the outline shows, if the camera were the assumed one.

    Args:
        shots: The shape.
        number: Of the photograph.
        filled: See `around_outline`.
        shift: See `around_outline`.
    """
    camera, pose = shots.views[number]
    crop = around_outline(shots.masks[number], filled, shift)
    depth = pose.apply(shots.points)[:, 2]
    middle_depth = (depth.min() + depth.max()) / 2
    middle = np.array([[crop.left + (crop.side - 1) / 2, crop.top + (crop.side - 1) / 2]])
    center = camera.unproject(middle, np.array([middle_depth]))[0]
    scale = crop.side * middle_depth / camera.fx / (2 * REACH)
    cube = Sim3(pose.rotation.T, pose.inverse().apply(center), float(scale))
    return Framing((number,), cube, True), crop


def framed(shots: Shots, chosen: Sequence[int], filled: float, shift: NDArray[np.float64] | None = None) -> Framing:
    """Photographs with cameras in a cube around the shape.

    Args:
        shots: The shape.
        chosen: Numbers of the photographs; the first one gives the cube its direction.
        filled: Longest side of the shape's box as a part of the cube's side.
        shift: Of the cube, `[3]` in parts of its side.
    """
    axes = levelled([shots.views[i][1] for i in chosen])
    along = shots.points @ axes
    low, high = along.min(axis=0), along.max(axis=0)
    scale = float((high - low).max()) / 2 / filled
    middle = (low + high) / 2 + (0 if shift is None else 2 * scale * shift)
    return Framing(tuple(chosen), Sim3(axes, axes @ middle, scale), False)


def random_framing(shots: Shots, rng: np.random.Generator) -> tuple[Framing, Crop | None]:
    """Any photographs in any cube that a user's might be seen in; the crop where it does not follow from the cube."""
    order = rng.permutation(len(shots.views))
    if rng.random() < ALONE_SHARE:
        seen = [int(i) for i in order if shots.masks[i].any()]
        dx, dy = rng.normal(0, 0.02, 2)
        return framed_alone(shots, seen[0], float(rng.uniform(0.74, 0.86)), (float(dx), float(dy)))
    count = int(rng.choice(COUNTS, p=COUNT_SHARES))
    chosen = [int(i) for i in order[:count]]
    return framed(shots, chosen, float(rng.uniform(0.62, 0.95)), rng.normal(0, 0.02, 3)), None


def shown(shots: Shots, framing: Framing, crop: Crop | None = None, size: int = SIZE) -> Views:
    """What the network gets of a framing; `crop` is that of `framed_alone`."""
    cut, projections = [], []
    for i in framing.chosen:
        camera, pose = shots.views[i]
        part = around_cube(camera, pose, framing.world_from_cube) if crop is None else crop
        cut.append(part.cut(shots.pictures[i], shots.masks[i], size))
        projections.append(lone_projection(size) if framing.alone else projection(part.camera(camera, size), pose, framing.world_from_cube))
    return one_object(cut, projections)


def occupied(shots: Shots, world_from_cube: Sim3, side: int = SIDE) -> Tensor:
    """The part of the shape's solid in a cube, `[side, side, side]` bool (z, y, x)."""
    where = world_from_cube.apply(cell_centers(side).numpy()).astype(np.float32)
    solid = torch.from_numpy(shots.solid.astype(np.float32))[None, None]
    values = grid_sample(solid, torch.from_numpy(where)[None, None, None], align_corners=False)
    return values.view(side, side, side) > 0.5


def surface_in_cube(shots: Shots, world_from_cube: Sim3) -> NDArray[np.float32]:
    """The shape's surface points in the cube's coordinates, `[N, 3]`."""
    inner = (shots.points - world_from_cube.translation) @ world_from_cube.rotation / world_from_cube.scale
    return np.asarray(inner, np.float32)


def mirrored(views: Views) -> Views:
    """Left and right exchanged, in pictures and cube alike."""
    flip = torch.tensor([-1.0, 1.0, 1.0])
    projections = flip[:, None] * views.projections * torch.tensor([-1.0, 1.0, 1.0, 1.0])
    return views._replace(pictures=views.pictures.flip(-1), projections=projections)


def recolored(views: Views, rng: np.random.Generator) -> Views:
    """Another exposure and colour of light for the object, a little different for each photograph."""
    count = views.there.shape[1]
    gain = np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.08, 3) + rng.normal(0, 0.08, (count, 1))).astype(np.float32)
    pictures = views.pictures.clone()
    pictures[0, :, :3] = (pictures[0, :, :3] * torch.from_numpy(gain)[:, :, None, None]).clamp(max=1)
    return views._replace(pictures=pictures)


def example(shots: Shots, rng: np.random.Generator, size: int = SIZE) -> dict[str, Any]:
    """One training example.

    Returns:
        views `Views` of one object; occupied `[SIDE, SIDE, SIDE]` float; surface `[POINTS, 3]` in the cube's coordinates.
    """
    framing, crop = random_framing(shots, rng)
    views = recolored(shown(shots, framing, crop, size), rng)
    solid = occupied(shots, framing.world_from_cube).float()
    points = surface_in_cube(shots, framing.world_from_cube)
    points = points[rng.choice(len(points), POINTS, replace=len(points) < POINTS)]
    if rng.random() < 0.5:
        views, solid, points = mirrored(views), solid.flip(-1), points * np.array([-1, 1, 1], np.float32)
    return {"views": views, "occupied": solid, "surface": torch.from_numpy(points)}
