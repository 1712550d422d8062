"""The classical method on a view set, to stand beside the network in a validation."""

from __future__ import annotations

from torch import Tensor

from recon.mvs.cnn.examples import Views, view_of
from recon.mvs.config import DepthConfig
from recon.mvs.estimate import fine_depth, rough_depth
from recon.mvs.matcher import Picture


def classical_inverse_depth(views: Views, chosen: list[int]) -> Tensor:
    """Inverse depth `[H, W]` of the first of the views `chosen`; all of them know each other's rough depth, as in the pipeline."""
    import torch

    pictures = [Picture(view_of(views, i), views.images[i]) for i in chosen]
    ranges = [(float(views.near[i]), float(views.far[i])) for i in chosen]
    config = DepthConfig(method="classical")
    rough = [rough_depth(p, [o for o in pictures if o is not p], *r, config) for p, r in zip(pictures, ranges, strict=True)]
    found = fine_depth(pictures[0], pictures[1:], *ranges[0], config, rough[0], rough[1:])
    return 1.0 / torch.from_numpy(found.depth).clamp_min(1e-9)
