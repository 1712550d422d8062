"""OFF files for tests and benches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_off(vertices: NDArray[np.floating], faces: NDArray[np.integer], path: Path) -> None:
    """Writes vertices `[V, 3]` and polygons of one size `[F, K]`."""
    lines = [f"OFF\n{len(vertices)} {len(faces)} 0"]
    lines += [" ".join(f"{value:.6g}" for value in vertex) for vertex in vertices]
    lines += [" ".join(map(str, (len(face), *face))) for face in faces]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
