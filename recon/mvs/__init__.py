"""Depth maps from posed views, and their fusion to a cloud.

Functions that compute are imported on first use, because they bring torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recon.mvs.config import CloudConfig, DepthConfig
from recon.mvs.stages import CloudStage, DepthStage
from recon.mvs.views import depth_range, select_views

if TYPE_CHECKING:
    from recon.mvs.consistency import Estimate, filter_depths
    from recon.mvs.costs import MatchingCost, make_cost
    from recon.mvs.estimate import Effort, fine_depth, rough_depth
    from recon.mvs.fusion import fuse
    from recon.mvs.matcher import Picture

_LAZY = {
    "Effort": "estimate",
    "Estimate": "consistency",
    "MatchingCost": "costs",
    "Picture": "matcher",
    "filter_depths": "consistency",
    "fine_depth": "estimate",
    "fuse": "fusion",
    "make_cost": "costs",
    "rough_depth": "estimate",
}

__all__ = [
    "CloudConfig",
    "CloudStage",
    "DepthConfig",
    "DepthStage",
    "Effort",
    "Estimate",
    "MatchingCost",
    "Picture",
    "depth_range",
    "filter_depths",
    "fine_depth",
    "fuse",
    "make_cost",
    "rough_depth",
    "select_views",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'recon.mvs' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"recon.mvs.{_LAZY[name]}"), name)
