"""Pictures, depth, normals and ids against geometry that is known."""

import numpy as np
import pytest

from recon.errors import ShapeError
from recon.scene import Camera, Rigid3
from recon.synth import Light, Sensor, SynthScene, TexturedMesh, look_at, orbit, pinhole, render
from recon.synth.shapes import blob, ground, placed, superellipsoid

EVEN = Light(color=(0, 0, 0), sky=(1, 1, 1), bounce=(1, 1, 1), shadow_samples=0)
WHITE = np.ones((1, 1, 3), np.float32)


def sphere_scene(light=EVEN, radius=1.0):
    ball = blob("ball", superellipsoid((2 * radius,) * 3), WHITE, resolution=80)
    return SynthScene((ground("ground", 20.0, WHITE), placed(ball, (0, 0, radius))), light)


def test_depth_of_a_slanted_plane_is_exact_at_pixel_centres():
    camera = Camera(64, 48, 60.0, 55.0, 30.3, 25.1)
    pose = look_at((0.3, -4.0, 3.0), (0, 0, 0), roll=0.2)
    shot = render(SynthScene((ground("g", 50.0, WHITE),), EVEN), camera, pose)
    y, x = np.mgrid[0:48, 0:64]
    rays = camera.unproject(np.stack([x, y], -1), np.ones((48, 64))) @ pose.rotation
    expected = -pose.center[2] / rays[..., 2]
    known = shot.depth > 0
    assert known.mean() > 0.9
    np.testing.assert_allclose(shot.depth[known], expected[known], rtol=1e-5)
    np.testing.assert_allclose(shot.normal[known], np.broadcast_to(pose.rotation[:, 2], (known.sum(), 3)), atol=1e-5)


def test_sphere_is_where_projection_says_and_normals_face_the_camera():
    camera, scene = pinhole(160, 120, 50.0), sphere_scene()
    for pose in orbit(3, radius=6.0, elevation=(10.0, 60.0), target=(0, 0, 1)):
        shot = render(scene, camera, pose)
        on_ball = shot.object_id == 1
        y, x = np.nonzero(on_ball)
        points = pose.inverse().apply(camera.unproject(np.stack([x, y], -1), shot.depth[on_ball]))
        np.testing.assert_allclose(np.linalg.norm(points - [0, 0, 1], axis=1), 1.0, atol=2e-3)
        normals = pose.inverse().rotate(shot.normal[on_ball])
        assert np.median((normals * (points - [0, 0, 1])).sum(1)) > 0.999
        rays = camera.unproject(np.stack([x, y], -1), np.ones(len(x)))
        assert ((shot.normal[on_ball] * rays).sum(1) < 1e-6).all()
        assert abs(camera.project(pose.apply(np.array([0, 0, 1.0])))[0] - [x.mean(), y.mean()]).max() < 1.5


def test_nothing_hit_is_zero_depth_and_no_object():
    ball = blob("ball", superellipsoid((1, 1, 1)), WHITE, resolution=12)
    shot = render(SynthScene((ball,)), pinhole(40, 30, 60.0), look_at((5, 0, 0), (0, 0, 0)))
    assert shot.depth[0, 0] == 0
    assert shot.object_id[0, 0] == -1
    assert not shot.normal[0, 0].any()
    assert shot.object_id[15, 20] == 0


def test_texture_lands_the_right_way_up_at_the_right_pixel():
    # One square in front of the camera, texture with four different quarters; (0, 0) of uv is the texture's top-left corner.
    vertices = np.array([[-1, -1, 2], [1, -1, 2], [1, 1, 2], [-1, 1, 2]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)[faces]
    colors = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [1, 1, 1]]], np.float32)
    texture = np.repeat(np.repeat(colors, 32, axis=0), 32, axis=1)
    scene = SynthScene((TexturedMesh("square", vertices, faces, uv, texture),), EVEN)
    image = render(scene, Camera(32, 32, 32.0, 32.0, 15.5, 15.5), Rigid3.identity()).image
    np.testing.assert_array_equal(image[[4, 4, 27, 27], [4, 27, 4, 27]], colors.reshape(4, 3) * 255)


