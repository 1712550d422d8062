"""One shape of a data set: photographs of it from all around, its solid and its surface, as files of a shard."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.learning.shards import Entry, read_entries, read_index
from recon.scene import Camera, Rigid3

SOLID = 64
"""Cells of a stored solid along each axis."""
DAMAGE = (KeyError, ValueError, TypeError, OSError, zlib.error, cv2.error)


@dataclass(frozen=True, eq=False)
class Shots:
    """A shape, scaled into the unit sphere, and photographs of it.

    Args:
        kind: Of which source.
        pictures: `[V, S, S, 3]` uint8 RGB.
        masks: `[V, S, S]` bool, where the object is.
        views: Camera and `cam_from_object` of each.
        solid: `[SOLID, SOLID, SOLID]` bool, `[Z, Y, X]` over [-1, 1].
        points: `[N, 3]` float32, drawn evenly from the surface.
    """

    kind: str
    pictures: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    views: tuple[tuple[Camera, Rigid3], ...]
    solid: NDArray[np.bool_]
    points: NDArray[np.float32]


def encode(shots: Shots) -> dict[str, bytes]:
    """Files: pictures and masks as one tall strip each."""
    strip = shots.pictures.reshape(-1, *shots.pictures.shape[2:])[..., ::-1]
    masks = shots.masks.reshape(-1, shots.masks.shape[2]).astype(np.uint8) * np.uint8(255)
    views = [{"K": c.matrix.tolist(), "R": p.rotation.tolist(), "t": p.translation.tolist()} for c, p in shots.views]
    points = io.BytesIO()
    np.save(points, shots.points.astype(np.float16), allow_pickle=False)
    return {
        "shape.json": json.dumps({"kind": shots.kind, "size": shots.pictures.shape[2], "views": views}).encode(),
        "views.jpg": bytes(cv2.imencode(".jpg", np.ascontiguousarray(strip), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]),
        "masks.png": bytes(cv2.imencode(".png", masks, [cv2.IMWRITE_PNG_BILEVEL, 1])[1]),
        "solid.bin": zlib.compress(np.packbits(shots.solid).tobytes(), 9),
        "points.npy": points.getvalue(),
    }


def decode(files: Mapping[str, bytes]) -> Shots:
    """The inverse of `encode`, but for JPEG's losses.

    Raises:
        KeyError, ValueError, ...: One of DAMAGE.
    """
    about = json.loads(files["shape.json"])
    size, views = int(about["size"]), tuple(_view(view, int(about["size"])) for view in about["views"])
    shape = (len(views), size, size)
    strip = cv2.imdecode(np.frombuffer(files["views.jpg"], np.uint8), cv2.IMREAD_COLOR)
    masks = cv2.imdecode(np.frombuffer(files["masks.png"], np.uint8), cv2.IMREAD_GRAYSCALE)
    if strip is None or masks is None:
        raise ValueError("a picture is damaged")
    packed = np.frombuffer(zlib.decompress(files["solid.bin"], bufsize=SOLID**3 // 8), np.uint8)
    points = np.load(io.BytesIO(files["points.npy"]), allow_pickle=False).astype(np.float32)
    solid = np.unpackbits(packed).reshape(SOLID, SOLID, SOLID).astype(bool)
    return Shots(str(about["kind"]), strip[..., ::-1].reshape(*shape, 3), masks.reshape(shape) > 127, views, solid, points)


def _view(values: Mapping[str, Any], size: int) -> tuple[Camera, Rigid3]:
    k = np.asarray(values["K"], np.float64)
    return Camera(size, size, k[0, 0], k[1, 1], k[0, 2], k[1, 2]), Rigid3(np.asarray(values["R"]), np.asarray(values["t"]))


class ShapeSet:
    """All shapes of a split, decoded when asked for.

    Args:
        folder: Where the shards are.
        split: Shards `train_*.zip` or `validation_*.zip`.

    Raises:
        InputError: The folder has no such shard, or one is damaged.
    """

    def __init__(self, folder: Path, split: Literal["train", "validation"]) -> None:
        self._sets: list[tuple[Path, str, dict[str, Entry]]] = []
        for shard in sorted(Path(folder).glob(f"{split}_*.zip")):
            self._sets += [(shard, name, entries) for name, entries in read_index(shard).items()]
        if not self._sets:
            raise InputError(f"There are no {split} shapes in '{folder}'.", "", "Make them with 'photolith train direct-data'.")

    def __len__(self) -> int:
        return len(self._sets)

    def __getitem__(self, index: int) -> Shots:
        shard, name, entries = self._sets[index]
        try:
            return decode(read_entries(shard, entries))
        except DAMAGE as error:
            raise InputError(f"The shape {name} in '{shard.name}' cannot be used.", f"{error}.", "Make the file again.") from error

    @property
    def names(self) -> list[str]:
        """Name of each shape."""
        return [name for _, name, _ in self._sets]
