"""Pictures on disk: what the renderer process writes and the thumbnails it shows in frusta."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.io.atomic import replacing
from recon.scene import Scene

MAX_THUMBNAIL_BYTES = 4 << 20


def write_png(color: NDArray[np.floating], path: Path) -> None:
    """Writes RGB `[H, W, 3]` in 0..255 as PNG; the file is there whole or not at all.

    Raises:
        ResourceError: The file cannot be written.
    """
    picture = np.clip(color[..., ::-1] + 0.5, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".png", picture)
    with replacing(path) as temporary:
        temporary.write_bytes(data.tobytes())


def read_thumbnails(folder: Path | None, scene: Scene | None) -> dict[str, NDArray[np.uint8]]:
    """View name -> small RGB picture `<view name>.jpg`; a missing or broken one leaves its frustum empty."""
    found: dict[str, NDArray[np.uint8]] = {}
    if folder is None or scene is None:
        return found
    for view in scene.views:
        path = folder / f"{view.name}.jpg"
        if path.parent != folder or not path.is_file() or path.stat().st_size > MAX_THUMBNAIL_BYTES:
            continue
        picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        if picture is not None:
            found[view.name] = np.ascontiguousarray(picture[..., ::-1])
    return found
