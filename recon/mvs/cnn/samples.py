"""Pictures of what the network finds: photo, true depth, depth, error and confidence side by side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from recon.mvs.cnn.network import Result


def sample_picture(image: Tensor, truth: Tensor, result: Result, error: Tensor) -> NDArray[np.uint8]:
    """RGB picture `[H, 5 W, 3]` of the first item of a result.

    Args:
        image: `[3, H, W]` in [0, 1].
        truth: Inverse depth `[H, W]`, 0 = nothing there.
        result: Of the network.
        error: Pixels of parallax `[H, W]`.
    """
    known = (truth > 0).numpy()
    low, high = (float(v) for v in np.quantile(truth.numpy()[known], [0.01, 0.99])) if known.any() else (0.0, 1.0)
    photo = (image.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    true = coloured(truth.numpy(), low, high)
    found = coloured(result.inverse_depth[0].cpu().numpy(), low, high)
    wrong = coloured(error.numpy(), 0.0, 4.0, cv2.COLORMAP_INFERNO)
    true[~known], wrong[~known] = 0, 0
    sure = coloured(result.confidence[0].sigmoid().cpu().numpy(), 0.0, 1.0, cv2.COLORMAP_VIRIDIS)
    return np.concatenate([photo, true, found, wrong, sure], 1)


def coloured(values: NDArray[np.floating], low: float, high: float, colours: int = cv2.COLORMAP_TURBO) -> NDArray[np.uint8]:
    """Values from `low` to `high` as RGB."""
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    return np.asarray(cv2.applyColorMap((share * 255).astype(np.uint8), colours)[..., ::-1]).copy()
