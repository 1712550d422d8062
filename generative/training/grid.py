"""Rows of pictures as one picture, to look at a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import torch
from torch import Tensor

GAP = 2


def write_grid(rows: Sequence[Tensor], path: Path) -> None:
    """Writes batches `[n, 3, H, W]` in [-1, 1] as a PNG, one a row."""
    wide = [torch.cat([torch.nn.functional.pad(picture, (0, GAP, 0, GAP), value=1.0) for picture in row], -1) for row in rows]
    whole = ((torch.cat(wide, -2).clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), whole[..., ::-1])
