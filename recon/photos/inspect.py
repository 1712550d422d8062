"""One photograph: decode it once, read its EXIF, measure it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.errors import InputError
from recon.photos.exif import Exif, read_exif
from recon.photos.figures import measure
from recon.photos.focal import focal_px
from recon.photos.formats import opened
from recon.photos.info import PhotoInfo
from recon.photos.read import read_mask, upright_rgb


def inspect_photo(name: str, path: Path, mask: Path | None = None) -> PhotoInfo:
    """What can be said of a photograph on its own; the verdict is still 'ok', or 'unreadable' with the reason.

    Args:
        name: Its id in the project.
        path: The file.
        mask: Its mask (white = use); figures are measured inside. A mask that cannot be used makes the photo
            unreadable, since using the whole picture is not what was asked for.
    """
    try:
        with opened(path) as image:
            exif = read_exif(image)
            picture = np.array(upright_rgb(image))
    except InputError as error:
        return _unreadable(name, error.why)
    height, width = picture.shape[:2]
    try:
        inside = None if mask is None else read_mask(mask, width, height)
    except InputError as error:
        return _unreadable(name, f"Its mask cannot be used. {error.why}")
    if inside is not None and not inside.any():
        return _unreadable(name, "Its mask leaves nothing of it: white is what is used.")
    focal, source = focal_px(exif, width, height)
    camera = {"make": exif.make, "model": exif.model, "lens": exif.lens} if exif.make or exif.model else None
    return PhotoInfo(
        id=name,
        width=width,
        height=height,
        focal_px=focal,
        focal_source=source,
        camera=camera,
        camera_key=camera_key(exif, width, height),
        gps=exif.gps,
        time=exif.time,
        figures=measure(picture, inside).to_json(),
    )


def _unreadable(name: str, reason: str) -> PhotoInfo:
    return PhotoInfo(name, 0, 0, None, None, None, f"unreadable|{name}", None, None, "unreadable", reason, usable=False)


def camera_key(exif: Exif, width: int, height: int) -> str:
    """Equal for photos of one camera at one zoom and size; without EXIF, photos of equal size count as one camera's."""
    zoom = f"{exif.focal_mm or 0:.1f}/{exif.focal35_mm or 0:.0f}mm"
    return "|".join((exif.make, exif.model, exif.serial, exif.lens, zoom, f"{width}x{height}"))
