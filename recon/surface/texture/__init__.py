"""Texture of a mesh from its photographs: best views, exposure, seams, atlas."""

from recon.surface.texture.config import TextureConfig

__all__ = ["TextureConfig"]
