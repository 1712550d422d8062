"""Photographs of a synthetic scene as files: JPEG with EXIF, and the true cameras as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from recon.scene import Camera, Rigid3
from recon.synth.render import Rendering, render
from recon.synth.scene import SynthScene
from recon.synth.sensor import Sensor

CONVENTION = "x_cam = R @ x_world + t, OpenCV axes (x right, y down, z forward); pixel (0, 0) is the centre of the top-left pixel"
DIAGONAL_35MM = 43.2666  # millimetres; the 35 mm equivalent is taken by diagonal (CIPA DCG-001)
Views = Mapping[str, tuple[Camera, Rigid3]]


def write_photographs(
    scene: SynthScene, views: Views, folder: Path, *, seed: int = 0, quality: int = 92, supersampling: int = 2, sensor: Sensor | None = None
) -> Iterator[tuple[str, Rendering]]:
    """Takes photographs and writes each as JPEG, one at a time; yields name and rendering.

    Args:
        scene: The scene.
        views: File name -> camera and pose.
        folder: Where the files go; made when missing.
        seed: Each photo's noise comes from the seed and its number, so one photo can be made again alone.
        quality: JPEG quality.
        supersampling: Rays a pixel in each direction.
        sensor: Noise and exposure; the default sensor when None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for i, (name, (camera, pose)) in enumerate(views.items()):
        rng = np.random.default_rng([seed, i])
        rendering = render(scene, camera, pose, supersampling=supersampling, sensor=sensor or Sensor(), rng=rng)
        write_jpeg(rendering, camera, folder / name, number=i, quality=quality)
        yield name, rendering


def write_jpeg(rendering: Rendering, camera: Camera, path: Path, *, number: int = 0, quality: int = 92) -> None:
    """Writes the picture with the EXIF data an ordinary camera leaves: make, model, time, focal length and its 35 mm equivalent."""
    from PIL import Image
    from PIL.ExifTags import IFD, Base

    focal_35 = camera.fx / np.hypot(camera.width, camera.height) * DIAGONAL_35MM
    image = Image.fromarray(rendering.image)
    exif = image.getexif()
    exif[Base.Make], exif[Base.Model] = "Photolith", "Synthetic One"
    exif[Base.Orientation] = 1
    detail = exif.get_ifd(IFD.Exif)
    detail[Base.FocalLength] = round(focal_35 / 2.7, 2)  # a one-inch sensor
    detail[Base.FocalLengthIn35mmFilm] = round(focal_35)
    detail[Base.DateTimeOriginal] = f"2026:01:01 10:{number // 60 % 60:02d}:{number % 60:02d}"
    image.save(path, quality=quality, subsampling=0 if quality >= 95 else 2, optimize=True, exif=exif)


def write_cameras(views: Views, path: Path) -> None:
    """Writes `cameras.json`: width, height, K, R and t of each photo, x_cam = R x_world + t."""
    cameras = [
        {
            "name": name,
            "width": camera.width,
            "height": camera.height,
            "K": camera.matrix.tolist(),
            "R": pose.rotation.tolist(),
            "t": pose.translation.tolist(),
        }
        for name, (camera, pose) in views.items()
    ]
    path.write_text(json.dumps({"convention": CONVENTION, "cameras": cameras}, indent=1) + "\n", encoding="utf-8")
