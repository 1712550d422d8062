"""Sparse TSDF and Poisson surfaces, cleaning, hole filling, decimation, vertex colours, texture."""

from recon.surface.config import MeshConfig

__all__ = ["MeshConfig"]
