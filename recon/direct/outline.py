"""Where the object is in a photograph that came without a mask."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError

_SIDE = 320
_MARGIN = 0.04
_FEWEST, _MOST = 0.01, 0.9
"""Parts of the picture that an object takes."""
_ROUNDS = 4


def outline(picture: NDArray[np.uint8], name: str) -> NDArray[np.bool_]:
    """The object `[H, W]` in the middle of a picture `[H, W, 3]`: what differs from the picture's border (GrabCut, Rother et al. 2004).

    Args:
        picture: RGB.
        name: Of the photograph.

    Raises:
        ReconstructionError: Nothing stands out, or nearly everything does.
    """
    height, width = picture.shape[:2]
    factor = min(1.0, _SIDE / max(height, width))
    small = cv2.resize(picture, (max(1, round(width * factor)), max(1, round(height * factor))), interpolation=cv2.INTER_AREA)
    labels = _cut(small)
    share = float(labels.mean())
    if not _FEWEST < share < _MOST:
        why = f"{share:.0%} of the picture stand out from its border."
        raise ReconstructionError(
            f"No object can be told from its surroundings in '{name}'.", why, "Give masks: white where the object is."
        )
    return np.asarray(cv2.resize(labels.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST), bool)


def _cut(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The largest connected part of GrabCut's foreground; nothing where the picture has no two colours."""
    height, width = picture.shape[:2]
    left, top = max(1, round(_MARGIN * width)), max(1, round(_MARGIN * height))
    labels = np.zeros((height, width), np.uint8)
    if min(width - 2 * left, height - 2 * top) < 8 or not np.ptp(picture.reshape(-1, 3), axis=0).any():
        return labels.astype(bool)
    cv2.setRNGSeed(0)
    box = (left, top, width - 2 * left, height - 2 * top)
    cv2.grabCut(np.ascontiguousarray(picture[..., ::-1]), labels, box, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_RECT)
    front = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, parts, figures, _ = cv2.connectedComponentsWithStats(front)
    if count < 2:
        return front.astype(bool)
    return np.asarray(parts == 1 + figures[1:, cv2.CC_STAT_AREA].argmax(), bool)
