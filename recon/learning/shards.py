"""Shards of view sets: zip files of ordinary JPEG, PNG and JSON, stored unpacked, so that any tool opens them.

A set `NAME` has the entries `NAME/views.json`, and for each view `NAME/0.jpg` (the picture), `NAME/0.depth.png` (inverse depth) and, where
it has one, `NAME/0.mask.png` (one bit, where the object is).

Inverse depth is stored as whole numbers of 16 bits, 0 = nothing there, `v` = `offset + step * (v - 1)`, offset and step being given for
each view in `views.json`. Inverse depth is linear over the picture of a plane, so each number is stored as its difference from the plane
through its left, upper and upper left neighbours (`differences`), which takes a quarter less room than the numbers themselves. The PNG file
is grey with 8 bits and twice as high as the picture: upper bytes of the differences above, lower bytes below.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.atomic import replacing

FORMAT, VERSION = "photolith view set", 1
MAX_ENTRIES = 200_000
MAX_ENTRY = 16 << 20
_DATE = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_SMALL = (cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE)
REMEDY = "Delete the file and make it again with 'photolith train data'."


@dataclass(frozen=True)
class Entry:
    """Where one stored file lies in a shard.

    Args:
        header: Byte at which its local header begins.
        size: Its bytes.
        checksum: CRC-32 of them.
    """

    header: int
    size: int
    checksum: int


def write_shard(path: Path, sets: Mapping[str, Mapping[str, bytes]]) -> None:
    """Writes set name -> file name -> content; the file appears whole or not at all, and equal content gives equal bytes.

    Raises:
        ResourceError: The file cannot be written.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, files in sets.items():
            for file, content in files.items():
                archive.writestr(zipfile.ZipInfo(f"{name}/{file}", _DATE), content)


def read_index(path: Path) -> dict[str, dict[str, Entry]]:
    """Set name -> file name -> where it is.

    Raises:
        InputError: It is no zip file, or an entry is packed, too large or oddly named.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, struct.error) as error:
        raise InputError(f"'{path}' is no shard of training data.", f"{error}.", REMEDY) from error
    if len(members) > MAX_ENTRIES:
        raise InputError(f"'{path}' cannot be used.", f"It has {len(members)} entries, at most {MAX_ENTRIES} are read.", REMEDY)
    index: dict[str, dict[str, Entry]] = {}
    for member in members:
        name, _, file = member.filename.partition("/")
        stored = member.compress_type == zipfile.ZIP_STORED and member.file_size == member.compress_size
        if not name or not file or "/" in file or not stored or member.file_size > MAX_ENTRY:
            why = f"Its entry '{member.filename[:80]}' ({member.file_size} bytes) is none of a stored view set."
            raise InputError(f"'{path}' cannot be used.", why, REMEDY)
        index.setdefault(name, {})[file] = Entry(member.header_offset, member.file_size, member.CRC)
    return index


def read_entries(path: Path, entries: Mapping[str, Entry]) -> dict[str, bytes]:
    """Contents of entries. Nothing stays open, so threads and forked processes can read side by side.

    Raises:
        InputError: The shard is gone, cut or changed.
    """
    try:
        with path.open("rb") as stream:
            return {name: _content(stream, entry) for name, entry in entries.items()}
    except (OSError, ValueError, struct.error) as error:
        raise InputError(f"'{path}' cannot be read.", f"{error}.", REMEDY) from error


def _content(stream: Any, entry: Entry) -> bytes:
    stream.seek(entry.header)
    fields = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
    if fields[0] != b"PK\x03\x04":
        raise ValueError("an entry does not begin where the index says")
    stream.seek(fields[-2] + fields[-1], 1)
    content: bytes = stream.read(entry.size)
    if len(content) != entry.size or zlib.crc32(content) != entry.checksum:
        raise ValueError("an entry is cut or damaged")
    return content


@dataclass(frozen=True, eq=False)
class EncodedView:
    """One view, ready to be stored.

    Args:
        jpeg: The picture.
        inverse_depth: `[H, W]`, 0 = nothing there.
        step: Spacing of the inverse depths that are told apart; made wider when the range needs it.
        mask: `[H, W]` bool, where the object is, or None.
        matrix: K, `[3, 3]`.
        pose: Camera from world, `[3, 4]`.
        near: Nearest depth that a search would assume.
        far: Farthest one.
    """

    jpeg: bytes
    inverse_depth: NDArray[np.floating]
    step: float
    mask: NDArray[np.bool_] | None
    matrix: NDArray[np.floating]
    pose: NDArray[np.floating]
    near: float
    far: float


def encode_set(views: Sequence[EncodedView], about: Mapping[str, Any]) -> dict[str, bytes]:
    """Files of a set; `about` (kind, seed, contents) is kept in `views.json` for those who look at it."""
    height, width = views[0].inverse_depth.shape
    described, files = [], {}
    for i, view in enumerate(views):
        values, offset, step = quantised(view.inverse_depth, view.step)
        files[f"{i}.jpg"] = view.jpeg
        files[f"{i}.depth.png"] = _png(differences(values), [*_SMALL, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_FILTERED])
        if view.mask is not None:
            files[f"{i}.mask.png"] = _png(view.mask.astype(np.uint8) * np.uint8(255), [*_SMALL, cv2.IMWRITE_PNG_BILEVEL, 1])
        described.append(
            {
                "K": np.asarray(view.matrix, np.float64).tolist(),
                "cam_from_world": np.asarray(view.pose, np.float64).tolist(),
                "near": float(view.near),
                "far": float(view.far),
                "offset": offset,
                "step": step,
            }
        )
    head = {"format": FORMAT, "version": VERSION, "width": width, "height": height, "about": dict(about), "views": described}
    return {"views.json": json.dumps(head).encode(), **files}


def quantised(inverse_depth: NDArray[np.floating], step: float) -> tuple[NDArray[np.uint16], float, float]:
    """Values `[H, W]` of the depth file, the offset and the step (wider than asked when 65535 values are too few)."""
    known = inverse_depth > 0
    if not known.any():
        return np.zeros(inverse_depth.shape, np.uint16), 0.0, float(step)
    low, high = float(inverse_depth[known].min()), float(inverse_depth[known].max())
    step = max(float(step), (high - low) / 65533)
    values = np.rint((inverse_depth.astype(np.float64) - low) / step) + 1
    return np.where(known, values, 0).astype(np.uint16), low, step


def differences(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """What is stored of 16 bit numbers `[H, W]`: `[2 H, W]` bytes, see above; small differences of either sign give small bytes."""
    change = np.diff(np.diff(values, axis=0, prepend=np.uint16(0)), axis=1, prepend=np.uint16(0)).view(np.int16)
    folded = ((change << 1) ^ (change >> 15)).view(np.uint16)
    return np.concatenate([folded >> 8, folded & 255]).astype(np.uint8)


def summed(stored: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The numbers `[H, W]` again: inverse of `differences`."""
    upper, lower = np.split(stored.astype(np.uint16), 2)
    folded = upper << 8 | lower
    change = (folded >> 1) ^ (np.uint16(0) - (folded & 1))
    return np.asarray(np.cumsum(np.cumsum(change, axis=0, dtype=np.uint16), axis=1, dtype=np.uint16))


def _png(picture: NDArray[Any], options: list[int]) -> bytes:
    return bytes(cv2.imencode(".png", picture, options)[1])
