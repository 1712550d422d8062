"""Coarse points leave where exact ones suffice."""

from __future__ import annotations

import numpy as np
import pycolmap

from recon.sfm.exact import ENOUGH, leave_out_coarse


def model_of(tracks: list[list[tuple[int, int]]], images: int, keypoints: int) -> pycolmap.Reconstruction:
    """A model whose points have these tracks of (image, keypoint)."""
    model = pycolmap.Reconstruction()
    model.add_camera_with_trivial_rig(pycolmap.Camera(model="SIMPLE_PINHOLE", width=100, height=100, params=[90, 50, 50], camera_id=1))
    for number in range(1, images + 1):
        image = pycolmap.Image(name=f"{number}.jpg", camera_id=1, image_id=number)
        image.points2D = pycolmap.Point2DList([pycolmap.Point2D(np.array([1.0, 2.0])) for _ in range(keypoints)])
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d())
    for track in tracks:
        model.add_point3D(np.zeros(3), pycolmap.Track([pycolmap.TrackElement(*element) for element in track]), np.zeros(3, np.uint8))
    return model


def test_only_what_nobody_needs_is_left_out() -> None:
    exact = [ENOUGH, ENOUGH, 5]
    tracks = [[(1, i), (2, i)] for i in range(ENOUGH)]  # photos 1 and 2 hold each other
    tracks += [[(1, ENOUGH), (2, ENOUGH)]]  # coarse, spare
    tracks += [[(1, ENOUGH + 1), (3, 6)]]  # coarse, but photo 3 has nothing else
    model = model_of(tracks, 3, ENOUGH + 10)
    assert leave_out_coarse(model, exact) == 1
    assert model.num_points3D() == ENOUGH + 1
    assert model.images[3].num_points3D == 1
    assert leave_out_coarse(model, exact) == 0
