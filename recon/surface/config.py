"""Settings of the stage `mesh`."""

from __future__ import annotations

from dataclasses import dataclass

from recon.pipeline.config import setting


@dataclass(frozen=True)
class MeshConfig:
    """How depth maps and points become a surface."""

    method: str = setting(
        "auto",
        "How the surface is made: 'tsdf' averages the depth maps (fast, leaves gaps open), 'poisson' fits a smooth surface to "
        "the points (more complete, slower), 'auto' takes 'poisson'.",
        choices=("auto", "tsdf", "poisson"),
    )
    voxel_pixels: float = setting(
        1.5, "Edge of a voxel, in the width that a pixel of the depth maps has on the surface.", unit="pixels", minimum=0.5, maximum=20.0
    )
    adaptive: bool = setting(
        True,
        "Voxels are doubled, up to three times, where the photos saw the surface only from afar: fewer triangles where less was seen.",
    )
    voxel_size: float = setting(
        0.0,
        "Edge of the smallest voxel in units of the scene; 0 = from the data.",
        unit="scene units",
        minimum=0.0,
        maximum=1e9,
        advanced=True,
    )
    truncation: float = setting(4.0, "Half width of the band around each depth.", unit="voxels", minimum=2.0, maximum=20.0, advanced=True)
    behind: float = setting(0.6, "Part of that band that counts behind a depth.", minimum=0.1, maximum=1.0, advanced=True)
    min_confidence: float = setting(0.1, "Depths less sure than this are not used.", minimum=0.0, maximum=1.0, advanced=True)
    min_cosine: float = setting(0.15, "Depths seen more grazing than this cosine are not used.", minimum=0.0, maximum=0.9, advanced=True)
    edge_footprints: float = setting(
        12.0,
        "Depths beside a step of more than this many pixel widths are not used: they would make skirts.",
        unit="pixels",
        minimum=2.0,
        maximum=1000.0,
        advanced=True,
    )
    gap_passes: int = setting(
        2, "Passes that close gaps of a few pixels in the depth maps.", unit="passes", minimum=0, maximum=20, advanced=True
    )
    carving: float = setting(
        0.2, "Weight with which a depth map empties the space in front of it; removes crumbs.", minimum=0.0, maximum=1.0, advanced=True
    )
    min_weight: float = setting(
        0.1, "Voxels with a smaller sum of weights stay open; a perfect view counts 1.", minimum=0.01, maximum=100.0, advanced=True
    )
    poisson_depth: int = setting(
        0, "Depth of the octree; 0 = from the density of the points.", unit="levels", minimum=0, maximum=13, advanced=True
    )
    poisson_cell: float = setting(
        2.0, "Smallest cell of the octree, in point spacings.", unit="spacings", minimum=0.5, maximum=50.0, advanced=True
    )
    poisson_points: int = setting(
        2_000_000,
        "Points given to the Poisson solver at most; it needs about 1 kB a point.",
        unit="points",
        minimum=10_000,
        maximum=100_000_000,
        advanced=True,
    )
    trim: float = setting(
        4.0,
        "Poisson surface farther than this many point spacings from every point is removed.",
        unit="spacings",
        minimum=0.5,
        maximum=100.0,
        advanced=True,
    )
    bridge: int = setting(
        150,
        "Poisson surface across gaps between the points with at most this many edges around them stays, marked as generated; 0 = never.",
        unit="edges",
        minimum=0,
        maximum=10_000,
    )
    outlines: bool = setting(
        True,
        "Where every photo has a mask, and the masks outline the object, the Poisson surface goes along these outlines where no depth "
        "was found, as on plain sides; marked as generated.",
    )
    min_component: float = setting(0.01, "Pieces smaller than this share of the largest piece are removed.", minimum=0.0, maximum=1.0)
    fill_holes: int = setting(
        30, "Holes with at most this many edges around them are closed; 0 = none.", unit="edges", minimum=0, maximum=10_000
    )
    watertight: bool = setting(
        False,
        "Close the surface everywhere, as 3D printing needs it: 'poisson' is not trimmed, what is open then is closed. Parts without "
        "points are guessed, and marked as generated.",
    )
    smoothing: int = setting(0, "Passes of smoothing that keeps the volume.", unit="passes", minimum=0, maximum=100)
    max_faces: int = setting(
        1_000_000,
        "The mesh is simplified to at most this many triangles; 0 = never.",
        unit="triangles",
        minimum=0,
        maximum=100_000_000,
    )
    memory_mb: int = setting(
        1000,
        "Memory for putting a surface of voxels together; voxels grow when it does not suffice.",
        unit="MB",
        minimum=50,
        maximum=1_000_000,
        advanced=True,
    )
