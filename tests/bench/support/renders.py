"""The rendered scenes: ten textured meshes on a photo-textured ground, 18 photographs each, and their true surface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from recon.synth import Light, SynthScene, load_textured_mesh, orbit, pinhole
from recon.synth.photographs import Views, write_cameras, write_photographs
from recon.synth.scene import TexturedMesh
from recon.synth.shapes import ground
from recon.synth.surface_points import count_views, sample_triangles
from recon.synth.textures import photo_texture

# Ten of the 37, for variety of shape, texture and trouble; see the words in the table.
MESHES = {
    "avocado": "halved fruit, soft gradients of colour",
    "suzanne": "head with ears and hollows, dark grey and nearly without texture",
    "spot": "legs, ears and horns; large plain patches",
    "doraemon_bowl": "open bowl with a thin wall, mostly plain white",
    "stapler_1": "hinged machine with slots, plain faces",
    "mini_claw_hammer_1": "slender handle, dark grip, thin claw",
    "repellent": "slender bottle standing up, printed label on plain plastic",
    "suger_2": "printed can, rich texture",
    "correction_fluid": "slim pen lying down, small print, dark plain parts",
    "remote_controller_1": "flat slab, repeated buttons, plain sides",
}
Y_UP = ("spot",)  # the files do not agree on which axis is up; each object lies as it would on a table
DIAGONAL = 2.0
TRUTH_SAMPLES = 1_000_000
LIGHT = Light(direction=(0.4, -0.55, 1.0), radius=0.04, shadow_samples=2)


@dataclass(frozen=True)
class RenderedSet:
    """Files of one rendered scene."""

    photos: Path
    masks: Path
    cameras: Path
    truth: Path
    count: int


def make_set(mesh_file: Path, ground_photo: Path, folder: Path, *, views: int = 18, width: int = 800, height: int = 600) -> RenderedSet:
    """Renders a scene into `folder` unless it is there already."""
    result = RenderedSet(folder / "photos", folder / "masks", folder / "cameras.json", folder / "truth.npz", views)
    if result.truth.is_file():
        return result
    scene, cameras = build(mesh_file, ground_photo, views, width, height)
    result.masks.mkdir(parents=True, exist_ok=True)
    for name, shot in write_photographs(scene, cameras, result.photos, seed=1, quality=95):
        cv2.imwrite(str(result.masks / Path(name).with_suffix(".png")), (shot.object_id == 1).astype(np.uint8) * 255)
    write_cameras(cameras, result.cameras)
    caster = scene.renderer.caster
    rng = np.random.default_rng(2)
    points, _ = sample_triangles(caster.corners[caster.face_object == 1], TRUTH_SAMPLES, rng)
    seen = count_views(caster, list(cameras.values()), points, 1e-4 * DIAGONAL) >= 2
    np.savez(result.truth, points=points[seen], hidden=points[~seen])
    return result


def make_plain(mesh_file: Path, folder: Path, *, views: int = 16) -> Path:
    """Photographs of a mesh before an empty background, 800x600, in `folder`/images; their cameras file."""
    mesh = load_textured_mesh(mesh_file, diagonal=DIAGONAL, up="y" if mesh_file.stem in Y_UP else "z")
    cameras = _orbit(mesh, views, 800, 600)
    for _ in write_photographs(SynthScene((mesh,), LIGHT), cameras, folder / "images", seed=1, quality=95):
        pass
    write_cameras(cameras, folder / "cameras.json")
    return folder / "cameras.json"


def build(mesh_file: Path, ground_photo: Path, views: int, width: int, height: int) -> tuple[SynthScene, Views]:
    """The scene (0 = ground, 1 = object of diagonal 2) and its cameras: an orbit at 20 and 40 degrees in turn."""
    mesh = load_textured_mesh(mesh_file, diagonal=DIAGONAL, up="y" if mesh_file.stem in Y_UP else "z")
    floor = ground("ground", 12.0, photo_texture(ground_photo, 2048), repeat=3.0)
    return SynthScene((floor, mesh), LIGHT), _orbit(mesh, views, width, height)


def _orbit(mesh: TexturedMesh, views: int, width: int, height: int) -> Views:
    """Cameras around the middle of the mesh."""
    middle = (0.0, 0.0, float(mesh.bounds[1][2]) / 2)
    poses = orbit(views, radius=3.2, elevation=(20.0, 40.0), target=middle)
    return {f"{i:02d}.jpg": (pinhole(width, height, 45.0), pose) for i, pose in enumerate(poses)}
