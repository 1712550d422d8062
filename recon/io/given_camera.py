"""One camera that the user gives, and what every reader of such cameras shares: checks, and one kind of error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import InputError
from recon.scene import Rigid3
from recon.scene.lens import LensCamera

MAX_BYTES = 256 << 20
_LARGEST_SIDE = 1 << 17


@dataclass(frozen=True)
class GivenCamera:
    """One camera as a file gives it.

    Args:
        name: The photo's file name; '' means every photo.
        camera: Intrinsics.
        pose: `cam_from_world`, or None.
    """

    name: str
    camera: LensCamera
    pose: Rigid3 | None


@contextmanager
def explained(path: Path, remedy: str) -> Iterator[None]:
    """Turns whatever reading a missing, damaged or senseless file raises into an InputError that names `path`.

    Args:
        path: The file or folder.
        remedy: What it should hold.

    Raises:
        InputError: Instead of what the block raised.
    """
    what = f"Cannot read the cameras '{path}'."
    try:
        yield
    except KeyError as error:
        raise InputError(what, f"{error} is missing.", remedy) from error
    except OSError as error:
        file = f" ('{Path(error.filename).name}')" if error.filename else ""
        raise InputError(what, f"{error.strerror or error}{file}.", remedy) from error
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise InputError(what, f"{error}.", remedy) from error


def read_objects(path: Path, key: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The object in a JSON file of at most `MAX_BYTES`, and the list of objects that it has under `key`.

    Raises:
        OSError, ValueError, KeyError, RecursionError: Missing, too large, or not such a file.
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MB")
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    entries = content[key]
    if not (isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)):
        raise ValueError(f"'{key}' is not a list of objects")
    return content, entries


def checked_camera(name: str, camera: LensCamera) -> LensCamera:
    """The camera.

    Raises:
        ValueError: Not finite, or a size or focal length no camera has.
    """
    focal = [value for key, value in camera.named.items() if key in ("f", "fx", "fy")]
    sensible = min(camera.width, camera.height) >= 1 and max(camera.width, camera.height) <= _LARGEST_SIDE
    if not (sensible and np.isfinite(camera.params).all() and min(focal) > 0):
        raise ValueError(f"size or intrinsics of '{name or 'all photos'}' are not those of a camera")
    return camera


def checked_pose(name: str, rotation: Any, translation: Any) -> Rigid3:
    """The pose of plain lists.

    Raises:
        ValueError: `rotation` is not one, within 0.1 %, or not everything is finite.
    """
    matrix, vector = np.asarray(rotation, np.float64), np.asarray(translation, np.float64).reshape(-1)
    fits = matrix.shape == (3, 3) and vector.shape == (3,) and np.isfinite(matrix).all() and np.isfinite(vector).all()
    if not (fits and np.abs(matrix @ matrix.T - np.eye(3)).max() < 1e-3 and np.linalg.det(matrix) > 0):
        raise ValueError(f"R and t of '{name}' are not a rotation and a translation")
    u, _, vt = np.linalg.svd(matrix)
    return Rigid3(u @ vt, vector)
