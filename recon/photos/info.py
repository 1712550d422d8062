"""What is known of each photograph, and reading it from the stage's artifact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from recon.errors import ProjectError
from recon.pipeline.stage import Artifact

VERDICTS = ("ok", "blurred", "dark", "bright", "small", "duplicate", "unreadable")


@dataclass(frozen=True)
class PhotoInfo:
    """One photograph as the `photos` stage found it.

    Args:
        id: Its name in the project.
        width: Pixels, upright; 0 when it cannot be read.
        height: Pixels, upright; 0 when it cannot be read.
        focal_px: Focal length in pixels of the upright full-size picture, a prior; None when unknown.
        focal_source: 'exif35' (35 mm equivalent), 'sensor' (focal length and sensor width) or None.
        camera: make, model and lens, or None.
        camera_key: Photos with the same key share a camera at the same zoom and picture size.
        gps: lat and lon in degrees (WGS 84), alt in metres or None; None when absent.
        time: When it was taken, ISO 8601 without zone, or None.
        verdict: One of `VERDICTS`.
        reason: One sentence with the figure behind the verdict.
        figures: The measurements, see `recon.photos.figures`.
        duplicate_of: Id of the photo it repeats, or None.
        usable: False only where it cannot be used at all (unreadable, small).
    """

    id: str
    width: int
    height: int
    focal_px: float | None
    focal_source: str | None
    camera: Mapping[str, Any] | None
    camera_key: str
    gps: Mapping[str, Any] | None
    time: str | None
    verdict: str = "ok"
    reason: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    duplicate_of: str | None = None
    usable: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> PhotoInfo:
        """The inverse of `to_json`; unknown names are ignored."""
        known = {f.name for f in fields(PhotoInfo)}
        return PhotoInfo(**{name: value for name, value in values.items() if name in known})


def load_photos(artifact: Artifact) -> dict[str, PhotoInfo]:
    """Id -> what the `photos` stage found, in project order.

    Raises:
        ProjectError: The artifact's `photos.json` is missing or damaged.
    """
    path = artifact.path / "photos.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["photos"]
        return {entry["id"]: PhotoInfo.from_json(entry) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError("The list of checked photos is damaged.", f"'{path}': {error}", "Run the step 'Photos' again.") from error
