"""Cameras and sparse points of a reconstruction, after undistortion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene.camera import Camera
from recon.scene.checks import array
from recon.scene.transforms import Rigid3


@dataclass(frozen=True)
class View:
    """One registered, undistorted photograph.

    Args:
        name: The photo's id in the project, unique in the scene; its picture is looked up by this name.
        camera: Pinhole intrinsics of the undistorted picture.
        cam_from_world: Pose.
    """

    name: str
    camera: Camera
    cam_from_world: Rigid3


@dataclass(frozen=True, eq=False)
class SparsePoints:
    """Triangulated tracks. Observation o says: point `point_index[o]` is seen by view `view_index[o]`.

    Args:
        points: `[P, 3]` float64, world frame.
        colors: `[P, 3]` float32 RGB in [0, 1].
        error: `[P]` float32 mean reprojection error in pixels.
        point_index: `[O]` int32.
        view_index: `[O]` int32 into `Scene.views`.
    """

    points: NDArray[np.float64]
    colors: NDArray[np.float32]
    error: NDArray[np.float32]
    point_index: NDArray[np.int32]
    view_index: NDArray[np.int32]

    def __post_init__(self) -> None:
        points = array(self.points, "points", (None, 3), np.float64)
        n, o = len(points), len(self.point_index)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "colors", array(self.colors, "colors", (n, 3), np.float32))
        object.__setattr__(self, "error", array(self.error, "error", (n,), np.float32))
        object.__setattr__(self, "point_index", array(self.point_index, "point_index", (o,), np.int32))
        object.__setattr__(self, "view_index", array(self.view_index, "view_index", (o,), np.int32))

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class Scene:
    """Views with their poses, and the sparse points that tie them together.

    Args:
        views: Registered views; names are unique.
        sparse: Tracks, `view_index` into `views`.
    """

    views: tuple[View, ...]
    sparse: SparsePoints

    def __post_init__(self) -> None:
        if len({view.name for view in self.views}) != len(self.views):
            raise ShapeError("view names must be unique")

    def index(self, name: str) -> int:
        """Position of the view called `name`.

        Raises:
            KeyError: There is no such view.
        """
        for i, view in enumerate(self.views):
            if view.name == name:
                return i
        raise KeyError(name)
