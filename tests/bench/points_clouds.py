"""`bench points --clouds`: refinement of clouds that our own multi-view stereo makes of rendered scenes."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from recon.io.formats import read_cloud
from recon.metrics.clouds import nearest_distances
from recon.points.filters import pca_normals
from recon.points.methods import METHODS, refine_by
from recon.scene import PointCloud
from tests.bench.renders_part import GROUND_PHOTOS
from tests.bench.support.renders import DIAGONAL, MESHES, make_set
from tests.bench.support.runs import reconstruct
from tests.bench.support.tables import cell, table

WORDS = """\
Clouds of the rendered meshes as in `bench mvs` (classical depth, cameras given, a mask for each photograph). Precision and completeness at
0.25 % of the diagonal, outliers: share of points farther than 1 % of it from the true surface. Normals: median angle to the surface's at
the nearest true point, of points within 1 %; 'nothing' and the filters have those of a plane through 16 neighbours (PCA), the network its
own. Seconds are those of the whole cloud, on all cores."""
COLUMNS = ("P .25 %", "C .25 %", "outliers 1 %", "normals", "points", "s")


def run_clouds(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    names = [n for n in MESHES if not arguments.only or any(part in n for part in arguments.only)]
    found: dict[str, dict[str, list[float]]] = {}
    for name in names:
        cloud, surface = _cloud_and_truth(name, arguments)
        for way in ("nothing", *METHODS):
            begin = time.perf_counter()
            refined = cloud if way == "nothing" else refine_by(way, cloud, weights=arguments.weights)
            seconds = time.perf_counter() - begin
            found.setdefault(name, {})[way] = [*_score(refined, surface, way == "pointnet2"), float(len(refined)), seconds]
            print(name, way, [round(v, 4) for v in found[name][way]], flush=True)
    rows = [[f"{name}, {way}", *_cells(values)] for name, ways in found.items() for way, values in ways.items()]
    for way in ("nothing", *METHODS):
        columns = zip(*(ways[way] for ways in found.values()), strict=True)
        rows.append([f"**mean of {len(found)}, {way}**", *_cells([mean(column) for column in columns])])
    return ["## Clouds of our own multi-view stereo", "", WORDS, "", *table(["mesh, method", *COLUMNS], rows), ""]


def _cells(values: list[float]) -> list[str]:
    precision, completeness, outliers, angle, points, seconds = values
    return [cell(precision), cell(completeness), f"{outliers:.2%}", f"{angle:.1f}°", f"{points:.0f}", f"{seconds:.1f}"]


def _cloud_and_truth(name: str, arguments: argparse.Namespace) -> tuple[PointCloud, dict[str, Any]]:
    """The cloud as the pipeline leaves it (made if it is not there), and seen surface points with normals."""
    mesh, photos = arguments.data / "meshes_textured" / f"{name}.glb", sorted((arguments.data / GROUND_PHOTOS).glob("*.jpg"))
    files = make_set(mesh, photos[3 * list(MESHES).index(name) % len(photos)], arguments.out / "scenes" / f"{name}-18-800x600")
    project = Path(arguments.out) / "points" / name
    given = ["--cameras", str(files.cameras), "--cameras-use", "poses", "--masks", str(files.masks)]
    run = reconstruct(files.photos, project, *given, "--set=depth.method=classical", "--until", "cloud")
    truth = np.load(files.truth)["points"].astype(np.float32)
    return read_cloud(run.outputs / "cloud.ply"), {"points": truth, "normals": pca_normals(truth[::4], 12), "sparse": truth[::4]}


def _score(cloud: PointCloud, surface: dict[str, Any], own_normals: bool) -> list[float]:
    """Precision, completeness, outliers, and the normals' median error in degrees."""
    from scipy.spatial import cKDTree

    away, back = nearest_distances(cloud.points, surface["points"]), nearest_distances(surface["points"], cloud.points)
    near = away < 0.01 * DIAGONAL
    normals = cloud.normals if own_normals else pca_normals(cloud.points, 16)
    assert normals is not None
    truth = surface["normals"][cKDTree(surface["sparse"]).query(cloud.points[near], workers=-1)[1]]
    cosine = np.abs(np.einsum("nc,nc->n", normals[near], truth)).clip(max=1)
    limit = 0.0025 * DIAGONAL
    return [
        float((away <= limit).mean()),
        float((back <= limit).mean()),
        float((~near).mean()),
        float(np.degrees(np.median(np.arccos(cosine)))),
    ]
