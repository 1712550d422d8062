"""The pipeline's stations 'depth' and 'cloud'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from recon.errors import ReconstructionError
from recon.io.depth_npz import read_depth, write_depth
from recon.mvs.config import CloudConfig, DepthConfig
from recon.mvs.depth_work import DepthWork
from recon.pipeline.stage import Artifact, Item, Stage, StageContext
from recon.scene import PointCloud, Scene, View


class DepthStage(Stage):
    """Undistorted views -> a depth map each."""

    name = "depth"
    title = "Depth maps"
    version = 7
    needs = ("undistort",)
    config_type = DepthConfig
    device_dependent = True
    parallel_items = True

    def weights_digest(self, config: DepthConfig) -> str:
        """Of the network's weights; see `Stage.weights_digest`."""
        if config.method == "classical":
            return ""
        from recon.learning.card import card_path, read_card
        from recon.mvs.cnn.weights import weights_file

        return read_card(card_path(weights_file(config.weights))).sha256

    def run(self, inputs: Mapping[str, Artifact], config: DepthConfig, context: StageContext) -> None:
        """One item a view, named by the view, and before it (not with the network alone) one called `<view>__rough`."""
        from recon.mvs.views import depth_range, select_views
        from recon.sfm import load_views

        scene, pictures, masks = load_views(inputs["undistort"])
        sources = select_views(scene, config.sources)
        usable = [i for i, chosen in enumerate(sources) if chosen]
        _need(usable, "No two photos share enough points for depth.")
        keys = {}
        for i in usable:
            seen = [scene.views[j] for j in (i, *sources[i])]
            keys[i] = ([_key(inputs["undistort"], v.name) for v in seen], [_numbers(v) for v in seen], *depth_range(scene, i))
        work = DepthWork(scene, pictures, masks, sources, {i: key[2:] for i, key in keys.items()}, config, context)
        names = {i: scene.views[i].name for i in usable}
        context.log.debug("depth of %d views, %d at a time", len(usable), work.at_once)
        if config.method == "cnn":
            items = [Item(names[i], keys[i], i) for i in usable]
        else:
            work.rough_files = context.items([Item(f"{names[i]}__rough", keys[i], i) for i in usable], work.rough, ".npz")
            items = [Item(names[i], (keys[i], [keys[j] for j in sources[i]]), i) for i in usable]
        context.items(items, work.fine, ".npz")
        context.note("views", len(usable))
        context.note("left out", [view.name for view, chosen in zip(scene.views, sources, strict=True) if not chosen])


class CloudStage(Stage):
    """Depth maps -> those depths that views agree on, and one cloud."""

    name = "cloud"
    title = "Dense cloud"
    version = 3
    needs = ("undistort", "depth")
    config_type = CloudConfig
    publishes: ClassVar[Mapping[str, str]] = {"cloud.ply": "cloud.ply", "@items": "depth"}
    device_dependent = True
    parallel_items = True

    def run(self, inputs: Mapping[str, Artifact], config: CloudConfig, context: StageContext) -> None:
        """One item a view: its consistent depth map; then `cloud.ply`."""
        import torch

        from recon.io.formats import write_cloud
        from recon.mvs.consistency import Estimate, filter_depths
        from recon.mvs.fusion import fuse
        from recon.mvs.pictures import load_picture
        from recon.mvs.views import select_views
        from recon.sfm import load_views

        scene, pictures, masks = load_views(inputs["undistort"])
        depth = inputs["depth"]
        views = [view for view in scene.views if view.name in depth.items]
        _need(views, "There are no depth maps.")
        neighbours = _among(scene, views, select_views(scene, config.neighbours))

        @lru_cache(maxsize=config.neighbours + 2 * context.threads)
        def estimate(index: int) -> Estimate:
            depth_map = read_depth(depth.items[views[index].name])
            return Estimate(_fitted(views[index], depth_map.depth.shape), depth_map)

        def compute(item: Item, path: Path) -> None:
            torch.set_num_threads(1)  # several views at once: operations on a map are too short to be shared
            i = item.payload
            mask = load_picture(views[i], pictures, masks, max(estimate(i).depth_map.depth.shape)).mask
            others = [estimate(j) for j in neighbours[i]]
            write_depth(filter_depths(estimate(i), others, config, mask, device=context.device, check=context.check_cancelled), path)

        def key(i: int) -> tuple[Any, ...]:
            return (depth.item_keys[views[i].name], _key(inputs["undistort"], views[i].name), _numbers(views[i]))

        files = context.items(
            [Item(views[i].name, (key(i), [key(j) for j in neighbours[i]]), i) for i in range(len(views))], compute, ".npz"
        )
        estimate.cache_clear()

        @lru_cache(maxsize=config.neighbours + 2)
        def load(index: int) -> Estimate:
            depth_map = read_depth(files[views[index].name])
            return Estimate(_fitted(views[index], depth_map.depth.shape), depth_map)

        def image(index: int) -> Any:
            return load_picture(views[index], pictures, {}, max(load(index).depth_map.depth.shape)).image

        cloud: PointCloud = fuse(len(views), load, image, neighbours, depth_error=config.depth_error, check=context.check_cancelled)
        if len(cloud) == 0:
            raise ReconstructionError(
                "The cloud is empty.",
                "No depth is confirmed by enough views.",
                "Lower 'min_views' of the stage cloud, or add photos with more overlap.",
            )
        write_cloud(cloud, context.output / "cloud.ply")
        context.note("points", len(cloud))


def _need(found: list[Any], what: str) -> None:
    if not found:
        raise ReconstructionError(
            what, "Depth needs photos that see the same points from different places.", "Add photos with more overlap."
        )


def _key(artifact: Artifact, name: str) -> list[str]:
    """Keys of a view's picture and mask."""
    return [artifact.item_keys[n] for n in (name, f"mask__{name}") if n in artifact.item_keys]


def _numbers(view: View) -> list[Any]:
    """Camera and pose as plain numbers."""
    camera, pose = view.camera, view.cam_from_world
    intrinsics = [camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy]
    return [*map(float, intrinsics), *pose.rotation.ravel().tolist(), *pose.translation.tolist()]


def _fitted(view: View, shape: tuple[int, ...]) -> View:
    """The view with the camera of its depth map."""
    return replace(view, camera=view.camera.scaled(shape[1], shape[0]))


def _among(scene: Scene, views: list[View], neighbours: list[list[int]]) -> list[list[int]]:
    """Neighbour lists over `scene.views`, turned into lists over `views`."""
    place = {view.name: i for i, view in enumerate(views)}
    names = [view.name for view in scene.views]
    return [[place[names[j]] for j in neighbours[scene.index(view.name)] if names[j] in place] for view in views]
