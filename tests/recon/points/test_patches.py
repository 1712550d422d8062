"""Patches: every point is covered, frames can be undone, and merging leaves no seams."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.points.patches import PatchFrame, blend_weight, merged, patches, voxel_seeds
from recon.points.support import unknown


def sheet(n: int = 5000, seed: int = 0) -> np.ndarray:
    """Points of a wavy sheet whose density changes by a factor of hundreds."""
    rng = np.random.default_rng(seed)
    xy = rng.random((n, 2)) ** 3
    return np.column_stack([xy, 0.1 * np.sin(5 * xy[:, 0])]).astype(np.float32)


@pytest.mark.parametrize("points", [sheet(), sheet(10), np.zeros((600, 3), np.float32), np.full((1, 3), 1e6, np.float32)])
def test_every_point_lies_in_a_patch_and_no_patch_holds_one_twice(points: np.ndarray) -> None:
    seen = np.zeros(len(points), int)
    for index, distance in patches(points, size=256):
        assert index.shape == distance.shape
        for rows in index:
            assert len(np.unique(rows)) == len(rows) == min(256, len(points))
            seen[rows] += 1
    assert seen.min() >= 1


def test_patches_overlap_only_a_few_times() -> None:
    flat = np.column_stack([np.random.default_rng(0).random((20_000, 2)), np.zeros(20_000)]).astype(np.float32)
    assert sum(index.size for index, _ in patches(flat)) < 6 * len(flat)


def test_seeds_are_one_point_a_cube() -> None:
    points = sheet()
    seeds = voxel_seeds(points, 0.1)
    cells = np.floor(points / 0.1).astype(int)
    assert len(seeds) == len(np.unique(cells, axis=0)) == len(np.unique(cells[seeds], axis=0))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_frames_make_patches_alike_and_can_be_undone(scale: float) -> None:
    points = torch.from_numpy(sheet(1024))[None] * scale + 3 * scale
    frame = PatchFrame.of(points)
    inside = frame.inward(points)
    assert float(inside.square().sum(-1).mean()) == pytest.approx(0.5, rel=1e-4)  # as an even disc of radius 1
    torch.testing.assert_close(frame.outward(inside), points, rtol=1e-5, atol=0)


def test_a_patch_without_extent_has_a_frame() -> None:
    assert PatchFrame.of(torch.ones(1, 5, 3)).scale.item() == 1


def test_what_patches_agree_on_is_merged_unchanged() -> None:
    points = sheet()

    def height(patch: torch.Tensor, support: torch.Tensor, frame: PatchFrame) -> torch.Tensor:
        return (frame.scale * patch)[..., 2:] * 0 + 7.0

    np.testing.assert_allclose(merged(points, unknown(len(points)), 1, height), 7.0, rtol=1e-5)


def test_merging_leaves_no_seams_where_patches_disagree() -> None:
    """Each patch gives its own random value; between neighbouring points the merged value must change gently."""
    rng = np.random.default_rng(1)
    line = np.column_stack([np.linspace(0, 1, 6000), np.zeros((6000, 2))]).astype(np.float32)

    def noise(patch: torch.Tensor, support: torch.Tensor, frame: PatchFrame) -> torch.Tensor:
        return torch.from_numpy(rng.random((len(patch), 1, 1)).astype(np.float32)).expand(-1, patch.shape[1], 1)

    value = merged(line, unknown(6000), 1, noise)[:, 0]
    assert np.ptp(value) > 0.2
    assert np.abs(np.diff(value)).max() < 0.02


def test_a_patch_says_least_at_its_rim() -> None:
    weight = blend_weight(torch.linspace(0, 1, 11), torch.ones(()))
    assert bool((weight.diff() < 0).all())
    assert weight[-1] < 0.002


def test_progress_ends_at_all_points() -> None:
    told: list[tuple[int, int]] = []
    points = sheet(3000)
    merged(points, unknown(3000), 1, lambda patch, support, frame: patch[..., :1], progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3000, 3000)
