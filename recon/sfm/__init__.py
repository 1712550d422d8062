"""Matches to cameras and sparse points; undistortion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recon.sfm.stage import SfmStage
    from recon.sfm.undistort_mapping import PixelMapping
    from recon.sfm.undistort_stage import UndistortStage, load_mappings, load_views

__all__ = ["PixelMapping", "SfmStage", "UndistortStage", "load_mappings", "load_views"]

_HOME = {
    "PixelMapping": "recon.sfm.undistort_mapping",
    "SfmStage": "recon.sfm.stage",
    "UndistortStage": "recon.sfm.undistort_stage",
    "load_mappings": "recon.sfm.undistort_stage",
    "load_views": "recon.sfm.undistort_stage",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'recon.sfm' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)
