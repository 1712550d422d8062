"""What the networks and their examples promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recon.direct.crop import FILLED
from recon.direct.cube import SIDE, cell_centers
from recon.direct.examples import example, framed, framed_alone, mirrored, occupied, random_framing, shown, surface_in_cube
from recon.direct.lifting import hull, lifted
from recon.direct.pack import Job, Source, read_voxels, voxel_mesh, voxel_sources
from recon.direct.point_network import PointArchitecture, PointNetwork
from recon.direct.shots import ShapeSet, Shots, decode, encode
from recon.direct.simple import simple_shapes
from recon.direct.views import Views, batch
from recon.direct.voxel_network import VoxelArchitecture, VoxelNetwork
from recon.errors import InputError
from recon.io.npz import write_arrays

SMALL = VoxelArchitecture(picture=4, features=4, widths=(4, 4, 8))


@pytest.fixture(scope="module")
def shapes() -> list[Shots]:
    return simple_shapes()


def iou(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_hull_of_a_ball_from_four_sides_holds_it_and_little_more(shapes: list[Shots]) -> None:
    """Pictures, masks, cameras, cube and solid lie on each other."""
    framing = framed(shapes[0], range(4), FILLED)
    inside = hull(shown(shapes[0], framing), cell_centers()[None])[0].view(SIDE, SIDE, SIDE) > 0.5
    truth = occupied(shapes[0], framing.world_from_cube)
    assert (truth & ~inside).sum() < 0.05 * truth.sum()
    assert iou(inside, truth) > 0.75


def test_a_photo_alone_shows_the_object_where_the_assumed_camera_would_see_it(shapes: list[Shots]) -> None:
    for shots in shapes:
        framing, crop = framed_alone(shots, 0, FILLED)
        truth = occupied(shots, framing.world_from_cube)
        inside = hull(shown(shots, framing, crop), cell_centers()[None])[0].view(SIDE, SIDE, SIDE) > 0.5
        assert (truth & ~inside).sum() < 0.12 * truth.sum()
        assert np.abs(surface_in_cube(shots, framing.world_from_cube)[:, :2]).max() < 1


def test_surface_and_solid_of_an_example_agree_mirrored_or_not(shapes: list[Shots]) -> None:
    for seed in range(6):
        made = example(shapes[2], np.random.default_rng(seed))
        points = made["surface"]
        points = points[(points.abs() < 1 - 2 / SIDE).all(1)]
        cells = ((points + 1) * SIDE / 2).long()
        near = torch.nn.functional.max_pool3d(made["occupied"][None], 3, 1, 1)[0]
        assert near[cells[:, 2], cells[:, 1], cells[:, 0]].mean() > 0.97


def test_a_mirrored_example_shows_the_mirrored_hull(shapes: list[Shots]) -> None:
    framing, crop = random_framing(shapes[1], np.random.default_rng(3))
    views = shown(shapes[1], framing, crop)
    plain, turned = (hull(v, cell_centers()[None])[0].view(SIDE, SIDE, SIDE) > 0.5 for v in (views, mirrored(views)))
    assert iou(plain.flip(-1), turned) > 0.98


def test_lifted_features_are_mean_and_variance_of_the_known_views_alone(shapes: list[Shots]) -> None:
    views = shown(shapes[0], framed(shapes[0], range(3), FILLED))
    points = torch.zeros(1, 1, 3)
    pictures = torch.stack([torch.full((2, 8, 8), value) for value in (1.0, 3.0, 50.0)])[None]
    known = torch.tensor([[1.0, 1.0, 0.0]])
    found = lifted(pictures, views._replace(known=known), points)[0, :, 0]
    assert found.tolist() == pytest.approx([2.0, 2.0, 1.0, 1.0])


def test_objects_that_are_filled_up_in_a_batch_give_what_they_give_alone(shapes: list[Shots]) -> None:
    torch.manual_seed(0)
    network = VoxelNetwork(SMALL).eval()
    few, many = (shown(shapes[i], framed(shapes[i], range(count), FILLED)) for i, count in ((0, 2), (1, 4)))
    with torch.no_grad():
        together = network(batch([few, many]))
        assert together.shape == (2, SIDE, SIDE, SIDE)
        assert torch.allclose(together[0], network(few)[0], atol=1e-4)
        assert torch.allclose(together[1], network(many)[0], atol=1e-4)


def test_the_order_of_photos_after_the_first_does_not_matter_to_the_points(shapes: list[Shots]) -> None:
    torch.manual_seed(0)
    network = PointNetwork(PointArchitecture(picture=4, features=4, rough=32, split=2, width=8)).eval()
    views = shown(shapes[1], framed(shapes[1], range(4), FILLED))
    views = views._replace(known=torch.tensor([[1.0, 0, 0, 0]]))
    swapped = Views(*(part[:, [0, 3, 1, 2]] for part in views))
    with torch.no_grad():
        rough, refined, finished = network(views)
        assert rough.shape == refined.shape == (1, 32, 3)
        assert finished.shape == (1, 64, 3)
        assert torch.allclose(finished, network(swapped)[2], atol=1e-4)


def test_a_network_built_from_its_card_is_the_same() -> None:
    assert VoxelArchitecture.of(SMALL.plain()) == SMALL


def test_shots_come_back_from_their_files(shapes: list[Shots]) -> None:
    again = decode(encode(shapes[0]))
    assert (again.masks == shapes[0].masks).all()
    assert (again.solid == shapes[0].solid).all()
    assert np.abs(again.points - shapes[0].points).max() < 1e-3
    assert np.abs(again.pictures.astype(int) - shapes[0].pictures).mean() < 6
    assert np.allclose(again.views[2][1].matrix, shapes[0].views[2][1].matrix)


def test_a_packed_folder_is_read_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    grids = np.zeros((3, 1, 8, 8, 8))
    grids[1, 0, 2:6, 2:5, 1:7] = 1
    grids[2, 0, 2:6, 2:6, 2:6] = 1
    write_arrays(tmp_path / "grids.npz", {"voxels": grids})
    sources = voxel_sources(tmp_path / "grids.npz")
    assert [source.number for source in sources] == [1, 2]  # the empty one is left out
    assert Job(tmp_path / "train_000.zip", tuple(sources[:1]), 32, 2, 0).run() == 1
    shots = ShapeSet(tmp_path, "train")[0]
    assert shots.pictures.shape == (2, 32, 32, 3)
    high, wide = (np.ptp(np.flatnonzero(shots.solid.any(axis=axes))) + 1 for axes in ((1, 2), (0, 1)))
    assert high / wide == pytest.approx(6 / 4, rel=0.1)  # z is up
    content = (tmp_path / "train_000.zip").read_bytes()
    (tmp_path / "train_000.zip").write_bytes(content.replace(b'"K"', b'"Q"'))
    with pytest.raises(InputError, match="train_000"):
        ShapeSet(tmp_path, "train")[0]
    with pytest.raises(InputError, match="validation"):
        ShapeSet(tmp_path, "validation")


def test_a_bar_of_one_voxel_stays_when_a_grid_becomes_a_mesh() -> None:
    grid = np.zeros((12, 12, 12), bool)
    grid[2:10, 5, 5] = True
    mesh = voxel_mesh(grid)
    extent = np.ptp(mesh.vertices, axis=0)
    assert extent[0] > 4 * extent[1] > 0


def test_a_file_without_grids_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"other\.npz"):
        read_voxels(tmp_path / "other.npz")


def test_a_shape_is_always_in_the_same_split() -> None:
    held = [Source(f"shape_{i}", "k", Path("x.ply")).held_back for i in range(240)]
    assert held == [Source(f"shape_{i}", "other", Path("y.ply")).held_back for i in range(240)]
    assert 5 < sum(held) < 50
