"""Settings of the stage `texture`."""

from __future__ import annotations

from dataclasses import dataclass

from recon.pipeline.config import setting


@dataclass(frozen=True)
class TextureConfig:
    """How the photographs become the texture of the mesh."""

    max_faces: int = setting(
        200_000,
        "The textured mesh is simplified to at most this many triangles: the texture holds the detail. 0 = as many as the surface has.",
        unit="triangles",
        minimum=0,
        maximum=100_000_000,
    )
    max_size: int = setting(
        4096, "Largest width and height of the texture; the photos are reduced to fit into it.", unit="pixels", minimum=256, maximum=16384
    )
    seam_cost: float = setting(
        0.5,
        "What a seam between two triangles costs, in losses of the best view's quality: more gives fewer and larger patches.",
        minimum=0.0,
        maximum=10.0,
        advanced=True,
    )
    feather: int = setting(
        6, "Width of the band in which neighbouring patches are blended.", unit="triangles", minimum=0, maximum=50, advanced=True
    )
    balance: bool = setting(True, "Differences of exposure and white balance between the photos are evened out.")
    agreement: bool = setting(
        True,
        "Photos that show another colour than most photos of the same place are not used there: something stood in front.",
        advanced=True,
    )
    level_seams: bool = setting(True, "What differs at seams after that is spread smoothly over the patches.", advanced=True)
    padding: int = setting(4, "Texels around each patch.", unit="texels", minimum=1, maximum=64, advanced=True)
    held_out: int = setting(
        0,
        "Photos, spread over all, that are kept out of the texture, so that the report can compare the model with photos it has not seen.",
        unit="photos",
        minimum=0,
        maximum=1000,
        advanced=True,
    )
