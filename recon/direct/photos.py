"""Photographs of one object as a user gives them: files, masks, cameras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.direct.hull import PosedPhoto
from recon.direct.outline import outline
from recon.direct.views import MAX_VIEWS
from recon.errors import InputError
from recon.io.given_cameras import read_given_cameras
from recon.photos import read_image, read_mask
from recon.scene import Rigid3
from recon.scene.lens import LensCamera


@dataclass(frozen=True, eq=False)
class ObjectPhoto:
    """A photograph of the object.

    Args:
        picture: `[H, W, 3]` uint8 RGB, without distortion where its camera is known.
        mask: `[H, W]` bool, where the object is; something is.
        posed: Camera and pose, or None.
    """

    picture: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    posed: PosedPhoto | None = None


def read_photos(paths: Sequence[Path], *, masks: Mapping[str, Path] | None = None, cameras: Path | None = None) -> list[ObjectPhoto]:
    """Reads photographs.

    Args:
        paths: 1 to 8 files.
        masks: File name of each photograph -> its mask; None = the object is found in the middle.
        cameras: Known cameras, see `recon.io.given_cameras`; None = none is known.

    Raises:
        InputError: Too few or too many photographs, one cannot be read, masks are missing or empty, cameras are those of others.
        ReconstructionError: There are no masks, and nothing stands out.
    """
    if not 1 <= len(paths) <= MAX_VIEWS:
        why = f"{len(paths)} were given, and the networks look at 1 to {MAX_VIEWS}."
        raise InputError("Not so many photos can be used.", why, "Choose photos that show the object from different sides.")
    names = [path.name for path in paths]
    if (masks is not None or cameras is not None) and len(set(names)) < len(names):
        raise InputError("Two photos have the same name.", "Masks and cameras are found by it.", "Rename one of them.")
    pictures = [read_image(path) for path in paths]
    outlines = [_mask(picture, name, masks) for picture, name in zip(pictures, names, strict=True)]
    if cameras is None:
        return [ObjectPhoto(*pair) for pair in zip(pictures, outlines, strict=True)]
    given = read_given_cameras(cameras, {name: (p.shape[1], p.shape[0]) for name, p in zip(names, pictures, strict=True)})
    if missing := [name for name in names if name not in given.poses]:
        why = f"There is none for {', '.join(missing)}."
        raise InputError("Not every photo has a camera with a pose.", why, "Give cameras of all photos, or leave --cameras out.")
    return [_posed(p, m, given.cameras[name], given.poses[name]) for p, m, name in zip(pictures, outlines, names, strict=True)]


def _mask(picture: NDArray[np.uint8], name: str, masks: Mapping[str, Path] | None) -> NDArray[np.bool_]:
    """Where the object is."""
    if masks is None:
        return outline(picture, name)
    if name not in masks:
        raise InputError(f"There is no mask for '{name}'.", "Masks are named like the photos.", f"Add '{Path(name).stem}.png'.")
    mask = read_mask(masks[name], picture.shape[1], picture.shape[0])
    if not mask.any():
        raise InputError(f"The mask of '{name}' covers nothing.", "It has no bright pixel.", "Paint the object white.")
    return mask


def _posed(picture: NDArray[np.uint8], mask: NDArray[np.bool_], lens: LensCamera, pose: Rigid3) -> ObjectPhoto:
    """The photograph without the distortion of its lens."""
    if lens.is_pinhole:
        return ObjectPhoto(picture, mask, PosedPhoto(lens.pinhole(), pose, mask))
    from recon.sfm.undistort import undistort_mask, undistort_picture
    from recon.sfm.undistort_mapping import pinhole_for

    camera = pinhole_for(lens)
    mask = undistort_mask(mask, lens, camera)
    return ObjectPhoto(undistort_picture(picture, lens, camera), mask, PosedPhoto(camera, pose, mask))
