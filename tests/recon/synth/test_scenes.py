"""Cameras, textures, shapes, mesh files, surface points and the files of a photographed scene."""

import json
import subprocess
import sys

import numpy as np
import pytest
import trimesh
from PIL import Image

from recon.errors import InputError, ShapeError
from recon.synth import SynthScene, load_textured_mesh, look_at, orbit, pinhole, random_scene, render, surface_points, texture_pool
from recon.synth.demo import demo_views
from recon.synth.noise import cellular, fractal, value_noise
from recon.synth.photographs import write_cameras, write_photographs
from recon.synth.shapes import blob, bumpy, ground, lathe, placed, superellipsoid, torus
from recon.synth.textures import RECIPES, mixed_texture, photo_texture

WHITE = np.ones((1, 1, 3), np.float32)


def test_look_at_puts_the_target_in_the_middle_and_up_above():
    camera = pinhole(100, 80, 60.0)
    pose = look_at((3, -2, 4), (1, 1, 0.5))
    pixel, depth = camera.project(pose.apply(np.array([[1, 1, 0.5], [1, 1, 0.6]])))
    np.testing.assert_allclose(pixel[0], [49.5, 39.5])
    assert depth[0] == pytest.approx(np.sqrt(4 + 9 + 12.25))
    assert pixel[1, 1] < pixel[0, 1]
    np.testing.assert_allclose(pose.center, [3, -2, 4])
    assert np.linalg.det(pose.rotation) == pytest.approx(1.0)
    assert np.isfinite(look_at((0, 0, 5), (0, 0, 0)).rotation).all()
    with pytest.raises(ShapeError):
        look_at((1, 1, 1), (1, 1, 1))


def test_orbit_closes_and_keeps_its_distance():
    centers = np.array([pose.center for pose in orbit(8, radius=2.0, elevation=30.0, target=(1, 2, 3))])
    np.testing.assert_allclose(np.linalg.norm(centers - [1, 2, 3], axis=1), 2.0)
    np.testing.assert_allclose(centers.mean(axis=0), [1, 2, 4])


@pytest.mark.parametrize("recipe", [*RECIPES, mixed_texture])
def test_textures_repeat_without_a_seam_and_have_detail_at_all_scales(recipe):
    texture = recipe(np.random.default_rng(3), 128)
    assert texture.shape == (128, 128, 3)
    assert texture.dtype == np.float32
    assert 0 <= texture.min() <= texture.max() <= 1
    seam = np.abs(texture[0] - texture[-1]).mean()
    inside = np.abs(np.diff(texture, axis=0)).mean(axis=(1, 2))
    assert seam <= inside.max() + 0.02
    assert texture.mean(axis=2).std() > 0.03


