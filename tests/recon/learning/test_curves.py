"""Learning curves: a picture that shows what is in the log."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from recon.learning.curves import COLORS, collect, draw_curves, draw_panel, labels, nice, number, smooth, wants_log, x_ticks, y_axis

LOG = [{"step": step, "train": {"loss": 5 * math.exp(-step / 300) + 0.01, "rate": 1e-3, "gradient": 2.0}} for step in range(10, 1000, 10)]
LOG += [{"step": step, "validation": {"score": step / 1000, "loss": 1.0}} for step in (250, 500, 750)]


def test_the_picture_is_a_readable_png_with_curves(tmp_path) -> None:
    draw_curves(LOG, tmp_path / "curves.png", "features")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB"))
    for color in COLORS.values():
        assert (np.abs(pixels.astype(int) - color).sum(-1) < 12).sum() > 200
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


@pytest.mark.parametrize("log", [[], [{"step": 0, "train": {"loss": 1.0}}], [{"step": 5, "train": {"loss": None, "x": "?"}}]])
def test_logs_with_nothing_to_draw_still_give_a_picture(tmp_path, log) -> None:
    draw_curves(log, tmp_path / "curves.png", "features")
    Image.open(tmp_path / "curves.png").verify()


def test_loss_comes_first_then_what_is_validated_rate_last() -> None:
    assert [panel.name for panel in collect(LOG)] == ["loss", "score", "gradient", "rate"]
    assert set(collect(LOG)[0].curves) == {"train", "validation"}


def test_a_falling_curve_falls_in_the_picture() -> None:
    panel = collect([line for line in LOG if "train" in line])[0]
    pixels = draw_panel(panel).astype(int)[50:]  # below the label, which has the same colour
    rows, columns = np.nonzero(np.abs(pixels - COLORS["train"]).sum(-1) < 12)
    left, right = rows[columns < np.percentile(columns, 10)].mean(), rows[columns > np.percentile(columns, 90)].mean()
    assert left + 50 < right


def test_axis_is_logarithmic_for_positive_values_that_spread() -> None:
    assert wants_log([0.01, 1.0])
    assert not wants_log([0.5, 1.0])
    assert not wants_log([0.0, 100.0])
    low, high, ticks = y_axis([0.012, 3.0], True)
    assert (low < 0.012, high > 3.0, ticks) == (True, True, [0.1, 1.0])


@pytest.mark.parametrize("values", [[0.0, 1.0], [-3.2, -3.1], [5.0, 5.0], [0.0, 0.0], [1e-9, 2e9], [-1e-12, 1e-12]])
def test_linear_axis_holds_all_values(values) -> None:
    low, high, ticks = y_axis(values, False)
    assert low <= min(values) <= max(values) <= high
    assert low < high
    assert 1 <= len(ticks) <= 7


def test_labels_are_short() -> None:
    assert [number(value) for value in (0.0, 0.25, 1e-5, 500, 5000, 2.5e6, -0.5)] == ["0", "0.25", "1e-05", "500", "5k", "2.5M", "-0.5"]
    assert labels([0.72401, 0.72402, 0.72403]) == ["0.72401", "0.72402", "0.72403"], "ticks cannot be told apart"
    assert x_ticks(0, 20000) == [0, 5000, 10000, 15000, 20000]
    assert [nice(value) for value in (0.03, 1.0, 7.0, 0.0)] == pytest.approx([0.05, 1.0, 10.0, 1.0])


def test_running_mean_keeps_steps_and_level() -> None:
    points = [(float(step), 2.0) for step in range(100)]
    assert smooth(points) == points
    noisy = [(float(step), float(step % 2)) for step in range(400)]
    assert max(abs(value - 0.5) for _, value in smooth(noisy)) < 0.06
