"""Ray casting of a synthetic scene: picture, exact depth, normals and object ids."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene import Camera, Rigid3
from recon.synth.caster import Caster
from recon.synth.scene import SynthScene
from recon.synth.sensor import Sensor
from recon.synth.shading import Shader
from recon.synth.texture_bank import to_srgb

MAX_RAYS = 1 << 26
BLOCK_RAYS = 1 << 14  # rays shaded at a time: fits the cache, and below what torch would split among threads


@dataclass(frozen=True, eq=False)
class Rendering:
    """One synthetic photograph and its truth.

    Args:
        image: `[H, W, 3]` uint8 sRGB.
        depth: `[H, W]` float32 z-depth at the pixel's centre, 0 where nothing is hit.
        normal: `[H, W, 3]` float32 unit normal of the triangle at the pixel's centre, camera frame, facing the camera (z < 0 or
            grazing); 0 where nothing is hit.
        object_id: `[H, W]` int16 position in `SynthScene.meshes`, -1 where nothing is hit.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    normal: NDArray[np.float32]
    object_id: NDArray[np.int16]


class Renderer:
    """Prepared scene: acceleration structure, texture table and shading data.

    Args:
        scene: What to render.
    """

    def __init__(self, scene: SynthScene) -> None:
        self.scene = scene
        self.caster = Caster(scene.meshes)
        self.shader = Shader(scene, self.caster)

    def geometry(self, camera: Camera, cam_from_world: Rigid3) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int16]]:
        """Depth, normal and object id at pixel centres, as in `Rendering`."""
        origins, directions = camera_rays(camera, cam_from_world, 1, range(camera.height))
        hits = self.caster.cast(origins, directions)
        shape = (camera.height, camera.width)
        normal = np.zeros((len(directions), 3), np.float32)
        world = self.caster.face_normals[hits.face[hits.hit]]
        local = world @ cam_from_world.rotation.T.astype(np.float32)
        facing = np.einsum("nc,nc->n", world, directions[hits.hit]) > 0
        local[facing] *= -1
        normal[hits.hit] = local
        object_id = np.full(len(directions), -1, np.int16)
        object_id[hits.hit] = self.caster.face_object[hits.face[hits.hit]]
        return hits.distance.reshape(shape), normal.reshape(*shape, 3), object_id.reshape(shape)

    def radiance(self, camera: Camera, cam_from_world: Rigid3, supersampling: int, rng: np.random.Generator) -> torch.Tensor:
        """Linear light of each pixel, the mean of `supersampling`² rays, `[H, W, 3]`."""
        s = supersampling
        spread = 1.0 / (0.5 * (camera.fx + camera.fy) * s)
        step = max(BLOCK_RAYS // (camera.width * s * s), 1)
        blocks = [range(top, min(top + step, camera.height)) for top in range(0, camera.height, step)]
        dither = _dither(s)

        def block(rows: range, block_rng: np.random.Generator) -> torch.Tensor:
            origin, directions = camera_rays(camera, cam_from_world, s, rows)
            directions /= np.linalg.norm(directions, axis=1, keepdims=True)
            offsets = np.tile(dither[None, :, None, :], (len(rows), 1, camera.width, 1)).reshape(-1)
            linear = self.shader.shade(origin, directions, spread, torch.from_numpy(offsets), block_rng)
            return linear.view(len(rows), s, camera.width, s, 3).mean(dim=(1, 3))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return torch.cat(list(pool.map(block, blocks, rng.spawn(len(blocks)))))


def render(
    scene: SynthScene,
    camera: Camera,
    cam_from_world: Rigid3,
    *,
    supersampling: int = 2,
    sensor: Sensor | None = None,
    rng: np.random.Generator | None = None,
) -> Rendering:
    """Takes one photograph.

    Args:
        scene: The scene; its acceleration structure is made on the first call and kept.
        camera: Intrinsics.
        cam_from_world: Pose.
        supersampling: Rays a pixel in each direction.
        sensor: Noise and exposure; None = a perfect sensor.
        rng: Randomness of soft shadows and sensor; a fixed seed when left out.

    Raises:
        ShapeError: The picture has no pixels or more than 2^26 rays.
    """
    rays = camera.width * camera.height * supersampling**2
    if camera.width < 1 or camera.height < 1 or supersampling < 1 or rays > MAX_RAYS:
        raise ShapeError(f"cannot render {camera.width}x{camera.height} with supersampling {supersampling}: {rays} rays")
    rng = np.random.default_rng(0) if rng is None else rng
    linear = scene.renderer.radiance(camera, cam_from_world, supersampling, rng)
    if sensor is not None:
        linear = sensor.expose(linear, rng)
    image = (to_srgb(linear) * 255 + 0.5).to(torch.uint8).numpy()
    depth, normal, object_id = scene.renderer.geometry(camera, cam_from_world)
    return Rendering(image, depth, normal, object_id)


def _dither(supersampling: int) -> NDArray[np.float32]:
    """Offsets in [0, 1) of the samples of a pixel, `[s, s]`: evenly spaced with mean 0.5, neighbours far apart."""
    count = supersampling**2
    order = (np.arange(count) * (count // 2 + 1 if count > 2 else 1)) % count
    order = order if len(np.unique(order)) == count else np.arange(count)
    return ((order + 0.5) / count).astype(np.float32).reshape(supersampling, supersampling)


def camera_rays(camera: Camera, cam_from_world: Rigid3, supersampling: int, rows: range) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rays through the samples of the pixels in some rows, row by row of the supersampled picture.

    Args:
        camera: Intrinsics.
        cam_from_world: Pose.
        supersampling: Samples a pixel in each direction; 1 = pixel centres.
        rows: Consecutive rows of pixels.

    Returns:
        Origin `[3]` and directions `[N, 3]` in the world frame; z = 1 in the camera frame, so that a hit's distance in
        lengths of the direction is its z-depth.
    """
    s = supersampling
    x = (np.arange(camera.width * s) + 0.5) / s - 0.5
    y = (np.arange(rows.start * s, rows.stop * s) + 0.5) / s - 0.5
    grid = np.ones((len(y), len(x), 3), np.float32)
    grid[..., 0] = ((x - camera.cx) / camera.fx)[None, :]
    grid[..., 1] = ((y - camera.cy) / camera.fy)[:, None]
    directions = grid.reshape(-1, 3) @ cam_from_world.rotation.astype(np.float32)
    return cam_from_world.center.astype(np.float32), directions