def test_mixed_texture_has_contrast_in_every_octave():
    grey = mixed_texture(np.random.default_rng(0), 256).mean(axis=2)
    while grey.shape[0] > 8:
        smaller = grey.reshape(grey.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
        assert (grey - np.kron(smaller, np.ones((2, 2)))).std() > 0.005
        grey = smaller


def test_noise_is_in_range_and_cells_are_numbered():
    rng = np.random.default_rng(0)
    for values in (value_noise(rng, 64, 5), fractal(rng, 64, stretch=4), *cellular(rng, 64, 6)[:2]):
        assert values.shape == (64, 64)
        assert 0 <= values.min() <= values.max() <= 1
    assert len(np.unique(cellular(rng, 64, 6)[2])) <= 36


@pytest.mark.parametrize(
    "shape",
    [
        blob("box", superellipsoid((1, 2, 0.5), 20.0), WHITE, resolution=24),
        blob("stone", bumpy(superellipsoid((1, 1, 1)), np.random.default_rng(0), 0.1), WHITE, resolution=24),
        torus("ring", 1.0, 0.3, WHITE, resolution=24),
        lathe("cone", np.array([[0, 0], [1, 0], [0, 1.0]]), WHITE, resolution=24),
    ],
    ids=["box", "stone", "ring", "cone"],
)
def test_solids_are_closed_with_outward_faces_and_normals(shape):
    solid = trimesh.Trimesh(shape.corners.reshape(-1, 3), np.arange(3 * len(shape.faces)).reshape(-1, 3), process=False)
    solid.merge_vertices(merge_norm=True, merge_tex=True)
    assert solid.is_watertight
    assert solid.volume > 0
    a, b, c = np.moveaxis(shape.corners, 1, 0)
    flat = np.cross(b - a, c - a)
    agree = (shape.normals * flat[:, None]).sum(-1)
    assert (agree < -1e-6).mean() < 0.01


def test_volume_of_an_ellipsoid():
    shape = blob("e", superellipsoid((1, 2, 3)), WHITE, resolution=60)
    solid = trimesh.Trimesh(shape.vertices, shape.faces, process=False)
    assert solid.volume == pytest.approx(4 / 3 * np.pi * 0.5 * 1.0 * 1.5, rel=0.01)


def test_random_scenes_follow_the_seed_stand_on_the_ground_and_differ():
    pool = texture_pool(np.random.default_rng(0), 2, size=64)
    one, same, other = (random_scene(np.random.default_rng(s), textures=pool) for s in (1, 1, 2))
    assert len(one.meshes) >= 4
    camera, pose = pinhole(48, 36, 50.0), look_at((0, -3, 2), (0, 0, 0.2))
    np.testing.assert_array_equal(render(one, camera, pose).image, render(same, camera, pose).image)
    assert not np.array_equal(render(one, camera, pose).image, render(other, camera, pose).image)
    assert all(abs(mesh.bounds[0][2]) < 0.1 for mesh in one.meshes[1:])


def test_surface_points_lie_on_the_surface_and_only_where_two_cameras_look():
    ball = placed(blob("ball", superellipsoid((2, 2, 2)), WHITE, resolution=60), (0, 0, 1))
    scene = SynthScene((ground("g", 5.0, WHITE), ball))
    camera = pinhole(200, 150, 60.0)
    poses = [look_at((5, -0.5, 1), (0, 0, 1)), look_at((5, 0.5, 1), (0, 0, 1)), look_at((-5, 0, 1), (0, 0, 1))]
    views = [(camera, pose) for pose in poses]
    points, normals = surface_points(scene, views, 20000, rng=np.random.default_rng(0), objects=[1])
    np.testing.assert_allclose(np.linalg.norm(points - [0, 0, 1], axis=1), 1.0, atol=2e-3)
    assert (normals * (points - [0, 0, 1])).sum(1).min() > 0.99
    # Seen from x = 5 only: the cap x > 1/5 (a share of 0.4 of the sphere's area), less slivers that one of the two cameras misses.
    assert points[:, 0].min() > 0.1
    assert 0.36 < len(points) / 20000 < 0.41
    assert len(surface_points(scene, views, 20000, rng=np.random.default_rng(0), objects=[1], min_views=1)[0]) > 15000
    cut, _ = surface_points(scene, views, 20000, rng=np.random.default_rng(0), bounds=np.array([[0.0, -1, 0.5], [2, 1, 1.5]]))
    assert len(cut) > 1000
    assert (cut >= [0, -1, 0.5]).all()


def test_what_stands_behind_something_else_is_not_seen():
    wall = placed(blob("wall", superellipsoid((0.2, 4, 4), 20.0), WHITE, resolution=12), (2, 0, 0))
    ball = blob("ball", superellipsoid((1, 1, 1)), WHITE, resolution=12)
    views = [(pinhole(100, 100, 60.0), look_at((6, y, 0), (0, 0, 0))) for y in (-0.2, 0.2)]
    points, _ = surface_points(SynthScene((wall, ball)), views, 2000, rng=np.random.default_rng(0), objects=[1])
    assert len(points) == 0


def textured_square():
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=Image.fromarray(np.repeat(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), 32, axis=1))
    )
    visual = trimesh.visual.TextureVisuals(uv=[[0, 0], [1, 0], [1, 1], [0, 1]], material=material)
    vertices = [[0, 0, 0], [4, 0, 0], [4, 3, 0], [0, 3, 0]]
    return trimesh.Trimesh(vertices, [[0, 1, 2], [0, 2, 3]], visual=visual, process=False)


