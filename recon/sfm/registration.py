"""Who was placed, how well, and why the others were not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recon.errors import ProjectError
from recon.pipeline.stage import Artifact

if TYPE_CHECKING:
    import pycolmap

FEW_FEATURES = 100


@dataclass(frozen=True)
class Registration:
    """What became of one photo.

    Args:
        registered: Whether it was placed in the model.
        reason: Why not; '' when it was.
        closest: The photo with which it has the most matches, or None.
        inliers: Verified matches with that photo.
        points: Sparse points it sees.
        error_px: Mean reprojection error of those, pixels; None when not placed.
    """

    registered: bool
    reason: str = ""
    closest: str | None = None
    inliers: int = 0
    points: int = 0
    error_px: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


_ROW: Mapping[str, Any] = {"a": str, "b": str, "item": str, "raw": int, "inliers": int, "kind": str}


def read_pairs(matches: Artifact) -> list[dict[str, Any]]:
    """Rows of `pairs.json`: a, b, item, raw, inliers, kind.

    Raises:
        ProjectError: Missing or damaged.
    """
    path = matches.path / "pairs.json"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{name: kind(row[name]) for name, kind in _ROW.items()} for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError("The list of compared photos is damaged.", f"'{path}': {error}", "Run the step 'Matches' again.") from error


def explain(
    model: pycolmap.Reconstruction, features: Mapping[str, int], pairs: Sequence[Mapping[str, Any]], others: Sequence[set[str]] = ()
) -> dict[str, Registration]:
    """Photo id -> what became of it.

    Args:
        model: The model that is kept.
        features: Photo id -> number of keypoints, for every photo that was tried.
        pairs: Rows of `pairs.json`: a, b, item, raw, inliers, kind.
        others: Photos of the models that were not kept.
    """
    placed = {image.name: image for image in model.images.values() if image.has_pose}
    best = _best_pairs(pairs)
    result = {}
    for name, count in features.items():
        closest, row = best.get(name, (None, None))
        inliers = int(row["inliers"]) if row else 0
        if name in placed:
            points, error = _fit(model, placed[name])
            result[name] = Registration(True, "", closest, inliers, points, error)
        else:
            group = next((group for group in others if name in group), set())
            result[name] = Registration(False, _reason(count, closest, row, group), closest, inliers)
    return result


def separate(groups: Sequence[set[str]]) -> list[set[str]]:
    """The groups, largest first, each without photos of earlier ones; what is left of fewer than two photos is no group."""
    result: list[set[str]] = []
    for group in groups:
        rest = group.difference(*result)
        if len(rest) >= 2:
            result.append(rest)
    return result


def summary(photos: Mapping[str, Registration], groups: Sequence[set[str]], known: int = 0, doubtful: Sequence[str] = ()) -> str:
    """What became of the set, in a sentence or two.

    Args:
        photos: What became of each.
        groups: Photos of each model, the one that is kept first.
        known: Photos whose pose was given.
        doubtful: Photos whose given pose contradicts their matches.
    """
    placed = sum(photo.registered for photo in photos.values())
    parts = [f"{placed} of {len(photos)} photos placed."]
    if known:
        parts.append(f"The poses of {known} were given.")
    if doubtful:
        named = ", ".join(doubtful[:5]) + (" and others" if len(doubtful) > 5 else "")
        parts.append(f"The given poses of {len(doubtful)} contradict what the photos show ({named}): check them.")
    if len(groups) > 1:
        sizes = ", ".join(str(len(group)) for group in groups[1:])
        others = f"another of {sizes} photos was" if len(groups) == 2 else f"{len(groups) - 1} others ({sizes} photos) were"
        parts.append(
            f"The photos form {len(groups)} groups that could not be joined: the largest, of {placed}, is kept, {others} left out."
        )
    return " ".join(parts)


def _reason(features: int, closest: str | None, row: Mapping[str, Any] | None, group: set[str]) -> str:
    if features < FEW_FEATURES:
        return (
            f"Too few features: {features} were found, some hundreds are needed. The picture has little texture, or its mask leaves little."
        )
    if closest is None or row is None:
        return "It was not compared with any other photo."
    if group:
        return f"It belongs to a smaller group of {len(group)} photos that could not be joined to the rest."
    if row["kind"] == "watermark":
        return f"What it shares with {closest} is writing burnt into the pictures, not the scene."
    if row["kind"] == "none":
        return f"No other photo shows enough of the same points: it came closest to {closest}, with {row['raw']} matches by look alone."
    return f"The mapper rejected it: {row['inliers']} verified matches with {closest} were not enough to place it reliably."


def _best_pairs(pairs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """For each photo the one with the most verified matches, then the most raw ones, and their row."""
    best: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for row in pairs:
        for name, other in ((row["a"], row["b"]), (row["b"], row["a"])):
            if name not in best or (row["inliers"], row["raw"]) > (best[name][1]["inliers"], best[name][1]["raw"]):
                best[name] = other, row
    return best


def _fit(model: pycolmap.Reconstruction, image: pycolmap.Image) -> tuple[int, float]:
    """Points that a placed photo sees and their mean reprojection error in pixels."""
    seen = image.get_observation_points2D()
    if not seen:
        return 0, 0.0
    world = np.array([model.points3D[p.point3D_id].xyz for p in seen])
    pose = image.cam_from_world().matrix()
    projected = model.cameras[image.camera_id].img_from_cam(world @ pose[:, :3].T + pose[:, 3])
    return len(seen), float(np.nanmean(np.linalg.norm(projected - np.array([p.xy for p in seen]), axis=1)))
