"""Shape checks used at the public boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError


def array(value: Any, name: str, shape: tuple[int | None, ...], dtype: Any) -> NDArray[Any]:
    """Returns `value` as a contiguous array of `dtype`, after checking `shape` (None = any length).

    Raises:
        ShapeError: The number of axes or a fixed length differs.
    """
    result = np.ascontiguousarray(value, dtype=dtype)
    if result.ndim != len(shape) or any(want is not None and want != got for want, got in zip(shape, result.shape, strict=True)):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ShapeError(f"{name} must have shape [{wanted}], got {list(result.shape)}")
    return result


def optional(value: Any, name: str, shape: tuple[int | None, ...], dtype: Any) -> NDArray[Any] | None:
    """Like `array`, but lets None through."""
    return None if value is None else array(value, name, shape, dtype)
