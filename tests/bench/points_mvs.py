"""`bench points`: clouds of our own multi-view stereo, of rendered meshes that no network was trained on."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from statistics import mean
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from recon.io.formats import read_cloud
from recon.metrics import closest_on_mesh
from recon.points import filters
from recon.points.methods import METHODS, refine_by
from recon.scene import PointCloud, TriMesh
from recon.synth import load_textured_mesh
from tests.bench.renders_part import GROUND_PHOTOS
from tests.bench.support.renders import DIAGONAL, MESHES, Y_UP, make_set
from tests.bench.support.runs import reconstruct
from tests.bench.support.tables import cell, table

MEASURED = ("suzanne", "spot", "doraemon_bowl", "stapler_1", "mini_claw_hammer_1")
MOST = 30_000
"""Points of a cloud that are refined: the ones around a random one."""
_RIM = 0.95
"""The part of their ball that is measured: beyond it neighbours are missing."""
_SCORES = ("precision", "completeness", "outliers", "normals")
WORDS = """\
Dense clouds of 18 views 800x600 with masks, preset balanced (depth by 'hybrid'), as `bench mvs` makes them; of each the {most:,} points
around a random one. Precision: share of points within 0.25 % of the diagonal of the true surface; completeness: share of the surface that
two cameras see within 0.25 % of a point; outliers: share of points more than 1 % off; normals: median angle in degrees to the true ones,
by principal components of 16 neighbours, for 'pointnet2' the network's own. The threshold of the network was chosen on suzanne. The
normals that the depth maps leave in these clouds, which the stage 'refine' keeps, are {own:.1f} degrees off."""


class Case:
    """A part of a cloud and the surface that belongs to it."""

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        path = arguments.data / "meshes_textured" / f"{name}.glb"
        mesh = load_textured_mesh(path, diagonal=DIAGONAL, up="y" if name in Y_UP else "z")
        self.mesh = TriMesh(mesh.vertices, mesh.faces)
        corners = mesh.vertices[mesh.faces].astype(np.float64)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self.face_normals = normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-30)
        cloud = read_cloud(_cloud_file(name, path, arguments))
        self.seed = cloud.points[np.random.default_rng(crc32(name.encode())).integers(len(cloud))]
        away = self._away(cloud.points)
        part = np.sort(np.argsort(away)[:MOST])
        self.cloud, self.reach = cloud.select(part), _RIM * float(away[part].max())
        with np.load(_scene(name, arguments) / "truth.npz", allow_pickle=False) as data:
            seen = data["points"]
        self.seen = seen[self._away(seen) < self.reach][::2]

    def _away(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(np.linalg.norm(points - self.seed, axis=1))

    def score(self, cloud: PointCloud, normals: NDArray[np.floating]) -> list[float]:
        """The figures of `_SCORES`, shares in percent."""
        inside = self._away(cloud.points) < self.reach
        points = cloud.points[inside]
        found = closest_on_mesh(points, self.mesh)
        back = cKDTree(cloud.points).query(self.seen, distance_upper_bound=0.0025 * DIAGONAL)[0]
        near = found.distance < 0.01 * DIAGONAL
        cosine = np.abs((normals[inside] * self.face_normals[found.faces]).sum(1))[near].clip(0, 1)
        shares = [np.mean(found.distance < 0.0025 * DIAGONAL), np.mean(np.isfinite(back)), np.mean(~near)]
        return [*(100 * float(share) for share in shares), float(np.degrees(np.arccos(np.median(cosine))))]


def run_mvs(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    names = [n for n in MEASURED if not arguments.only or any(part in n for part in arguments.only)]
    ways = ("none", *METHODS)
    scores: dict[str, list[list[float]]] = {way: [] for way in ways}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    own = []
    for name in names:
        case = Case(name, arguments)
        assert case.cloud.normals is not None
        own.append(case.score(case.cloud, case.cloud.normals)[-1])
        for way in ways:
            begin = time.process_time()
            result = case.cloud if way == "none" else refine_by(way, case.cloud, weights=arguments.weights if way == "pointnet2" else "")
            seconds[way].append(time.process_time() - begin)
            normals = result.normals if way == "pointnet2" else filters.pca_normals(result.points)
            assert normals is not None
            scores[way].append(case.score(result, normals))
            print(name, way, " ".join(cell(value, 2) for value in scores[way][-1]), flush=True)
    rows = [[way, *(cell(mean(c), 2) for c in zip(*scores[way], strict=True)), f"{mean(seconds[way]):.1f}"] for way in ways]
    each = [
        [f"{name}, {way}", *(cell(value, 2) for value in scores[way][i])] for i, name in enumerate(names) for way in ("none", "pointnet2")
    ]
    return [
        "## Clouds of our own stereo",
        "",
        WORDS.format(most=MOST, own=mean(own)),
        "",
        *table(["method", *_SCORES, "processor s"], rows),
        "",
        *table(["mesh, method", *_SCORES], each),
        "",
    ]


def _scene(name: str, arguments: argparse.Namespace) -> Path:
    return Path(arguments.out / "scenes" / f"{name}-18-800x600")


def _cloud_file(name: str, mesh: Path, arguments: argparse.Namespace) -> Path:
    """The dense cloud of a rendered mesh; made when it is not there."""
    target = Path(arguments.out / "points" / f"{name}.ply")
    if not target.is_file():
        photos = sorted((arguments.data / GROUND_PHOTOS).glob("*.jpg"))
        files = make_set(mesh, photos[3 * list(MESHES).index(name) % len(photos)], _scene(name, arguments))
        project = target.with_suffix("")
        given = ["--cameras", str(files.cameras), "--cameras-use", "poses", "--masks", str(files.masks)]
        run = reconstruct(files.photos, project, *given, "--until", "cloud")
        shutil.copyfile(run.outputs / "cloud.ply", target)
    return target
