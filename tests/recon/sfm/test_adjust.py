"""Refinement after mapping, and photos that contradict their matches, on models that are known exactly."""

from __future__ import annotations

import numpy as np
import pycolmap
import pytest

from recon.sfm.adjust import adjust, free_principal_points
from recon.sfm.consistency import ENOUGH, agreement, contradicted, drop_inconsistent

FOCAL, CX, CY = 1280.0, 512.0, 384.0


def synthetic(path, *, frames=10, shift=(0.0, 0.0), noise=0.3):
    """A model of one camera and its database; the true principal point is off the middle by `shift`."""
    pycolmap.set_random_seed(0)
    options = pycolmap.SyntheticDatasetOptions()
    options.num_rigs, options.num_frames_per_rig, options.num_points3D = 1, frames, 400
    options.camera_params = [FOCAL, CX + shift[0], CY + shift[1], 0.02]
    with pycolmap.Database.open(path) as database:
        model = pycolmap.synthesize_dataset(options, database)
        disturbed = pycolmap.SyntheticNoiseOptions()
        disturbed.point2D_stddev = noise
        pycolmap.synthesize_noise(disturbed, model, database)
    return model


def centred(model):
    """The model as the mapper leaves it: best with the principal point in the middle."""
    camera = model.cameras[1]
    camera.params = [camera.params[0], CX, CY, camera.params[3]]
    adjust(model)
    return model


def middle_of(model):
    return np.array(model.cameras[1].params[1:3])


def test_a_principal_point_off_the_middle_is_found(tmp_path):
    model = centred(synthetic(tmp_path / "d.db", shift=(18.0, -12.0)))
    freed = free_principal_points(model)
    assert np.abs(middle_of(freed) - [CX + 18, CY - 12]).max() < 2
    assert freed.compute_mean_reprojection_error() < model.compute_mean_reprojection_error()


def test_photos_without_a_place_do_not_stop_the_estimate(tmp_path):
    model = centred(synthetic(tmp_path / "d.db", shift=(18.0, -12.0), frames=12))
    left_out = max(model.reg_frame_ids())
    model.deregister_frame(left_out)
    freed = free_principal_points(model)
    assert freed.num_reg_images() == 11
    assert np.abs(middle_of(freed) - [CX + 18, CY - 12]).max() < 2


@pytest.mark.parametrize("case", ["in the middle", "few photos", "far out", "given"])
def test_a_principal_point_that_is_not_certain_stays_in_the_middle(tmp_path, case):
    shift = {"in the middle": (0.0, 0.0), "far out": (90.0, 0.0)}.get(case, (18.0, -12.0))
    model = centred(synthetic(tmp_path / "d.db", shift=shift, frames=4 if case == "few photos" else 10))
    freed = free_principal_points(model, constant=[1] if case == "given" else [])
    np.testing.assert_allclose(middle_of(freed), [CX, CY])


def test_intrinsics_that_are_given_do_not_move(tmp_path):
    model = synthetic(tmp_path / "d.db")
    camera = model.cameras[1]
    before = [FOCAL * 1.02, *camera.params[1:]]
    camera.params = before
    adjust(model, constant=[1])
    np.testing.assert_array_equal(camera.params, before)
    adjust(model)
    assert abs(camera.params[0] / FOCAL - 1) < 0.005


def test_a_wild_match_does_not_bend_a_robust_solution(tmp_path):
    model = synthetic(tmp_path / "d.db", noise=0.1)
    true = model.images[3].cam_from_world().matrix()
    rng = np.random.default_rng(0)
    image = model.images[3]
    seen = [i for i, point in enumerate(image.points2D) if point.has_point3D()]
    for i in rng.choice(seen, len(seen) // 5, replace=False):
        image.points2D[i].xy = image.points2D[i].xy + rng.normal(0, 60, 2)
    adjust(model, robust=True)
    np.testing.assert_allclose(model.images[3].cam_from_world().matrix(), true, atol=0.02)


def turn(model, number, degrees):
    """Turns one camera on the spot."""
    frame = model.frames[model.images[number].frame_id]
    angle = np.radians(degrees)
    rotation = pycolmap.Rotation3d(np.array([0.0, np.sin(angle / 2), 0.0, np.cos(angle / 2)]))
    frame.rig_from_world = pycolmap.Rigid3d(rotation, np.zeros(3)) * frame.rig_from_world


def test_a_photo_that_is_placed_wrongly_is_found_and_taken_out_alone(tmp_path):
    model = synthetic(tmp_path / "d.db")
    with pycolmap.Database.open(tmp_path / "d.db") as database:
        assert min(agreement(model, database).values()) > 0.95
        assert contradicted(model, database) == []
        turn(model, 4, 8)
        parts = agreement(model, database)
        assert min(parts, key=parts.get) == 4
        assert parts[4] < ENOUGH
        assert drop_inconsistent(model, database) == [4]
        assert model.num_reg_images() == 9
        assert drop_inconsistent(model, database) == []


def test_photos_without_matches_are_not_judged(tmp_path):
    model = synthetic(tmp_path / "d.db")
    with pycolmap.Database.open(tmp_path / "empty.db") as database:
        assert agreement(model, database) == {}
        assert drop_inconsistent(model, database) == []
    assert model.num_reg_images() == 10
