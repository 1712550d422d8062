"""What is far away, in pictures and in reflections."""

from dataclasses import replace

import numpy as np
import pytest

from recon.synth import Light, SynthScene, look_at, pinhole, render
from recon.synth.shapes import blob, ground, placed, superellipsoid

DARK = Light(color=(0, 0, 0), sky=(0, 0, 0), bounce=(0, 0, 0), shadow_samples=0)
BLACK = np.zeros((1, 1, 3), np.float32)


def spot_picture():
    """Dark, with a bright spot a quarter of the way from the left edge and a quarter above the middle."""
    picture = np.zeros((64, 64, 3), np.float32)
    picture[46:50, 14:18] = 1.0  # rows above the horizon are negative in v, which repeats: 0.75 = -0.25
    return picture


def test_surroundings_stay_where_they_are_while_the_camera_moves_and_have_no_depth():
    mesh = blob("b", superellipsoid((0.1, 0.1, 0.1)), BLACK, resolution=6)
    scene = SynthScene((mesh,), DARK, spot_picture())
    azimuth, height = 2 * np.pi * 0.25 / 3, 2 * np.pi * 0.25 / 3
    direction = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
    for eye in ((3.0, 0.5, 0.2), (-8.0, 4.0, 1.0)):
        shot = render(scene, pinhole(80, 60, 40.0), look_at(eye, np.array(eye) + direction))
        assert not shot.depth.any()
        y, x = np.nonzero(shot.image[..., 0] > 128)
        assert len(x) > 20
        assert x.mean() == pytest.approx(39.5, abs=1.0)
        assert y.mean() == pytest.approx(29.5, abs=1.0)


def test_a_mirror_shows_the_surroundings_upside_down_and_a_matt_floor_does_not():
    azimuth, height = 2 * np.pi * 0.25 / 3, 2 * np.pi * 0.25 / 3
    down = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), -np.sin(height)])
    pictures = []
    for mirror in (0.0, 0.5):
        floor = replace(ground("floor", 50.0, BLACK), mirror=mirror)
        scene = SynthScene((floor,), DARK, spot_picture())
        pictures.append(render(scene, pinhole(80, 60, 40.0), look_at((0, 0, 2), np.array([0, 0, 2]) + down)).image[..., 0])
    assert pictures[0].max() == 0
    y, x = np.nonzero(pictures[1] > 100)
    assert x.mean() == pytest.approx(39.5, abs=1.0)
    assert y.mean() == pytest.approx(29.5, abs=1.0)


def test_a_higher_exponent_makes_the_highlight_smaller_on_that_object_only():
    sun = Light((0, -1, 1), (1, 1, 1), (0, 0, 0), (0, 0, 0), shadow_samples=0, background=(0, 0, 0), zenith=(0, 0, 0))
    areas = []
    for exponents in ((40.0, 40.0), (5.0, 40.0), (40.0, 5.0)):
        balls = []
        for side, exponent in zip((-1, 1), exponents, strict=True):
            ball = blob("ball", superellipsoid((1.5, 1.5, 1.5)), BLACK, resolution=30, gloss=0.8)
            balls.append(replace(placed(ball, (side, 0, 0)), shininess=exponent))
        shot = render(SynthScene(tuple(balls), sun), pinhole(160, 120, 50.0), look_at((0, -5, 0), (0, 0, 0)))
        bright = shot.image[..., 0] > 60
        areas.append([int((bright & (shot.object_id == k)).sum()) for k in (0, 1)])
    same, left, right = areas
    assert left[0] > 2 * same[0]
    assert left[1] == same[1]
    assert right[1] > 2 * same[1]
    assert right[0] == same[0]
