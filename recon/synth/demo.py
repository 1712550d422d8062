"""Makes the demo's photos and their truth: `python -m recon.synth.demo OUT` (OUT = resources/demo for the shipped files).

Leaves `photos/*.jpg`, `cameras.json` and `surface.npz` (points and normals of the surface that at least two photos see, and the bounds
they were cut to). The same seed gives the same scene.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from recon.scene import Camera
from recon.synth.cameras import look_at
from recon.synth.photographs import DIAGONAL_35MM, Views, write_cameras, write_photographs
from recon.synth.sensor import Sensor
from recon.synth.still_life import still_life
from recon.synth.surface_points import surface_points

FOCAL_35MM = 46.0
TARGET = np.array([0.03, 0.0, 0.36])
BOUNDS = np.array([[-2.1, -1.9, -0.02], [2.1, 1.9, 1.6]])
SURFACE_POINTS = 70_000


def demo_views(count: int = 16, width: int = 800, height: int = 600) -> Views:
    """Name -> camera and pose: once around the scene by hand, now lower, now higher."""
    focal = FOCAL_35MM / DIAGONAL_35MM * float(np.hypot(width, height))
    camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
    rng = np.random.default_rng(5)
    views = {}
    for i in range(count):
        azimuth = 2 * np.pi * (i + rng.uniform(-0.1, 0.1)) / count - 1.75
        elevation = np.radians(33 + 9 * np.sin(2.5 * 2 * np.pi * i / count) + rng.uniform(-1, 1))
        away = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
        eye = TARGET + rng.uniform(4.25, 4.6) * away
        aim = TARGET + rng.uniform(-0.07, 0.07, 3)
        views[f"still_life_{i + 1:02d}.jpg"] = camera, look_at(eye, aim, roll=float(rng.uniform(-0.02, 0.02)))
    return views


def make_demo(out: Path, *, seed: int = 7, count: int = 16, width: int = 800, height: int = 600, supersampling: int = 2) -> None:
    """Writes photos, true cameras and true surface into `out`."""
    scene, views = still_life(seed), demo_views(count, width, height)
    sensor = Sensor(exposure=0.05)
    made = write_photographs(scene, views, out / "photos", seed=seed, quality=89, supersampling=supersampling, sensor=sensor)
    for number, (name, _) in enumerate(made):
        print(f"{number + 1}/{len(views)} {name}", flush=True)
    write_cameras(views, out / "cameras.json")
    cameras = list(views.values())
    points, normals = surface_points(scene, cameras, SURFACE_POINTS, rng=np.random.default_rng(seed), bounds=BOUNDS)
    np.savez_compressed(
        out / "surface.npz",
        points=np.round(points, 4).astype(np.float32),
        normals=np.round(normals * 127).astype(np.int8),
        bounds=BOUNDS.astype(np.float32),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    make_demo(parser.parse_args().out, seed=parser.parse_args().seed)


if __name__ == "__main__":
    main()
