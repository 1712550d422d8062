"""Real photos made harder: other exposure, turned, scaled, blurred. Cameras follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Camera = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What is done to every second photo of a set.

    Args:
        name: Shown in tables.
        picture: The change of the picture (BGR), which gets the number of the photo too.
        camera: The change of its entry in `cameras.json`.
    """

    name: str
    picture: Callable[[Picture, int], Picture]
    camera: Callable[[Camera], Camera] = lambda camera: camera


def exposure(picture: Picture, number: int) -> Picture:
    """1.5 stops more and 1.5 less in turn, in linear light, clipped."""
    stops = 1.5 if number % 4 == 1 else -1.5
    values = (np.arange(256) / 255) ** 2.2 * 2**stops
    return np.asarray(cv2.LUT(picture, np.rint(values.clip(0, 1) ** (1 / 2.2) * 255).astype(np.uint8)), np.uint8)


def quarter_turn(picture: Picture, number: int) -> Picture:
    """To the left."""
    return np.ascontiguousarray(np.rot90(picture))


def turned_camera(camera: Camera) -> Camera:
    """Of a picture turned to the left: x' = y, y' = width - 1 - x."""
    k, width = np.array(camera["K"]), camera["width"]
    turned = np.array([[k[1, 1], 0, k[1, 2]], [0, k[0, 0], width - 1 - k[0, 2]], [0, 0, 1]])
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    pose = {"R": (turn @ np.array(camera["R"])).tolist(), "t": (turn @ np.array(camera["t"])).tolist()}
    return {**camera, "width": camera["height"], "height": width, "K": turned.tolist(), **pose}


def half_size(picture: Picture, number: int) -> Picture:
    """By area averaging."""
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def half_camera(camera: Camera) -> Camera:
    """Of a picture of half the size."""
    k = np.array(camera["K"])
    k[:2, 2] = (k[:2, 2] + 0.5) / 2 - 0.5
    k[0, 0], k[1, 1] = k[0, 0] / 2, k[1, 1] / 2
    return {**camera, "width": camera["width"] // 2, "height": camera["height"] // 2, "K": k.tolist()}


def blurred(picture: Picture, number: int) -> Picture:
    """Gaussian, 2.5 pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.5), np.uint8)


CHANGES = (
    Change("exposure +-1.5 EV", exposure),
    Change("90 degrees", quarter_turn, turned_camera),
    Change("half size", half_size, half_camera),
    Change("blur 2.5 px", blurred),
)


def make_changed(photos: Path, cameras: Path | None, folder: Path, change: Change) -> Path | None:
    """Writes the photos into `folder`/images, every second one changed; its cameras file, if there are cameras."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    files = sorted(photos.iterdir())
    for i, file in enumerate(files):
        picture = cv2.imread(str(file))
        result = change.picture(picture, i) if i % 2 else picture
        cv2.imwrite(str(folder / "images" / file.name), result, [cv2.IMWRITE_JPEG_QUALITY, 95])
    if cameras is None:
        return None
    values = json.loads(cameras.read_text(encoding="utf-8"))
    odd = {file.name for file in files[1::2]}
    values["cameras"] = [change.camera(c) if c["name"] in odd else c for c in values["cameras"]]
    (folder / "cameras.json").write_text(json.dumps(values), encoding="utf-8")
    return folder / "cameras.json"


def make_thinned(photos: Path, cameras: Path | None, folder: Path, step: int) -> Path | None:
    """Every `step`-th photo as a hard link or copy in `folder`/images; the cameras of those."""
    import shutil

    (folder / "images").mkdir(parents=True, exist_ok=True)
    files = sorted(photos.iterdir())[::step]
    for file in files:
        shutil.copyfile(file, folder / "images" / file.name)
    if cameras is None:
        return None
    values = json.loads(cameras.read_text(encoding="utf-8"))
    names = {file.name for file in files}
    values["cameras"] = [c for c in values["cameras"] if c["name"] in names]
    (folder / "cameras.json").write_text(json.dumps(values), encoding="utf-8")
    return folder / "cameras.json"
