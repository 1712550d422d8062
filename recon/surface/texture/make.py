"""From a mesh and photographs to a textured mesh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import Scene, TriMesh
from recon.surface.coloring import spread
from recon.surface.progress import Facts, Pulse, silent, step_of
from recon.surface.texture.agreement import outvoted
from recon.surface.texture.atlas import lay_out
from recon.surface.texture.baking import bake
from recon.surface.texture.blending import view_weights
from recon.surface.texture.config import TextureConfig
from recon.surface.texture.exposure import view_gains
from recon.surface.texture.labels import choose_views, face_pairs
from recon.surface.texture.levelling import level
from recon.surface.texture.raster import face_map
from recon.surface.texture.survey import Mask, Picture, survey
from recon.surface.topology import vertex_normals


def _no_mask(name: str) -> None:
    """Every pixel belongs to the model."""


def texture_mesh(
    mesh: TriMesh,
    scene: Scene,
    picture: Picture,
    config: TextureConfig,
    *,
    mask: Mask = _no_mask,
    pulse: Pulse = silent,
    facts: Facts | None = None,
) -> TriMesh:
    """Gives the mesh a texture: best view of each face, few seams, exposure balanced, seams levelled and blended.

    Args:
        mesh: Triangles of any kind; an empty mesh gets an empty texture, faces that no view sees get the colours around them.
        scene: Views, cameras of the size of their pictures.
        picture: View name -> undistorted uint8 RGB `[H, W, 3]`.
        config: Settings; `max_faces` does not matter here.
        mask: View name -> pixels that belong to the model, or None = all.
        pulse: Progress; may raise `Cancelled`.
        facts: Takes counts.

    Returns:
        The same triangles with `uv`, `texture`, normals and vertex colours.
    """
    facts = facts or Facts()
    normals = mesh.normals if mesh.normals is not None else vertex_normals(mesh)
    looked = survey(mesh, normals, scene.views, picture, mask, step_of(pulse, "looking from every photo"))
    pulse(0, 0, "balancing the photos")
    gains = view_gains(looked.colors, looked.visible) if config.balance else np.ones((len(looked.views), 3), np.float32)
    if config.agreement and looked.views:
        looked = looked.without(mesh.faces, outvoted(looked.colors, looked.scores, gains))
    pulse(0, 0, "choosing the best photo for each triangle")
    pairs = face_pairs(mesh.faces)
    labels = choose_views(looked.candidates, looked.quality, pairs, config.seam_cost)
    weights = view_weights(mesh, labels, looked.visible, config.feather)
    pulse(0, 0, "levelling seams")
    balanced = _entry_colors(weights, looked.colors, gains)
    offsets = level(mesh.faces, weights, balanced) if config.level_seams else np.zeros_like(balanced)
    vertex_colors = _vertex_colors(mesh, weights, balanced + offsets)
    pulse(0, 0, "laying out the texture")
    corners, (width, height), scale = lay_out(mesh, labels, looked.views, pairs, config.max_size, config.padding)
    owner = face_map(corners, width, height)
    step = step_of(pulse, "painting the texture")
    texture = bake(mesh, corners, owner, looked.views, picture, weights, gains, offsets, vertex_colors, step)
    facts.note("texture_size", [width, height])
    facts.note("texels_a_photo_pixel", round(scale, 3))
    facts.note("faces", len(mesh.faces))
    facts.note("unseen_faces", int((labels < 0).sum()))
    facts.note("seam_edges", int((labels[pairs[:, 0]] != labels[pairs[:, 1]]).sum()))
    facts.note("gains", {view.name: [round(float(g), 3) for g in gain] for view, gain in zip(looked.views, gains, strict=True)})
    uv = (corners / (width, height)).astype(np.float32)
    return replace(mesh, normals=normals, colors=vertex_colors, uv=uv, texture=texture)


def _entry_colors(weights: Any, colors: NDArray[np.uint8], gains: NDArray[np.float32]) -> NDArray[np.float32]:
    """Balanced colour `[E, 3]` of the vertex in the view, for each entry of `weights` `[V, N]`."""
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    result: NDArray[np.float32] = colors[weights.indices, rows].astype(np.float32) * gains[weights.indices]
    return result


def _vertex_colors(mesh: TriMesh, weights: Any, colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blended colours `[V, 3]` in [0, 1]; vertices that count in no view get those of the nearest that do, or grey."""
    result = np.zeros((len(mesh.vertices), 3), np.float32)
    known = np.diff(weights.indptr) > 0
    for channel in range(3):
        one = type(weights)((weights.data * colors[:, channel], weights.indices, weights.indptr), shape=weights.shape)
        result[:, channel] = np.asarray(one.sum(axis=1)).reshape(-1)
    return spread(mesh, np.clip(result / np.float32(255), 0, 1), known)
