"""Matches of a pair of photos on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.npz import DAMAGE, read_arrays, write_arrays
from recon.scene.checks import array

_LARGEST = 256 << 20
KINDS = ("none", "calibrated", "uncalibrated", "planar", "panoramic", "watermark")


@dataclass(frozen=True, eq=False)
class PairMatches:
    """Matches of photos a and b, as indices into their keypoints.

    Args:
        raw: `[K, 2]` int32 by descriptors alone.
        inliers: `[M, 2]` int32, those that one camera motion explains; none when the pair is not verified.
        kind: What explains them, one of `KINDS`: an essential or fundamental matrix, a homography by a plane or by pure rotation;
            'watermark' is writing burnt into both pictures.
    """

    raw: NDArray[np.int32]
    inliers: NDArray[np.int32]
    kind: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", array(self.raw, "raw", (None, 2), np.int32))
        object.__setattr__(self, "inliers", array(self.inliers, "inliers", (None, 2), np.int32))


def write_matches(matches: PairMatches, path: Path) -> None:
    """Writes `path` (.npz).

    Raises:
        ResourceError: The file cannot be written.
    """
    write_arrays(path, {"raw": matches.raw, "inliers": matches.inliers, "kind": np.array(matches.kind)})


def read_matches(path: Path) -> PairMatches:
    """Reads what `write_matches` wrote.

    Raises:
        InputError: Missing, damaged or not a file of matches.
    """
    try:
        arrays = read_arrays(path, max_bytes=_LARGEST)
        kind = str(arrays["kind"])
        if kind not in KINDS:
            raise ValueError(f"there is no kind of pair '{kind}'")
        return PairMatches(arrays["raw"], arrays["inliers"], kind)
    except DAMAGE as error:
        raise InputError(f"The matches '{Path(path).name}' cannot be read.", f"{error}.", "Run the matches stage again.") from error
