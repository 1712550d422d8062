"""View sets of random textured planes, exactly rendered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.recon.mvs.planes import photograph, plane_depth, ring


@dataclass(frozen=True)
class ToySet:
    """As `recon.learning.view_sets.ViewSet`."""

    images: np.ndarray
    inverse_depth: np.ndarray
    matrices: np.ndarray
    poses: np.ndarray
    near: np.ndarray
    far: np.ndarray


def toy_set(seed, count=4, size=(96, 64), pieces=2, baseline=0.2):
    """A slanted background and `pieces` slanted rectangles before it."""
    rng = np.random.default_rng(seed)
    views = ring(count, size, baseline=baseline)
    planes = [(_normal(rng, 0.5), -0.6 + 0.2 * rng.random(), lambda p: np.ones(p.shape[:-1], bool))]
    for _ in range(pieces):
        middle, half = rng.uniform(-0.5, 0.5, 2) * [1.0, 0.6], rng.uniform(0.15, 0.4, 2)
        planes.append((_normal(rng, 0.4), rng.uniform(-0.2, 0.3), _rectangle(middle, half)))
    shots = [photograph(view, planes) for view in views]
    depth = np.stack([d for _, d in shots])
    tint = rng.uniform(0.5, 1.0, 3)
    images = np.stack([p.image for p, _ in shots]) * tint + rng.normal(0, 1.0, (count, size[1], size[0], 3))
    inverse = np.where(depth > 0, 1 / np.maximum(depth, 1e-6), 0).astype(np.float32)
    return ToySet(
        np.clip(np.rint(images), 0, 255).astype(np.uint8),
        inverse,
        np.stack([v.camera.matrix for v in views]).astype(np.float32),
        np.stack([np.c_[v.cam_from_world.rotation, v.cam_from_world.translation] for v in views]).astype(np.float32),
        np.array([0.9 / i.max() for i in inverse]),
        np.array([1.1 / i[i > 0].min() for i in inverse]),
    )


def _normal(rng, slant):
    normal = np.array([*rng.uniform(-slant, slant, 2), -1.0])
    return normal / np.linalg.norm(normal)


def _rectangle(middle, half):
    return lambda p: (np.abs(p[..., :2] - middle) < half).all(-1)


__all__ = ["ToySet", "plane_depth", "toy_set"]
