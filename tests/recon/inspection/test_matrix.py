import numpy as np
import pytest

from recon.inspection.legend import round_values
from recon.inspection.matrix import DARK, LIGHT, draw_matrix, label_step, matrix_colors, matrix_legend, scale_ends
from recon.inspection.pairs import NOT_COMPARED


def counts(number, seed=0):
    rng = np.random.default_rng(seed)
    result = np.triu(rng.integers(0, 900, (number, number)), 1).astype(np.int32)
    result += result.T
    np.fill_diagonal(result, NOT_COMPARED)
    return result


def test_more_matches_are_brighter_and_the_rest_has_colors_of_its_own():
    row = np.array([[NOT_COMPARED, 0, 20, 200, 2000]], np.int32)
    blank, failed, few, some, many = matrix_colors(row)[0].astype(int)
    assert blank.tolist() == list(DARK.blank)
    assert failed.tolist() == list(DARK.failed)
    assert few.sum() < some.sum() < many.sum()
    steps = np.array([few, some, many])
    assert (steps == [[26, 38, 74]]).all(axis=1).any(), "the fewest are at the dark end of the scale"


@pytest.mark.parametrize("number", [0, 1, 2, 16, 500])
def test_any_number_of_photos_fits_the_picture(number):
    matrix = counts(number)
    picture = draw_matrix(matrix, 640, LIGHT)
    assert picture.shape[0] == picture.shape[1] <= 700
    legend = matrix_legend(matrix, LIGHT)
    assert all(0 <= place <= 1 for place, _ in legend.ticks)


def test_a_cell_of_the_picture_has_the_color_of_its_pair():
    matrix = counts(10)
    picture, colors = draw_matrix(matrix, 640), matrix_colors(matrix)
    cell = (picture.shape[0] - 30) // 10
    for i, j in ((0, 9), (3, 4), (9, 2)):
        assert np.array_equal(picture[30 + i * cell + cell // 2, 30 + j * cell + cell // 2], colors[i, j])


def test_the_legend_ends_with_the_largest_count():
    legend = matrix_legend(np.array([[NOT_COMPARED, 37], [37, NOT_COMPARED]], np.int32))
    assert legend.ticks[-1] == (1.0, "37")
    assert legend.ticks[0] == (0.0, "20")
    assert [text for _, text in legend.swatches] == ["none verified", "not compared"]
    nothing = np.zeros((2, 2), np.int32)
    assert scale_ends(nothing) == (1, 10)
    assert matrix_colors(nothing)[0, 1].tolist() == list(DARK.failed)


def test_labels_have_room():
    assert label_step(16, 30) == 1
    assert label_step(60, 9) * 9 >= 24
    assert label_step(500, 1) <= 500


def test_round_values_are_round_and_inside():
    assert round_values(0.74, 1.83, 7) == [0.8, 1.0, 1.2, 1.4, 1.6, 1.8]
    assert round_values(3, 3) == [3]
    assert all(0.013 <= value <= 0.021 for value in round_values(0.013, 0.021))
