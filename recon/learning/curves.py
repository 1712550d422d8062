"""Learning curves as a picture: one panel a figure, training and validation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recon.io.atomic import replacing

WIDTH, HEIGHT, COLUMNS = 460, 280, 3
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 44, 34
INK, GREY, GRID = (40, 40, 46), (120, 120, 128), (230, 230, 234)
COLORS = {"train": (46, 104, 178), "validation": (214, 104, 30)}
Points = list[tuple[float, float]]


@dataclass
class Panel:
    """One figure: its curves by kind ('train', 'validation'), points (step, value)."""

    name: str
    curves: dict[str, Points] = field(default_factory=dict)

    def values(self) -> list[float]:
        """All values shown."""
        return [value for points in self.curves.values() for _, value in points]


def draw_curves(log: Iterable[Mapping[str, Any]], path: Path, title: str) -> None:
    """Draws the lines of log.jsonl as a PNG.

    Args:
        log: Lines {"step", "train": {...}} and {"step", "validation": {...}}.
        path: The PNG.
        title: Stands above.

    Raises:
        ResourceError: The file cannot be written.
    """
    panels = collect(log)
    columns = min(COLUMNS, max(1, len(panels)))
    rows = -(-max(1, len(panels)) // columns)
    canvas = np.full((rows * HEIGHT + 40, columns * WIDTH, 3), 255, np.uint8)
    for i, panel in enumerate(panels):
        y, x = 40 + i // columns * HEIGHT, i % columns * WIDTH
        canvas[y : y + HEIGHT, x : x + WIDTH] = draw_panel(panel)
    picture = Image.fromarray(canvas)
    ImageDraw.Draw(picture).text((16, 10), title, fill=INK, font=ImageFont.load_default(20))
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")


def collect(log: Iterable[Mapping[str, Any]]) -> list[Panel]:
    """The panels of a log, 'loss' first, the learning rate last; values that are not numbers are left out."""
    panels: dict[str, Panel] = {}
    for line in log:
        for kind in COLORS:
            for name, value in (line.get(kind) or {}).items():
                if isinstance(value, int | float) and math.isfinite(value):
                    panels.setdefault(name, Panel(name)).curves.setdefault(kind, []).append((line["step"], float(value)))
    order = {"loss": 0, "gradient": 3, "rate": 4}
    return sorted(panels.values(), key=lambda panel: order.get(panel.name, 1 if "validation" in panel.curves else 2))


def draw_panel(panel: Panel) -> np.ndarray:
    """One panel, uint8 [HEIGHT, WIDTH, 3] RGB."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    logarithmic = wants_log(panel.values())
    low, high, ticks = y_axis(panel.values(), logarithmic)
    first, last = _steps(panel)
    scale = _Scale(first, last, low, high, logarithmic)
    draw = ImageDraw.Draw(picture)
    small, font = ImageFont.load_default(12), ImageFont.load_default(15)
    for tick, label in zip(ticks, labels(ticks), strict=True):
        y = scale.y(tick)
        draw.line((LEFT, y, WIDTH - RIGHT, y), fill=GRID)
        draw.text((LEFT - 6, y), label, fill=GREY, font=small, anchor="rm")
    steps = x_ticks(first, last)
    for tick, label in zip(steps, labels(steps), strict=True):
        draw.text((scale.x(tick), HEIGHT - BOTTOM + 7), label, fill=GREY, font=small, anchor="mt")
    draw.line((LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM), fill=GREY)
    draw.text((LEFT, 12), panel.name.replace("_", " "), fill=INK, font=font)
    x = WIDTH - RIGHT
    for kind in reversed([kind for kind in COLORS if kind in panel.curves]):
        label = f"{kind} {number(panel.curves[kind][-1][1])}"
        draw.text((x, 14), label, fill=COLORS[kind], font=small, anchor="ra")
        x -= int(small.getlength(label)) + 14
    canvas = np.array(picture)
    for kind, points in panel.curves.items():
        _draw_points(canvas, points, COLORS[kind], scale)
    return canvas


