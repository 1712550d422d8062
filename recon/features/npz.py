"""Features of a photo on disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from recon.errors import InputError, ShapeError
from recon.features.extractor import Features
from recon.io.atomic import replacing

_LARGEST = 1 << 20


def write_features(features: Features, path: Path) -> None:
    """Writes `path` (.npz).

    Raises:
        ResourceError: The file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, keypoints=features.keypoints, descriptors=features.descriptors, size=np.array(features.size, np.int32))


def read_features(path: Path) -> Features:
    """Reads what `write_features` wrote.

    Raises:
        InputError: Missing, damaged or not a file of features.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            keypoints, descriptors, size = data["keypoints"], data["descriptors"], data["size"]
            if len(keypoints) > _LARGEST or size.shape != (2,):
                raise ShapeError("more keypoints than a photo can have, or no size")
            return Features(keypoints, descriptors, (int(size[0]), int(size[1])))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"The features '{Path(path).name}' cannot be read.", f"{error}.", "Run the features stage again.") from error
