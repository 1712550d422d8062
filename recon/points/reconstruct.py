"""`python -m recon.points.reconstruct --meshes DIR --photos DIR -o FOLDER`: clouds with the errors that our own stereo makes.

Random scenes are rendered, their depth is found and fused with the methods of `recon.mvs`, and every point is compared with the true
surface. What is there already is kept, so that the command may be stopped and called again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.mvs.config import CloudConfig, DepthConfig
from recon.points.clouds import Clouds, Reconstructed, write_clouds
from recon.points.support import support
from recon.scene import Camera, PointCloud, Rigid3, Scene, SparsePoints, TriMesh, View

MOST = 40_000
"""Points of a cloud; of larger ones a part is kept that hangs together."""
_FEWEST = 3_000
_SPARSE = 120
"""Pixels of each view that serve as sparse points."""
_KINDS = ("object", "several")


def scene_of(views: Sequence[tuple[Camera, Rigid3]], depths: Sequence[NDArray[np.float32]], rng: np.random.Generator) -> Scene:
    """Cameras, and sparse points drawn from true depth maps; a view sees a point where its depth map has the same depth."""
    seen, points = [], []
    for (camera, pose), depth in zip(views, depths, strict=True):
        y, x = np.nonzero(depth > 0)
        chosen = rng.choice(len(x), min(_SPARSE, len(x)), replace=False)
        y, x = y[chosen], x[chosen]
        points.append(pose.inverse().apply(camera.unproject(np.stack([x, y], -1), depth[y, x].astype(np.float64))))
    places = np.concatenate(points)
    for i, ((camera, pose), depth) in enumerate(zip(views, depths, strict=True)):
        pixels, z = camera.project(pose.apply(places))
        inside = np.flatnonzero((z > 0) & (pixels > -0.5).all(1) & (pixels < np.array([camera.width, camera.height]) - 0.5).all(1))
        x, y = np.rint(pixels[inside]).astype(np.int64).T
        same = inside[np.abs(depth[y, x] - z[inside]) < 0.02 * z[inside]]
        seen.append(np.stack([same, np.full(len(same), i)]))
    index = np.concatenate(seen, 1).astype(np.int32)
    sparse = SparsePoints(places, np.zeros((len(places), 3), np.float32), np.zeros(len(places), np.float32), index[0], index[1])
    return Scene(tuple(View(f"{i:02d}", camera, pose) for i, (camera, pose) in enumerate(views)), sparse)


def stereo_cloud(
    scene: Scene, images: Sequence[NDArray[np.uint8]], masks: Sequence[NDArray[np.bool_] | None], depth: DepthConfig, cloud: CloudConfig
) -> PointCloud:
    """Depth of every view, those depths that views agree on, and their fusion: the stages 'depth' and 'cloud' in memory.

    Args:
        scene: Cameras and sparse points.
        images: `[H, W, 3]` each.
        masks: `[H, W]` each, True = use, or None.
        depth: Its method is 'classical' or 'hybrid'.
        cloud: How depths are checked.
    """
    from recon.mvs.cnn.inference import CnnDepth, load_network
    from recon.mvs.consistency import Estimate, filter_depths
    from recon.mvs.estimate import fine_depth, rough_depth, settled
    from recon.mvs.fusion import fuse
    from recon.mvs.matcher import Picture
    from recon.mvs.views import depth_range, select_views

    pictures = [Picture(view, image, mask) for view, image, mask in zip(scene.views, images, masks, strict=True)]
    sources = select_views(scene, depth.sources)
    given = [(pictures[i], [pictures[j] for j in sources[i]], *depth_range(scene, i)) for i in range(len(pictures))]
    if depth.method == "hybrid":
        network = CnnDepth(load_network(depth.weights))
        prepared = [network.prepare(picture, 1) for picture in pictures]
        found = [network.rough(*g[:2], [prepared[j] for j in (i, *sources[i])], *g[2:]) for i, g in enumerate(given)]
        rough = [settled(*g, depth, field) for g, field in zip(given, found, strict=True)]
    else:
        rough = [rough_depth(*g, depth) for g in given]
    maps = [fine_depth(*g, depth, rough[i], [rough[j] for j in sources[i]]) for i, g in enumerate(given)]
    estimates = [Estimate(picture.view, depth_map) for picture, depth_map in zip(pictures, maps, strict=True)]
    others = select_views(scene, cloud.neighbours)
    agreed = [Estimate(e.view, filter_depths(e, [estimates[j] for j in others[i]], cloud, masks[i])) for i, e in enumerate(estimates)]
    return fuse(len(agreed), agreed.__getitem__, images.__getitem__, others, depth_error=cloud.depth_error)


def with_truth(cloud: PointCloud, surface: TriMesh, rng: np.random.Generator) -> Reconstructed:
    """A part of a cloud, scaled into the unit cube, and the nearest places of the surface."""
    from recon.metrics import closest_on_mesh

    away = np.square(cloud.points - cloud.points[rng.integers(len(cloud))]).sum(1)
    part = cloud.select(np.sort(np.argsort(away)[:MOST]))
    found = closest_on_mesh(part.points, surface)
    corners = surface.vertices[surface.faces[found.faces]].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-30)
    middle = (part.points.min(0) + part.points.max(0)) / 2
    scale = np.abs(part.points - middle).max()
    return Reconstructed((part.points - middle) / scale, (found.points - middle) / scale, normals.astype(np.float32), support(part))


def random_cloud(pool: Any, seed: tuple[int, ...], width: int, height: int) -> Reconstructed:
    """A cloud of a random scene; scenes where stereo finds hardly anything are passed over."""
    for attempt in count():
        if (cloud := _attempt(pool, np.random.default_rng((*seed, attempt)), width, height)) is not None:
            return cloud
    raise AssertionError


def _attempt(pool: Any, rng: np.random.Generator, width: int, height: int) -> Reconstructed | None:
    import cv2

    from recon.errors import ReconstructionError
    from recon.synth.training.make import SetConfig, found
    from recon.synth.training.photography import metered, photograph, random_style

    config = SetConfig(width, height, int(rng.integers(7, 10)))
    shown = found(pool, rng, config)
    if shown.stage.kind not in _KINDS:
        return None
    renderer = shown.stage.scene.renderer
    light = [renderer.radiance(camera, pose, config.supersampling, rng).numpy() for camera, pose in shown.views]
    style, gain = random_style(rng), metered(light[0], rng)
    files = [np.frombuffer(photograph(one, gain, style, rng), np.uint8) for one in light]
    images = [np.asarray(cv2.cvtColor(np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB), np.uint8) for file in files]
    masked = rng.random() < 0.7
    masks = [np.isin(ids, shown.stage.objects) if masked else None for ids in shown.ids]
    depth = DepthConfig(method=str(rng.choice(["classical", "hybrid"], p=[0.35, 0.65])))
    fusion = CloudConfig(min_views=3 if rng.random() < 0.8 else 2)
    try:
        cloud = stereo_cloud(scene_of(shown.views, shown.depths, rng), images, masks, depth, fusion)
    except ReconstructionError:
        return None
    corners = renderer.caster.corners
    surface = TriMesh(corners.reshape(-1, 3), np.arange(3 * len(corners), dtype=np.int32).reshape(-1, 3))
    return with_truth(cloud, surface, rng) if len(cloud) >= _FEWEST else None


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m recon.points.reconstruct", description=__doc__)
    parser.add_argument("--meshes", type=Path, help="folder of textured meshes; procedural shapes only when left out")
    parser.add_argument("--photos", type=Path, help="folder of photographs for textures")
    parser.add_argument("--out", "-o", type=Path, required=True, help="folder for reconstructed_train.npz and reconstructed_validation.npz")
    parser.add_argument("--train", type=int, default=60, help="clouds to train on (default: %(default)s)")
    parser.add_argument("--validation", type=int, default=8, help="clouds to validate with (default: %(default)s)")
    parser.add_argument("--width", type=int, default=320, help="pixels (default: %(default)s)")
    parser.add_argument("--height", type=int, default=256, help="pixels (default: %(default)s)")
    options = parser.parse_args(argv)
    from recon.synth.training.pool import Pool

    options.out.mkdir(parents=True, exist_ok=True)
    for number, split in enumerate(("validation", "train")):
        path, pool = options.out / f"reconstructed_{split}.npz", Pool(options.meshes, options.photos, split)  # type: ignore[arg-type]
        there = Clouds(path) if path.is_file() else ()
        clouds = [there[i] for i in range(len(there))]
        while len(clouds) < getattr(options, split):
            begin = time.perf_counter()
            clouds.append(random_cloud(pool, (number, len(clouds)), options.width, options.height))
            write_clouds(clouds, path)
            print(f"{split} {len(clouds)}: {len(clouds[-1].points)} points, {time.perf_counter() - begin:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
