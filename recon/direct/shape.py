"""Photographs to shape by the trained networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import interpolate

from recon.direct.colors import point_colors
from recon.direct.crop import around_cube, around_outline
from recon.direct.cube import lone_projection, projection
from recon.direct.hull import cube_around
from recon.direct.photos import ObjectPhoto
from recon.direct.point_network import PointArchitecture, PointNetwork
from recon.direct.solid import boxes, surface
from recon.direct.views import Views, one_object
from recon.direct.voxel_network import VoxelArchitecture, VoxelNetwork
from recon.errors import InputError, ReconstructionError, WeightsError
from recon.learning.weights import load_into, load_weights, shipped
from recon.points.neighbors import farthest_points
from recon.scene import Origin, PointCloud, Sim3, TriMesh

POINTS, VOXELS = "direct-points", "direct-voxels"
"""Names of the shipped weights."""
_HERE = Sim3(np.eye(3), np.zeros(3))


@dataclass(frozen=True, eq=False)
class Voxels:
    """What fills a cube.

    Args:
        values: `[Z, Y, X]` float32, logits: above 0 = occupied.
        world_from_cube: Where the cube [-1, 1] lies.
    """

    values: NDArray[np.float32]
    world_from_cube: Sim3

    @property
    def occupied(self) -> NDArray[np.bool_]:
        """`[Z, Y, X]`."""
        return self.values > 0

    def mesh(self, *, as_boxes: bool = False) -> TriMesh:
        """The surface between full and empty, by marching cubes or as the cells' faces; its origin is 'generated'.

        Raises:
            ReconstructionError: Nothing is full.
        """
        if not self.occupied.any():
            why = "No cell of the grid is more likely full than empty."
            raise ReconstructionError("No shape was found.", why, "Check the masks, or give more photos.")
        mesh = boxes(self.occupied) if as_boxes else surface(self.values, 0.0)
        vertices = self.world_from_cube.apply(mesh.vertices).astype(np.float32)
        return replace(mesh, vertices=vertices, origin=np.full(len(vertices), Origin.GENERATED, np.uint8))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For an .npz file: occupied `[Z, Y, X]`, probability `[Z, Y, X]` float16, world_from_cube `[4, 4]`."""
        probability = torch.sigmoid(torch.from_numpy(self.values)).numpy()
        return {
            "occupied": self.occupied,
            "probability": probability.astype(np.float16),
            "world_from_cube": self.world_from_cube.matrix,
        }


def framed_views(photos: Sequence[ObjectPhoto]) -> tuple[Views, Sim3]:
    """What a network gets of photographs, and `world_from_cube`.

    Without cameras the world is the cube: the first photo's camera, which is assumed to look straight at it, gives the axes.
    """
    posed = [photo.posed for photo in photos if photo.posed is not None]
    if not posed:
        crops = [around_outline(photo.mask).cut(photo.picture, photo.mask) for photo in photos]
        return one_object(crops, [lone_projection(crops[0].shape[0]), *([None] * (len(crops) - 1))]), _HERE
    cube = cube_around(posed)
    crops, projections = [], []
    for photo, view in zip(photos, posed, strict=True):
        crop = around_cube(view.camera, view.pose, cube)
        crops.append(crop.cut(photo.picture, photo.mask))
        projections.append(projection(crop.camera(view.camera, crops[0].shape[0]), view.pose, cube))
    return one_object(crops, projections), cube


def find_voxels(photos: Sequence[ObjectPhoto], network: nn.Module, side: int, device: str = "cpu") -> Voxels:
    """The grid that the photographs show; `side` cells along each axis, between which the network's own are interpolated.

    Raises:
        InputError: There are several photographs without cameras.
        ReconstructionError: The cameras look at nothing in common, or the outlines do not agree.
    """
    if len(photos) > 1 and photos[0].posed is None:
        why = "How they see the object is not known."
        raise InputError(
            f"{len(photos)} photos without cameras cannot become voxels.", why, "Give --cameras, a single photo, or --as points."
        )
    views, cube = framed_views(photos)
    with torch.no_grad():
        values = network(views.to(device))
        if side != values.shape[-1]:
            values = interpolate(values[:, None], (side, side, side), mode="trilinear", align_corners=False)[:, 0]
    return Voxels(values[0].float().cpu().numpy(), cube)


def find_points(photos: Sequence[ObjectPhoto], network: nn.Module, count: int, device: str = "cpu") -> PointCloud:
    """The cloud that the photographs show, with colours where a known camera sees it; all points are 'generated'.

    Args:
        photos: With cameras (all of them) or without.
        network: A `PointNetwork`.
        count: Points, spread evenly; at most as many as the network makes.
        device: Where it runs.

    Raises:
        ReconstructionError: The cameras look at nothing in common, or the outlines do not agree.
    """
    views, cube = framed_views(photos)
    with torch.no_grad():
        points = network(views.to(device))[-1].cpu()
    points = points[:, farthest_points(points, count)[0]]
    world = cube.apply(points[0].numpy()).astype(np.float32)
    return PointCloud(world, colors=point_colors(views, points[0]), origin=np.full(count, Origin.GENERATED, np.uint8))


def load_network(kind: str, path: str = "", device: str = "cpu") -> nn.Module:
    """A trained network, in `eval` mode.

    Args:
        kind: POINTS or VOXELS.
        path: Weights file; the shipped one when empty.
        device: Where it runs.

    Raises:
        WeightsError: The weights are missing, damaged, or of another network.
    """
    file = Path(path) if path else shipped(kind)
    tensors, card = load_weights(file)
    try:
        if card.task != kind:
            raise ValueError(f"They are for '{card.task}'")
        network: nn.Module
        if kind == POINTS:
            network = PointNetwork(PointArchitecture(**card.architecture))
        else:
            network = VoxelNetwork(VoxelArchitecture.of(card.architecture))
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"The weights '{file.name}' cannot be used.", f"{error}.", f"Give weights of {kind}.") from error
    load_into(network, tensors)
    return network.to(device).eval()
