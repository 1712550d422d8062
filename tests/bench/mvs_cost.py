"""`bench mvs --cost`: time and peak memory of a view against pixels and sources, each in a process of its own with one thread."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench.support.tables import cell, table

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("classical", "hybrid", "cnn")
SIZES = ((400, 300), (800, 600), (1200, 900), (1600, 1200))
SOURCES = (1, 2, 4, 8)
WORDS = """\
Processor seconds of one thread for the features of a picture (once a picture) and for the depth of a view, of random textured planes;
the peak is that of the whole process."""
COUNTED = """\
Counted for a view of 1600x1200 with four sources by the network alone, the features of all five pictures included (in a reconstruction
each picture's are computed once): {gflop:.0f} GFLOP in convolutions, {gib:.1f} GiB read and written when every operation runs on its own
in single precision. A GPU with 2 TB/s of memory and 100 TFLOP/s would need at least {seconds:.3f} s for that, {rate:.0f} views a second
at most; an estimate, not a measurement. Half the bytes (bf16) would double it."""


def run_cost(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    weights = str(arguments.weights or "")
    cases = [(*size, 4) for size in SIZES] + [(800, 600, count) for count in SOURCES if count != 4]
    rows, drawn = [], []
    for width, height, count in sorted(cases, key=lambda c: (c[2] != 4, c)):
        for method in METHODS:
            found = _child(method, width, height, count, weights)
            megapixels = width * height / 1e6
            total = found["features"] + found["depth"]
            rows.append([f"{width}x{height}", count, method, found["features"], found["depth"], total / megapixels, found["peak"]])
            drawn.append((method, megapixels, count, total))
            print(*rows[-1], flush=True)
    picture = arguments.out / "mvs_cost.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(picture), _plot(drawn))
    head = ("picture", "sources", "method", "features s", "depth s", "s/megapixel", "peak GiB")
    lines = ["## Cost", "", WORDS, "", *table(head, [[str(v) if isinstance(v, str | int) else cell(v) for v in row] for row in rows]), ""]
    counted = _child("cnn", 1600, 1200, 4, weights, "--count")
    seconds = max(counted["bytes"] / 2e12, counted["flops"] / 1e14)
    words = COUNTED.format(gflop=counted["flops"] / 1e9, gib=counted["bytes"] / 2**30, seconds=seconds, rate=1 / seconds)
    return [*lines, words, ""]


def _child(method: str, width: int, height: int, count: int, weights: str, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.mvs_view_cost", method, str(width), str(height), str(count), weights, *more]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(answer.stdout))


def _plot(drawn: list[tuple[str, float, int, float]], side: int = 320, margin: int = 60) -> np.ndarray:
    """Seconds against megapixels (four sources) and against sources (800x600), side by side, both axes from 0."""
    by_pixels = [(m, x, y) for m, x, count, y in drawn if count == 4]
    by_sources = [(m, float(count), y) for m, x, count, y in drawn if x == 0.48]
    parts = [_axes(by_pixels, "megapixels, 4 sources", side, margin), _axes(by_sources, "sources, 800x600", side, margin)]
    return np.concatenate(parts, 1)


def _axes(points: list[tuple[str, float, float]], words: str, side: int, margin: int) -> np.ndarray:
    picture = np.full((side + 2 * margin, side + 2 * margin, 3), 255, np.uint8)
    right, top = max(x for _, x, _ in points), max(y for _, _, y in points)

    def at(x: float, y: float) -> tuple[int, int]:
        return margin + round(x / right * side), margin + round((1 - y / top) * side)

    def write(text: str, place: tuple[int, int], colour: tuple[int, int, int] = (60, 60, 60)) -> None:
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)

    cv2.rectangle(picture, at(0, top), at(right, 0), (200, 200, 200), 1)
    write("processor seconds", (margin, margin - 30))
    write(f"{top:.1f}", (8, margin + 8))
    write(words, (margin + side // 4, side + margin + 36))
    write(f"{right:g}", (side + margin - 10, side + margin + 18))
    for i, (method, colour) in enumerate(zip(METHODS, ((60, 60, 200), (180, 110, 40), (60, 150, 60)), strict=True)):
        line = sorted((x, y) for m, x, y in points if m == method)
        places = np.array([at(x, y) for x, y in line], np.int32)
        cv2.polylines(picture, [places], False, colour, 2, cv2.LINE_AA)
        for place in places:
            cv2.circle(picture, tuple(int(v) for v in place), 4, colour, -1, cv2.LINE_AA)
        write(method, (margin + 12, margin + 22 + 18 * i), colour)
    return picture
