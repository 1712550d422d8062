"""Keypoint adjustment: before mapping, the keypoints of a track are moved to where the photos look alike.

After Lindenberger, Sarlin, Larsson and Pollefeys, Pixel-perfect structure-from-motion with featuremetric refinement, ICCV 2021. What is
compared here are the pictures themselves, each patch stretched as its surroundings are: that was both more exact and faster than the
maps of the feature network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recon.features.matches_npz import PairMatches
from recon.sfm.database import Keypoints, Pair
from recon.sfm.local_affine import local_affines
from recon.sfm.tracks import Followers, followers

if TYPE_CHECKING:
    import torch

Load = Callable[[str], NDArray[np.uint8]]

MAX_SIZE = 2000
"""Longer pictures are reduced to this, pixels."""
_CHUNK = 2048
"""Patches that are aligned at a time."""
_CACHED = 32
"""Pictures that are held in memory at a time, about 12 MB each."""


def adjust_keypoints(
    keypoints: Keypoints,
    matches: Mapping[Pair, PairMatches],
    load: Load,
    *,
    device: str = "cpu",
    check: Callable[[], None] = lambda: None,
) -> dict[str, NDArray[np.float32]]:
    """Moves keypoints by at most two pixels (of pictures reduced to `MAX_SIZE`) to fit the leader of their track.

    Args:
        keypoints: Photo id -> `[N, 2+]`, x and y first.
        matches: Pair of ids -> matches.
        load: Photo id -> grey picture `[H, W]` uint8 in full resolution.
        device: Where torch works.
        check: Called for every pair; may raise to stop.

    Returns:
        Photo id -> the keypoints; those without matches, or that look different, are where they were.
    """
    moved = {name: np.array(points, np.float32) for name, points in keypoints.items()}
    picture = lru_cache(maxsize=_CACHED)(lambda name: _reduced(load(name), device))
    for pair, found in followers({name: len(points) for name, points in keypoints.items()}, matches).items():
        check()
        moved[pair[1]][found.follower, :2] = _aligned(found, [keypoints[name] for name in pair], [picture(name) for name in pair])
    return moved


def _reduced(grey: NDArray[np.uint8], device: str) -> tuple[torch.Tensor, NDArray[np.float64]]:
    """A picture `[1, 1, H, W]` in [0, 1] and the pixels of the photo that one of its pixels is wide and high."""
    import torch

    from recon.features.reduce import reduced

    small = reduced(grey, MAX_SIZE)
    factor = np.array([grey.shape[1] / small.shape[1], grey.shape[0] / small.shape[0]])
    return torch.from_numpy(small).to(device)[None, None].float() / 255, factor


def _aligned(
    found: Followers, keypoints: list[NDArray[np.float32]], pictures: list[tuple[torch.Tensor, NDArray[np.float64]]]
) -> NDArray[np.float64]:
    """New positions of the followers, `[N, 2]` pixels of their photo."""
    import torch

    from recon.sfm.align_patches import align_patches

    (first, first_factor), (second, second_factor) = pictures
    points = (keypoints[0][found.leader, :2].astype(np.float64) + 0.5) / first_factor - 0.5
    guesses = (keypoints[1][found.follower, :2].astype(np.float64) + 0.5) / second_factor - 0.5
    rows = [torch.from_numpy(x).float().to(first.device).split(_CHUNK) for x in (points, guesses, local_affines(points, guesses))]
    with torch.inference_mode():
        places = [align_patches(first, second, p, q, affine)[0] for p, q, affine in zip(*rows, strict=True)]
    return np.asarray((torch.cat(places).double().cpu().numpy() + 0.5) * second_factor - 0.5)
