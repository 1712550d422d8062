"""The stages `mesh` (undistorted views and consistent depth maps to mesh.ply) and `texture` (to mesh.obj and mesh.glb)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recon.io.formats import read_mesh, write_mesh
from recon.pipeline.stage import Artifact, Progress, Stage, StageContext
from recon.scene import DepthMap, Scene, TriMesh
from recon.surface.config import MeshConfig
from recon.surface.progress import Pulse
from recon.surface.texture import TextureConfig


class MeshStage(Stage):
    """Surface of what the depth maps agree on."""

    name: ClassVar[str] = "mesh"
    title: ClassVar[str] = "Surface"
    version: ClassVar[int] = 7
    needs: ClassVar[tuple[str, ...]] = ("undistort", "cloud", "refine")
    config_type: ClassVar[type] = MeshConfig
    publishes: ClassVar[Mapping[str, str]] = {"mesh.ply": "mesh.ply"}

    def run(self, inputs: Mapping[str, Artifact], config: MeshConfig, context: StageContext) -> None:
        """Writes the mesh with vertex colours."""
        from recon.photos import read_image
        from recon.points.stage import best_cloud
        from recon.sfm import load_views
        from recon.surface.progress import Facts
        from recon.surface.reconstruct import make_mesh

        scene, pictures, masks = load_views(inputs["undistort"])

        pulse = pulse_of(context)
        depths = LazyDepths(inputs["cloud"].items, masks)
        cloud = best_cloud(inputs["cloud"], inputs["refine"])
        facts = Facts()
        mesh = make_mesh(
            scene,
            depths,
            cloud,
            lambda name: read_image(pictures[name]),
            config,
            mask=mask_reader(scene, masks),
            pulse=pulse,
            facts=facts,
            threads=context.threads,
        )
        pulse(0, 0, "writing mesh.ply")
        write_mesh(mesh, context.output / "mesh.ply")
        for key, value in facts.values.items():
            context.note(key, value)


class TextureStage(Stage):
    """Colours of the photographs on the surface."""

    name: ClassVar[str] = "texture"
    title: ClassVar[str] = "Texture"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("undistort", "mesh")
    config_type: ClassVar[type] = TextureConfig
    publishes: ClassVar[Mapping[str, str]] = {name: name for name in ("mesh.obj", "mesh.mtl", "mesh.png", "mesh.glb")}

    def run(self, inputs: Mapping[str, Artifact], config: TextureConfig, context: StageContext) -> None:
        """Writes the textured mesh in two formats."""
        from recon.photos import read_image
        from recon.sfm import load_views
        from recon.surface.progress import Facts
        from recon.surface.texture.make import texture_mesh

        scene, pictures, masks = load_views(inputs["undistort"])
        held_out = spread_over([view.name for view in scene.views], config.held_out)
        scene = replace(scene, views=tuple(view for view in scene.views if view.name not in held_out))
        context.note("held_out", held_out)
        pulse = pulse_of(context)
        pulse(0, 0, "simplifying the surface")
        mesh = simplified(read_mesh(inputs["mesh"].path / "mesh.ply"), config.max_faces)
        mask, facts = mask_reader(scene, masks), Facts()
        mesh = texture_mesh(mesh, scene, lambda name: read_image(pictures[name]), config, mask=mask, pulse=pulse, facts=facts)
        for suffix in (".obj", ".glb"):
            pulse(0, 0, f"writing mesh{suffix}")
            write_mesh(mesh, context.output / f"mesh{suffix}")
        for key, value in facts.values.items():
            context.note(key, value)


def pulse_of(context: StageContext) -> Pulse:
    """Progress and cancellation of a stage as one function."""

    def pulse(done: int, total: int, detail: str) -> None:
        context.check_cancelled()
        context.progress(Progress(done, total, detail))

    return pulse


def mask_reader(scene: Scene, masks: Mapping[str, Path]) -> Callable[[str], NDArray[np.bool_] | None]:
    """View name -> its mask in the size of its camera, or None where it has none.

    Args:
        scene: Views.
        masks: View name -> mask file.
    """
    from recon.photos import read_mask

    def read(name: str) -> NDArray[np.bool_] | None:
        camera = scene.views[scene.index(name)].camera
        return read_mask(masks[name], camera.width, camera.height) if name in masks else None

    return read


def spread_over(names: Sequence[str], count: int) -> list[str]:
    """`count` of the names, evenly spread; at most all but two."""
    count = min(count, max(len(names) - 2, 0))
    return [names[round(place)] for place in (np.arange(count) + 0.5) / max(count, 1) * len(names) - 0.5]


def simplified(mesh: TriMesh, faces: int) -> TriMesh:
    """The mesh with at most about `faces` triangles (0 = all), and normals."""
    from recon.surface.decimation import decimate
    from recon.surface.topology import vertex_normals

    fewer = decimate(mesh, faces)
    return replace(fewer, normals=vertex_normals(fewer))


class LazyDepths(Mapping[str, DepthMap]):
    """Depth maps read when asked for, with masked pixels unknown.

    Args:
        items: View name -> depth file.
        masks: View name -> mask file, where there is one (white = use).
    """

    def __init__(self, items: Mapping[str, Path], masks: Mapping[str, Path]) -> None:
        self.items_by_name, self.masks = items, masks

    def __getitem__(self, name: str) -> DepthMap:
        from recon.io.depth_npz import read_depth
        from recon.photos import read_mask

        depth_map = read_depth(self.items_by_name[name])
        if name not in self.masks:
            return depth_map
        height, width = depth_map.depth.shape
        return replace(depth_map, depth=masked(depth_map.depth, read_mask(self.masks[name], width, height)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.items_by_name)

    def __len__(self) -> int:
        return len(self.items_by_name)


def masked(depth: NDArray[np.float32], mask: NDArray[Any]) -> NDArray[np.float32]:
    """Depth `[H, W]` with 0 where the mask `[H, W]` is False."""
    result: NDArray[np.float32] = np.where(mask, depth, np.float32(0))
    return result
