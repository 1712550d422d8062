"""From depth maps or points to a clean, coloured mesh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.scene import DepthMap, PointCloud, Scene, TriMesh
from recon.surface.cleaning import drop_degenerate, drop_small_pieces, smooth
from recon.surface.coloring import color_vertices
from recon.surface.config import MeshConfig
from recon.surface.decimation import decimate
from recon.surface.holes import fill_holes, make_watertight
from recon.surface.outlines import outline_points
from recon.surface.poisson import poisson_mesh, usable
from recon.surface.progress import Facts, Pulse, silent, step_of
from recon.surface.topology import is_watertight, vertex_normals
from recon.surface.tsdf import frames_of, fuse_depths, no_depth, plan_grid


def make_mesh(
    scene: Scene,
    depths: Mapping[str, DepthMap],
    cloud: PointCloud,
    picture: Callable[[str], NDArray[np.uint8]],
    config: MeshConfig,
    *,
    mask: Callable[[str], NDArray[np.bool_] | None] = lambda name: None,
    pulse: Pulse = silent,
    facts: Facts | None = None,
    threads: int = 2,
) -> TriMesh:
    """The whole station: surface by the configured method, cleaned, simplified, coloured, with normals.

    Args:
        scene: Views.
        depths: View name -> consistent depth map; may load lazily.
        cloud: Fused points.
        picture: View name -> undistorted uint8 RGB `[H, W, 3]`.
        config: Settings.
        mask: View name -> `[H, W]`, true on the object, where there is one.
        pulse: Progress; may raise `Cancelled`.
        facts: Takes counts, voxel size, and what was decided.
        threads: For the Poisson solver.

    Raises:
        ReconstructionError: No usable depth or points.
    """
    facts = facts or Facts()
    if not len(cloud):
        raise empty_cloud()
    method = "poisson" if config.method == "auto" else config.method
    if method == "tsdf":
        mesh = _fuse(scene, depths, config, pulse, facts)
    else:
        outlines = partial(pulse, 0, 0, "looking where outlines close the surface")
        closing = outline_points(scene, mask, depths, usable(cloud), outlines) if config.outlines else None
        facts.note("points_of_outlines", 0 if closing is None else len(closing))
        step = partial(pulse, 0, 0, "fitting a surface to the points")
        mesh = poisson_mesh(cloud, config, closing=closing, threads=threads, check_cancelled=step, note=facts.note)
    facts.note("method", method)
    mesh = clean(mesh, config, pulse, facts)
    return finish(mesh, scene, picture, pulse, facts, set(depths))


def clean(mesh: TriMesh, config: MeshConfig, pulse: Pulse = silent, facts: Facts | None = None) -> TriMesh:
    """Degenerate faces, crumbs, small holes, bumps, surplus triangles: in this order.

    Args:
        mesh: Raw surface.
        config: Limits.
        pulse: Progress; may raise to stop.
        facts: Takes counts.
    """
    facts = facts or Facts()
    pulse(0, 0, "cleaning the surface")
    mesh = drop_degenerate(mesh)
    before = len(mesh.faces)
    mesh = drop_small_pieces(mesh, config.min_component)
    facts.note("faces_in_small_pieces", before - len(mesh.faces))
    if not len(mesh.faces):
        raise no_depth()
    pulse(0, 0, "closing small holes")
    mesh, holes = fill_holes(mesh, config.fill_holes)
    facts.note("holes_closed", holes)
    if config.smoothing:
        pulse(0, 0, "smoothing")
        mesh = smooth(mesh, config.smoothing)
    if config.max_faces and len(mesh.faces) > config.max_faces:
        pulse(0, 0, f"simplifying {len(mesh.faces)} triangles")
        facts.note("faces_before_simplification", len(mesh.faces))
        mesh = decimate(mesh, config.max_faces)
    if config.watertight:
        pulse(0, 0, "closing the surface")
        mesh = make_watertight(mesh)
    return mesh


def finish(
    mesh: TriMesh,
    scene: Scene,
    picture: Callable[[str], NDArray[np.uint8]],
    pulse: Pulse,
    facts: Facts,
    names: set[str],
) -> TriMesh:
    """Normals, colours, and the counts for the report."""
    pulse(0, 0, "colouring")
    normals = vertex_normals(mesh)
    chosen = dict.fromkeys(names)
    colors = color_vertices(mesh, normals, scene, picture, chosen, step_of(pulse, "colouring"))
    facts.note("vertices", len(mesh.vertices))
    facts.note("faces", len(mesh.faces))
    facts.note("watertight", is_watertight(mesh.faces))
    return replace(mesh, normals=normals, colors=colors)


def empty_cloud() -> ReconstructionError:
    """The error for a cloud without points."""
    return ReconstructionError(
        "No surface could be made.",
        "The point cloud is empty: no depth was confirmed by a second view.",
        "Take photos with more overlap, or loosen the consistency settings of the point cloud.",
    )


def _fuse(scene: Scene, depths: Mapping[str, DepthMap], config: MeshConfig, pulse: Pulse, facts: Facts) -> TriMesh:
    """Raw surface by TSDF."""
    frames = frames_of(scene, depths, config, step_of(pulse, "reading depth maps"))
    plan = plan_grid(frames, config, lambda: pulse(0, 0, "planning the voxel grid"))
    facts.note("voxel_size", plan.voxel)
    facts.note("blocks", [len(level) for level in plan.blocks.levels])
    if plan.voxel > plan.wanted * 1.001:
        facts.note("coarsened", f"Voxels of {plan.wanted:.4g} would need more than {config.memory_mb} MB; {plan.voxel:.4g} was used.")
    return fuse_depths(frames, plan, config, step_of(pulse, "averaging depth maps"))
