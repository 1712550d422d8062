"""How true surface and texture are, and what they cost: `photolith bench surface`.

Rendered scenes as in `bench reconstruct`, through the command line up to the texture, from which three photographs are kept out. The
surface is scored against the true one, the model is drawn from the held-out views and compared with the photographs there. Projects and
pictures to look at go to `out/bench/surface/`; what has finished is not measured again unless --fresh; a project that is there is gone on
with.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from tests.bench.support.machine import machine_lines
from tests.bench.support.options import parse, scene_parser
from tests.bench.support.renders import MESHES
from tests.bench.support.runs import save_json
from tests.bench.support.tables import cell, table
from tests.bench.surface_scenes import ERODED, HELD_OUT, LIGHT, WAYS, run_scene

RESULTS = Path(__file__).parent / "results"
SETUP = """\
{views} views {size} of each rendered mesh as in `bench reconstruct`, cameras given, a mask for each photograph, preset {preset}. The
machine may have been shared with other work; processor seconds (of all threads) hold also then."""
SHAPE = """\
F, precision and recall at 0.5 % of the diagonal (F also at 0.25 %) of 1,000,000 points drawn evenly by area, against the points of the true
surface that two cameras see; 'whole': with the faces that are marked as generated, across gaps and along outlines. 'pieces': connected
parts of the surface; what is more than one floats. 'watertight': `mesh.watertight` repaired it so that every edge has two faces. The last
four columns: TSDF and its surface net in its place, cleaned in the same way, against every twentieth of the true points, and the time from
depth maps on disk to triangles, without cleaning."""
LOOKS = """\
{held} of the photographs are kept out of texture and colours (not of the shape). The model is drawn from there without any light of its
own and compared with the photographs (JPEG, sensor noise) inside the object's mask as far as the surface covers it, {eroded} pixels eroded;
'covered' is that share of the eroded mask. 'texture' is what `mesh.glb` holds; 'vertex' are vertex colours from the same photographs
on the same simplified mesh, 'light' the same two ways on {light:,} triangles, too few to hold the colours in their vertices. Exposure
and white balance differ from photograph to photograph by a few percent, which no model can know of one that was kept out: 'even' is the
PSNR after one factor a colour channel for that. Time: texture of the mesh with at most 200,000 triangles from all photographs, without
simplification and writing."""
SHAPE_HEADER = ("mesh", "triangles", "F .25 %", "F .5 %", "P .5 %", "R .5 %", "whole F .5 %", "pieces", "watertight")
TSDF_HEADER = ("TSDF F .5 %", "TSDF pieces", "TSDF s", "TSDF CPU s")
_FOUR = ("texture", "vertex", "light texture", "light vertex")
LOOKS_HEADER = (
    "mesh",
    "triangles",
    *(f"{measure} {way}" for measure in ("PSNR", "even", "SSIM") for way in _FOUR),
    "covered",
    "s",
    "CPU s",
)


def main() -> int:
    """Command line."""
    parser = scene_parser(__doc__)
    parser.add_argument("--keep", action="store_true", help="measure the projects that are there as they are")
    arguments = parse(parser)
    names = [name for name in MESHES if not arguments.only or any(part in name for part in arguments.only)]
    failures = 0 if arguments.table_only else sum(_guarded(name, arguments) for name in names)
    text = _report(arguments)
    target = arguments.out / f"surface_{arguments.label}.md" if arguments.label or arguments.option else RESULTS / "surface.md"
    target.write_text(text, encoding="utf-8")
    print(text)
    return 1 if failures else 0


def _result_file(name: str, arguments: argparse.Namespace) -> Path:
    variant = "-".join(filter(None, (arguments.preset, str(arguments.views), arguments.size, arguments.label)))
    return Path(arguments.out / "surface" / variant / f"{name}.json")


def _guarded(name: str, arguments: argparse.Namespace) -> int:
    target = _result_file(name, arguments)
    if target.is_file() and not arguments.fresh:
        return 0
    try:
        save_json(target, run_scene(name, arguments, target))
    except Exception:
        traceback.print_exc()
        return 1
    print(name, "done", flush=True)
    return 0


def _report(arguments: argparse.Namespace) -> str:
    found = {name: _result_file(name, arguments) for name in MESHES}
    results = {name: json.loads(file.read_text()) for name, file in found.items() if file.is_file()}
    preset = " ".join([arguments.preset, *arguments.option])
    lines = ["# Surface and texture", "", *machine_lines(), "", SETUP.format(views=arguments.views, size=arguments.size, preset=preset), ""]
    if missing := [name for name in MESHES if name not in results]:
        lines += [f"Not run yet: {', '.join(missing)}.", ""]
    shape = {name: _shape_row(result) for name, result in results.items()}
    lines += ["## Shape", "", SHAPE, "", *_table((*SHAPE_HEADER, *TSDF_HEADER), shape), ""]
    looks = {name: _looks_row(result) for name, result in results.items()}
    lines += ["## Texture", "", LOOKS.format(held=HELD_OUT, eroded=ERODED, light=LIGHT), "", *_table(LOOKS_HEADER, looks), ""]
    return "\n".join(lines)


def _shape_row(result: dict[str, Any]) -> list[Any]:
    fine, coarse = result["mesh"]["scores"]
    own = [
        result["faces"],
        fine["f"],
        coarse["f"],
        coarse["precision"],
        coarse["recall"],
        result["whole"]["scores"][-1]["f"],
        result["pieces"],
        "yes" if result["watertight"] else "no",
    ]
    return [*own, result["tsdf"]["scores"][-1]["f"], result["tsdf_pieces"], result["tsdf_time"]["seconds"], result["tsdf_time"]["cpu"]]


def _looks_row(result: dict[str, Any]) -> list[Any]:
    quality = [result["views"][way][key] for key in ("psnr", "even", "ssim") for way in WAYS]
    time = result["texture_time"]
    return [result["textured_faces"], *quality, result["covered"], time["seconds"], time["cpu"]]


def _table(header: Sequence[str], rows: dict[str, list[Any]]) -> list[str]:
    """The rows, and the means of their fractions."""
    lines = [[name, *(cell(value) for value in row)] for name, row in rows.items()]
    if rows:
        columns = zip(*rows.values(), strict=True)
        means = [cell(mean(column)) if all(isinstance(value, float) for value in column) else "" for column in map(list, columns)]
        lines.append([f"**mean of {len(rows)}**", *means])
    return table(header, lines)


if __name__ == "__main__":
    sys.exit(main())
