"""Arrays in .npz files: the same bytes for the same arrays, and nothing allocated before its size is checked."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from recon.io.atomic import replacing

DAMAGE = (
    *(OSError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, RuntimeError),
    *(ValueError, TypeError, KeyError, OverflowError, SyntaxError, tokenize.TokenError),
)
"""What reading a damaged file can raise; readers turn it into an InputError that names their kind of file."""
MAX_BYTES = 4 << 30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DATE = (1980, 1, 1, 0, 0, 0)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes named arrays, in order and uncompressed; no dates, so equal arrays give equal files.

    Raises:
        ResourceError: The file cannot be written.
    """
    with replacing(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, value in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _DATE), "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(value, order="C"), allow_pickle=False)


def read_arrays(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, NDArray[Any]]:
    """Reads every array of a file.

    Raises:
        OSError, ValueError, ...: One of `DAMAGE`: not such a file, arrays of objects, or larger than `max_bytes` together.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(info.file_size for info in members) > max_bytes:
            raise ValueError(f"it holds more than {max_bytes >> 20} MB")
        return {Path(info.filename).stem: _read(archive, info) for info in members}


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """One array; what its header announces must be in the file."""
    if info.compress_type not in _METHODS:
        raise ValueError(f"{info.filename} is packed in an unknown way")
    with archive.open(info) as stream:
        shape, dtype = _header(stream)
        if dtype.hasobject or np.prod(shape, dtype=np.float64) * max(dtype.itemsize, 1) > info.file_size:
            raise ValueError(f"{info.filename} has type {dtype} and shape {shape}")
    with archive.open(info) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of a .npy stream."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype
