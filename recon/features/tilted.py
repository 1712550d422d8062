"""SIFT in tilted views of a photo: keypoints that can be found again from far aside.

Morel and Yu, ASIFT: A new framework for fully affine invariant image comparison, SIAM J. Imaging Sciences 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.features.extractor import Features
from recon.features.reduce import reduced
from recon.features.sift import root_descriptors


@dataclass(frozen=True)
class TiltedSift:
    """Keypoints of a small picture and of what it would look like from aside, by up to 70 degrees.

    Args:
        max_features: At most so many, the largest, because small detail does not outlast such a change of view.
        max_size: Longer pictures are reduced first, pixels.
        contrast: Weakest extremum that counts.
        tilts: Steps of a factor sqrt(2) by which the picture is compressed in each of several directions.
    """

    max_features: int = 16384
    max_size: int = 1280
    contrast: float = 0.01
    tilts: int = 3

    def extract(self, image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Features:
        """Features of an RGB picture `[H, W, 3]`, largest first, only where `mask` `[H, W]` is True; one place may have many."""
        height, width = image.shape[:2]
        grey = reduced(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), self.max_size)
        allowed = None
        if mask is not None:
            allowed = cv2.resize(mask.astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST)
        views = cv2.AffineFeature.create(cv2.SIFT.create(0, 3, self.contrast, 10.0, 1.6, enable_precise_upscale=True), self.tilts, 0)
        found, descriptors = views.detectAndCompute(grey, allowed)
        if not found:
            return Features(np.zeros((0, 4), np.float32), np.zeros((0, 128), np.uint8), (width, height))
        table = np.array([(*k.pt, k.size / 2, np.deg2rad(k.angle)) for k in found], np.float64)
        order = np.lexsort((table[:, 3], table[:, 1], table[:, 0], -table[:, 2]))[: self.max_features]
        factor = np.array([width / grey.shape[1], height / grey.shape[0]])
        table = table[order]
        table[:, :2] = (table[:, :2] + 0.5) * factor - 0.5
        table[:, 2] *= factor.mean()
        return Features(table.astype(np.float32), root_descriptors(descriptors[order]), (width, height))
