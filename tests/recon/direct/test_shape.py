"""From photographs to a frame, a grid, a cloud."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from recon.direct.colors import point_colors, visible
from recon.direct.cube import SIDE, cell_centers, lone_projection
from recon.direct.hull import PosedPhoto, cube_around
from recon.direct.lifting import hull
from recon.direct.outline import outline
from recon.direct.photos import ObjectPhoto, read_photos
from recon.direct.shape import Voxels, find_points, find_voxels, framed_views
from recon.direct.views import Views, one_object
from recon.errors import InputError, ReconstructionError
from recon.scene import Origin, Sim3
from recon.synth import Light, SynthScene, TexturedMesh, orbit, pinhole, render
from recon.synth.shapes import blob, placed, superellipsoid

WHERE = np.array([4.0, -2.0, 1.0])


class HullNetwork(nn.Module):
    """Says what the visual hull says."""

    def forward(self, views: Views) -> torch.Tensor:
        return hull(views, cell_centers()[None]).view(1, SIDE, SIDE, SIDE) - 0.5


class CellsNetwork(nn.Module):
    """Points all over the cube."""

    def forward(self, views: Views) -> tuple[torch.Tensor]:
        return (0.5 * cell_centers(8)[None],)


@pytest.fixture(scope="module")
def photos() -> list[ObjectPhoto]:
    """An ellipsoid 0.6 x 0.4 x 0.2 somewhere in the world, from four sides."""
    shape: TexturedMesh = blob("egg", superellipsoid((0.6, 0.4, 0.2)), np.full((1, 1, 3), 0.6, np.float32), resolution=16)
    scene = SynthScene((placed(shape, tuple(WHERE)),), Light(background=(0.02, 0.02, 0.02), zenith=(0.02, 0.02, 0.02)))
    camera = pinhole(240, 180, 35)
    shots = [(pose, render(scene, camera, pose)) for pose in orbit(4, radius=2.2, elevation=(15.0, 45.0), target=WHERE + [0.1, 0, 0.05])]
    masks = [shot.object_id >= 0 for _, shot in shots]
    return [ObjectPhoto(shot.image, mask, PosedPhoto(camera, pose, mask)) for (pose, shot), mask in zip(shots, masks, strict=True)]


def without_cameras(photos: list[ObjectPhoto]) -> list[ObjectPhoto]:
    return [ObjectPhoto(photo.picture, photo.mask) for photo in photos]


def test_the_cube_is_found_around_the_object_and_the_surface_lies_in_the_world(photos: list[ObjectPhoto]) -> None:
    posed = [photo.posed for photo in photos if photo.posed is not None]
    cube = cube_around(posed)
    assert np.abs(cube.translation - WHERE).max() < 0.05
    assert 0.3 / 0.95 < cube.scale < 0.3 / 0.6
    mesh = find_voxels(photos, HullNetwork(), SIDE).mesh()
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert np.abs((low + high) / 2 - WHERE).max() < 0.04
    assert high - low == pytest.approx([0.6, 0.4, 0.2], abs=0.12)
    assert set(np.asarray(mesh.origin)) == {Origin.GENERATED}


def test_a_single_photo_needs_no_camera_and_several_do(photos: list[ObjectPhoto]) -> None:
    alone = without_cameras(photos)
    found = find_voxels(alone[:1], HullNetwork(), 48)
    assert found.values.shape == (48, 48, 48)
    assert np.allclose(found.world_from_cube.matrix, np.eye(4))
    with pytest.raises(InputError, match="--cameras"):
        find_voxels(alone, HullNetwork(), SIDE)


def test_points_are_as_many_as_asked_and_say_that_they_are_made_up(photos: list[ObjectPhoto]) -> None:
    cloud = find_points(photos, CellsNetwork(), 100)
    assert len(cloud) == 100
    assert set(np.asarray(cloud.origin)) == {Origin.GENERATED}
    assert np.abs(cloud.points - WHERE).max() < 0.5
    assert len(find_points(without_cameras(photos), CellsNetwork(), 64)) == 64


def test_cameras_that_look_past_each_other_are_refused(photos: list[ObjectPhoto]) -> None:
    posed = [photo.posed for photo in photos if photo.posed is not None]
    with pytest.raises(ReconstructionError, match="how far"):
        cube_around([posed[0], posed[0]])
    corner = np.zeros_like(posed[1].mask)
    corner[:20, :20] = True
    with pytest.raises(ReconstructionError, match="nothing in common"):
        cube_around([*posed, PosedPhoto(posed[1].camera, posed[1].pose, corner)])


def test_an_empty_grid_gives_no_mesh_but_words() -> None:
    empty = Voxels(np.full((8, 8, 8), -1, np.float32), Sim3(np.eye(3), np.zeros(3)))
    with pytest.raises(ReconstructionError, match="No shape"):
        empty.mesh()


def test_hidden_points_get_the_colour_of_those_that_are_seen() -> None:
    crop = np.zeros((96, 96, 4), np.uint8)
    crop[..., 3], crop[:, :48, 0], crop[:, 48:, 1] = 255, 200, 100
    views = one_object([crop], [lone_projection(96)])
    points = torch.tensor([[-0.5, 0.0, -0.5], [0.5, 0.0, -0.5], [0.657, 0.0, 0.6]])  # the last one behind the second
    seen = visible(points, views.projections[0, 0])
    assert seen.tolist() == [True, True, False]
    colors = point_colors(views, points)
    assert colors is not None
    assert np.allclose(colors * 255, [[200, 0, 0], [0, 100, 0], [0, 100, 0]], atol=1)
    assert point_colors(views._replace(known=torch.zeros(1, 1)), points) is None


def test_an_object_before_a_dark_ground_is_found_without_a_mask(photos: list[ObjectPhoto]) -> None:
    found = outline(photos[0].picture, "a.png")
    assert (found & photos[0].mask).sum() > 0.9 * (found | photos[0].mask).sum()
    with pytest.raises(ReconstructionError, match=r"a\.png"):
        outline(np.full((50, 60, 3), 90, np.uint8), "a.png")
    with pytest.raises(ReconstructionError, match="tiny"):
        outline(np.zeros((1, 1, 3), np.uint8), "tiny")


def test_lenses_are_straightened_and_other_sizes_of_masks_fit(tmp_path: Path, photos: list[ObjectPhoto]) -> None:
    files, masks, cameras = [], {}, []
    for i, photo in enumerate(photos):
        assert photo.posed is not None
        name = f"p{i}.png"
        cv2.imwrite(str(tmp_path / name), photo.picture[..., ::-1])
        masks[name] = tmp_path / f"m{i}.png"
        cv2.imwrite(str(masks[name]), cv2.resize(photo.mask.astype(np.uint8) * 255, (480, 360)))
        camera, pose = photo.posed.camera, photo.posed.pose
        params = [camera.fx, camera.fy, camera.cx, camera.cy, 0.05, 0.0, 0.0, 0.0]
        pose_lists = {"R": pose.rotation.tolist(), "t": pose.translation.tolist()}
        cameras.append({"name": name, "width": 240, "height": 180, "model": "OPENCV", "params": params, **pose_lists})
        files.append(tmp_path / name)
    (tmp_path / "cameras.json").write_text(json.dumps({"cameras": cameras}))
    read = read_photos(files, masks=masks, cameras=tmp_path / "cameras.json")
    assert all(photo.posed is not None and photo.mask.any() for photo in read)
    _, cube = framed_views(read)
    assert np.abs(cube.translation - WHERE).max() < 0.06
