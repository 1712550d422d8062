"""Focal length in pixels as far as EXIF and the table of sensors know it: a prior for calibration, not a measurement."""

from __future__ import annotations

import json
import math
import re
from functools import cache

import resources
from recon.photos.exif import Exif

_DIAGONAL_35MM = math.hypot(36.0, 24.0)
_CROP_TOLERANCE = 0.03


def focal_px(exif: Exif, width: int, height: int) -> tuple[float, str] | tuple[None, None]:
    """Focal length of a picture of `width` x `height` pixels (upright, perhaps resampled), and where it comes from.

    The 35 mm equivalent is taken by diagonal (CIPA DCG-001), else focal length times pixels of the long side over the
    sensor's long side. A picture whose shape differs from what the camera wrote has been cropped: nothing is known then.

    Returns:
        (pixels, 'exif35' or 'sensor'), or (None, None).
    """
    if exif.full_size is not None and not _same_shape(exif.full_size, (width, height)):
        return None, None
    if exif.focal35_mm is not None:
        return _plausible(exif.focal35_mm / _DIAGONAL_35MM * math.hypot(width, height), "exif35", width, height)
    sensor = sensor_width(exif.make, exif.model) or exif.plane_width_mm
    if exif.focal_mm is not None and sensor is not None:
        return _plausible(exif.focal_mm / sensor * max(width, height), "sensor", width, height)
    return None, None


def _same_shape(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return abs(max(a) / min(a) * min(b) / max(b) - 1) <= _CROP_TOLERANCE


def _plausible(value: float, source: str, width: int, height: int) -> tuple[float, str] | tuple[None, None]:
    """Drops values no lens has (fields of view above 155 or below 1 degree)."""
    return (value, source) if 0.1 <= value / max(width, height) <= 50 else (None, None)


def sensor_width(make: str, model: str) -> float | None:
    """Long side of a camera's sensor in millimetres; None when the camera is not in the table (resources/sensors.json)."""
    return _table().get(_key(make, model))


def _key(make: str, model: str) -> str:
    """Brand and model as the table spells them: lower case, no dashes, the brand once ('Canon', 'Canon EOS R5' -> 'canon eos r5')."""
    brand, _, _ = _plain(make).partition(" ")
    return f"{brand} {_plain(model).removeprefix(brand).strip()}"


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9+ ]", " ", name.lower().replace("-", "").replace("mark ", "mk ")).split())


@cache
def _table() -> dict[str, float]:
    """Key of a camera -> millimetres."""
    groups = json.loads(resources.path("sensors.json").read_text(encoding="utf-8"))["groups"]
    return {_key(group["make"], model): float(group["width_mm"]) for group in groups for model in group["models"]}
