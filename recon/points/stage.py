"""The stage `refine`: the dense cloud without outliers and noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from recon.io.formats import read_cloud, write_cloud
from recon.pipeline.config import setting
from recon.pipeline.stage import Artifact, Progress, Stage, StageContext
from recon.scene import PointCloud

REFINED = "cloud_refined.ply"


@dataclass(frozen=True)
class RefineConfig:
    """How the dense cloud is refined."""

    method: str = setting(
        "off",
        "What removes outliers and noise: 'pointnet2' a network; 'statistical' and 'radius' only remove far or lonely points; "
        "'bilateral' and 'mls' smooth; 'off' leaves the cloud as it is.",
        choices=("off", "pointnet2", "statistical", "radius", "bilateral", "mls"),
    )
    weights: str = setting("", "Weights of the network; empty = those that come with Photolith.", advanced=True)


class RefineStage(Stage):
    """Dense cloud -> refined cloud; an empty artifact when it is switched off."""

    name: ClassVar[str] = "refine"
    title: ClassVar[str] = "Refined cloud"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("cloud",)
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
        refined = refine_by(config.method, cloud, device=context.device, weights=config.weights, keep_normals=True, progress=pulse)
        context.progress(Progress(0, 0, "writing points"))
        write_cloud(refined, context.output / REFINED)
        context.note("points", len(refined))
        context.note("removed", len(cloud) - len(refined))


def best_cloud(cloud: Artifact, refined: Artifact) -> PointCloud:
    """The refined cloud where there is one, else the dense one."""
    path = refined.path / REFINED
    return read_cloud(path if path.is_file() else cloud.path / "cloud.ply")


def _threads(context: StageContext) -> None:
    import torch

    torch.set_num_threads(max(1, context.threads))
