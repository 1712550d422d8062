"""Settings of the depth and cloud stages; the defaults are the `balanced` preset."""

from __future__ import annotations

from dataclasses import dataclass

from recon.pipeline.config import setting


@dataclass(frozen=True)
class DepthConfig:
    """How depth maps are estimated."""

    max_size: int = setting(
        1600, "Longer side of the pictures that are matched; larger ones are reduced.", unit="px", minimum=160, maximum=8192
    )
    sources: int = setting(4, "Neighbouring photos each photo is compared with.", minimum=1, maximum=16)
    method: str = setting(
        "hybrid",
        "How depth is found: by correlation and smoothing, by the trained network alone, or by the network and finally by correlation.",
        choices=("classical", "cnn", "hybrid"),
    )
    cost: str = setting("zncc", "Photometric cost of the classical method.", choices=("zncc", "census"))
    window: int = setting(5, "Side of the matching window at each level.", unit="px", minimum=3, maximum=15)
    best: int = setting(2, "Best agreeing neighbours that count; the others may be occluded.", minimum=1, maximum=16)
    coarse_side: int = setting(
        75,
        "Shorter side of the coarsest level, where the whole depth range is searched.",
        unit="px",
        minimum=32,
        maximum=1024,
        advanced=True,
    )
    steps: int = setting(4, "Classical: depth steps searched on either side at each finer level.", minimum=1, maximum=16, advanced=True)
    rounds: int = setting(3, "Classical: refinement rounds at each finer level.", minimum=1, maximum=6, advanced=True)
    agreement: float = setting(
        1.0, "Weight of agreement with the depth of the neighbours; 0 = pictures alone.", minimum=0.0, maximum=2.0, advanced=True
    )
    smoothness: float = setting(0.05, "Cost of a depth step between neighbouring pixels.", minimum=0.0, maximum=2.0, advanced=True)
    weights: str = setting("", "File of weights of the network; those that come with Photolith when empty.", advanced=True)


@dataclass(frozen=True)
class CloudConfig:
    """How depth maps are checked against each other and fused."""

    neighbours: int = setting(10, "Other photos each depth map is checked against.", minimum=1, maximum=32)
    pixel_error: float = setting(
        1.5, "Largest forward-backward reprojection error of agreeing depths.", unit="px", minimum=0.1, maximum=8.0
    )
    depth_error: float = setting(0.015, "Largest relative difference of agreeing depths.", minimum=0.0005, maximum=0.2)
    min_views: int = setting(3, "Views that must agree on a point, its own included.", minimum=2, maximum=16)
    min_angle: float = setting(
        1.0,
        "Widest angle between the rays of agreeing views must reach this; below it a depth, as of sky and skyline, is a guess.",
        unit="degrees",
        minimum=0.0,
        maximum=30.0,
    )
    min_confidence: float = setting(0.2, "Photometric confidence below which a pixel is dropped.", minimum=0.0, maximum=1.0)
