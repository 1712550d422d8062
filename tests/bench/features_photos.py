"""The parts of `bench_features` with real photos: which cameras are found, how well and how fast."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.photos_part import BASELINE
from tests.bench.support.changed_photos import CHANGES, Change, make_changed, make_thinned
from tests.bench.support.photo_sets import sparse_facts
from tests.bench.support.renders import make_plain
from tests.bench.support.runs import measured, reconstruct, save_json, stage_seconds
from tests.bench.support.tables import cell, table

THINNED = ("fountain-P11", "skull", "lund")
PLAIN = ("doraemon_bowl", "suzanne", "spot", "stapler_1")
HEADER = (
    "run",
    "registered",
    "AUC@1",
    "AUC@3",
    "centre RMSE mm",
    "reproj. px",
    "points",
    "extract s/photo",
    "match s",
    "mapping s",
    "processor s",
)
WORDS = """\
## Cameras

Each run is one process of the command line up to the sparse model, {most}. AUC: area under the recall of
relative pose errors over all pairs, the larger of rotation and translation angle, photos that are not registered count as failures.
match s: all pairs, descriptors and geometric verification, second look included; mapping s: adjustment of learned keypoints included.
These are hardly comparable where other programs ran; processor s, of the whole run, are."""


Make = Callable[[Path, Path], Path | None]
"""Makes photographs from the folder of the data, in `images` of a folder; their cameras file, if they are known."""


@dataclass(frozen=True)
class Job:
    """One set of photographs."""

    part: str
    name: str
    make: Make


def _real(folder: str, step: int = 1, change: Change | None = None) -> Make:
    """Every `step`-th photo of a set, every second one changed."""

    def make(data: Path, target: Path) -> Path | None:
        photos, cameras = data / "photos" / folder / "images", data / "photos" / folder / "cameras.json"
        truth = cameras if cameras.is_file() else None
        return make_thinned(photos, truth, target, step) if change is None else make_changed(photos, truth, target, change)

    return make


def _plain_object(mesh: str) -> Make:
    """A mesh with little texture before nothing."""
    return lambda data, target: make_plain(data / "meshes_textured" / f"{mesh}.glb", target)


JOBS = (
    Job("fountain", "fountain-P11", _real("fountain-P11")),
    Job("temple", "templeSparseRing", _real("templeSparseRing")),
    *(Job("thinned", f"{name}, every {step}.", _real(name, step)) for name in THINNED for step in (2, 3)),
    *(Job("changed", f"fountain-P11, {change.name}", _real("fountain-P11", change=change)) for change in CHANGES),
    *(Job("plain", f"{mesh}, alone", _plain_object(mesh)) for mesh in PLAIN),
)


def run_photo_parts(parts: list[str], arguments: argparse.Namespace) -> tuple[list[str], int]:
    """Markdown lines and the number of failures."""
    rows, failures = [], 0
    for job in JOBS:
        if job.part not in parts or not any(part in job.name for part in arguments.only or [""]):
            continue
        kinds = [*arguments.features, *(["plain pycolmap"] if arguments.plain and job.part == "fountain" else [])]
        for kind in kinds:
            target = arguments.out / (arguments.label or "default") / f"{job.name} {kind}.json".replace(",", "").replace(" ", "_")
            if arguments.fresh or not target.is_file():
                try:
                    save_json(target, _one(job, kind, target.with_suffix(""), arguments))
                except Exception:
                    traceback.print_exc()
                    failures += 1
                    continue
            rows.append(_row(f"{job.name}: {kind}", json.loads(target.read_text())))
            print(rows[-1], flush=True)
    count = arguments.max_features
    most = f"at most {count} keypoints a photo" if count else "with the default number of keypoints"
    lines = [WORDS.format(most=most), "", *table(HEADER, rows), ""] if rows else []
    return lines, failures


def _one(job: Job, kind: str, project: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    photos = project.with_name(project.name + "_photos")
    shutil.rmtree(project, ignore_errors=True)
    shutil.rmtree(photos, ignore_errors=True)
    truth = job.make(arguments.data, photos)
    count = len(list((photos / "images").iterdir()))
    if kind == "plain pycolmap":
        return {"photos": count, **_plain(photos / "images", truth, project)}
    cameras = [] if truth is None else ["--cameras", str(truth), "--cameras-use", "intrinsics"]
    settings = [f"features.extractor={kind}"]
    if arguments.max_features:
        settings.append(f"features.max_features{'_learned' if kind == 'cnn' else ''}={arguments.max_features}")
    if kind == "cnn" and arguments.half:
        settings.append(f"features.half={arguments.half}")
    if kind == "cnn" and arguments.weights:
        settings.append(f"features.weights={arguments.weights.resolve()}")
    options = [*cameras, *(x for s in settings for x in ("--set", s)), *arguments.option]
    run = reconstruct(photos / "images", project, "--until", "sfm", *options)
    seconds = {name: stage_seconds(run.report, name) for name in ("features", "matches", "sfm")}
    return {
        "photos": count,
        "seconds": seconds,
        "total": run.seconds,
        "processor": run.cpu_seconds,
        **_facts(run.outputs / "sparse", truth),
    }


def _plain(photos: Path, cameras: Path | None, work: Path) -> dict[str, Any]:
    work.mkdir(parents=True)
    command = [sys.executable, "-c", BASELINE, str(photos), str(work), "" if cameras is None else str(cameras)]
    total, _ = measured(command, work.with_suffix(".log"))
    answer = json.loads((work / "answer.json").read_text())
    s = answer["seconds"]
    seconds = {"features": s["features"], "matches": s["matching"], "sfm": s["mapping"]}
    return {"seconds": seconds, "total": total, **_facts(Path(answer["model"]), cameras)}


def _facts(model: Path, truth: Path | None) -> dict[str, Any]:
    from recon.metrics.evaluate import camera_scores
    from recon.metrics.pose_files import read_colmap_poses, read_json_poses

    facts = sparse_facts(model, truth, 0.0 if truth is None else 1000.0)
    if truth is not None:
        facts["auc"] = camera_scores(read_colmap_poses(model), read_json_poses(truth))["auc"]
    return facts


def _row(name: str, r: dict[str, Any]) -> list[str]:
    auc = r.get("auc", {})
    cells = [cell(auc.get("1")), cell(auc.get("3")), cell(r.get("center_rmse_mm"), 2), cell(r.get("reprojection_px"))]
    s = r["seconds"]
    times = [cell(s["features"] / r["photos"], 2), cell(s["matches"], 1), cell(s["sfm"], 1)]
    return [name, f"{r['registered']}/{r['photos']}", *cells, cell(r.get("points3d")), *times, cell(r.get("processor"), 0)]
