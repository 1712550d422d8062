"""The rendered meshes of `bench_reconstruct`."""

from __future__ import annotations

import argparse
import json
import shutil
import traceback
from pathlib import Path
from statistics import mean
from typing import Any

from tests.bench.support.machine import machine_lines
from tests.bench.support.pictures import side_by_side
from tests.bench.support.renders import DIAGONAL, MESHES, RenderedSet, build, make_set
from tests.bench.support.runs import reconstruct, save_json, stage_seconds
from tests.bench.support.score import SHARES, score_outputs
from tests.bench.support.tables import cell, table

RESULTS = Path(__file__).parent / "results"
GROUND_PHOTOS = "images/train/unsplash"
SETUP = """\
{views} views {size} on an orbit (20 and 40 degrees in turn), field of view 45 degrees, object diagonal {diagonal:g}, ground with a
photo texture, JPEG 95, sensor noise, cameras given as poses. Truth: area-uniform points of the object's surface that at least two
cameras see. F, precision (P) and recall (R) at 0.25 % and 0.5 % of the diagonal; accuracy and completeness are mean distances in
thousandths of the diagonal. 'even' is the cloud thinned to one point a cube of 0.1 % of the diagonal. Mesh: 1,000,000 points drawn
evenly by area. Preset {preset}."""
WORDS = {
    "photos": "The pipeline sees whole photographs. Points closer to the plane z = 0 than to the object's true surface are then dropped.",
    "masked": "The pipeline is given a mask of the object for each photograph; nothing is dropped afterwards.",
}


def run_renders(arguments: argparse.Namespace) -> int:
    """Runs what is missing and writes the table; the number of failures."""
    names = [n for n in MESHES if not arguments.only or any(part in n for part in arguments.only)]
    modes = ("photos", "masked") if arguments.ground == "both" else (arguments.ground,)
    failures = 0
    for mode in modes:
        for name in names:
            if not arguments.table_only:
                failures += _guarded(name, mode, arguments)
    text = _report(modes, arguments)
    plain = not (arguments.label or arguments.option or arguments.only) and (arguments.views, arguments.size) == (18, "800x600")
    target = (RESULTS if plain else arguments.out) / f"reconstruct_renders{arguments.label and '_' + arguments.label}.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(text)
    return failures


def _result_file(name: str, mode: str, arguments: argparse.Namespace) -> Path:
    variant = "-".join(filter(None, (arguments.preset, mode, str(arguments.views), arguments.size, arguments.label)))
    return Path(arguments.out / "renders" / variant / f"{name}.json")


def _guarded(name: str, mode: str, arguments: argparse.Namespace) -> int:
    target = _result_file(name, mode, arguments)
    if target.is_file() and not arguments.fresh:
        return 0
    try:
        result = _one(name, mode, arguments, target)
    except Exception:
        traceback.print_exc()
        return 1
    save_json(target, result)
    f = [cell(score["f"]) for score in result["cloud"]["scores"]]
    print(f"{mode} {name}: cloud F {' '.join(f)}, mesh F {cell(result['mesh']['scores'][-1]['f'])}", flush=True)
    return 0


def _one(name: str, mode: str, arguments: argparse.Namespace, target: Path) -> dict[str, Any]:
    width, height = (int(part) for part in arguments.size.split("x"))
    mesh, photos = arguments.data / "meshes_textured" / f"{name}.glb", sorted((arguments.data / GROUND_PHOTOS).glob("*.jpg"))
    photo = photos[3 * list(MESHES).index(name) % len(photos)]
    scene_folder = arguments.out / "scenes" / f"{name}-{arguments.views}-{arguments.size}"
    files = make_set(mesh, photo, scene_folder, views=arguments.views, width=width, height=height)
    project = target.with_suffix("")
    shutil.rmtree(project, ignore_errors=True)
    run = reconstruct(files.photos, project, *_options(files, mode, arguments))
    result = score_outputs(run.outputs, files.truth, DIAGONAL, drop_ground=mode == "photos")
    result.update(
        seconds=run.seconds,
        peak_gib=run.peak_gib,
        depth_seconds_a_view=stage_seconds(run.report, "depth") / files.count,
    )
    _, views = build(mesh, photo, arguments.views, width, height)
    first, other = next(iter(views)), list(views)[arguments.views // 2]
    side_by_side(files.photos / first, run.outputs, [views[first], views[other]], target.with_suffix(".jpg"))
    shutil.rmtree(project)
    return result


def _options(files: RenderedSet, mode: str, arguments: argparse.Namespace) -> list[str]:
    options = ["--cameras", str(files.cameras), "--cameras-use", "poses", "--preset", arguments.preset, *arguments.option]
    return [*options, "--masks", str(files.masks)] if mode == "masked" else options


def _report(modes: tuple[str, ...], arguments: argparse.Namespace) -> str:
    lines = ["# Rendered meshes", "", *machine_lines(), ""]
    preset = " ".join([arguments.preset, *arguments.option])
    lines += [SETUP.format(views=arguments.views, size=arguments.size, diagonal=DIAGONAL, preset=preset), ""]
    for mode in modes:
        found = {n: _result_file(n, mode, arguments) for n in MESHES}
        results = {n: json.loads(f.read_text()) for n, f in found.items() if f.is_file()}
        if results:
            lines += [f"## Ground left out: {mode}", "", WORDS[mode], "", *_table(results), ""]
    lines += ["The meshes: " + "; ".join(f"{name} ({why})" for name, why in MESHES.items()) + ".", ""]
    return "\n".join(lines)


HEADER = (
    "mesh",
    "F .25 %",
    "F .5 %",
    "P .5 %",
    "R .5 %",
    "even F .5 %",
    "mesh F .5 %",
    "acc.",
    "compl.",
    "depth s/view",
    "total s",
    "peak GiB",
)


def _table(results: dict[str, dict[str, Any]]) -> list[str]:
    rows = {name: _row(result) for name, result in results.items()}
    columns = list(zip(*rows.values(), strict=True))
    lines = [[name, *(cell(v) for v in row)] for name, row in rows.items()]
    lines.append(["**mean**", *(cell(mean(c)) for c in columns)])
    lines.append(["**minimum**", *(cell(min(c)) for c in columns[:6]), "", "", "", "", ""])
    lines.append(["**maximum**", "", "", "", "", "", "", *(cell(max(c)) for c in columns[6:])])
    return table(HEADER, lines)


def _row(result: dict[str, Any]) -> list[float]:
    fine, coarse = result["cloud"]["scores"][: len(SHARES)]
    nan = float("nan")
    mesh = result.get("mesh", {}).get("scores", [{}])[-1].get("f", nan)
    distances = [
        1000 * (result["cloud"][key] if result["cloud"][key] is not None else nan) / DIAGONAL for key in ("accuracy", "completeness")
    ]
    return [
        fine["f"],
        coarse["f"],
        coarse["precision"],
        coarse["recall"],
        result["cloud_evened"]["scores"][-1]["f"],
        mesh,
        *distances,
        result["depth_seconds_a_view"],
        result["seconds"],
        result["peak_gib"],
    ]
