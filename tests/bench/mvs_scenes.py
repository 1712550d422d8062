"""`bench mvs`: depth and cloud of the rendered meshes by each method, from the same cameras and sparse points."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean
from typing import Any

from tests.bench.renders_part import GROUND_PHOTOS
from tests.bench.support.renders import DIAGONAL, MESHES, make_set
from tests.bench.support.runs import reconstruct, save_json, stage_seconds
from tests.bench.support.score import score_outputs
from tests.bench.support.tables import cell, table

WORDS = """\
{views} views {size} of each rendered mesh as in `bench reconstruct`, cameras given, a mask for each photograph, preset {preset}; all
methods start from the same sparse points, in a process of their own. F, precision and recall of the cloud at 0.25 % and 0.5 % of the
diagonal. Seconds a view are those of the stage 'depth' on all cores (hardly comparable where other programs ran), processor seconds those
of all threads of the process that makes the depth maps, its start included; the peak is that of the process. 'hybrid', the default: the
network down to half size; there what correlation finds in front of it, one round of correlation, and another and a half at full size."""
HEADER = ("mesh", "method", "F .25 %", "F .5 %", "P .5 %", "R .5 %", "acc.", "compl.", "depth s/view", "CPU s/view", "peak GiB")


def run_scenes(arguments: argparse.Namespace) -> tuple[list[str], int]:
    """Runs what is missing; lines of the report and the number of failures."""
    names = [n for n in MESHES if not arguments.only or any(part in n for part in arguments.only)]
    results: dict[str, dict[str, Any]] = {}
    failures = 0
    for name in names:
        for method in arguments.methods:
            target = _target(name, method, arguments)
            try:
                if not target.is_file() or arguments.fresh:
                    save_json(target, _one(name, method, arguments))
                results.setdefault(method, {})[name] = json.loads(target.read_text())
                print(f"{name} {method}: F {' '.join(cell(s['f']) for s in results[method][name]['cloud']['scores'])}", flush=True)
            except Exception as error:
                print(f"{name} {method}: {type(error).__name__}: {error}", flush=True)
                failures += 1
    return _report(results, arguments), failures


def _folder(arguments: argparse.Namespace) -> Path:
    return Path(arguments.out / "mvs" / f"{arguments.preset}-{arguments.views}-{arguments.size}")


def _target(name: str, method: str, arguments: argparse.Namespace) -> Path:
    label = f"-{arguments.label}" if arguments.label and method != "classical" else ""
    return _folder(arguments) / f"{name}-{method}{label}.json"


def _one(name: str, method: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Depth and cloud by one method, scored."""
    width, height = (int(part) for part in arguments.size.split("x"))
    mesh, photos = arguments.data / "meshes_textured" / f"{name}.glb", sorted((arguments.data / GROUND_PHOTOS).glob("*.jpg"))
    photo = photos[3 * list(MESHES).index(name) % len(photos)]
    scene = arguments.out / "scenes" / f"{name}-{arguments.views}-{arguments.size}"
    files = make_set(mesh, photo, scene, views=arguments.views, width=width, height=height)
    project = _folder(arguments) / name
    given = ["--cameras", str(files.cameras), "--cameras-use", "poses", "--masks", str(files.masks), "--preset", arguments.preset]
    reconstruct(files.photos, project, *given, "--until", "undistort")
    chosen = [f"depth.method={method}", f"depth.weights={arguments.weights or ''}", *arguments.option]
    options = [f"--set={c}" for c in chosen]
    depth = reconstruct(files.photos, project, *options, "--until", "depth")
    cloud = reconstruct(files.photos, project, *options, "--until", "cloud")
    result = score_outputs(cloud.outputs, files.truth, DIAGONAL, drop_ground=False)
    reused = depth.report["stages"]["depth"].get("reused")
    seconds = (float("nan"),) * 2 if reused else (stage_seconds(depth.report, "depth"), depth.cpu_seconds)
    result["depth_seconds_a_view"], result["cpu_seconds_a_view"] = (s / files.count for s in seconds)
    result["peak_gib"] = depth.peak_gib
    return result


def _report(results: dict[str, dict[str, Any]], arguments: argparse.Namespace) -> list[str]:
    rows = []
    names = [n for n in MESHES if any(n in found for found in results.values())]
    for name in names:
        rows += [[name, method, *(cell(v) for v in _row(found[name]))] for method, found in results.items() if name in found]
    shared = [n for n in names if all(n in found for found in results.values())]
    for method, found in results.items():
        if shared:
            columns = zip(*(_row(found[n]) for n in shared), strict=True)
            rows.append([f"**mean of {len(shared)}**", method, *(cell(mean(c)) for c in columns)])
    words = WORDS.format(views=arguments.views, size=arguments.size, preset=" ".join([arguments.preset, *arguments.option]))
    return ["## Rendered meshes", "", words, "", *table(HEADER, rows), ""] if rows else []


def _row(result: dict[str, Any]) -> list[float]:
    fine, coarse = result["cloud"]["scores"][:2]
    scale = 1000 / DIAGONAL
    cloud = result["cloud"]
    return [
        fine["f"],
        coarse["f"],
        coarse["precision"],
        coarse["recall"],
        cloud["accuracy"] * scale,
        cloud["completeness"] * scale,
        result["depth_seconds_a_view"],
        result["cpu_seconds_a_view"],
        result["peak_gib"],
    ]
