"""One rendered mesh of `bench surface`: reconstructed, its surface scored, drawn from held-out views, and timed."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop.compose import stages
from recon.io.formats import read_mesh
from recon.metrics import compare_clouds, psnr, ssim
from recon.metrics.surface_scores import as_json, mesh_points
from recon.photos import read_image, read_mask
from recon.project import Project
from recon.scene import Camera, Rigid3, Scene, TriMesh
from recon.sfm import load_views
from recon.surface.coloring import color_vertices
from recon.surface.config import MeshConfig
from recon.surface.holes import make_watertight
from recon.surface.reconstruct import clean
from recon.surface.stage import LazyDepths, mask_reader, simplified
from recon.surface.texture import TextureConfig
from recon.surface.texture.make import texture_mesh
from recon.surface.topology import face_pieces, is_watertight, vertex_normals
from recon.surface.tsdf import frames_of, fuse_depths, plan_grid
from recon.synth import Light, SynthScene, TexturedMesh, render
from tests.bench.renders_part import GROUND_PHOTOS
from tests.bench.support.renders import DIAGONAL, MESHES, build, make_set
from tests.bench.support.runs import reconstruct
from tests.bench.support.score import SHARES

ERODED = 5
HELD_OUT = 3
WAYS = ("texture", "vertex colours", "texture, light mesh", "vertex colours, light mesh")
LIGHT = 40_000
"""Triangles of the light mesh."""
_SAMPLES = 1_000_000
_RIM = 16
_THINNED = 20
"""Of the true points one of so many is asked for the TSDF: it leaves gaps, and looking far for a neighbour is slow."""


def run_scene(name: str, arguments: argparse.Namespace, target: Path) -> dict[str, Any]:
    """Everything that is measured of one mesh; pictures of the held-out views go beside `target`."""
    width, height = (int(part) for part in arguments.size.split("x"))
    mesh_file, photos = arguments.data / "meshes_textured" / f"{name}.glb", sorted((arguments.data / GROUND_PHOTOS).glob("*.jpg"))
    photo = photos[3 * list(MESHES).index(name) % len(photos)]
    files = make_set(
        mesh_file,
        photo,
        arguments.out / "scenes" / f"{name}-{arguments.views}-{arguments.size}",
        views=arguments.views,
        width=width,
        height=height,
    )
    project = target.with_suffix("")
    if arguments.fresh:
        shutil.rmtree(project, ignore_errors=True)
    if not arguments.keep:
        given = ["--cameras", str(files.cameras), "--cameras-use", "poses", "--masks", str(files.masks), "--preset", arguments.preset]
        reconstruct(files.photos, project, *given, f"--set=texture.held_out={HELD_OUT}", *arguments.option, "--until", "texture")
    outputs = project / "outputs"
    report = json.loads((outputs / "report.json").read_text(encoding="utf-8"))
    with np.load(files.truth, allow_pickle=False) as data:
        truth = data["points"]
    mesh = read_mesh(outputs / "mesh.ply")
    result: dict[str, Any] = {"mesh": score(mesh, truth), "faces": len(mesh.faces), "pieces": face_pieces(mesh)[0]}
    result["whole"] = score(replace(mesh, origin=None), truth)
    result["watertight"] = is_watertight(make_watertight(mesh).faces)
    views = build(mesh_file, photo, arguments.views, width, height)[1]
    held = {name: views[name] for name in report["stages"]["texture"]["notes"]["held_out"]}
    return result | _from_views(outputs, held, target.with_suffix(".png")) | _timed(Project.open(project), mesh, truth)


def score(mesh: TriMesh, truth: NDArray[np.floating]) -> dict[str, Any]:
    """Against true points that at least two cameras see."""
    return as_json(compare_clouds(mesh_points(mesh, _SAMPLES), truth, [share * DIAGONAL for share in SHARES]))


def _timed(project: Project, mesh: TriMesh, truth: NDArray[np.floating]) -> dict[str, Any]:
    """Processor seconds of the texture and of a TSDF surface, and what the latter gives."""
    undistorted, cloud = (project.artifact(stage.name) for stage in stages() if stage.name in ("undistort", "cloud"))
    assert undistorted is not None
    assert cloud is not None
    scene, pictures, masks = load_views(undistorted)
    config = MeshConfig(method="tsdf")

    def fuse() -> TriMesh:
        frames = frames_of(scene, LazyDepths(cloud.items, masks), config)
        return fuse_depths(frames, plan_grid(frames, config), config)

    fused, fusion = spent(fuse)
    small = simplified(mesh, 200_000)
    _, texture = spent(
        lambda: texture_mesh(small, scene, lambda name: read_image(pictures[name]), TextureConfig(), mask=mask_reader(scene, masks))
    )
    cleaned = clean(fused, config)
    return {"tsdf": score(cleaned, truth[::_THINNED]), "tsdf_pieces": face_pieces(cleaned)[0], "tsdf_time": fusion, "texture_time": texture}


def spent(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What the work gives, its seconds, and its processor seconds on all threads."""
    wall, cpu = time.monotonic(), time.process_time()
    result = work()
    return result, {"seconds": time.monotonic() - wall, "cpu": time.process_time() - cpu}


