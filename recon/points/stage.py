"""The stage `refine`: the dense cloud without outliers and noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from recon.io.formats import read_cloud, write_cloud
from recon.pipeline.config import setting
from recon.pipeline.stage import Artifact, Progress, Stage, StageContext
from recon.points.views import Sight
from recon.scene import PointCloud, Scene

REFINED = "cloud_refined.ply"


@dataclass(frozen=True)
class RefineConfig:
    """How the dense cloud is refined."""

    method: str = setting(
        "views",
        "What removes outliers and noise. First each point is checked against the depth maps of all views, and that is all with 'views'; "
        "then comes 'pointnet2', a network; 'statistical' and 'radius', which only remove far or lonely points; 'bilateral' and 'mls', "
        "which smooth. 'off' leaves the cloud as it is.",
        choices=("off", "views", "pointnet2", "statistical", "radius", "bilateral", "mls"),
    )
    weights: str = setting("", "Weights of the network; empty = those that come with Photolith.", advanced=True)


class RefineStage(Stage):
    """Dense cloud -> refined cloud; an empty artifact when it is switched off."""

    name: ClassVar[str] = "refine"
    title: ClassVar[str] = "Refined cloud"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("undistort", "cloud")
    sources: ClassVar[tuple[str, ...]] = ("masks",)
    config_type: ClassVar[type] = RefineConfig
    publishes: ClassVar[Mapping[str, str]] = {REFINED: REFINED}
    device_dependent: ClassVar[bool] = True

    def weights_digest(self, config: RefineConfig) -> str:
        """Of the network's weights; see `Stage.weights_digest`."""
        if config.method != "pointnet2":
            return ""
        from recon.learning.card import card_path, read_card
        from recon.points.weights import weights_file

        return read_card(card_path(weights_file(config.weights))).sha256

    def run(self, inputs: Mapping[str, Artifact], config: RefineConfig, context: StageContext) -> None:
        """Writes `cloud_refined.ply`."""
        from recon.points.checks import LEAST
        from recon.points.methods import refine_by

        if config.method == "off":
            return
        context.progress(Progress(0, 0, "reading points"))
        cloud = read_cloud(inputs["cloud"].path / "cloud.ply")
        if len(cloud) < LEAST:
            context.note("left out", f"{len(cloud)} points are too few")
            return

        def pulse(done: int, total: int) -> None:
            context.check_cancelled()
            context.progress(Progress(done, total, "refining points"))

        _threads(context)
        refined = asked_views(cloud, inputs["undistort"], inputs["cloud"].items, context)
        context.note("denied by the views", len(cloud) - len(refined))
        if len(refined) < LEAST:
            context.note("left out", f"the views confirm {len(refined)} points only")
            return
        if config.method != "views":
            refined = refine_by(config.method, refined, device=context.device, weights=config.weights, keep_normals=True, progress=pulse)
        context.progress(Progress(0, 0, "writing points"))
        write_cloud(refined, context.output / REFINED)
        context.note("points", len(refined))
        context.note("removed", len(cloud) - len(refined))


def asked_views(cloud: PointCloud, undistorted: Artifact, depths: Mapping[str, Path], context: StageContext) -> PointCloud:
    """The points that the views confirm; `depths` are their consistent depth maps by view name."""
    from recon.points.views import confirmed
    from recon.sfm import load_views

    scene, _, masks = load_views(undistorted)
    given = {name: file for name, file in masks.items() if name in context.masks}  # others only tell where a photo ends
    context.progress(Progress(0, 0, "asking the views"))
    return cloud.select(confirmed(cloud, *sights(scene, depths, given), context.check_cancelled))


def sights(scene: Scene, depths: Mapping[str, Path], masks: Mapping[str, Path]) -> tuple[int, Callable[[int], Sight]]:
    """How many views have a depth map, and what loads one of them."""
    from recon.io.depth_npz import read_depth
    from recon.photos import read_mask

    views = [view for view in scene.views if view.name in depths]

    def load(index: int) -> Sight:
        view = views[index]
        depth = read_depth(depths[view.name]).depth
        height, width = depth.shape
        mask = read_mask(masks[view.name], width, height) if view.name in masks else None
        return Sight(replace(view, camera=view.camera.scaled(width, height)), depth, mask)

    return len(views), load


def best_cloud(cloud: Artifact, refined: Artifact) -> PointCloud:
    """The refined cloud where there is one, else the dense one."""
    path = refined.path / REFINED
    return read_cloud(path if path.is_file() else cloud.path / "cloud.ply")


def _threads(context: StageContext) -> None:
    import torch

    torch.set_num_threads(max(1, context.threads))
