"""Depth maps as .npz: depth float32, normal and confidence float16, num_views uint8, origin."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.atomic import replacing
from recon.scene import DepthMap, Origin

MAX_PIXELS = 1 << 28
_DTYPES = {"depth": np.float32, "confidence": np.float16, "normal": np.float16, "num_views": np.uint8, "origin": np.uint8}


def write_depth(depth_map: DepthMap, path: Path) -> None:
    """Writes a depth map, lightly compressed.

    Raises:
        ResourceError: The file cannot be written.
    """
    arrays = {name: getattr(depth_map, name) for name in _DTYPES}
    with replacing(Path(path)) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, value in arrays.items():
            if value is None:
                continue
            with archive.open(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(value, _DTYPES[name], order="C"), allow_pickle=False)


def read_depth(path: Path) -> DepthMap:
    """Reads a depth map; sizes are checked before anything is allocated.

    Raises:
        InputError: The file is missing, damaged, not a depth map or unreasonably large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(info.filename).stem for info in archive.infolist()}
            arrays = {name: _read(archive, name) for name in _DTYPES if name in members}
        origin = Origin(int(arrays.pop("origin", np.array(0))))
        return DepthMap(**arrays, origin=origin)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as error:
        raise InputError(f"'{path}' is not a depth map.", f"{error}.", "Run the depth stage again.") from error


def _read(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One array, after checking its type, shape and the size of the member."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        shape, dtype = _header(stream)
        size = int(np.prod(shape, dtype=np.float64))
        if dtype != np.dtype(_DTYPES[name]) or size > 3 * MAX_PIXELS or size * dtype.itemsize > info.file_size:
            raise ValueError(f"{name} has type {dtype} and shape {shape}")
    with archive.open(info) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of a .npy stream."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype
