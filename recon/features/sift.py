"""SIFT with root descriptors.

Lowe, Distinctive image features from scale-invariant keypoints, IJCV 2004; root descriptors after Arandjelovic and
Zisserman, Three things everyone should know to improve object retrieval, CVPR 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.features.extractor import Features
from recon.features.reduce import inside_mask, reduced, shared_out

_FEW = 1500
_FAINTEST = 0.005


@dataclass(frozen=True)
class SiftExtractor:
    """OpenCV's SIFT (first octave at twice the resolution) on a picture of at most `max_size` pixels.

    Args:
        max_features: At most so many, shared out over the parts of the picture.
        max_size: Longer pictures are reduced first, pixels.
        contrast: Weakest extremum that counts; a picture with few features is searched again with less.
    """

    max_features: int = 8192
    max_size: int = 2000
    contrast: float = 0.02

    def extract(self, image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Features:
        """Features of an RGB picture `[H, W, 3]`, only where `mask` `[H, W]` is True.

        Raises:
            ShapeError: Not an RGB uint8 picture, or a mask of another size.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ShapeError(f"image must be uint8 [H, W, 3], got {image.dtype} {list(image.shape)}")
        if mask is not None and mask.shape != image.shape[:2]:
            raise ShapeError(f"mask must have shape {list(image.shape[:2])}, got {list(mask.shape)}")
        height, width = image.shape[:2]
        grey = reduced(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), self.max_size)
        factor = np.array([width / grey.shape[1], height / grey.shape[0]])
        found = self._detect(grey, factor, mask)
        descriptors: NDArray[np.float32] = np.zeros((0, 128), np.float32)
        if found:
            found, descriptors = _detector(self.contrast).compute(grey, found)
        table = np.array([(*k.pt, k.size / 2, np.deg2rad(k.angle)) for k in found], np.float64).reshape(-1, 4)
        table[:, :2] = (table[:, :2] + 0.5) * factor - 0.5
        table[:, 2] *= factor.mean()
        return Features(table.astype(np.float32), root_descriptors(descriptors), (width, height))

    def _detect(self, grey: NDArray[np.uint8], factor: NDArray[np.float64], mask: NDArray[np.bool_] | None) -> list[Any]:
        """Keypoints inside the mask; a faint picture is searched again with a lower threshold."""
        contrast = self.contrast
        while True:
            found = list(_detector(contrast).detect(grey, None))
            if mask is not None and found:
                pixels = (np.array([k.pt for k in found]) + 0.5) * factor - 0.5
                found = [k for k, keep in zip(found, inside_mask(pixels, mask), strict=True) if keep]
            if len(found) >= min(_FEW, self.max_features) or contrast <= _FAINTEST:
                return _shared_out(found, self.max_features, grey.shape)
            contrast /= 2


def root_descriptors(descriptors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Square roots of L1-normalised descriptors `[N, D]`, times 512, as uint8."""
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.minimum(np.rint(512 * np.sqrt(np.maximum(descriptors, 0) / total)), 255), np.uint8)


def _detector(contrast: float) -> Any:
    """OpenCV's SIFT: all keypoints, three scales an octave, edge threshold and blur of the paper."""
    return cv2.SIFT.create(0, 3, contrast, 10.0, 1.6, enable_precise_upscale=True)


def _shared_out(found: list[Any], limit: int, shape: tuple[int, ...]) -> list[Any]:
    """At most `limit` keypoints, see `recon.features.reduce.shared_out`.

    Ties are broken by position, so the same picture gives the same list.
    """
    found = sorted(found, key=lambda k: (-k.response, k.pt, k.size, k.angle))
    if not found:
        return []
    points, strength = np.array([k.pt for k in found]), np.array([k.response for k in found])
    return [found[i] for i in shared_out(points, strength, limit, (shape[0], shape[1]))]