def _from_views(outputs: Path, held: dict[str, tuple[Camera, Rigid3]], picture: Path) -> dict[str, Any]:
    """Draws the model from the held-out views and measures each way to colour it; writes photo and drawings side by side."""
    project = Project.open(outputs.parent)
    undistorted = project.artifact("undistort")
    assert undistorted is not None
    scene, pictures, masks = load_views(undistorted)
    used = Scene(tuple(view for view in scene.views if view.name not in held), scene.sparse)
    textured, whole = read_mesh(outputs / "mesh.glb"), read_mesh(outputs / "mesh.ply")
    light = simplified(whole, LIGHT)

    def picture_of(name: str) -> NDArray[np.uint8]:
        return read_image(pictures[name])

    def mask_of(name: str) -> NDArray[np.bool_]:
        camera = scene.views[scene.index(name)].camera
        return read_mask(masks[name], camera.width, camera.height)

    def colored(mesh: TriMesh) -> TriMesh:
        normals = vertex_normals(mesh)
        return replace(mesh, normals=normals, colors=color_vertices(mesh, normals, used, picture_of))

    light_textured = texture_mesh(light, used, picture_of, TextureConfig(), mask=mask_of)
    meshes = (textured, colored(simplified(whole, len(textured.faces))), light_textured, colored(light))
    models = dict(zip(WAYS, map(drawable, meshes), strict=True))
    scores: dict[str, Any] = {way: {"psnr": [], "even": [], "ssim": []} for way in WAYS}
    covered, rows = [], []
    for name, (camera, pose) in held.items():
        camera, window = around_object(camera, mask_of(name))
        truth, mask = picture_of(name)[window], mask_of(name)[window]
        shots = {way: render(model, camera, pose, supersampling=2) for way, model in models.items()}
        there = shots["texture"].depth > 0
        covered.append(float(there[eroded(mask)].mean()))
        for way, shot in shots.items():
            for key, value in likeness(shot.image, truth, eroded(mask & there)).items():
                scores[way][key].append(value)
        row = np.hstack([np.where(mask[..., None], truth, 40).astype(np.uint8), *(shot.image for shot in shots.values())])
        rows.append(row)
    width = max(row.shape[1] for row in rows)
    rows = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
    cv2.imwrite(str(picture), np.vstack(rows)[..., ::-1])
    means = {way: {key: mean(values) for key, values in score.items()} for way, score in scores.items()}
    return {"views": means, "covered": mean(covered), "textured_faces": len(textured.faces)}


def around_object(camera: Camera, mask: NDArray[np.bool_]) -> tuple[Camera, tuple[slice, slice]]:
    """The part of the picture that holds the mask `[H, W]` and a rim: its camera, and its rows and columns."""
    window = []
    for axis, size in enumerate(mask.shape):
        inside = np.flatnonzero(mask.any(axis=1 - axis))
        window.append(slice(max(int(inside[0]) - _RIM, 0), min(int(inside[-1]) + 1 + _RIM, size)))
    rows, columns = window
    center = camera.cx - columns.start, camera.cy - rows.start
    part = replace(camera, width=columns.stop - columns.start, height=rows.stop - rows.start, cx=center[0], cy=center[1])
    return part, (rows, columns)


def eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask `[H, W]` without the pixels nearer than `ERODED` to its outline."""
    return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=ERODED) > 0)


def likeness(shot: NDArray[np.uint8], truth: NDArray[np.uint8], inner: NDArray[np.bool_]) -> dict[str, float]:
    """PSNR, the same with one factor a channel for the exposure of the photograph `truth`, and SSIM, inside `inner`."""
    picture, photo = shot / 255, truth / 255
    gain = np.median(photo[inner] / np.maximum(picture[inner], 1 / 255), axis=0)
    even = psnr(np.clip(picture * gain, 0, 1), photo, inner)
    return {"psnr": psnr(picture, photo, inner), "even": even, "ssim": ssim(picture, photo, inner)}


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