def _draw_points(canvas: np.ndarray, points: Points, color: tuple[int, int, int], scale: _Scale) -> None:
    """A curve; a long one pale, with its running mean over it. Few points are marked."""
    if len(points) > 40:
        pale = tuple(int(255 - 0.35 * (255 - part)) for part in color)
        _polyline(canvas, points, pale, 1, scale)
        points = smooth(points)
    _polyline(canvas, points, color, 2, scale)
    if len(points) <= 40:
        for step, value in points:
            at = (round(scale.x(step) * 16), round(scale.y(value) * 16))
            cv2.circle(canvas, at, 40, color, -1, cv2.LINE_AA, 4)


def _polyline(canvas: np.ndarray, points: Points, color: Sequence[int], width: int, scale: _Scale) -> None:
    places = np.array([(scale.x(step) * 16, scale.y(value) * 16) for step, value in points])
    cv2.polylines(canvas, [places.round().astype(np.int32)], False, tuple(color), width, cv2.LINE_AA, 4)


def smooth(points: Points) -> Points:
    """Running mean over a twentieth of the curve, centred."""
    radius = max(1, len(points) // 40)
    values = np.array([value for _, value in points])
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.minimum(np.arange(len(values)) + radius + 1, len(values))
    starts = np.maximum(np.arange(len(values)) - radius, 0)
    means = (sums[ends] - sums[starts]) / (ends - starts)
    return [(step, float(mean)) for (step, _), mean in zip(points, means, strict=True)]


@dataclass(frozen=True)
class _Scale:
    """Places of steps and values in a panel."""

    first: float
    last: float
    low: float
    high: float
    logarithmic: bool

    def x(self, step: float) -> float:
        return LEFT + (step - self.first) / max(1e-12, self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-300))
        part = min(1.02, max(-0.02, (value - low) / (high - low)))
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def wants_log(values: Sequence[float]) -> bool:
    """Whether the values are positive and spread over more than a factor of 12."""
    return bool(values) and min(values) > 0 and max(values) > 12 * min(values)


def y_axis(values: Sequence[float], logarithmic: bool) -> tuple[float, float, list[float]]:
    """Lowest and highest value shown, and the labelled ones between them."""
    low, high = min(values), max(values)
    if logarithmic:
        marks = [10.0**e * m for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for m in (1, 2, 5)]
        ticks = [mark for mark in marks if low / 1.05 <= mark <= high * 1.05]
        tens = [mark for mark in ticks if math.log10(mark) % 1 < 1e-9]
        return low / 1.1, high * 1.1, tens if len(ticks) > 6 and len(tens) > 1 else ticks
    if high - low < 1e-9 * max(1e-300, abs(high)):
        margin = abs(high) * 0.1 or 1.0
        return low - margin, high + margin, [low]
    step = nice((high - low) / 5)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, top, [bottom + i * step for i in range(round((top - bottom) / step) + 1)]


def x_ticks(first: float, last: float) -> list[float]:
    """Labelled steps."""
    step = max(1.0, nice((last - first) / 4))
    return [tick * step for tick in range(math.ceil(first / step), math.floor(last / step) + 1)]


def nice(value: float) -> float:
    """The 1, 2 or 5 times a power of ten that is not below `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if value <= m * power * (1 + 1e-9))


def labels(values: Sequence[float]) -> list[str]:
    """Labels of ticks, with as many digits as it takes to tell them apart."""
    for digits in range(3, 9):
        texts = [number(value, digits) for value in values]
        if len(set(texts)) == len(values):
            break
    return texts


def number(value: float, digits: int = 3) -> str:
    """A label: 12k, 0.25, 1e-05."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.{digits}g}M"
    if abs(value) >= 1e3:
        return f"{value / 1e3:.{digits}g}k"
    return f"{value:.{digits}g}" if abs(value) > 1e-12 else "0"


def _steps(panel: Panel) -> tuple[float, float]:
    """First and last step shown: from 0 on."""
    return 0.0, max(step for points in panel.curves.values() for step, _ in points) or 1.0
