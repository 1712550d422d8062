"""Depth maps as .npz: depth float32, normal and confidence float16, num_views uint8, origin."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.errors import InputError
from recon.io.npz import DAMAGE, read_arrays, write_arrays
from recon.scene import DepthMap, Origin

MAX_BYTES = 4 << 30
_DTYPES = {"depth": np.float32, "confidence": np.float16, "normal": np.float16, "num_views": np.uint8, "origin": np.uint8}


def write_depth(depth_map: DepthMap, path: Path) -> None:
    """Writes a depth map; what is not known of it is left out.

    Raises:
        ResourceError: The file cannot be written.
    """
    known = {name: value for name in _DTYPES if (value := getattr(depth_map, name)) is not None}
    write_arrays(path, {name: np.asarray(value, _DTYPES[name]) for name, value in known.items()})


def read_depth(path: Path) -> DepthMap:
    """Reads a depth map; sizes are checked before anything is allocated.

    Raises:
        InputError: The file is missing, damaged, not a depth map or unreasonably large.
    """
    try:
        arrays = read_arrays(path, max_bytes=MAX_BYTES)
        for name, value in arrays.items():
            if value.dtype != _DTYPES.get(name, value.dtype):
                raise ValueError(f"{name} has type {value.dtype}")
        origin = Origin(int(arrays.get("origin", Origin.MEASURED)))
        known = {name: arrays[name] for name in ("depth", "confidence", "normal", "num_views") if name in arrays}
        return DepthMap(**known, origin=origin)
    except DAMAGE as error:
        raise InputError(f"'{path}' is not a depth map.", f"{error}.", "Run the depth stage again.") from error
