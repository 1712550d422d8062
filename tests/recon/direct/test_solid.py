"""Grids and surfaces."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.direct.cube import cell_centers
from recon.direct.solid import boxes, filled_grid, surface


def sphere_values(side: int, radius: float = 0.6) -> np.ndarray:
    return (radius - cell_centers(side).norm(dim=1)).view(side, side, side).numpy()


def as_trimesh(mesh: object) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)  # type: ignore[attr-defined]


def test_the_surface_of_a_ball_is_closed_faces_outward_and_lies_on_it() -> None:
    found = as_trimesh(surface(sphere_values(24), 0.0))
    assert found.is_watertight
    assert found.volume == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.03)  # negative if inside out
    assert np.abs(np.linalg.norm(found.vertices, axis=1) - 0.6).max() < 0.01


def test_a_surface_that_leaves_the_cube_is_closed_at_its_faces() -> None:
    values = 0.3 - cell_centers(16)[:, 0].view(16, 16, 16).numpy()  # x < 0.3
    found = as_trimesh(surface(values, 0.0))
    assert found.is_watertight
    assert found.bounds[:, 0] == pytest.approx([-1, 0.3], abs=0.13)
    assert found.volume == pytest.approx(1.3 * 4, rel=0.15)


def test_axes_are_not_exchanged() -> None:
    values = np.full((10, 12, 14), -1.0)
    values[2, 5, 11] = 1.0  # z, y, x
    for mesh in (surface(values, 0.0), boxes(values > 0)):
        middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
        assert np.allclose(middle, [11.5 * 2 / 14 - 1, 5.5 * 2 / 12 - 1, 2.5 * 2 / 10 - 1], atol=1e-5)


def test_nothing_full_gives_no_surface() -> None:
    assert len(surface(np.full((4, 4, 4), -1.0), 0.0).faces) == 0
    assert len(boxes(np.zeros((4, 4, 4), bool)).faces) == 0


def test_boxes_have_the_volume_and_the_outer_faces_of_the_cells() -> None:
    occupied = np.random.default_rng(0).random((5, 6, 7)) > 0.6
    found = boxes(occupied)
    assert as_trimesh(found).volume == pytest.approx(occupied.sum() * 8 / occupied.size)
    padded = np.pad(occupied, 1).astype(int)
    assert len(found.faces) == 2 * sum(np.abs(np.diff(padded, axis=axis)).sum() for axis in range(3))
    assert len(np.unique(found.vertices, axis=0)) == len(found.vertices)


def test_a_shell_becomes_a_solid() -> None:
    points = np.random.default_rng(0).normal(size=(40000, 3))
    points *= 0.7 / np.linalg.norm(points, axis=1, keepdims=True)
    grid = filled_grid(points, 24)
    assert grid[12, 12, 12]
    assert not grid[0, 0, 0]
    full = (cell_centers(24).norm(dim=1) < 0.7).view(24, 24, 24).numpy()
    assert (full & ~grid).sum() == 0
    assert filled_grid(np.array([[0.9, 0, 0], [5.0, 0, 0]]), 8)[4, 4, 7]
