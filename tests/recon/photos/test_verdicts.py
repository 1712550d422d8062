"""Verdicts on pictures made for the purpose, and few false alarms on real ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recon.photos import read_image
from recon.photos.duplicates import find_duplicates
from recon.photos.figures import edge_blur, measure
from recon.photos.read import read_thumbnail
from tests.data_paths import shared


def blobs(seed: int = 0, size: tuple[int, int] = (480, 640), count: int = 60) -> np.ndarray:
    """Sharp-edged ellipses of random grey on grey, `[H, W]` float32, four times supersampled."""
    rng = np.random.default_rng(seed)
    height, width = size
    canvas = np.full((4 * height, 4 * width), 120, np.uint8)
    for _ in range(count):
        center = (int(rng.integers(4 * width)), int(rng.integers(4 * height)))
        axes = (int(rng.integers(40, 300)), int(rng.integers(40, 300)))
        cv2.ellipse(canvas, center, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(20, 235)), -1)
    return cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 3.0])
def test_blur_is_measured_in_pixels_at_any_contrast(sigma: float) -> None:
    blurred = cv2.GaussianBlur(blobs(), (0, 0), sigma)
    assert edge_blur(blurred) == pytest.approx(sigma, rel=0.25)
    assert edge_blur(100 + 0.25 * blurred) == pytest.approx(sigma, rel=0.25)


def test_motion_blur_is_found_though_edges_along_it_stay_sharp() -> None:
    kernel = np.full((1, 15), 1 / 15, np.float32)
    assert (edge_blur(cv2.filter2D(blobs(), -1, kernel)) or 0) > 1.5 > 0.5 > (edge_blur(blobs()) or 0)


def test_few_sharp_edges_on_a_smooth_scene_are_not_blurred() -> None:
    y, x = np.mgrid[0:480, 0:640].astype(np.float32)
    scene = 90 + 40 * np.sin(x / 90) + 30 * np.cos(y / 70)
    cv2.circle(scene, (320, 240), 120, 200.0, -1)
    assert (edge_blur(scene) or 0) < 0.6


def test_nothing_is_said_of_sharpness_where_there_are_no_edges() -> None:
    assert edge_blur(np.full((200, 200), 128, np.float32)) is None
    assert edge_blur(np.zeros((1, 1), np.float32)) is None


def test_figures_look_inside_the_mask_only() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, 50:] = 200
    mask = np.zeros((100, 100), bool)
    mask[:, 50:] = True
    assert measure(picture, mask).mean == pytest.approx(200)
    assert measure(picture).mean == pytest.approx(100, abs=1)
    assert measure(picture).clipped_dark == pytest.approx(0.5)


def test_copies_are_duplicates_and_another_view_is_not() -> None:
    first, other = blobs(1).astype(np.uint8), blobs(2).astype(np.uint8)
    darker = (0.6 * cv2.resize(first, (320, 240), interpolation=cv2.INTER_AREA)).astype(np.uint8)
    moved = np.roll(first, 16, axis=1)
    found = find_duplicates({"first": first, "other": other, "darker": darker, "moved": moved, "again": first}, 0.97)
    assert {name: of for name, (of, _) in found.items()} == {"darker": "first", "again": "first"}


def test_plain_pictures_are_not_duplicates_of_each_other() -> None:
    assert find_duplicates({"a": np.full((240, 320), 90, np.uint8), "b": np.full((240, 320), 200, np.uint8)}, 0.97) == {}


@pytest.mark.parametrize("name", ["sceaux_castle", "skull", "lund"])
def test_real_photos_are_far_from_blurred_and_their_blurred_copies_are_not(name: str) -> None:
    files = sorted((shared("photos") / name / "images").iterdir())[::6]
    for file in files:
        picture = read_image(file)
        blurred = cv2.GaussianBlur(picture, (0, 0), 3 * max(picture.shape) / 1600)
        assert (measure(picture).blur_px or 0) < 0.7, file.name
        assert (measure(np.asarray(blurred, np.uint8)).blur_px or 9) > 1.2, file.name


@pytest.mark.parametrize("name", ["fountain-P11", "skull", "sceaux_castle"])
def test_neighbours_of_a_real_set_are_not_duplicates(name: str) -> None:
    files = sorted((shared("photos") / name / "images").iterdir())
    grey = {file.name: np.array(read_thumbnail(file, 320).convert("L")) for file in files}
    assert find_duplicates(grey, 0.97) == {}


def test_blur_is_measured_at_one_size_whatever_the_photo_has() -> None:
    picture = cv2.GaussianBlur(blobs(size=(1200, 1600)), (0, 0), 2.0)
    doubled = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC).clip(0, 255)
    as_rgb = [np.repeat(p.astype(np.uint8)[..., None], 3, axis=2) for p in (picture, doubled)]
    small, large = (measure(p).blur_px or 0 for p in as_rgb)
    assert large == pytest.approx(small, rel=0.15)
