"""Leaving out coarse points in the end: keypoints of tilted views join photos, but they are less exact than the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pycolmap

ENOUGH = 50
"""Exact points that hold a photo in its place without the others."""


def leave_out_coarse(model: pycolmap.Reconstruction, exact: Sequence[int]) -> int:
    """Deletes points with coarse observations, as far as all photos that see them have enough exact ones.

    Args:
        model: Changed in place.
        exact: For images 1, 2, .. the number of their exact keypoints, which come first.

    Returns:
        Number of points deleted.
    """
    seen: dict[int, list[int]] = {}
    support: Counter[int] = Counter()
    for number, point in model.points3D.items():
        images = [element.image_id for element in point.track.elements]
        if all(element.point2D_idx < exact[element.image_id - 1] for element in point.track.elements):
            support.update(set(images))
        else:
            seen[number] = images
    spare = [number for number, images in seen.items() if all(support[image] >= ENOUGH for image in images)]
    for number in spare:
        model.delete_point3D(number)
    return len(spare)
