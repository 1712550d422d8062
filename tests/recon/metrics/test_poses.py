"""Pose errors against cases computed by hand."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.errors import ReconstructionError
from recon.metrics import camera_center_rmse, pair_errors, pose_auc
from recon.metrics.poses import align_centers, direction_angle, rotation_angle
from recon.scene import Rigid3, Sim3


def pose(center, rotvec=(0.0, 0.0, 0.0)):
    rotation = Rotation.from_rotvec(rotvec).as_matrix()
    return Rigid3(rotation, -rotation @ np.asarray(center, float))


TRUTH = {"a": pose((0, 0, 0)), "b": pose((1, 0, 0), (0, 0.1, 0)), "c": pose((0, 1, 0.5), (0.2, 0, 0)), "d": pose((1, 1, 1))}


def test_angles_between_rotations_and_directions():
    turn = Rotation.from_rotvec([0, 0, np.radians(30)]).as_matrix()
    assert rotation_angle(np.eye(3), turn) == pytest.approx(30)
    tiny = Rotation.from_rotvec([0, 0, np.radians(1e-5)]).as_matrix()
    assert rotation_angle(np.eye(3), tiny) == pytest.approx(1e-5, rel=1e-4)
    assert direction_angle(np.array([1.0, 0, 0]), np.array([0, 2.0, 0])) == pytest.approx(90)
    assert direction_angle(np.array([1.0, 0, 0]), np.array([-3.0, 0, 0])) == pytest.approx(180)


def test_another_world_frame_and_scale_is_no_error():
    moved = Sim3(Rotation.from_rotvec([1, 2, 3]).as_matrix(), np.array([4.0, 5, 6]), 0.3)
    estimated = {name: p.aligned(moved) for name, p in TRUTH.items()}
    assert pair_errors(estimated, TRUTH).max() < 1e-5
    assert pose_auc(estimated, TRUTH, [1.0])[1.0] == pytest.approx(1.0, abs=1e-5)
    assert camera_center_rmse(estimated, TRUTH) < 1e-12


def test_auc_of_one_turned_camera_is_the_area_computed_by_hand():
    # Camera b turned by 2 degrees: of the three pairs, (a,b) and (b,c) are wrong by 2 degrees or more, (a,c) is right. A turn of the second
    # camera of (a,b) turns the translation in its frame too, so the error of both is the turn: AUC@5 = (1 + 3/5 + 3/5) / 3.
    turn = Rigid3(Rotation.from_rotvec([0, 0, np.radians(2)]).as_matrix(), np.zeros(3))
    truth = {name: TRUTH[name] for name in "abc"}
    estimated = {**truth, "b": turn @ truth["b"]}
    np.testing.assert_allclose(np.sort(pair_errors(estimated, truth)), [0, 2, 2], atol=0.01)
    auc = pose_auc(estimated, truth, [1.0, 5.0])
    assert auc[5.0] == pytest.approx(2.2 / 3, abs=1e-3)
    assert auc[1.0] == pytest.approx(1 / 3, abs=1e-3)


def test_an_unregistered_photo_counts_as_failure_of_all_its_pairs():
    estimated = {name: TRUTH[name] for name in "abc"}
    assert pose_auc(estimated, TRUTH, [5.0])[5.0] == pytest.approx(0.5)  # 3 of 6 pairs


def test_translation_error_is_the_angle_between_directions():
    truth = {"a": pose((0, 0, 0)), "b": pose((1, 0, 0))}
    estimated = {"a": pose((0, 0, 0)), "b": pose((1, 1, 0))}
    assert pair_errors(estimated, truth) == pytest.approx([45.0])


def test_center_rmse_of_one_displaced_camera_agrees_with_the_residual_of_the_alignment():
    # A square of side 2 about 0 whose corners alternate z = +-0.1 in the estimate: neither scale nor turn can mend it, and the best scale
    # is sum(src * dst) / sum(src^2) = 8 / 8.04.
    corners = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0.0]])
    lifted = corners + np.array([[0, 0, 0.1], [0, 0, -0.1], [0, 0, 0.1], [0, 0, -0.1]])
    truth = {str(i): pose(c) for i, c in enumerate(corners)}
    estimated = {str(i): pose(c) for i, c in enumerate(lifted)}
    scale = 8 / 8.04
    expected = np.sqrt((4 * 2 * (1 - scale) ** 2 + 4 * (0.1 * scale) ** 2) / 4)
    assert camera_center_rmse(estimated, truth) == pytest.approx(expected)


def test_too_few_photos_are_refused_with_a_reason():
    with pytest.raises(ReconstructionError, match="three"):
        align_centers({"a": TRUTH["a"]}, TRUTH)
    with pytest.raises(ReconstructionError):
        pose_auc({}, {"a": TRUTH["a"]}, [1.0])
