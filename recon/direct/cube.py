"""The cube that a network looks into: where it lies in the world, and how cameras see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.errors import ReconstructionError
from recon.scene import Camera, Rigid3, Sim3

SIDE = 32
"""Cells of the networks' grid along each axis."""
REACH = 1.1
"""Radius, in the cube's coordinates, of the ball around the cube's middle that a crop shows."""
DISTANCE = 4.0
"""From a camera of which nothing is known to the middle of its cube, in the cube's coordinates: a lens of 31 degrees."""
ALONE = Rigid3(np.eye(3), np.array([0.0, 0.0, DISTANCE]))
"""`cam_from_cube` of such a camera."""


def lone_camera(size: int) -> Camera:
    """Intrinsics that are assumed for a crop of `size` pixels of which nothing is known."""
    focal = size * DISTANCE / (2 * REACH)
    return Camera(size, size, focal, focal, (size - 1) / 2, (size - 1) / 2)


def levelled(poses: Sequence[Rigid3]) -> NDArray[np.float64]:
    """Axes of a cube in the world, as columns `[3, 3]`: down as the cameras have it in the mean, away as the first one looks.

    For a single camera these are its own axes.

    Raises:
        ReconstructionError: The cameras do not agree on what is down.
    """
    down = np.sum([pose.rotation[1] for pose in poses], axis=0)
    away = poses[0].rotation[2] - down * (poses[0].rotation[2] @ down) / max(float(down @ down), 1e-12)
    if min(np.linalg.norm(down), np.linalg.norm(away)) < 1e-3:
        why = "Their pictures are turned in all directions, or the first one looks straight down."
        raise ReconstructionError("The cameras do not say which way is up.", why, "Give photos held upright.")
    down, away = down / np.linalg.norm(down), away / np.linalg.norm(away)
    return np.stack([np.cross(down, away), down, away], axis=1)


def projection(camera: Camera, cam_from_world: Rigid3, world_from_cube: Sim3) -> NDArray[np.float32]:
    """`[3, 4]`: homogeneous points of the cube -> homogeneous picture coordinates, in which the picture is [-1, 1] along each axis."""
    half = np.array([camera.width, camera.height]) / 2
    to_unit = np.array([[1 / half[0], 0, 0.5 / half[0] - 1], [0, 1 / half[1], 0.5 / half[1] - 1], [0, 0, 1]])
    product = to_unit @ camera.matrix @ cam_from_world.matrix[:3] @ world_from_cube.matrix
    return np.asarray(product / np.linalg.norm(product[2, :3]), np.float32)


def lone_projection(size: int) -> NDArray[np.float32]:
    """`projection` of the camera of which nothing is known."""
    return projection(lone_camera(size), ALONE, Sim3(np.eye(3), np.zeros(3)))


def cell_centers(side: int = SIDE) -> Tensor:
    """Middles `[side^3, 3]` (x, y, z) of the grid's cells, in the order of a flattened `[Z, Y, X]` grid."""
    axis = (torch.arange(side) + 0.5) * (2 / side) - 1
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    return torch.stack([x, y, z], dim=-1).reshape(-1, 3)
