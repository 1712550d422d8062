"""Reading view sets: pictures of one place from several sides with true cameras and depth."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.errors import InputError
from recon.learning.shards import FORMAT, REMEDY, VERSION, Entry, read_entries, read_index, summed

MAX_SIDE = 4096
MAX_VIEWS = 64
MAX_PIXELS = 1 << 25
"""Of all views of a set together."""


@dataclass(frozen=True, eq=False)
class ViewSet:
    """Views of one scene.

    Args:
        images: `[V, H, W, 3]` uint8 RGB.
        inverse_depth: `[V, H, W]` float32, 0 = nothing there; the inverse of the z-depth at pixel centres.
        matrices: `[V, 3, 3]` float32, K; pixel (0, 0) is the centre of the top-left pixel.
        poses: `[V, 3, 4]` float32, camera from world.
        object_mask: `[V, H, W]` bool, where the objects are (not ground or background), or None.
        near: `[V]` float32, nearest depth that sparse points would let one search.
        far: `[V]` float32, farthest one.
        about: What the set shows: kind, seed, objects.
    """

    images: NDArray[np.uint8]
    inverse_depth: NDArray[np.float32]
    matrices: NDArray[np.float32]
    poses: NDArray[np.float32]
    object_mask: NDArray[np.bool_] | None
    near: NDArray[np.float32]
    far: NDArray[np.float32]
    about: dict[str, Any]


class ViewSets:
    """All view sets of a split, read from their shards when asked for.

    Only names and places of the files are kept: the object can be sent to worker processes and used from several threads. Shards that
    appear later are not seen.

    Args:
        folder: Where the shards are.
        split: 'train' or 'validation': shards `train_*.zip` or `validation_*.zip`.

    Raises:
        InputError: The folder has no such shard, or one is damaged.
    """

    def __init__(self, folder: Path, split: Literal["train", "validation"]) -> None:
        shards = sorted(Path(folder).glob(f"{split}_*.zip"))
        self._sets: list[tuple[Path, str, dict[str, Entry]]] = []
        for shard in shards:
            self._sets += [(shard, name, entries) for name, entries in read_index(shard).items()]
        if not self._sets:
            raise InputError(f"There are no {split} view sets in '{folder}'.", "", "Make them with 'photolith train data'.")

    def __len__(self) -> int:
        return len(self._sets)

    def __getitem__(self, index: int) -> ViewSet:
        shard, name, entries = self._sets[index]
        where = f"{name} in {shard.name}"
        if "views.json" not in entries:
            raise _unusable(where, "It has no views.json")
        return decode_set(read_entries(shard, entries), where)

    def __iter__(self) -> Iterator[ViewSet]:
        return (self[i] for i in range(len(self)))

    @property
    def names(self) -> list[str]:
        """Shard and set of each, e.g. 'train_000.zip/00012'."""
        return [f"{shard.name}/{name}" for shard, name, _ in self._sets]


def decode_set(files: Mapping[str, bytes], where: str = "a view set") -> ViewSet:
    """A set from the contents of its files; sizes are checked before anything is allocated.

    Raises:
        InputError: A file is missing or damaged, of another size than it should be, or numbers are impossible.
    """
    try:
        head = json.loads(files["views.json"])
        if head["format"] != FORMAT or head["version"] != VERSION:
            raise ValueError(f"its format is {head['format']!r:.40}, version {head['version']!r:.10}")
        views, width, height = head["views"], head["width"], head["height"]
        _check_size(len(views), width, height)
        images = np.stack([_picture(files[f"{i}.jpg"], width, height) for i in range(len(views))])
        depth = np.stack([_inverse_depth(files[f"{i}.depth.png"], width, height, view) for i, view in enumerate(views)])
        with_mask = all(f"{i}.mask.png" in files for i in range(len(views)))
        mask = np.stack([_grey(files[f"{i}.mask.png"], width, height) > 0 for i in range(len(views))]) if with_mask else None
        near, far = (_numbers([view[key] for view in views], (len(views),)) for key in ("near", "far"))
        if not (near > 0).all() or not (near < far).all():
            raise ValueError("its range of depth is empty")
        matrices = _numbers([view["K"] for view in views], (len(views), 3, 3))
        poses = _numbers([view["cam_from_world"] for view in views], (len(views), 3, 4))
        _check_cameras(matrices, poses)
        return ViewSet(images, depth, matrices, poses, mask, near, far, dict(head.get("about", {})))
    except KeyError as error:
        raise _unusable(where, f"It has no {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, OSError, SyntaxError, cv2.error) as error:
        raise _unusable(where, str(error)[:200]) from error
    except Image.DecompressionBombError as error:
        raise _unusable(where, str(error)) from error


def _unusable(where: str, why: str) -> InputError:
    return InputError(f"The training data {where} cannot be used.", f"{why.rstrip('.')}.", REMEDY)


def _check_size(count: int, width: Any, height: Any) -> None:
    if type(width) is not int or type(height) is not int or not 1 <= width <= MAX_SIDE or not 1 <= height <= MAX_SIDE:
        raise ValueError(f"pictures of {width!r:.20} x {height!r:.20} pixels are not read")
    if not 1 <= count <= MAX_VIEWS or count * width * height > MAX_PIXELS:
        raise ValueError(f"{count} views of {width} x {height} pixels are not read")


def _check_cameras(matrices: NDArray[np.float32], poses: NDArray[np.float32]) -> None:
    rotation = poses[:, :, :3].astype(np.float64)
    if np.abs(rotation @ rotation.transpose(0, 2, 1) - np.eye(3)).max() > 1e-3 or (np.linalg.det(rotation) < 0).any():
        raise ValueError("a pose is no rotation")
    if (matrices[:, [0, 1], [0, 1]] <= 0).any() or np.abs(matrices[:, 2] - [0, 0, 1]).max() > 1e-6:
        raise ValueError("a calibration matrix is none")


def _numbers(values: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    numbers = np.asarray(values, np.float32)
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise ValueError(f"numbers of shape {shape} were expected")
    return numbers


def _check_header(content: bytes, kind: str, width: int, height: int) -> None:
    """The size a file announces, before it is decoded."""
    with Image.open(io.BytesIO(content), formats=[kind]) as picture:
        if picture.size != (width, height):
            raise ValueError(f"a picture has {picture.size[0]} x {picture.size[1]} pixels instead of {width} x {height}")


def _decoded(content: bytes, flags: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    values = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if values is None or values.shape != shape or values.dtype != np.uint8:
        raise ValueError("a picture is damaged")
    return np.asarray(values, np.uint8)


def _picture(content: bytes, width: int, height: int) -> NDArray[np.uint8]:
    _check_header(content, "JPEG", width, height)
    return np.ascontiguousarray(_decoded(content, cv2.IMREAD_COLOR, (height, width, 3))[..., ::-1])


def _grey(content: bytes, width: int, height: int) -> NDArray[np.uint8]:
    _check_header(content, "PNG", width, height)
    return _decoded(content, cv2.IMREAD_GRAYSCALE, (height, width))


def _inverse_depth(content: bytes, width: int, height: int, view: Mapping[str, Any]) -> NDArray[np.float32]:
    offset, step = float(view["offset"]), float(view["step"])
    if not (0 <= offset < math.inf and 0 < step < math.inf and math.isfinite(offset + 65535 * step)):
        raise ValueError("its steps of depth are impossible")
    values = summed(_grey(content, width, 2 * height))
    return np.where(values > 0, np.float32(offset) + np.float32(step) * (values.astype(np.float32) - 1), 0).astype(np.float32)
