import cv2
import numpy as np
import pytest

from recon.errors import InputError
from recon.features.cnn.data import homography_example
from recon.features.cnn.geometry import Strength, apply, homography_map, warped
from recon.features.cnn.photos import DrawnPictures, PhotoFiles, held_back
from recon.features.cnn.targets import bumps, repeated
from recon.features.cnn.view_pairs import view_example, view_map
from recon.learning.view_sets import ViewSet


def read_through(picture, where):
    """The second picture seen through the map, and where the map says something."""
    place = np.nan_to_num(where, nan=-9).astype(np.float32)
    return cv2.remap(picture.astype(np.float32), place[0], place[1], cv2.INTER_LINEAR), np.isfinite(where[0])


def similar(first, second, mask):
    return np.corrcoef(first[mask].astype(float), second[mask])[0, 1]


@pytest.fixture
def gentle(monkeypatch):
    monkeypatch.setattr("recon.features.cnn.data.disturbed", lambda grey, rng: np.rint(grey.clip(0, 1) * 255).astype(np.uint8))


def test_the_maps_of_a_homography_example_lead_to_the_same_places(gentle):
    for seed in range(3):
        example = homography_example(DrawnPictures()[seed], np.random.default_rng(seed), 128, Strength())
        for here in (0, 1):
            seen, mask = read_through(example["images"][1 - here], example["maps"][here])
            assert mask.mean() > 0.1
            assert similar(example["images"][here], seen, mask) > 0.9


def test_an_example_is_a_pure_function_of_its_generator():
    first, second = (homography_example(DrawnPictures()[3], np.random.default_rng(5), 96, Strength()) for _ in range(2))
    assert all(np.array_equal(first[name], second[name], equal_nan=first[name].dtype.kind == "f") for name in first)


def test_what_lies_outside_the_photo_is_seen_nowhere():
    where = homography_map(np.eye(3), 8, np.array([[1.0, 0, -3], [0, 1, 0], [0, 0, 1]]), 20, 20)
    assert np.isnan(where[0, :, :3]).all()
    assert np.isfinite(where[0, :, 3:]).all()


def test_a_reduced_picture_keeps_its_place():
    y, x = np.mgrid[:64, :64]
    ramp = (x + 2 * y).astype(np.float32)
    matrix = np.array([[4.0, 0, 3.5], [0, 4, 1.5], [0, 0, 1]])
    got = warped(ramp, matrix, 12)
    points = apply(matrix, np.stack(np.meshgrid(np.arange(12), np.arange(12)), -1).astype(float))
    np.testing.assert_allclose(got[2:-2, 2:-2], (points @ [1, 2])[2:-2, 2:-2], atol=0.3)


def test_targets_are_keypoints_that_both_pictures_have():
    points, others = np.array([[5.0, 5], [10, 10]], np.float32), np.array([[25.5, 5.0]], np.float32)
    kept = repeated(points, points + np.float32([20, 0]), others)
    assert kept.tolist() == [[5.0, 5.0]]
    assert bumps(kept, 16, 16).argmax() == 5 * 16 + 5


def plane_views(height=96, width=128):
    """Two views of a textured wall at depth 4 with a nearer board in front of it."""
    rng = np.random.default_rng(0)
    focal, move = 100.0, 0.4
    k = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]], np.float32)
    wall = cv2.resize(rng.uniform(0, 255, (40, 60)).astype(np.float32), (240, 160), interpolation=cv2.INTER_CUBIC)
    board = cv2.resize(rng.uniform(0, 255, (20, 20)).astype(np.float32), (40, 40), interpolation=cv2.INTER_CUBIC)
    images, inverse = [], []
    for i in (0, 1):
        shift = i * focal * move
        back = cv2.warpAffine(wall, np.float32([[1, 0, -30 - shift / 4], [0, 1, -20]]), (width, height), borderMode=cv2.BORDER_REFLECT)
        depth = np.full((height, width), 1 / 4, np.float32)
        left = round(60 - shift / 2)
        back[30:70, left : left + 40], depth[30:70, left : left + 40] = board, 1 / 2
        images.append(np.repeat(back.clip(0, 255).astype(np.uint8)[..., None], 3, 2))
        inverse.append(depth)
    poses = np.stack([np.eye(3, 4, dtype=np.float32) for _ in (0, 1)])
    poses[1, 0, 3] = -move
    near = np.array([1.0, 1.0], np.float32)
    return ViewSet(np.stack(images), np.stack(inverse), np.stack([k, k]), poses, None, near, 10 * near, {})


def test_views_with_depth_correspond_and_hidden_points_do_not():
    views = plane_views()
    grid = np.stack(np.meshgrid(np.arange(128), np.arange(96)), -1).astype(float)
    there = view_map(views, 0, 1, grid)
    np.testing.assert_allclose(there[50, 80], [60, 50], atol=1e-3)  # on the board: 100 * 0.4 / 2 to the left
    np.testing.assert_allclose(there[10, 80], [70, 10], atol=1e-3)
    assert np.isnan(there[50, 55]).all()  # wall at 55 would be at 45, where the board (40 to 80) hides it
    assert np.isnan(there[10, 3]).all()  # out of the picture


def test_the_maps_of_a_view_example_lead_to_the_same_places(gentle):
    example = view_example(plane_views(), np.random.default_rng(1), 64)
    for here in (0, 1):
        seen, mask = read_through(example["images"][1 - here], example["maps"][here])
        assert mask.mean() > 0.1
        assert similar(example["images"][here], seen, mask) > 0.9


def test_views_without_overlap_still_give_an_example():
    views = plane_views()
    views.poses[1, 0, 3] = -100.0
    example = view_example(views, np.random.default_rng(1), 64)
    assert np.isfinite(example["maps"][0]).mean() > 0.1


def test_photos_are_held_back_by_name_and_a_folder_without_any_is_refused(tmp_path):
    names = [f"{i}.png" for i in range(60)]
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8), np.uint8))
    train, held = PhotoFiles(tmp_path, "train"), PhotoFiles(tmp_path, "validation")
    assert len(train) + len(held) == 60
    assert len(held) == sum(held_back(tmp_path / name) for name in names) > 0
    assert train.draw(np.random.default_rng(0)).shape == (8, 8)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no photos"):
        PhotoFiles(tmp_path / "empty", "train")
