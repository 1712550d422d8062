import numpy as np
import pytest

from recon.errors import InputError
from recon.inspection.pairs import NOT_COMPARED, Pair, PairFiles, PairTable, load_pairs, read_points
from tests.recon.inspection.made_up import features, matches, project

NAMES = ["a.jpg", "b ü.jpg", "c.jpg", "d.jpg"]


@pytest.fixture
def table(tmp_path):
    made, _ = project(tmp_path, NAMES)
    return load_pairs(made["features"], made["matches"])


def test_partners_come_best_first_and_those_nobody_tried_last():
    pairs = (Pair("a", "b", 50, 20, "calibrated"), Pair("a", "c", 90, 0, "none"), Pair("a", "d", 60, 40, "planar"))
    table = PairTable(("a", "b", "c", "d", "e"), pairs, {}, {})
    assert [(pair.other("a"), pair.verified, pair.compared) for pair in table.partners("a")] == [
        ("d", True, True),
        ("b", True, True),
        ("c", False, True),
        ("e", False, False),
    ]
    assert table.best("a").other("a") == "d"
    assert table.best("c").other("c") == "a", "of a photo without verified matches the nearest try is shown"
    assert table.best("e") is None


def test_a_watermark_is_no_verified_pair():
    assert not Pair("a", "b", 50, 40, "watermark").verified


def test_counts_are_symmetric_and_tell_failed_from_not_compared(table):
    counts = table.counts()
    assert counts.tolist() == [
        [NOT_COMPARED, 2, 0, NOT_COMPARED],
        [2, NOT_COMPARED, NOT_COMPARED, NOT_COMPARED],
        [0, NOT_COMPARED, NOT_COMPARED, NOT_COMPARED],
        [NOT_COMPARED] * 4,
    ]


def test_matches_of_the_second_look_refer_to_keypoints_of_tilted_views(table):
    points = read_points(table.files("a.jpg", "b ü.jpg"))
    left, right = points.ends(points.inliers)
    assert left.tolist() == [[10, 20], [50, 50]]
    assert right.tolist() == [[11, 20], [60, 10]]


def test_a_pair_can_be_looked_at_from_either_side(table):
    points = read_points(table.files("b ü.jpg", "a.jpg"))
    left, right = points.ends(points.inliers)
    assert left.tolist() == [[11, 20], [60, 10]]
    assert right.tolist() == [[10, 20], [50, 50]]


def test_photos_that_were_not_compared_have_no_files(table):
    with pytest.raises(InputError, match="not compared"):
        table.files("c.jpg", "d.jpg")


@pytest.mark.parametrize("index", [2, -1])
def test_matches_of_other_features_are_refused(tmp_path, index):
    one = features(tmp_path / "one.npz", [(1, 2), (3, 4)])
    files = PairFiles((one,), (one,), matches(tmp_path / "m.npz", [(0, index)], [], "none"))
    with pytest.raises(InputError, match="have changed"):
        read_points(files)


def test_an_empty_table_has_an_empty_matrix():
    assert PairTable((), (), {}, {}).counts().shape == (0, 0)
    assert np.array_equal(PairTable(("a",), (), {}, {}).counts(), [[NOT_COMPARED]])
