"""How much two pictures differ: PSNR and SSIM, over all pixels or those of a mask."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene.checks import array

_SIGMA = 1.5
_RADIUS = 5
_C1, _C2 = 0.01**2, 0.03**2


def psnr(picture: NDArray[np.floating], truth: NDArray[np.floating], mask: NDArray[np.bool_] | None = None) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures.

    Args:
        picture: `[H, W, C]` in [0, 1].
        truth: `[H, W, C]` in [0, 1].
        mask: `[H, W]` pixels that count; all when None.

    Raises:
        ShapeError: Sizes differ or no pixel counts.
    """
    one, other, chosen = _checked(picture, truth, mask)
    error = float(((one - other) ** 2)[chosen].mean())
    return float(-10 * np.log10(error)) if error > 0 else float("inf")


def ssim(picture: NDArray[np.floating], truth: NDArray[np.floating], mask: NDArray[np.bool_] | None = None) -> float:
    """Mean structural similarity (Wang et al. 2004, eq. 13): Gaussian window of 11 pixels and sigma 1.5, mean over channels.

    Pixels closer than the window's radius to the border do not count, nor do those outside the mask; windows of pixels that count
    may reach over the mask's outline.

    Args:
        picture: `[H, W, C]` in [0, 1], at least 11 pixels wide and high.
        truth: `[H, W, C]` in [0, 1].
        mask: `[H, W]` pixels that count; all when None.

    Raises:
        ShapeError: Sizes differ, too small, or no pixel counts.
    """
    one, other, chosen = _checked(picture, truth, mask)
    inner = np.zeros(chosen.shape, bool)
    inner[_RADIUS : chosen.shape[0] - _RADIUS, _RADIUS : chosen.shape[1] - _RADIUS] = True
    if not (inner & chosen).any():
        raise ShapeError("no pixel is left inside the window's radius")
    return float(_similarity(one, other)[inner & chosen].mean())


def _similarity(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """SSIM of every pixel and channel `[H, W, C]`."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        blurred = cv2.GaussianBlur(values, (2 * _RADIUS + 1,) * 2, _SIGMA)
        return np.asarray(blurred, np.float64).reshape(values.shape)

    a, b = mean(one), mean(other)
    aa, bb, ab = mean(one * one) - a * a, mean(other * other) - b * b, mean(one * other) - a * b
    return ((2 * a * b + _C1) * (2 * ab + _C2)) / ((a * a + b * b + _C1) * (aa + bb + _C2))


def _checked(
    picture: NDArray[np.floating], truth: NDArray[np.floating], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    truth_hwc = array(truth, "truth", (None, None, None), np.float64)
    picture_hwc = array(picture, "picture", truth_hwc.shape, np.float64)
    chosen = np.ones(truth_hwc.shape[:2], bool) if mask is None else array(mask, "mask", truth_hwc.shape[:2], np.bool_)
    if not chosen.any():
        raise ShapeError("no pixel counts")
    return picture_hwc, truth_hwc, chosen
