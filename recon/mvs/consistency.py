"""Forward-backward consistency: a depth stays when other views, by their own depth maps, see the same point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from recon.mvs.config import CloudConfig
from recon.mvs.normals import normals_from_depth
from recon.scene import DepthMap, Rigid3, View


@dataclass(frozen=True, eq=False)
class Estimate:
    """A view and its depth map."""

    view: View
    depth_map: DepthMap


@dataclass(frozen=True, eq=False)
class Agreement:
    """How one other view sees the reference's points. All `[H, W]`.

    Args:
        agrees: The other view's depth leads back to the same pixel and depth.
        occluded: The point floats in front of what the other view saw.
        depth: The other view's depth of the surface, in the reference.
    """

    agrees: Tensor
    occludes: Tensor
    depth: Tensor


def filter_depths(
    reference: Estimate,
    others: Sequence[Estimate],
    config: CloudConfig,
    mask: NDArray[np.bool_] | None = None,
    *,
    device: str = "cpu",
    check: Callable[[], None] = lambda: None,
) -> DepthMap:
    """The reference's depth where enough other views confirm it, averaged with theirs.

    Returns:
        Depth map of the same size; unconfirmed pixels are 0.
    """
    place = torch.device(device)
    depth = torch.from_numpy(reference.depth_map.depth).to(place)
    confidence = _confidence(reference.depth_map, place)
    depth = torch.where(confidence >= config.min_confidence, depth, 0.0)
    if mask is not None:
        depth = torch.where(torch.from_numpy(mask).to(place), depth, 0.0)
    total, votes, against = depth.clone(), torch.ones_like(depth), torch.zeros_like(depth)
    widest = torch.ones_like(depth)
    for other in others:
        check()
        seen = agreement(reference.view, depth, other, config, place)
        total += torch.where(seen.agrees, seen.depth, 0.0)
        votes += seen.agrees
        against += seen.occludes
        widest = torch.where(seen.agrees, torch.minimum(widest, parallax_cosine(reference.view, depth, other.view)), widest)
    keep = (depth > 0) & (votes >= min(config.min_views, len(others) + 1)) & (against < votes)
    keep &= widest <= np.cos(np.radians(config.min_angle))
    result = torch.where(keep, total / votes, 0.0).cpu().numpy()
    normal = normals_from_depth(result, reference.view.camera)
    supported = (normal != 0).any(-1)  # a speck without neighbours on the same surface has no normal
    return DepthMap(
        np.where(supported, result, 0),
        np.where(supported, confidence.cpu().numpy(), 0),
        normal,
        np.where(supported, votes.clamp_max(255).cpu().numpy(), 0),
        reference.depth_map.origin,
    )


def _confidence(depth_map: DepthMap, device: torch.device) -> Tensor:
    if depth_map.confidence is None:
        return torch.ones(depth_map.depth.shape, device=device)
    return torch.from_numpy(depth_map.confidence).to(device)


def agreement(reference: View, depth: Tensor, other: Estimate, config: CloudConfig, device: torch.device) -> Agreement:
    """Compares the points of a reference depth `[H, W]` with another view's depth map."""
    height, width = depth.shape
    x = torch.arange(width, dtype=torch.float32, device=device).expand(height, width)
    y = torch.arange(height, dtype=torch.float32, device=device)[:, None].expand(height, width)
    u, v, z = transfer(x, y, depth, reference, other.view)
    seen = _sample(torch.from_numpy(other.depth_map.depth).to(device), u, v)
    seen = torch.where((z > 0) & (depth > 0), seen, 0.0)
    back_x, back_y, back_z = transfer(u, v, seen, other.view, reference)
    pixel_error = ((back_x - x).square() + (back_y - y).square()).sqrt()
    known = seen > 0
    agrees = known & (pixel_error <= config.pixel_error) & ((back_z - depth).abs() <= config.depth_error * depth)
    occludes = known & (z < seen * (1 - 2 * config.depth_error)) & (pixel_error > 2 * config.pixel_error)
    return Agreement(agrees, occludes, back_z)


def parallax_cosine(reference: View, depth: Tensor, other: View) -> Tensor:
    """Cosine of the angle `[H, W]` at which two views look at the points of a depth `[H, W]` of the first."""
    camera = reference.camera
    x = (torch.arange(depth.shape[1], dtype=torch.float32, device=depth.device) - camera.cx) / camera.fx
    y = (torch.arange(depth.shape[0], dtype=torch.float32, device=depth.device)[:, None] - camera.cy) / camera.fy
    place = (reference.cam_from_world @ other.cam_from_world.inverse()).translation.tolist()
    length = (x.square() + y.square() + 1).sqrt()
    px, py, pz = x * depth - place[0], y * depth - place[1], depth - place[2]
    along = (px * x + py * y + pz) / length
    cosine: Tensor = along / (px.square() + py.square() + pz.square()).sqrt().clamp_min(1e-12)
    return cosine


def transfer(x: Tensor, y: Tensor, depth: Tensor, source: View, target: View) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels `x`, `y` at `depth` of `source`, as pixels and depth of `target`."""
    target_from_source: Rigid3 = target.cam_from_world @ source.cam_from_world.inverse()
    a = (target.camera.matrix @ target_from_source.rotation @ np.linalg.inv(source.camera.matrix)).tolist()
    b = (target.camera.matrix @ target_from_source.translation).tolist()
    u, v, z = ((a[i][0] * x + a[i][1] * y + a[i][2]) * depth + b[i] for i in range(3))
    safe = torch.where(z.abs() > 1e-9, z, 1e-9)
    return u / safe, v / safe, z


def _sample(depth: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Depth at fractional pixels, by bilinear inverse depth; 0 outside or where one of the four neighbours is unknown."""
    height, width = depth.shape
    grid = torch.stack([u * (2 / (width - 1)) - 1, v * (2 / (height - 1)) - 1], -1)[None].clamp(-2, 2)
    known = (depth > 0).float()
    both = torch.stack([torch.where(depth > 0, 1.0 / depth.clamp_min(1e-12), 0.0), known])[None]
    inverse, weight = grid_sample(both, grid, padding_mode="zeros", align_corners=True)[0]
    return torch.where(weight > 0.999, 1.0 / inverse.clamp_min(1e-12), 0.0)