@pytest.mark.parametrize("suffix", ["glb", "obj"])
def test_textured_files_come_in_with_their_texture_upright_and_scaled(tmp_path, suffix):
    textured_square().export(tmp_path / f"square.{suffix}")
    mesh = load_textured_mesh(tmp_path / f"square.{suffix}", diagonal=10.0)
    assert mesh.diagonal == pytest.approx(10.0, rel=1e-5)
    low, high = mesh.bounds
    assert low[2] == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(high - low, [8, 0, 6], atol=1e-4)  # y of the file is up
    image = render(SynthScene((mesh,)), pinhole(40, 40, 60.0), look_at((0, -12, 3), (0, 0, 3))).image
    assert image[20, 12, 0] > 2 * image[20, 12, 2]
    assert image[20, 28, 2] > 2 * image[20, 28, 0]


def test_vertex_colours_come_in_too(tmp_path):
    ball = trimesh.creation.icosphere(subdivisions=2)
    ball.visual.vertex_colors = np.tile([[0, 255, 0, 255]], (len(ball.vertices), 1))
    ball.export(tmp_path / "ball.ply")
    mesh = load_textured_mesh(tmp_path / "ball.ply", up="z")
    image = render(SynthScene((mesh,)), pinhole(20, 20, 30.0), look_at((6, 0, 0), (0, 0, 0))).image
    assert image[10, 10, 1] > 100
    assert image[10, 10, 0] == 0


def test_files_that_are_no_meshes_or_pictures_are_named(tmp_path):
    for name in ("a.glb", "a.ply", "a.obj"):
        (tmp_path / name).write_bytes(b"not a mesh")
        with pytest.raises(InputError, match=name):
            load_textured_mesh(tmp_path / name)
    with pytest.raises(InputError, match="none"):
        load_textured_mesh(tmp_path / "none.glb")
    with pytest.raises(InputError, match=r"a\.glb"):
        photo_texture(tmp_path / "a.glb")


def test_photographs_carry_exif_and_the_true_cameras(tmp_path):
    views = {f"{i}.jpg": (pinhole(64, 48, 42.0), pose) for i, pose in enumerate(orbit(2, radius=3.0))}
    scene = SynthScene((ground("g", 5.0, mixed_texture(np.random.default_rng(0), 64)),))
    renderings = dict(write_photographs(scene, views, tmp_path / "photos"))
    write_cameras(views, tmp_path / "cameras.json")
    picture = Image.open(tmp_path / "photos" / "1.jpg")
    assert np.abs(np.asarray(picture, float) - renderings["1.jpg"].image).mean() < 8
    camera = views["1.jpg"][0]
    assert picture.getexif().get_ifd(0x8769)[41989] / 43.2666 * 80 == pytest.approx(camera.fx, rel=0.02)
    assert picture.getexif()[271] == "Photolith"
    first = json.loads((tmp_path / "cameras.json").read_text())["cameras"][0]
    np.testing.assert_allclose(first["R"], views["0.jpg"][1].rotation)
    np.testing.assert_allclose(first["K"], camera.matrix)


def test_demo_views_look_at_the_scene_from_all_around():
    centers = np.array([pose.center for _, pose in demo_views().values()])
    assert len(centers) == 16
    assert (centers[:, 2] > 1.5).all()
    assert np.abs(centers[:, :2].mean(axis=0)).max() < 0.5


def test_the_shipped_demo_is_complete_and_small():
    import resources

    root = resources.path("demo")
    photos = sorted(p.name for p in (root / "photos").iterdir())
    cameras = json.loads((root / "cameras.json").read_text())["cameras"]
    assert photos == sorted(c["name"] for c in cameras) == sorted(demo_views())
    for camera in cameras:
        np.testing.assert_allclose(camera["R"], demo_views()[camera["name"]][1].rotation, atol=1e-9)
    assert sum(p.stat().st_size for p in (root / "photos").iterdir()) < 3_000_000
    assert (root / "surface.npz").stat().st_size < 1_000_000
    with np.load(root / "surface.npz", allow_pickle=False) as surface:
        assert len(surface["points"]) > 30_000


def test_importing_the_package_needs_none_of_the_heavy_libraries():
    code = "import sys, recon.synth, recon.metrics; print([m for m in ('open3d', 'pycolmap', 'trimesh', 'PySide6') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
