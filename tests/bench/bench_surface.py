"""How true the textured model is to photographs that nobody used: `photolith bench surface`.

Rendered scenes as in `bench reconstruct`; some views are held out, the others go through the command line up to the texture. The model
is then drawn from the held-out views and compared inside the eroded mask of the object. Runs go to `out/bench/surface/`, pictures to
look at too; what has finished is not run again unless --fresh.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import traceback
from pathlib import Path
from statistics import mean
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.io.formats import read_mesh
from recon.metrics import psnr, ssim
from recon.scene import Camera, Rigid3, TriMesh
from recon.surface.stage import simplified
from recon.synth import Light, SynthScene, TexturedMesh, render
from tests.bench.renders_part import GROUND_PHOTOS
from tests.bench.support.machine import machine_lines
from tests.bench.support.renders import MESHES, RenderedSet, build, make_set
from tests.bench.support.runs import reconstruct, save_json, stage_seconds
from tests.bench.support.tables import cell, table

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results"
HELD_OUT = (4, 9, 14)
ERODED = 5
WAYS = ("texture", "vertex colours", "vertex colours, whole mesh")
WORDS = """\
{views} views {width}x{height} of each rendered mesh as in `bench reconstruct`, cameras given, a mask for each photograph, preset {preset};
views {held} are held out. The model is drawn from the held-out views without any light of its own and compared with the
photographs (JPEG, sensor noise), inside the object's mask as far as the surface covers it, {eroded} pixels eroded; 'covered' is that share
of the eroded mask. 'texture' is what `mesh.glb` holds; 'vertex colours' are those of `mesh.ply` on the same simplified mesh, 'whole mesh'
those on `mesh.ply` itself. Seconds are those of the stage on all cores."""
HEADER = (
    "mesh",
    "faces",
    "PSNR texture",
    "vertex",
    "whole mesh",
    "SSIM texture",
    "vertex",
    "whole mesh",
    "covered",
    "texture s",
    "whole faces",
)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only meshes whose name contains NAME")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--option", action="append", default=[], metavar="TEXT", help="passed on to `photolith reconstruct`")
    parser.add_argument("--label", default="", help="name of the variant; its table goes to out/bench/ only")
    parser.add_argument("--views", type=int, default=18)
    parser.add_argument("--size", default="800x600", help="WIDTHxHEIGHT")
    parser.add_argument("--fresh", action="store_true", help="run again what has finished")
    parser.add_argument("--table-only", action="store_true", help="write the table from what has finished")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PHOTOLITH_DATA") or ROOT.parent / "shared" / "data"))
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"The data for this bench are not in '{arguments.data}'. Set PHOTOLITH_DATA or give --data.", file=sys.stderr)
        return 3
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
        save_json(target, _one(name, arguments, target))
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _one(name: str, arguments: argparse.Namespace, target: Path) -> dict[str, Any]:
    width, height = (int(part) for part in arguments.size.split("x"))
    mesh_file, photos = arguments.data / "meshes_textured" / f"{name}.glb", sorted((arguments.data / GROUND_PHOTOS).glob("*.jpg"))
    photo = photos[3 * list(MESHES).index(name) % len(photos)]
    scene = arguments.out / "scenes" / f"{name}-{arguments.views}-{arguments.size}"
    files = make_set(mesh_file, photo, scene, views=arguments.views, width=width, height=height)
    _, views = build(mesh_file, photo, arguments.views, width, height)
    held = {view: views[view] for i, view in enumerate(views) if i in HELD_OUT}
    seen = target.with_suffix(".photos")
    shutil.rmtree(seen, ignore_errors=True)
    seen.mkdir(parents=True)
    for view in views.keys() - held.keys():
        shutil.copyfile(files.photos / view, seen / view)
    given = ["--cameras", str(files.cameras), "--cameras-use", "poses", "--masks", str(files.masks), "--preset", arguments.preset]
    run = reconstruct(seen, target.with_suffix(".project"), *given, "--until", "texture", *arguments.option)
    result = compare(run.outputs, files, held, target.with_suffix(".png"))
    result["texture_seconds"] = stage_seconds(run.report, "texture")
    print(name, *(cell(result[way]["psnr"]) for way in WAYS), flush=True)
    return result


def compare(outputs: Path, files: RenderedSet, held: dict[str, tuple[Camera, Rigid3]], picture: Path) -> dict[str, Any]:
    """Draws the model from the held-out views and measures each way to colour it; writes photo and drawings side by side."""
    textured, whole = read_mesh(outputs / "mesh.glb"), read_mesh(outputs / "mesh.ply")
    same = simplified(whole, len(textured.faces))
    models = dict(zip(WAYS, (drawable(textured), drawable(same), drawable(whole)), strict=True))
    scores: dict[str, Any] = {way: {"psnr": [], "ssim": []} for way in WAYS}
    covered, rows = [], []
    for name, (camera, pose) in held.items():
        truth = np.asarray(cv2.imread(str(files.photos / name)))[..., ::-1]
        mask = cv2.imread(str(files.masks / Path(name).with_suffix(".png")), cv2.IMREAD_GRAYSCALE) > 0
        there = render(models["texture"], camera, pose, supersampling=1).depth > 0
        covered.append(float(there[eroded(mask)].mean()))
        inner = eroded(mask & there)
        row = [np.where(mask[..., None], truth, 40).astype(np.uint8)]
        for way, model in models.items():
            shot = render(model, camera, pose, supersampling=2)
            scores[way]["psnr"].append(psnr(shot.image / 255, truth / 255, inner))
            scores[way]["ssim"].append(ssim(shot.image / 255, truth / 255, inner))
            row.append(shot.image)
        rows.append(np.hstack(row))
    cv2.imwrite(str(picture), np.vstack(rows)[..., ::-1])
    means = {way: {key: mean(values) for key, values in score.items()} for way, score in scores.items()}
    return {**means, "covered": mean(covered), "faces": len(textured.faces), "whole_faces": len(whole.faces)}


def eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask `[H, W]` without the pixels nearer than `ERODED` to its outline."""
    return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=ERODED) > 0)


