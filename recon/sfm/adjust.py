"""Bundle adjustment after mapping, by pycolmap: the principal point where the photos determine it, poses that were only given roughly."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pycolmap

_FEWEST_PHOTOS = 6
"""Photos of a camera below which its principal point is left in the middle."""
_FARTHEST = 0.05
"""Principal points farther from the middle than this, over the longer side, are those of a cropped picture or of a weak solution."""
_UNCERTAIN = 0.002
"""Standard deviation, over the longer side, above which the photos do not determine the principal point."""
_GAIN = 0.005
"""The reprojection error must fall by this part of itself."""


def adjust(
    model: pycolmap.Reconstruction,
    *,
    constant: Collection[int] = (),
    principal_point: bool = False,
    robust: bool = False,
    threads: int = 1,
) -> pycolmap.CeresBundleAdjuster:
    """Refines poses, points and intrinsics in place.

    Args:
        model: Two poses of it stay, which fixes the frame.
        constant: Numbers of cameras whose intrinsics stay as they are.
        principal_point: Whether the other cameras' principal points are free.
        robust: Weighs down large errors (Cauchy, 1 px), for poses that are not yet good.
        threads: For the solver.
    """
    import pycolmap

    options = pycolmap.BundleAdjustmentOptions()
    options.print_summary = False
    options.refine_principal_point = principal_point
    options.ceres.solver_options.num_threads = threads
    if robust:
        options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
    config = pycolmap.BundleAdjustmentConfig()
    for image in model.reg_image_ids():
        config.add_image(image)
    for camera in set(constant) & set(model.cameras):
        config.set_constant_cam_intrinsics(camera)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    adjuster = pycolmap.create_default_ceres_bundle_adjuster(options, config, model)
    adjuster.solve()
    model.update_point_3d_errors()
    return adjuster


def free_principal_points(model: pycolmap.Reconstruction, *, constant: Collection[int] = (), threads: int = 1) -> pycolmap.Reconstruction:
    """The model with estimated principal points, or the same model where the photos do not determine them.

    Cameras with few photos keep theirs. The result is taken only if every principal point is certain (covariance of the solution),
    not far from the middle, and the reprojection error falls.
    """
    photos = Counter(model.images[number].camera_id for number in model.reg_image_ids())
    fixed = {number for number in model.cameras if number in constant or photos[number] < _FEWEST_PHOTOS}
    free = [number for number in photos if number not in fixed]
    if not free:
        return model
    before = model.compute_mean_reprojection_error()
    freed = copy.deepcopy(model)
    freed.tear_down()  # photos without a place: the covariance trips over them
    adjuster = adjust(freed, constant=fixed, principal_point=True, threads=threads)
    error = freed.compute_mean_reprojection_error()
    if not error <= before * (1 - _GAIN):
        return model
    covariance = _covariance(freed, adjuster)
    return freed if all(_credible(freed.cameras[number], covariance, error) for number in free) else model


def _covariance(model: pycolmap.Reconstruction, adjuster: Any) -> Any:
    """Covariances of the camera parameters for errors of one pixel, or None."""
    import pycolmap

    options = pycolmap.BACovarianceOptions()
    options.params = pycolmap.BACovarianceOptionsParams.ALL
    return pycolmap.estimate_ba_covariance(options, model, adjuster)


def _credible(camera: pycolmap.Camera, covariance: Any, error: float) -> bool:
    """Whether the principal point of a camera is known well and where one expects it."""
    size = max(camera.width, camera.height)
    middle = np.array([camera.width, camera.height]) / 2
    indices = list(camera.principal_point_idxs())
    if np.abs(camera.params[indices] - middle).max() > _FARTHEST * size or covariance is None:
        return False
    of_camera = covariance.get_other_params_cov(camera.params)
    if of_camera is None:
        return False
    return bool(np.sqrt(np.diag(of_camera)[indices].max()) * error <= _UNCERTAIN * size)
