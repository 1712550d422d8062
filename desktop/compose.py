"""The stations of the pipeline, in order; the one place that lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recon.pipeline.stage import Stage


def stages() -> tuple[Stage, ...]:
    """Every stage; each needs only ones before it."""
    from recon.features.stage import FeaturesStage, MatchesStage
    from recon.mvs.stages import CloudStage, DepthStage
    from recon.photos.stage import PhotosStage
    from recon.points.stage import RefineStage
    from recon.sfm import SfmStage, UndistortStage
    from recon.surface.stage import MeshStage, TextureStage

    return (
        PhotosStage(),
        FeaturesStage(),
        MatchesStage(),
        SfmStage(),
        UndistortStage(),
        DepthStage(),
        CloudStage(),
        RefineStage(),
        MeshStage(),
        TextureStage(),
    )
