"""The training of the denoiser: examples, loss and validation."""

from __future__ import annotations

from functools import cached_property
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recon.learning.task import collate, exact
from recon.points.clouds import Clouds, Reconstructed
from recon.points.examples import SHARES, drawn_example, reconstructed_example
from recon.points.filters import reach
from recon.points.neighbors import gather, knn
from recon.points.networks import Architecture, Refinement, RefineNetwork
from recon.points.noise import gaussian
from recon.points.patches import SIZE, blend_weight
from recon.points.refine import ROUNDS, displaced
from recon.points.shapes import Shape, Shapes

TERMS = "scanned and modelled objects (MIT, CC BY, CC0, public domain, some for research) and procedural ones (zlib)"
_LEAST = 0.01
"""Distances from the surface below this, in patch coordinates, do not matter much."""
_ACCURATE = 0.09
"""Points closer than this to the surface, in patch coordinates, are on it: about the distance to the eighth neighbour."""
_ASTRAY = 0.2
"""Points that are farther off even when moved are outliers."""
_WEIGHTS = {"left": 1.0, "along": 0.1, "astray": 0.5, "missed": 0.5, "outlier": 0.3, "normal": 0.1}
"""Of the parts of the loss: what is left of the squared distances from the surface, and of those from the clean points along it; softened
shares of points off the surface, and of surface without points; cross entropy of outliers; sine between normals."""
_COVERED = 768
"""Surface points of an example that are looked at for coverage."""
_PART = 6000
"""Points of the reconstructed clouds that it is measured with."""
_LEVELS = (0.01, 0.02, 0.03)


