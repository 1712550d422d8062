"""The stage `mesh`: undistorted views and consistent depth maps to mesh.ply, mesh.obj and mesh.glb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recon.io.formats import read_cloud, write_mesh
from recon.pipeline.stage import Artifact, Progress, Stage, StageContext
from recon.scene import DepthMap
from recon.surface.config import MeshConfig


class MeshStage(Stage):
    """Surface of what the depth maps agree on."""

    name: ClassVar[str] = "mesh"
    title: ClassVar[str] = "Surface"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("undistort", "cloud")
    config_type: ClassVar[type] = MeshConfig
    publishes: ClassVar[Mapping[str, str]] = {name: name for name in ("mesh.ply", "mesh.obj", "mesh.mtl", "mesh.glb")}

    def run(self, inputs: Mapping[str, Artifact], config: MeshConfig, context: StageContext) -> None:
        """Writes the mesh in three formats."""
        from recon.photos import read_image
        from recon.sfm import load_views
        from recon.surface.reconstruct import Facts, make_mesh

        scene, pictures, masks = load_views(inputs["undistort"])

        def pulse(done: int, total: int, detail: str) -> None:
            context.check_cancelled()
            context.progress(Progress(done, total, detail))

        depths = LazyDepths(inputs["cloud"].items, masks)
        cloud = read_cloud(inputs["cloud"].path / "cloud.ply")
        facts = Facts()
        mesh = make_mesh(
            scene, depths, cloud, lambda name: read_image(pictures[name]), config, pulse=pulse, facts=facts, threads=context.threads
        )
        for suffix in (".ply", ".obj", ".glb"):
            pulse(0, 0, f"writing mesh{suffix}")
            write_mesh(mesh, context.output / f"mesh{suffix}")
        for key, value in facts.values.items():
            context.note(key, value)


class LazyDepths(Mapping[str, DepthMap]):
    """Depth maps read when asked for, with masked pixels unknown.

    Args:
        items: View name -> depth file.
        masks: View name -> mask file, where there is one (white = use).
    """

    def __init__(self, items: Mapping[str, Path], masks: Mapping[str, Path]) -> None:
        self.items_by_name, self.masks = items, masks

    def __getitem__(self, name: str) -> DepthMap:
        from dataclasses import replace

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
