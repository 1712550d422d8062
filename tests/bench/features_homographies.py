"""The part of `bench_features` with known homographies: pictures never trained on, changed in several ways."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.features.cnn.geometry import Strength, random_homography, warped
from recon.features.cnn.measure import LIMITS, mean_figures, mutual_nearest, pair_figures
from recon.features.cnn.photometry import disturbed
from recon.features.extractor import Extractor
from recon.features.matching import match_descriptors
from tests.bench.support.tables import cell, table

SIZE = 480
KEYPOINTS = 1024
GENTLE = Strength(turn=15, octaves=0.3, tilt=0.3, perspective=0.15, shift=0.1)
CASES = {
    "viewpoint": (GENTLE.part(2.0), False),
    "light, blur, noise": (GENTLE.part(0.3), True),
    "both": (GENTLE.part(1.5), True),
    "turned to 45 degrees": (Strength(45, 0.1, 0.1, 0.05, 0.05), False),
    "scaled to 2x": (Strength(5, 1.0, 0.1, 0.05, 0.05), False),
}


def pairs(files: list[Path], strength: Strength, changed: bool) -> Iterator[tuple[list[NDArray[np.uint8]], NDArray[np.float64]]]:
    """Two pictures and the homography from the first to the second, for each file; always the same."""
    for i, file in enumerate(files):
        grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        rng = np.random.default_rng([11, i])
        change = random_homography(rng, SIZE, strength)
        start = np.eye(3)
        start[:2, 2] = (np.array(grey.shape[::-1]) - SIZE) / 2
        pictures = [warped(grey, start, SIZE), warped(grey, start @ change, SIZE)]
        if changed:
            pictures = [pictures[0], disturbed(pictures[1], rng) / np.float32(255)]
        yield [np.rint(p.clip(0, 1) * 255).astype(np.uint8) for p in pictures], np.linalg.inv(change)


def extractors(arguments: argparse.Namespace) -> dict[str, Extractor]:
    """SIFT and the learned features, with the same number of keypoints."""
    from recon.features.cnn.extractor import CnnExtractor
    from recon.features.sift import SiftExtractor
    from recon.learning.shelf import shipped

    weights = arguments.weights or (shipped("features") if "cnn" in arguments.features else Path())
    every: dict[str, Extractor] = {"sift": SiftExtractor(KEYPOINTS), "cnn": CnnExtractor(weights, KEYPOINTS, half=arguments.half)}
    return {name: every[name] for name in arguments.features}


MATCHERS = {
    "mutual NN": mutual_nearest,
    "ratio 0.8": match_descriptors,
    "ratio 0.9": partial(match_descriptors, ratio=0.9, max_distance=2.0),
}


def run_homographies(arguments: argparse.Namespace) -> list[str]:
    """Markdown lines of the table."""
    files = sorted((arguments.data / "images" / "test" / "kodak").iterdir())[: arguments.pictures]
    rows = []
    for case, (strength, changed) in CASES.items():
        if not any(part in case for part in arguments.only or [""]):
            continue
        for name, extractor in extractors(arguments).items():
            figures, seconds = _measured(extractor, files, strength, changed)
            rows += [[f"{case}: {name}, {words}", *_cells(found), cell(seconds, 3)] for words, found in figures.items()]
            print("\n".join(map(str, rows[-len(MATCHERS) :])), flush=True)
    header = ["case", *(f"MMA@{t}" for t in LIMITS), *(f"score@{t}" for t in LIMITS), *(f"repeat@{t}" for t in LIMITS), "matches", "s"]
    words = f"""\
## Homographies

{len(files)} Kodak pictures (never trained on), {SIZE} px, {KEYPOINTS} keypoints. MMA: part of the matches that are right to t pixels;
score: right matches over keypoints in the part that both show; repeat: keypoints found again; s: processor seconds a picture to extract."""
    return [words, "", *table(header, rows), ""]


def _measured(extractor: Extractor, files: list[Path], strength: Strength, changed: bool) -> tuple[dict[str, dict[str, float]], float]:
    """Figures for each matcher, and processor seconds a picture."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in MATCHERS}
    seconds = 0.0
    for pictures, matrix in pairs(files, strength, changed):
        start = time.process_time()
        first, second = (extractor.extract(np.repeat(p[..., None], 3, 2)) for p in pictures)
        seconds += time.process_time() - start
        for name, match in MATCHERS.items():
            rows[name].append(pair_figures(first, second, matrix, match)[0])
    return {name: mean_figures(found) for name, found in rows.items()}, seconds / (2 * len(files))


def _cells(figures: dict[str, float]) -> list[str]:
    names = [f"{what}@{t}" for what in ("mma", "score", "repeat") for t in LIMITS]
    return [*(cell(figures[name]) for name in names), cell(figures["matches"], 0)]
