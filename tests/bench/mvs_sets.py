"""`bench mvs --sets`: what the parts of the network are worth, and its reliability diagram, on validation view sets."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from recon.mvs.cnn.baseline import classical_inverse_depth
from recon.mvs.cnn.examples import assemble, nearest
from recon.mvs.cnn.features import FeaturePyramid
from recon.mvs.cnn.inference import load_network
from recon.mvs.cnn.losses import RIGHT, shares
from recon.mvs.cnn.network import MvsNetwork
from recon.mvs.cnn.task import MvsTask, calibration_error, rays_of, run
from recon.mvs.warp import pixels_per_inverse_depth
from tests.bench.support.tables import cell, table

COUNT = 24
_USUAL = 4
WORDS = """\
{count} validation view sets (never trained on, and none of the meshes above), the first view of each with its nearest others as
sources. Shares of pixels whose error is below one and two pixels of parallax (mean over four sources), and the mean error cut at ten
pixels. Parts are
switched off in the trained network, so a part that the others have come to rely on looks dearer than in a network trained without it."""


@dataclass(frozen=True)
class _Case:
    """A way to compute depth: network (None = classical) and number of sources."""

    network: MvsNetwork | None
    sources: int = _USUAL


def run_sets(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    network = load_network(str(arguments.weights or ""))
    sets = MvsTask(arguments.training).sets("validation")
    count = min(COUNT, len(sets))
    cases = {
        "classical (ZNCC, semi-global, guided by the sources)": _Case(None),
        "network": _Case(network),
        "view weights off": _Case(_changed(network, _even_weights)),
        "refinement off": _Case(_changed(network, _no_refinement)),
        "window correlation instead of learned features": _Case(_changed(network, _window_features)),
        "untrained": _Case(_untrained()),
        "2 sources": _Case(network, 2),
        "5 sources": _Case(network, 5),
    }
    rows, sure, right = [], [], []
    for name, case in cases.items():
        errors = []
        for i in range(count):
            error, confidence = _errors(sets[i], case)
            errors.append(error)
            if name == "network" and confidence is not None:
                sure.append(confidence)
                right.append(error < RIGHT)
        rows.append([name, *(cell(v) for v in shares(errors).values())])
        print(*rows[-1], flush=True)
    said, true = torch.cat(sure), torch.cat(right)
    diagram = arguments.out / "mvs_reliability.png"
    diagram.parent.mkdir(parents=True, exist_ok=True)
    bins = _bins(said, true)
    cv2.imwrite(str(diagram), _diagram(bins))
    lines = ["## Parts of the network", "", WORDS.format(count=count), ""]
    lines += [*table(("", "within 1 px", "within 2 px", "mean error px"), rows), ""]
    lines += ["## Confidence", "", "Share of pixels right to one pixel of parallax, by the confidence stated for them;"]
    lines += [f"mean distance between both {calibration_error(said, true):.3f} (expected calibration error).", ""]
    return [*lines, *table(("stated", "share of pixels", "right"), [[cell(v) for v in b] for b in bins]), ""]


@torch.no_grad()
def _errors(views: Any, case: _Case) -> tuple[Tensor, Tensor | None]:
    """Errors in pixels of parallax and confidence of the known pixels of a set's first view."""
    chosen = [0, *nearest(views, 0)[: case.sources]]
    batch = MvsTask(None).collate([assemble(views, chosen)])
    truth = batch["inverse_depth"][0]
    known = truth * float(batch["far"][0]) * 1.2 > 1
    usual = MvsTask(None).collate([assemble(views, [0, *nearest(views, 0)[:_USUAL]])])  # one yardstick for any number of sources
    speed = pixels_per_inverse_depth(rays_of(usual)[0], truth)
    if case.network is None:
        return ((classical_inverse_depth(views, chosen) - truth).abs() * speed)[known], None
    result = run(case.network, batch)
    return ((result.inverse_depth[0] - truth).abs() * speed)[known], result.confidence.sigmoid()[0][known]


def _changed(network: MvsNetwork, change: Callable[[MvsNetwork], None]) -> MvsNetwork:
    other = copy.deepcopy(network)
    change(other)
    return other


def _even_weights(network: MvsNetwork) -> None:
    for gather in network.gather:
        gather.learned_weights = False


def _no_refinement(network: MvsNetwork) -> None:
    network.refinement = False


def _window_features(network: MvsNetwork) -> None:
    """Windows of cosines as they were before training, and nothing learned added to them."""
    fresh = FeaturePyramid()
    network.pyramid.windows.load_state_dict(fresh.windows.state_dict())
    for layer in network.pyramid.learned:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


def _untrained() -> MvsNetwork:
    torch.manual_seed(0)
    return MvsNetwork().eval()


def _bins(said: Tensor, true: Tensor, count: int = 10) -> list[tuple[float, float, float]]:
    """Mean confidence, share of pixels and share of right ones, for each bin that has any."""
    place = (said * count).long().clamp_max(count - 1)
    found = [(said[place == i], true[place == i].float()) for i in range(count)]
    return [(float(s.mean()), len(s) / len(said), float(t.mean())) for s, t in found if len(s)]


def _diagram(bins: list[tuple[float, float, float]], side: int = 400, margin: int = 50) -> np.ndarray:
    """Stated against true share; the area of a dot is the share of pixels."""
    picture = np.full((side + 2 * margin, side + 2 * margin, 3), 255, np.uint8)

    def at(x: float, y: float) -> tuple[int, int]:
        return margin + round(x * side), margin + round((1 - y) * side)

    for i in range(11):
        cv2.line(picture, at(i / 10, 0), at(i / 10, 1), (230, 230, 230), 1, cv2.LINE_AA)
        cv2.line(picture, at(0, i / 10), at(1, i / 10), (230, 230, 230), 1, cv2.LINE_AA)
    cv2.line(picture, at(0, 0), at(1, 1), (160, 160, 160), 2, cv2.LINE_AA)
    for said, share, true in bins:
        cv2.circle(picture, at(said, true), max(3, round(60 * share**0.5)), (180, 110, 40), -1, cv2.LINE_AA)
    cv2.putText(picture, "stated confidence", (margin + 120, side + margin + 32), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1, cv2.LINE_AA)
    cv2.putText(picture, "share right to 1 px", (margin, margin - 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1, cv2.LINE_AA)
    return picture
