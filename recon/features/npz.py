"""Features of a photo on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.errors import InputError
from recon.features.extractor import Features
from recon.io.npz import DAMAGE, read_arrays, write_arrays

_LARGEST = 1 << 30


def write_features(features: Features, path: Path) -> None:
    """Writes `path` (.npz).

    Raises:
        ResourceError: The file cannot be written.
    """
    arrays = {"keypoints": features.keypoints, "descriptors": features.descriptors, "size": np.array(features.size, np.int32)}
    write_arrays(path, arrays if features.turns == 1 else {**arrays, "turns": np.array(features.turns, np.int32)})


def read_features(path: Path) -> Features:
    """Reads what `write_features` wrote.

    Raises:
        InputError: Missing, damaged or not a file of features.
    """
    try:
        arrays = read_arrays(path, max_bytes=_LARGEST)
        width, height = arrays["size"].tolist()
        return Features(arrays["keypoints"], arrays["descriptors"], (int(width), int(height)), int(arrays.get("turns", 1)))
    except DAMAGE as error:
        raise InputError(f"The features '{Path(path).name}' cannot be read.", f"{error}.", "Run the features stage again.") from error
