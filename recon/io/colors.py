"""Colours between files (integers) and scene types (floats)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_bytes(colors: NDArray[np.floating]) -> NDArray[np.uint8]:
    """RGB in [0, 1] `[N, 3]` to 0..255."""
    result: NDArray[np.uint8] = (np.clip(np.nan_to_num(colors), 0, 1) * 255 + 0.5).astype(np.uint8)
    return result


def to_unit(colors: NDArray[Any]) -> NDArray[np.float32]:
    """Integer or float RGB `[N, 3]` to [0, 1]; integers are divided by the largest value of their type."""
    scale = np.iinfo(colors.dtype).max if np.issubdtype(colors.dtype, np.integer) else 1.0
    result: NDArray[np.float32] = np.clip(np.nan_to_num(colors.astype(np.float32) / np.float32(scale)), 0, 1)
    return result
