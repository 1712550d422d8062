"""Training examples from view sets: a reference, some sources, and changes that keep geometry true."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from recon.mvs.cnn.geometry import cascade_rays
from recon.scene import Camera, Rigid3, View

FEWEST, MOST = 2, 4


class Views(Protocol):
    """Views of one scene, as `recon.learning.view_sets` reads them."""

    @property
    def images(self) -> NDArray[np.uint8]:
        """`[V, H, W, 3]`."""

    @property
    def inverse_depth(self) -> NDArray[np.float32]:
        """`[V, H, W]`, 0 = nothing there."""

    @property
    def matrices(self) -> NDArray[np.float32]:
        """`[V, 3, 3]`."""

    @property
    def poses(self) -> NDArray[np.float32]:
        """`[V, 3, 4]` camera from world."""

    @property
    def near(self) -> NDArray[np.float32]:
        """`[V]`."""

    @property
    def far(self) -> NDArray[np.float32]:
        """`[V]`."""


def make_example(views: Views, rng: np.random.Generator, sources: int | None = None, part: tuple[int, int] = (72, 96)) -> dict[str, Any]:
    """One example with random reference, sources, mirror image, exposure and range.

    Args:
        views: The set.
        rng: All that is random.
        sources: Their number; None = 2 to 4 at random.
        part: Height and width, at half size, of the part for the finest levels.

    Returns:
        See `assemble`, `part` `[2]`: its first row and column, and `coarsest`: the level of the sweep, so that all levels learn.
    """
    count = len(views.images)
    wanted = int(rng.integers(FEWEST, MOST + 1)) if sources is None else sources
    reference = int(rng.integers(count))
    chosen = [reference, *nearest(views, reference, rng)[: min(wanted, count - 1)]]
    example = assemble(views, chosen, mirror=bool(rng.random() < 0.5), wider=float(rng.uniform(0.95, 1.3)))
    example["images"] = _exposed(example["images"], rng)
    height, width = example["inverse_depth"].shape
    room = (height // 2 - part[0], width // 2 - part[1])
    corner = [int(rng.integers(0, max(0, r) // 4 + 1)) * 4 for r in room]
    example["part"] = torch.tensor(corner)
    example["coarsest"] = 2 if rng.random() < 0.25 else 3
    return example


def nearest(views: Views, reference: int, rng: np.random.Generator | None = None) -> list[int]:
    """The other views, those that look from about the same side first; with `rng` their order is disturbed."""
    cameras = [view_of(views, i) for i in range(len(views.images))]
    own = cameras[reference]
    middle = 2.0 / (1.0 / float(views.near[reference]) + 1.0 / float(views.far[reference]))
    target = own.cam_from_world.inverse().apply(np.array([0.0, 0.0, middle]))
    rays = np.stack([target - camera.cam_from_world.center for camera in cameras])
    rays /= np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-12)
    angle = np.arccos(np.clip(rays @ rays[reference], -1, 1)) + 1e-3
    if rng is not None:
        angle = angle * np.exp(rng.normal(0, 0.5, len(angle)))
    return [int(i) for i in np.argsort(angle) if i != reference]


def assemble(views: Views, chosen: list[int], mirror: bool = False, wider: float = 1.0) -> dict[str, Any]:
    """The views `chosen` of a set, the first being the reference, as the network takes them.

    Args:
        views: The set.
        chosen: Numbers of the reference and its sources.
        mirror: Everything mirrored left to right.
        wider: Factor of the range of inverse depth.

    Returns:
        `images` `[1 + S, 3, H, W]`, `inverse_depth` `[H, W]`, `near`, `far`, and `rays`, `shifts`, `limits`: a list over
        levels of `[S, ...]`.
    """
    images = torch.from_numpy(np.ascontiguousarray(views.images[chosen])).permute(0, 3, 1, 2).float() / 255.0
    depth = torch.from_numpy(np.ascontiguousarray(views.inverse_depth[chosen[0]]))
    cameras = [view_of(views, i) for i in chosen]
    if mirror:
        images, depth = images.flip(-1), depth.flip(-1)
        cameras = [_mirrored(view) for view in cameras]
    height, width = depth.shape
    levels = cascade_rays(cameras[0], cameras[1:], (width, height), torch.device("cpu"))
    low, high = 1.0 / float(views.far[chosen[0]]), 1.0 / float(views.near[chosen[0]])
    middle, half = 0.5 * (low + high), 0.5 * (high - low) * wider
    return {
        "images": images.contiguous(),
        "inverse_depth": depth.contiguous(),
        "near": 1.0 / (middle + half),
        "far": 1.0 / max(middle - half, 0.3 * low),
        "rays": [level.rays for level in levels],
        "shifts": [level.shifts for level in levels],
        "limits": [level.limits for level in levels],
    }


def view_of(views: Views, index: int) -> View:
    """Camera and pose of one view of a set."""
    height, width = views.images.shape[1:3]
    k, pose = views.matrices[index].astype(np.float64), views.poses[index].astype(np.float64)
    return View(f"{index:02d}", Camera(width, height, k[0, 0], k[1, 1], k[0, 2], k[1, 2]), Rigid3(pose[:, :3], pose[:, 3]))


def _mirrored(view: View) -> View:
    """The view of the mirrored world (x -> -x) whose picture is the mirror image."""
    flip = np.diag([-1.0, 1.0, 1.0])
    camera, pose = view.camera, view.cam_from_world
    mirrored = Camera(camera.width, camera.height, camera.fx, camera.fy, camera.width - 1 - camera.cx, camera.cy)
    return View(view.name, mirrored, Rigid3(flip @ pose.rotation @ flip, flip @ pose.translation))


def _exposed(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Other exposure, contrast and white balance: much of it for all views alike, a little for each; fewer colours at times."""
    count = len(images)
    gamma = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.05, count))
    gain = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.06, (count, 1))) * np.exp(rng.normal(0, 0.05, (count, 3)))
    values = images.clamp_min(1e-4) ** torch.from_numpy(gamma).float()[:, None, None, None]
    values = (values * torch.from_numpy(gain).float()[:, :, None, None]).clamp(0, 1)
    if rng.random() < 0.15:
        return values.mean(1, keepdim=True).expand_as(values).contiguous()
    return values[:, torch.from_numpy(rng.permutation(3))].contiguous()
