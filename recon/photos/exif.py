"""What a camera wrote into the file: make, model, lens, focal length, position, time. Damaged entries count as absent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

_BASE, _GPS = ExifTags.Base, ExifTags.GPS
_PLANE_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""FocalPlaneResolutionUnit -> millimetres."""


@dataclass(frozen=True)
class Exif:
    """EXIF of one photograph, as far as reconstruction cares.

    Args:
        make, model, lens, serial: Cleaned text, '' when absent.
        focal_mm: Focal length in millimetres, or None.
        focal35_mm: 35 mm equivalent, or None.
        plane_width_mm: Sensor's long side as the focal plane resolution tells it, or None.
        full_size: Pixel size the camera wrote (as stored, not turned), or None.
        gps: lat, lon (degrees), alt (metres or None), or None.
        time: ISO 8601, or None.
    """

    make: str = ""
    model: str = ""
    lens: str = ""
    serial: str = ""
    focal_mm: float | None = None
    focal35_mm: float | None = None
    plane_width_mm: float | None = None
    full_size: tuple[int, int] | None = None
    gps: Mapping[str, float | None] | None = None
    time: str | None = None


def read_exif(image: Image.Image) -> Exif:
    """EXIF of an open Pillow image; an `Exif` without values when there is none or it is damaged."""
    base, detail, gps = _tables(image)
    size = (number(detail.get(_BASE.ExifImageWidth)), number(detail.get(_BASE.ExifImageHeight)))
    full_size = (int(size[0]), int(size[1])) if size[0] and size[1] else None
    return Exif(
        make=text(base.get(_BASE.Make)),
        model=text(base.get(_BASE.Model)),
        lens=text(detail.get(_BASE.LensModel)),
        serial=text(detail.get(_BASE.BodySerialNumber)),
        focal_mm=positive(detail.get(_BASE.FocalLength)),
        focal35_mm=positive(detail.get(_BASE.FocalLengthIn35mmFilm)),
        plane_width_mm=_plane_width(detail, full_size),
        full_size=full_size,
        gps=parse_gps(gps),
        time=_time(detail.get(_BASE.DateTimeOriginal) or base.get(_BASE.DateTime)),
    )


def _tables(image: Image.Image) -> tuple[Mapping[int, Any], Mapping[int, Any], Mapping[int, Any]]:
    """The base, Exif and GPS tables; empty where they cannot be read."""
    try:
        exif = image.getexif()
        return dict(exif), dict(exif.get_ifd(ExifTags.IFD.Exif)), dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return {}, {}, {}


def text(value: Any) -> str:
    """A tag's text without padding and control characters, at most 100 characters."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value.split("\0")[0]).split())[:100]


def number(value: Any) -> float | None:
    """A finite number, or None (zero denominators, text, tuples)."""
    try:
        result = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def positive(value: Any) -> float | None:
    """A finite number above 0, or None (cameras write 0 for 'unknown')."""
    result = number(value)
    return result if result is not None and result > 0 else None


def parse_gps(tags: Mapping[int, Any]) -> dict[str, float | None] | None:
    """Position from GPS tags; None when it is absent, outside the globe, or the (0, 0) written without a fix."""
    lat = _degrees(tags.get(_GPS.GPSLatitude), text(tags.get(_GPS.GPSLatitudeRef)), "S")
    lon = _degrees(tags.get(_GPS.GPSLongitude), text(tags.get(_GPS.GPSLongitudeRef)), "W")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (lat == 0 and lon == 0):
        return None
    alt = number(tags.get(_GPS.GPSAltitude))
    below = tags.get(_GPS.GPSAltitudeRef) in (1, b"\x01", "1")
    return {"lat": lat, "lon": lon, "alt": -alt if alt is not None and below else alt}


def _degrees(parts: Any, hemisphere: str, negative: str) -> float | None:
    """Degrees from (degrees, minutes, seconds)."""
    if not isinstance(parts, (tuple, list)) or not 1 <= len(parts) <= 3:
        return None
    numbers = [number(part) for part in parts]
    if any(part is None for part in numbers):
        return None
    value = float(sum(part / 60.0**i for i, part in enumerate(numbers) if part is not None))
    return -value if hemisphere.upper().startswith(negative) else value


def _plane_width(detail: Mapping[int, Any], full_size: tuple[int, int] | None) -> float | None:
    """Long side of the sensor in millimetres, from pixels per unit of the focal plane."""
    per_unit = positive(detail.get(_BASE.FocalPlaneXResolution))
    unit = _PLANE_UNIT_MM.get(detail.get(_BASE.FocalPlaneResolutionUnit, 2))
    if per_unit is None or unit is None or full_size is None:
        return None
    width = max(full_size) / per_unit * unit
    return width if 2.0 <= width <= 100.0 else None


def _time(value: Any) -> str | None:
    """ISO 8601 of EXIF's 'YYYY:MM:DD HH:MM:SS'."""
    try:
        return datetime.strptime(text(value)[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return None
