"""`bench points`: clouds of our own multi-view stereo, of rendered meshes that no network was trained on."""

from __future__ import annotations

import argparse
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
from recon.points.stage import sights
from recon.points.views import confirmed
from recon.project import Project
from recon.scene import TriMesh
from recon.sfm import load_views
from recon.synth import load_textured_mesh
from tests.bench.renders_part import GROUND_PHOTOS
from tests.bench.support.renders import DIAGONAL, MESHES, Y_UP, make_set
from tests.bench.support.runs import reconstruct
from tests.bench.support.tables import cell, table

MEASURED = ("suzanne", "spot", "doraemon_bowl", "stapler_1", "mini_claw_hammer_1")
WAYS = {
    "none": (False, ""),
    "views": (True, ""),
    **{method: (False, method) for method in METHODS},
    "views, pointnet2": (True, "pointnet2"),
}
"""Whether the views are asked first, and the method that follows."""
MOST = 30_000
"""Points of the parts: the ones around a random one."""
_RIM = 0.95
"""What is measured of their ball: beyond it neighbours are missing."""
_SURFACE = 50_000
_SCORES = ("precision", "completeness", "outliers", "normals")
WORDS = """\
Dense clouds of 18 views 800x600 with masks, preset balanced (depth by 'hybrid'), as `bench mvs` makes them. Precision: share of points
within 0.25 % of the diagonal of the true surface; completeness: share of the surface that two cameras see within 0.25 % of a point;
outliers: share of points more than 1 % off; normals: median angle in degrees to the true ones, for 'none' and the filters by principal
components of 16 neighbours, for 'pointnet2' the network's own, with 'views' those of the depth maps. 'views' is what the stage 'refine'
does first, and by default all it does: a point stays when at least two depth maps confirm it, and more than see through it. Nothing was
trained for that; its settings were chosen on avocado, correction_fluid and remote_controller_1, and on suzanne, spot and stapler_1."""
OF_PARTS = """\
The same of the {most:,} points around a random one of each cloud, by all methods; 'views, pointnet2' is the stage in the preset learned."""


class Case:
    """A cloud and the surface that belongs to it."""

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        path = arguments.data / "meshes_textured" / f"{name}.glb"
        mesh = load_textured_mesh(path, diagonal=DIAGONAL, up="y" if name in Y_UP else "z")
        self.name, self.mesh = name, TriMesh(mesh.vertices, mesh.faces)
        corners = mesh.vertices[mesh.faces].astype(np.float64)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self.face_normals = normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-30)
        project = _project(name, path, arguments)
        undistorted, fused = project.artifact("undistort"), project.artifact("cloud")
        assert undistorted is not None
        assert fused is not None
        scene, _, masks = load_views(undistorted)
        self.cloud = read_cloud(fused.path / "cloud.ply")
        begin = time.process_time()
        self.confirmed = confirmed(self.cloud, *sights(scene, fused.items, masks))
        self.seconds = time.process_time() - begin
        with np.load(_scene(name, arguments) / "truth.npz", allow_pickle=False) as data:
            self.seen = data["points"]
        self.middle, self.reach = np.zeros(3, np.float32), np.inf

    def keep_part(self) -> None:
        """Only a part is looked at from now on."""
        self.middle = self.cloud.points[np.random.default_rng(crc32(self.name.encode())).integers(len(self.cloud))]
        away = self._away(self.cloud.points)
        part = np.sort(np.argsort(away)[:MOST])
        self.cloud, self.confirmed, self.reach = self.cloud.select(part), self.confirmed[part], _RIM * float(away[part].max())

    def _away(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(np.linalg.norm(points - self.middle, axis=1))

    def score(self, way: str, weights: str = "") -> tuple[list[float], float]:
        """The figures of `_SCORES`, shares in percent, and processor seconds without asking the views."""
        views, method = WAYS[way]
        cloud, begin = self.cloud.select(self.confirmed) if views else self.cloud, time.process_time()
        if method:
            cloud = refine_by(method, cloud, weights=weights if method == "pointnet2" else "", keep_normals=views)
        seconds = time.process_time() - begin
        own = views or method == "pointnet2"
        normals = cloud.normals if own else filters.pca_normals(cloud.points)
        assert normals is not None
        inside = self._away(cloud.points) < self.reach
        found = closest_on_mesh(cloud.points[inside], self.mesh)
        seen = self.seen[self._away(self.seen) < self.reach]
        back = cKDTree(cloud.points).query(seen[:: max(1, len(seen) // _SURFACE)], distance_upper_bound=0.0025 * DIAGONAL)[0]
        near = found.distance < 0.01 * DIAGONAL
        cosine = np.abs((normals[inside] * self.face_normals[found.faces]).sum(1))[near].clip(0, 1)
        shares = [np.mean(found.distance < 0.0025 * DIAGONAL), np.mean(np.isfinite(back)), np.mean(~near)]
        return [*(100 * float(share) for share in shares), float(np.degrees(np.arccos(np.median(cosine))))], seconds


def run_mvs(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    names = [n for n in MEASURED if not arguments.only or any(part in n for part in arguments.only)]
    whole: dict[str, list[list[float]]] = {way: [] for way in ("none", "views")}
    parts: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for name in names:
        case = Case(name, arguments)
        for way, scores in whole.items():
            scores.append([*case.score(way)[0], case.seconds if way == "views" else 0.0])
            print(name, way, " ".join(cell(value, 2) for value in scores[-1]), flush=True)
        case.keep_part()
        for way, scores in parts.items():
            found, seconds = case.score(way, arguments.weights)
            scores.append([*found, seconds])
            print(name, "part", way, " ".join(cell(value, 2) for value in scores[-1]), flush=True)
    header = [*_SCORES, "processor s"]
    each = [_row(f"{name}, {way}", scores[i]) for i, name in enumerate(names) for way, scores in whole.items()]
    lines = ["## Clouds of our own stereo", "", WORDS, "", *table(["mesh, method", *header], [*each, *_means(whole)]), ""]
    return [*lines, OF_PARTS.format(most=MOST), "", *table(["method", *header], _means(parts)), ""]


def _row(name: str, scores: list[float]) -> list[str]:
    return [name, *(cell(value, 2) for value in scores[:-1]), cell(scores[-1], 1)]


def _means(scores: dict[str, list[list[float]]]) -> list[list[str]]:
    return [_row(f"**mean**, {way}", [mean(column) for column in zip(*rows, strict=True)]) for way, rows in scores.items()]


def _scene(name: str, arguments: argparse.Namespace) -> Path:
    return Path(arguments.out / "scenes" / f"{name}-18-800x600")


def _project(name: str, mesh: Path, arguments: argparse.Namespace) -> Project:
    """The reconstruction of a rendered mesh as far as its cloud; made when it is not there."""
    folder = Path(arguments.out / "points" / name)
    if not (folder / "outputs" / "cloud.ply").is_file():
        photos = sorted((arguments.data / GROUND_PHOTOS).glob("*.jpg"))
        files = make_set(mesh, photos[3 * list(MESHES).index(name) % len(photos)], _scene(name, arguments))
        given = ["--cameras", str(files.cameras), "--cameras-use", "poses", "--masks", str(files.masks)]
        reconstruct(files.photos, folder, *given, "--until", "cloud")
    return Project.open(folder)