def test_fine_texture_far_away_turns_to_its_mean_instead_of_flickering():
    check = (np.indices((256, 256)).sum(0) % 2).astype(np.float32)
    texture = np.repeat(check[..., None], 3, axis=-1)
    scene = SynthScene((ground("g", 60.0, texture, repeat=1.0),), EVEN)
    image = render(scene, pinhole(64, 48, 40.0), look_at((0, 0, 40), (0, 0.1, 0))).image
    assert image.std() < 2
    assert abs(float(image.mean()) - 188) < 3  # half of the light, as sRGB


def test_lambert_shading_follows_the_angle_to_the_light():
    sun = Light((0.0, np.sin(np.radians(60)), np.cos(np.radians(60))), (1, 1, 1), (0, 0, 0), (0, 0, 0), shadow_samples=0)
    image = render(SynthScene((ground("g", 50.0, WHITE),), sun), pinhole(8, 8, 20.0), look_at((0, 0, 5), (0, 0.01, 0))).image
    assert abs(int(image[4, 4, 0]) - 188) <= 1  # cos 60 = 0.5


def test_shadow_is_cast_away_from_the_light_and_soft_when_the_light_is_wide():
    sun = Light((1.0, 0.0, 1.0), (1, 1, 1), (0, 0, 0), (0, 0, 0))
    camera, pose = pinhole(200, 150, 50.0), look_at((0, -1, 12), (0, 0, 0))
    hard = render(sphere_scene(sun), camera, pose).image[..., 0]
    wide = Light(sun.direction, sun.color, sun.sky, sun.bounce, radius=0.2, shadow_samples=8)
    soft = render(sphere_scene(wide), camera, pose).image[..., 0]

    def at(image, point):
        pixel = camera.project(pose.apply(np.array(point)))[0]
        return image[round(pixel[1]), round(pixel[0])]

    assert at(hard, [-1.5, 0, 0.0]) == 0
    assert at(hard, [1.5, 0, 0.0]) > 200
    on_ground = render(sphere_scene(wide), camera, pose).object_id == 0
    half_lit = [int(((image > 30) & (image < 180) & on_ground).sum()) for image in (hard, soft)]
    assert half_lit[1] > 5 * half_lit[0]


def test_the_same_seed_gives_the_same_photo_and_noise_has_the_strength_asked_for():
    scene, camera, pose = sphere_scene(), pinhole(120, 90, 50.0), look_at((0, -6, 4), (0, 0, 1))
    sensor = Sensor(exposure=0.0, white_balance=0.0, shot_noise=0.0, read_noise=0.02)
    dim = SynthScene(scene.meshes, Light(color=(0, 0, 0), sky=(0.5,) * 3, bounce=(0.5,) * 3, shadow_samples=0))
    one, two = (render(dim, camera, pose, sensor=sensor, rng=np.random.default_rng(4)).image for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, render(dim, camera, pose, sensor=sensor, rng=np.random.default_rng(5)).image)
    noise = one.astype(float) - render(dim, camera, pose).image
    ground_pixels = render(dim, camera, pose).object_id == 0
    slope = 255 * 1.055 / 2.4 * 0.5 ** (1 / 2.4 - 1)  # of sRGB at 0.5
    assert noise[ground_pixels].std() == pytest.approx(0.02 * slope, rel=0.1)


def test_exposure_varies_between_photos():
    scene, camera, pose = sphere_scene(Light(shadow_samples=0)), pinhole(32, 24, 50.0), look_at((0, -6, 4), (0, 0, 1))
    rng = np.random.default_rng(0)
    means = [render(scene, camera, pose, sensor=Sensor(exposure=0.3), rng=rng).image.mean() for _ in range(4)]
    assert np.ptp(means) > 5


def test_absurd_sizes_are_refused_before_anything_is_allocated():
    scene = sphere_scene()
    for camera in (Camera(0, 10, 1, 1, 0, 0), Camera(10**6, 10**6, 1, 1, 0, 0)):
        with pytest.raises(ShapeError):
            render(scene, camera, Rigid3.identity())
    with pytest.raises(ShapeError):
        SynthScene(())
