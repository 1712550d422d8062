"""Distances to a true surface come from the file to the screen, with the bar that explains them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.viewport.colors import color_map, layer_colors
from desktop.viewport.geometry import load
from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.legends import last_color, legend_of
from recon.io.ply import write_ply_cloud, write_ply_mesh
from tests.desktop.viewport.scenes import green_mesh, red_cloud

UP = np.array([0.0, 0.0, 1.0])


def test_points_have_the_colours_of_their_distances(tmp_path: Path) -> None:
    cloud = red_cloud()
    distance = np.abs(cloud.points[:, 0]).astype(np.float32)  # 0.1 to 0.9
    write_ply_cloud(cloud, tmp_path / "cloud_distance.ply", distance)
    geometry, facts = load(LayerSpec("d", "cloud", tmp_path / "cloud_distance.ply"))
    np.testing.assert_allclose(geometry.attributes["distance"], np.abs(geometry.points[:, 0]), atol=1e-6)
    assert facts["last_colors"]["distance"] == pytest.approx(0.1 + 0.95 * 0.8, abs=0.02)
    colors = layer_colors(geometry, ViewStyle("distance", farthest=0.5), UP)
    np.testing.assert_array_equal(colors, color_map(np.abs(geometry.points[:, 0]) / 0.5))


def test_a_mesh_has_distances_at_its_vertices(tmp_path: Path) -> None:
    write_ply_mesh(green_mesh(), tmp_path / "mesh_distance.ply", np.array([0, 1, 2, 3], np.float32))
    geometry, _ = load(LayerSpec("d", "mesh", tmp_path / "mesh_distance.ply"))
    np.testing.assert_array_equal(geometry.attributes["distance"], [0, 1, 2, 3])


def test_files_without_distances_are_grey_in_this_mode(tmp_path: Path) -> None:
    write_ply_cloud(red_cloud(), tmp_path / "cloud.ply")
    geometry, facts = load(LayerSpec("c", "cloud", tmp_path / "cloud.ply"))
    assert "distance" not in facts["last_colors"]
    assert len(np.unique(layer_colors(geometry, ViewStyle("distance"), UP), axis=0)) == 1


def test_the_bar_says_the_unit_and_the_last_value() -> None:
    style = ViewStyle("distance")
    assert last_color("distance", [{"views": 5.0}, {"distance": 0.25}, {"distance": 0.1}]) == 0.25
    legend = legend_of(style, 0.25, "m")
    assert legend is not None
    assert legend.title.endswith(", m")
    assert legend.ticks[0] == (0.0, "0")
    assert legend.ticks[-1] == (1.0, "0.25 and more")
    assert legend_of(style, 0.0, "m") is None
    assert legend_of(ViewStyle("rgb"), 1.0, "m") is None
    assert legend_of(ViewStyle("confidence"), 0.0, "m") is not None
