"""Voxels of several sizes: fine where the depth maps are fine, fewer in all, and no cracks between the sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.scene import TriMesh
from recon.surface.blocks import BLOCK, Blocks, contains, pack, unpack
from recon.surface.config import MeshConfig
from recon.surface.nets import find_cuts, surface
from recon.surface.topology import boundary_edges, edge_keys, face_normals
from recon.surface.tsdf import frames_of, fuse_depths, integrate, plan_grid
from tests.recon.surface.oracle import Oracle, around, ball, make

CONFIG = MeshConfig(method="tsdf", voxel_size=0.009)
Distance = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def octree() -> Blocks:
    """A cube of 128 places around 0, of blocks of four sizes, in disorder on one side."""
    rng = np.random.default_rng(0)
    wanted = []
    for level, count in enumerate((6, 4, 3)):
        half = 64 // (BLOCK << level)
        wanted.append(np.unique(pack(rng.integers([-half] * 3, [0, half, half], (count, 3)))))
    return Blocks.without_overlaps([*wanted, np.unique(pack(np.stack(np.meshgrid(*[[-1, 0]] * 3), -1).reshape(-1, 3)))])


def net(blocks: Blocks, distance: Distance) -> TriMesh:
    cuts = []
    ticks = np.stack(np.meshgrid(*[np.arange(BLOCK + 1)] * 3, indexing="ij"), axis=-1)
    for level in range(len(blocks.levels)):
        corners = blocks.corners(level)
        values = distance(corners[:, None, None, None] + (ticks << level)).astype(np.float32)
        cuts += find_cuts(values, np.ones(values.shape, bool), corners, level)
    return TriMesh(*surface(cuts, blocks))


def test_blocks_do_not_overlap_and_cover_what_was_wanted() -> None:
    blocks = octree()
    assert all(len(keys) for keys in blocks.levels)
    volume = sum(len(keys) * (BLOCK << level) ** 3 for level, keys in enumerate(blocks.levels))
    assert volume == 128**3
    everywhere = np.stack(np.meshgrid(*[np.arange(-64, 64, 4)] * 3), axis=-1).reshape(-1, 3)
    assert (blocks.level_at(everywhere) >= 0).all()
    assert (blocks.level_at(everywhere + [128, 0, 0]) == -1).all()


def test_places_survive_packing_and_are_found() -> None:
    places = np.random.default_rng(0).integers(-(1 << 20), 1 << 20, (1000, 3))
    keys = np.unique(pack(places))
    np.testing.assert_array_equal(np.sort(pack(unpack(keys))), keys)
    assert contains(keys, pack(places)).all()
    assert not contains(keys[::2], keys[1::2]).any()


def test_a_ball_on_voxels_of_four_sizes_is_closed_round_and_faces_outward() -> None:
    mesh = net(octree(), lambda x: np.linalg.norm(x - [3.3, -2.1, 0.7], axis=-1) - 50)
    assert len(boundary_edges(mesh.faces)) == 0
    radius = np.linalg.norm(mesh.vertices - [3.3, -2.1, 0.7], axis=1)
    assert np.abs(radius - 50).max() < 1.0, "an eighth of the largest voxel"
    middles = mesh.vertices[mesh.faces].mean(axis=1) - [3.3, -2.1, 0.7]
    assert ((face_normals(mesh) * middles).sum(axis=1) > 0).mean() > 0.999


def test_a_surface_as_rough_as_the_voxels_has_no_cracks() -> None:
    def rough(places: NDArray[np.float64]) -> NDArray[np.float64]:
        hashed = np.modf(np.sin(places @ np.array([12.9898, 78.233, 37.719])) * 43758.5453)[0]
        return np.linalg.norm(places, axis=-1) - 45 + 6 * hashed

    mesh = net(octree(), rough)
    _, faces_of_edge = np.unique(edge_keys(mesh.faces)[1], return_counts=True)
    assert (faces_of_edge % 2 == 0).all()
    assert (faces_of_edge == 2).mean() > 0.99


@pytest.fixture(scope="module")
def near_and_far() -> Oracle:
    """A ball seen from afar all around, and one place of it from near."""
    return make(ball(), np.concatenate([around() * 1.5, [[1.8, 0.2, 0.1], [1.8, -0.2, 0], [1.8, 0, -0.2]]]))


def made(seen: Oracle, config: MeshConfig) -> tuple[TriMesh, int]:
    """Mesh and number of voxels."""
    frames = frames_of(seen.scene, seen.depths, config)
    plan = plan_grid(frames, config)
    return fuse_depths(frames, plan, config), len(plan.blocks) * BLOCK**3


def test_what_is_seen_from_near_is_as_true_as_with_fine_voxels_everywhere_for_less(near_and_far: Oracle) -> None:
    config = replace(CONFIG, behind=1.0)  # wide enough for the steps of the coarse depth maps
    mesh, voxels = made(near_and_far, config)
    fine, most = made(near_and_far, replace(config, adaptive=False))
    assert len(boundary_edges(mesh.faces)) == 0
    assert voxels < 0.5 * most
    assert len(mesh.faces) < 0.5 * len(fine.faces)
    near, same = (np.abs(np.linalg.norm(m.vertices[m.vertices[:, 0] > 0.9], axis=1) - 1) for m in (mesh, fine))
    assert near.mean() < 1.1 * same.mean()
    assert len(near) > 0.9 * len(same)
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 1).max() < 0.06


def test_blocks_of_two_sizes_agree_on_their_common_corners(near_and_far: Oracle) -> None:
    frames = frames_of(near_and_far.scene, near_and_far.depths, CONFIG)
    plan = plan_grid(frames, CONFIG)
    ticks = np.stack(np.meshgrid(*[np.arange(BLOCK + 1)] * 3, indexing="ij"), axis=-1)
    seen: dict[int, float] = {}
    levels: dict[int, int] = {}
    shared = 0
    for part in integrate(frames, plan, CONFIG):
        rim = ((ticks == 0) | (ticks == BLOCK)).any(axis=-1)
        keys = pack((part.corners[:, None] + (ticks[rim] << part.level)).reshape(-1, 3)).tolist()
        for key, value in zip(keys, part.distance[:, rim].reshape(-1).tolist(), strict=True):
            assert seen.setdefault(key, value) == value
            shared += levels.setdefault(key, part.level) != part.level
    assert shared > 100
