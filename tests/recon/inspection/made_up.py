"""Results of stages that nobody computed: photos, features, matches and depth of a few made-up views."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from recon.features.extractor import Features
from recon.features.matches_npz import PairMatches, write_matches
from recon.features.npz import write_features
from recon.features.second_look import pair_item, views_item
from recon.io.depth_npz import write_depth
from recon.io.ply import write_ply_cloud
from recon.io.scene_npz import write_scene
from recon.pipeline.stage import Artifact
from recon.scene import Camera, DepthMap, PointCloud, Rigid3, Scene, SparsePoints, View

SIZE = (80, 60)


def features(path: Path, points: list[tuple[float, float]]) -> Path:
    """Features at these places."""
    keypoints = np.array([(x, y, 1, 0) for x, y in points], np.float32).reshape(-1, 4)
    write_features(Features(keypoints, np.zeros((len(points), 4), np.float32), SIZE), path)
    return path


def matches(path: Path, raw: list[tuple[int, int]], inliers: list[tuple[int, int]], kind: str) -> Path:
    """Matches of a pair."""
    write_matches(PairMatches(np.array(raw, np.int32).reshape(-1, 2), np.array(inliers, np.int32).reshape(-1, 2), kind), path)
    return path


def artifact(stage: str, folder: Path, items: dict[str, Path], digest: str = "d") -> Artifact:
    """An artifact with these items."""
    folder.mkdir(parents=True, exist_ok=True)
    return Artifact(stage, folder, digest, items, dict.fromkeys(items, "k"))


def depth_map(seed: int = 0) -> DepthMap:
    """A slope from depth 1 to 4 with a hole, all known of it."""
    depth = np.linspace(1, 4, SIZE[0], dtype=np.float32)[None].repeat(SIZE[1], 0)
    depth[:10, :10] = 0
    normal = np.zeros((*depth.shape, 3), np.float32)
    normal[..., 2] = -1
    views = np.random.default_rng(seed).integers(1, 6, depth.shape).astype(np.uint8)
    return DepthMap(depth, np.full(depth.shape, 0.5, np.float32), normal, views)


def project(folder: Path, names: list[str]) -> tuple[dict[str, Artifact], dict[str, Path]]:
    """Artifacts and photos: the first two photos have verified matches (the pair was looked at twice), the third has none."""
    folder.mkdir(parents=True, exist_ok=True)
    photos, small, found, pictures, raw, good = {}, {}, {}, {}, {}, {}
    for number, name in enumerate(names):
        photos[name] = folder / f"photo{number}.png"
        Image.new("RGB", SIZE, (40 * number, 90, 120)).save(photos[name])
        small[name] = pictures[name] = photos[name]
        found[name] = features(folder / f"f{number}.npz", [(10 + number, 20), (30, 40), (70, 5)])
        raw[name], good[name] = folder / f"raw{number}.npz", folder / f"good{number}.npz"
        write_depth(depth_map(), raw[name])
        write_depth(depth_map(number), good[name])
    a, b, c = names[:3]
    again = pair_item((a, b), again=True)
    items = {
        views_item(a): features(folder / "va.npz", [(50, 50)]),
        views_item(b): features(folder / "vb.npz", [(60, 10)]),
        again: matches(folder / "ab.npz", [(0, 0), (1, 1), (2, 2), (3, 3)], [(0, 0), (3, 3)], "calibrated"),
        pair_item((a, c)): matches(folder / "ac.npz", [(0, 1)], [], "none"),
    }
    rows = [
        {"a": a, "b": b, "item": again, "raw": 4, "inliers": 2, "kind": "calibrated"},
        {"a": a, "b": c, "item": pair_item((a, c)), "raw": 1, "inliers": 0, "kind": "none"},
    ]
    made = {
        "photos": artifact("photos", folder / "photos", small),
        "features": artifact("features", folder / "features", found),
        "matches": artifact("matches", folder / "matches", items),
        "undistort": artifact("undistort", folder / "undistort", pictures),
        "depth": artifact("depth", folder / "depth", raw),
        "cloud": artifact("cloud", folder / "cloud", good),
    }
    (folder / "matches" / "pairs.json").write_text(json.dumps(rows), encoding="utf-8")
    write_scene(scene(names), folder / "undistort" / "scene.npz")
    write_ply_cloud(PointCloud(np.random.default_rng(0).random((50, 3))), folder / "cloud" / "cloud.ply")
    return made, photos


def scene(names: list[str]) -> Scene:
    """Views beside each other with three sparse points."""
    camera = Camera(*SIZE, 60.0, 60.0, (SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2)
    views = tuple(View(name, camera, Rigid3(np.eye(3), np.array([0.1 * i, 0, 2]))) for i, name in enumerate(names))
    none = np.zeros(0, np.int32)
    return Scene(views, SparsePoints(np.eye(3), np.ones((3, 3)), np.array([0.2, 0.4, 1.5]), none, none))
