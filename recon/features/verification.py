"""Geometric verification of a pair: which matches one motion of the camera explains (RANSAC of pycolmap)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.features.matches_npz import KINDS
from recon.io.colmap import points_to_colmap, to_colmap_camera
from recon.scene.lens import LensCamera


@dataclass(frozen=True)
class KnownCamera:
    """A photo's intrinsics, and whether the focal length is known rather than guessed."""

    camera: LensCamera
    has_prior: bool


def verify(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    matches: NDArray[np.int32],
    cameras: tuple[KnownCamera, KnownCamera],
    *,
    min_inliers: int = 15,
    max_error: float = 4.0,
    seed: int = 0,
) -> tuple[NDArray[np.int32], str]:
    """Inliers of the geometry that explains the matches best.

    With both focal lengths known an essential matrix competes with a homography, otherwise a fundamental matrix does.

    Args:
        first: Keypoints `[N, 2+]` of the first photo, x and y first, our pixel convention.
        second: Keypoints `[M, 2+]` of the second photo.
        matches: `[K, 2]` int32 indices.
        cameras: Intrinsics of the two.
        min_inliers: Fewer do not count.
        max_error: Farther from the epipolar line is an outlier, pixels.
        seed: Of the random samples.

    Returns:
        Inliers `[M, 2]` int32 (empty when the pair is not verified) and the kind, see `recon.features.matches_npz.KINDS`.
    """
    import pycolmap

    nothing = np.zeros((0, 2), np.int32)
    if len(matches) < min_inliers:
        return nothing, "none"
    options = pycolmap.TwoViewGeometryOptions()
    options.min_num_inliers = min_inliers
    options.ransac.max_error = max_error
    options.ransac.random_seed = seed
    a, b = (to_colmap_camera(known.camera, has_prior=known.has_prior) for known in cameras)
    left, right = points_to_colmap(first[:, :2]), points_to_colmap(second[:, :2])
    geometry = pycolmap.estimate_two_view_geometry(a, left, b, right, matches.astype(np.uint32), options)
    kind = pycolmap.TwoViewGeometryConfiguration(geometry.config).name.lower().removesuffix("_or_panoramic")
    if kind not in KINDS:
        return nothing, "none"
    return np.asarray(geometry.inlier_matches, np.int32).reshape(-1, 2), kind