class DenoiseTask:
    """See `recon.learning.task.TrainingTask`.

    Args:
        folder: With train.npz and validation.npz (see `recon.points.pack`), or None: spheres and boxes.
        size: Points of a patch.
        validation_points: Points of the clouds it is measured with.
        only: Name of the part of the network that is trained; everything when empty.
    """

    name = "pointnet2-denoise"

    def __init__(self, folder: Path | None, *, size: int = SIZE, validation_points: int = 6000, only: str = "") -> None:
        self._folder, self._size, self._points, self._only = folder, size, validation_points, only

    @cached_property
    def _train(self) -> Any:
        return _simple_shapes() if self._folder is None else Shapes(self._folder / "train.npz")

    @cached_property
    def _validation(self) -> Any:
        return _simple_shapes() if self._folder is None else Shapes(self._folder / "validation.npz")

    @cached_property
    def _clouds(self) -> Any:
        return self._reconstructed("train")

    @cached_property
    def _validation_clouds(self) -> Any:
        return self._reconstructed("validation")

    def _reconstructed(self, split: str) -> Any:
        """Clouds of our own stereo, if the folder has any."""
        path = None if self._folder is None else self._folder / f"reconstructed_{split}.npz"
        return Clouds(path) if path is not None and path.is_file() else ()

    def network(self) -> nn.Module:
        """A fresh one."""
        network = RefineNetwork()
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name.startswith(self._only))
        return network

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return Architecture().plain()

    def data(self) -> dict[str, Any]:
        """For the card."""
        shapes: dict[str, Any] = {"meshes": len(self._train), "terms": TERMS}
        if self._folder is None:
            shapes = {"drawn shapes": len(self._train)}
        shapes["reconstructed clouds"] = len(self._clouds)
        if self._only:
            shapes["trained alone"] = self._only
        return {**shapes, "patch_points": self._size, "noise": SHARES, "noise_of_unit_sphere": [0.002, 0.036], "loss": _WEIGHTS}

    def example(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """A patch, see `recon.points.examples`."""
        if len(self._clouds) and rng.random() < SHARES["reconstructed"]:
            return reconstructed_example(rng, self._clouds[int(rng.integers(len(self._clouds)))], self._size)
        return drawn_example(rng, self._train[int(rng.integers(len(self._train)))], self._size)

    def collate(self, examples: list[Any]) -> Any:
        """A batch."""
        return collate(examples)

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """The mean over the rounds; each begins where the one before left the points."""
        points = batch["points"]
        parts: dict[str, list[Tensor]] = {name: [] for name in _WEIGHTS}
        for _ in range(ROUNDS):
            found = network(points, batch["support"])
            with exact(points.device):
                points = self._round(points.detach(), found, batch, parts)
        means = {name: torch.stack(values).mean() for name, values in parts.items()}
        total = torch.stack([_WEIGHTS[name] * value for name, value in means.items()]).sum()
        return total, {name: value.detach() for name, value in means.items()}

    def _round(self, points: Tensor, found: Refinement, batch: Any, parts: dict[str, list[Tensor]]) -> Tensor:
        """Adds one round to the parts of the loss; the moved points."""
        weight = blend_weight(batch["distance"], torch.ones((), device=points.device)) * (1 - batch["outlier"])
        moved = points + found.displacement.float()
        before, _ = _off_surface(points, batch)
        after, normal = _off_surface(moved, batch)
        begun = _tangential(batch["points"] - batch["clean"], normal)
        along = _tangential(moved - batch["clean"], normal)
        facing = (found.normal.float() * normal).sum(-1).square()
        astray = (batch["outlier"] > 0) | (after.detach() > _ASTRAY**2)
        parts["left"].append((_mean(after, weight) / (_mean(before, weight) + _LEAST**2)).mean())
        parts["along"].append((_mean(along, weight) / (_mean(begun, weight) + _LEAST**2)).mean())
        parts["astray"].append(_mean(_share(after), weight).mean())
        parts["missed"].append(_missed(moved, batch))
        parts["outlier"].append(nn.functional.binary_cross_entropy_with_logits(found.outlier.float(), astray.float()))
        parts["normal"].append(_mean((1 - facing).clamp(min=1e-4).sqrt(), weight).mean())
        return moved.detach()

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Gaussian noise on clouds of shapes that are never trained on: what is left of the mean squared distance, at each level; and
        reconstructed clouds: the share of accurate points, and how much larger it has become.
        """
        left: dict[float, list[float]] = {level: [] for level in _LEVELS}
        for i in range(len(self._validation)):
            shape = self._validation[i]
            count = min(self._points, shape.even)
            for level in _LEVELS:
                rng = np.random.default_rng([11, i])
                noisy = gaussian(rng, shape.points[:count], shape.normals[:count], level).points
                result = displaced(network, noisy)
                left[level].append(off_shape(result, shape) / off_shape(noisy, shape))
        figures = {f"left@{100 * level:.0f}%": float(np.mean(values)) for level, values in left.items()}
        score = -10 * log10(float(np.mean(list(figures.values()))))
        clouds = [accurate_shares(network, self._validation_clouds[i]) for i in range(len(self._validation_clouds))]
        if clouds:
            before, after = np.mean(clouds, axis=0).tolist()
            figures |= {"accurate": after, "gained": after - before}
            score += 10 * figures["gained"]
        return {"score": score, **figures}


def accurate_shares(network: nn.Module, cloud: Reconstructed) -> tuple[float, float]:
    """Share of the points of a part of a cloud that are on the surface, to the distance of the eighth neighbour, before and after."""
    away = np.square(cloud.points - np.median(cloud.points, axis=0)).sum(1)
    part = np.argsort(away)[:_PART]
    points = cloud.points[part]
    limit = reach(points) ** 2
    moved = displaced(network, points, cloud.support[part])
    before, after = (float((_squared(p, cloud.surface, cloud.normals) < limit).mean()) for p in (points, moved))
    return before, after


def off_shape(points: Any, shape: Shape) -> float:
    """Mean squared distance of points `[N, 3]` from a shape, by the plane through the nearest of its points."""
    return float(_squared(points, shape.points, shape.normals).mean())


def _squared(points: Any, surface: Any, normals: Any) -> Any:
    """`_off_surface` of points `[N, 3]` by a tree."""
    from scipy.spatial import cKDTree

    nearest = cKDTree(surface).query(points)[1]
    offset = points - surface[nearest]
    return 0.9 * np.square((offset * normals[nearest]).sum(1)) + 0.1 * np.square(offset).sum(1)


def _off_surface(points: Tensor, batch: Any) -> tuple[Tensor, Tensor]:
    """Squared distance `[B, N]` of points from the surface, and the normal `[B, N, 3]` of the nearest surface point.

    The distance is that from the plane through the nearest surface point, and a little of the distance from the point itself: planes alone
    go on beyond the edges of a shape.
    """
    index = knn(batch["surface"], points.detach(), 1).indices[..., 0]
    normal, nearest = gather(batch["normals"], index), gather(batch["surface"], index)
    offset = points - nearest
    return 0.9 * (offset * normal).sum(-1).square() + 0.1 * offset.square().sum(-1), normal


def _tangential(offset: Tensor, normal: Tensor) -> Tensor:
    """Squared length of the part across the normal."""
    return (offset - (offset * normal).sum(-1, keepdim=True) * normal).square().sum(-1)


def _share(squared: Tensor) -> Tensor:
    """1 where squared distances are large, 0 where they are small, 1/2 at the limit (Geman and McClure 1987)."""
    return squared / (squared + _ACCURATE**2)


def _missed(moved: Tensor, batch: Any) -> Tensor:
    """How much of the surface in the middle of the patches has no point nearby."""
    surface, weight = batch["surface"][:, :_COVERED], blend_weight(batch["reach"][:, :_COVERED], torch.ones((), device=moved.device))
    nearest = gather(moved, knn(moved.detach(), surface, 1).indices[..., 0])
    return _mean(_share((nearest - surface).square().sum(-1)), weight).mean()


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of `[B, N]` over each patch."""
    return (values * weight).sum(1) / weight.sum(1).clamp(min=1e-6)


def _simple_shapes(dense: int = 8000) -> list[Shape]:
    """A sphere and a cube, when there are no data."""
    rng = np.random.default_rng(0)
    sphere = rng.normal(size=(dense, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    cube = rng.uniform(-1, 1, (dense, 3))
    axis, side = rng.integers(0, 3, dense), rng.choice([-1.0, 1.0], dense)
    cube[np.arange(dense), axis] = side
    normals = np.zeros((dense, 3))
    normals[np.arange(dense), axis] = side
    shapes = {"sphere": (sphere, sphere), "cube": (cube / 3**0.5, normals)}
    return [Shape(name, p.astype(np.float32), n.astype(np.float32), dense // 2) for name, (p, n) in shapes.items()]
