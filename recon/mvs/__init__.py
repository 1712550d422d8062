"""Depth maps from posed views, and their fusion to a cloud.

`estimate_depth`, `filter_depths` and `fuse` are imported on first use, because they bring torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recon.mvs.config import CloudConfig, DepthConfig
from recon.mvs.stages import CloudStage, DepthStage
from recon.mvs.views import depth_range, select_views

if TYPE_CHECKING:
    from recon.mvs.consistency import Estimate, filter_depths
    from recon.mvs.costs import MatchingCost, make_cost
    from recon.mvs.estimate import estimate_depth
    from recon.mvs.fusion import fuse
    from recon.mvs.matcher import Picture

_LAZY = {
    "Estimate": "consistency",
    "MatchingCost": "costs",
    "Picture": "matcher",
    "estimate_depth": "estimate",
    "filter_depths": "consistency",
    "fuse": "fusion",
    "make_cost": "costs",
}

__all__ = [
    "CloudConfig",
    "CloudStage",
    "DepthConfig",
    "DepthStage",
    "Estimate",
    "MatchingCost",
    "Picture",
    "depth_range",
    "estimate_depth",
    "filter_depths",
    "fuse",
    "make_cost",
    "select_views",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'recon.mvs' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"recon.mvs.{_LAZY[name]}"), name)
