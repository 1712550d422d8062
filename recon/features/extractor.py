"""What every feature extractor offers, and how one is picked by config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recon.errors import SettingsError, ShapeError
from recon.scene.checks import array


@dataclass(frozen=True, eq=False)
class Features:
    """Keypoints of one photo.

    Args:
        keypoints: `[N, 4]` float32: x, y (pixels of the full-resolution oriented photo, top-left pixel centre = 0), scale in
            pixels, orientation in radians.
        descriptors: `[N, D]` uint8 (unit vectors times 512, cut at 255) or float32 unit vectors.
        size: Width and height of the photo in pixels.
        turns: 4 when the four parts of a descriptor move on by one as the photo is turned 90 degrees to the left, 1 when they do not.
    """

    keypoints: NDArray[np.float32]
    descriptors: NDArray[np.uint8] | NDArray[np.float32]
    size: tuple[int, int]
    turns: int = 1

    def __post_init__(self) -> None:
        keypoints = array(self.keypoints, "keypoints", (None, 4), np.float32)
        dtype = np.uint8 if np.asarray(self.descriptors).dtype == np.uint8 else np.float32
        object.__setattr__(self, "keypoints", keypoints)
        object.__setattr__(self, "descriptors", array(self.descriptors, "descriptors", (len(keypoints), None), dtype))
        if self.turns not in (1, 4) or self.descriptors.shape[1] % self.turns:
            raise ShapeError(f"descriptors of {self.descriptors.shape[1]} numbers cannot have {self.turns} parts")
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def unit_descriptors(self) -> NDArray[np.float32]:
        """Descriptors as float32 unit vectors, `[N, D]`."""
        values = np.asarray(self.descriptors, np.float32)
        norms: NDArray[np.float32] = np.linalg.norm(values, axis=1, keepdims=True)
        return np.asarray(values / np.maximum(norms, 1e-12), np.float32)


class Extractor(Protocol):
    """Finds and describes keypoints."""

    def extract(self, image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Features:
        """Features of an RGB picture `[H, W, 3]`, only where `mask` `[H, W]` is True."""


def make_extractor(config: Any, device: str = "cpu") -> Extractor:
    """The extractor that `config.extractor` (a `FeaturesConfig`) names.

    Raises:
        SettingsError: There is no such extractor.
        WeightsError: It needs weights that are not there.
    """
    if config.extractor == "sift":
        from recon.features.sift import SiftExtractor

        return SiftExtractor(config.max_features, config.max_size, config.contrast)
    if config.extractor == "cnn":
        from recon.features.cnn.extractor import CnnExtractor

        return CnnExtractor(weights_file(config), config.max_features_learned, config.max_size, half=config.half, device=device)
    raise SettingsError(f"Setting 'extractor' cannot be {config.extractor!r}.", "Choices: sift, cnn.", "Choose another extractor.")


def weights_file(config: Any) -> Path:
    """The weights that a `FeaturesConfig` names: a file, or those that come with Photolith.

    Raises:
        WeightsError: None come with this copy.
    """
    from recon.learning.shelf import shipped

    return Path(config.weights) if config.weights else shipped("features")
