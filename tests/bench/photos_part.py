"""The real photo sets of `bench_reconstruct`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.bench.support.machine import machine_lines
from tests.bench.support.photo_sets import CASES, Case, sparse_facts
from tests.bench.support.pictures import side_by_side
from tests.bench.support.runs import measured, reconstruct, save_json, stage_seconds
from tests.bench.support.tables import cell, table

RESULTS = Path(__file__).parent / "results"
BASELINE = """
import json, sys
from pathlib import Path
from tests.bench.support.photo_sets import plain_pycolmap
answer = plain_pycolmap(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3] else None)
Path(sys.argv[2], "answer.json").write_text(json.dumps(answer))
"""


def run_photos(arguments: argparse.Namespace) -> int:
    """Runs what is missing and writes the table; the number of failures."""
    chosen = [c for c in CASES if not arguments.only or any(part in c.name for part in arguments.only)]
    failures = 0
    for case in chosen:
        if not arguments.table_only:
            failures += _guarded(case.name, lambda case=case: _one(case, arguments), arguments)
            if case.scale and "--preset" not in case.options:
                failures += _guarded(case.name + " plain", lambda case=case: _baseline(case, arguments), arguments)
    text = _report(arguments)
    plain = not (arguments.label or arguments.option or arguments.only)
    target = (RESULTS if plain else arguments.out) / f"reconstruct_photos{arguments.label and '_' + arguments.label}.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(text)
    return failures


def _file(name: str, arguments: argparse.Namespace) -> Path:
    plain = name.replace(",", "").replace(" ", "_")
    return Path(arguments.out / "photos" / (arguments.label or "default") / f"{plain}.json")


def _guarded(name: str, work: Any, arguments: argparse.Namespace) -> int:
    target = _file(name, arguments)
    if target.is_file() and not arguments.fresh:
        return 0
    try:
        result = work()
    except Exception:
        traceback.print_exc()
        return 1
    save_json(target, result)
    print(f"{name}: {json.dumps(result)}", flush=True)
    return 0


def _one(case: Case, arguments: argparse.Namespace) -> dict[str, Any]:
    folder = arguments.data / "photos" / case.folder
    cameras, project = folder / "cameras.json", _file(case.name, arguments).with_suffix("")
    shutil.rmtree(project, ignore_errors=True)
    given = ["--cameras", str(cameras), "--cameras-use", case.cameras_use] if case.cameras_use else []
    preset = [] if "--preset" in case.options else ["--preset", arguments.preset]
    run = reconstruct(folder / "images", project, *given, *preset, *case.options, *arguments.option)
    result = {
        "photos": len(list((folder / "images").iterdir())),
        "seconds": run.seconds,
        "peak_gib": run.peak_gib,
        "depth_seconds": stage_seconds(run.report, "depth"),
        **sparse_facts(run.outputs / "sparse", cameras if case.scale else None, case.scale),
        **_sizes(run.outputs),
    }
    _pictures(run.outputs, folder / "images", project.with_suffix(".jpg"))
    return result


def _baseline(case: Case, arguments: argparse.Namespace) -> dict[str, Any]:
    folder = arguments.data / "photos" / case.folder
    cameras, work = folder / "cameras.json", _file(case.name + " plain", arguments).with_suffix("")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    given = str(cameras) if case.cameras_use else ""
    command = [sys.executable, "-c", BASELINE, str(folder / "images"), str(work), given]
    seconds, peak = measured(command, work.with_suffix(".log"))
    answer = json.loads((work / "answer.json").read_text())
    facts = sparse_facts(Path(answer["model"]), cameras, case.scale)
    return {"photos": len(list((folder / "images").iterdir())), "seconds": seconds, "peak_gib": peak, "parts": answer["seconds"], **facts}


def _sizes(outputs: Path) -> dict[str, Any]:
    from recon.io.formats import read_cloud, read_mesh

    return {"cloud_points": len(read_cloud(outputs / "cloud.ply")), "mesh_faces": len(read_mesh(outputs / "mesh.ply").faces)}


def _pictures(outputs: Path, photos: Path, path: Path) -> None:
    """From the first and the middle registered photo, at most 800 pixels wide."""
    import pycolmap

    from recon.scene import Camera, Rigid3

    model = pycolmap.Reconstruction(str(outputs / "sparse"))
    images = sorted((i for i in model.images.values() if i.has_pose), key=lambda i: i.name)
    views = []
    for image in (images[0], images[len(images) // 2]):
        camera, matrix = model.cameras[image.camera_id], image.cam_from_world().matrix()
        focal = float(camera.mean_focal_length())
        pinhole = Camera(camera.width, camera.height, focal, focal, camera.principal_point_x - 0.5, camera.principal_point_y - 0.5)
        scale = min(800 / camera.width, 1.0)
        views.append((pinhole.scaled(round(camera.width * scale), round(camera.height * scale)), Rigid3(matrix[:, :3], matrix[:, 3])))
    size = (views[0][0].width, views[0][0].height)
    views = [view for view in views if (view[0].width, view[0].height) == size]
    side_by_side(photos / images[0].name, outputs, views, path)


WORDS = """\
Preset {preset} unless named. Each run is one process of the command line, from photographs to mesh. Plain pycolmap is its own
extract_features, match_exhaustive and incremental_mapping with default options (K given: fixed), cameras only, same machine and
session. Centre RMSE after similarity alignment; AUC@1: area under the recall of relative pose errors up to 1 degree over all
pairs, the larger of rotation and translation angle, photos that are not registered count as failures."""
HEADER = ("run", "registered", "centre RMSE mm", "AUC@1", "reproj. px", "sparse", "points", "faces", "depth s", "total s", "peak GiB")


def _report(arguments: argparse.Namespace) -> str:
    rows = []
    for case in CASES:
        for name, shown in ((case.name, case.name), (case.name + " plain", "plain pycolmap: " + case.name)):
            path = _file(name, arguments)
            if path.is_file():
                rows.append(_row(shown, json.loads(path.read_text())))
    lines = ["# Photo sets", "", *machine_lines(), ""]
    lines += [WORDS.format(preset=arguments.preset), ""]
    return "\n".join([*lines, *table(HEADER, rows), ""])


def _row(name: str, r: dict[str, Any]) -> list[str]:
    numbers = [cell(r.get(key), digits) for key, digits in (("center_rmse_mm", 2), ("auc1", 3), ("reprojection_px", 3))]
    counts = [cell(r.get(key)) for key in ("points3d", "cloud_points", "mesh_faces")]
    times = [cell(r.get(key), digits) for key, digits in (("depth_seconds", 0), ("seconds", 0), ("peak_gib", 2))]
    return [name, f"{r['registered']}/{r['photos']}", *numbers, *counts, *times]
