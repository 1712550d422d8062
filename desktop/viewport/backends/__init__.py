"""Renderers that draw batches of points, triangles and lines into a colour and a depth picture."""

from __future__ import annotations

from desktop.viewport.backends.base import Renderer
from recon.errors import InputError

BACKENDS = ("opengl", "filament", "software")
"""In the order they are tried: from the fastest to the one that always works."""


def make_renderer(backend: str) -> Renderer:
    """The backend of that name.

    Raises:
        ResourceError: It does not work on this machine.
        InputError: There is no such backend.
    """
    if backend == "opengl":
        from desktop.viewport.backends.opengl import OpenGLRenderer

        return OpenGLRenderer()
    if backend == "filament":
        from desktop.viewport.backends.filament import FilamentRenderer

        return FilamentRenderer()
    if backend == "software":
        from desktop.viewport.backends.splat import SplatRenderer

        return SplatRenderer()
    raise InputError(f"There is no renderer '{backend}'.", f"Choices: {', '.join(BACKENDS)}.")
