"""What is weak in a reconstruction, and which photos would help: sentences made of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.inspection.coverage import ENOUGH, UNSURE, Coverage, Opening, Patch, openings, patches
from recon.inspection.viewing import up_of
from recon.scene import View

LEAST_PATCH = 0.01
"""Smallest share of the surface that is spoken of."""
LEAST_OPENING = 0.1
"""Narrowest hole that is spoken of, as a share of the model's diagonal."""
_WIDE_GAP = 30.0
_HIGH_ERROR = 1.5
_OUTLYING_ERROR = 2.0
_NAMED = 5
_QUALITY = {"blurred": "blurred", "dark": "too dark", "bright": "too bright"}
_HEIGHTS = ((50, "up"), (15, "obliquely up"), (-15, "sideways"), (-50, "obliquely down"), (-91, "down"))


def advise_on_photos(report: Mapping[str, Any]) -> list[str]:
    """Photos that were not placed, that are of poor quality, and cameras that fit badly; from `report.json`."""
    photos = {name: photo for name, photo in report.get("photos", {}).items() if photo.get("enabled", True)}
    found = [_unplaced(name, photo["registration"]) for name, photo in photos.items() if _placed(photo) is False]
    for verdict, word in _QUALITY.items():
        names = [name for name, photo in photos.items() if photo.get("verdict") == verdict]
        if names:
            found.append(f"{_list(names)} {'is' if len(names) == 1 else 'are'} {word}. Take {'it' if len(names) == 1 else 'them'} again.")
    errors = {name: photo["registration"]["error_px"] for name, photo in photos.items() if _placed(photo)}
    known = {name: error for name, error in errors.items() if error is not None}
    if known:
        usual = float(np.median(list(known.values())))
        if usual > _HIGH_ERROR:
            found.append(
                f"The points miss their photos by {usual:.1f} pixels on the median photo; below 1 is good. Look for motion blur, for "
                "things that moved between the photos, and for zoom or focus that was changed."
            )
        outlying = [name for name, error in known.items() if error > _OUTLYING_ERROR * usual and error > 1]
        if outlying:
            found.append(f"{_list(outlying)}: the error is more than twice the usual one. Take the place again, or leave it out.")
    return found


def advise_on_cameras(views: Sequence[View], target: NDArray[np.floating]) -> list[str]:
    """Photos whose nearest neighbour looks at the `target` `[3]` from a very different side."""
    if len(views) < 2:
        return []
    ways = np.array([view.cam_from_world.center for view in views]) - target
    ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-300)
    angles = np.degrees(np.arccos(np.clip(ways @ ways.T, -1, 1)))
    np.fill_diagonal(angles, np.inf)
    lonely = [i for i in np.argsort(-angles.min(axis=1), kind="stable") if angles[i].min() > _WIDE_GAP][:_NAMED]
    pairs = {frozenset((int(i), int(angles[i].argmin()))): float(angles[i].min()) for i in lonely}
    return [
        f"{_list([views[i].name for i in sorted(pair)])} are neighbours, but {angle:.0f}° apart. Add a photo or two between them: "
        "neighbours should be 10° to 20° apart."
        for pair, angle in pairs.items()
    ]


def advise_on_surface(coverage: Coverage, views: Sequence[View]) -> tuple[list[str], list[Patch]]:
    """Parts that few photos see, parts that are unsure, and holes.

    Returns:
        Sentences, and the parts of the surface that the first of them speak of, in the same order.
    """
    up = up_of(views)
    few = patches(coverage, coverage.views < ENOUGH, LEAST_PATCH)
    unsure = patches(coverage, (coverage.views >= ENOUGH) & (coverage.confidence < UNSURE), LEAST_PATCH)
    sentences = [f"Part {number}: {_few(patch, coverage, views, up)}" for number, patch in enumerate(few, 1)]
    sentences += [f"Part {number}: {_unsure(patch, up)}" for number, patch in enumerate(unsure, 1 + len(few))]
    diagonal = float(np.linalg.norm(np.ptp(coverage.mesh.vertices, axis=0)))
    sentences += [_open(hole, diagonal, views, up) for hole in openings(coverage.mesh, LEAST_OPENING * diagonal)]
    return sentences, [*few, *unsure]


def facing(normal: NDArray[np.floating], up: NDArray[np.floating]) -> str:
    """'up', 'obliquely down', 'sideways' .. of a unit vector."""
    height = float(np.degrees(np.arcsin(np.clip(normal @ up, -1, 1))))
    return next(word for least, word in _HEIGHTS if height > least)


def _few(patch: Patch, coverage: Coverage, views: Sequence[View], up: NDArray[np.float64]) -> str:
    return (
        f"{100 * patch.share:.0f} % of the surface, facing {facing(patch.normal, up)}, is seen by fewer than {ENOUGH} photos. "
        f"Add two or three from there{_nearest(patch.center, patch.normal, views)}."
    )


def _unsure(patch: Patch, up: NDArray[np.float64]) -> str:
    return (
        f"{100 * patch.share:.0f} % of the surface, facing {facing(patch.normal, up)}, is in enough photos, but its depth is unsure "
        f"(confidence below {UNSURE:g}): it is plain, shiny, repeats itself, or is seen at a slant. "
        "Add photos that look straight at it and from nearer, in soft light."
    )


def _open(hole: Opening, diagonal: float, views: Sequence[View], up: NDArray[np.float64]) -> str:
    share = hole.width / diagonal
    size = f"about {hole.width:.3g} wide ({100 * share:.0f} % of the model's diagonal)"
    if share > 0.5:
        return f"The surface ends in a rim {size}: what lies {_beyond(hole, up)} is not in the photos. If it should be, photograph it too."
    where = _nearest(hole.center, hole.normal, views)
    return f"There is a hole {size}, facing {facing(hole.normal, up)}. Add photos that look into it{where}."


def _beyond(hole: Opening, up: NDArray[np.float64]) -> str:
    return {"down": "below", "up": "above"}.get(facing(hole.normal, up), "beyond")


def _nearest(center: NDArray[np.floating], normal: NDArray[np.floating], views: Sequence[View]) -> str:
    """', beside A.jpg and B.jpg (41° and 52° away)'."""
    if not views:
        return ""
    ways = np.array([view.cam_from_world.center for view in views]) - center
    ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-300)
    angles = np.degrees(np.arccos(np.clip(ways @ normal, -1, 1)))
    order = np.argsort(angles, kind="stable")[:2]
    names = _list([views[i].name for i in order])
    return f"; the photos nearest to that direction are {names}, {' and '.join(f'{angles[i]:.0f}°' for i in order)} away from it"


def _placed(photo: Mapping[str, Any]) -> bool | None:
    """Whether it was; None when nobody tried."""
    registration = photo.get("registration")
    return None if not registration else bool(registration.get("registered"))


def _unplaced(name: str, registration: Mapping[str, Any]) -> str:
    closest = registration.get("closest")
    between = f" Add photos between it and {closest}, each sharing two thirds with the next." if closest else ""
    return f"{name} could not be placed. {registration.get('reason') or ''}{between}"


def _list(names: Sequence[str]) -> str:
    """'a, b and c', or 'a, b, c, d, e and 3 others'."""
    shown = list(names) if len(names) <= _NAMED + 1 else [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
