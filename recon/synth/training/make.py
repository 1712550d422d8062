"""One view set: scene, cameras, pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.learning.shards import EncodedView, encode_set
from recon.synth.training.cameras import View, random_views
from recon.synth.training.photography import metered, photograph, random_style
from recon.synth.training.pool import Pool
from recon.synth.training.ranges import parallax, searched_range, seen_in
from recon.synth.training.scenes import Stage, random_stage

_FEWEST = 30  # points of the grid over a view that two others see too
_CAMERA_TRIES, _SCENE_TRIES = 6, 60


@dataclass(frozen=True)
class SetConfig:
    """Pictures of a set.

    Args:
        width: Pixels.
        height: Pixels.
        views: Pictures a set.
        steps: Values of the stored inverse depth per pixel of parallax at the widest baseline of the set: errors are at most half a step.
        supersampling: Rays a pixel in each direction.
    """

    width: int = 320
    height: int = 256
    views: int = 6
    steps: float = 25.0
    supersampling: int = 2


def make_set(pool: Pool, seed: tuple[int, ...], config: SetConfig) -> dict[str, bytes]:
    """Files of a set; the same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    shown = found(pool, rng, config)
    style, scale, gain = random_style(rng), float(np.exp(rng.uniform(-1.5, 1.5))), 0.0
    encoded = []
    for i, (camera, pose) in enumerate(shown.views):
        light = shown.stage.scene.renderer.radiance(camera, pose, config.supersampling, rng).numpy()
        gain = metered(light, rng) if i == 0 else gain
        depth, count = shown.seen[i]
        near, far = searched_range(depth[count >= 3], rng)
        inverse = np.where(shown.depths[i] > 0, 1 / (np.maximum(shown.depths[i], 1e-9) * scale), 0)
        encoded.append(
            EncodedView(
                jpeg=photograph(light, gain, style, rng),
                inverse_depth=inverse,
                step=1 / (config.steps * parallax(shown.views, i) * scale),
                mask=np.isin(shown.ids[i], shown.stage.objects),
                matrix=camera.matrix,
                pose=np.column_stack([pose.rotation, pose.translation * scale]),
                near=near * scale,
                far=far * scale,
            )
        )
    return encode_set(encoded, {"kind": shown.stage.kind, "seed": list(seed), **shown.stage.about})


@dataclass(frozen=True, eq=False)
class _Found:
    """A scene, its cameras and what they see: depth and ids `[H, W]` of each view, and `ranges.seen_in` of each."""

    stage: Stage
    views: list[View]
    depths: list[NDArray[np.float32]]
    ids: list[NDArray[np.int16]]
    seen: list[tuple[NDArray[np.float64], NDArray[np.int64]]]


def found(pool: Pool, rng: np.random.Generator, config: SetConfig) -> _Found:
    """A scene and cameras such that every picture shows enough that two others show too.

    Raises:
        ReconstructionError: None of many was good enough.
    """
    for _ in range(_SCENE_TRIES):
        stage = random_stage(pool, rng)
        for _ in range(_CAMERA_TRIES):
            views = random_views(stage, rng, config.width, config.height, config.views)
            shown = [stage.scene.renderer.geometry(camera, pose) for camera, pose in views]
            depths, ids = [depth for depth, _, _ in shown], [number for _, _, number in shown]
            result = _Found(stage, views, depths, ids, [seen_in(views, depths, i) for i in range(len(views))])
            if all(_usable(result, i) for i in range(len(views))):
                return result
    why = f"{_SCENE_TRIES} scenes showed too little."
    raise ReconstructionError("No view set could be made.", why, "Use larger pictures or another seed.")


def _usable(found: _Found, i: int) -> bool:
    """Nothing right before the lens, an object in sight, enough shared with other views."""
    known = found.depths[i][found.depths[i] > 0]
    if len(known) == 0 or np.quantile(known, 0.02) < 0.12 * found.stage.radius:
        return False
    count = found.seen[i][1]
    shared = int((count >= 3).sum())
    return bool(np.isin(found.ids[i], found.stage.objects).mean() > 0.04 and shared >= max(_FEWEST, 0.15 * len(count)))
