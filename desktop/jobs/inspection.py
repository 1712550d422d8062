"""What the tabs [Compare], [Matches] and [Matrix] show, read off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from desktop.jobs.pictures import to_image
from desktop.state import ViewFiles
from recon.errors import InputError
from recon.inspection.legend import Legend
from recon.inspection.maps import depth_span, draw_map
from recon.inspection.pairs import PairFiles, PairPoints, read_points
from recon.io.depth_npz import read_depth
from recon.scene import DepthMap

LONGEST = 2400
"""Pixels of the longer side of a photo in a pair; larger ones are reduced."""
KINDS = {"consistent": "Consistent", "raw": "Raw"}
"""Which depth map of a view."""


@dataclass(frozen=True, eq=False)
class PairPicture:
    """Both photos of a pair and what is known of their points."""

    images: tuple[QImage, QImage]
    points: PairPoints


def read_pair(files: PairFiles, photos: tuple[Path, Path]) -> PairPicture:
    """Reads photos, keypoints and matches of a pair.

    Raises:
        InputError: One of the files cannot be read.
    """
    from recon.photos import read_thumbnail

    left, right = (to_image(np.asarray(read_thumbnail(photo, LONGEST))) for photo in photos)
    return PairPicture((left, right), read_points(files))


@dataclass(frozen=True, eq=False)
class MapView:
    """A layer of a depth map as a picture, with its legend, a sentence, and the numbers behind it."""

    image: QImage
    legend: Legend | None
    text: str
    depth_map: DepthMap


def read_map(view: ViewFiles, kind: str, layer: str, unit: str) -> MapView:
    """Draws a layer of the raw or the consistent depth map; both have the same colours for the same depth.

    Args:
        view: Its files.
        kind: One of `KINDS`.
        layer: One of `recon.inspection.maps.LAYERS`.
        unit: Of the scene.

    Raises:
        InputError: There is no such depth map, or it cannot be read.
    """
    paths = {"raw": view.raw, "consistent": view.consistent}
    path = paths[kind]
    if path is None:
        raise InputError(f"There is no {kind} depth of this photo.", "", f"Run until '{'Dense cloud' if view.raw else 'Depth maps'}'.")
    depth_map = read_depth(path)
    reference = depth_map if kind == "consistent" or view.consistent is None else read_depth(view.consistent)
    drawn = draw_map(depth_map, layer, depth_span(reference), unit)
    return MapView(to_image(drawn.image), drawn.legend, drawn.text, depth_map)