def drawable(mesh: TriMesh) -> SynthScene:
    """The mesh with its texture, or else its vertex colours, as bright as they are."""
    faces = len(mesh.faces)
    if mesh.texture is not None and mesh.uv is not None:
        surface = TexturedMesh("model", mesh.vertices, mesh.faces, mesh.uv, mesh.texture.astype(np.float32) / np.float32(255))
    else:
        colors = np.ones((len(mesh.vertices), 3), np.float32) if mesh.colors is None else mesh.colors
        plain: NDArray[np.float32] = np.zeros((faces, 3, 2), np.float32)
        surface = TexturedMesh("model", mesh.vertices, mesh.faces, plain, np.ones((1, 1, 3), np.float32), None, colors[mesh.faces])
    return SynthScene((surface,), Light((0.0, 0.0, 1.0), (0.0,) * 3, (1.0,) * 3, (1.0,) * 3, shadow_samples=0))


def _report(arguments: argparse.Namespace) -> str:
    found = {name: _result_file(name, arguments) for name in MESHES}
    results = {name: json.loads(file.read_text()) for name, file in found.items() if file.is_file()}
    width, height = arguments.size.split("x")
    held = ", ".join(map(str, HELD_OUT))
    preset = " ".join([arguments.preset, *arguments.option])
    words = WORDS.format(views=arguments.views, width=width, height=height, preset=preset, held=held, eroded=ERODED)
    rows = {name: _row(result) for name, result in results.items()}
    lines = [[name, *(cell(v) for v in row)] for name, row in rows.items()]
    if rows:
        columns = list(zip(*rows.values(), strict=True))
        lines.append([f"**mean of {len(rows)}**", *(cell(mean(c)) if 0 < k < 9 else "" for k, c in enumerate(columns))])
    return "\n".join(["# Texture", "", *machine_lines(), "", words, "", *table(HEADER, lines), ""])


def _row(result: dict[str, Any]) -> list[float]:
    quality = [result[way][key] for key in ("psnr", "ssim") for way in WAYS]
    return [result["faces"], *quality, result["covered"], result["texture_seconds"], result["whole_faces"]]


if __name__ == "__main__":
    sys.exit(main())
