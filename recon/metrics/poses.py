"""How close estimated camera poses are to the true ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.metrics.align import umeyama
from recon.scene import Rigid3, Sim3

Poses = Mapping[str, Rigid3]


def rotation_angle(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Angle in degrees of the rotation between two rotation matrices `[3, 3]`; exact for small angles."""
    half = np.linalg.norm(np.asarray(a, np.float64) - np.asarray(b, np.float64)) / np.sqrt(8.0)
    return float(np.degrees(2.0 * np.arcsin(min(float(half), 1.0))))


def direction_angle(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Angle in degrees, 0 to 180, between two directions `[3]`; 180 when only one of them is zero, 0 when both are."""
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if length_a == 0.0 or length_b == 0.0:
        return 0.0 if length_a == length_b else 180.0
    unit_a, unit_b = a / length_a, b / length_b
    return float(np.degrees(2.0 * np.arctan2(np.linalg.norm(unit_a - unit_b), np.linalg.norm(unit_a + unit_b))))


def pair_errors(estimated: Poses, truth: Poses) -> NDArray[np.float64]:
    """Relative-pose error of every pair of photos of the truth.

    Args:
        estimated: Name -> `cam_from_world`, in any world frame and scale.
        truth: Name -> `cam_from_world`.

    Returns:
        `[P]` degrees: the larger of rotation angle and angle between translation directions of `cam2_from_cam1`; infinite when one of
        the two photos was not registered.
    """
    errors = []
    for one, two in combinations(truth, 2):
        if one not in estimated or two not in estimated:
            errors.append(np.inf)
            continue
        true = truth[two] @ truth[one].inverse()
        found = estimated[two] @ estimated[one].inverse()
        errors.append(max(rotation_angle(true.rotation, found.rotation), direction_angle(true.translation, found.translation)))
    return np.array(errors)


def pose_auc(estimated: Poses, truth: Poses, thresholds_deg: Sequence[float]) -> dict[float, float]:
    """Area under the recall curve of `pair_errors` up to each threshold, divided by the threshold: 1 = perfect.

    The curve is taken as the step function that it is, so the area is the mean of `max(0, 1 - error / threshold)`. (SuperGlue's
    evaluation joins the steps by straight lines, which gives at most 1 / pairs more.)

    Raises:
        ReconstructionError: The truth has fewer than two photos.
    """
    errors = pair_errors(estimated, truth)
    if len(errors) == 0:
        raise ReconstructionError("Poses cannot be compared.", f"The truth has {len(truth)} photos.", "Give at least two.")
    return {float(t): float(np.clip(1.0 - errors / t, 0.0, None).mean()) for t in thresholds_deg}


def align_centers(estimated: Poses, truth: Poses, *, unique: bool = True) -> Sim3:
    """`truth_from_estimated` by the camera centres of the photos that both have.

    Raises:
        ReconstructionError: Fewer than three common photos, or centres at one place or (`unique`) on one line.
    """
    src, dst = _common_centers(estimated, truth)
    return umeyama(src, dst, unique=unique)


def camera_center_rmse(estimated: Poses, truth: Poses) -> float:
    """Root mean square distance of camera centres after the best similarity, in the truth's units; registered photos only.

    Raises:
        ReconstructionError: Fewer than three common photos, or all at one place.
    """
    src, dst = _common_centers(estimated, truth)
    distance = np.linalg.norm(umeyama(src, dst, unique=False).apply(src) - dst, axis=1)
    return float(np.sqrt((distance**2).mean()))


def _common_centers(estimated: Poses, truth: Poses) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    names = [name for name in truth if name in estimated]
    src = np.array([estimated[name].center for name in names]).reshape(-1, 3)
    dst = np.array([truth[name].center for name in names]).reshape(-1, 3)
    return src, dst
